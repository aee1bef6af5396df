package android.graphics;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import javax.imageio.ImageIO;

public class BitmapFactory {
    public static class Options {
        public boolean inJustDecodeBounds;
        public int inSampleSize;
        public ColorSpace inPreferredColorSpace;
        public int outWidth;
        public int outHeight;
    }

    public static Bitmap decodeStream(InputStream stream, Rect padding, Options options) {
        BufferedImage image;
        try {
            image = ImageIO.read(stream);
        } catch (IOException error) {
            image = null;
        }
        options.outWidth = image == null ? -1 : image.getWidth();
        options.outHeight = image == null ? -1 : image.getHeight();
        if (image == null || options.inJustDecodeBounds) return null;
        int sample = Math.max(options.inSampleSize, 1);
        int width = Math.max(image.getWidth() / sample, 1);
        int height = Math.max(image.getHeight() / sample, 1);
        int[] pixels = new int[width * height];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = image.getRGB(i % width * sample, i / width * sample);
        }
        return Bitmap.createBitmap(pixels, width, height, Bitmap.Config.ARGB_8888);
    }
}
