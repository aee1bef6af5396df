package org.tfganedit.core

import java.util.concurrent.Executor

/**
 * Edits photos on one thread of its own. The newest request wins: one that waits is replaced, and what
 * was made of an older one is not told.
 *
 * @param verify checks a model's file before it is first loaded; throws [ModelException].
 * @param tell where [listener] is called, such as the application's main thread.
 */
class EditorEngine(
    private val loader: ModelLoader,
    private val verify: (ModelSpec) -> Unit,
    private val tell: Executor,
    private val listener: Listener,
) : AutoCloseable {
    interface Listener {
        /** A model is being loaded, which may take seconds. */
        fun onLoading(request: EditRequest, backend: Backend) {}

        /** Work on [request] begins. */
        fun onRunning(request: EditRequest) {}

        fun onOutcome(outcome: Outcome)
    }

    /** Of the model and the backend that ran last; a copy. Empty after a change of either. */
    val latency: LatencyStatistics get() = TODO()

    fun submit(request: EditRequest): Unit = TODO()

    /** Forgets what waits; tells nothing more of it or of what runs. */
    fun cancel(): Unit = TODO()

    /** Stops, closes the model on the engine's thread. */
    override fun close(): Unit = TODO()
}
