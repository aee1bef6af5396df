package android.graphics;

import java.io.OutputStream;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public final class Bitmap {
    public enum Config { RGB_565, ARGB_8888 }

    public enum CompressFormat { JPEG }

    public static native Bitmap createBitmap(
        @NotNull int[] colors, int width, int height, @NotNull Config config);
    public static native Bitmap createBitmap(
        @NotNull Bitmap source, int x, int y, int width, int height);
    public static native Bitmap createScaledBitmap(
        @NotNull Bitmap src, int dstWidth, int dstHeight, boolean filter);
    public native int getWidth();
    public native int getHeight();
    public native void getPixels(
        @NotNull int[] pixels, int offset, int stride, int x, int y, int width, int height);
    public native @Nullable Bitmap copy(@NotNull Config config, boolean isMutable);
    public native boolean compress(
        @NotNull CompressFormat format, int quality, @NotNull OutputStream stream);
    public native void recycle();
}
