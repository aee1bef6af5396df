package android.graphics;

import android.content.ContentResolver;
import android.net.Uri;
import android.util.Size;
import java.io.IOException;
import org.jetbrains.annotations.NotNull;

public final class ImageDecoder implements AutoCloseable {
    public static final int ALLOCATOR_SOFTWARE = 1;

    public abstract static class Source {
    }

    public static class ImageInfo {
        public native @NotNull Size getSize();
    }

    public interface OnHeaderDecodedListener {
        void onHeaderDecoded(
            @NotNull ImageDecoder decoder, @NotNull ImageInfo info, @NotNull Source source);
    }

    public static native @NotNull Source createSource(
        @NotNull ContentResolver cr, @NotNull Uri uri);
    public static native @NotNull Bitmap decodeBitmap(
        @NotNull Source src, @NotNull OnHeaderDecodedListener listener) throws IOException;
    public native int getAllocator();
    public native void setAllocator(int allocator);
    public native void setTargetColorSpace(ColorSpace colorSpace);
    public native void setTargetSampleSize(int sampleSize);
    public native void close();
}
