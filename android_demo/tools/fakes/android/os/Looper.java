package android.os;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The thread that calls `runNext` is the main one. */
public final class Looper {
    static final LinkedBlockingQueue<Runnable> QUEUE = new LinkedBlockingQueue<>();
    private static final Looper MAIN = new Looper();

    public static Looper getMainLooper() { return MAIN; }

    /** Runs what was posted first; false where nothing is for so long. */
    public static boolean runNext(long milliseconds) throws InterruptedException {
        Runnable next = QUEUE.poll(milliseconds, TimeUnit.MILLISECONDS);
        if (next != null) next.run();
        return next != null;
    }
}
