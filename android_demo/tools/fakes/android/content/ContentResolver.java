package android.content;

import android.net.Uri;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;

/** content://AUTHORITY/NAME is the file NAME of a folder, the cache's for the own authority. */
public abstract class ContentResolver {
    private static File file(Uri uri) {
        boolean own = uri.toString().startsWith("content://org.tfganedit.app.photos/");
        File folder = new File(System.getProperty("fake.root"), own ? "cache/photos" : "photos");
        folder.mkdirs();
        return new File(folder, uri.getLastPathSegment());
    }

    public final InputStream openInputStream(Uri uri) throws FileNotFoundException {
        return new FileInputStream(file(uri));
    }

    public final OutputStream openOutputStream(Uri uri, String mode) throws FileNotFoundException {
        return new FileOutputStream(file(uri));
    }

    public final Uri insert(Uri url, ContentValues values) { return null; }
    public final int delete(Uri url, String where, String[] values) { return 0; }
    public final int update(Uri url, ContentValues all, String where, String[] v) { return 0; }
    public void takePersistableUriPermission(Uri uri, int modeFlags) {}
}
