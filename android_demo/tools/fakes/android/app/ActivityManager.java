package android.app;

public class ActivityManager {
    public int getLargeMemoryClass() { return 256; }
}
