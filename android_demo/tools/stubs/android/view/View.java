package android.view;

import android.content.Context;
import android.content.res.Resources;
import android.graphics.Canvas;
import android.os.Bundle;
import android.util.AttributeSet;
import android.view.accessibility.AccessibilityNodeInfo;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class View {
    public static final int VISIBLE = 0;
    public static final int GONE = 8;

    public interface OnApplyWindowInsetsListener {
        @NotNull WindowInsets onApplyWindowInsets(@NotNull View v, @NotNull WindowInsets insets);
    }

    public interface OnClickListener {
        void onClick(View v);
    }

    public interface OnFocusChangeListener {
        void onFocusChange(View v, boolean hasFocus);
    }

    public View(Context context, @Nullable AttributeSet attrs) {}

    protected native void onDraw(@NotNull Canvas canvas);
    public native boolean onTouchEvent(MotionEvent event);
    public native boolean onKeyDown(int keyCode, KeyEvent event);
    public native void onInitializeAccessibilityNodeInfo(AccessibilityNodeInfo info);
    public native boolean performAccessibilityAction(int action, @Nullable Bundle arguments);
    public native boolean performClick();
    public native void invalidate();
    public final native int getWidth();
    public final native int getHeight();
    public final native ViewParent getParent();
    public native Resources getResources();
    public native int getVisibility();
    public native void setVisibility(int visibility);
    public native boolean isEnabled();
    public native void setEnabled(boolean enabled);
    public native boolean isFocused();
    public final native boolean isFocusable();
    public native void setFocusable(boolean focusable);
    public native boolean isSelected();
    public native void setSelected(boolean selected);
    public native CharSequence getContentDescription();
    public native void setContentDescription(CharSequence contentDescription);
    public native void setPadding(int left, int top, int right, int bottom);
    public native void setOnClickListener(@Nullable OnClickListener l);
    public native void setOnFocusChangeListener(OnFocusChangeListener l);
    public native void setOnApplyWindowInsetsListener(OnApplyWindowInsetsListener listener);
}
