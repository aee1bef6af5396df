package org.tfganedit.app

import android.content.ClipData
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.provider.MediaStore

/** What other applications are asked for. None of it needs a permission. */
object PhotoIntents {
    private const val PICTURES = "image/*"

    /** Ways to pick a picture, the best one first. */
    fun pickers(): List<Intent> {
        val document = Intent(Intent.ACTION_OPEN_DOCUMENT)
            .addCategory(Intent.CATEGORY_OPENABLE)
            .setType(PICTURES)
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU) return listOf(document)
        return listOf(Intent(MediaStore.ACTION_PICK_IMAGES).setType(PICTURES), document)
    }

    /** A camera that writes to [target]. */
    fun camera(target: Uri): Intent {
        val intent = Intent(MediaStore.ACTION_IMAGE_CAPTURE)
            .putExtra(MediaStore.EXTRA_OUTPUT, target)
            .addFlags(Intent.FLAG_GRANT_WRITE_URI_PERMISSION)
            .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        intent.clipData = ClipData.newRawUri(null, target)  // grants of old versions go by it
        return intent
    }

    /** Asks where to save. */
    fun create(name: String): Intent = Intent(Intent.ACTION_CREATE_DOCUMENT)
        .addCategory(Intent.CATEGORY_OPENABLE)
        .setType(PhotoProvider.JPEG)
        .putExtra(Intent.EXTRA_TITLE, name)

    fun share(context: Context, photo: Uri): Intent {
        val intent = Intent(Intent.ACTION_SEND)
            .setType(PhotoProvider.JPEG)
            .putExtra(Intent.EXTRA_STREAM, photo)
            .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        intent.clipData = ClipData.newRawUri(null, photo)
        return Intent.createChooser(intent, context.getString(R.string.share_with))
    }

    /** Keeps the right to read a picture after the process ended, where its provider lets. */
    fun keep(context: Context, photo: Uri) {
        try {
            context.contentResolver.takePersistableUriPermission(
                photo, Intent.FLAG_GRANT_READ_URI_PERMISSION
            )
        } catch (_: SecurityException) {
            // Of a provider that lends for a while only.
        }
    }
}
