package org.tfganedit.app

import android.content.Context
import android.net.Uri
import android.os.Bundle
import android.os.Looper
import java.awt.Color
import java.awt.image.BufferedImage
import java.io.File
import javax.imageio.ImageIO
import org.junit.After
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.tfganedit.core.Backend
import org.tfganedit.core.Place
import org.tfganedit.core.Point

/** The application without a phone: fakes of Android, real models, LiteRT's C library. */
class EditSessionTest {
    @get:Rule
    val folder = TemporaryFolder()

    private val context = object : Context() {}
    private val sessions = mutableListOf<EditSession>()

    @Before
    fun setUp() {
        val assets = folder.newFolder("assets")
        File(System.getProperty("tfgan.exports"), "models").copyRecursively(File(assets, "models"))
        System.setProperty("fake.assets", assets.path)
        System.setProperty("fake.root", folder.newFolder("root").path)
    }

    @After
    fun tearDown() {
        sessions.forEach(EditSession::close)
        // Java must not end while LiteRT runs.
        Thread.getAllStackTraces().keys.filter { it.name == "editor" }.forEach { it.join(60_000) }
    }

    private fun session(state: EditState = EditState()) =
        EditSession(context, state).also(sessions::add)

    /** Is the main thread until something is so. */
    private fun until(what: String, condition: () -> Boolean) {
        val end = System.nanoTime() + 60_000_000_000
        while (!condition()) {
            check(System.nanoTime() < end) { "it took too long until $what" }
            Looper.runNext(50)
        }
    }

    private fun EditSession.settle() = until("all is done") { models.isNotEmpty() && !busy }

    private fun file(name: String, within: String = "photos") =
        File(System.getProperty("fake.root"), "$within/$name").also { it.parentFile.mkdirs() }

    private fun jpeg(name: String, width: Int, height: Int, within: String = "photos"): Uri {
        val image = BufferedImage(width, height, BufferedImage.TYPE_INT_RGB)
        for (y in 0 until height) for (x in 0 until width) {
            image.setRGB(x, y, Color(255 * x / width, 255 * y / height, (x * 7 + y * 3) % 256).rgb)
        }
        assertTrue(ImageIO.write(image, "jpg", file(name, within)))
        val authority = if (within == "photos") "photos" else "org.tfganedit.app.photos"
        return Uri.parse("content://$authority/$name")
    }

    private fun EditSession.use(id: String) {
        settle()
        choose(models.single { it.id == id })
        settle()
    }

    private fun EditSession.show(uri: Uri, purpose: Purpose = Purpose.PHOTO) {
        open(uri, purpose)
        settle()
    }

    private fun bundled(session: EditSession): EditState {
        val bundle = Bundle()
        session.state.saveTo(bundle)
        return EditState.from(bundle)
    }

    private fun text(id: Int, vararg values: Any) =
        if (values.isEmpty()) context.getString(id) else context.getString(id, *values)

    @Test
    fun `a photo is edited around its face, and what runs is told`() {
        val session = session()
        session.settle()
        session.show(jpeg("wide.jpg", 90, 60))
        val result = session.result!!
        assertTrue(result.request.place is Place.Face)
        assertEquals(90 to 60, result.edited.width to result.edited.height)
        assertEquals(Backend.GPU to Backend.CPU, result.request.backend to result.backend)
        assertEquals("no accelerator here", result.fallback)
        assertNull(session.notice)
        session.choose(Backend.CPU)
        session.settle()
        assertNull(session.result!!.fallback)
        assertArrayEquals(result.edited.pixels, session.result!!.edited.pixels)
    }

    @Test
    fun `a slider runs nothing`() {
        val session = session()
        session.settle()
        session.show(jpeg("wide.jpg", 90, 60))
        val (result, shown) = session.result to session.shown
        for (strength in listOf(0f, 0.3f, 1f)) session.strengthen(strength)
        assertFalse(session.busy)
        assertSame(result, session.result)
        assertSame(shown, session.shown)
    }

    @Test
    fun `without a face it is the middle, and that is told`() {
        val session = session()
        session.settle()
        session.show(jpeg("high.jpg", 60, 90))
        assertEquals(Place.Center, session.result!!.request.place)
        assertEquals(text(R.string.no_face), session.notice!!.text)
        session.zoom(0.5)
        session.settle()
        assertEquals(30.0, session.square!!.side, 1e-9)
        assertTrue(session.result!!.request.place is Place.Face)
    }

    @Test
    fun `styles are offered in pictures, by seed, and of a drawing`() {
        val session = session()
        session.show(jpeg("wide.jpg", 90, 60).also { session.settle() })
        session.use("tiny_roses")
        until("all previews are there") { session.offered().all { session.previews[it] != null } }
        val first = session.result!!
        session.useSeed(session.offered()[3])
        session.settle()
        assertEquals(listOf("decode"), session.result!!.ran)
        assertFalse(first.edited.pixels.contentEquals(session.result!!.edited.pixels))
        session.show(jpeg("drawing.jpg", 40, 50), Purpose.DRAWING)
        assertEquals(listOf("read_style", "decode"), session.result!!.ran)
        session.shuffle()
        session.settle()
        assertNull(session.state.drawing)
        assertEquals(session.state.seed, session.offered()[0])
    }

    @Test
    fun `a region is painted on the photo`() {
        val session = session()
        session.show(jpeg("wide.jpg", 90, 60).also { session.settle() })
        session.use("tiny_stylemap")
        assertNull(session.result)
        assertEquals(text(R.string.needs_reference), session.notice!!.text)
        session.show(jpeg("other.jpg", 50, 40), Purpose.REFERENCE)
        assertEquals(text(R.string.needs_mask), session.notice!!.text)
        session.choose(Mode.BRUSH)
        session.painting!!.stroke(Point(3.0, 3.0), Point(9.0, 9.0), 2.0, erase = false)
        session.painted()
        session.settle()
        assertNotNull(session.result)
        assertNull(session.notice)
        session.clearMask()
        session.settle()
        assertNull(session.result)
    }

    @Test
    fun `the end of the process loses nothing`() {
        val session = session()
        session.show(jpeg("wide.jpg", 90, 60).also { session.settle() })
        session.show(jpeg("other.jpg", 50, 40), Purpose.REFERENCE)
        session.use("tiny_stylemap")
        session.place(session.photo!!.face!!.copy(centre = Point(41.0, 28.0)), done = true)
        session.painting!!.stroke(Point(3.0, 3.0), Point(9.0, 9.0), 2.0, erase = false)
        session.painted()
        session.strengthen(0.25f)
        session.divide(0.75f)
        session.settle()
        val (state, edited) = bundled(session) to session.result!!.edited
        session.close()
        val again = session(state)
        again.settle()
        until("it is edited again") { again.result != null }
        assertEquals(state.copy(mask = null), again.state.copy(mask = null))
        assertEquals(0.25f to 0.75f, again.state.strength to again.state.divider)
        assertEquals("tiny_stylemap", again.model!!.id)
        assertArrayEquals(edited.pixels, again.result!!.edited.pixels)
    }

    @Test
    fun `the camera answers after the process ended`() {
        val session = session()
        session.show(jpeg("wide.jpg", 90, 60).also { session.settle() })
        val taken = jpeg("camera_1.jpg", 70, 50, "cache/photos")
        val stale = jpeg("camera_0.jpg", 70, 50, "cache/photos")
        session.pick(Purpose.PHOTO, camera = taken)
        val state = bundled(session)
        session.close()
        val again = session(state)
        val (purpose, target) = again.picked()
        assertEquals(Purpose.PHOTO to taken, purpose to target)
        again.open(target!!, purpose!!)
        again.settle()
        until("the new photo is edited") { again.result?.request?.photo?.width == 70 }
        assertEquals(taken, again.state.photo)
        assertEquals(null to null, again.picked())
        assertFalse(file(stale.lastPathSegment!!, "cache/photos").exists())
    }

    /** `MainActivity` stops watching, hands the session on, and the next one watches it. */
    @Test
    fun `a rotation neither stops nor repeats an edit`() {
        val session = session()
        session.settle()
        var (before, after) = 0 to 0
        session.watcher = object : EditSession.Watcher { override fun onChange() { before++ } }
        session.open(jpeg("wide.jpg", 90, 60), Purpose.PHOTO)
        until("the photo is open") { session.photo != null }
        session.watcher = null
        val told = before
        until("the edit ends while nobody watches") { session.result != null && !session.busy }
        val result = session.result
        session.watcher = object : EditSession.Watcher { override fun onChange() { after++ } }
        session.strengthen(0.5f)
        session.settle()
        assertSame(result, session.result)
        assertEquals(told, before)
        assertTrue(told > 0 && after > 0)
    }

    /** What `MainActivity` does where no application takes photos, or may not. */
    @Test
    fun `without a camera that is told, and the next photo opens`() {
        val session = session()
        session.settle()
        session.pick(Purpose.PHOTO, camera = Uri.parse("content://photos/none.jpg"))
        session.say(text(R.string.no_camera), problem = true)
        assertEquals(text(R.string.no_camera), session.notice!!.text)
        session.pick(Purpose.PHOTO)
        val (purpose, target) = session.picked()
        assertEquals(Purpose.PHOTO to null, purpose to target)
        session.show(jpeg("wide.jpg", 90, 60), purpose!!)
        assertEquals(90, session.result!!.edited.width)
        assertNull(session.notice)
    }

    @Test
    fun `what is no picture, or is gone, is told and changes nothing`() {
        val session = session()
        session.settle()
        session.show(jpeg("wide.jpg", 90, 60))
        val result = session.result
        file("text.jpg").writeText("no picture")
        for ((name, reason) in mapOf(
            "text.jpg" to R.string.photo_is_no_picture,
            "gone.jpg" to R.string.photo_is_gone,
        )) {
            session.show(Uri.parse("content://photos/$name"))
            assertEquals(text(reason), session.notice!!.text)
            assertTrue(session.notice!!.problem)
            assertSame(result, session.result)
        }
        session.strengthen(0.5f)
        session.show(jpeg("other.jpg", 50, 40))
        assertEquals(50, session.result!!.edited.width)
        assertNull(session.notice)
    }

    @Test
    fun `a large photo is edited small and saved large`() {
        val session = session()
        session.settle()
        session.show(jpeg("large.jpg", 4000, 2400))
        assertEquals(2000 to 1200, session.photo!!.photo.width to session.photo!!.photo.height)
        assertTrue(session.asksWhereToSave) // Android 8
        session.save(Uri.parse("content://photos/saved.jpg"), "saved.jpg")
        session.settle()
        assertEquals(text(R.string.saved, "saved.jpg"), session.notice!!.text)
        val saved = ImageIO.read(file("saved.jpg"))
        assertEquals(2000 to 1200, saved.width to saved.height) // 256 MB hold no 9.6 megapixels
        session.share("share_1.jpg")
        session.settle()
        val shared = file(session.takeShared()!!.lastPathSegment!!, "cache/photos")
        assertEquals(file("saved.jpg").length(), shared.length())
        assertNull(session.takeShared())
    }

    @Test
    fun `a damaged model is refused, the others work`() {
        val path = File(System.getProperty("fake.assets"), "models/tiny_student/model.tflite")
        path.writeBytes(path.readBytes().also { it[it.size / 2]++ })
        val session = session()
        session.settle()
        assertEquals("tiny_student", session.model!!.id)
        session.show(jpeg("wide.jpg", 90, 60))
        assertNull(session.result)
        assertTrue(session.notice!!.problem && "wrong hash" in session.notice!!.text)
        session.use("tiny_roses")
        assertNotNull(session.result)
        assertNotEquals(true, session.notice?.problem)
    }

    @Test
    fun `without models it is said, and photos open`() {
        File(System.getProperty("fake.assets"), "models/models.json").delete()
        val session = session()
        until("models were looked for") { session.notice != null }
        assertTrue(session.notice!!.problem)
        session.open(jpeg("wide.jpg", 90, 60), Purpose.PHOTO)
        until("the photo is open") { session.photo != null }
        assertNull(session.result)
    }
}
