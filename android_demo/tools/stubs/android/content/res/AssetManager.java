package android.content.res;

import java.io.IOException;
import java.io.InputStream;
import org.jetbrains.annotations.NotNull;

public final class AssetManager {
    public native @NotNull InputStream open(@NotNull String fileName) throws IOException;
}
