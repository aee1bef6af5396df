package org.tfganedit.core

/** Of a photo's shorter side: smaller squares hold too few pixels to show what was edited. */
private const val SMALLEST = 1.0 / 32

/** Of a photo's longer side: larger squares are mostly mirror images. */
private const val LARGEST = 1.5

/** The largest upright square in the middle of a photo. */
fun centredSquare(width: Int, height: Int) = FaceSquare(
    Point(width / 2.0, height / 2.0),
    Point(minOf(width, height) / 2.0, 0.0),
)

/** The nearest square whose centre lies in a photo and whose side suits it. */
fun FaceSquare.within(width: Int, height: Int): FaceSquare {
    if (!listOf(centre.x, centre.y, halfSide.x, halfSide.y).all(Double::isFinite) || side == 0.0) {
        return centredSquare(width, height)
    }
    val fitting = side.coerceIn(SMALLEST * minOf(width, height), LARGEST * maxOf(width, height))
    val x = centre.x.coerceIn(0.0, width.toDouble())
    val y = centre.y.coerceIn(0.0, height.toDouble())
    return FaceSquare(Point(x, y), halfSide * (fitting / side))
}

/** The same square in the same photo at another size. */
fun FaceSquare.scaled(factor: Double) = FaceSquare(centre * factor, halfSide * factor)

/** Larger or smaller around its centre. */
fun FaceSquare.zoomed(factor: Double) = FaceSquare(centre, halfSide * factor)

/** Corners: left upper, right upper, right lower, left lower of what the network sees. */
fun FaceSquare.corners(): List<Point> {
    val down = Point(-halfSide.y, halfSide.x)
    val (up, right) = down * -1.0 to halfSide
    return listOf(up - right, up + right, down + right, down - right).map { centre + it }
}

/** A point of the photo in the square: (0, 0) its left upper corner, (1, 1) its right lower one. */
fun FaceSquare.toUnit(point: Point): Point {
    val offset = point - centre
    val squared = halfSide.x * halfSide.x + halfSide.y * halfSide.y
    return Point(
        0.5 + 0.5 * (offset.x * halfSide.x + offset.y * halfSide.y) / squared,
        0.5 + 0.5 * (offset.y * halfSide.x - offset.x * halfSide.y) / squared,
    )
}
