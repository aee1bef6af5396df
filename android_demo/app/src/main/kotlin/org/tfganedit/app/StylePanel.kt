package org.tfganedit.app

import android.app.Activity
import android.view.LayoutInflater
import android.view.View
import android.view.inputmethod.EditorInfo
import android.widget.EditText
import android.widget.ImageButton
import android.widget.ImageView
import android.widget.LinearLayout

/** Styles of drawings: by number, out of several that are shown, or that of a drawing. */
class StylePanel(private val activity: Activity, private val session: EditSession) {
    private val seed = activity.findViewById<EditText>(R.id.seed)
    private val styles = activity.findViewById<LinearLayout>(R.id.styles)
    private val picture = activity.findViewById<ImageView>(R.id.drawing_picture)

    init {
        seed.setOnEditorActionListener { _, action, _ ->
            if (action == EditorInfo.IME_ACTION_DONE) useTyped()
            false  // the keyboard closes
        }
        seed.setOnFocusChangeListener { _, focused -> if (!focused) useTyped() }
        activity.findViewById<View>(R.id.shuffle).setOnClickListener { session.shuffle() }
    }

    private fun useTyped() {
        seed.text.toString().toLongOrNull()?.let(session::useSeed)
    }

    fun show() {
        val controls = session.model?.controls
        activity.findViewById<View>(R.id.style_panel).show(controls?.style == true)
        activity.findViewById<View>(R.id.drawing_row).show(controls?.styleReference == true)
        if (controls?.style != true) return
        val shown = if (session.state.drawing == null) session.state.seed.toString() else ""
        if (!seed.isFocused && seed.text.toString() != shown) seed.setText(shown)
        picture.setImageBitmap(session.drawing?.bitmap)
        picture.show(session.drawing != null)
        showStyles()
    }

    private fun showStyles() {
        val offered = session.offered()
        while (styles.childCount < offered.size) {
            LayoutInflater.from(activity).inflate(R.layout.style_item, styles, true)
        }
        for ((i, style) in offered.withIndex()) {
            val item = styles.getChildAt(i) as? ImageButton ?: continue
            val chosen = session.state.drawing == null && style == session.state.seed
            item.setImageBitmap(session.previews[style])
            item.isSelected = chosen
            item.isEnabled = session.photo != null
            item.contentDescription = activity.getString(
                if (chosen) R.string.style_of_seed_chosen else R.string.style_of_seed, style
            )
            item.setOnClickListener { session.useSeed(style) }
        }
    }
}
