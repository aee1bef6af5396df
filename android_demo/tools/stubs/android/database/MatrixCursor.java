package android.database;

public class MatrixCursor implements Cursor {
    public MatrixCursor(String[] columnNames, int initialCapacity) {}

    public native void addRow(Object[] columnValues);
    public native void close();
}
