package android.widget;

import android.content.Context;
import android.util.AttributeSet;

public class RadioGroup extends LinearLayout {
    public RadioGroup(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public final native int getCheckedRadioButtonId();
    public native void check(int id);
}
