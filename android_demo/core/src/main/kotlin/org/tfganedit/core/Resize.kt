package org.tfganedit.core

import kotlin.math.PI
import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sin

private const val FRACTION = 22 // bits behind the point of a weight

/**
 * Antialiased resizing, to the bit as the exporter's: each axis with a kernel stretched by
 * max(1, source / target), weights in fixed point, rounded to bytes after each axis.
 */
class Resize(private val rule: ResizeRule) {
    /** [photo] at [width] x [height]. */
    fun apply(photo: Photo, width: Int, height: Int): Photo {
        var pixels = photo.pixels
        if (width != photo.width) {
            val weights = Weights(photo.width, width)
            pixels = resample(pixels, width, photo.height, weights, photo.width, 1, width, 1)
        }
        if (height != photo.height) {
            val weights = Weights(photo.height, height)
            pixels = resample(pixels, height, width, weights, 1, width, 1, width)
        }
        return Photo(width, height, pixels)
    }

    /**
     * [lines] lines of the source, [length] results each. Strides are in pixels, between lines and
     * along one, of source and result.
     */
    private fun resample(
        source: IntArray,
        length: Int,
        lines: Int,
        weights: Weights,
        sourceLine: Int,
        sourceStep: Int,
        line: Int,
        step: Int,
    ): IntArray {
        val out = IntArray(length * lines)
        for (position in 0 until length) {
            val first = weights.first[position]
            val kernel = weights.kernels[position]
            for (number in 0 until lines) {
                var r = 1 shl FRACTION - 1
                var g = r
                var b = r
                var at = number * sourceLine + first * sourceStep
                for (weight in kernel) {
                    val p = source[at]
                    r += red(p) * weight
                    g += green(p) * weight
                    b += blue(p) * weight
                    at += sourceStep
                }
                out[number * line + position * step] = pixel(byte(r), byte(g), byte(b))
            }
        }
        return out
    }

    private fun byte(sum: Int) = (sum shr FRACTION).coerceIn(0, 255)

    /** For each result, the first source pixel and the weights from there on. */
    private inner class Weights(source: Int, target: Int) {
        val first = IntArray(target)
        val kernels: Array<IntArray>

        init {
            val scale = source.toDouble() / target
            val stretch = max(1.0, scale)
            val support = rule.lobes * stretch
            kernels = Array(target) { position ->
                val centre = (position + 0.5) * scale
                val from = max((centre - support + 0.5).toInt(), 0)
                val until = min((centre + support + 0.5).toInt(), source)
                first[position] = from
                val exact = DoubleArray(until - from) {
                    windowedSinc((from + it - centre + 0.5) / stretch)
                }
                val sum = exact.sum()
                IntArray(exact.size) { fixed(exact[it] / sum) }
            }
        }
    }

    private fun windowedSinc(x: Double) =
        if (abs(x) < rule.lobes) sinc(x) * sinc(x / rule.lobes) else 0.0

    private fun sinc(x: Double) = if (x == 0.0) 1.0 else sin(PI * x) / (PI * x)

    private fun fixed(weight: Double): Int {
        val scaled = weight * (1 shl FRACTION)
        return (if (scaled < 0) ceil(scaled - 0.5) else scaled + 0.5).toInt()
    }
}
