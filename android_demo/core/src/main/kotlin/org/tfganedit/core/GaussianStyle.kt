package org.tfganedit.core

import java.util.Random

/** Styles by seed. */
object GaussianStyle {
    internal const val DISTRIBUTION = "standard_normal"

    /** [size] standard normal numbers, the same for a seed on every machine with Java. */
    fun draw(seed: Long, size: Int): FloatArray {
        val random = Random(seed)
        return FloatArray(size) { random.nextGaussian().toFloat() }
    }
}
