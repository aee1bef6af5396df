package org.tfganedit.app

import android.app.Activity
import android.view.View
import android.widget.ImageView
import android.widget.SeekBar
import android.widget.Switch

/** The second photo, and the brush that says which part of it is taken. */
class BrushPanel(
    private val activity: Activity,
    private val session: EditSession,
    private val photo: PhotoView,
) {
    private val picture = activity.findViewById<ImageView>(R.id.reference_picture)
    private val brush = activity.findViewById<SeekBar>(R.id.brush)
    private val erase = activity.findViewById<Switch>(R.id.erase)

    init {
        brush.onMove { session.brush(it / brush.max.toFloat()) }
        erase.setOnCheckedChangeListener { _, checked ->
            if (checked != session.state.erase) session.erase(checked)
        }
        activity.findViewById<View>(R.id.clear).setOnClickListener {
            session.clearMask()
            photo.repaint()
        }
    }

    fun show() {
        val controls = session.model?.controls
        val state = session.state
        activity.findViewById<View>(R.id.reference_panel).show(controls?.reference == true)
        picture.setImageBitmap(session.reference?.bitmap)
        picture.show(session.reference != null)
        activity.findViewById<View>(R.id.brush_panel).show(state.mode == Mode.BRUSH)
        brush.progress = Math.round(brush.max * state.brush)
        erase.isChecked = state.erase
        if (photo.painting !== session.painting) photo.painting = session.painting
        photo.brush = SMALLEST + (LARGEST - SMALLEST) * state.brush
        photo.erase = state.erase
    }

    private companion object {
        /** Half widths of brushes, parts of the picture's side. */
        const val SMALLEST = 0.01
        const val LARGEST = 0.15
    }
}
