package org.tfganedit.core

/** A part of a photo in whole pixels. */
data class Box(val left: Int, val top: Int, val width: Int, val height: Int)

/** Where in a photo the network looks. */
sealed interface Place {
    /** The largest middle part of the network's shape; the result is that part, edited. */
    data object Center : Place

    /** A square around a face; the result is the whole photo with the edited face pasted back. */
    data class Face(val square: FaceSquare) : Place
}

object Crop {
    /** The middle of [photoWidth] x [photoHeight] at the shape of [width] x [height]. */
    fun center(photoWidth: Int, photoHeight: Int, width: Int, height: Int): Box = TODO()
}
