// Handle: something native that is destroyed once, by close or when nothing refers to it.
package io.github.einblas.internal.natives;

import java.util.function.LongConsumer;

/**
 * Native objects of one owner, in the one registry of what is to be freed ({@link Reclaim}). Who
 * uses a value keeps this reachable until the native call is over.
 */
public final class Handle implements AutoCloseable {
  private final long[] values;
  private final Reclaim.Entry entry;

  private record Destroy(long[] values, LongConsumer destroyer) implements Runnable {
    @Override
    public void run() {
      for (long value : values) {
        if (value != 0) {
          destroyer.accept(value);
        }
      }
    }
  }

  /**
   * Owns native objects.
   *
   * @param destroyer frees one of them; must not refer to the owner
   * @param values 0 where there is none; may be filled in later, by one thread
   */
  public Handle(LongConsumer destroyer, long... values) {
    this.values = values;
    this.entry = Reclaim.register(this, new Destroy(values, destroyer));
  }

  /** The only, or the first, native object. */
  public long value() {
    return values[0];
  }

  /** A native object. */
  public long value(int i) {
    return values[i];
  }

  /** Number of native objects. */
  public int count() {
    return values.length;
  }

  /** Destroys them, unless that was done. */
  @Override
  public void close() {
    entry.run();
  }
}
