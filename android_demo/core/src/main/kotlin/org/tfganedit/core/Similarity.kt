package org.tfganedit.core

/** Moves, turns and scales: p -> ratio * p + shift, for points as complex numbers. */
class Similarity private constructor(private val ratio: Point, private val shift: Point) {
    fun apply(point: Point): Point = times(ratio, point) + shift

    /** The square where its centre and the middle of its right side go. */
    fun apply(square: FaceSquare) = FaceSquare(apply(square.centre), times(ratio, square.halfSide))

    companion object {
        /** Follows one finger. */
        fun ofDrag(from: Point, to: Point) = Similarity(Point(1.0, 0.0), to - from)

        /** Follows two fingers; they only move where they started in one place. */
        fun ofPinch(from: Pair<Point, Point>, to: Pair<Point, Point>): Similarity {
            val old = from.second - from.first
            val new = to.second - to.first
            val squared = old.x * old.x + old.y * old.y
            if (squared < 1e-9) return ofDrag(from.first, to.first)
            val ratio = Point(
                (new.x * old.x + new.y * old.y) / squared,
                (new.y * old.x - new.x * old.y) / squared,
            )
            return Similarity(ratio, to.first - times(ratio, from.first))
        }
    }
}

operator fun Point.plus(other: Point) = Point(x + other.x, y + other.y)

operator fun Point.minus(other: Point) = Point(x - other.x, y - other.y)

operator fun Point.times(factor: Double) = Point(x * factor, y * factor)

private fun times(a: Point, b: Point) = Point(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x)
