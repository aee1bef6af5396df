package android.os;

import java.io.Closeable;
import java.io.File;
import java.io.FileNotFoundException;

public class ParcelFileDescriptor implements Closeable {
    public static native ParcelFileDescriptor open(File file, int mode)
        throws FileNotFoundException;
    public static native int parseMode(String mode);
    public native void close();
}
