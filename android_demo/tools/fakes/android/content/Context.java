package android.content;

import android.content.res.AssetManager;
import android.content.res.Resources;
import java.io.File;

/** Its files are below the system property fake.root. */
public abstract class Context {
    private final AssetManager assets = new AssetManager();
    private final Resources resources = new Resources();
    private final ContentResolver resolver = new ContentResolver() {};

    public AssetManager getAssets() { return assets; }
    public Resources getResources() { return resources; }
    public ContentResolver getContentResolver() { return resolver; }
    public Context getApplicationContext() { return this; }
    public String getPackageName() { return "org.tfganedit.app"; }
    public File getCacheDir() { return new File(System.getProperty("fake.root"), "cache"); }
    public final int getColor(int id) { return 0; }
    public final String getString(int id) { return resources.getString(id); }

    public final String getString(int id, Object... values) {
        return resources.getString(id, values);
    }

    public final <T> T getSystemService(Class<T> service) {
        try {
            return service.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }
}
