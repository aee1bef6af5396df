package android.content.res;

import java.util.Arrays;

/** Texts are the numbers of their names, and what fills them. */
public class Resources {
    public String getString(int id) { return "#" + id; }
    public String getString(int id, Object... values) { return "#" + id + Arrays.toString(values); }
    public String getQuantityString(int id, int quantity, Object... v) { return "#" + id; }
    public float getDimension(int id) { return 1; }
}
