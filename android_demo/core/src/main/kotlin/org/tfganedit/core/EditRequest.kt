package org.tfganedit.core

/** Where a style comes from. */
sealed interface Style {
    /** Drawn from the distribution in export.json, the same for the same seed. */
    data class Seed(val seed: Long) : Style

    /** Of a drawing. */
    data class Reference(val drawing: Photo) : Style
}

/**
 * A region that a user paints: 1 where the reference is taken.
 *
 * @property width of the canvas, which lies over what the network is given ([Framing.cut]).
 * @property values in [0, 1], row by row.
 */
class Mask(val width: Int, val height: Int, val values: FloatArray)

/**
 * What to make; requests with the same parts as before reuse what was computed of them.
 *
 * @property whole whether the edit is put back into the photo; a preview is the network's input and
 *     output as they are.
 */
data class EditRequest(
    val model: ModelSpec,
    val backend: Backend,
    val photo: Photo,
    val place: Place = Place.Center,
    val style: Style? = null,
    val reference: Photo? = null,
    val referencePlace: Place = Place.Center,
    val mask: Mask? = null,
    val whole: Boolean = true,
)

/** A finished edit at full strength, and how it was made. */
class EditResult(
    val request: EditRequest,
    /** What the edit is compared with, of the same size. */
    val before: Photo,
    val edited: Photo,
    /** The network's picture, to be put into the same photo at another size. */
    val output: Photo,
    /** The backend that ran. */
    val backend: Backend,
    /** [ImageModel.description]. */
    val description: String,
    /** Why it was not the one asked for, or null. */
    val fallback: String?,
    val latency: Latency,
) {
    /** The edit at a strength: blended, nothing runs again. */
    fun at(strength: Float): Photo = Blend.blend(before, edited, strength)
}

/** What an engine tells; never thrown. */
sealed interface Outcome {
    data class Done(val result: EditResult) : Outcome

    /** [reason] for people. The engine goes on. */
    data class Failed(val request: EditRequest, val reason: String) : Outcome
}
