package org.tfganedit.app

import android.net.Uri
import android.os.Bundle
import org.tfganedit.core.Backend
import org.tfganedit.core.FaceSquare
import org.tfganedit.core.Point

/** What fingers do on the photo. */
enum class Mode { COMPARE, PLACE, BRUSH }

/** Which picture a picker was opened for. */
enum class Purpose { PHOTO, REFERENCE, DRAWING }

/**
 * All that a user has chosen. It survives rotation and the end of the process; what is computed of
 * it does not.
 *
 * @property place the square, as parts of the photo's longer side; null takes the middle.
 * @property drawing of which the style is taken, instead of [seed].
 * @property firstSeed of the styles that are offered.
 * @property mask what `MaskPainting.pack` gave.
 * @property divider part of the view's width that shows the photo before the edit.
 * @property pending what the open picker or camera is for.
 * @property camera where the open camera writes.
 */
data class EditState(
    val photo: Uri? = null,
    val model: String? = null,
    val backend: Backend = Backend.GPU,
    val strength: Float = 1f,
    val place: FaceSquare? = null,
    val seed: Long = 0,
    val firstSeed: Long = 0,
    val drawing: Uri? = null,
    val reference: Uri? = null,
    val mask: ByteArray? = null,
    val brush: Float = 0.5f,
    val erase: Boolean = false,
    val mode: Mode = Mode.COMPARE,
    val divider: Float = 0.5f,
    val pending: Purpose? = null,
    val camera: Uri? = null,
) {
    fun saveTo(bundle: Bundle) {
        photo?.let { bundle.putString(PHOTO, it.toString()) }
        model?.let { bundle.putString(MODEL, it) }
        bundle.putString(BACKEND, backend.name)
        bundle.putFloat(STRENGTH, strength)
        place?.let {
            bundle.putDoubleArray(
                PLACE, doubleArrayOf(it.centre.x, it.centre.y, it.halfSide.x, it.halfSide.y)
            )
        }
        bundle.putLong(SEED, seed)
        bundle.putLong(FIRST_SEED, firstSeed)
        drawing?.let { bundle.putString(DRAWING, it.toString()) }
        reference?.let { bundle.putString(REFERENCE, it.toString()) }
        mask?.let { bundle.putByteArray(MASK, it) }
        bundle.putFloat(BRUSH, brush)
        bundle.putBoolean(ERASE, erase)
        bundle.putString(MODE, mode.name)
        bundle.putFloat(DIVIDER, divider)
        pending?.let { bundle.putString(PENDING, it.name) }
        camera?.let { bundle.putString(CAMERA, it.toString()) }
    }

    companion object {
        private const val PHOTO = "photo"
        private const val MODEL = "model"
        private const val BACKEND = "backend"
        private const val STRENGTH = "strength"
        private const val PLACE = "place"
        private const val SEED = "seed"
        private const val FIRST_SEED = "first_seed"
        private const val DRAWING = "drawing"
        private const val REFERENCE = "reference"
        private const val MASK = "mask"
        private const val BRUSH = "brush"
        private const val ERASE = "erase"
        private const val MODE = "mode"
        private const val DIVIDER = "divider"
        private const val PENDING = "pending"
        private const val CAMERA = "camera"

        /** What [saveTo] wrote, or a new state. */
        fun from(bundle: Bundle?): EditState {
            if (bundle == null) return EditState()
            val fresh = EditState()
            return EditState(
                photo = bundle.uri(PHOTO),
                model = bundle.getString(MODEL),
                backend = bundle.one(BACKEND) ?: fresh.backend,
                strength = bundle.getFloat(STRENGTH, fresh.strength),
                place = bundle.getDoubleArray(PLACE)?.takeIf { it.size == 4 }?.let {
                    FaceSquare(Point(it[0], it[1]), Point(it[2], it[3]))
                },
                seed = bundle.getLong(SEED, fresh.seed),
                firstSeed = bundle.getLong(FIRST_SEED, fresh.firstSeed),
                drawing = bundle.uri(DRAWING),
                reference = bundle.uri(REFERENCE),
                mask = bundle.getByteArray(MASK),
                brush = bundle.getFloat(BRUSH, fresh.brush),
                erase = bundle.getBoolean(ERASE, fresh.erase),
                mode = bundle.one(MODE) ?: fresh.mode,
                divider = bundle.getFloat(DIVIDER, fresh.divider),
                pending = bundle.one<Purpose>(PENDING),
                camera = bundle.uri(CAMERA),
            )
        }

        private fun Bundle.uri(key: String): Uri? = getString(key)?.let(Uri::parse)

        private inline fun <reified T : Enum<T>> Bundle.one(key: String): T? {
            val name = getString(key)
            return enumValues<T>().find { it.name == name }
        }
    }
}
