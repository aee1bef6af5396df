package android.view;

import android.content.Context;
import android.util.AttributeSet;

public abstract class ViewGroup extends View implements ViewParent {
    public ViewGroup(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public native int getChildCount();
    public native View getChildAt(int index);
    public native void requestDisallowInterceptTouchEvent(boolean disallowIntercept);
}
