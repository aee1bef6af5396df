package android.net;

import android.os.Parcelable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

public abstract class Uri implements Parcelable {
    private static final class Text extends Uri {
        private final String text;

        Text(String text) { this.text = text; }

        @Override public List<String> getPathSegments() {
            String[] parts = text.split("://", 2)[1].split("/");
            return new ArrayList<>(Arrays.asList(parts).subList(1, parts.length));
        }

        @Override public String getLastPathSegment() {
            List<String> parts = getPathSegments();
            return parts.isEmpty() ? null : parts.get(parts.size() - 1);
        }

        @Override public String toString() { return text; }
        @Override public boolean equals(Object other) { return text.equals(String.valueOf(other)); }
        @Override public int hashCode() { return text.hashCode(); }
    }

    public static final class Builder {
        private String text = "";

        public Builder scheme(String scheme) { text += scheme + "://"; return this; }
        public Builder authority(String authority) { text += authority; return this; }
        public Builder appendPath(String part) { text += "/" + part; return this; }
        public Uri build() { return parse(text); }
    }

    public static Uri parse(String text) { return new Text(text); }
    public abstract String getLastPathSegment();
    public abstract List<String> getPathSegments();
}
