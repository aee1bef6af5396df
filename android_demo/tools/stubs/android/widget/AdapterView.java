package android.widget;

import android.content.Context;
import android.util.AttributeSet;
import android.view.View;
import android.view.ViewGroup;
import org.jetbrains.annotations.Nullable;

public abstract class AdapterView<T extends Adapter> extends ViewGroup {
    public interface OnItemSelectedListener {
        void onItemSelected(AdapterView<?> parent, View view, int position, long id);
        void onNothingSelected(AdapterView<?> parent);
    }

    public AdapterView(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public native int getSelectedItemPosition();
    public final native @Nullable OnItemSelectedListener getOnItemSelectedListener();
    public native void setOnItemSelectedListener(@Nullable OnItemSelectedListener listener);
}
