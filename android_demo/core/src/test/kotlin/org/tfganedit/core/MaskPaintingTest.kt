package org.tfganedit.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class MaskPaintingTest {
    private fun painted() = MaskPainting(24, 16).apply {
        stroke(Point(6.5, 8.5), Point(15.5, 8.5), 3.0, erase = false)
    }

    @Test
    fun `a stroke covers what is near its line`() {
        val painting = painted()
        for (x in 4..17) assertEquals("at $x", 1f, painting[x, 8], 0f)
        assertEquals(1f, painting[10, 6], 0f)
        assertEquals(0.5f, painting[10, 11], 0f)  // 3 away from the line, which is the radius
        assertEquals(0f, painting[10, 12], 0f)
        assertEquals(0f, painting[2, 8], 0f)  // 4 away from the end
        assertEquals(0f, painting[0, 0], 0f)
    }

    @Test
    fun `the area of a dot is a disc's`() {
        val painting = MaskPainting(64, 64)
        painting.stroke(Point(31.3, 30.8), Point(31.3, 30.8), 20.0, erase = false)
        val area = painting.mask().values.sum()
        assertEquals(Math.PI * 400, area.toDouble(), 0.005 * Math.PI * 400)
    }

    @Test
    fun `strokes do not darken each other's borders`() {
        val painting = painted()
        val once = painting.mask().values
        painting.stroke(Point(6.5, 8.5), Point(15.5, 8.5), 3.0, erase = false)
        assertArrayEquals(once, painting.mask().values, 0f)
    }

    @Test
    fun `erasing undoes`() {
        val painting = painted()
        assertFalse(painting.isEmpty)
        painting.stroke(Point(6.5, 8.5), Point(15.5, 8.5), 4.0, erase = true)
        assertTrue(painting.isEmpty)
        val again = painted()
        again.clear()
        assertTrue(again.isEmpty)
    }

    @Test
    fun `strokes outside of the canvas leave it`() {
        val painting = MaskPainting(8, 8)
        for (far in listOf(Point(-40.0, 3.0), Point(3.0, 90.0), Point(1e9, 1e9))) {
            painting.stroke(far, far, 3.0, erase = false)
        }
        assertTrue(painting.isEmpty)
        painting.stroke(Point(-2.0, 4.0), Point(-1.0, 4.0), 3.0, erase = false)
        assertEquals(1f, painting[0, 4], 0f)
    }

    @Test
    fun `a mask is a copy`() {
        val painting = painted()
        val mask = painting.mask()
        painting.clear()
        assertEquals(1f, mask.values[8 * 24 + 10], 0f)
        assertEquals(24 to 16, mask.width to mask.height)
    }

    @Test
    fun `packing keeps a mask`() {
        val painting = MaskPainting(256, 256)
        painting.stroke(Point(40.0, 60.0), Point(200.0, 130.0), 25.0, erase = false)
        val packed = painting.pack()
        assertTrue("${packed.size} bytes", packed.size < 8192)
        val back = MaskPainting.unpack(256, 256, packed)
        assertArrayEquals(painting.mask().values, back.mask().values, 0.5f / 255 + 1e-6f)
    }

    @Test
    fun `what is damaged, of another size or nothing is an empty canvas`() {
        val packed = painted().pack()
        assertFalse(MaskPainting.unpack(24, 16, packed).isEmpty)
        assertTrue(MaskPainting.unpack(24, 15, packed).isEmpty)
        assertTrue(MaskPainting.unpack(24, 17, packed).isEmpty)
        assertTrue(MaskPainting.unpack(24, 16, null).isEmpty)
        assertTrue(MaskPainting.unpack(24, 16, packed.copyOf(packed.size - 5)).isEmpty)
        assertTrue(MaskPainting.unpack(24, 16, ByteArray(40) { 7 }).isEmpty)
    }

    @Test
    fun `a canvas has sides`() {
        assertThrows(IllegalArgumentException::class.java) { MaskPainting(0, 4) }
        assertThrows(IllegalArgumentException::class.java) { MaskPainting(4, 100_000) }
    }
}
