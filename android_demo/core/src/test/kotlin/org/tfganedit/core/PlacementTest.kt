package org.tfganedit.core

import org.junit.Assert.assertEquals
import org.junit.Test

class PlacementTest {
    private val outside = OutsideRule(0.1, 3, 0.3, 0.02, 3.0)
    private val face = FaceRule(2.0, 1.8, 0.1, 2, 4, -0.5, outside)

    private fun rule(width: Int, height: Int) =
        FramingRule(width, height, ResizeRule(3), face, 0f..1f, 0.1)

    private fun assertNear(expected: Point, found: Point) {
        assertEquals(expected.x, found.x, 1e-9)
        assertEquals(expected.y, found.y, 1e-9)
    }

    @Test
    fun `the middle is what is cut and shown`() {
        val placement = Placement(Place.Center, 300, 100, rule(32, 16))
        assertEquals(Box(50, 0, 200, 100), placement.shown)
        assertEquals(Point(50.0, 0.0), placement.outline[0])
        assertEquals(Point(250.0, 100.0), placement.outline[2])
        assertNear(Point(0.0, 0.0), placement.toInput(Point(50.0, 0.0)))
        assertNear(Point(32.0, 16.0), placement.toInput(Point(250.0, 100.0)))
        assertNear(Point(8.0, 12.0), placement.toInput(Point(100.0, 75.0)))
    }

    @Test
    fun `a face is shown in its whole photo`() {
        val square = FaceSquare(Point(40.0, 60.0), Point(0.0, 20.0)) // turned by a quarter
        val placement = Placement(Place.Face(square), 300, 100, rule(32, 32))
        assertEquals(Box(0, 0, 300, 100), placement.shown)
        assertEquals(Point(60.0, 40.0), placement.outline[0])
        assertNear(Point(0.0, 0.0), placement.toInput(Point(60.0, 40.0)))
        assertNear(Point(32.0, 0.0), placement.toInput(Point(60.0, 80.0)))
        assertNear(Point(16.0, 16.0), placement.toInput(Point(40.0, 60.0)))
    }
}
