package org.tfganedit.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

/**
 * Lends single files of the cache to the camera, which writes, and to what a photo is shared with,
 * which reads. It is not exported: others reach a file only while a grant for its address lasts.
 */
class PhotoProvider : ContentProvider() {
    override fun onCreate() = true

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        val file = fileOf(uri)
        if (mode == "r" && !file.isFile) throw FileNotFoundException(uri.toString())
        return ParcelFileDescriptor.open(file, ParcelFileDescriptor.parseMode(mode))
    }

    override fun getType(uri: Uri): String = JPEG

    override fun query(
        uri: Uri,
        projection: Array<String>?,
        selection: String?,
        selectionArgs: Array<String>?,
        sortOrder: String?,
    ): Cursor? {
        val file = try {
            fileOf(uri)
        } catch (_: FileNotFoundException) {
            return null
        }
        val known = mapOf(
            OpenableColumns.DISPLAY_NAME to file.name,
            OpenableColumns.SIZE to file.length(),
        )
        val columns = projection?.filter(known::containsKey) ?: known.keys.toList()
        val cursor = MatrixCursor(columns.toTypedArray(), 1)
        cursor.addRow(columns.map(known::getValue).toTypedArray<Any>())
        return cursor
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(
        uri: Uri,
        values: ContentValues?,
        selection: String?,
        selectionArgs: Array<String>?,
    ) = 0

    override fun delete(uri: Uri, selection: String?, selectionArgs: Array<String>?) = 0

    private fun fileOf(uri: Uri): File {
        val folder = folder(context ?: throw FileNotFoundException(uri.toString()))
        val name = uri.pathSegments?.singleOrNull()
        if (name == null || !NAME.matches(name)) throw FileNotFoundException(uri.toString())
        return File(folder, name)
    }

    companion object {
        const val JPEG = "image/jpeg"

        /** A name without a way out of the folder. */
        private val NAME = Regex("[a-z0-9_]+\\.jpg")

        /** A file that others may be given, and its address. */
        fun newFile(context: Context, name: String): Pair<File, Uri> {
            require(NAME.matches(name)) { "a name like camera_1.jpg. Received: $name" }
            val uri = Uri.Builder()
                .scheme("content")
                .authority(context.packageName + AUTHORITY_SUFFIX)
                .appendPath(name)
                .build()
            return File(folder(context), name) to uri
        }

        /** Deletes all files but those of some addresses. */
        fun deleteAllBut(context: Context, kept: Collection<Uri>) {
            val names = kept.mapNotNull { it.lastPathSegment }
            folder(context).listFiles()?.filter { it.name !in names }?.forEach { it.delete() }
        }

        /** As in the manifest. */
        private const val AUTHORITY_SUFFIX = ".photos"

        private fun folder(context: Context) = File(context.cacheDir, "photos").apply { mkdirs() }
    }
}
