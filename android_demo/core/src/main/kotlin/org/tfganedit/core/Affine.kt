package org.tfganedit.core

import kotlin.math.floor

/** (u, v) -> (a u + b v + c, d u + e v + f), in pixels from the left upper corner. */
internal class Affine(
    val a: Double, val b: Double, val c: Double,
    val d: Double, val e: Double, val f: Double,
) {
    fun x(u: Double, v: Double) = a * u + b * v + c

    fun y(u: Double, v: Double) = d * u + e * v + f

    fun inverse(): Affine {
        val det = a * e - b * d
        return Affine(
            e / det, -b / det, (b * f - c * e) / det,
            -d / det, a / det, (c * d - a * f) / det,
        )
    }
}

/**
 * Samples a photo between its pixels with the cubic kernel of parameter [a] (Keys 1981), pixels at
 * the border repeated, rounded down.
 */
internal class Bicubic(private val photo: Photo, private val a: Double) {
    private val columns = IntArray(4)
    private val rows = IntArray(4)

    /** The colour at ([x], [y]) pixels from the left upper corner, or null outside of the photo. */
    fun at(x: Double, y: Double): Int? {
        if (!(x >= 0 && x < photo.width && y >= 0 && y < photo.height)) return null
        val left = floor(x - 0.5).toInt()
        val top = floor(y - 0.5).toInt()
        for (i in 0 until 4) {
            columns[i] = (left - 1 + i).coerceIn(0, photo.width - 1)
            rows[i] = (top - 1 + i).coerceIn(0, photo.height - 1) * photo.width
        }
        val dx = x - 0.5 - left
        val dy = y - 0.5 - top
        return pixel(channel(16, dx, dy), channel(8, dx, dy), channel(0, dx, dy))
    }

    private fun channel(shift: Int, dx: Double, dy: Double): Int {
        val value = cubic(
            row(rows[0], shift, dx), row(rows[1], shift, dx),
            row(rows[2], shift, dx), row(rows[3], shift, dx), dy,
        )
        return value.toInt().coerceIn(0, 255)
    }

    private fun row(row: Int, shift: Int, dx: Double) = cubic(
        level(row + columns[0], shift), level(row + columns[1], shift),
        level(row + columns[2], shift), level(row + columns[3], shift), dx,
    )

    private fun level(at: Int, shift: Int) = (photo.pixels[at] shr shift and 0xFF).toDouble()

    /** Between [v2] and [v3], as a polynomial in [d]: equal values stay exactly what they are. */
    private fun cubic(v1: Double, v2: Double, v3: Double, v4: Double, d: Double): Double {
        val linear = a * v1 - a * v3
        val square = -2 * a * (v1 - v2) - 3 * (a + 1) * v2 + (2 * a + 3) * v3 + a * v4
        val cube = a * v1 + (a + 2) * v2 - (a + 2) * v3 - a * v4
        return v2 + d * (linear + d * (square + d * cube))
    }
}
