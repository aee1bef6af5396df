package org.tfganedit.core

/** Photos as what networks read and write: float32 NHWC in [0, 1], batch 1. */
object PixelCodec {
    /** byte / 255, RGB or for one channel the mean of the three; [1, H, W, channels]. */
    fun toFloats(photo: Photo, channels: Int = 3): FloatArray {
        require(channels == 3 || channels == 1) { "1 or 3 channels. Received: $channels" }
        val out = FloatArray(photo.pixels.size * channels)
        for (i in photo.pixels.indices) {
            val p = photo.pixels[i]
            val r = red(p) / 255f
            val g = green(p) / 255f
            val b = blue(p) / 255f
            if (channels == 1) {
                out[i] = (r + g + b) / 3f
            } else {
                out[3 * i] = r
                out[3 * i + 1] = g
                out[3 * i + 2] = b
            }
        }
        return out
    }

    /** clip(round(255 * value), 0, 255), halves to even. */
    fun toPhoto(floats: FloatArray, width: Int, height: Int, channels: Int = 3): Photo {
        require(channels == 3 || channels == 1) { "1 or 3 channels. Received: $channels" }
        require(floats.size == width * height * channels) {
            "$width x $height x $channels values. Received: ${floats.size}"
        }
        val pixels = IntArray(width * height) { i ->
            if (channels == 1) {
                val value = toByte(floats[i])
                pixel(value, value, value)
            } else {
                pixel(toByte(floats[3 * i]), toByte(floats[3 * i + 1]), toByte(floats[3 * i + 2]))
            }
        }
        return Photo(width, height, pixels)
    }

    internal fun toByte(value: Float) =
        Math.rint((255f * value).toDouble()).toInt().coerceIn(0, 255)
}
