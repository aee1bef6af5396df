package org.tfganedit.app

import android.content.res.AssetManager
import java.io.InputStream
import org.tfganedit.core.ModelStore

/** The models that are packed into the application. */
class AssetStore(private val assets: AssetManager) : ModelStore {
    override fun open(path: String): InputStream = assets.open("${LiteRtLoader.MODELS}/$path")
}
