package org.tfganedit.app

import android.os.Build
import android.view.View
import android.view.Window
import android.view.WindowInsets

/** Draws up to the edges of the screen; content stays clear of bars, cut-outs and the keyboard. */
object Insets {
    fun pad(window: Window, root: View) {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return  // the system pads by itself
        window.setDecorFitsSystemWindows(false)
        val kept = WindowInsets.Type.systemBars() or
            WindowInsets.Type.displayCutout() or
            WindowInsets.Type.ime()
        root.setOnApplyWindowInsetsListener { view, insets ->
            val covered = insets.getInsets(kept)
            view.setPadding(covered.left, covered.top, covered.right, covered.bottom)
            WindowInsets.CONSUMED
        }
    }
}
