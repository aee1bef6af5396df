package org.tfganedit.core

/**
 * A picture, upright.
 *
 * @property pixels 0xAARRGGBB, row by row, as `Bitmap.getPixels` gives them; alpha is not read.
 */
class Photo(val width: Int, val height: Int, val pixels: IntArray) {
    init {
        require(width > 0 && height > 0 && pixels.size == width * height) {
            "a photo of $width x $height needs as many pixels. Received: ${pixels.size}"
        }
    }

    /** The part of [width] x [height] pixels from ([left], [top]) on. */
    fun part(left: Int, top: Int, width: Int, height: Int): Photo {
        val (right, bottom) = left + width to top + height
        require(left >= 0 && top >= 0 && right <= this.width && bottom <= this.height) {
            "a part lies in ${this.width} x ${this.height}. Received: $left $top $width $height"
        }
        if (width == this.width && height == this.height) return this
        val out = IntArray(width * height)
        for (y in 0 until height) {
            System.arraycopy(pixels, (top + y) * this.width + left, out, y * width, width)
        }
        return Photo(width, height, out)
    }
}

internal const val OPAQUE = 0xFF shl 24

internal fun red(pixel: Int) = pixel shr 16 and 0xFF

internal fun green(pixel: Int) = pixel shr 8 and 0xFF

internal fun blue(pixel: Int) = pixel and 0xFF

internal fun pixel(red: Int, green: Int, blue: Int) =
    OPAQUE or (red shl 16) or (green shl 8) or blue
