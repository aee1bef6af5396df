package android.media;

import android.graphics.Bitmap;
import android.graphics.PointF;

/** Sees a face in the middle of pictures that are wider than high, eyes a quarter apart. */
public class FaceDetector {
    public class Face {
        public static final float CONFIDENCE_THRESHOLD = 0.4f;
        private final float x;
        private final float y;

        private Face(float x, float y) {
            this.x = x;
            this.y = y;
        }

        public float confidence() { return 0.5f; }
        public float eyesDistance() { return x / 2; }

        public void getMidPoint(PointF point) {
            point.x = x;
            point.y = y;
        }
    }

    private final int width;
    private final int height;

    public FaceDetector(int width, int height, int maxFaces) {
        if (width % 2 != 0) throw new IllegalArgumentException("the width must be even");
        this.width = width;
        this.height = height;
    }

    public int findFaces(Bitmap bitmap, Face[] faces) {
        if (bitmap.getWidth() != width) throw new IllegalArgumentException("another width");
        if (width <= height) return 0;
        faces[0] = new Face(width / 2f, height / 2f);
        return 1;
    }
}
