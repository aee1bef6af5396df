package org.tfganedit.app

import android.app.ActivityManager
import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import org.tfganedit.core.FaceRule
import org.tfganedit.core.FaceSquare
import org.tfganedit.core.Photo
import org.tfganedit.core.Place
import org.tfganedit.core.scaled

/**
 * A picture that was opened.
 *
 * @property photo at the size that edits are made at.
 * @property bitmap of it, as it is shown.
 * @property face a square in it, or null where none was found.
 */
class OpenPhoto(val uri: Uri, val photo: Photo, val bitmap: Bitmap, val face: FaceSquare?) {
    private val longer = maxOf(photo.width, photo.height).toDouble()

    /** A square in pixels as parts of the longer side, which are the same at all sizes; and back. */
    fun toParts(square: FaceSquare) = square.scaled(1 / longer)

    fun toPixels(parts: FaceSquare) = parts.scaled(longer)

    /** A square of this photo in the same photo at another size. */
    fun at(other: Photo, square: FaceSquare) =
        square.scaled(maxOf(other.width, other.height) / longer)

    /** Its face, else its middle. */
    fun facePlace(): Place = if (face == null) Place.Center else Place.Face(face)
}

/** Opens pictures at sizes that the device's memory has room for. */
class PhotoOpener(context: Context) {
    private val reader = PhotoReader(context.contentResolver)
    private val limits = MemoryLimits.of(context)

    /** For editing. @throws UnreadablePhoto. */
    fun open(uri: Uri, faces: FaceRule?): OpenPhoto {
        val photo = reader.read(uri, MemoryLimits.EDITED_SIDE, limits.pixels)
        val face = faces?.let { FaceFinder.find(photo, it) }
        return OpenPhoto(uri, photo, photo.toBitmap(), face)
    }

    /** For saving, as large as there is room for. @throws UnreadablePhoto. */
    fun large(uri: Uri): Photo = reader.read(uri, Int.MAX_VALUE, limits.pixels)
}

/** @property pixels that a photo may have. */
class MemoryLimits private constructor(val pixels: Long) {
    companion object {
        /** While edits are tried: a screen shows no more. */
        const val EDITED_SIDE = 2048

        /** Saved photos have at most these; cameras' usual size. */
        private const val MOST_PIXELS = 12_000_000L

        /** A photo, its edit and what is between take 4 bytes a pixel each: half the heap for four. */
        private const val BYTES = 4 * 4 * 2

        fun of(context: Context): MemoryLimits {
            val manager = context.getSystemService(ActivityManager::class.java)
            val megabytes = manager?.largeMemoryClass ?: 128
            return MemoryLimits(minOf(MOST_PIXELS, megabytes * (1L shl 20) / BYTES))
        }
    }
}
