package android.widget;

import android.content.Context;
import android.util.AttributeSet;

public class RadioGroup extends LinearLayout {
    public interface OnCheckedChangeListener {
        void onCheckedChanged(RadioGroup group, int checkedId);
    }

    public RadioGroup(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public native void setOnCheckedChangeListener(OnCheckedChangeListener listener);
}
