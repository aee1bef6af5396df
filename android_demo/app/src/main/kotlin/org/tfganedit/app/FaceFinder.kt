package org.tfganedit.app

import android.graphics.Bitmap
import android.graphics.PointF
import android.media.FaceDetector
import org.tfganedit.core.FaceRule
import org.tfganedit.core.FaceSquare
import org.tfganedit.core.Photo
import org.tfganedit.core.Point
import org.tfganedit.core.within

/** Finds the largest face by the platform's own detector, which knows the eyes of upright faces. */
object FaceFinder {
    /** Of what is searched: faces are still large on it, and it takes a fraction of a second. */
    private const val SIDE = 640
    private const val MOST_FACES = 8

    /** The square around the face whose eyes are farthest apart, or null. */
    fun find(photo: Photo, rule: FaceRule): FaceSquare? {
        if (photo.width < 2) return null
        val small = photo.toBitmap(SIDE)
        val scale = photo.width / small.width.toDouble()
        val searched = forDetector(small) ?: return null
        val faces = arrayOfNulls<FaceDetector.Face>(MOST_FACES)
        FaceDetector(searched.width, searched.height, MOST_FACES).findFaces(searched, faces)
        searched.recycle()
        val face = faces.filterNotNull()
            .filter { it.confidence() >= FaceDetector.Face.CONFIDENCE_THRESHOLD }
            .maxByOrNull(FaceDetector.Face::eyesDistance) ?: return null
        val middle = PointF()
        face.getMidPoint(middle)
        val half = face.eyesDistance() / 2.0
        // Pixels of the whole photo, 0 at the centre of the first one.
        fun eye(x: Double) = Point((x + 0.5) * scale - 0.5, (middle.y + 0.5) * scale - 0.5)
        return FaceSquare.ofEyes(eye(middle.x - half), eye(middle.x + half), rule)
            ?.within(photo.width, photo.height)
    }

    /** The detector reads 16-bit pixels of an even width. */
    private fun forDetector(bitmap: Bitmap): Bitmap? {
        val even = bitmap.width - bitmap.width % 2
        val cut = if (even in 1 until bitmap.width) {
            Bitmap.createBitmap(bitmap, 0, 0, even, bitmap.height)
        } else {
            bitmap
        }
        return cut.copy(Bitmap.Config.RGB_565, false)
    }
}
