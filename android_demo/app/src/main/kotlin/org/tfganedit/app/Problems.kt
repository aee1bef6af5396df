package org.tfganedit.app

import android.content.res.Resources
import java.io.IOException
import org.tfganedit.core.ModelException

/** What went wrong, in a sentence for people. */
fun describe(resources: Resources, error: Throwable): String = when (error) {
    is UnreadablePhoto -> resources.getString(error.reason)
    is ModelException -> error.message ?: error.toString()
    is OutOfMemoryError -> resources.getString(R.string.photo_is_too_large)
    is IOException, is SecurityException -> resources.getString(R.string.not_written)
    else -> resources.getString(R.string.unexpected, error.toString())
}
