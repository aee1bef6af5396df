package android.graphics;

import java.io.InputStream;
import org.jetbrains.annotations.Nullable;

public class BitmapFactory {
    public static class Options {
        public boolean inJustDecodeBounds;
        public int inSampleSize;
        public ColorSpace inPreferredColorSpace;
        public int outWidth;
        public int outHeight;
    }

    public static native @Nullable Bitmap decodeStream(
        @Nullable InputStream is, @Nullable Rect outPadding, @Nullable Options opts);
}
