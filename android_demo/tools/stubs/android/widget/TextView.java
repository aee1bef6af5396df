package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.KeyEvent;
import android.view.View;
import org.jetbrains.annotations.Nullable;

public class TextView extends View {
    public interface OnEditorActionListener {
        boolean onEditorAction(TextView v, int actionId, KeyEvent event);
    }

    public TextView(Context context, @Nullable AttributeSet attrs) {
        super(context, attrs);
    }

    public native CharSequence getText();
    public final native void setText(CharSequence text);
    public native void setTextColor(int color);
    public native void setOnEditorActionListener(OnEditorActionListener l);
}
