package org.tfganedit.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class SampleSizeTest {
    @Test
    fun `fifty megapixels fit`() {
        assertEquals(4, SampleSize.of(8160, 6120, 2048, 1L shl 40))
        assertEquals(3, SampleSize.of(8160, 6120, Int.MAX_VALUE, 12_000_000))
        assertEquals(1, SampleSize.of(4000, 3000, Int.MAX_VALUE, 12_000_000))
        assertEquals(4, SampleSize.powerOfTwo(8160, 6120, 1 shl 20, 12_000_000))
    }

    @Test
    fun `small photos are taken whole`() {
        assertEquals(1, SampleSize.of(2048, 2048, 2048, 2048L * 2048))
        assertEquals(1, SampleSize.powerOfTwo(1, 1, 1, 1))
        assertEquals(2, SampleSize.of(2049, 1, 2048, 1 shl 22))
    }

    @Test
    fun `no size is too large`() {
        for (side in listOf(3, 1000, 65_535, 1_000_000)) {
            val sample = SampleSize.of(side, side, 2048, 3_000_000)
            val left = (side + sample - 1) / sample
            assertTrue(left <= 2048 && left.toLong() * left <= 3_000_000)
            if (sample > 1) {
                val larger = ((side + sample - 2) / (sample - 1)).toLong()
                assertTrue("$side", larger > 2048 || larger * larger > 3_000_000)
            }
        }
    }

    @Test
    fun `no size is negative`() {
        assertThrows(IllegalArgumentException::class.java) { SampleSize.of(0, 3, 9, 9) }
    }
}
