package org.tfganedit.core

/**
 * Which signatures make an edit.
 *
 * @property encode reads a photo once for any number of pictures, or null where [draw] reads it.
 * @property draw makes the picture.
 * @property readStyle reads the style of a drawing, or null.
 */
data class EditPlan(val encode: Signature?, val draw: Signature, val readStyle: Signature?) {
    /** What [draw] and [encode] read of the photo that is edited. */
    val photo: Port = (encode ?: draw).inputs.first { it.kind == PHOTO }
    val code: Port? = draw.inputs.firstOrNull { it.kind == CODE }
    val reference: Port? = draw.inputs.firstOrNull { it.kind == PHOTO && it.name != photo.name }
    val mask: Port? = draw.inputs.firstOrNull { it.kind == MASK }
    val style: Port? = draw.inputs.firstOrNull(::isStyle)
    val edited: Port = draw.outputs.first { it.kind == PHOTO }
    val controls = Controls(style != null, readStyle != null, reference != null, mask != null)

    companion object {
        private const val PHOTO = "photo"
        private const val CODE = "code"
        private const val MASK = "mask"
        private const val REFERENCE = "reference"

        private fun isStyle(port: Port) =
            port.kind == "latent" && port.distribution == GaussianStyle.DISTRIBUTION

        /** Throws [ModelException] for models that no photo and no finger can feed. */
        fun of(signatures: List<Signature>): EditPlan {
            val drawing = signatures.filter { s -> s.outputs.any { it.kind == PHOTO } }
            for (draw in drawing) {
                val code = draw.inputs.firstOrNull { it.kind == CODE } ?: continue
                val encode = signatures.firstOrNull { s ->
                    s.inputs.singleOrNull()?.kind == PHOTO && code in s.outputs
                } ?: continue
                return EditPlan(encode, draw, styleReader(signatures, draw)).also(::check)
            }
            val draw = drawing.firstOrNull { s -> s.inputs.any { it.kind == PHOTO } }
                ?: throw ModelException("it edits no photo")
            return EditPlan(null, draw, styleReader(signatures, draw)).also(::check)
        }

        private fun styleReader(signatures: List<Signature>, draw: Signature): Signature? {
            val style = draw.inputs.firstOrNull(::isStyle) ?: return null
            return signatures.firstOrNull { s ->
                val (input, output) = s.inputs.singleOrNull() to s.outputs.singleOrNull()
                input?.kind == PHOTO && input.name == REFERENCE &&
                    output?.kind == style.kind && output.shape == style.shape
            }
        }

        private fun check(plan: EditPlan) {
            val known = listOf(plan.photo, plan.code, plan.reference, plan.mask, plan.style)
            for (port in plan.draw.inputs) {
                if (port !in known) {
                    throw ModelException("nothing here gives its input ${port.name} (${port.kind})")
                }
            }
            val pictures = listOfNotNull(plan.photo, plan.reference, plan.edited, plan.mask) +
                plan.readStyle?.inputs.orEmpty()
            for (port in pictures) {
                if (port.shape.size != 4 || port.channels != 1 && port.channels != 3) {
                    throw ModelException("${port.name} is no picture: its shape is ${port.shape}")
                }
            }
        }
    }
}
