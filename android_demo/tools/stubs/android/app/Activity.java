package android.app;

import android.content.Context;
import android.content.Intent;
import android.os.Bundle;
import android.view.View;
import android.view.Window;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

public class Activity extends Context {
    public static final int RESULT_OK = -1;

    protected native void onCreate(@Nullable Bundle savedInstanceState);
    protected native void onStart();
    protected native void onStop();
    protected native void onDestroy();
    protected native void onSaveInstanceState(@NotNull Bundle outState);
    protected native void onActivityResult(int requestCode, int resultCode, @Nullable Intent data);
    public native @Nullable Object onRetainNonConfigurationInstance();
    public native @Nullable Object getLastNonConfigurationInstance();
    public native boolean isChangingConfigurations();
    public native void setContentView(int layout);
    public native <T extends View> T findViewById(int id);
    public native @Nullable Window getWindow();
    public native void startActivityForResult(Intent intent, int requestCode);
}
