package android.content;

import android.content.res.AssetManager;
import android.content.res.Resources;
import java.io.File;
import org.jetbrains.annotations.NotNull;

public abstract class Context {
    public native AssetManager getAssets();
    public native Resources getResources();
    public native ContentResolver getContentResolver();
    public native Context getApplicationContext();
    public native String getPackageName();
    public native File getCacheDir();
    public final native int getColor(int id);
    public final native @NotNull String getString(int id);
    public final native @NotNull String getString(int id, Object... formatArgs);
    public final native <T> T getSystemService(@NotNull Class<T> serviceClass);
}
