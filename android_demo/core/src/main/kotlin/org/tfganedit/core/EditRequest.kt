package org.tfganedit.core

/** Where a style comes from. */
sealed interface Style {
    /** Drawn from the distribution that export.json names, the same for the same seed. */
    data class Seed(val seed: Long) : Style

    /** Of a drawing, whose middle is read. */
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
 * What to make. Photos and masks are compared by identity: requests with the same ones reuse what
 * was computed of them.
 *
 * @property reference the second photo, for models that have two; its middle is taken, or what
 *   [referencePlace] says.
 * @property mask on what the network is given of the photo; not changed after it is submitted.
 * @property whole whether the edit is put back into the photo; a preview is the network's input and
 *   output as they are.
 */
data class EditRequest(
    val model: ModelSpec,
    val backend: Backend,
    val photo: Photo,
    val place: Place = Place.Center,
    val style: Style = Style.Seed(0),
    val reference: Photo? = null,
    val referencePlace: Place = Place.Center,
    val mask: Mask? = null,
    val whole: Boolean = true,
)

/**
 * A finished edit at full strength, and how it was made.
 *
 * @property before what the edit is compared with, of the same size as [edited].
 * @property output the network's picture, for [Framing.finished] in the same photo at another size.
 * @property backend the one that ran.
 * @property description [ImageModel.description].
 * @property fallback why that is not the one that was asked for; null where it is.
 * @property ran the signatures that ran; fewer where a photo was encoded before.
 * @property latency of this run.
 * @property summary of all runs of the same signatures on the same backend since it was loaded.
 */
class EditResult(
    val request: EditRequest,
    val before: Photo,
    val edited: Photo,
    val output: Photo,
    val backend: Backend,
    val description: String,
    val fallback: String?,
    val ran: List<String>,
    val latency: Latency,
    val summary: LatencySummary,
) {
    /** The edit at a strength: blended, nothing runs again. */
    fun at(strength: Float): Photo = Blend.blend(before, edited, strength)
}

/** What became of a request. */
sealed interface Outcome {
    data class Done(val result: EditResult) : Outcome

    /** [reason] in a sentence for people; the engine goes on. */
    data class Failed(val request: EditRequest, val reason: String) : Outcome
}
