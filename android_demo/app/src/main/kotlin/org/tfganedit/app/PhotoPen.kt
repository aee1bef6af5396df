package org.tfganedit.app

import android.content.Context
import android.content.res.Resources
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import org.tfganedit.core.Box
import org.tfganedit.core.MaskPainting
import org.tfganedit.core.Point
import org.tfganedit.core.Viewport

/**
 * Draws photos, edits and what lies over them.
 *
 * An edit is drawn over its photo with the strength as its opacity, which is
 * photo + strength * (edited - photo): nothing is computed while a slider moves.
 */
class PhotoPen(resources: Resources, context: Context) {
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.on_photo)
        style = Paint.Style.STROKE
        strokeWidth = resources.getDimension(R.dimen.line)
    }
    private val fill = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = context.getColor(R.color.on_photo)
    }
    private val label = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        val shadow = context.getColor(R.color.on_photo_shadow)
        color = context.getColor(R.color.on_photo)
        textSize = resources.getDimension(R.dimen.photo_label)
        setShadowLayer(resources.getDimension(R.dimen.line), 0f, 0f, shadow)
    }
    private val photo = Paint(Paint.FILTER_BITMAP_FLAG)
    private val shade = Paint().apply { color = context.getColor(R.color.outside_of_crop) }
    private val maskColor = context.getColor(R.color.mask)
    private val knob = resources.getDimension(R.dimen.knob)
    private val before = resources.getString(R.string.before)
    private val after = resources.getString(R.string.after)

    /** Where all of what is seen lies in the view. */
    fun frame(view: Viewport) = RectF(
        view.left.toFloat(), view.top.toFloat(), view.right.toFloat(), view.bottom.toFloat(),
    )

    /** Where a part of the photo lies in the view. */
    fun part(view: Viewport, box: Box): RectF {
        val (left, top) = box.left.toDouble() to box.top.toDouble()
        val start = view.toView(Point(left, top))
        val end = view.toView(Point(left + box.width, top + box.height))
        return RectF(start.x.toFloat(), start.y.toFloat(), end.x.toFloat(), end.y.toFloat())
    }

    fun picture(canvas: Canvas, bitmap: Bitmap, where: RectF, opacity: Float = 1f) {
        photo.alpha = Math.round(255 * opacity)
        canvas.drawBitmap(bitmap, null, where, photo)
    }

    /** The edit right of the divider. */
    fun after(canvas: Canvas, bitmap: Bitmap, frame: RectF, strength: Float, divider: Float) {
        val x = frame.left + divider * frame.width()
        canvas.save()
        canvas.clipRect(x, frame.top, frame.right, frame.bottom)
        picture(canvas, bitmap, frame, strength)
        canvas.restore()
        canvas.drawLine(x, frame.top, x, frame.bottom, line)
        canvas.drawCircle(x, frame.centerY(), knob, fill)
        val gap = label.textSize / 2
        val base = frame.top + gap + label.textSize
        if (x - frame.left > label.measureText(before) + 2 * gap) {
            canvas.drawText(before, frame.left + gap, base, label)
        }
        val width = label.measureText(after)
        if (frame.right - x > width + 2 * gap) {
            canvas.drawText(after, frame.right - gap - width, base, label)
        }
    }

    /** What is edited stays light, the rest gets dark. */
    fun square(canvas: Canvas, corners: List<Point>, frame: RectF) {
        val inside = Path()
        for ((i, corner) in corners.withIndex()) {
            val (x, y) = corner.x.toFloat() to corner.y.toFloat()
            if (i == 0) inside.moveTo(x, y) else inside.lineTo(x, y)
        }
        inside.close()
        canvas.save()
        canvas.clipOutPath(inside)
        canvas.drawRect(frame, shade)
        canvas.restore()
        canvas.drawPath(inside, line)
    }

    fun maskOf(painting: MaskPainting): Bitmap {
        val opacity = maskColor ushr 24
        val pixels = IntArray(painting.width * painting.height) { i ->
            val share = painting[i % painting.width, i / painting.width]
            (Math.round(share * opacity) shl 24) or (maskColor and 0xFFFFFF)
        }
        val (width, height) = painting.width to painting.height
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888)
    }

    /** A mask over a place whose left upper, right upper and right lower corners come first. */
    fun mask(canvas: Canvas, bitmap: Bitmap, corners: List<Point>) {
        val (width, height) = bitmap.width.toFloat() to bitmap.height.toFloat()
        val from = floatArrayOf(0f, 0f, width, 0f, width, height)
        val to = corners.take(3).flatMap { listOf(it.x.toFloat(), it.y.toFloat()) }
        val matrix = Matrix()
        if (!matrix.setPolyToPoly(from, 0, to.toFloatArray(), 0, 3)) return
        photo.alpha = 255
        canvas.drawBitmap(bitmap, matrix, photo)
    }
}
