package org.tfganedit.core

import java.io.InputStream

/** EXIF's orientation, 1 to 8. */
object Orientation {
    /** Of a JPEG's beginning; 1 where it does not say, or what it says is damaged. Never throws for bytes. */
    fun ofJpeg(input: InputStream): Int = TODO()

    /** [photo] turned upright. */
    fun upright(photo: Photo, orientation: Int): Photo = TODO()
}
