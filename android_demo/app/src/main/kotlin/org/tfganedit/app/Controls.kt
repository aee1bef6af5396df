package org.tfganedit.app

import android.app.Activity
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.RadioGroup
import android.widget.SeekBar
import android.widget.Spinner
import android.widget.TextView
import org.tfganedit.core.Backend

/** What is there for every model: which one, where it runs, how strong, where in the photo. */
class Controls(
    private val activity: Activity,
    private val session: EditSession,
    private val words: Words,
) {
    private val model = activity.findViewById<Spinner>(R.id.model)
    private val backend = activity.findViewById<Spinner>(R.id.backend)
    private val strength = activity.findViewById<SeekBar>(R.id.strength)
    private val strengthValue = activity.findViewById<TextView>(R.id.strength_value)
    private val group = activity.findViewById<RadioGroup>(R.id.modes)
    private val modes = mapOf(
        Mode.COMPARE to R.id.mode_compare,
        Mode.PLACE to R.id.mode_place,
        Mode.BRUSH to R.id.mode_brush,
    )
    private var listed: List<String>? = null

    init {
        list(backend, Backend.entries.map(words::of))
        backend.onChoice { session.choose(Backend.entries[it]) }
        model.onChoice { place -> session.models.getOrNull(place)?.let(session::choose) }
        strength.onMove { session.strengthen(toStrength(it)) }
        // Not the group's listener: it also tells of what this class sets.
        for ((mode, id) in modes) on(id) { session.choose(mode) }
        on(R.id.find_face) { session.placeAtFace() }
        on(R.id.middle) { session.place(null, done = true) }
        on(R.id.larger) { session.zoom(ZOOM) }
        on(R.id.smaller) { session.zoom(1 / ZOOM) }
    }

    fun show() {
        val names = session.models.map(words::of)
        if (names != listed) {
            list(model, names)
            listed = names
        }
        val refused = activity.findViewById<TextView>(R.id.refused)
        refused.replace(session.refused.joinToString("\n"))
        refused.show(session.refused.isNotEmpty())
        model.choose(session.models.indexOf(session.model))
        backend.choose(session.state.backend.ordinal)
        strength.progress = toProgress(session.state.strength)
        strengthValue.replace(activity.getString(R.string.percent, strength.progress))
        val mode = modes.getValue(session.state.mode)
        if (group.checkedRadioButtonId != mode) group.check(mode)
        activity.findViewById<View>(R.id.mode_place).show(session.canPlace)
        activity.findViewById<View>(R.id.mode_brush).show(session.model?.controls?.mask == true)
        activity.findViewById<View>(R.id.place_panel).show(session.state.mode == Mode.PLACE)
    }

    /** The slider has steps of a hundredth of the range that the model takes. */
    private fun toStrength(progress: Int): Float {
        val range = session.model?.framing?.strength ?: return session.state.strength
        return range.start + (range.endInclusive - range.start) * progress / strength.max
    }

    private fun toProgress(value: Float): Int {
        val range = session.model?.framing?.strength ?: return strength.max
        return Math.round(strength.max * (value - range.start) / (range.endInclusive - range.start))
    }

    private fun list(spinner: Spinner, names: List<String>) {
        val adapter = ArrayAdapter(activity, android.R.layout.simple_spinner_item, names)
        adapter.setDropDownViewResource(android.R.layout.simple_spinner_dropdown_item)
        spinner.adapter = adapter
    }

    private fun on(id: Int, action: () -> Unit) =
        activity.findViewById<View>(id).setOnClickListener { action() }

    private companion object {
        const val ZOOM = 1.15
    }
}

private fun Spinner.choose(place: Int) {
    if (place >= 0 && place != selectedItemPosition) setSelection(place)
}

private fun Spinner.onChoice(action: (Int) -> Unit) {
    onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
        override fun onItemSelected(parent: AdapterView<*>?, view: View?, position: Int, id: Long) =
            action(position)

        override fun onNothingSelected(parent: AdapterView<*>?) = Unit
    }
}

/** What fingers and keys do to a slider; not what the application sets. */
fun SeekBar.onMove(action: (Int) -> Unit) {
    setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
        override fun onProgressChanged(bar: SeekBar?, progress: Int, fromUser: Boolean) {
            if (fromUser) action(progress)
        }

        override fun onStartTrackingTouch(bar: SeekBar?) = Unit

        override fun onStopTrackingTouch(bar: SeekBar?) = Unit
    })
}
