// Memory of tensors: a native block with a count of running users, freed by close(), else by a
// Cleaner.
package io.github.einblas.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;

/**
 * A native block that tensors view. A call acquires it before it touches the memory and releases it
 * after, so that a {@code close()} from another thread waits with freeing until the call has left,
 * while new calls are refused at once.
 */
public final class Storage {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Block.class, "state", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Set in the state once closed; the rest of the state counts users. */
  private static final long CLOSED = 1L << 62;

  /** Set once the memory was given back. */
  private static final long FREED = 1L << 61;

  /** What the Cleaner may hold: everything but the Storage itself. */
  private static final class Block implements Runnable {
    final long address;
    final long bytes;
    final boolean owned;
    volatile long state;

    Block(long address, long bytes, boolean owned) {
      this.address = address;
      this.bytes = bytes;
      this.owned = owned;
    }

    @Override
    public void run() {
      STATE.getAndBitwiseOr(this, CLOSED);
      freeIfIdle();
    }

    void freeIfIdle() {
      if (STATE.compareAndSet(this, CLOSED, CLOSED | FREED) && owned) {
        Native.free(address, bytes);
      }
    }
  }

  private final Block block;
  private final Cleaner.Cleanable cleanable;

  /** Keeps wrapped memory's owner (a buffer or a pointer) alive. */
  @SuppressWarnings({"unused", "FieldCanBeLocal"})
  private final Object owner;

  private Storage(Block block, Object owner) {
    this.block = block;
    this.owner = owner;
    this.cleanable = block.owned ? CLEANER.register(this, block) : null;
  }

  /**
   * A new block of uninitialised memory.
   *
   * @throws io.github.einblas.NativeMemoryException if the machine has not that much free
   */
  public static Storage allocate(long bytes) {
    return new Storage(new Block(Native.alloc(bytes), bytes, true), null);
  }

  /** Memory of somebody else, who is kept alive and frees it. */
  public static Storage wrap(long address, long bytes, Object owner) {
    Native.require();
    return new Storage(new Block(address, bytes, false), owner);
  }

  /** First byte. Valid between acquire and release. */
  public long address() {
    return block.address;
  }

  /** Length in bytes. */
  public long bytes() {
    return block.bytes;
  }

  /** Whether close was called. */
  public boolean isClosed() {
    return (block.state & CLOSED) != 0;
  }

  /**
   * Counts a user in; its memory stays until the matching {@link #release}.
   *
   * @throws IllegalStateException if closed
   */
  public void acquire() {
    long before = (long) STATE.getAndAdd(block, 1L);
    if ((before & CLOSED) != 0) {
      release();
      throw new IllegalStateException("the tensor is closed");
    }
  }

  /** Counts a user out. */
  public void release() {
    long before = (long) STATE.getAndAdd(block, -1L);
    if ((before & CLOSED) != 0) {
      block.freeIfIdle();
    }
  }

  /**
   * Refuses new users at once and frees the memory as soon as none is left. Harmless when repeated.
   */
  public void close() {
    if (cleanable != null) {
      cleanable.clean();
    } else {
      block.run();
    }
  }
}
