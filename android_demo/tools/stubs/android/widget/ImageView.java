package android.widget;

import android.content.Context;
import android.graphics.Bitmap;
import android.util.AttributeSet;
import android.view.View;
import org.jetbrains.annotations.Nullable;

public class ImageView extends View {
    public ImageView(Context context, @Nullable AttributeSet attrs) {
        super(context, attrs);
    }

    public native void setImageBitmap(Bitmap bm);
}
