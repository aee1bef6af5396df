package com.google.ai.edge.litert

import android.content.res.AssetManager
import com.sun.jna.NativeLibrary
import java.io.File
import org.tfganedit.core.Backend
import org.tfganedit.core.LiteRtLibrary
import org.tfganedit.core.ModelCatalog
import org.tfganedit.core.ModelSpec

enum class Accelerator { NONE, CPU, GPU, NPU }

class LiteRtException(message: String) : Exception(message)

class TensorBuffer internal constructor() : AutoCloseable {
    internal var values = FloatArray(0)

    fun writeFloat(data: FloatArray) {
        values = data.copyOf()
    }

    fun readFloat() = values.copyOf()

    override fun close() = Unit
}

/** LiteRT's C library on this machine, which has no accelerator; one thread may use a model. */
class CompiledModel private constructor(name: String) : AutoCloseable {
    data class CpuOptions(val numThreads: Int? = null)

    data class GpuOptions(val precision: Precision? = null) {
        enum class Precision { DEFAULT, FP16, FP32 }
    }

    class Options(vararg accelerators: Accelerator) {
        internal val wanted = accelerators.toSet()
        var cpuOptions: CpuOptions? = null
        var gpuOptions: GpuOptions? = null
    }

    private val thread = Thread.currentThread()
    private val models = File(System.getProperty("fake.assets"), "models")
    private val spec: ModelSpec = ModelCatalog.read { File(models, it).inputStream() }
        .models.single { "models/${it.files.single().path}" == name }
    private val model = LiteRtLibrary(System.getProperty("tfgan.litert"), models.path)
        .load(spec, Backend.CPU)

    fun createInputBuffer(inputName: String, signature: String = "") = TensorBuffer()

    fun createOutputBuffer(outputName: String, signature: String = "") = TensorBuffer()

    fun run(
        inputs: Map<String, TensorBuffer>,
        outputs: Map<String, TensorBuffer>,
        signature: String = "",
    ) {
        check(Thread.currentThread() === thread) { "another thread" }
        val known = listOfNotNull(spec.plan.encode, spec.plan.draw, spec.plan.readStyle)
        val called = known.single { it.name == signature }
        val made = model.run(called, inputs.mapValues { it.value.values })
        for ((name, buffer) in outputs) buffer.values = made.getValue(name)
    }

    override fun close() {
        check(Thread.currentThread() === thread) { "another thread" }
        model.close()
    }

    companion object {
        /** Held, so that it is never unloaded: it is called once more when Java ends. */
        private val library = NativeLibrary.getInstance(System.getProperty("tfgan.litert"))

        fun create(assetManager: AssetManager, assetName: String, options: Options): CompiledModel {
            assetManager.open(assetName).close()
            if (options.wanted != setOf(Accelerator.CPU)) {
                throw LiteRtException("no accelerator here")
            }
            return CompiledModel(assetName).also { checkNotNull(library) }
        }
    }
}
