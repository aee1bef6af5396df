package org.tfganedit.core

/**
 * A tensor at an end of a file: float32, batch 1.
 *
 * @property kind "photo", "mask", "latent", "code" and others, as in export.json.
 * @property distribution "standard_normal" where every draw is a good value, or null.
 */
data class Port(
    val name: String,
    val kind: String,
    val shape: List<Int>,
    val distribution: String?,
    val about: String,
) {
    /** Number of values. */
    val size: Int get() = shape.reduce(Int::times)

    /** Of a picture [1, height, width, channels]. */
    val height: Int get() = shape[1]
    val width: Int get() = shape[2]
    val channels: Int get() = shape[3]
}

/** A function of a file; [file] is its path below the folder of the models. */
data class Signature(
    val name: String,
    val file: String,
    val inputs: List<Port>,
    val outputs: List<Port>,
)

/** A file of an export; [path] is below the folder of the models. */
data class ModelFile(val path: String, val bytes: Long, val sha256: String)

/** How resizing samples: a sinc, windowed to [lobes] lobes. */
data class ResizeRule(val lobes: Int)

/**
 * What lies outside of a photo: its mirror image, blurred and faded to the median colour.
 *
 * @property border around a square that must lie inside, in sides, at least [minBorder] pixels.
 * @property margin that is added where it does not, in sides.
 * @property blur standard deviation, in sides.
 * @property blurSlope how fast the blur sets in: full at the border, none 1 / slope inside.
 */
data class OutsideRule(
    val border: Double,
    val minBorder: Int,
    val margin: Double,
    val blur: Double,
    val blurSlope: Double,
)

/**
 * FFHQ's square around a face, and how it is sampled; see export/framing.py.
 *
 * @property minPixels of a photo that is made smaller first, for one pixel of the result.
 */
data class FaceRule(
    val eyesFactor: Double,
    val mouthFactor: Double,
    val centreShift: Double,
    val minPixels: Int,
    val maxSupersampling: Int,
    val bicubicA: Double,
    val outside: OutsideRule,
)

/**
 * How photos come to [width] x [height] and back.
 *
 * @property strength lowest and highest.
 * @property feather width of a pasted square's soft border, in sides.
 */
data class FramingRule(
    val width: Int,
    val height: Int,
    val resize: ResizeRule,
    val face: FaceRule,
    val strength: ClosedFloatingPointRange<Float>,
    val feather: Double,
)

/** What a user may set of a model besides photo and strength. */
data class Controls(
    /** A style, by seed. */
    val style: Boolean,
    /** A drawing whose style is taken. */
    val styleReference: Boolean,
    /** A second photo. */
    val reference: Boolean,
    /** A region, painted on what the network is given. */
    val mask: Boolean,
)

/**
 * An exported model, as its export.json describes it.
 *
 * @property id name of its folder, unique in a catalog.
 * @property title for people.
 * @property plan which signatures make an edit.
 * @property multiplyAdds of all signatures together.
 * @property recommended false where the file's error exceeds the limits of its quantisation.
 */
data class ModelSpec(
    val id: String,
    val title: String,
    val system: String,
    val task: String,
    val quantize: String,
    val files: List<ModelFile>,
    val plan: EditPlan,
    val framing: FramingRule,
    val parameters: Long,
    val multiplyAdds: Long,
    val recommended: Boolean,
    val licence: String?,
) {
    val controls: Controls get() = plan.controls
    val bytes: Long get() = files.sumOf { it.bytes }
}
