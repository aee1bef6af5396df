package android.widget;

import android.content.Context;
import android.util.AttributeSet;

public class RadioButton extends CompoundButton {
    public RadioButton(Context context, AttributeSet attrs) {
        super(context, attrs);
    }
}
