package org.tfganedit.core

private const val MAX_DEPTH = 100
private const val WHOLE = "a whole number"
private val HEX = Regex("[0-9a-fA-F]{4}")
private val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")

/** Text that is not JSON, or JSON without what was asked of it; the message says where. */
class JsonException(message: String) : Exception(message)

/**
 * A JSON value with the path that leads to it, for messages.
 *
 * @property value null, Boolean, Double, String, List<Any?> or Map<String, Any?>.
 */
class Json private constructor(private val value: Any?, private val path: String) {
    val isNull: Boolean get() = value == null
    val string: String get() = value as? String ?: wrong("text")
    val boolean: Boolean get() = value as? Boolean ?: wrong("true or false")
    val double: Double get() = value as? Double ?: wrong("a number")
    val float: Float get() = double.toFloat()
    val int: Int get() = double.toInt().also { if (it.toDouble() != double) wrong(WHOLE) }
    val long: Long get() = double.toLong().also { if (it.toDouble() != double) wrong(WHOLE) }
    val list: List<Json>
        get() = (value as? List<*> ?: wrong("a list")).mapIndexed { i, v -> Json(v, "$path[$i]") }
    val pair: Pair<Json, Json>
        get() = list.let { if (it.size == 2) it[0] to it[1] else wrong("a pair") }
    val keys: List<String> get() = members.keys.map { it as String }
    private val members get() = value as? Map<*, *> ?: wrong("an object")

    /** The member [key], which must be there; null is a value. */
    operator fun get(key: String): Json {
        if (key !in members) throw JsonException("${at(path)} lacks \"$key\"")
        return Json(members[key], if (path.isEmpty()) key else "$path.$key")
    }

    /** The member [key], or null where it is missing or null. */
    fun optional(key: String): Json? = if (members[key] == null) null else get(key)

    /** Refuses any other value than [expected]: a rule that this code does not know. */
    fun expect(expected: Any) {
        if (value != expected) {
            throw JsonException("${at(path)} is \"$value\"; this version knows only \"$expected\"")
        }
    }

    private fun wrong(expected: String): Nothing =
        throw JsonException("${at(path)} is not $expected")

    private fun at(path: String) = path.ifEmpty { "the file" }

    companion object {
        /** Reads strict JSON (RFC 8259) without repeated keys. Throws [JsonException]. */
        fun parse(text: String): Json = Json(Parser(text.removePrefix("\uFEFF")).whole(), "")
    }

    private class Parser(private val text: String) {
        private var at = 0
        private var depth = 0

        fun whole(): Any? {
            val value = value()
            space()
            if (at < text.length) fail("something follows the end")
            return value
        }

        private fun value(): Any? {
            space()
            return when (peek()) {
                '{' -> nested { members() }
                '[' -> nested { elements() }
                '"' -> string()
                't' -> word("true", true)
                'f' -> word("false", false)
                'n' -> word("null", null)
                else -> number()
            }
        }

        private fun <T> nested(read: () -> T): T {
            if (++depth > MAX_DEPTH) fail("more than $MAX_DEPTH levels")
            at++
            return read().also { depth-- }
        }

        private fun members(): Map<String, Any?> {
            val out = LinkedHashMap<String, Any?>()
            if (closes('}')) return out
            do {
                space()
                if (peek() != '"') fail("a key must be text")
                val key = string()
                space()
                if (peek() != ':') fail("a colon is missing")
                at++
                if (key in out) fail("\"$key\" is there twice")
                out[key] = value()
            } while (continues('}'))
            return out
        }

        private fun elements(): List<Any?> {
            val out = ArrayList<Any?>()
            if (closes(']')) return out
            do out.add(value()) while (continues(']'))
            return out
        }

        private fun closes(end: Char): Boolean {
            space()
            return (peek() == end).also { if (it) at++ }
        }

        private fun continues(end: Char): Boolean {
            space()
            val found = peek()
            if (found != ',' && found != end) fail("a comma or $end is missing")
            at++
            return found == ','
        }

        private fun string(): String {
            val out = StringBuilder()
            at++
            while (true) {
                val c = peek()
                at++
                when {
                    c == '"' -> return out.toString()
                    c == '\\' -> out.append(escaped())
                    c < ' ' -> fail("a control character in text")
                    else -> out.append(c)
                }
            }
        }

        private fun escaped(): Char {
            val c = peek()
            at++
            if (c == 'u') {
                val digits = text.substring(at, minOf(at + 4, text.length))
                if (!HEX.matches(digits)) fail("four digits must follow \\u")
                at += 4
                return digits.toInt(16).toChar()
            }
            val index = "\"\\/bfnrt".indexOf(c)
            if (index < 0) fail("\\$c is not known")
            return "\"\\/\b\u000C\n\r\t"[index]
        }

        private fun number(): Double {
            val match = NUMBER.matchAt(text, at) ?: fail("no value")
            at = match.range.last + 1
            val value = match.value.toDouble()
            if (value.isInfinite()) fail("${match.value} is too large")
            return value
        }

        private fun <T> word(word: String, value: T): T {
            if (!text.startsWith(word, at)) fail("no value")
            at += word.length
            return value
        }

        private fun space() {
            while (at < text.length && text[at] in " \t\n\r") at++
        }

        private fun peek(): Char = if (at < text.length) text[at] else fail("it ends too early")

        private fun fail(reason: String): Nothing {
            val line = 1 + text.substring(0, minOf(at, text.length)).count { it == '\n' }
            throw JsonException("not JSON, line $line: $reason")
        }
    }
}
