package org.tfganedit.core

/** Milliseconds of one run, before, in and after the network. */
data class Latency(val pre: Double, val model: Double, val post: Double) {
    val total: Double get() = pre + model + post
}

/**
 * What runs took. The first one, which compiles and allocates, is kept apart.
 *
 * @property kept number of latest runs of which median and 90th percentile are taken.
 */
class LatencyStatistics(val kept: Int = 50) {
    /** The first run, or null before it. */
    val first: Latency? get() = TODO()

    /** Number of runs after the first one, also those no longer kept. */
    val count: Int get() = TODO()

    fun add(latency: Latency): Unit = TODO()

    /** Median of each part over the kept runs, or null before the second run. */
    fun median(): Latency? = TODO()

    /** 90th percentile (nearest rank) of each part, or null before the second run. */
    fun percentile90(): Latency? = TODO()
}
