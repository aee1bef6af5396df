package org.tfganedit.app

import android.app.ActivityManager
import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import org.tfganedit.core.Blend
import org.tfganedit.core.EditResult
import org.tfganedit.core.FaceRule
import org.tfganedit.core.FaceSquare
import org.tfganedit.core.Framing
import org.tfganedit.core.Photo
import org.tfganedit.core.Place
import org.tfganedit.core.Placement
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

    /** A square in pixels as parts of the longer side, which are the same at all sizes. */
    fun toParts(square: FaceSquare) = square.scaled(1 / longer)

    fun toPixels(parts: FaceSquare) = parts.scaled(longer)

    /** A square of this photo in the same photo at another size. */
    fun at(other: Photo, square: FaceSquare) =
        square.scaled(maxOf(other.width, other.height) / longer)

    /** Its face, else its middle. */
    fun facePlace(): Place = if (face == null) Place.Center else Place.Face(face)

    /** Bitmaps of an edit of this photo. */
    fun shown(made: EditResult): ShownEdit {
        val (place, rule) = made.request.place to made.request.model.framing
        val before = if (made.before === photo) bitmap else made.before.toBitmap()
        val box = Placement(place, photo.width, photo.height, rule).shown
        return ShownEdit(box, before, made.edited.toBitmap())
    }
}

/** Opens pictures at sizes that the device's memory has room for. */
class PhotoOpener(context: Context) {
    private val reader = PhotoReader(context.contentResolver)
    private val pixels = mostPixels(context)

    /** For editing. @throws UnreadablePhoto. */
    fun open(uri: Uri, faces: FaceRule?): OpenPhoto {
        val photo = reader.read(uri, EDITED_SIDE, pixels)
        val face = faces?.let { FaceFinder.find(photo, it) }
        return OpenPhoto(uri, photo, photo.toBitmap(), face)
    }

    /**
     * For saving: the photo again, as large as there is room for, with the edit in it.
     *
     * @throws UnreadablePhoto where it is gone.
     */
    fun finished(opened: OpenPhoto, made: EditResult, strength: Float): Photo {
        val place = made.request.place as? Place.Face ?: return made.at(strength)
        val large = reader.read(opened.uri, Int.MAX_VALUE, pixels)
        val there = Place.Face(opened.at(large, place.square))
        val edited = Framing(made.request.model.framing).finished(large, made.output, there)
        Blend.blendInto(large, edited, strength, edited.pixels)
        return edited
    }

    private companion object {
        /** While edits are tried: a screen shows no more. */
        const val EDITED_SIDE = 2048

        /** Saved photos have at most these; cameras' usual size. */
        const val MOST_PIXELS = 12_000_000L

        /** Half of the heap holds a photo, its edit and two more of 4 bytes a pixel. */
        const val BYTES = 2 * 4 * 4

        fun mostPixels(context: Context): Long {
            val megabytes = context.getSystemService(ActivityManager::class.java).largeMemoryClass
            return minOf(MOST_PIXELS, megabytes * (1L shl 20) / BYTES)
        }
    }
}
