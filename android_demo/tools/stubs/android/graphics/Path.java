package android.graphics;

public class Path {
    public native void moveTo(float x, float y);
    public native void lineTo(float x, float y);
    public native void close();
}
