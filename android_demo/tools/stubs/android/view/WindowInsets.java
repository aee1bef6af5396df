package android.view;

import android.graphics.Insets;
import org.jetbrains.annotations.NotNull;

public final class WindowInsets {
    public static final @NotNull WindowInsets CONSUMED = new WindowInsets();

    public static final class Type {
        public static native int systemBars();
        public static native int displayCutout();
        public static native int ime();
    }

    private WindowInsets() {}

    public native @NotNull Insets getInsets(int typeMask);
}
