package org.tfganedit.core

/** What a view shows of a picture: all of it, centred, as large as fits. */
class Viewport(pictureWidth: Int, pictureHeight: Int, viewWidth: Int, viewHeight: Int) {
    init {
        require(minOf(pictureWidth, pictureHeight, viewWidth, viewHeight) > 0) {
            "sizes must be positive. Received: $pictureWidth $pictureHeight $viewWidth $viewHeight"
        }
    }

    /** Pixels of the view a pixel of the picture. */
    val scale = minOf(viewWidth / pictureWidth.toDouble(), viewHeight / pictureHeight.toDouble())
    val left = (viewWidth - pictureWidth * scale) / 2
    val top = (viewHeight - pictureHeight * scale) / 2
    val right = viewWidth - left
    val bottom = viewHeight - top

    fun toPicture(point: Point) = Point((point.x - left) / scale, (point.y - top) / scale)

    fun toView(point: Point) = Point(left + point.x * scale, top + point.y * scale)
}
