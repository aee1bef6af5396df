package org.tfganedit.app

import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ColorSpace
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Build
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import org.tfganedit.core.Orientation
import org.tfganedit.core.Photo
import org.tfganedit.core.SampleSize

/** Why a picture cannot be opened; [message] is a string resource. */
class UnreadablePhoto(val reason: Int, cause: Throwable? = null) : Exception(cause)

/**
 * Decodes pictures: upright, sRGB, opaque, and never larger than asked for. A file of any size
 * takes the memory of what is asked for, because decoders leave pixels out while they read.
 */
class PhotoReader(private val resolver: ContentResolver) {
    /** @throws UnreadablePhoto with the reason, whatever the file is. */
    fun read(uri: Uri, maxSide: Int, maxPixels: Long): Photo {
        try {
            return decode(uri, maxSide, maxPixels)
        } catch (error: FileNotFoundException) {
            throw UnreadablePhoto(R.string.photo_is_gone, error)
        } catch (error: SecurityException) {
            throw UnreadablePhoto(R.string.photo_is_locked, error)
        } catch (error: OutOfMemoryError) {
            throw UnreadablePhoto(R.string.photo_is_too_large, error)
        } catch (error: IOException) {
            throw UnreadablePhoto(R.string.photo_is_no_picture, error)
        } catch (error: RuntimeException) {
            // Providers and decoders of other makers throw what they like.
            throw UnreadablePhoto(R.string.photo_is_no_picture, error)
        }
    }

    private fun decode(uri: Uri, maxSide: Int, maxPixels: Long): Photo =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            toPhoto(decodeNew(uri, maxSide, maxPixels))
        } else {
            decodeOld(uri, maxSide, maxPixels)
        }

    /** Turns pictures upright itself. */
    private fun decodeNew(uri: Uri, maxSide: Int, maxPixels: Long): Bitmap {
        val source = ImageDecoder.createSource(resolver, uri)
        return ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
            val sample = SampleSize.of(info.size.width, info.size.height, maxSide, maxPixels)
            decoder.setTargetSampleSize(sample)
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE  // pixels are read
            decoder.setTargetColorSpace(ColorSpace.get(ColorSpace.Named.SRGB))
        }
    }

    private fun decodeOld(uri: Uri, maxSide: Int, maxPixels: Long): Photo {
        val options = BitmapFactory.Options()
        options.inJustDecodeBounds = true
        open(uri).use { BitmapFactory.decodeStream(it, null, options) }
        if (options.outWidth <= 0 || options.outHeight <= 0) throw IOException(uri.toString())
        options.inJustDecodeBounds = false
        options.inPreferredColorSpace = ColorSpace.get(ColorSpace.Named.SRGB)
        options.inSampleSize =
            SampleSize.powerOfTwo(options.outWidth, options.outHeight, maxSide, maxPixels)
        val bitmap = open(uri).use { BitmapFactory.decodeStream(it, null, options) }
            ?: throw IOException(uri.toString())
        val orientation = open(uri).use(Orientation::ofJpeg)
        return Orientation.upright(toPhoto(bitmap), orientation)
    }

    private fun open(uri: Uri): InputStream =
        resolver.openInputStream(uri) ?: throw FileNotFoundException(uri.toString())

    private fun toPhoto(bitmap: Bitmap): Photo {
        val pixels = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        val photo = Photo(bitmap.width, bitmap.height, pixels)
        bitmap.recycle()
        for (i in pixels.indices) pixels[i] = pixels[i] or OPAQUE
        return photo
    }

    private companion object {
        const val OPAQUE = 0xFF shl 24
    }
}

/** A bitmap of a photo, no side longer than [maxSide]. */
fun Photo.toBitmap(maxSide: Int = Int.MAX_VALUE): Bitmap {
    val bitmap = Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
    val scale = maxSide / maxOf(width, height).toDouble()
    if (scale >= 1) return bitmap
    val small = Bitmap.createScaledBitmap(
        bitmap,
        Math.round(width * scale).toInt().coerceAtLeast(1),
        Math.round(height * scale).toInt().coerceAtLeast(1),
        true,
    )
    bitmap.recycle()
    return small
}
