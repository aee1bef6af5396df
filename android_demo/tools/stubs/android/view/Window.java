package android.view;

public abstract class Window {
    public native void setDecorFitsSystemWindows(boolean decorFitsSystemWindows);
}
