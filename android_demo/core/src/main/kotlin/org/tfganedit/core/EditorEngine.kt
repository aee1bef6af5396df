package org.tfganedit.core

import java.util.concurrent.Executor
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

/**
 * Edits photos on one thread of its own. The newest request wins: it replaces one that waits, and
 * what becomes of an older one is not told any more.
 *
 * @param loader loads, on the engine's thread; so do `run` and `close` of its models.
 * @param verify checks a model's files before they are first loaded, such as
 *   [ModelCatalog.verify]; throws [ModelException].
 * @param tell where [listener] is called, such as the main thread of an application.
 */
class EditorEngine(
    private val loader: ModelLoader,
    private val verify: (ModelSpec) -> Unit,
    private val tell: Executor,
    private val listener: Listener,
) : AutoCloseable {
    interface Listener {
        /** A model is being loaded, which may take seconds; a second time where a GPU refuses. */
        fun onLoading(request: EditRequest, backend: Backend) {}

        /** Work on [request] begins. */
        fun onRunning(request: EditRequest) {}

        fun onOutcome(outcome: Outcome)
    }

    private class Job(val number: Long, val request: EditRequest)

    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private var waiting: Job? = null
    private var closed = false

    @Volatile private var newest = 0L

    private val worker = thread(name = "editor", isDaemon = true, block = ::work)

    /** Edits as soon as the thread is free. Ignored after [close]. */
    fun submit(request: EditRequest) = replace { Job(it, request) }

    /** Forgets what waits; nothing more is told of it or of what runs. */
    fun cancel() = replace { null }

    /** Ends the thread when what runs is done, closes the model there. Nothing more is told. */
    override fun close() = lock.withLock {
        cancel()
        closed = true
        changed.signal()
    }

    /** Waits until the thread has ended, at most so long; whether it has. */
    fun awaitEnd(milliseconds: Long): Boolean {
        worker.join(milliseconds)
        return !worker.isAlive
    }

    private fun replace(make: (Long) -> Job?) = lock.withLock {
        if (closed) return@withLock
        newest++
        waiting = make(newest)
        changed.signal()
    }

    private fun next(): Job? = lock.withLock {
        while (waiting == null && !closed) changed.await()
        waiting.also { waiting = null }
    }

    private fun work() {
        Editor(loader, verify).use { editor ->
            while (true) {
                val job = next() ?: break
                say(job) { listener.onRunning(job.request) }
                val outcome = outcome(editor, job)
                say(job) { listener.onOutcome(outcome) }
            }
        }
    }

    /** Whatever goes wrong is a result: the thread must live on. */
    private fun outcome(editor: Editor, job: Job): Outcome = try {
        Outcome.Done(editor.edit(job.request) { say(job) { listener.onLoading(job.request, it) } })
    } catch (error: ModelException) {
        Outcome.Failed(job.request, checkNotNull(error.message))
    } catch (_: OutOfMemoryError) {
        editor.close()
        val title = job.request.model.title
        Outcome.Failed(job.request, "not enough memory for this photo and $title")
    } catch (error: Throwable) {
        editor.close()
        val reason = error.message ?: error.javaClass.simpleName
        Outcome.Failed(job.request, "${job.request.model.title}: $reason")
    }

    private fun say(job: Job, what: () -> Unit) {
        tell.execute { if (job.number == newest) what() }
    }
}
