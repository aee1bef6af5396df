package org.tfganedit.app

import android.app.Activity
import android.view.View
import android.widget.TextView
import org.tfganedit.core.FaceSquare

/** Shows a session, and tells it what is done to the photo. */
class Screen(
    private val activity: Activity,
    private val session: EditSession,
) : PhotoView.Listener {
    private val photo = activity.findViewById<PhotoView>(R.id.photo)
    private val status = activity.findViewById<TextView>(R.id.status)
    private val latency = activity.findViewById<TextView>(R.id.latency)
    private val words = Words(activity.resources)
    private val controls = Controls(activity, session, words)
    private val stylePanel = StylePanel(activity, session)
    private val brushPanel = BrushPanel(activity, session, photo)

    init {
        photo.listener = this
    }

    /** Shows all of the session as it is. */
    fun show() {
        val opened = session.photo
        activity.findViewById<View>(R.id.empty).show(opened == null)
        activity.findViewById<View>(R.id.progress).show(session.busy)
        activity.findViewById<View>(R.id.save).isEnabled = session.result != null
        activity.findViewById<View>(R.id.share).isEnabled = session.result != null
        showPhoto(opened)
        showStatus()
        controls.show()
        stylePanel.show()
        brushPanel.show()
    }

    private fun showPhoto(opened: OpenPhoto?) {
        if (photo.photo?.bitmap !== opened?.bitmap) {
            photo.photo = opened?.let { ShownPhoto(it.photo.width, it.photo.height, it.bitmap) }
        }
        photo.edit = session.shown
        photo.mode = session.state.mode
        photo.strength = session.state.strength
        photo.divider = session.state.divider
        photo.square = session.square
        photo.placement = session.placement
        photo.contentDescription = activity.getString(
            when {
                session.state.mode == Mode.PLACE -> R.string.photo_place
                session.state.mode == Mode.BRUSH -> R.string.photo_brush
                session.shown == null -> R.string.photo_only
                else -> R.string.photo_before_and_after
            }
        )
    }

    private fun showStatus() {
        val notice = session.notice
        val told = notice?.text ?: session.progress ?: session.result?.let(words::runs)
        status.replace(told.orEmpty())
        val color = if (notice?.problem == true) R.color.problem else R.color.on_background
        status.setTextColor(activity.getColor(color))
        latency.replace(session.result?.let(words::latency).orEmpty())
        latency.show(session.result != null)
    }

    override fun onDivider(part: Float) = session.divide(part)

    override fun onSquare(square: FaceSquare, done: Boolean) = session.place(square, done)

    override fun onPainted() = session.painted()
}

fun View.show(shown: Boolean) {
    visibility = if (shown) View.VISIBLE else View.GONE
}

/** Only when it is another one: screen readers read a text that is set again. */
fun TextView.replace(new: String) {
    if (text.toString() != new) text = new
}
