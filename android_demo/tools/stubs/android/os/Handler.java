package android.os;

import org.jetbrains.annotations.NotNull;

public class Handler {
    public Handler(@NotNull Looper looper) {}

    public final native boolean post(@NotNull Runnable r);
}
