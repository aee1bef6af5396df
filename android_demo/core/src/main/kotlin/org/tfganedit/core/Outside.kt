package org.tfganedit.core

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt

/** The surroundings of a square, also where there is no photo, as in FFHQ. */
internal class Outside(private val rule: OutsideRule) {
    /**
     * The part of a photo that a square needs, and the square in it.
     *
     * Throws [ModelException] where the square does not touch the photo.
     */
    fun around(photo: Photo, square: FaceSquare): Pair<Photo, FaceSquare> {
        val (part, inPart) = cropped(photo, square)
        return padded(part, inPart)
    }

    private class Bounds(val left: Int, val top: Int, val right: Int, val bottom: Int)

    private fun bounds(square: FaceSquare): Bounds {
        val reach = square.reach + max(rule.border * square.side, rule.minBorder.toDouble())
        return Bounds(
            floor(square.centre.x - reach).toInt(), floor(square.centre.y - reach).toInt(),
            ceil(square.centre.x + reach).toInt(), ceil(square.centre.y + reach).toInt(),
        )
    }

    private fun moved(square: FaceSquare, left: Int, top: Int) =
        FaceSquare(Point(square.centre.x - left, square.centre.y - top), square.halfSide)

    private fun cropped(photo: Photo, square: FaceSquare): Pair<Photo, FaceSquare> {
        val bounds = bounds(square)
        val left = max(bounds.left, 0)
        val top = max(bounds.top, 0)
        val right = min(bounds.right, photo.width)
        val bottom = min(bounds.bottom, photo.height)
        if (left >= right || top >= bottom) {
            throw ModelException("the square lies outside of the photo")
        }
        return photo.part(left, top, right - left, bottom - top) to moved(square, left, top)
    }

    private fun padded(photo: Photo, square: FaceSquare): Pair<Photo, FaceSquare> {
        val bounds = bounds(square)
        val missing = intArrayOf(
            -bounds.left, -bounds.top, bounds.right - photo.width, bounds.bottom - photo.height,
        )
        val border = max(Math.rint(rule.border * square.side).toInt(), rule.minBorder)
        if (missing.max() <= border) return photo to square
        val margin = max(Math.rint(rule.margin * square.side).toInt(), 0)
        val (left, top, right, bottom) = missing.map { max(it, margin) }
        val width = left + photo.width + right
        val height = top + photo.height + bottom
        val mirrored = IntArray(width * height) {
            photo.pixels[mirror(it / width - top, photo.height) * photo.width +
                mirror(it % width - left, photo.width)]
        }
        val outside = DoubleArray(width * height) { // 1 at the edge, 0 at the photo's, then less
            val (x, y) = it % width to it / width
            val insideX = min(x.toDouble() / left, (width - 1 - x).toDouble() / right)
            val insideY = min(y.toDouble() / top, (height - 1 - y).toDouble() / bottom)
            1 - min(insideX, insideY)
        }
        val blurred = GaussianBlur.apply(Photo(width, height, mirrored), rule.blur * square.side)
        val faded = IntArray(mirrored.size) { OPAQUE }
        for (shift in intArrayOf(16, 8, 0)) {
            fade(mirrored, blurred.pixels, outside, shift, faded)
        }
        return Photo(width, height, faded) to moved(square, -left, -top)
    }

    /** One channel: towards the blurred one, then towards the median of that. */
    private fun fade(
        pixels: IntArray, blurred: IntArray, outside: DoubleArray, shift: Int, out: IntArray,
    ) {
        val levels = FloatArray(pixels.size) {
            val level = pixels[it] shr shift and 0xFF
            val change = (blurred[it] shr shift and 0xFF) - level
            val share = (rule.blurSlope * outside[it] + 1).coerceIn(0.0, 1.0)
            (level + change * share).toFloat()
        }
        val sorted = levels.sortedArray()
        val median = (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2
        for (i in levels.indices) {
            val share = outside[i].coerceIn(0.0, 1.0)
            val level = (levels[i] + (median - levels[i]) * share).toFloat()
            out[i] = out[i] or (Math.rint(level.toDouble()).toInt().coerceIn(0, 255) shl shift)
        }
    }

    /** Index of a line of [length] that [at] mirrors; the first and last ones are not repeated. */
    private fun mirror(at: Int, length: Int): Int {
        if (length == 1) return 0
        val period = 2 * (length - 1)
        val place = Math.floorMod(at, period)
        return min(place, period - place)
    }
}

/**
 * Gaussian blur by three box blurs of fractional radius (Gwosdek et al., "Theoretical foundations
 * of Gaussian convolution by extended box filtering", 2011), borders repeated.
 */
internal object GaussianBlur {
    private const val PASSES = 3
    private const val FRACTION = 24 // bits behind the point of a weight

    /** [photo] blurred with a standard deviation of [sigma] pixels. */
    fun apply(photo: Photo, sigma: Double): Photo {
        val radius = boxRadius(sigma)
        if (radius <= 0) return photo
        val out = photo.pixels.copyOf()
        val line = IntArray(max(photo.width, photo.height))
        repeat(PASSES) {
            for (y in 0 until photo.height) box(out, y * photo.width, 1, photo.width, radius, line)
        }
        repeat(PASSES) {
            for (x in 0 until photo.width) box(out, x, photo.width, photo.height, radius, line)
        }
        return Photo(photo.width, photo.height, out)
    }

    private fun boxRadius(sigma: Double): Double {
        val variance = sigma * sigma / PASSES
        val whole = floor((sqrt(12 * variance + 1) - 1) / 2)
        val part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) /
            (6 * (variance - (whole + 1) * (whole + 1)))
        return whole + part
    }

    private fun box(
        pixels: IntArray, start: Int, step: Int, length: Int, radius: Double, line: IntArray,
    ) {
        for (i in 0 until length) line[i] = pixels[start + i * step]
        val reach = radius.toInt()
        val weight = ((1 shl FRACTION) / (radius * 2 + 1)).toLong()
        val edge = ((1 shl FRACTION) - (reach * 2 + 1) * weight) / 2
        for (i in 0 until length) pixels[start + i * step] = OPAQUE
        for (shift in intArrayOf(16, 8, 0)) {
            fun level(at: Int) = (line[at.coerceIn(0, length - 1)] shr shift and 0xFF).toLong()
            var sum = 0L
            for (i in -reach..reach) sum += level(i)
            for (i in 0 until length) {
                val total = sum * weight + (level(i - reach - 1) + level(i + reach + 1)) * edge
                val rounded = total + (1L shl FRACTION - 1) shr FRACTION
                val at = start + i * step
                pixels[at] = pixels[at] or (rounded.toInt() shl shift)
                sum += level(i + reach + 1) - level(i - reach)
            }
        }
    }
}
