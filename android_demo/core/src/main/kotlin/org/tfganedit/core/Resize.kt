package org.tfganedit.core

/**
 * Antialiased resizing, to the bit as the exporter's: each axis with a kernel stretched by
 * max(1, source / target), weights in fixed point, rounded to bytes after each axis.
 */
class Resize(val rule: ResizeRule) {
    /** [photo] at [width] x [height]. */
    fun apply(photo: Photo, width: Int, height: Int): Photo = TODO()
}
