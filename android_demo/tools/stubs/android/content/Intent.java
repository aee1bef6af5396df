package android.content;

import android.net.Uri;
import android.os.Parcelable;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class Intent {
    public static final String ACTION_CREATE_DOCUMENT = "android.intent.action.CREATE_DOCUMENT";
    public static final String ACTION_OPEN_DOCUMENT = "android.intent.action.OPEN_DOCUMENT";
    public static final String ACTION_SEND = "android.intent.action.SEND";
    public static final String CATEGORY_OPENABLE = "android.intent.category.OPENABLE";
    public static final String EXTRA_STREAM = "android.intent.extra.STREAM";
    public static final String EXTRA_TITLE = "android.intent.extra.TITLE";
    public static final int FLAG_GRANT_READ_URI_PERMISSION = 1;
    public static final int FLAG_GRANT_WRITE_URI_PERMISSION = 2;

    public Intent(String action) {}

    public static native Intent createChooser(Intent target, CharSequence title);
    public native @NotNull Intent addCategory(String category);
    public native @NotNull Intent addFlags(int flags);
    public native @NotNull Intent setType(@Nullable String type);
    public native @NotNull Intent putExtra(String name, @Nullable String value);
    public native @NotNull Intent putExtra(String name, @Nullable Parcelable value);
    public native @Nullable Uri getData();
    public native @Nullable ClipData getClipData();
    public native void setClipData(@Nullable ClipData clip);
}
