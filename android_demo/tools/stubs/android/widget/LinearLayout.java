package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.ViewGroup;
import org.jetbrains.annotations.Nullable;

public class LinearLayout extends ViewGroup {
    public LinearLayout(Context context, @Nullable AttributeSet attrs) {
        super(context, attrs);
    }
}
