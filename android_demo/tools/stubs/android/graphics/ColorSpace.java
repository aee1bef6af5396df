package android.graphics;

import org.jetbrains.annotations.NotNull;

public abstract class ColorSpace {
    public enum Named { SRGB }

    public static native @NotNull ColorSpace get(@NotNull Named name);
}
