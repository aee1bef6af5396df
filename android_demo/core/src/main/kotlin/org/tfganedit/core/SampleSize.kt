package org.tfganedit.core

/** How much of a photo is decoded, so that its memory is bounded whatever its size. */
object SampleSize {
    /**
     * The smallest whole number by which both sides of a photo are divided, such that no side is
     * longer than [maxSide] and there are no more than [maxPixels].
     */
    fun of(width: Int, height: Int, maxSide: Int, maxPixels: Long): Int {
        require(width > 0 && height > 0 && maxSide > 0 && maxPixels > 0) {
            "sizes must be positive. Received: $width $height $maxSide $maxPixels"
        }
        var sample = (maxOf(width, height) - 1) / maxSide + 1
        while (part(width, sample) * part(height, sample) > maxPixels) sample++
        return sample
    }

    /** [of] as a power of two, which old decoders round down to. */
    fun powerOfTwo(width: Int, height: Int, maxSide: Int, maxPixels: Long): Int {
        val least = of(width, height, maxSide, maxPixels)
        var sample = 1
        while (sample < least) sample *= 2
        return sample
    }

    private fun part(side: Int, sample: Int) = ((side - 1) / sample + 1).toLong()
}
