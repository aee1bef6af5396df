package android.graphics;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import javax.imageio.ImageIO;

public final class Bitmap {
    public enum Config { RGB_565, ARGB_8888 }

    public enum CompressFormat { JPEG }

    private final int width;
    private final int height;
    private int[] pixels;

    private Bitmap(int[] pixels, int width, int height) {
        this.pixels = pixels;
        this.width = width;
        this.height = height;
    }

    public static Bitmap createBitmap(int[] colors, int width, int height, Config config) {
        return new Bitmap(Arrays.copyOf(colors, width * height), width, height);
    }

    public static Bitmap createBitmap(Bitmap source, int x, int y, int width, int height) {
        int[] part = new int[width * height];
        source.getPixels(part, 0, width, x, y, width, height);
        return new Bitmap(part, width, height);
    }

    public static Bitmap createScaledBitmap(Bitmap source, int width, int height, boolean filter) {
        int[] small = new int[width * height];
        for (int i = 0; i < small.length; i++) {
            int x = i % width * source.width / width;
            int y = i / width * source.height / height;
            small[i] = source.pixels[y * source.width + x];
        }
        return new Bitmap(small, width, height);
    }

    public int getWidth() { return width; }
    public int getHeight() { return height; }

    public void getPixels(int[] out, int offset, int stride, int x, int y, int width, int height) {
        for (int row = 0; row < height; row++) {
            int from = (y + row) * this.width + x;
            System.arraycopy(pixels, from, out, offset + row * stride, width);
        }
    }

    public Bitmap copy(Config config, boolean isMutable) {
        return new Bitmap(pixels.clone(), width, height);
    }

    public boolean compress(CompressFormat format, int quality, OutputStream stream) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, width, height, pixels, 0, width);
        try {
            return ImageIO.write(image, "jpg", stream);
        } catch (IOException error) {
            return false;
        }
    }

    /** What is read after this fails. */
    public void recycle() { pixels = null; }
}
