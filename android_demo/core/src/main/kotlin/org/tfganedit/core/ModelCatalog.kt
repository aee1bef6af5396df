package org.tfganedit.core

import java.io.InputStream

/** Where models lie: assets of an application, or a folder. Throws IOException for a missing path. */
fun interface ModelStore {
    /** Opens [path], relative to the folder that has models.json. The caller closes it. */
    fun open(path: String): InputStream
}

/** Why a model cannot be used, in one sentence for people. */
class ModelException(message: String, cause: Throwable? = null) : Exception(message, cause)

/**
 * The models that models.json lists.
 *
 * @property models in its order.
 * @property refused sentences about entries that cannot be shown (damaged, unknown rules).
 */
class ModelCatalog private constructor(
    private val store: ModelStore,
    val models: List<ModelSpec>,
    val refused: List<String>,
) {
    /** Compares the file's bytes with export.json's hash. Throws [ModelException]. Reads it wholly, once. */
    fun verify(model: ModelSpec): Unit = TODO()

    companion object {
        /** Reads models.json and every export.json. Throws [ModelException] where models.json is unreadable. */
        fun read(store: ModelStore): ModelCatalog = TODO()
    }
}
