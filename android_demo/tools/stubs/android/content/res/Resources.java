package android.content.res;

import org.jetbrains.annotations.NotNull;

public class Resources {
    public native @NotNull String getString(int id);
    public native @NotNull String getString(int id, Object... formatArgs);
    public native @NotNull String getQuantityString(int id, int quantity, Object... formatArgs);
    public native float getDimension(int id);
}
