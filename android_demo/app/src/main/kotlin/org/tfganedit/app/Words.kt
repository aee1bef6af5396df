package org.tfganedit.app

import android.content.res.Resources
import org.tfganedit.core.Backend
import org.tfganedit.core.EditResult
import org.tfganedit.core.ModelSpec

/** Sentences about models and runs. */
class Words(private val resources: Resources) {
    fun of(backend: Backend): String = resources.getString(
        when (backend) {
            Backend.GPU -> R.string.backend_gpu
            Backend.GPU_FP32 -> R.string.backend_gpu_fp32
            Backend.CPU -> R.string.backend_cpu
        }
    )

    /** Title, precision and size, such as "Smile · fp16 · 1.7 MB". */
    fun of(model: ModelSpec): String {
        val text =
            if (model.recommended) R.string.model_entry else R.string.model_entry_not_recommended
        return resources.getString(text, model.title, precision(model), megabytes(model.bytes))
    }

    private fun precision(model: ModelSpec) = when (model.quantize) {
        UNQUANTIZED -> resources.getString(R.string.precision_none)
        else -> model.quantize
    }

    private fun megabytes(bytes: Long) = resources.getString(R.string.megabytes, bytes / 1e6)

    /** What really ran, and why it was not what was asked for. */
    fun runs(result: EditResult): String {
        val (ran, reason) = result.description to result.fallback
        if (reason == null) return resources.getString(R.string.runs, ran)
        return resources.getString(R.string.fell_back, ran, of(result.request.backend), reason)
    }

    /** Milliseconds: the first run apart, the median of the others. */
    fun latency(result: EditResult): String {
        val (first, median) = result.summary.first to result.summary.median
        val (pre, model, post) = median ?: first
        if (median == null) return resources.getString(R.string.latency_first, pre, model, post)
        return resources.getString(
            R.string.latency_median, pre, model, post, result.summary.count, first.total
        )
    }

    private companion object {
        /** Of export.json's "quantize". */
        const val UNQUANTIZED = "none"
    }
}
