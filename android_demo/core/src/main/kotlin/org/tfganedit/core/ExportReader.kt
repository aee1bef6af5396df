package org.tfganedit.core

/** Reads an export.json. Rules that are words must be those that this code follows. */
internal class ExportReader(private val folder: String, private val title: String) {
    /** Throws [JsonException] and [ModelException]. */
    fun read(json: Json): ModelSpec {
        json["format"].expect("tfgan_edit export")
        json["format_version"].expect(1.0)
        json["file_format"].expect("tflite")
        if (json["framing"].isNull) throw ModelException("it edits no photo")
        val plan = EditPlan.of(json["signatures"].list.map(::signature))
        val framing = framing(json["framing"])
        if (plan.photo.height != framing.height || plan.photo.width != framing.width) {
            throw ModelException("its framing is not of the size that it reads")
        }
        return ModelSpec(
            id = folder,
            title = title,
            system = json["system"].string,
            task = json["task"].string,
            quantize = json["quantize"].string,
            files = files(json["files"]),
            plan = plan,
            framing = framing,
            parameters = json["parameters"].long,
            multiplyAdds = json["multiply_adds"].long,
            recommended = json["verification"]["recommended"].boolean,
            licence = json["preset"].optional("licence")?.string,
        )
    }

    private fun files(json: Json) = json.keys.map { name ->
        ModelFile("$folder/$name", json[name]["bytes"].long, json[name]["sha256"].string)
    }

    private fun signature(json: Json) = Signature(
        json["name"].string,
        "$folder/${json["file"].string}",
        json["inputs"].list.map(::port),
        json["outputs"].list.map(::port),
    )

    private fun port(json: Json): Port {
        json["dtype"].expect("float32")
        val kind = json["kind"].string
        if (kind == "photo" || kind == "mask") {
            json["layout"].expect("NHWC")
            val (low, high) = json["range"].pair
            low.expect(0.0)
            high.expect(1.0)
        }
        val shape = json["shape"].list.map { it.int }
        if (shape.isEmpty() || shape[0] != 1 || shape.any { it < 1 }) {
            throw JsonException("the shape of ${json["name"].string} is $shape, not of one picture")
        }
        val distribution = json.optional("distribution")?.string
        return Port(json["name"].string, kind, shape, distribution, json["about"].string)
    }

    fun framing(json: Json): FramingRule {
        json["to_float"].expect("byte / 255")
        json["to_byte"].expect("clip(round(255 * value), 0, 255)")
        json["strength"]["rule"].expect("photo + strength * (edited - photo)")
        json["paste_back"]["rule"].expect("photo + mask * (edited - photo)")
        json["crop"]["center"]["rule"].expect("largest middle part of the input's shape")
        val (low, high) = json["strength"]["range"].pair
        return FramingRule(
            width = json["width"].int,
            height = json["height"].int,
            resize = resize(json["resize"]),
            face = face(json["crop"]["face_square"]),
            strength = low.float..high.float,
            feather = json["paste_back"]["feather"].double,
        )
    }

    private fun resize(json: Json): ResizeRule {
        json["filter"].expect("lanczos")
        json["antialias"].expect(true)
        json["pixel_centre"].expect(0.5)
        json["rounding"].expect("uint8 after each axis, horizontal first")
        return ResizeRule(json["lobes"].int)
    }

    private fun face(json: Json): FaceRule {
        json["rule"].expect("FFHQ")
        json["sampling"]["filter"].expect("bicubic")
        json["sampling"]["rounding"].expect("down")
        return FaceRule(
            eyesFactor = json["eyes_factor"].double,
            mouthFactor = json["mouth_factor"].double,
            centreShift = json["centre_shift"].double,
            minPixels = json["min_pixels"].int,
            maxSupersampling = json["max_supersampling"].int,
            bicubicA = json["sampling"]["a"].double,
            outside = outside(json["outside"]),
        )
    }

    private fun outside(json: Json): OutsideRule {
        json["rule"].expect("mirrored, blurred, faded to the median colour")
        return OutsideRule(
            border = json["border"].double,
            minBorder = json["min_border"].int,
            margin = json["margin"].double,
            blur = json["blur"].double,
            blurSlope = json["blur_slope"].double,
        )
    }
}
