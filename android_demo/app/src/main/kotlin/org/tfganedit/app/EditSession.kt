package org.tfganedit.app

import android.content.Context
import android.net.Uri
import kotlin.random.Random
import org.tfganedit.core.Backend
import org.tfganedit.core.EditRequest
import org.tfganedit.core.EditResult
import org.tfganedit.core.EditorEngine
import org.tfganedit.core.FaceSquare
import org.tfganedit.core.MaskPainting
import org.tfganedit.core.ModelCatalog
import org.tfganedit.core.ModelSpec
import org.tfganedit.core.Outcome
import org.tfganedit.core.Photo
import org.tfganedit.core.Place
import org.tfganedit.core.Placement
import org.tfganedit.core.Style
import org.tfganedit.core.centredSquare
import org.tfganedit.core.within
import org.tfganedit.core.zoomed

/** A sentence below the photo; [problem] when something did not work. */
class Notice(val text: String, val problem: Boolean)

/**
 * The photo, what was chosen for it, and its edit. It outlives activities that are rotated. All
 * functions are called on the main thread; photos are decoded and written on a thread of [work],
 * edits are made on the engine's.
 */
class EditSession(private val context: Context, initial: EditState) : AutoCloseable {
    interface Watcher {
        /** Anything below may have changed. */
        fun onChange()
    }

    var watcher: Watcher? = null
    var state = initial
        private set
    var models: List<ModelSpec> = emptyList()
        private set

    /** Sentences about models that cannot be used. */
    var refused: List<String> = emptyList()
        private set
    var photo: OpenPhoto? = null
        private set
    var reference: OpenPhoto? = null
        private set
    var drawing: OpenPhoto? = null
        private set
    var painting: MaskPainting? = null
        private set
    var result: EditResult? = null
        private set
    var shown: ShownEdit? = null
        private set

    /** What a user is to know of the last choice. */
    var notice: Notice? = null
        private set

    /** What the engine does, while it takes long. */
    var progress: String? = null
        private set
    val busy: Boolean get() = running || work.busy
    val model: ModelSpec? get() = models.find { it.id == state.model } ?: models.firstOrNull()

    private val work = Background(::changed, ::explain)
    private val opener = PhotoOpener(context)
    private val writer = PhotoWriter(context)
    private var engine: EditorEngine? = null
    private var running = false
    private var shared: Uri? = null

    /** What was asked for before the models were known; null once they are. */
    private var early: MutableList<() -> Unit>? = mutableListOf()

    /** Styles that are offered, in pictures. */
    val previews = Previews { engine?.submit(it) }

    init {
        val needed = initial.run { listOfNotNull(photo, reference, drawing, camera) }
        work.run({ PhotoProvider.deleteAllBut(context, needed) }) {}
        work.run({ runCatching { ModelCatalog.read(AssetStore(context.assets)) } }) { read ->
            read.fold(::use, ::explain)
            restore()
            val asked = early.orEmpty()
            early = null
            asked.forEach { it() }
        }
    }

    private fun use(catalog: ModelCatalog) {
        val loader = LiteRtLoader(context.assets, context.resources)
        engine = EditorEngine(loader, catalog::verify, work.main, EngineListener())
        models = catalog.models
        refused = catalog.refused
        if (models.isEmpty()) say(context.getString(R.string.no_models), problem = true)
        painting = model?.let(::canvas)
    }

    /** Opens again what was open when the process ended. */
    private fun restore() {
        state.reference?.let { uri -> open(uri) { reference = it } }
        state.drawing?.let { uri -> open(uri) { drawing = it } }
        state.photo?.let { uri -> open(uri, ::show) }
    }

    override fun close() {
        watcher = null
        work.close()
        engine?.close()
    }

    // === Pictures ===

    /** Opens a picture that was picked or taken. */
    fun open(uri: Uri, purpose: Purpose) {
        // After the process ended, the camera's answer comes before the models are read.
        early?.let {
            it.add { open(uri, purpose) }
            return
        }
        notice = null
        open(uri) { opened ->
            when (purpose) {
                Purpose.PHOTO -> showNew(opened)
                Purpose.REFERENCE -> {
                    reference = opened
                    state = state.copy(reference = uri)
                    submit()
                }
                Purpose.DRAWING -> {
                    drawing = opened
                    state = state.copy(drawing = uri)
                    submit()
                }
            }
        }
    }

    private fun open(uri: Uri, then: (OpenPhoto) -> Unit) {
        val faces = model?.framing?.face
        work.run({ opener.open(uri, faces) }, then)
    }

    private fun showNew(opened: OpenPhoto) {
        painting?.clear()
        state = state.copy(
            photo = opened.uri,
            place = opened.face?.let(opened::toParts),
            mask = null,
            mode = Mode.COMPARE,
        )
        show(opened)
        if (opened.face == null) say(context.getString(R.string.no_face), problem = false)
    }

    private fun show(opened: OpenPhoto) {
        photo = opened
        result = null
        shown = null
        again()
    }

    /** A picker or a camera is opened; [picked] has what for when it answers. */
    fun pick(purpose: Purpose, camera: Uri? = null) {
        state = state.copy(pending = purpose, camera = camera)
    }

    /** What [pick] was called with, once. */
    fun picked(): Pair<Purpose?, Uri?> {
        val pending = state.pending to state.camera
        state = state.copy(pending = null, camera = null)
        return pending
    }

    // === Choices ===

    fun choose(model: ModelSpec) {
        if (model == this.model) return
        state = state.copy(model = model.id)
        painting = canvas(model)
        val lost = when (state.mode) {
            Mode.COMPARE -> false
            Mode.PLACE -> !canPlace
            Mode.BRUSH -> !model.controls.mask
        }
        if (lost) state = state.copy(mode = Mode.COMPARE)
        again()
    }

    private fun canvas(model: ModelSpec) =
        MaskPainting.unpack(model.framing.width, model.framing.height, state.mask)

    fun choose(backend: Backend) {
        if (backend == state.backend) return
        state = state.copy(backend = backend)
        again()
    }

    fun choose(mode: Mode) {
        state = state.copy(mode = mode)
        changed()
    }

    /** Nothing runs again. */
    fun strengthen(strength: Float) {
        state = state.copy(strength = strength)
        changed()
    }

    fun divide(part: Float) {
        state = state.copy(divider = part)
    }

    fun useSeed(seed: Long) {
        if (seed == state.seed && state.drawing == null) return
        drawing = null
        state = state.copy(seed = seed, drawing = null)
        submit()
    }

    /** Other styles than those that are offered. */
    fun shuffle() {
        val first = Random.nextLong(SEEDS)
        previews.clear()
        state = state.copy(firstSeed = first)
        useSeed(first)
    }

    /** Seeds of the styles that are offered. */
    fun offered(): List<Long> = (state.firstSeed until state.firstSeed + OFFERED).toList()

    // === Where ===

    val square: FaceSquare? get() = state.place?.let { photo?.toPixels(it) }

    /** Networks of square pictures edit squares of photos; others the middle. */
    val canPlace: Boolean get() = model?.framing?.let { it.width == it.height } ?: false

    val placement: Placement?
        get() {
            val (photo, model) = (photo ?: return null) to (model ?: return null)
            return Placement(place(), photo.photo.width, photo.photo.height, model.framing)
        }

    private fun place(): Place = square?.takeIf { canPlace }?.let { Place.Face(it) } ?: Place.Center

    /** @param square in pixels of the photo; null takes the middle. */
    fun place(square: FaceSquare?, done: Boolean) {
        state = state.copy(place = square?.let { photo?.toParts(it) })
        if (done) again() else changed()
    }

    fun placeAtFace() {
        val face = photo?.face
        if (face != null) place(face, done = true)
        else say(context.getString(R.string.no_face), problem = true)
    }

    fun zoom(factor: Double) {
        val photo = photo?.photo ?: return
        val old = square ?: centredSquare(photo.width, photo.height)
        place(old.zoomed(factor).within(photo.width, photo.height), done = true)
    }

    // === Brush ===

    fun brush(width: Float) {
        state = state.copy(brush = width)
        changed()
    }

    fun erase(erase: Boolean) {
        state = state.copy(erase = erase)
        changed()
    }

    fun painted() {
        state = state.copy(mask = painting?.pack())
        submit()
    }

    fun clearMask() {
        painting?.clear()
        painted()
    }

    // === Edits ===

    private fun again() {
        previews.clear()
        submit()
    }

    private fun submit() {
        previews.stop()
        notice = null
        val request = request()
        running = request != null
        if (request == null) engine?.cancel() else engine?.submit(request)
        changed()
    }

    /** Of what was chosen, or null with a notice of what is missing. */
    private fun request(): EditRequest? {
        val (photo, model) = (photo ?: return null) to (model ?: return null)
        val painting = painting
        val missing = when {
            model.controls.reference && reference == null -> R.string.needs_reference
            model.controls.mask && painting?.isEmpty != false -> R.string.needs_mask
            else -> null
        }
        if (missing != null) {
            result = null
            shown = null
            notice = Notice(context.getString(missing), problem = false)
            return null
        }
        return EditRequest(
            model = model,
            backend = state.backend,
            photo = photo.photo,
            place = place(),
            style = style(model),
            reference = reference?.photo?.takeIf { model.controls.reference },
            referencePlace = reference?.takeIf { canPlace }?.facePlace() ?: Place.Center,
            mask = painting?.takeIf { model.controls.mask }?.mask(),
        )
    }

    private fun style(model: ModelSpec): Style {
        val read = drawing?.photo?.takeIf { model.controls.styleReference }
        return if (read == null) Style.Seed(state.seed) else Style.Reference(read)
    }

    private inner class EngineListener : EditorEngine.Listener {
        override fun onLoading(request: EditRequest, backend: Backend) {
            progress = context.getString(R.string.loading, request.model.title)
            changed()
        }

        override fun onOutcome(outcome: Outcome) {
            progress = null
            when (outcome) {
                is Outcome.Failed -> failed(outcome)
                is Outcome.Done -> done(outcome.result)
            }
            changed()
        }
    }

    private fun failed(outcome: Outcome.Failed) {
        if (previews.failed(outcome.request)) return
        running = false
        result = null
        shown = null
        say(context.getString(R.string.edit_failed, outcome.reason), problem = true)
    }

    private fun done(made: EditResult) {
        if (previews.take(made, offered())) return
        running = false
        val photo = photo?.takeIf { it.photo === made.request.photo } ?: return
        work.run({ photo.shown(made) }) { bitmaps ->
            if (this.photo === photo && !running) {
                result = made
                shown = bitmaps
                previews.offer(made.request, offered())
            }
        }
    }

    // === Results ===

    /** Whether a place to save to has to be asked for. */
    val asksWhereToSave: Boolean get() = !writer.hasGallery

    /** @param to where, or null for the gallery. */
    fun save(to: Uri?, name: String) = finish({ photo ->
        if (to == null) writer.toGallery(photo, name) else writer.to(photo, to)
    }) { say(context.getString(R.string.saved, name), problem = false) }

    /** Writes the edit where others may read it; then [takeShared] has it. */
    fun share(name: String) = finish({ writer.toShare(it, name) }) { shared = it }

    /** What is ready to be shared, once. */
    fun takeShared(): Uri? = shared.also { shared = null }

    private fun <T> finish(use: (Photo) -> T, then: (T) -> Unit) {
        val (result, photo) = (result ?: return) to (photo ?: return)
        val strength = state.strength
        work.run({ use(opener.finished(photo, result, strength)) }, then)
    }

    // === Telling ===

    fun say(text: String, problem: Boolean) {
        notice = Notice(text, problem)
        changed()
    }

    private fun changed() {
        watcher?.onChange()
    }

    private fun explain(error: Throwable) {
        say(describe(context.resources, error), problem = true)
    }

    private companion object {
        const val OFFERED = 6
        const val SEEDS = 1_000_000L
    }
}
