package org.tfganedit.core

import java.io.ByteArrayOutputStream
import java.util.zip.DataFormatException
import java.util.zip.Deflater
import java.util.zip.Inflater

/**
 * A mask under a brush.
 *
 * @property width of the canvas in cells, as the network's input is wide.
 */
class MaskPainting(val width: Int, val height: Int) {
    init {
        require(width in 1..MAX_SIDE && height in 1..MAX_SIDE) {
            "a canvas of 1 to $MAX_SIDE cells a side. Received: $width x $height"
        }
    }

    private val values = FloatArray(width * height)

    /** Whether nothing is painted. */
    val isEmpty: Boolean get() = values.all { it == 0f }

    /** In [0, 1] at a cell. */
    operator fun get(x: Int, y: Int) = values[y * width + x]

    /**
     * Draws along a line: cells within [radius] of it become 1, or 0 with [erase]; the border is
     * one cell wide.
     *
     * @param from in cells, (0, 0) at the left upper corner of the canvas.
     */
    fun stroke(from: Point, to: Point, radius: Double, erase: Boolean) {
        val reach = radius + 0.5
        val columns = covered(minOf(from.x, to.x) - reach, maxOf(from.x, to.x) + reach, width)
        val rows = covered(minOf(from.y, to.y) - reach, maxOf(from.y, to.y) + reach, height)
        for (y in rows) for (x in columns) {
            val gap = distance(Point(x + 0.5, y + 0.5), from, to)
            val cover = (reach - gap).coerceIn(0.0, 1.0).toFloat()
            val i = y * width + x
            values[i] = if (erase) minOf(values[i], 1 - cover) else maxOf(values[i], cover)
        }
    }

    fun clear() = values.fill(0f)

    /** A copy for a request. */
    fun mask() = Mask(width, height, values.copyOf())

    /** A few bytes of it for [unpack]; values are rounded to 1 / 255. */
    fun pack(): ByteArray {
        val bytes = ByteArray(values.size) { PixelCodec.toByte(values[it]).toByte() }
        val deflater = Deflater(Deflater.BEST_SPEED)
        try {
            deflater.setInput(bytes)
            deflater.finish()
            val out = ByteArrayOutputStream()
            val part = ByteArray(8192)
            while (!deflater.finished()) out.write(part, 0, deflater.deflate(part))
            return out.toByteArray()
        } finally {
            deflater.end()
        }
    }

    companion object {
        private const val MAX_SIDE = 4096

        /** What [pack] gave, or an empty canvas where it does not fit or is damaged. */
        fun unpack(width: Int, height: Int, packed: ByteArray?): MaskPainting {
            val painting = MaskPainting(width, height)
            if (packed == null) return painting
            val bytes = ByteArray(width * height + 1)
            val inflater = Inflater()
            try {
                inflater.setInput(packed)
                var count = 0
                while (!inflater.finished() && !inflater.needsInput() && count < bytes.size) {
                    count += inflater.inflate(bytes, count, bytes.size - count)
                }
                if (inflater.finished() && count == width * height) {
                    for (i in 0 until count) painting.values[i] = (bytes[i].toInt() and 0xFF) / 255f
                }
            } catch (_: DataFormatException) {
                // Of another version of the application: nothing is painted.
            } finally {
                inflater.end()
            }
            return painting
        }

        private fun covered(low: Double, high: Double, size: Int): IntRange {
            if (high < 0 || low > size) return IntRange.EMPTY
            return low.toInt().coerceIn(0, size - 1)..high.toInt().coerceIn(0, size - 1)
        }

        private fun distance(point: Point, from: Point, to: Point): Double {
            val along = to - from
            val offset = point - from
            val squared = along.x * along.x + along.y * along.y
            val projected = offset.x * along.x + offset.y * along.y
            val share = if (squared == 0.0) 0.0 else projected / squared
            val nearest = along * share.coerceIn(0.0, 1.0)
            return Math.hypot(offset.x - nearest.x, offset.y - nearest.y)
        }
    }
}
