package org.tfganedit.app

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale

/** The only screen. It shows an [EditSession], which it hands on when it is rotated. */
class MainActivity : Activity(), EditSession.Watcher {
    private lateinit var session: EditSession
    private lateinit var screen: Screen

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.main)
        window?.let { Insets.pad(it, findViewById(R.id.root)) }
        session = lastNonConfigurationInstance as? EditSession
            ?: EditSession(applicationContext, EditState.from(savedInstanceState))
        screen = Screen(this, session)
        on(R.id.open_photo) { pick(Purpose.PHOTO) }
        on(R.id.take_photo) { takePhoto() }
        on(R.id.reference) { pick(Purpose.REFERENCE) }
        on(R.id.drawing) { pick(Purpose.DRAWING) }
        on(R.id.save) { save() }
        on(R.id.share) { session.share("share_${System.currentTimeMillis()}.jpg") }
    }

    override fun onStart() {
        super.onStart()
        session.watcher = this
        onChange()
    }

    override fun onStop() {
        session.watcher = null
        super.onStop()
    }

    override fun onRetainNonConfigurationInstance(): Any = session

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        session.state.saveTo(outState)
    }

    override fun onDestroy() {
        if (!isChangingConfigurations) session.close()
        super.onDestroy()
    }

    override fun onChange() {
        screen.show()
        session.takeShared()?.let(::share)
    }

    private fun on(id: Int, action: () -> Unit) =
        findViewById<View>(id).setOnClickListener { action() }

    // === Other applications ===

    private fun pick(purpose: Purpose) {
        session.pick(purpose)
        if (PhotoIntents.pickers().none { ask(it, PICK) }) problem(R.string.no_picker)
    }

    private fun takePhoto() {
        val (_, target) = PhotoProvider.newFile(this, "camera_${System.currentTimeMillis()}.jpg")
        session.pick(Purpose.PHOTO, camera = target)
        if (!ask(PhotoIntents.camera(target), CAMERA)) problem(R.string.no_camera)
    }

    private fun save() {
        val name = newName()
        if (!session.asksWhereToSave) {
            session.save(null, name)
        } else if (!ask(PhotoIntents.create(name), CREATE)) {
            problem(R.string.not_written)
        }
    }

    private fun share(photo: Uri) {
        if (!ask(PhotoIntents.share(this, photo), SHARE)) problem(R.string.no_sharing)
    }

    /** Whether an application answers; without one, or without its permission, nothing happens. */
    private fun ask(intent: Intent, code: Int): Boolean = try {
        startActivityForResult(intent, code)
        true
    } catch (_: ActivityNotFoundException) {
        false
    } catch (_: SecurityException) {
        false
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        super.onActivityResult(requestCode, resultCode, data)
        val opens = requestCode == PICK || requestCode == CAMERA
        val (purpose, target) = if (opens) session.picked() else null to null
        if (resultCode != RESULT_OK) return
        val picked = data?.data
        when (requestCode) {
            PICK -> if (picked != null && purpose != null) {
                PhotoIntents.keep(this, picked)
                session.open(picked, purpose)
            }
            CAMERA -> if (target != null) session.open(target, Purpose.PHOTO)
            CREATE -> if (picked != null) session.save(picked, nameOf(picked))
        }
    }

    private fun problem(text: Int) = session.say(getString(text), problem = true)

    private fun newName(): String {
        val time = SimpleDateFormat("yyyyMMdd_HHmmss", Locale.ROOT).format(Date())
        return "edited_$time.jpg"
    }

    private fun nameOf(uri: Uri) = uri.lastPathSegment?.substringAfterLast('/') ?: uri.toString()

    private companion object {
        const val PICK = 1
        const val CAMERA = 2
        const val CREATE = 3
        const val SHARE = 4
    }
}
