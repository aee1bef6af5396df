package org.tfganedit.core

/** What runs a network. */
enum class Backend { GPU, GPU_FP32, CPU }

/** A loaded file. Made, run and closed on one thread, the engine's. */
interface ImageModel : AutoCloseable {
    /** What really runs, for people: "GPU (OpenCL, half precision)", "CPU, 4 threads". */
    val description: String

    /**
     * Runs a signature: {input: values} -> {output: values}, float32 in the order of the shapes in
     * export.json. Throws what the runtime throws.
     */
    fun run(signature: Signature, inputs: Map<String, FloatArray>): Map<String, FloatArray>
}

/** Loads a model for a backend, or throws with the reason that it cannot. */
fun interface ModelLoader {
    fun load(model: ModelSpec, backend: Backend): ImageModel
}
