package android.widget;

import android.content.Context;
import android.util.AttributeSet;

public class SeekBar extends ProgressBar {
    public interface OnSeekBarChangeListener {
        void onProgressChanged(SeekBar seekBar, int progress, boolean fromUser);
        void onStartTrackingTouch(SeekBar seekBar);
        void onStopTrackingTouch(SeekBar seekBar);
    }

    public SeekBar(Context context, AttributeSet attrs) {
        super(context, attrs);
    }

    public native void setOnSeekBarChangeListener(OnSeekBarChangeListener l);
}
