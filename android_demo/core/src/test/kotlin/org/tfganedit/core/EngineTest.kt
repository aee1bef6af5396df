package org.tfganedit.core

import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test

class EngineTest {
    private val photo = Photo(8, 8, IntArray(64) { pixel(it, 2 * it, 255 - it) })
    private val smile = Exports.spec(Exports.edit)
    private val loader = Loader()
    private val told = LinkedBlockingQueue<Any>()
    private val direct = Executor { it.run() }
    private var verified = 0
    private var engine = engine()

    /** What loads and runs, by name; [trouble] is asked first. */
    private class Loader : ModelLoader {
        val events = LinkedBlockingQueue<String>()
        var trouble: (String) -> Unit = {}
        var answer: (String, Map<String, FloatArray>) -> Map<String, FloatArray> = ::negative

        override fun load(model: ModelSpec, backend: Backend): ImageModel {
            did("load $backend")
            return object : ImageModel {
                override val description = "a $backend"

                override fun run(signature: Signature, inputs: Map<String, FloatArray>) =
                    did("run ${signature.name} $backend").let { answer(signature.name, inputs) }

                override fun close() = did("close $backend")
            }
        }

        fun taken() = generateSequence { events.poll() }.toList()

        private fun did(what: String) {
            events.add("$what${if (Thread.currentThread().name == "editor") "" else " elsewhere"}")
            trouble(what)
        }

        private fun negative(name: String, inputs: Map<String, FloatArray>) = when (name) {
            "encode" -> mapOf("content" to FloatArray(20) { 0.5f }, "photo_style" to FloatArray(4))
            "read_style" -> mapOf("reference_style" to FloatArray(4) { 0.25f })
            "decode" -> mapOf("edited" to FloatArray(192) { inputs.getValue("style")[it % 4] })
            else -> mapOf("edited" to inputs.getValue("photo").map { 1 - it }.toFloatArray())
        }
    }

    private fun engine(tell: Executor = direct) = EditorEngine(
        loader, { verified++ }, tell,
        object : EditorEngine.Listener {
            override fun onLoading(request: EditRequest, backend: Backend) {
                told.add("loading $backend")
            }

            override fun onRunning(request: EditRequest) {
                told.add("running")
            }

            override fun onOutcome(outcome: Outcome) {
                told.add(outcome)
            }
        },
    )

    @After
    fun end() {
        engine.close()
        assertTrue(engine.awaitEnd(5000))
    }

    private fun request(backend: Backend = Backend.CPU, model: ModelSpec = smile) =
        EditRequest(model, backend, photo)

    private fun outcome(): Outcome {
        while (true) {
            val next = checkNotNull(told.poll(10, TimeUnit.SECONDS)) { "nothing was told" }
            if (next is Outcome) return next
        }
    }

    private fun result(request: EditRequest): EditResult {
        engine.submit(request)
        return when (val outcome = outcome()) {
            is Outcome.Done -> outcome.result
            is Outcome.Failed -> throw AssertionError(outcome.reason)
        }
    }

    private fun reason(request: EditRequest): String {
        engine.submit(request)
        return (outcome() as Outcome.Failed).reason
    }

    @Test
    fun `a photo is edited, then only blended`() {
        val result = result(request())
        val negative = IntArray(64) { pixel(255 - it, 255 - 2 * it, it) }
        assertArrayEquals(negative, result.edited.pixels)
        assertSame(photo, result.before)
        assertArrayEquals(negative, result.output.pixels)
        assertEquals(Backend.CPU to "a CPU", result.backend to result.description)
        assertNull(result.fallback)
        assertEquals(listOf("load CPU", "run edit CPU"), loader.taken())
        assertArrayEquals(photo.pixels, result.at(0f).pixels)
        assertArrayEquals(negative, result.at(1f).pixels)
        assertSame(result, result(request()))
        assertEquals(emptyList<String>(), loader.taken())
    }

    @Test
    fun `a face is edited in its photo, or alone`() {
        val large = Photo(40, 30, IntArray(1200) { pixel(it % 256, 90, 40) })
        val place = Place.Face(FaceSquare(Point(20.0, 14.0), Point(6.0, 1.0)))
        val whole = result(request().copy(photo = large, place = place))
        assertSame(large, whole.before)
        assertEquals(40 to 30, whole.edited.width to whole.edited.height)
        assertEquals(large.pixels[0], whole.edited.pixels[0])
        assertFalse(large.pixels[14 * 40 + 20] == whole.edited.pixels[14 * 40 + 20])
        val alone = result(request().copy(photo = large, place = place, whole = false))
        assertEquals(8 to 8, alone.edited.width to alone.edited.height)
        assertArrayEquals(whole.output.pixels, alone.edited.pixels)
        val framing = Framing(smile.framing)
        assertArrayEquals(framing.cut(large, place).pixels, alone.before.pixels)
    }

    @Test
    fun `the newest request wins`() {
        val (begun, go) = CountDownLatch(1) to CountDownLatch(1)
        loader.trouble = { if (it.startsWith("run")) begun.countDown().also { go.await() } }
        val requests = List(4) { request().copy(photo = Photo(8, 8, IntArray(64) { _ -> it })) }
        engine.submit(requests[0])
        begun.await()
        requests.drop(1).forEach(engine::submit)
        go.countDown()
        val done = outcome() as Outcome.Done
        assertSame(requests[3], done.result.request)
        assertEquals(listOf("load CPU", "run edit CPU", "run edit CPU"), loader.taken())
        assertTrue(told.isEmpty())
    }

    @Test
    fun `what was superseded is not told, even if it was on its way`() {
        val posted = LinkedBlockingQueue<Runnable>()
        end()
        engine = engine { posted.add(it) }
        engine.submit(request())
        repeat(3) { checkNotNull(posted.poll(10, TimeUnit.SECONDS)).let(posted::add) }
        engine.cancel()
        posted.forEach(Runnable::run)
        assertTrue(told.isEmpty())
    }

    @Test
    fun `the model is closed on the engine's thread, nothing is told after that`() {
        result(request())
        end()
        assertEquals(listOf("load CPU", "run edit CPU", "close CPU"), loader.taken())
        engine.submit(request().copy(photo = Photo(8, 8, IntArray(64))))
        assertTrue(told.isEmpty())
    }

    @Test
    fun `a GPU that refuses gives way to the processor and says so`() {
        val errors = listOf(IllegalStateException("no OpenCL\nstack"), UnsatisfiedLinkError("no .so"))
        for (error in errors) {
            loader.trouble = { if (it == "load GPU") throw error }
            val result = result(request(Backend.GPU))
            assertEquals(Backend.CPU, result.backend)
            assertEquals(error.message!!.substringBefore('\n'), result.fallback)
            assertEquals(listOf("load GPU", "load CPU", "run edit CPU"), loader.taken().takeLast(3))
            val other = photo.part(0, 0, 8, 4)
            assertEquals(result.fallback, result(request(Backend.GPU).copy(photo = other)).fallback)
            assertEquals(listOf("run edit CPU"), loader.taken()) // it is not asked again
            result(request(Backend.CPU))
        }
        assertEquals(emptyList<Any>(), told.filter { it is Outcome.Failed })
    }

    @Test
    fun `a GPU that fails, or gives no numbers, gives way when it runs`() {
        val plain = loader.answer
        val wrongs = listOf<(String) -> Unit>(
            { if (it == "run edit GPU_FP32") throw IllegalStateException("no command buffers") },
            {},
        )
        for ((number, wrong) in wrongs.withIndex()) {
            loader.trouble = wrong
            loader.answer = { name, inputs ->
                val last = loader.events.last()
                if (last.endsWith("GPU_FP32")) mapOf("edited" to FloatArray(192) { Float.NaN })
                else plain(name, inputs)
            }
            val result = result(request(Backend.GPU_FP32).copy(whole = number == 0))
            assertEquals(Backend.CPU, result.backend)
            val expected = listOf("no command buffers", "edit gave values that are not finite")
            assertEquals(expected[number], result.fallback)
            assertEquals(
                listOf("run edit GPU_FP32", "close GPU_FP32", "load CPU", "run edit CPU"),
                loader.taken().takeLast(4),
            )
            result(request(Backend.CPU))
        }
    }

    @Test
    fun `a GPU is not blamed for what the user asked`() {
        val place = Place.Face(FaceSquare(Point(-99.0, 0.0), Point(1.0, 0.0)))
        val reason = reason(request(Backend.GPU).copy(place = place))
        assertEquals("the square lies outside of the photo", reason)
        assertEquals(listOf("load GPU"), loader.taken())
    }

    @Test
    fun `whatever fails is a result, and the engine goes on`() {
        loader.trouble = { if (it.startsWith("run")) throw OutOfMemoryError() }
        assertEquals("not enough memory for this photo and Smile", reason(request()))
        assertEquals(listOf("load CPU", "run edit CPU", "close CPU"), loader.taken())
        loader.trouble = { if (it == "load CPU") throw StackOverflowError() }
        assertEquals("Smile: StackOverflowError", reason(request()))
        loader.trouble = {}
        loader.answer = { _, _ -> mapOf("edited" to FloatArray(192) { Float.POSITIVE_INFINITY }) }
        assertEquals("Smile: edit gave values that are not finite", reason(request()))
        loader.answer = { _, _ -> emptyMap() }
        assertTrue(reason(request()).startsWith("Smile: "))
        loader.answer = { _, _ -> mapOf("edited" to FloatArray(192)) }
        assertEquals(Backend.CPU, result(request()).backend)
    }

    @Test
    fun `a wrong hash is refused before anything is loaded`() {
        end()
        val store = Exports.Store(mapOf("smile" to Exports.text(Exports.edit)))
        val catalog = ModelCatalog.read(store)
        store.files["smile/model.tflite"] = ByteArray(9)
        val listener = object : EditorEngine.Listener {
            override fun onOutcome(outcome: Outcome) {
                told.add(outcome)
            }
        }
        engine = EditorEngine(loader, catalog::verify, direct, listener)
        val request = request(model = catalog.models.single())
        assertTrue("wrong hash" in reason(request))
        assertEquals(emptyList<String>(), loader.taken())
        store.files["smile/model.tflite"] = Exports.model
        assertEquals(Backend.CPU, result(request).backend)
    }

    @Test
    fun `a file is checked once, a model loaded again when it was another's turn`() {
        val other = Exports.spec(Exports.edit, id = "other")
        for (model in listOf(smile, other, smile)) result(request(model = model))
        assertEquals(2, verified)
        val once = listOf("load CPU", "run edit CPU", "close CPU")
        assertEquals(once + once + once.take(2), loader.taken())
    }

    @Test
    fun `a photo is encoded once for many styles, a drawing read once`() {
        val roses = Exports.spec(Exports.roses)
        val request = request(model = roses)
        val first = result(request)
        assertEquals(listOf("encode", "decode"), first.ran)
        val second = result(request.copy(style = Style.Seed(1)))
        assertEquals(listOf("decode"), second.ran)
        assertEquals(0, second.summary.count) // the first one of its kind
        val styles = GaussianStyle.draw(1, 4)
        val red = Math.rint(255.0 * styles[0].coerceIn(0f, 1f)).toInt()
        assertEquals(red, red(second.edited.pixels[0]))
        val drawing = Photo(8, 8, IntArray(64))
        val copied = result(request.copy(style = Style.Reference(drawing)))
        assertEquals(listOf("read_style", "decode"), copied.ran)
        val again = result(request.copy(style = Style.Reference(drawing), whole = false))
        assertEquals(listOf("decode"), again.ran)
        assertEquals(1, again.summary.count)
        assertEquals(64, red(again.edited.pixels[0])) // round(255 / 4)
        val next = result(request.copy(photo = Photo(8, 8, IntArray(64))))
        assertEquals(listOf("encode", "decode"), next.ran)
        assertNotSame(first.edited, next.edited)
        val unread = Exports.spec(Exports.roses.take(3))
        val reason = reason(request(model = unread).copy(style = Style.Reference(drawing)))
        assertEquals("Smile cannot read the style of a drawing; take a seed", reason)
    }

    @Test
    fun `what a model needs is asked for`() {
        val region = Exports.spec(Exports.region)
        val request = request(model = region)
        assertEquals("Smile needs a second photo", reason(request))
        val second = request.copy(reference = Photo(9, 9, IntArray(81)))
        assertEquals("Smile needs a region: paint on the photo", reason(second))
        val empty = second.copy(mask = MaskPainting(8, 8).mask())
        assertEquals("Smile needs a region: paint on the photo", reason(empty))
        val painting = MaskPainting(8, 8)
        painting.stroke(Point(4.0, 4.0), Point(4.0, 4.0), 2.0, erase = false)
        val seen = HashMap<String, FloatArray>()
        val plain = loader.answer
        loader.answer = { name, inputs -> plain(name, inputs).also { seen.putAll(inputs) } }
        result(second.copy(mask = painting.mask()))
        assertEquals(setOf("photo", "reference", "mask"), seen.keys)
        assertArrayEquals(painting.mask().values, seen["mask"], 0f)
        assertEquals(192, seen["reference"]!!.size)
        val other = reason(second.copy(mask = Mask(4, 4, FloatArray(16) { 1f })))
        assertEquals("the region is 4 x 4, not the size that the model reads", other)
    }

    @Test
    fun `time is told apart`() {
        var now = 0L
        loader.trouble = { if (it.startsWith("run")) now += 7_000_000 }
        // Each look at the clock takes a millisecond.
        val editor = Editor(loader, {}, { now.also { now += 1_000_000 } })
        val result = editor.edit(request(model = Exports.spec(Exports.roses))) {}
        // before the network: one look of its own, two around encode; what that took is its own
        assertEquals(8.0 + 8.0, result.latency.model, 0.0)
        assertEquals(1.0 + 1.0, result.latency.pre, 0.0)
        assertEquals(1.0, result.latency.post, 0.0)
        editor.close()
    }
}
