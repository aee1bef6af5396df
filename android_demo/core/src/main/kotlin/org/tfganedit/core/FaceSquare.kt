package org.tfganedit.core

import kotlin.math.abs
import kotlin.math.hypot
import kotlin.math.max

/** A point in pixels; (0, 0) is the left upper corner of the photo. */
data class Point(val x: Double, val y: Double) {
    val length: Double get() = hypot(x, y)
}

/**
 * A turned square in a photo.
 *
 * @property centre in pixels from the left upper corner of the photo.
 * @property halfSide from the centre to the middle of the right side.
 */
data class FaceSquare(val centre: Point, val halfSide: Point) {
    /** Length of a side in pixels of the photo. */
    val side: Double get() = 2 * halfSide.length

    /** How far its corners are from the centre, along an axis of the photo. */
    internal val reach: Double get() = abs(halfSide.x) + abs(halfSide.y)

    /** x = a u + b v + c, y = d u + e v + f for (u, v) in a picture of [size] x [size]. */
    internal fun affine(size: Int): Affine {
        val x = halfSide.x * (2.0 / size)
        val y = halfSide.y * (2.0 / size)
        // The v axis is the u axis turned by a quarter: (-y, x).
        return Affine(
            x, -y, centre.x - halfSide.x + halfSide.y,
            y, x, centre.y - halfSide.y - halfSide.x,
        )
    }

    companion object {
        // Distance from the eyes' middle to the mouth's, in distances of the eyes: of an upright
        // frontal face, as in CelebA's standard pose, whose eyes are 39 pixels apart and 41 above
        // the mouth.
        private const val EYES_TO_MOUTH = 1.05
        private const val SHORTEST = 1e-6 // pixels

        /**
         * FFHQ's square from the eyes and the middle of the mouth's corners, (0, 0) at the centre
         * of the first pixel. Null where they lie in one place or are not finite.
         *
         * @param leftEye, rightEye as seen in the photo.
         */
        fun ofLandmarks(
            leftEye: Point, rightEye: Point, mouth: Point, rule: FaceRule,
        ): FaceSquare? {
            val eyes = (leftEye + rightEye) * 0.5
            val eyeToEye = rightEye - leftEye
            val eyeToMouth = mouth - eyes
            // Along the line of the eyes and across the line from eyes to mouth.
            val across = eyeToEye - Point(-eyeToMouth.y, eyeToMouth.x)
            if (!(across.length >= SHORTEST && across.length.isFinite())) return null
            val half = max(rule.eyesFactor * eyeToEye.length, rule.mouthFactor * eyeToMouth.length)
            val centre = eyes + eyeToMouth * rule.centreShift + Point(0.5, 0.5)
            return FaceSquare(centre, across * (half / across.length))
        }

        /** The same for a detector that knows the eyes alone: the mouth is where it usually is. */
        fun ofEyes(leftEye: Point, rightEye: Point, rule: FaceRule): FaceSquare? {
            val eyeToEye = rightEye - leftEye
            val mouth = (leftEye + rightEye) * 0.5 + Point(-eyeToEye.y, eyeToEye.x) * EYES_TO_MOUTH
            return ofLandmarks(leftEye, rightEye, mouth, rule)
        }
    }
}
