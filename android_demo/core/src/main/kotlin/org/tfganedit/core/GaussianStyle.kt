package org.tfganedit.core

import kotlin.math.ln
import kotlin.math.sqrt

/**
 * Styles by seed, the same as NumPy's `RandomState(seed).randn(size)`, so that a seed is the same
 * style here and on the command line: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998)
 * and Marsaglia's polar method.
 */
object GaussianStyle {
    internal const val DISTRIBUTION = "standard_normal"

    /** [size] standard normal numbers for a seed in [0, 2^32); other seeds are taken modulo that. */
    fun draw(seed: Long, size: Int): FloatArray {
        val twister = MersenneTwister(seed.toInt())
        val out = FloatArray(size)
        for (i in 0 until size step 2) {
            var x: Double
            var y: Double
            var square: Double
            do {
                x = 2 * twister.uniform() - 1
                y = 2 * twister.uniform() - 1
                square = x * x + y * y
            } while (square >= 1 || square == 0.0)
            val factor = sqrt(-2 * ln(square) / square)
            out[i] = (factor * y).toFloat()
            if (i + 1 < size) out[i + 1] = (factor * x).toFloat()
        }
        return out
    }
}

private class MersenneTwister(seed: Int) {
    private val state = IntArray(624)
    private var next = state.size

    init {
        state[0] = seed
        for (i in 1 until state.size) {
            state[i] = 1812433253 * (state[i - 1] xor (state[i - 1] ushr 30)) + i
        }
    }

    /** In [0, 1), 53 bits. */
    fun uniform(): Double {
        val high = (word() ushr 5).toLong()
        val low = (word() ushr 6).toLong()
        return ((high shl 26) + low) / (1L shl 53).toDouble()
    }

    private fun word(): Int {
        if (next == state.size) twist()
        var word = state[next++]
        word = word xor (word ushr 11)
        word = word xor (word shl 7 and 0x9d2c5680.toInt())
        word = word xor (word shl 15 and 0xefc60000.toInt())
        return word xor (word ushr 18)
    }

    private fun twist() {
        for (i in state.indices) {
            val lower = state[(i + 1) % state.size] and 0x7fffffff
            val bits = (state[i] and 0x80000000.toInt()) or lower
            val odd = if (bits and 1 == 1) 0x9908b0df.toInt() else 0
            state[i] = state[(i + 397) % state.size] xor (bits ushr 1) xor odd
        }
        next = 0
    }
}
