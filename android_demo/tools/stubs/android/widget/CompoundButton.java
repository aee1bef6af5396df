package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public abstract class CompoundButton extends Button {
    public interface OnCheckedChangeListener {
        void onCheckedChanged(@NotNull CompoundButton buttonView, boolean isChecked);
    }

    public CompoundButton(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public native boolean isChecked();
    public native void setChecked(boolean checked);
    public native void setOnCheckedChangeListener(@Nullable OnCheckedChangeListener listener);
}
