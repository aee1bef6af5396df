package org.tfganedit.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class FramingTest {
    private val framing = Framing(Golden.framing)

    @Test
    fun `resizing is Python's to the bit`() {
        for (case in Golden.read("resizing").list) {
            val expected = case["result"].photo()
            val found = Resize(Golden.framing.resize)
                .apply(case["photo"].photo(), expected.width, expected.height)
            assertNear(expected, found)
        }
    }

    @Test
    fun `the middle is Python's to the bit`() {
        for (case in Golden.read("middles").list) {
            val expected = case["result"].photo()
            val photo = case["photo"].photo()
            val found = framing.cut(photo, Place.Center, expected.width, expected.height)
            assertNear(expected, found)
            if (photo.width == expected.width) assertSame(photo, found)
        }
    }

    @Test
    fun `the middle rounds halves to even`() {
        assertEquals(Box(0, 15, 51, 3), Crop.center(51, 34, 60, 3)) // 2.55 rows
        assertEquals(Box(0, 1, 10, 2), Crop.center(10, 5, 40, 10)) // 2.5 rows are 2
        assertEquals(Box(0, 1, 14, 4), Crop.center(14, 7, 40, 10)) // 3.5 are 4
    }

    @Test
    fun `squares are Python's`() {
        for (case in Golden.read("faces").list) {
            val (left, right) = case["left_eye"].point() to case["right_eye"].point()
            val mouth = case["mouth"].point()
            val square = FaceSquare.ofLandmarks(left, right, mouth, Golden.framing.face)!!
            assertTrue((square.centre - case["centre"].point()).length < 1e-9)
            assertTrue((square.halfSide - case["half_side"].point()).length < 1e-9)
        }
    }

    @Test
    fun `landmarks without a square have none`() {
        val (a, b) = Point(3.0, 4.0) to Point(Double.NaN, 1.0)
        assertNull(FaceSquare.ofLandmarks(a, a, a, Golden.framing.face))
        assertNull(FaceSquare.ofLandmarks(a, b, a, Golden.framing.face))
        assertNull(FaceSquare.ofEyes(a, a, Golden.framing.face))
    }

    @Test
    fun `eyes alone give the square of a frontal face`() {
        val (left, right) = Point(69.0, 111.0) to Point(108.0, 111.0)
        val found = FaceSquare.ofEyes(left, right, Golden.framing.face)!!
        val mouth = Point(88.5, 152.0) // CelebA's standard pose
        val expected = FaceSquare.ofLandmarks(left, right, mouth, Golden.framing.face)!!
        assertTrue((found.centre - expected.centre).length < 1)
        assertEquals(expected.side, found.side, 2.0)
        val turned = FaceSquare.ofEyes(Point(10.0, 10.0), Point(10.0, 20.0), Golden.framing.face)!!
        assertTrue(turned.centre.x < 10 && turned.halfSide.x == 0.0 && turned.halfSide.y > 0)
    }

    @Test
    fun `faces are cut and pasted as by Python, to the bit`() {
        for (case in Golden.read("faces").list) {
            val name = case["name"].string
            val square = FaceSquare(case["centre"].point(), case["half_side"].point())
            val photo = case["photo"].photo()
            val place = Place.Face(square)
            assertNear(case["cut"].photo(), framing.cut(photo, place), name = name)
            val pasted = framing.finished(photo, case["edited"].photo(), place)
            assertNear(case["pasted"].photo(), pasted, name = name)
            assertSame(photo, framing.before(photo, place))
        }
    }

    @Test
    fun `a square beside the photo is refused`() {
        val photo = Photo(20, 10, IntArray(200))
        val place = Place.Face(FaceSquare(Point(90.0, 5.0), Point(4.0, 0.0)))
        assertThrows(ModelException::class.java) { framing.cut(photo, place) }
        val inside = Place.Face(FaceSquare(Point(9.0, 5.0), Point(4.0, 0.0)))
        assertThrows(ModelException::class.java) { framing.cut(photo, inside, 8, 4) }
    }
}
