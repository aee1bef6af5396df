package org.tfganedit.core

/**
 * Edits photos, one after the other, on the thread that made it. What a request shares with the one
 * before is not computed again.
 *
 * @param verify checks a model's files before they are first loaded; throws [ModelException].
 * @param clock nanoseconds.
 */
internal class Editor(
    private val loader: ModelLoader,
    private val verify: (ModelSpec) -> Unit,
    private val clock: () -> Long = System::nanoTime,
) : AutoCloseable {
    private val verified = HashSet<ModelSpec>()
    private var loaded: Loaded? = null
    private var finished: EditResult? = null

    /** A model in memory, and what it made of the last photo and the last drawing. */
    private class Loaded(
        val model: ModelSpec,
        val wanted: Backend,
        val backend: Backend,
        val image: ImageModel,
        val fallback: String?,
    ) {
        val framing = Framing(model.framing)
        val statistics = HashMap<List<String>, LatencyStatistics>()
        val photos = Kept<Pair<Photo, Place>, Framed>()
        val references = Kept<Pair<Photo, Place>, FloatArray>()
        val codes = Kept<Pair<Photo, Place>, FloatArray>()
        val styles = Kept<Photo, FloatArray>()
    }

    /** What the network is given of a photo, and as it reads it. */
    private class Framed(val cut: Photo, val values: FloatArray)

    /** What only the accelerator may be to blame for. */
    private class Unfit(message: String, cause: Throwable? = null) : Exception(message, cause)

    /** The last value, and what it was made of. */
    private class Kept<K, V> {
        private var entry: Pair<K, V>? = null

        fun get(key: K, make: () -> V): V =
            (entry?.takeIf { it.first == key } ?: (key to make()).also { entry = it }).second
    }

    /**
     * Edits; the same request again gives the same result at once.
     *
     * @param loading is called before a model is loaded.
     * @return the result. Throws [ModelException] and what the runtime throws.
     */
    fun edit(request: EditRequest, loading: (Backend) -> Unit): EditResult {
        finished?.let { if (it.request == request) return it }
        check(request)
        val ready = loaded?.takeIf { it.model == request.model && it.wanted == request.backend }
            ?: load(request, loading)
        return try {
            run(ready, request)
        } catch (error: Unfit) {
            if (ready.backend == Backend.CPU) throw error
            close()
            run(onProcessor(request, reason(error), loading), request)
        }.also { finished = it }
    }

    override fun close() {
        val image = loaded?.image
        finished = null
        loaded = null
        image?.close()
    }

    private fun check(request: EditRequest) {
        val plan = request.model.plan
        if (plan.reference != null && request.reference == null) {
            throw ModelException("${request.model.title} needs a second photo")
        }
        if (plan.mask != null) {
            val mask = request.mask
            if (mask == null || mask.values.all { it == 0f }) {
                throw ModelException("${request.model.title} needs a region: paint on the photo")
            }
            if (mask.width != plan.mask.width || mask.height != plan.mask.height) {
                val size = "${mask.width} x ${mask.height}"
                throw ModelException("the region is $size, not the size that the model reads")
            }
        }
        if (request.style is Style.Reference && plan.readStyle == null && plan.style != null) {
            val title = request.model.title
            throw ModelException("$title cannot read the style of a drawing; take a seed")
        }
    }

    // === Loading ===

    private fun load(request: EditRequest, loading: (Backend) -> Unit): Loaded {
        val (model, wanted) = request.model to request.backend
        close() // two models may not fit
        if (model !in verified) {
            verify(model)
            verified.add(model)
        }
        loading(wanted)
        val image = try {
            loader.load(model, wanted)
        } catch (error: Throwable) {
            if (wanted == Backend.CPU || !isRefusal(error)) throw error
            return onProcessor(request, reason(error), loading)
        }
        return Loaded(model, wanted, wanted, image, null).also { loaded = it }
    }

    private fun onProcessor(request: EditRequest, why: String, loading: (Backend) -> Unit): Loaded {
        loading(Backend.CPU)
        val image = loader.load(request.model, Backend.CPU)
        return Loaded(request.model, request.backend, Backend.CPU, image, why).also { loaded = it }
    }

    /** Of a driver or a runtime, which a processor may not have. */
    private fun isRefusal(error: Throwable) = error is Exception || error is LinkageError

    private fun reason(error: Throwable) =
        error.message?.lineSequence()?.first()?.ifBlank { null } ?: error.javaClass.simpleName

    // === Running ===

    private fun run(ready: Loaded, request: EditRequest): EditResult {
        val plan = request.model.plan
        val times = Times(ready)
        val (photo, inputs) = times.pre {
            val photo = ready.photos.get(request.photo to request.place) { framed(ready, request) }
            photo to inputs(ready, request, photo, times)
        }
        val values = times.run(plan.draw, inputs).getValue(plan.edited.name)
        val (output, before, edited) = times.post { finished(ready, request, photo, values) }
        val latency = times.latency()
        val summary = ready.statistics.getOrPut(times.ran, ::LatencyStatistics).add(latency)
        return EditResult(
            request, before, edited, output, ready.backend, ready.image.description,
            ready.fallback, times.ran, latency, summary,
        )
    }

    private fun framed(ready: Loaded, request: EditRequest): Framed {
        val cut = ready.framing.cut(request.photo, request.place)
        return Framed(cut, PixelCodec.toFloats(cut, request.model.plan.photo.channels))
    }

    /** The network's picture, and what is to be compared. */
    private fun finished(
        ready: Loaded, request: EditRequest, photo: Framed, values: FloatArray,
    ): Triple<Photo, Photo, Photo> {
        val port = request.model.plan.edited
        val output = PixelCodec.toPhoto(values, port.width, port.height, port.channels)
        if (!request.whole || request.place is Place.Center) {
            return Triple(output, photo.cut, output)
        }
        val edited = ready.framing.finished(request.photo, output, request.place)
        return Triple(output, request.photo, edited)
    }

    private fun inputs(
        ready: Loaded, request: EditRequest, photo: Framed, times: Times,
    ): Map<String, FloatArray> {
        val plan = request.model.plan
        val inputs = HashMap<String, FloatArray>()
        if (plan.encode == null) {
            inputs[plan.photo.name] = photo.values
        } else {
            val code = checkNotNull(plan.code).name
            inputs[code] = ready.codes.get(request.photo to request.place) {
                times.run(plan.encode, mapOf(plan.photo.name to photo.values)).getValue(code)
            }
        }
        plan.style?.let { inputs[it.name] = style(ready, request, it, times) }
        plan.reference?.let { port ->
            val (reference, place) = checkNotNull(request.reference) to request.referencePlace
            inputs[port.name] = ready.references.get(reference to place) {
                read(ready, reference, place, port)
            }
        }
        plan.mask?.let { inputs[it.name] = checkNotNull(request.mask).values }
        return inputs
    }

    private fun style(ready: Loaded, request: EditRequest, port: Port, times: Times): FloatArray =
        when (val style = request.style) {
            is Style.Seed -> GaussianStyle.draw(style.seed, port.size)
            is Style.Reference -> ready.styles.get(style.drawing) {
                val reader = checkNotNull(request.model.plan.readStyle)
                val input = reader.inputs.single()
                val drawing = read(ready, style.drawing, Place.Center, input)
                times.run(reader, mapOf(input.name to drawing)).values.single()
            }
        }

    private fun read(ready: Loaded, photo: Photo, place: Place, port: Port): FloatArray {
        val cut = ready.framing.cut(photo, place, port.width, port.height)
        return PixelCodec.toFloats(cut, port.channels)
    }

    /** Measures one edit. */
    private inner class Times(private val ready: Loaded) {
        private var pre = 0L
        private var model = 0L
        private var post = 0L
        val ran = ArrayList<String>()

        /** Without what networks take inside of it. */
        fun <T> pre(block: () -> T): T {
            val start = clock()
            return block().also { pre = clock() - start - model }
        }

        fun run(signature: Signature, inputs: Map<String, FloatArray>): Map<String, FloatArray> {
            val start = clock()
            val outputs = try {
                ready.image.run(signature, inputs)
            } catch (error: Exception) {
                throw Unfit(reason(error), error)
            }
            model += clock() - start
            ran.add(signature.name)
            if (outputs.values.any { values -> !values.all(Float::isFinite) }) {
                throw Unfit("${signature.name} gave values that are not finite")
            }
            return outputs
        }

        fun <T> post(block: () -> T): T {
            val start = clock()
            return block().also { post = clock() - start }
        }

        fun latency() = Latency(pre / 1e6, model / 1e6, post / 1e6)
    }
}
