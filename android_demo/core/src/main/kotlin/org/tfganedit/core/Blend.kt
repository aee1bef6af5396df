package org.tfganedit.core

/** The strength of an edit, without running the network again. */
object Blend {
    /** photo + strength * (edited - photo) for both of one size; strength in [0, 1]. */
    fun blend(photo: Photo, edited: Photo, strength: Float): Photo = TODO()

    /** As [blend], into [out] of that many pixels: no new memory while a slider moves. */
    fun blendInto(photo: Photo, edited: Photo, strength: Float, out: IntArray): Unit = TODO()
}
