package org.tfganedit.core

import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.min

/** How photos of any size come to a network's size and back, by the rules of export.json. */
class Framing(private val rule: FramingRule) {
    private val resize = Resize(rule.resize)
    private val outside = Outside(rule.face.outside)

    /** What the network is given of [photo]: as large as [rule] says. */
    fun cut(photo: Photo, place: Place): Photo = cut(photo, place, rule.width, rule.height)

    /**
     * A picture of [width] x [height] of [photo].
     *
     * Throws [ModelException] where a face is not to be square, or its square lies outside.
     */
    fun cut(photo: Photo, place: Place, width: Int, height: Int): Photo = when (place) {
        is Place.Center -> center(photo, width, height)
        is Place.Face -> {
            if (width != height) {
                throw ModelException("faces are cut as squares, not $width x $height")
            }
            face(photo, place.square, width)
        }
    }

    /** What an edit is compared with: the cut middle, or for a face the photo itself. */
    fun before(photo: Photo, place: Place): Photo = when (place) {
        is Place.Center -> cut(photo, place)
        is Place.Face -> photo
    }

    /** The whole result, as large as [before]. */
    fun finished(photo: Photo, edited: Photo, place: Place): Photo = when (place) {
        is Place.Center -> edited
        is Place.Face -> pasteBack(photo, edited, place.square)
    }

    private fun center(photo: Photo, width: Int, height: Int): Photo {
        if (photo.width == width && photo.height == height) return photo
        val box = Crop.center(photo.width, photo.height, width, height)
        return resize.apply(photo.part(box.left, box.top, box.width, box.height), width, height)
    }

    // === Faces ===

    private fun face(photo: Photo, square: FaceSquare, size: Int): Photo {
        val (small, inSmall) = shrunk(photo, square, size)
        val (source, inSource) = outside.around(small, inSmall)
        val times = ceil(inSource.side / size).toInt().coerceIn(1, rule.face.maxSupersampling)
        val large = size * times
        val sampler = Bicubic(source, rule.face.bicubicA)
        val affine = inSource.affine(large)
        val out = IntArray(large * large)
        for (v in 0 until large) {
            for (u in 0 until large) {
                val (x, y) = affine.x(u + 0.5, v + 0.5) to affine.y(u + 0.5, v + 0.5)
                out[v * large + u] = sampler.at(x, y) ?: OPAQUE
            }
        }
        return resize.apply(Photo(large, large, out), size, size)
    }

    /** At 1/n of the size, where that leaves [FaceRule.minPixels] for one pixel of the result. */
    private fun shrunk(photo: Photo, square: FaceSquare, size: Int): Pair<Photo, FaceSquare> {
        val factor = (square.side / size / rule.face.minPixels).toInt()
        if (factor < 2) return photo to square
        val width = Math.rint(photo.width.toDouble() / factor).toInt()
        val height = Math.rint(photo.height.toDouble() / factor).toInt()
        val scaleX = width.toDouble() / photo.width
        val scaleY = height.toDouble() / photo.height
        val moved = FaceSquare(
            Point(square.centre.x * scaleX, square.centre.y * scaleY),
            square.halfSide * ((scaleX + scaleY) / 2),
        )
        return resize.apply(photo, width, height) to moved
    }

    private fun pasteBack(photo: Photo, edited: Photo, square: FaceSquare): Photo {
        // Averaged down to the square's size, not sampled; never up.
        val size = min(max(Math.rint(square.side).toInt(), 1), edited.width)
        val small = resize.apply(edited, size, size)
        val face = Bicubic(small, rule.face.bicubicA)
        val mask = Bicubic(feathered(size), rule.face.bicubicA)
        val affine = square.affine(size).inverse()
        val out = photo.pixels.copyOf()
        for (y in bounds(square.centre.y, square.reach, photo.height)) {
            for (x in bounds(square.centre.x, square.reach, photo.width)) {
                val (u, v) = affine.x(x + 0.5, y + 0.5) to affine.y(x + 0.5, y + 0.5)
                val share = blue(mask.at(u, v) ?: continue) / 255f
                val to = face.at(u, v) ?: continue
                val at = y * photo.width + x
                val from = photo.pixels[at]
                out[at] = pixel(
                    mixed(red(from), red(to), share),
                    mixed(green(from), green(to), share),
                    mixed(blue(from), blue(to), share),
                )
            }
        }
        return Photo(photo.width, photo.height, out)
    }

    private fun mixed(from: Int, to: Int, share: Float) =
        Math.rint((from + share * (to - from)).toDouble()).toInt()

    /** The pixels of a photo's side of [length] that lie within [reach] of [centre]. */
    private fun bounds(centre: Double, reach: Double, length: Int): IntRange {
        val first = max((centre - reach).toInt() - 1, 0)
        val last = min(ceil(centre + reach).toInt() + 1, length - 1)
        return first..last
    }

    /** 255 inside, falling to 0 at the border within [FramingRule.feather] of the side. */
    private fun feathered(size: Int): Photo {
        val ramp = DoubleArray(size) {
            val distance = min(it + 0.5, size - it - 0.5) / size
            if (rule.feather > 0) (distance / rule.feather).coerceIn(0.0, 1.0) else 1.0
        }
        val pixels = IntArray(size * size) {
            val level = Math.rint(255 * (ramp[it / size] * ramp[it % size])).toInt()
            pixel(level, level, level)
        }
        return Photo(size, size, pixels)
    }
}
