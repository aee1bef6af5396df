package org.tfganedit.core

import java.io.EOFException
import java.io.IOException
import java.io.InputStream

/** EXIF's orientation, 1 to 8 (CIPA DC-008, tag 0x0112). */
object Orientation {
    private const val UPRIGHT = 1
    private const val TAG = 0x0112
    private const val SHORT = 3

    /**
     * Of the beginning of a JPEG; 1 where it does not say, or what it says is damaged.
     * Throws only what [input] throws.
     */
    fun ofJpeg(input: InputStream): Int {
        try {
            if (word(input) != 0xFFD8) return UPRIGHT
            while (true) {
                var marker = byte(input)
                if (marker != 0xFF) return UPRIGHT
                while (marker == 0xFF) marker = byte(input) // fill bytes
                if (marker == 0xD9 || marker == 0xDA) return UPRIGHT // the end, or pixels
                val length = word(input) - 2
                if (length < 0) return UPRIGHT
                val data = bytes(input, length)
                if (marker == 0xE1 && data.starts("Exif\u0000\u0000")) return ofTiff(data, 6)
            }
        } catch (_: EOFException) {
            return UPRIGHT
        }
    }

    /** [photo] turned upright. An orientation outside of 1 to 8 leaves it. */
    fun upright(photo: Photo, orientation: Int): Photo {
        if (orientation !in 2..8) return photo
        val turned = orientation >= 5
        val width = if (turned) photo.height else photo.width
        val height = if (turned) photo.width else photo.height
        // Source pixel of the result's (0, 0), and the steps for one to the right and one down.
        val right = photo.width - 1
        val bottom = (photo.height - 1) * photo.width
        val (start, step, line) = when (orientation) {
            2 -> Triple(right, -1, photo.width)
            3 -> Triple(right + bottom, -1, -photo.width)
            4 -> Triple(bottom, 1, -photo.width)
            5 -> Triple(0, photo.width, 1)
            6 -> Triple(bottom, -photo.width, 1)
            7 -> Triple(right + bottom, -photo.width, -1)
            else -> Triple(right, photo.width, -1)
        }
        val out = IntArray(width * height)
        for (y in 0 until height) {
            var source = start + y * line
            for (x in 0 until width) {
                out[y * width + x] = photo.pixels[source]
                source += step
            }
        }
        return Photo(width, height, out)
    }

    /** The first directory of TIFF data from [start] on. */
    private fun ofTiff(data: ByteArray, start: Int): Int {
        val little = when {
            data.starts("II*\u0000", start) -> true
            data.starts("MM\u0000*", start) -> false
            else -> return UPRIGHT
        }
        fun short(at: Int): Int {
            if (at < start || at + 2 > data.size) throw EOFException()
            val (first, second) = data[at].toInt() and 0xFF to (data[at + 1].toInt() and 0xFF)
            return if (little) second shl 8 or first else first shl 8 or second
        }
        val (low, high) = if (little) 4 to 6 else 6 to 4
        val offset = short(start + high) shl 16 or short(start + low)
        if (offset < 0 || offset > data.size) return UPRIGHT
        val directory = start + offset
        for (entry in 0 until short(directory)) {
            val at = directory + 2 + 12 * entry
            if (short(at) == TAG) {
                val value = short(at + 8)
                return if (short(at + 2) == SHORT && value in 1..8) value else UPRIGHT
            }
        }
        return UPRIGHT
    }

    private fun ByteArray.starts(text: String, at: Int = 0) =
        at + text.length <= size && text.indices.all { this[at + it] == text[it].code.toByte() }

    private fun byte(input: InputStream): Int =
        input.read().also { if (it < 0) throw EOFException() }

    private fun word(input: InputStream): Int = byte(input) shl 8 or byte(input)

    @Throws(IOException::class)
    private fun bytes(input: InputStream, count: Int): ByteArray {
        val out = ByteArray(count)
        var at = 0
        while (at < count) {
            val read = input.read(out, at, count - at)
            if (read < 0) throw EOFException()
            at += read
        }
        return out
    }
}
