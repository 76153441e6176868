// Native memory of objects that nothing refers to any more: freed by a thread of its own, and at
// once when memory is short.
package io.github.einblas.internal.natives;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The registry of objects with native memory, and what is done when memory is short: the collector
 * is asked, what it found is freed by the asking thread itself, and the request is tried again. A
 * {@code java.lang.ref.Cleaner} would leave the asking thread to wait for another one.
 *
 * <p>Memory is not filled first: a collection is also asked for once tensors made since the last
 * one hold more than half of what is still free.
 */
public final class Reclaim {
  private static final ReferenceQueue<Object> QUEUE = new ReferenceQueue<>();

  /** Lists of entries, so that threads seldom wait for each other. */
  private static final Entry[] LISTS = new Entry[16];

  /** Blocks below are not counted: their Java objects make the collector run early enough. */
  private static final long COUNTED = 16 << 10;

  private static final long LEAST_SPAN = 64L << 20;
  private static final long LOOK_EVERY = 1L << 30;

  private static final AtomicLong LIVE = new AtomicLong();
  private static final AtomicBoolean LOOKING = new AtomicBoolean();

  /** Least of LIVE since the last collection: what is surely no garbage made since. */
  private static volatile long low;

  /** How far LIVE may be above low before the system is asked how much is free. */
  private static volatile long span = LEAST_SPAN;

  /** How often the memory limit was set. */
  private static final AtomicLong LIMITS = new AtomicLong();

  private static final Object COLLECTING = new Object();

  /** Collections begun. */
  private static volatile long begun;

  private static volatile boolean enabled = true;

  /** The thread ends after so long without entries, or it would keep its class loader for ever. */
  private static final long IDLE_MILLIS = 1000;

  /** Whether the thread runs. */
  private static final AtomicBoolean FREEING = new AtomicBoolean();

  static {
    for (int i = 0; i < LISTS.length; i++) {
      LISTS[i] = new Entry();
    }
  }

  private Reclaim() {}

  /** One registered object. Its action runs once: by {@link #run}, or when it is unreachable. */
  public static final class Entry extends PhantomReference<Object> {
    private final Entry list;
    private Entry before;
    private Entry after;
    private Runnable action;

    /** A list: a ring of entries that begins and ends here. */
    private Entry() {
      super(null, null);
      list = this;
      before = this;
      after = this;
    }

    private Entry(Object owner, Runnable action, Entry list) {
      super(owner, QUEUE);
      this.action = action;
      this.list = list;
      synchronized (list) {
        before = list;
        after = list.after;
        after.before = this;
        list.after = this;
      }
    }

    /** Takes the entry off its list; its action, or null when that was taken before. */
    private Runnable take() {
      synchronized (list) {
        Runnable taken = action;
        if (taken != null) {
          action = null;
          before.after = after;
          after.before = before;
        }
        return taken;
      }
    }

    /** Runs the action now, unless it ran. */
    public void run() {
      Runnable taken = take();
      if (taken != null) {
        clear();
        taken.run();
      }
    }
  }

  /** Runs the action once nothing refers to the owner, whom the action must not refer to. */
  public static Entry register(Object owner, Runnable action) {
    int list = (int) Thread.currentThread().getId() & (LISTS.length - 1);
    Entry entry = new Entry(owner, action, LISTS[list]);
    if (!FREEING.get() && FREEING.compareAndSet(false, true)) {
      start();
    }
    return entry;
  }

  private static void start() {
    boolean started = false;
    try {
      Thread thread = new Thread(null, Reclaim::freeWhileNeeded, "einblas-cleaner", 0, false);
      thread.setDaemon(true);
      thread.setContextClassLoader(null);
      thread.start();
      started = true;
    } catch (OutOfMemoryError e) {
      // No thread to be had: short memory sweeps by itself, the next entry tries again.
    } finally {
      if (!started) {
        FREEING.set(false);
      }
    }
  }

  private static void freeWhileNeeded() {
    do {
      while (freeNext() || !isEmpty()) {
        // as long as there is something to free, now or later
      }
      FREEING.set(false);
      // An entry that was added before this was seen has nobody but this thread.
    } while (!isEmpty() && FREEING.compareAndSet(false, true));
  }

  private static boolean freeNext() {
    try {
      Entry next = (Entry) QUEUE.remove(IDLE_MILLIS);
      if (next != null) {
        next.run();
      }
      return next != null;
    } catch (InterruptedException e) {
      return true; // nobody's to interrupt
    }
  }

  private static boolean isEmpty() {
    for (Entry list : LISTS) {
      synchronized (list) {
        if (list.after != list) {
          return false;
        }
      }
    }
    return true;
  }

  /** Frees what the collector has found; whether there was any. */
  private static boolean sweep() {
    List<Entry> found = new ArrayList<>();
    for (Entry list : LISTS) {
      synchronized (list) {
        for (Entry e = list.after; e != list; e = e.after) {
          if (e.refersTo(null)) {
            found.add(e);
          }
        }
      }
    }
    found.forEach(Entry::run);
    return !found.isEmpty();
  }

  /** Whether short memory asks the collector: tests that starve thousands of calls say no. */
  public static boolean enable(boolean on) {
    boolean before = enabled;
    enabled = on;
    return before;
  }

  /**
   * Runs the collector and frees what it found, unless another thread began to after {@code seen}
   * was read.
   */
  private static boolean collect(long seen) {
    synchronized (COLLECTING) {
      if (begun != seen) {
        return true;
      }
      begun = seen + 1;
      System.gc(); // returns when references to what it found are cleared
      return sweep();
    }
  }

  /** The tries of one request that found memory short. */
  static final class Tries {
    private static final int MOST = 10;

    private int tries;
    private long inUse = NativeMemory.memoryInUse();

    /**
     * Tries to have memory freed; false when there is no hope of more.
     *
     * @param needed bytes of the request
     * @param free bytes that it could have had
     */
    boolean again(long needed, long free) {
      if (!enabled
          || tries == MOST
          || (needed > 0 && needed - free > inUse + NativeMemory.poolBytes())) {
        return false;
      }
      long seen = begun;
      tries++;
      boolean freed = (tries == 1 && sweep()) || collect(seen);
      long now = NativeMemory.memoryInUse();
      boolean moved = now < inUse;
      inUse = now;
      if (freed || moved) {
        return true;
      }
      // Others may be about to leave a call or to close something.
      return tries <= 3 && pause(1L << (tries - 1));
    }

    private static boolean pause(long millis) {
      try {
        Thread.sleep(millis);
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  /** Counts a new block that may become garbage. */
  public static void made(long bytes) {
    if (bytes >= COUNTED) {
      long live = LIVE.addAndGet(bytes);
      if (live - low > span && LOOKING.compareAndSet(false, true)) {
        try {
          look(live);
        } finally {
          LOOKING.set(false);
        }
      }
    }
  }

  /** Counts such a block out. */
  public static void freed(long bytes) {
    if (bytes >= COUNTED) {
      long live = LIVE.addAndGet(-bytes);
      if (live < low) {
        low = live; // of two threads that meet here one may win with a little more
      }
    }
  }

  /** The limit was set: what was free before says nothing of what is free now. */
  static void limitSet() {
    LIMITS.incrementAndGet();
    span = LEAST_SPAN;
  }

  private static void look(long live) {
    long limits = LIMITS.get();
    long free = NativeMemory.memoryAvailable();
    long made = live - low;
    if (enabled && made > LEAST_SPAN && made > free / 2) {
      collect(begun);
      live = LIVE.get();
      low = live;
      made = 0;
      free = NativeMemory.memoryAvailable();
    }
    // made grows and free falls until made = free / 2; others may take memory too.
    long most = Math.max(LEAST_SPAN, (made + free) / 3);
    span = Math.max(Math.min(most, made + LOOK_EVERY), made + LEAST_SPAN / 4);
    if (LIMITS.get() != limits) {
      span = LEAST_SPAN;
    }
  }
}
