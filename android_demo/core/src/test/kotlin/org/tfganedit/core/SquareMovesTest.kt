package org.tfganedit.core

import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.sin
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class SquareMovesTest {
    private val square = FaceSquare(Point(30.0, 20.0), Point(8.0, 6.0))

    private fun assertNear(expected: Point, found: Point) {
        assertEquals(expected.x, found.x, 1e-9)
        assertEquals(expected.y, found.y, 1e-9)
    }

    @Test
    fun `a drag moves`() {
        val moved = Similarity.ofDrag(Point(1.0, 2.0), Point(4.0, -2.0)).apply(square)
        assertEquals(FaceSquare(Point(33.0, 16.0), square.halfSide), moved)
    }

    @Test
    fun `fingers stay where they are on the square`() {
        val from = Point(25.0, 18.0) to Point(33.0, 29.0)
        val to = Point(40.0, -3.0) to Point(17.0, 5.5)
        val pinch = Similarity.ofPinch(from, to)
        assertNear(to.first, pinch.apply(from.first))
        assertNear(to.second, pinch.apply(from.second))
        val moved = pinch.apply(square)
        assertNear(square.toUnit(from.first), moved.toUnit(to.first))
        assertNear(square.toUnit(from.second), moved.toUnit(to.second))
    }

    @Test
    fun `two fingers in one place move`() {
        val point = Point(3.0, 3.0)
        val pinch = Similarity.ofPinch(point to point, Point(5.0, 4.0) to Point(9.0, 9.0))
        assertEquals(Point(32.0, 21.0), pinch.apply(square).centre)
    }

    @Test
    fun `a quarter turn turns clockwise as y goes down`() {
        val from = Point(0.0, 0.0) to Point(1.0, 0.0)
        val to = Point(0.0, 0.0) to Point(0.0, 1.0)
        assertNear(Point(-6.0, 8.0), Similarity.ofPinch(from, to).apply(square).halfSide)
    }

    @Test
    fun `corners are the unit square's`() {
        val corners = square.corners()
        val units = listOf(Point(0.0, 0.0), Point(1.0, 0.0), Point(1.0, 1.0), Point(0.0, 1.0))
        for ((unit, corner) in units.zip(corners)) assertNear(unit, square.toUnit(corner))
        assertEquals(Point(28.0, 6.0), corners[0])  // up and left of a square that is turned a little
    }

    @Test
    fun `a square stays in its photo`() {
        assertEquals(square, square.within(100, 80))
        assertEquals(Point(25.0, 0.0), FaceSquare(Point(25.0, -9.0), Point(9.0, 0.0)).within(50, 40).centre)
        assertEquals(100 * 1.5, square.zoomed(1e4).within(100, 80).side, 1e-9)
        assertEquals(80 / 32.0, square.zoomed(1e-4).within(100, 80).side, 1e-9)
        val turned = square.zoomed(1e4).within(100, 80).halfSide
        assertEquals(0.75, turned.y / turned.x, 1e-9)
        for (bad in listOf(Double.NaN, Double.POSITIVE_INFINITY)) {
            assertEquals(centredSquare(100, 80), FaceSquare(Point(bad, 1.0), Point(1.0, 1.0)).within(100, 80))
        }
        assertEquals(centredSquare(9, 4), FaceSquare(Point(1.0, 1.0), Point(0.0, 0.0)).within(9, 4))
    }

    @Test
    fun `another size of the photo has the same square`() {
        val point = Point(31.0, 24.0)
        assertNear(square.toUnit(point), square.scaled(2.5).toUnit(point * 2.5))
    }

    @Test
    fun `turning by an angle`() {
        val angle = PI / 5
        val from = Point(0.0, 0.0) to Point(2.0, 0.0)
        val to = Point(0.0, 0.0) to Point(2 * cos(angle), 2 * sin(angle))
        val turned = Similarity.ofPinch(from, to).apply(square)
        assertEquals(square.side, turned.side, 1e-9)
        assertNear(Point(30 * cos(angle) - 20 * sin(angle), 30 * sin(angle) + 20 * cos(angle)), turned.centre)
    }

    @Test
    fun `a viewport shows all of a picture in the middle`() {
        val view = Viewport(200, 100, 50, 80)
        assertEquals(0.25, view.scale, 0.0)
        assertEquals(Point(0.0, 27.5), view.toView(Point(0.0, 0.0)))
        assertEquals(Point(50.0, 52.5), view.toView(Point(200.0, 100.0)))
        assertEquals(listOf(0.0, 27.5, 50.0, 52.5), listOf(view.left, view.top, view.right, view.bottom))
        assertNear(Point(13.0, 71.0), view.toPicture(view.toView(Point(13.0, 71.0))))
        assertTrue(runCatching { Viewport(0, 1, 1, 1) }.isFailure)
    }
}
