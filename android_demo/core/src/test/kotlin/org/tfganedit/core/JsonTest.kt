package org.tfganedit.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class JsonTest {
    @Test
    fun `values are read`() {
        val json = Json.parse(
            """ {"a": [1, -2.5e3, true, false, null, "x"], "b\n\u0041\\\/\"": {"c": {}}, "n": null} """,
        )
        assertEquals(listOf("a", "b\nA\\/\"", "n"), json.keys)
        val (one, many, yes, no, nothing) = json["a"].list
        assertEquals(1, one.int)
        assertEquals(-2500.0, many.double, 0.0)
        assertTrue(yes.boolean && !no.boolean && nothing.isNull)
        assertEquals("x", json["a"].list[5].string)
        assertEquals(null, json.optional("n"))
        assertEquals(null, json.optional("missing"))
        assertEquals("é😀", Json.parse("\"é\\uD83D\\uDE00\"").string)
        assertEquals(1L shl 53, Json.parse("9007199254740992").long)
    }

    @Test
    fun `what is not JSON is refused`() {
        val bad = listOf(
            "", " ", "{", "[1,]", "{\"a\":1,}", "[1 2]", "{a:1}", "{\"a\" 1}", "'x'", "01", "1.", ".5",
            "+1", "1e", "NaN", "Infinity", "1e999", "nul", "tru", "[1] 2", "\"a\nb\"", "\"\\x\"",
            "\"\\u12g4\"", "\"\\u12", "\"open", "{\"a\":1,\"a\":2}", "[".repeat(200) + "]".repeat(200),
        )
        for (text in bad) assertThrows(text, JsonException::class.java) { Json.parse(text) }
    }

    @Test
    fun `messages say where`() {
        val json = Json.parse("""{"a": {"b": [1.5, "x"]}}""")
        fun message(block: () -> Unit) = assertThrows(JsonException::class.java, block).message
        assertEquals("a lacks \"c\"", message { json["a"]["c"] })
        assertEquals("the file lacks \"c\"", message { json["c"] })
        assertEquals("a.b[0] is not a whole number", message { json["a"]["b"].list[0].int })
        assertEquals("a.b[1] is not a number", message { json["a"]["b"].list[1].double })
        assertEquals("a is not text", message { json["a"].string })
        val rule = message { json["a"]["b"].list[1].expect("y") }
        assertEquals("a.b[1] is \"x\"; this version knows only \"y\"", rule)
        assertTrue(message { Json.parse("{\n\"a\": 1\n\"b\": 2}") }!!.contains("line 3"))
    }
}
