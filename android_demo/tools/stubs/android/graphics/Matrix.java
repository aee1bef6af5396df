package android.graphics;

public class Matrix {
    public native boolean setPolyToPoly(
        float[] src, int srcIndex, float[] dst, int dstIndex, int pointCount);
}
