package org.tfganedit.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class ModelCatalogTest {
    @Test
    fun `an export says everything`() {
        val store = Exports.Store(mapOf("smile" to Exports.text(Exports.edit)))
        val catalog = ModelCatalog.read(store)
        assertEquals(emptyList<String>(), catalog.refused)
        val model = catalog.models.single()
        assertEquals("smile" to "The smile", model.id to model.title)
        assertEquals("pix2pixhd" to "fp16", model.system to model.quantize)
        assertEquals(listOf("smile/model.tflite"), model.files.map { it.path })
        assertEquals(9L, model.bytes)
        assertEquals(5_678_901_234, model.multiplyAdds)
        assertEquals("CC0-1.0", model.licence)
        assertEquals(8 to 8, model.framing.width to model.framing.height)
        assertEquals(3, model.framing.resize.lobes)
        assertEquals(0f..1f, model.framing.strength)
        assertEquals("smile/model.tflite", model.plan.draw.file)
        catalog.verify(model)
    }

    @Test
    fun `controls follow from the inputs`() {
        fun controls(signatures: List<String>) = Exports.spec(signatures).controls
        val none = Controls(style = false, styleReference = false, reference = false, mask = false)
        assertEquals(none, controls(Exports.edit))
        assertEquals(none.copy(reference = true, mask = true), controls(Exports.region))
        assertEquals(none.copy(style = true, styleReference = true), controls(Exports.roses))
        assertEquals(none.copy(style = true), controls(Exports.roses.take(3)))
        assertEquals(none.copy(style = true), controls(Exports.roses.take(1)))
    }

    @Test
    fun `a photo is encoded once where a file can`() {
        val plan = Exports.spec(Exports.roses).plan
        assertEquals(listOf("encode", "decode", "read_style"),
            listOf(plan.encode, plan.draw, plan.readStyle).map { it?.name })
        assertEquals("content", plan.code?.name)
        val whole = Exports.spec(Exports.roses.take(1)).plan
        assertEquals(listOf(null, "draw", null),
            listOf(whole.encode, whole.draw, whole.readStyle).map { it?.name })
        assertNull(whole.code)
    }

    @Test
    fun `what cannot be shown is named, the rest stays`() {
        val good = Exports.text(Exports.edit)
        val texts = mapOf(
            "good" to good,
            "generator" to Exports.text(Exports.generate),
            "labels" to Exports.text(Exports.labels),
            "flat" to Exports.text(Exports.flat),
            "latents" to Exports.text(Exports.edit, framing = "null"),
            "onnx" to good.replace("\"tflite\"", "\"onnx\""),
            "later" to good.replace("\"format_version\": 1", "\"format_version\": 2"),
            "sized" to good.replace("\"height\": 8", "\"height\": 16"),
            "kernel" to good.replace("lanczos", "nearest"),
            "batch" to good.replace("[1, 8, 8, 3]", "[2, 8, 8, 3]"),
            "range" to good.replace("[0.0, 1.0], \"about\"", "[-1.0, 1.0], \"about\""),
            "ends" to good.replace("[0.0, 1.0], \"about\"", "[0.0], \"about\""),
            "broken" to good.dropLast(5),
        )
        val catalog = ModelCatalog.read(Exports.Store(texts))
        assertEquals(listOf("good"), catalog.models.map { it.id })
        val expected = listOf(
            "The generator: it edits no photo",
            "The labels: nothing here gives its input labels (labels)",
            "The flat: photo is no picture: its shape is [1, 192]",
            "The latents: it edits no photo",
            "The onnx: file_format is \"onnx\"; this version knows only \"tflite\"",
            "The later: format_version is \"2.0\"; this version knows only \"1.0\"",
            "The sized: its framing is not of the size that it reads",
            "The kernel: framing.resize.filter is \"nearest\"; this version knows only \"lanczos\"",
            "The batch: the shape of photo is [2, 8, 8, 3], not of one picture",
            "The range: signatures[0].inputs[0].range[0] is \"-1.0\"; " +
                "this version knows only \"0.0\"",
            "The ends: signatures[0].inputs[0].range is not a pair",
        )
        assertEquals(expected, catalog.refused.dropLast(1))
        assertTrue(catalog.refused.last(), "The broken: not JSON, line" in catalog.refused.last())
    }

    @Test
    fun `changed and missing files are refused`() {
        val texts = listOf("a", "b", "c").associateWith { Exports.text(Exports.edit) }
        val store = Exports.Store(texts)
        store.files["a/export.json"] = Exports.text(Exports.region).toByteArray()
        store.files.remove("b/export.json")
        val catalog = ModelCatalog.read(store)
        assertEquals(
            listOf(
                "The a: its export.json was changed (wrong hash): install it again",
                "The b: its export.json cannot be read",
            ),
            catalog.refused,
        )
        val model = catalog.models.single()
        store.files["c/model.tflite"] = "another one".toByteArray()
        val wrong = assertThrows(ModelException::class.java) { catalog.verify(model) }
        assertTrue(wrong.message!!, "wrong hash" in wrong.message!!)
        store.files.remove("c/model.tflite")
        val missing = assertThrows(ModelException::class.java) { catalog.verify(model) }
        assertEquals("The c: c/model.tflite cannot be read", missing.message)
    }

    @Test
    fun `without a list there is one sentence`() {
        for (list in listOf("", "{}", "{\"format\": \"x\"}", "[]")) {
            val store = Exports.Store(emptyMap(), list)
            val error = assertThrows(list, ModelException::class.java) { ModelCatalog.read(store) }
            assertTrue(error.message!!.startsWith("models.json: "))
        }
        val empty = Exports.Store(emptyMap()).also { it.files.clear() }
        val error = assertThrows(ModelException::class.java) { ModelCatalog.read(empty) }
        assertEquals("models.json cannot be read: install a model first", error.message)
    }
}
