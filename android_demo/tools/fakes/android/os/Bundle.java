package android.os;

import java.util.HashMap;
import java.util.Map;

public final class Bundle {
    private final Map<String, Object> values = new HashMap<>();

    @SuppressWarnings("unchecked")
    private <T> T get(String key, T missing) {
        return (T) values.getOrDefault(key, missing);
    }

    public float getFloat(String key, float missing) { return get(key, missing); }
    public long getLong(String key, long missing) { return get(key, missing); }
    public boolean getBoolean(String key, boolean missing) { return get(key, missing); }
    public String getString(String key) { return get(key, null); }
    public byte[] getByteArray(String key) { return get(key, null); }
    public double[] getDoubleArray(String key) { return get(key, null); }
    public void putFloat(String key, float value) { values.put(key, value); }
    public void putLong(String key, long value) { values.put(key, value); }
    public void putBoolean(String key, boolean value) { values.put(key, value); }
    public void putString(String key, String value) { values.put(key, value); }
    public void putByteArray(String key, byte[] value) { values.put(key, value); }
    public void putDoubleArray(String key, double[] value) { values.put(key, value); }
}
