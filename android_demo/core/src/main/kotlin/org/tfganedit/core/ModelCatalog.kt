package org.tfganedit.core

import java.io.IOException
import java.io.InputStream
import java.security.MessageDigest

/** Where models lie: an application's assets, or a folder. */
fun interface ModelStore {
    /** Opens [path], below the folder of models.json; the caller closes it. Throws IOException. */
    fun open(path: String): InputStream
}

/** Why a model cannot be used, in one sentence for people. */
class ModelException(message: String, cause: Throwable? = null) : Exception(message, cause)

/**
 * The models that models.json lists.
 *
 * @property models in its order.
 * @property refused a sentence for each entry that cannot be used, with its name.
 */
class ModelCatalog private constructor(
    private val store: ModelStore,
    val models: List<ModelSpec>,
    val refused: List<String>,
) {
    /** Reads the model's files and compares them with export.json. Throws [ModelException]. */
    fun verify(model: ModelSpec) {
        for (file in model.files) {
            val found = try {
                store.open(file.path).use(::sha256)
            } catch (error: IOException) {
                throw ModelException("${model.title}: ${file.path} cannot be read", error)
            }
            if (found != file.sha256) {
                throw ModelException(
                    "${model.title}: ${file.path} is not the exported file (wrong hash): install " +
                        "the model again",
                )
            }
        }
    }

    companion object {
        private const val LIST = "models.json"

        /** Throws [ModelException] where models.json is unreadable; bad entries are refused. */
        fun read(store: ModelStore): ModelCatalog {
            val models = ArrayList<ModelSpec>()
            val refused = ArrayList<String>()
            val entries = try {
                val list = Json.parse(store.open(LIST).use { it.readBytes() }.decodeToString())
                list["format"].expect("tfgan_edit models")
                list["format_version"].expect(1.0)
                list["models"].list.map(::entry)
            } catch (error: IOException) {
                throw ModelException("$LIST cannot be read: install a model first", error)
            } catch (error: JsonException) {
                throw ModelException("$LIST: ${error.message}", error)
            }
            for (entry in entries) {
                try {
                    models.add(model(store, entry))
                } catch (_: IOException) {
                    refused.add("${entry.title}: its export.json cannot be read")
                } catch (error: JsonException) {
                    refused.add("${entry.title}: ${error.message}")
                } catch (error: ModelException) {
                    refused.add("${entry.title}: ${error.message}")
                }
            }
            return ModelCatalog(store, models, refused)
        }

        private class Entry(val folder: String, val title: String, val sha256: String)

        private fun entry(json: Json) =
            Entry(json["folder"].string, json["title"].string, json["sha256"].string)

        private fun model(store: ModelStore, entry: Entry): ModelSpec {
            val data = store.open("${entry.folder}/export.json").use { it.readBytes() }
            if (sha256(data.inputStream()) != entry.sha256) {
                throw ModelException("its export.json was changed (wrong hash): install it again")
            }
            return ExportReader(entry.folder, entry.title).read(Json.parse(data.decodeToString()))
        }

        private fun sha256(input: InputStream): String {
            val digest = MessageDigest.getInstance("SHA-256")
            val buffer = ByteArray(1 shl 16)
            while (true) {
                val count = input.read(buffer)
                if (count < 0) break
                digest.update(buffer, 0, count)
            }
            return digest.digest().joinToString("") { "%02x".format(it) }
        }
    }
}
