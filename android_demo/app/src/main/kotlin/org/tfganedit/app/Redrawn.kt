package org.tfganedit.app

import android.view.View
import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty

/** A property of a view, which is drawn again when it changes. */
fun <T> redrawn(initial: T): ReadWriteProperty<View, T> = object : ReadWriteProperty<View, T> {
    private var value = initial

    override fun getValue(thisRef: View, property: KProperty<*>) = value

    override fun setValue(thisRef: View, property: KProperty<*>, value: T) {
        if (this.value == value) return
        this.value = value
        thisRef.invalidate()
    }
}
