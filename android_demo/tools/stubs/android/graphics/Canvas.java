package android.graphics;

import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class Canvas {
    public native int save();
    public native void restore();
    public native boolean clipRect(float left, float top, float right, float bottom);
    public native boolean clipOutPath(@NotNull Path path);
    public native void drawBitmap(
        @NotNull Bitmap bitmap, @Nullable Rect src, @NotNull RectF dst, @Nullable Paint paint);
    public native void drawBitmap(
        @NotNull Bitmap bitmap, @NotNull Matrix matrix, @Nullable Paint paint);
    public native void drawCircle(float cx, float cy, float radius, @NotNull Paint paint);
    public native void drawLine(
        float startX, float startY, float stopX, float stopY, @NotNull Paint paint);
    public native void drawPath(@NotNull Path path, @NotNull Paint paint);
    public native void drawRect(@NotNull RectF rect, @NotNull Paint paint);
    public native void drawText(@NotNull String text, float x, float y, @NotNull Paint paint);
}
