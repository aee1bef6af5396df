package org.tfganedit.app

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Bundle
import android.util.AttributeSet
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import android.widget.SeekBar
import org.tfganedit.core.Box
import org.tfganedit.core.FaceSquare
import org.tfganedit.core.MaskPainting
import org.tfganedit.core.Placement
import org.tfganedit.core.Point
import org.tfganedit.core.Similarity
import org.tfganedit.core.Viewport
import org.tfganedit.core.centredSquare
import org.tfganedit.core.plus
import org.tfganedit.core.within
import org.tfganedit.core.zoomed

/** A photo of [width] x [height] pixels; [bitmap] may be smaller. */
class ShownPhoto(val width: Int, val height: Int, val bitmap: Bitmap)

/** An edit of the part [box] of a photo, and what it is compared with. */
class ShownEdit(val box: Box, val before: Bitmap, val edited: Bitmap)

/**
 * The photo and its edit. In [Mode.COMPARE] a divider is dragged between before and after, in
 * [Mode.PLACE] the square that is edited is moved, turned and sized, in [Mode.BRUSH] a mask is
 * painted. Keys and screen readers can do what fingers do, but paint.
 */
class PhotoView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    interface Listener {
        fun onDivider(part: Float)

        /** [square] in pixels of the photo; [done] when the fingers left. */
        fun onSquare(square: FaceSquare, done: Boolean)

        fun onPainted()
    }

    var listener: Listener? = null
    var photo: ShownPhoto? by redrawn(null)
    var edit: ShownEdit? by redrawn(null)
    var placement: Placement? by redrawn(null)
    var mode: Mode by redrawn(Mode.COMPARE)
    var strength: Float by redrawn(1f)
    var divider: Float by redrawn(0.5f)

    /** What is moved in [Mode.PLACE]; null stands for the middle. */
    var square: FaceSquare? = null

    /** What is painted on in [Mode.BRUSH]. */
    var painting: MaskPainting? = null
        set(value) {
            field = value
            repaint()
        }

    /** Half the brush's width as a part of the network's input's. */
    var brush = 0.0
    var erase = false

    private val pen = PhotoPen(resources, context)
    private var mask: Bitmap? = null
    private var fingers: List<Point> = emptyList()
    private var lastPainted: Point? = null

    init {
        isFocusable = true
    }

    /** Shows [painting] after it was changed. */
    fun repaint() {
        mask = null
        invalidate()
    }

    // === Drawing ===

    private fun viewport(photo: ShownPhoto): Viewport? {
        if (width <= 0 || height <= 0) return null
        val seen = edit?.box?.takeIf { mode == Mode.COMPARE } ?: whole(photo)
        return Viewport(seen.width, seen.height, width, height)
    }

    private fun whole(photo: ShownPhoto) = Box(0, 0, photo.width, photo.height)

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val photo = photo ?: return
        val view = viewport(photo) ?: return
        val (edit, corners) = edit to placement?.outline?.map(view::toView)
        val frame = pen.frame(view)
        when (mode) {
            Mode.COMPARE -> {
                pen.picture(canvas, edit?.before ?: photo.bitmap, frame)
                if (edit != null) pen.after(canvas, edit.edited, frame, strength, divider)
            }
            Mode.PLACE -> {
                pen.picture(canvas, photo.bitmap, frame)
                if (corners != null) pen.square(canvas, corners, frame)
            }
            Mode.BRUSH -> {
                pen.picture(canvas, photo.bitmap, frame)
                if (edit != null) {
                    pen.picture(canvas, edit.edited, pen.part(view, edit.box), strength)
                }
                val painting = painting
                if (painting != null && corners != null) {
                    val bitmap = mask ?: pen.maskOf(painting).also { mask = it }
                    pen.mask(canvas, bitmap, corners)
                }
            }
        }
    }

    // === Fingers ===

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val view = photo?.let(::viewport) ?: return super.onTouchEvent(event)
        if (mode == Mode.COMPARE && edit == null) return super.onTouchEvent(event)
        val action = event.actionMasked
        if (action == MotionEvent.ACTION_DOWN) parent?.requestDisallowInterceptTouchEvent(true)
        if (action == MotionEvent.ACTION_UP) performClick()
        val ends = action == MotionEvent.ACTION_UP || action == MotionEvent.ACTION_CANCEL
        when (mode) {
            Mode.COMPARE -> if (!ends) moveDivider(event, view)
            Mode.PLACE -> if (ends) endSquare() else moveSquare(event, view)
            Mode.BRUSH -> if (ends) endPainting() else paint(event, view)
        }
        return true
    }

    private fun moveDivider(event: MotionEvent, view: Viewport) =
        divideAt(((event.x - view.left) / (view.right - view.left)).toFloat())

    private fun divideAt(part: Float) {
        divider = part.coerceIn(0f, 1f)
        listener?.onDivider(divider)
    }

    private fun moveSquare(event: MotionEvent, view: Viewport) {
        val now = pointers(event).map(view::toPicture)
        val moves = event.actionMasked == MotionEvent.ACTION_MOVE && now.size == fingers.size
        val change = when {
            !moves || now.isEmpty() -> null
            now.size == 1 -> Similarity.ofDrag(fingers[0], now[0])
            else -> Similarity.ofPinch(fingers[0] to fingers[1], now[0] to now[1])
        }
        fingers = now
        if (change != null) changeSquare(done = false) { change.apply(it) }
    }

    /** The first two fingers that stay down. */
    private fun pointers(event: MotionEvent): List<Point> {
        val lifts = event.actionMasked == MotionEvent.ACTION_POINTER_UP
        val lifted = if (lifts) event.actionIndex else -1
        return (0 until event.pointerCount).filter { it != lifted }.take(2)
            .map { Point(event.getX(it).toDouble(), event.getY(it).toDouble()) }
    }

    private fun endSquare() {
        fingers = emptyList()
        changeSquare(done = true) { it }
    }

    private fun changeSquare(done: Boolean, to: (FaceSquare) -> FaceSquare) {
        val photo = photo ?: return
        val old = square ?: centredSquare(photo.width, photo.height)
        val new = to(old).within(photo.width, photo.height)
        square = new
        listener?.onSquare(new, done)
    }

    private fun paint(event: MotionEvent, view: Viewport) {
        val (painting, placement) = (painting ?: return) to (placement ?: return)
        if (event.actionMasked == MotionEvent.ACTION_DOWN) lastPainted = null
        val touched = Point(event.x.toDouble(), event.y.toDouble())
        val at = placement.toInput(view.toPicture(touched))
        painting.stroke(lastPainted ?: at, at, brush * painting.width, erase)
        lastPainted = at
        repaint()
    }

    private fun endPainting() {
        lastPainted = null
        listener?.onPainted()
    }

    // === Keys and screen readers ===

    override fun onKeyDown(keyCode: Int, event: KeyEvent): Boolean {
        val (x, y) = when (keyCode) {
            KeyEvent.KEYCODE_DPAD_LEFT -> -STEP to 0f
            KeyEvent.KEYCODE_DPAD_RIGHT -> STEP to 0f
            KeyEvent.KEYCODE_DPAD_UP -> 0f to -STEP
            KeyEvent.KEYCODE_DPAD_DOWN -> 0f to STEP
            else -> 0f to 0f
        }
        val zoom = when (keyCode) {
            KeyEvent.KEYCODE_PLUS, KeyEvent.KEYCODE_EQUALS -> ZOOM
            KeyEvent.KEYCODE_MINUS -> 1 / ZOOM
            else -> 1.0
        }
        when {
            mode == Mode.COMPARE && edit != null && x != 0f -> divideAt(divider + x)
            mode == Mode.PLACE && photo != null && (x != 0f || y != 0f || zoom != 1.0) ->
                changeSquare(done = true) { old ->
                    old.copy(centre = old.centre + Point(x * old.side, y * old.side)).zoomed(zoom)
                }
            else -> return super.onKeyDown(keyCode, event)
        }
        return true
    }

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        if (mode != Mode.COMPARE || edit == null) return
        info.className = SeekBar::class.java.name
        val percent = AccessibilityNodeInfo.RangeInfo.RANGE_TYPE_PERCENT
        info.rangeInfo = AccessibilityNodeInfo.RangeInfo.obtain(percent, 0f, 100f, 100 * divider)
        info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SCROLL_FORWARD)
        info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SCROLL_BACKWARD)
    }

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean {
        val step = when (action) {
            AccessibilityNodeInfo.ACTION_SCROLL_FORWARD -> STEP
            AccessibilityNodeInfo.ACTION_SCROLL_BACKWARD -> -STEP
            else -> return super.performAccessibilityAction(action, arguments)
        }
        if (mode != Mode.COMPARE || edit == null) return false
        divideAt(divider + step)
        return true
    }

    private companion object {
        /** Of keys, a part of the width. */
        const val STEP = 0.0625f
        const val ZOOM = 1.125
    }
}
