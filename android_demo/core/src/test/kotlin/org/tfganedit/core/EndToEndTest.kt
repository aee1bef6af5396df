package org.tfganedit.core

import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test

/**
 * Exported files, run by LiteRT through the engine, give what Python gives. android_demo/check.sh
 * makes them (tests/android_demo/end_to_end.py) and says where they and the library are.
 */
class EndToEndTest {
    private val exports: String? = System.getProperty("tfgan.exports")

    @Test
    fun `edits are those of Python`() {
        assumeTrue("no exports: run android_demo/check.sh", exports != null)
        val models = File(exports, "models")
        val catalog = ModelCatalog.read { path -> File(models, path).inputStream() }
        assertEquals(emptyList<String>(), catalog.refused)
        val told = LinkedBlockingQueue<Outcome>()
        val listener = object : EditorEngine.Listener {
            override fun onOutcome(outcome: Outcome) {
                told.add(outcome)
            }
        }
        val loader = LiteRtLibrary(System.getProperty("tfgan.litert"), models.path)
        val photos = HashMap<String, Photo>() // the same one is the same object, as in an application
        EditorEngine(loader, catalog::verify, { it.run() }, listener).use { engine ->
            val cases = Json.parse(File(exports, "cases.json").readText()).list
            for (case in cases) {
                engine.submit(request(case, catalog, photos))
                val outcome = told.poll(60, TimeUnit.SECONDS)
                val result = (outcome as? Outcome.Done)?.result ?: throw AssertionError("$outcome")
                val name = "${case["model"].string} ${result.ran}"
                assertNear(case["before"].photo(), result.before, name = name)
                // Sums of floats in another order may fall on the other side of a half.
                assertNear(case["edited"].photo(), result.edited, 1, 0.01, name)
                assertEquals(name, case["ran"].list.map { it.string }, result.ran)
                assertEquals(Backend.CPU, result.backend)
            }
            assertTrue(cases.size >= 9)
            val gpu = request(cases[0], catalog, photos).copy(backend = Backend.GPU)
            engine.submit(gpu)
            val fallen = (told.poll(60, TimeUnit.SECONDS) as Outcome.Done).result
            assertEquals("no accelerator here", fallen.fallback)
            assertNear(cases[0]["edited"].photo(), fallen.edited, 1, 0.01)
            engine.submit(gpu.copy(backend = Backend.CPU))
            assertNull((told.poll(60, TimeUnit.SECONDS) as Outcome.Done).result.fallback)
        }
    }

    private fun request(
        case: Json, catalog: ModelCatalog, photos: MutableMap<String, Photo>,
    ): EditRequest {
        val model = catalog.models.single { it.id == case["model"].string }
        fun photo(key: String) = case.optional(key)?.let { json ->
            photos.getOrPut(json["bytes"].string) { json.photo() }
        }
        val square = case.optional("square")?.let {
            Place.Face(FaceSquare(it["centre"].point(), it["half_side"].point()))
        }
        val mask = case.optional("mask")?.let {
            val (height, width) = it["shape"].list.map(Json::int)
            Mask(width, height, it.floats())
        }
        return EditRequest(
            model, Backend.CPU, photo("photo")!!,
            place = square ?: Place.Center,
            style = photo("drawing")?.let { Style.Reference(it) }
                ?: Style.Seed(case.optional("seed")?.long ?: 0),
            reference = photo("reference"),
            mask = mask,
        )
    }
}
