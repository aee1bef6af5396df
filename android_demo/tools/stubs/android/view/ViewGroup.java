package android.view;

import android.content.Context;
import android.util.AttributeSet;
import org.jetbrains.annotations.Nullable;

public abstract class ViewGroup extends View implements ViewParent {
    public ViewGroup(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public native int getChildCount();
    public native @Nullable View getChildAt(int index);
    public native void requestDisallowInterceptTouchEvent(boolean disallowIntercept);
}
