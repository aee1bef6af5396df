package android.content;

import android.database.Cursor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import java.io.FileNotFoundException;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public abstract class ContentProvider {
    public final native @Nullable Context getContext();
    public abstract boolean onCreate();
    public abstract @Nullable Cursor query(
        @NotNull Uri uri,
        @Nullable String[] projection,
        @Nullable String selection,
        @Nullable String[] selectionArgs,
        @Nullable String sortOrder);
    public abstract @Nullable String getType(@NotNull Uri uri);
    public abstract @Nullable Uri insert(@NotNull Uri uri, @Nullable ContentValues values);
    public abstract int delete(
        @NotNull Uri uri, @Nullable String selection, @Nullable String[] selectionArgs);
    public abstract int update(
        @NotNull Uri uri,
        @Nullable ContentValues values,
        @Nullable String selection,
        @Nullable String[] selectionArgs);
    public native @Nullable ParcelFileDescriptor openFile(@NotNull Uri uri, @NotNull String mode)
        throws FileNotFoundException;
}
