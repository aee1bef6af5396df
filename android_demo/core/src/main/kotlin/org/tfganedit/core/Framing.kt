package org.tfganedit.core

/** How photos of any size come to a network's size and back, by the rules of export.json. */
class Framing(val rule: FramingRule) {
    /** What the network is given of [photo]: [FramingRule.width] x [FramingRule.height]. */
    fun cut(photo: Photo, place: Place): Photo = TODO()

    /** What an edit is compared with: the cut middle, or for a face the photo itself. */
    fun before(photo: Photo, place: Place): Photo = TODO()

    /** The whole result, as large as [before]. */
    fun finished(photo: Photo, edited: Photo, place: Place): Photo = TODO()
}
