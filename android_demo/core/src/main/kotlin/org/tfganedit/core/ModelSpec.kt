package org.tfganedit.core

/** A tensor at an end of a file: float32, batch 1. [kind] as in export.json. */
data class Port(
    val name: String,
    val kind: String,
    val shape: List<Int>,
    val range: ClosedFloatingPointRange<Float>?,
    val distribution: String?,
    val about: String,
) {
    /** Number of values. */
    val size: Int get() = shape.reduce(Int::times)
}

/** A function of a file. */
data class Signature(val name: String, val file: String, val inputs: List<Port>, val outputs: List<Port>)

/** A file of an export. [path] is relative to the folder of the models. */
data class ModelFile(val path: String, val bytes: Long, val sha256: String)

/** How resizing samples; the kernel is a windowed sinc with [lobes] lobes. */
data class ResizeRule(val lobes: Int)

/** FFHQ's square and how it is sampled. */
data class FaceRule(
    val eyesFactor: Double,
    val mouthFactor: Double,
    val centreShift: Double,
    val maxSupersampling: Int,
    val bicubicA: Double,
)

/** How photos come to [width] x [height] and back. */
data class FramingRule(
    val width: Int,
    val height: Int,
    val resize: ResizeRule,
    val face: FaceRule,
    val strength: ClosedFloatingPointRange<Float>,
    val feather: Double,
)

/** What a user may set of a model besides the photo, from the kinds of its inputs. */
data class Controls(
    /** A random style by seed: an input "latent" that is normally distributed. */
    val style: Boolean,
    /** A drawing whose style is taken: a signature gives such a latent of a photo. */
    val styleReference: Boolean,
    /** A second photo. */
    val reference: Boolean,
    /** A region, painted. */
    val mask: Boolean,
)

/**
 * An exported model, as its export.json describes it.
 *
 * @property id its folder's name, unique in a catalog.
 * @property title for people.
 * @property recommended false for files whose error exceeded the limits of their quantisation.
 */
data class ModelSpec(
    val id: String,
    val title: String,
    val system: String,
    val task: String,
    val quantize: String,
    val signatures: List<Signature>,
    val files: List<ModelFile>,
    val framing: FramingRule,
    val controls: Controls,
    val parameters: Long,
    val multiplyAdds: Long,
    val recommended: Boolean,
    val licence: String?,
) {
    val bytes: Long get() = files.sumOf { it.bytes }
}
