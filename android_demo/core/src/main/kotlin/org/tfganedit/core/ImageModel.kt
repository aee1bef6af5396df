package org.tfganedit.core

/** What runs a network. */
enum class Backend { GPU, GPU_FP32, CPU }

/** A loaded file. It is made, run and closed on one thread, the engine's. */
interface ImageModel : AutoCloseable {
    /** What really runs, for people: "GPU, half precision", "CPU, 4 threads". */
    val description: String

    /**
     * Runs a signature.
     *
     * @param inputs {name of an input: values}, in the order of the shape in export.json.
     * @return {name of an output: values}. Throws what the runtime throws.
     */
    fun run(signature: Signature, inputs: Map<String, FloatArray>): Map<String, FloatArray>
}

/** Loads a model for a backend and nothing else, or throws with the reason why it cannot. */
fun interface ModelLoader {
    fun load(model: ModelSpec, backend: Backend): ImageModel
}
