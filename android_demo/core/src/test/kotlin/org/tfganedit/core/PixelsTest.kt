package org.tfganedit.core

import java.io.ByteArrayInputStream
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class PixelsTest {
    @Test
    fun `bytes become floats to the bit`() {
        val expected = Golden.read("values")["to_float"].floats()
        val photo = Photo(16, 16, IntArray(256) { pixel(it, 255 - it, 0) })
        val found = PixelCodec.toFloats(photo)
        for (i in 0..255) {
            assertEquals(expected[i], found[3 * i], 0f)
            assertEquals(expected[255 - i], found[3 * i + 1], 0f)
            assertEquals(0f, found[3 * i + 2], 0f)
        }
        val grey = Photo(16, 16, IntArray(256) { pixel(it, it, it) })
        assertArrayEquals(expected, PixelCodec.toFloats(grey, channels = 1), 1e-7f)
    }

    @Test
    fun `floats become bytes to the bit`() {
        val floats = Golden.read("values")["floats"].floats()
        val expected = Golden.read("values")["to_byte"].bytes().map { it.toInt() and 0xFF }
        val photo = PixelCodec.toPhoto(floats, floats.size, 1, channels = 1)
        assertEquals(expected, photo.pixels.map(::green))
        assertEquals(expected, photo.pixels.map(::red))
        val again = PixelCodec.toPhoto(PixelCodec.toFloats(photo), photo.width, 1)
        assertArrayEquals(photo.pixels, again.pixels)
    }

    @Test
    fun `other sizes and channels are refused`() {
        val refuse = { block: () -> Unit ->
            assertThrows(IllegalArgumentException::class.java, block)
        }
        refuse { PixelCodec.toPhoto(FloatArray(7), 2, 1) }
        refuse { PixelCodec.toPhoto(FloatArray(4), 2, 1, channels = 2) }
        refuse { Photo(2, 2, IntArray(3)) }
        refuse { Photo(2, 2, IntArray(4)).part(1, 0, 2, 2) }
    }

    @Test
    fun `strength blends as Python does`() {
        val golden = Golden.read("blends")
        val (photo, edited) = golden["photo"].photo() to golden["edited"].photo()
        val out = IntArray(photo.pixels.size)
        for (case in golden["results"].list) {
            val strength = case["strength"].float
            Blend.blendInto(photo, edited, strength, out)
            // Halves go up here and to even there.
            assertNear(case["result"].photo(), Photo(photo.width, photo.height, out), 1, 0.3)
            assertArrayEquals(out, Blend.blend(photo, edited, strength).pixels)
        }
        assertArrayEquals(photo.pixels, Blend.blend(photo, edited, 0f).pixels)
        assertArrayEquals(edited.pixels, Blend.blend(photo, edited, 1f).pixels)
        for (bad in listOf(-0.1f, 1.1f, Float.NaN)) {
            assertThrows(IllegalArgumentException::class.java) { Blend.blend(photo, edited, bad) }
        }
    }

    @Test
    fun `EXIF turns photos upright`() {
        val golden = Golden.read("orientations")
        val stored = golden["stored"].photo()
        for (case in golden["cases"].list) {
            val orientation = case["orientation"].int
            assertEquals(orientation, Orientation.ofJpeg(case["jpeg"].bytes().inputStream()))
            assertNear(case["upright"].photo(), Orientation.upright(stored, orientation))
        }
        for (other in listOf(0, 9, -1)) {
            assertArrayEquals(stored.pixels, Orientation.upright(stored, other).pixels)
        }
    }

    @Test
    fun `damaged EXIF is upright`() {
        val cases = Golden.read("orientations")["cases"].list
        for (case in cases.filter { it["orientation"].int > 1 }) {
            val bytes = case["jpeg"].bytes()
            for (length in 0..60) {
                val found = Orientation.ofJpeg(ByteArrayInputStream(bytes, 0, length))
                assertEquals("$length bytes", 1, found)
            }
            for (at in bytes.indices) { // no byte makes it fail
                for (value in listOf(0, 0x7F, 0x80, 0xFF)) {
                    val damaged = bytes.copyOf().also { it[at] = value.toByte() }
                    val found = Orientation.ofJpeg(damaged.inputStream())
                    assertEquals("$at: $value gave $found", true, found in 1..8)
                }
            }
        }
    }

    @Test
    fun `a seed is NumPy's`() {
        for (case in Golden.read("styles").list) {
            val expected = case["values"].floats()
            val found = GaussianStyle.draw(case["seed"].long, expected.size)
            assertArrayEquals(expected, found, 1e-6f)
            val fewer = GaussianStyle.draw(case["seed"].long, 3)
            assertArrayEquals(expected.copyOf(3), fewer, 1e-6f)
        }
    }
}
