package android.media;

import android.graphics.Bitmap;
import android.graphics.PointF;

public class FaceDetector {
    public class Face {
        public static final float CONFIDENCE_THRESHOLD = 0.4f;

        private Face() {}

        public native float confidence();
        public native float eyesDistance();
        public native void getMidPoint(PointF point);
    }

    public FaceDetector(int width, int height, int maxFaces) {}

    public native int findFaces(Bitmap bitmap, Face[] faces);
}
