package org.tfganedit.core

import kotlin.math.min

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
    /** The largest middle part of [photoWidth] x [photoHeight] of the shape [width] x [height]. */
    fun center(photoWidth: Int, photoHeight: Int, width: Int, height: Int): Box {
        val scale = min(photoHeight.toDouble() / height, photoWidth.toDouble() / width)
        val keptHeight = Math.rint(scale * height).toInt() // halves to even
        val keptWidth = Math.rint(scale * width).toInt()
        val left = (photoWidth - keptWidth) / 2
        val top = (photoHeight - keptHeight) / 2
        return Box(left, top, keptWidth, keptHeight)
    }
}
