package android.os;

import org.jetbrains.annotations.Nullable;

public final class Bundle {
    public native boolean getBoolean(String key, boolean defaultValue);
    public native @Nullable byte[] getByteArray(@Nullable String key);
    public native @Nullable double[] getDoubleArray(@Nullable String key);
    public native float getFloat(String key, float defaultValue);
    public native long getLong(String key, long defaultValue);
    public native @Nullable String getString(@Nullable String key);
    public native void putBoolean(@Nullable String key, boolean value);
    public native void putByteArray(@Nullable String key, @Nullable byte[] value);
    public native void putDoubleArray(@Nullable String key, @Nullable double[] value);
    public native void putFloat(@Nullable String key, float value);
    public native void putLong(@Nullable String key, long value);
    public native void putString(@Nullable String key, @Nullable String value);
}
