package android.content;

import android.net.Uri;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public abstract class ContentResolver {
    public final native @Nullable Uri insert(@NotNull Uri url, @Nullable ContentValues values);
    public final native int delete(
        @NotNull Uri url, @Nullable String where, @Nullable String[] selectionArgs);
    public final native int update(
        @NotNull Uri uri,
        @Nullable ContentValues values,
        @Nullable String where,
        @Nullable String[] selectionArgs);
    public final native @Nullable InputStream openInputStream(@NotNull Uri uri)
        throws FileNotFoundException;
    public final native @Nullable OutputStream openOutputStream(
        @NotNull Uri uri, @NotNull String mode) throws FileNotFoundException;
    public native void takePersistableUriPermission(@NotNull Uri uri, int modeFlags);
}
