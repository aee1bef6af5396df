package org.tfganedit.core

import kotlin.math.ceil

/** Milliseconds of one run, before, in and after the network. */
data class Latency(val pre: Double, val model: Double, val post: Double) {
    val total: Double get() = pre + model + post
}

/**
 * What runs took.
 *
 * @property first of the first run, which compiles and allocates; it is in no other number.
 * @property count of runs after it.
 * @property median of each part, over the latest runs; null before the second run.
 * @property percentile90 by nearest rank, likewise.
 */
data class LatencySummary(
    val first: Latency,
    val count: Int,
    val median: Latency?,
    val percentile90: Latency?,
)

/** Collects what runs took; of the latest [kept] ones after the first it knows the distribution. */
class LatencyStatistics(private val kept: Int = 50) {
    private var first: Latency? = null
    private var count = 0
    private val latest = ArrayDeque<Latency>()

    init {
        require(kept > 0) { "at least one run must be kept. Received: $kept" }
    }

    /** Adds a run and tells what is known now. */
    fun add(latency: Latency): LatencySummary {
        val start = first
        if (start == null) {
            first = latency
            return LatencySummary(latency, 0, null, null)
        }
        count++
        latest.addLast(latency)
        if (latest.size > kept) latest.removeFirst()
        return LatencySummary(start, count, of(::median), of(::percentile90))
    }

    private fun of(statistic: (List<Double>) -> Double) = Latency(
        statistic(latest.map { it.pre }.sorted()),
        statistic(latest.map { it.model }.sorted()),
        statistic(latest.map { it.post }.sorted()),
    )

    private fun median(sorted: List<Double>) =
        (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2

    private fun percentile90(sorted: List<Double>) = sorted[ceil(0.9 * sorted.size).toInt() - 1]
}
