package org.tfganedit.app

import android.graphics.Bitmap
import org.tfganedit.core.EditRequest
import org.tfganedit.core.EditResult
import org.tfganedit.core.Style

/**
 * Small pictures of one photo in several styles. They are made one by one while nothing else is to
 * be done; the photo stays encoded meanwhile.
 *
 * @param submit asks the engine.
 */
class Previews(private val submit: (EditRequest) -> Unit) {
    private val pictures = mutableMapOf<Long, Bitmap>()
    private var asked: EditRequest? = null

    /** The picture of a style, or null before it is made. */
    operator fun get(seed: Long): Bitmap? = pictures[seed]

    /** Of another photo, place, model or processor than before: forgets all. */
    fun clear() {
        stop()
        pictures.clear()
    }

    /** Something else is asked of the engine, which forgets what waits. */
    fun stop() {
        asked = null
    }

    /** Asks for the next picture that is missing, made like [edit]. */
    fun offer(edit: EditRequest, seeds: List<Long>) {
        if (!edit.model.controls.style) return
        val seed = seeds.find { it !in pictures } ?: return
        val request = edit.copy(style = Style.Seed(seed), whole = false)
        asked = request
        submit(request)
    }

    /** Takes a result and asks for the next one; false for what was not asked for here. */
    fun take(made: EditResult, seeds: List<Long>): Boolean {
        if (made.request !== asked) return false
        asked = null
        (made.request.style as? Style.Seed)?.let { pictures[it.seed] = made.output.toBitmap(SIDE) }
        offer(made.request, seeds)
        return true
    }

    /** Whether it was asked for here; no more are, then. */
    fun failed(request: EditRequest): Boolean = (request === asked).also { if (it) asked = null }

    private companion object {
        const val SIDE = 192
    }
}
