package android.net;

import android.os.Parcelable;
import java.util.List;
import org.jetbrains.annotations.Nullable;

public abstract class Uri implements Parcelable {
    public static final class Builder {
        public native Builder scheme(String scheme);
        public native Builder authority(String authority);
        public native Builder appendPath(String newSegment);
        public native Uri build();
    }

    public static native Uri parse(String uriString);
    public abstract @Nullable String getLastPathSegment();
    public abstract @Nullable List<String> getPathSegments();
}
