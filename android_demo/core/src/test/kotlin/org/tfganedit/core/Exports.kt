package org.tfganedit.core

import java.io.FileNotFoundException
import java.security.MessageDigest

/** Exports as export/exporter.py describes them, without a network inside. */
object Exports {
    private fun port(name: String, kind: String, shape: String, more: String = "") =
        """{"name": "$name", "kind": "$kind", "dtype": "float32", "shape": $shape,
            "layout": "NHWC", "range": [0.0, 1.0], "about": ""$more}"""

    private const val SIZE = "[1, 8, 8, 3]"
    private val photo = port("photo", "photo", SIZE)
    private val reference = port("reference", "photo", SIZE)
    private val edited = port("edited", "photo", SIZE)
    private val mask = port("mask", "mask", "[1, 8, 8, 1]")
    private val style = port("style", "latent", "[1, 4]", ", \"distribution\": \"standard_normal\"")
    private val own = port("photo_style", "latent", "[1, 4]", ", \"distribution\": null")
    private val read = port("reference_style", "latent", "[1, 4]", ", \"distribution\": null")
    private val code = port("content", "code", "[1, 2, 2, 5]")

    private fun signature(name: String, inputs: List<String>, outputs: List<String>) =
        """{"name": "$name", "file": "model.tflite", "inputs": $inputs, "outputs": $outputs}"""

    val edit = listOf(signature("edit", listOf(photo), listOf(edited)))
    val region = listOf(signature("edit", listOf(photo, reference, mask), listOf(edited)))
    val roses = listOf(
        signature("draw", listOf(photo, style), listOf(edited)),
        signature("encode", listOf(photo), listOf(code, own)),
        signature("decode", listOf(code, style), listOf(edited)),
        signature("read_style", listOf(reference), listOf(read)),
    )
    val generate = listOf(signature("generate", listOf(style), listOf(edited)))
    val labels = listOf(
        signature("edit", listOf(photo, port("labels", "labels", "[1, 8, 8, 1]")), listOf(edited)),
    )
    val flat = listOf(signature("edit", listOf(port("photo", "photo", "[1, 192]")), listOf(edited)))

    /** The file that [text] describes. */
    val model = "a network".toByteArray()

    fun text(signatures: List<String>, framing: String = Golden.text("framing")) = """{
        "format": "tfgan_edit export", "format_version": 1, "file_format": "tflite",
        "system": "pix2pixhd", "task": "photo_to_photo", "quantize": "fp16",
        "files": {"model.tflite": {"bytes": ${model.size}, "sha256": "${sha256(model)}"}},
        "signatures": $signatures, "framing": $framing,
        "parameters": 1234, "multiply_adds": 5678901234,
        "verification": {"recommended": true}, "preset": {"licence": "CC0-1.0"}
    }"""

    fun spec(signatures: List<String>, id: String = "smile"): ModelSpec =
        ExportReader(id, "Smile").read(Json.parse(text(signatures)))

    fun sha256(data: ByteArray): String =
        MessageDigest.getInstance("SHA-256").digest(data).joinToString("") { "%02x".format(it) }

    /** Folders with an export each, and the list of them. */
    class Store(exports: Map<String, String>, list: String? = null) : ModelStore {
        val files = HashMap<String, ByteArray>()

        init {
            val entries = exports.map { (folder, text) ->
                files["$folder/export.json"] = text.toByteArray()
                files["$folder/model.tflite"] = model
                val hash = sha256(text.toByteArray())
                """{"folder": "$folder", "title": "The $folder", "sha256": "$hash"}"""
            }
            val all = """{"format": "tfgan_edit models", "format_version": 1, "models": $entries}"""
            files["models.json"] = (list ?: all).toByteArray()
        }

        override fun open(path: String) =
            (files[path] ?: throw FileNotFoundException(path)).inputStream()
    }
}
