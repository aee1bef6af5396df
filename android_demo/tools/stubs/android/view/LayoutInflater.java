package android.view;

import android.content.Context;
import org.jetbrains.annotations.Nullable;

public abstract class LayoutInflater {
    public static native LayoutInflater from(Context context);
    public native View inflate(int resource, @Nullable ViewGroup root, boolean attachToRoot);
}
