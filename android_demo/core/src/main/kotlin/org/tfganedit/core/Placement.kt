package org.tfganedit.core

/** A place in a photo, for touching it: where the network's input lies in the photo. */
class Placement(place: Place, photoWidth: Int, photoHeight: Int, private val rule: FramingRule) {
    private val box = Crop.center(photoWidth, photoHeight, rule.width, rule.height)
    private val square = (place as? Place.Face)?.square

    /** Part of the photo that a result shows: all of it for a face, else the middle. */
    val shown: Box = if (square == null) box else Box(0, 0, photoWidth, photoHeight)

    /**
     * Corners in the photo of what the network sees: left upper, right upper, right lower, left
     * lower.
     */
    val outline: List<Point> = square?.corners() ?: listOf(
        Point(box.left.toDouble(), box.top.toDouble()),
        Point((box.left + box.width).toDouble(), box.top.toDouble()),
        Point((box.left + box.width).toDouble(), (box.top + box.height).toDouble()),
        Point(box.left.toDouble(), (box.top + box.height).toDouble()),
    )

    /** A point of the photo in pixels of the network's input. */
    fun toInput(point: Point): Point {
        val unit = square?.toUnit(point)
            ?: Point((point.x - box.left) / box.width, (point.y - box.top) / box.height)
        return Point(unit.x * rule.width, unit.y * rule.height)
    }
}
