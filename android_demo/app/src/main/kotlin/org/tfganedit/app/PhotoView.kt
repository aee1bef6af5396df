package org.tfganedit.app

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
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
 * [Mode.PLACE] the square that is edited is moved, turned and sized, in [Mode.BRUSH] a mask is painted.
 *
 * The edit is drawn over the photo with the strength as its opacity, which is
 * photo + strength * (edited - photo): nothing is computed while a slider moves.
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
    var brush = 0.05
    var erase = false

    /** Shows [painting] after it was changed from outside. */
    fun repaint() {
        overlay = null
        invalidate()
    }

    private var overlay: Bitmap? = null
    private var fingers: List<Point> = emptyList()
    private var lastPainted: Point? = null

    private val photoPaint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val shade = Paint().apply { color = context.getColor(R.color.outside_of_crop) }
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.on_photo)
        style = Paint.Style.STROKE
        strokeWidth = resources.getDimension(R.dimen.line)
    }
    private val knob = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.on_photo) }
    private val label = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.on_photo)
        textSize = resources.getDimension(R.dimen.photo_label)
        setShadowLayer(
            resources.getDimension(R.dimen.line), 0f, 0f, context.getColor(R.color.on_photo_shadow)
        )
    }
    private val maskColor = context.getColor(R.color.mask)
    private val before = resources.getString(R.string.before)
    private val after = resources.getString(R.string.after)

    init {
        isFocusable = true
    }

    // === Drawing ===

    /** The part of the photo that is seen. */
    private fun seen(): Box? {
        val photo = photo ?: return null
        return edit?.box?.takeIf { mode == Mode.COMPARE } ?: Box(0, 0, photo.width, photo.height)
    }

    private fun viewport(): Viewport? {
        val seen = seen() ?: return null
        if (width <= 0 || height <= 0) return null
        return Viewport(seen.width, seen.height, width, height)
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val photo = photo ?: return
        val view = viewport() ?: return
        val whole = rect(view, Box(0, 0, seen()!!.width, seen()!!.height))
        val edit = edit
        when (mode) {
            Mode.COMPARE -> {
                draw(canvas, edit?.before ?: photo.bitmap, whole)
                if (edit != null) drawAfter(canvas, edit, whole)
            }
            Mode.PLACE -> {
                draw(canvas, photo.bitmap, whole)
                drawSquare(canvas, view, whole)
            }
            Mode.BRUSH -> {
                draw(canvas, photo.bitmap, whole)
                if (edit != null) draw(canvas, edit.edited, rect(view, edit.box), strength)
                drawMask(canvas, view)
            }
        }
    }

    private fun draw(canvas: Canvas, bitmap: Bitmap, where: RectF, opacity: Float = 1f) {
        photoPaint.alpha = Math.round(255 * opacity)
        canvas.drawBitmap(bitmap, null, where, photoPaint)
    }

    private fun drawAfter(canvas: Canvas, edit: ShownEdit, whole: RectF) {
        val x = whole.left + divider * whole.width()
        canvas.save()
        canvas.clipRect(x, whole.top, whole.right, whole.bottom)
        draw(canvas, edit.edited, whole, strength)
        canvas.restore()
        canvas.drawLine(x, whole.top, x, whole.bottom, line)
        canvas.drawCircle(x, whole.centerY(), resources.getDimension(R.dimen.knob), knob)
        val gap = label.textSize / 2
        val base = whole.top + gap + label.textSize
        val room = label.measureText(before) + 2 * gap
        if (x - whole.left > room) canvas.drawText(before, whole.left + gap, base, label)
        val end = label.measureText(after) + 2 * gap
        if (whole.right - x > end) canvas.drawText(after, whole.right - end + gap, base, label)
    }

    private fun drawSquare(canvas: Canvas, view: Viewport, whole: RectF) {
        val corners = placement?.outline?.map(view::toView) ?: return
        val inside = Path()
        for ((i, corner) in corners.withIndex()) {
            val (x, y) = corner.x.toFloat() to corner.y.toFloat()
            if (i == 0) inside.moveTo(x, y) else inside.lineTo(x, y)
        }
        inside.close()
        canvas.save()
        canvas.clipOutPath(inside)
        canvas.drawRect(whole, shade)
        canvas.restore()
        canvas.drawPath(inside, line)
    }

    private fun drawMask(canvas: Canvas, view: Viewport) {
        val painting = painting ?: return
        val corners = placement?.outline?.map(view::toView) ?: return
        val bitmap = overlay ?: maskBitmap(painting).also { overlay = it }
        val (w, h) = painting.width.toFloat() to painting.height.toFloat()
        val from = floatArrayOf(0f, 0f, w, 0f, w, h)
        val to = corners.take(3).flatMap { listOf(it.x.toFloat(), it.y.toFloat()) }.toFloatArray()
        val matrix = Matrix()
        if (!matrix.setPolyToPoly(from, 0, to, 0, 3)) return
        photoPaint.alpha = 255
        canvas.drawBitmap(bitmap, matrix, photoPaint)
    }

    private fun maskBitmap(painting: MaskPainting): Bitmap {
        val opacity = maskColor ushr 24
        val pixels = IntArray(painting.width * painting.height) { i ->
            val share = painting[i % painting.width, i / painting.width]
            (Math.round(share * opacity) shl 24) or (maskColor and 0xFFFFFF)
        }
        return Bitmap.createBitmap(pixels, painting.width, painting.height, Bitmap.Config.ARGB_8888)
    }

    private fun rect(view: Viewport, box: Box): RectF {
        val start = view.toView(Point(box.left.toDouble(), box.top.toDouble()))
        val end = view.toView(
            Point((box.left + box.width).toDouble(), (box.top + box.height).toDouble())
        )
        return RectF(start.x.toFloat(), start.y.toFloat(), end.x.toFloat(), end.y.toFloat())
    }

    // === Fingers ===

    override fun onTouchEvent(event: MotionEvent): Boolean {
        val view = viewport() ?: return super.onTouchEvent(event)
        if (mode == Mode.COMPARE && edit == null) return super.onTouchEvent(event)
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> parent?.requestDisallowInterceptTouchEvent(true)
            MotionEvent.ACTION_UP -> performClick()
        }
        when (mode) {
            Mode.COMPARE -> moveDivider(event, view)
            Mode.PLACE -> moveSquare(event, view)
            Mode.BRUSH -> paint(event, view)
        }
        return true
    }

    private fun moveDivider(event: MotionEvent, view: Viewport) {
        if (event.actionMasked == MotionEvent.ACTION_DOWN || event.actionMasked == MotionEvent.ACTION_MOVE) {
            divideAt(((event.x - view.left) / (view.right - view.left)).toFloat())
        }
    }

    private fun divideAt(part: Float) {
        divider = part.coerceIn(0f, 1f)
        listener?.onDivider(divider)
    }

    private fun moveSquare(event: MotionEvent, view: Viewport) {
        val now = pointers(event).map(view::toPicture)
        if (event.actionMasked == MotionEvent.ACTION_MOVE && now.size == fingers.size && now.isNotEmpty()) {
            val moves = if (now.size == 1) {
                Similarity.ofDrag(fingers[0], now[0])
            } else {
                Similarity.ofPinch(fingers[0] to fingers[1], now[0] to now[1])
            }
            change(done = false) { moves.apply(it) }
        }
        fingers = now
        if (event.actionMasked == MotionEvent.ACTION_UP || event.actionMasked == MotionEvent.ACTION_CANCEL) {
            fingers = emptyList()
            change(done = true) { it }
        }
    }

    /** The first two fingers that stay down. */
    private fun pointers(event: MotionEvent): List<Point> {
        val lifted = if (event.actionMasked == MotionEvent.ACTION_POINTER_UP) event.actionIndex else -1
        return (0 until event.pointerCount).filter { it != lifted }.take(2)
            .map { Point(event.getX(it).toDouble(), event.getY(it).toDouble()) }
    }

    private fun change(done: Boolean, to: (FaceSquare) -> FaceSquare) {
        val photo = photo ?: return
        val old = square ?: centredSquare(photo.width, photo.height)
        val new = to(old).within(photo.width, photo.height)
        square = new
        listener?.onSquare(new, done)
    }

    private fun paint(event: MotionEvent, view: Viewport) {
        val (painting, placement) = (painting ?: return) to (placement ?: return)
        if (event.actionMasked == MotionEvent.ACTION_DOWN) lastPainted = null
        if (event.actionMasked == MotionEvent.ACTION_DOWN || event.actionMasked == MotionEvent.ACTION_MOVE) {
            val at = placement.toInput(view.toPicture(Point(event.x.toDouble(), event.y.toDouble())))
            painting.stroke(lastPainted ?: at, at, brush * painting.width, erase)
            lastPainted = at
            repaint()
        }
        if (event.actionMasked == MotionEvent.ACTION_UP || event.actionMasked == MotionEvent.ACTION_CANCEL) {
            lastPainted = null
            listener?.onPainted()
        }
    }

    // === Keys and screen readers ===

    override fun onKeyDown(keyCode: Int, event: KeyEvent): Boolean {
        val (x, y) = when (keyCode) {
            KeyEvent.KEYCODE_DPAD_LEFT -> -1 to 0
            KeyEvent.KEYCODE_DPAD_RIGHT -> 1 to 0
            KeyEvent.KEYCODE_DPAD_UP -> 0 to -1
            KeyEvent.KEYCODE_DPAD_DOWN -> 0 to 1
            else -> 0 to 0
        }
        val zoom = when (keyCode) {
            KeyEvent.KEYCODE_PLUS, KeyEvent.KEYCODE_EQUALS -> ZOOM
            KeyEvent.KEYCODE_MINUS -> 1 / ZOOM
            else -> 1.0
        }
        if (mode == Mode.COMPARE && edit != null && x != 0) {
            divideAt(divider + x * STEP)
            return true
        }
        if (mode == Mode.PLACE && photo != null && (x != 0 || y != 0 || zoom != 1.0)) {
            change(done = true) { old ->
                val moved = old.copy(centre = old.centre + Point(x * STEP * old.side, y * STEP * old.side))
                moved.zoomed(zoom)
            }
            return true
        }
        return super.onKeyDown(keyCode, event)
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
        /** Of keys: a part of the width. */
        const val STEP = 0.05f
        const val ZOOM = 1.1
    }
}
