package org.tfganedit.app

import android.content.ContentResolver
import android.content.ContentValues
import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import java.io.FileNotFoundException
import java.io.IOException
import java.io.OutputStream
import org.tfganedit.core.Photo

/** Writes edited photos as JPEG: to the gallery, to a place that was chosen, or for sharing. */
class PhotoWriter(private val context: Context) {
    private val resolver: ContentResolver = context.contentResolver

    /** Whether [toGallery] needs no permission; else a place has to be chosen. */
    val hasGallery: Boolean get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q

    /** A new picture in the gallery, which shows it once it is whole. @throws IOException. */
    fun toGallery(photo: Photo, name: String): Uri {
        val values = ContentValues()
        values.put(MediaStore.MediaColumns.DISPLAY_NAME, name)
        values.put(MediaStore.MediaColumns.MIME_TYPE, PhotoProvider.JPEG)
        values.put(MediaStore.MediaColumns.RELATIVE_PATH, Environment.DIRECTORY_PICTURES)
        values.put(MediaStore.MediaColumns.IS_PENDING, 1)
        val folder = MediaStore.Images.Media.getContentUri(MediaStore.VOLUME_EXTERNAL_PRIMARY)
        val uri = resolver.insert(folder, values) ?: throw IOException(name)
        try {
            to(photo, uri)
            val whole = ContentValues()
            whole.put(MediaStore.MediaColumns.IS_PENDING, 0)
            resolver.update(uri, whole, null, null)
            return uri
        } catch (error: Exception) {
            resolver.delete(uri, null, null)
            throw error
        }
    }

    /** Over what is at an address. @throws IOException. */
    fun to(photo: Photo, uri: Uri) {
        val stream = resolver.openOutputStream(uri, "wt")
            ?: throw FileNotFoundException(uri.toString())
        stream.use { write(photo, it) }
    }

    /** A file of the cache that others may be lent. @throws IOException. */
    fun toShare(photo: Photo, name: String): Uri {
        val (file, uri) = PhotoProvider.newFile(context, name)
        file.outputStream().use { write(photo, it) }
        return uri
    }

    private fun write(photo: Photo, stream: OutputStream) {
        val bitmap = photo.toBitmap()
        try {
            val whole = bitmap.compress(Bitmap.CompressFormat.JPEG, QUALITY, stream)
            if (!whole) throw IOException("JPEG")
        } finally {
            bitmap.recycle()
        }
    }

    private companion object {
        /** Of 100; artefacts are not seen, files are a third of 100's. */
        const val QUALITY = 95
    }
}
