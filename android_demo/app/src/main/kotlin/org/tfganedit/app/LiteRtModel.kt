package org.tfganedit.app

import android.content.res.AssetManager
import android.content.res.Resources
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.CompiledModel.GpuOptions.Precision
import com.google.ai.edge.litert.TensorBuffer
import org.tfganedit.core.Backend
import org.tfganedit.core.ImageModel
import org.tfganedit.core.ModelException
import org.tfganedit.core.ModelLoader
import org.tfganedit.core.ModelSpec
import org.tfganedit.core.Port
import org.tfganedit.core.Signature

/** Loads models of the assets; each backend is asked for alone, so what is named is what runs. */
class LiteRtLoader(
    private val assets: AssetManager,
    private val resources: Resources,
) : ModelLoader {
    override fun load(model: ModelSpec, backend: Backend): ImageModel {
        val file = model.files.singleOrNull()
            ?: throw ModelException(resources.getString(R.string.several_files, model.title))
        val threads = Runtime.getRuntime().availableProcessors().coerceIn(1, MOST_THREADS)
        val options = options(backend, threads)
        try {
            val compiled = CompiledModel.create(assets, "$MODELS/${file.path}", options)
            return LiteRtModel(compiled, describe(backend, threads))
        } catch (error: LinkageError) {
            // No native library for this processor, or one that the device refuses.
            val text = resources.getString(R.string.no_runtime, error.message.orEmpty())
            throw ModelException(text, error)
        }
    }

    private fun options(backend: Backend, threads: Int) = when (backend) {
        Backend.GPU -> CompiledModel.Options(Accelerator.GPU)
        Backend.GPU_FP32 -> CompiledModel.Options(Accelerator.GPU).apply {
            gpuOptions = CompiledModel.GpuOptions(precision = Precision.FP32)
        }
        Backend.CPU -> CompiledModel.Options(Accelerator.CPU).apply {
            cpuOptions = CompiledModel.CpuOptions(numThreads = threads)
        }
    }

    private fun describe(backend: Backend, threads: Int) = when (backend) {
        Backend.GPU -> resources.getString(R.string.runs_on_gpu)
        Backend.GPU_FP32 -> resources.getString(R.string.runs_on_gpu_fp32)
        Backend.CPU -> resources.getQuantityString(R.plurals.runs_on_cpu, threads, threads)
    }

    companion object {
        /** Folder of the assets that has models.json. */
        const val MODELS = "models"

        /** Phones have no more than four fast cores; slow ones hold the others up. */
        private const val MOST_THREADS = 4
    }
}

/** A compiled file and the buffers of its signatures, which are made when first run. */
private class LiteRtModel(
    private val compiled: CompiledModel,
    override val description: String,
) : ImageModel {
    private class Buffers(
        val inputs: Map<String, TensorBuffer>,
        val outputs: Map<String, TensorBuffer>,
    )

    private val buffers = mutableMapOf<String, Buffers>()

    override fun run(
        signature: Signature,
        inputs: Map<String, FloatArray>,
    ): Map<String, FloatArray> {
        val ends = buffers.getOrPut(signature.name) { make(signature) }
        for ((name, buffer) in ends.inputs) buffer.writeFloat(inputs.getValue(name))
        compiled.run(ends.inputs, ends.outputs, signature.name)
        return signature.outputs.associate { it.name to read(it, ends.outputs.getValue(it.name)) }
    }

    private fun make(signature: Signature): Buffers {
        val inputs = signature.inputs.map(Port::name)
        val outputs = signature.outputs.map(Port::name)
        return Buffers(
            inputs.associateWith { compiled.createInputBuffer(it, signature.name) },
            outputs.associateWith { compiled.createOutputBuffer(it, signature.name) },
        )
    }

    private fun read(port: Port, buffer: TensorBuffer): FloatArray {
        val values = buffer.readFloat()
        check(values.size == port.size) {
            "${port.name} must have ${port.size} values. Received: ${values.size}"
        }
        return values
    }

    override fun close() {
        for (ends in buffers.values) {
            ends.inputs.values.forEach(TensorBuffer::close)
            ends.outputs.values.forEach(TensorBuffer::close)
        }
        buffers.clear()
        compiled.close()
    }
}
