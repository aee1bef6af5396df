package org.tfganedit.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Test

class LatencyTest {
    private fun run(model: Double) = Latency(1.0, model, 2.0)

    @Test
    fun `the first run is apart`() {
        val statistics = LatencyStatistics()
        val start = statistics.add(run(900.0))
        assertEquals(LatencySummary(run(900.0), 0, null, null), start)
        assertNull(start.median)
        var summary = start
        for (model in listOf(10.0, 30.0, 20.0, 40.0)) summary = statistics.add(run(model))
        assertEquals(run(900.0), summary.first)
        assertEquals(4, summary.count)
        assertEquals(25.0, summary.median!!.model, 0.0)
        assertEquals(3.0 + 25, summary.median.total, 0.0)
        assertEquals(40.0, summary.percentile90!!.model, 0.0)
        assertEquals(20.0, statistics.add(run(5.0)).median!!.model, 0.0)
    }

    @Test
    fun `old runs are forgotten`() {
        val statistics = LatencyStatistics(kept = 10)
        statistics.add(run(0.0))
        var summary: LatencySummary? = null
        for (model in 1..100) summary = statistics.add(run(model.toDouble()))
        assertEquals(100, summary!!.count)
        assertEquals(95.5, summary.median!!.model, 0.0)
        assertEquals(99.0, summary.percentile90!!.model, 0.0)
        assertThrows(IllegalArgumentException::class.java) { LatencyStatistics(kept = 0) }
    }
}
