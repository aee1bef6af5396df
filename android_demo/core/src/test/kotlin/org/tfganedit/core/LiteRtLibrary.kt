package org.tfganedit.core

import com.sun.jna.Memory
import com.sun.jna.NativeLibrary
import com.sun.jna.Pointer
import com.sun.jna.ptr.PointerByReference
import java.util.concurrent.ConcurrentHashMap

private const val ON_PROCESSOR = 1
private const val READ = 0
private const val WRITE = 1
// JNA unloads what nothing refers to, but LiteRT's exit handlers run when the process ends.
private val opened = ConcurrentHashMap<String, NativeLibrary>()
private const val TENSOR_TYPE_BYTES = 72L // element type, rank, 8 sizes, 8 strides

/**
 * Models run by LiteRT's C library on this machine, as the Android package of LiteRT runs them on a
 * phone.
 *
 * @param path of libLiteRt.so, such as the one in the Python package ai-edge-litert.
 */
class LiteRtLibrary(path: String, private val folder: String) : ModelLoader {
    private val library = opened.getOrPut(path) { NativeLibrary.getInstance(path) }

    override fun load(model: ModelSpec, backend: Backend): ImageModel {
        check(backend == Backend.CPU) { "no accelerator here" }
        return Model("$folder/${model.files.single().path}")
    }

    private fun call(name: String, vararg arguments: Any?) {
        val status = library.getFunction(name).invokeInt(arguments)
        check(status == 0) { "$name gave $status" }
    }

    /** What a function writes to its last argument. */
    private fun made(name: String, vararg arguments: Any?): Pointer {
        val out = PointerByReference()
        call(name, *arguments, out)
        return out.value
    }

    private fun text(name: String, vararg arguments: Any?) = made(name, *arguments).getString(0)

    private inner class Model(path: String) : ImageModel {
        override val description = "CPU"
        private val environment = made("LiteRtCreateEnvironment", 0, null)
        private val model = made("LiteRtCreateModelFromFile", environment, path)
        private val options = made("LiteRtCreateOptions")
        private val compiled: Pointer
        private val signatures: Map<String, Ends>

        init {
            call("LiteRtSetOptionsHardwareAccelerators", options, ON_PROCESSOR)
            compiled = made("LiteRtCreateCompiledModel", environment, model, options)
            val count = made("LiteRtGetNumModelSignatures", model)
            signatures = (0 until Pointer.nativeValue(count)).associate { index ->
                val signature = made("LiteRtGetModelSignature", model, index)
                text("LiteRtGetSignatureKey", signature) to Ends(index, signature)
            }
        }

        override fun run(
            signature: Signature, inputs: Map<String, FloatArray>,
        ): Map<String, FloatArray> {
            val ends = signatures.getValue(signature.name)
            check(ends.inputs.keys == inputs.keys) { "it reads ${ends.inputs.keys}" }
            for ((name, buffer) in ends.inputs) write(buffer, inputs.getValue(name))
            call(
                "LiteRtRunCompiledModel", compiled, ends.index,
                ends.inputs.size.toLong(), ends.inputs.values.toTypedArray(),
                ends.outputs.size.toLong(), ends.outputs.values.toTypedArray(),
            )
            return signature.outputs.associate { port ->
                port.name to read(ends.outputs.getValue(port.name), port.size)
            }
        }

        private fun write(buffer: Pointer, values: FloatArray) =
            locked(buffer, WRITE) { it.write(0, values, 0, values.size) }

        private fun read(buffer: Pointer, size: Int) =
            locked(buffer, READ) { it.getFloatArray(0, size) }

        private fun <T> locked(buffer: Pointer, mode: Int, use: (Pointer) -> T): T {
            val memory = PointerByReference()
            call("LiteRtLockTensorBuffer", buffer, memory, mode)
            return use(memory.value).also { call("LiteRtUnlockTensorBuffer", buffer) }
        }

        override fun close() {
            val destroy = { name: String, what: Pointer ->
                library.getFunction(name).invokeVoid(arrayOf(what))
            }
            val buffers = signatures.values.flatMap { it.inputs.values + it.outputs.values }
            buffers.forEach { destroy("LiteRtDestroyTensorBuffer", it) }
            destroy("LiteRtDestroyCompiledModel", compiled)
            destroy("LiteRtDestroyOptions", options)
            destroy("LiteRtDestroyModel", model)
            destroy("LiteRtDestroyEnvironment", environment)
        }

        private inner class Ends(val index: Long, private val signature: Pointer) {
            val inputs = buffers("Input")
            val outputs = buffers("Output")

            private fun buffers(end: String): Map<String, Pointer> {
                val count = made("LiteRtGetNumSignature${end}s", signature)
                return (0 until Pointer.nativeValue(count)).associate { i ->
                    val requirements = made(
                        "LiteRtGetCompiledModel${end}BufferRequirements", compiled, index, i,
                    )
                    val tensor = made("LiteRtGetSignature${end}TensorByIndex", signature, i)
                    val type = Memory(TENSOR_TYPE_BYTES)
                    call("LiteRtGetRankedTensorType", tensor, type)
                    text("LiteRtGetSignature${end}Name", signature, i) to made(
                        "LiteRtCreateManagedTensorBufferFromRequirements",
                        environment, type, requirements,
                    )
                }
            }
        }
    }
}
