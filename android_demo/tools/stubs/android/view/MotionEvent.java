package android.view;

public final class MotionEvent {
    public static final int ACTION_DOWN = 0;
    public static final int ACTION_UP = 1;
    public static final int ACTION_MOVE = 2;
    public static final int ACTION_CANCEL = 3;
    public static final int ACTION_POINTER_UP = 6;

    public native int getActionMasked();
    public native int getActionIndex();
    public native int getPointerCount();
    public native float getX();
    public native float getX(int pointerIndex);
    public native float getY();
    public native float getY(int pointerIndex);
}
