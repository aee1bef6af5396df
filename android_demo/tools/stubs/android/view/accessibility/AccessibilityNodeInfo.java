package android.view.accessibility;

public class AccessibilityNodeInfo {
    public static final int ACTION_SCROLL_FORWARD = 4096;
    public static final int ACTION_SCROLL_BACKWARD = 8192;

    public static final class AccessibilityAction {
        public static final AccessibilityAction ACTION_SCROLL_FORWARD = null;
        public static final AccessibilityAction ACTION_SCROLL_BACKWARD = null;
    }

    public static final class RangeInfo {
        public static final int RANGE_TYPE_PERCENT = 2;

        public static native RangeInfo obtain(int type, float min, float max, float current);
    }

    public native CharSequence getClassName();
    public native void setClassName(CharSequence className);
    public native RangeInfo getRangeInfo();
    public native void setRangeInfo(RangeInfo rangeInfo);
    public native void addAction(AccessibilityAction action);
}
