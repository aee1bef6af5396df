package org.tfganedit.core

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue

/** What Python made: tests/android_demo/golden_vectors.py writes it. */
object Golden {
    fun read(name: String): Json = Json.parse(text(name))

    fun text(name: String): String {
        val stream = checkNotNull(javaClass.getResourceAsStream("/golden/$name.json")) { name }
        return stream.use { it.readBytes() }.decodeToString()
    }

    val framing: FramingRule by lazy { ExportReader("", "").framing(read("framing")) }
}

fun Json.bytes(): ByteArray = Base64.getDecoder().decode(this["bytes"].string)

fun Json.floats(): FloatArray {
    val buffer = ByteBuffer.wrap(bytes()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
    return FloatArray(buffer.remaining()).also(buffer::get)
}

fun Json.photo(): Photo {
    val (height, width) = this["shape"].list.map { it.int }
    val bytes = bytes()
    return Photo(width, height, IntArray(width * height) { i ->
        val (r, g, b) = (0..2).map { bytes[3 * i + it].toInt() and 0xFF }
        pixel(r, g, b)
    })
}

fun Json.point(): Point = list.let { (x, y) -> Point(x.double, y.double) }

fun bytesOf(photo: Photo) = photo.pixels.flatMap { listOf(red(it), green(it), blue(it)) }

/** No byte is off by more than [limit], at most a [share] of them at all. */
fun assertNear(
    expected: Photo, found: Photo, limit: Int = 0, share: Double = 0.0, name: String = "",
) {
    assertEquals(expected.width to expected.height, found.width to found.height)
    val off = bytesOf(expected).zip(bytesOf(found)).map { (a, b) -> kotlin.math.abs(a - b) }
    val count = off.count { it > 0 }
    assertTrue("$name off by ${off.max()}, $count of ${off.size}", off.max() <= limit)
    assertTrue("$name $count of ${off.size} bytes are off", count <= share * off.size)
    assertTrue(found.pixels.all { it ushr 24 == 0xFF })
}
