package org.tfganedit.core

/** The strength of an edit, without running the network again. */
object Blend {
    /** photo + strength * (edited - photo) for both of one size; strength in [0, 1]. */
    fun blend(photo: Photo, edited: Photo, strength: Float): Photo {
        val out = IntArray(photo.pixels.size)
        blendInto(photo, edited, strength, out)
        return Photo(photo.width, photo.height, out)
    }

    /** As [blend], into [out] of that many pixels: no new memory while a slider moves. */
    fun blendInto(photo: Photo, edited: Photo, strength: Float, out: IntArray) {
        require(photo.width == edited.width && photo.height == edited.height) {
            "${photo.width} x ${photo.height} and ${edited.width} x ${edited.height} differ"
        }
        require(strength in 0f..1f) { "a strength lies in 0 to 1. Received: $strength" }
        require(out.size == photo.pixels.size) {
            "${photo.pixels.size} pixels. Received: ${out.size}"
        }
        // change[d + 255] = round(strength * d): floats once for 511 differences, not a pixel.
        val change = IntArray(511) { Math.round(strength * (it - 255)) }
        for (i in out.indices) {
            val p = photo.pixels[i]
            val q = edited.pixels[i]
            out[i] = pixel(
                red(p) + change[red(q) - red(p) + 255],
                green(p) + change[green(q) - green(p) + 255],
                blue(p) + change[blue(q) - blue(p) + 255],
            )
        }
    }
}
