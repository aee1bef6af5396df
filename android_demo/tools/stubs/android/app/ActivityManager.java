package android.app;

public class ActivityManager {
    public native int getLargeMemoryClass();
}
