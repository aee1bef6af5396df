package org.tfganedit.core

/** A point in pixels; (0, 0) is the left upper corner of the photo. */
data class Point(val x: Double, val y: Double)

/**
 * A turned square in a photo.
 *
 * @property centre in pixels from the left upper corner of the photo.
 * @property halfSide from the centre to the middle of the right side.
 */
data class FaceSquare(val centre: Point, val halfSide: Point) {
    /** Length of a side in pixels of the photo. */
    val side: Double get() = 2 * Math.hypot(halfSide.x, halfSide.y)

    companion object {
        /**
         * FFHQ's square from the eyes and the middle of the mouth's corners, (0, 0) at the centre of
         * the first pixel. Null where they lie in one place.
         */
        fun ofLandmarks(leftEye: Point, rightEye: Point, mouth: Point, rule: FaceRule): FaceSquare? = TODO()

        /** The same for a detector that knows the eyes alone: the mouth is where it usually is. */
        fun ofEyes(leftEye: Point, rightEye: Point, rule: FaceRule): FaceSquare? = TODO()
    }
}
