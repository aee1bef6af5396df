package org.tfganedit.app

import android.os.Handler
import android.os.Looper
import java.util.concurrent.Executor
import java.util.concurrent.Executors

/**
 * Work on one thread besides the main one, in the order it was asked for.
 *
 * @param changed called on the main thread after each piece of work.
 * @param failed told, on the main thread, what work threw; running out of memory included.
 */
class Background(
    private val changed: () -> Unit,
    private val failed: (Throwable) -> Unit,
) : AutoCloseable {
    private val handler = Handler(Looper.getMainLooper())
    private val thread = Executors.newSingleThreadExecutor()
    private var waiting = 0
    private var closed = false

    /** The main thread, after what it does now. Nothing runs there once this is closed. */
    val main = Executor { command -> handler.post { if (!closed) command.run() } }

    val busy: Boolean get() = waiting > 0

    /** Runs [work] on the thread, then [then] on the main one with what it returned. */
    fun <T> run(work: () -> T, then: (T) -> Unit) {
        if (closed) return
        waiting++
        changed()
        thread.execute {
            val outcome = runCatching(work)
            main.execute {
                waiting--
                outcome.fold(then, failed)
                changed()
            }
        }
    }

    override fun close() {
        closed = true
        thread.shutdown()
    }
}
