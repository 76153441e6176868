// Memory of tensors: a native block with a count of running users, freed by close(), else when it
// became unreachable.
package io.github.einblas.internal.tensor;

import io.github.einblas.internal.natives.Native;
import io.github.einblas.internal.natives.Reclaim;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A native block that tensors view. A call acquires it before it touches the memory and releases it
 * after, so that a {@code close()} from another thread waits with freeing until the call has left,
 * while new calls are refused at once.
 */
public final class Storage implements AutoCloseable {
  private static final VarHandle STATE;
  private static final VarHandle HOLDER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(Block.class, "state", long.class);
      HOLDER = lookup.findVarHandle(Storage.class, "holder", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Set in the state once closed; the rest of the state counts users. */
  private static final long CLOSED = 1L << 62;

  /** Set once the memory was given back. */
  private static final long FREED = 1L << 61;

  /** What the registry of unreachable objects may hold: everything but the Storage itself. */
  private static final class Block implements Runnable {
    final long address;
    final long bytes;
    final Runnable giveBack;
    volatile long state;

    /** Where it was made, of one that is watched until it is closed; else null. */
    Leaks.Place watched;

    Block(long address, long bytes, Runnable giveBack) {
      this.address = address;
      this.bytes = bytes;
      this.giveBack = giveBack;
    }

    @Override
    public void run() {
      Leaks.Place place = watched;
      if (place != null) {
        place.leaked(bytes);
      }
      STATE.getAndBitwiseOr(this, CLOSED);
      freeIfIdle();
    }

    void freeIfIdle() {
      if (!STATE.compareAndSet(this, CLOSED, CLOSED | FREED)) {
        return;
      }
      if (giveBack == null) {
        Native.free(address, bytes);
        Reclaim.freed(bytes);
      } else {
        giveBack.run();
      }
    }
  }

  /** Memory of somebody else. Kept alive as long as the storage. */
  public interface Owner {
    /**
     * Checks that the memory is still there.
     *
     * @throws IllegalStateException if its owner took it back, or does not let this thread use it
     */
    void check();

    /** Whether the memory may go away while a tensor uses it, because others can free it. */
    default boolean mayEnd() {
      return true;
    }

    /** Called once, when no tensor uses the memory any more. */
    default void release() {}
  }

  private final Block block;
  private final Reclaim.Entry entry;

  /** Of wrapped memory, else null. */
  private final Owner owner;

  private final boolean readOnly;

  /** The tensor whose close frees the memory. */
  private volatile Object holder;

  private Storage(Block block, Owner owner, boolean readOnly) {
    this.block = block;
    this.owner = owner;
    this.readOnly = readOnly;
    this.entry = Reclaim.register(this, block);
  }

  /**
   * A new block of uninitialised memory.
   *
   * @throws io.github.einblas.NativeMemoryException if there is not that much free
   */
  public static Storage allocate(long bytes) {
    long address = Native.alloc(bytes);
    Reclaim.made(bytes);
    return new Storage(new Block(address, bytes, null), null, false);
  }

  /** Memory of somebody else, who is kept alive and frees it. */
  public static Storage wrap(long address, long bytes, Owner owner, boolean readOnly) {
    Native.require();
    return new Storage(new Block(address, bytes, owner::release), owner, readOnly);
  }

  /** First byte. Valid between acquire and release. */
  public long address() {
    return block.address;
  }

  /** Sets the first tensor whose close frees the memory, which no other thread sees yet. */
  void holdFirst(Object tensor) {
    HOLDER.set(this, tensor);
  }

  /** Makes this tensor the one whose close frees the memory, in place of the one before. */
  void hold(Object tensor) {
    holder = tensor;
  }

  /** Whether the close of this tensor frees the memory. */
  boolean isHeldBy(Object tensor) {
    return holder == tensor;
  }

  /** Reports a leak if nobody closes the memory. */
  void watch(Leaks.Place place) {
    block.watched = place;
  }

  /** A view was closed. */
  void closedView() {
    Leaks.Place place = block.watched;
    if (place != null) {
      place.closedView();
    }
  }

  /** Length in bytes. */
  public long bytes() {
    return block.bytes;
  }

  /** Whether nothing may be written to the memory. */
  public boolean isReadOnly() {
    return readOnly;
  }

  /** Whether others can free the memory while tensors are open. */
  public boolean mayEnd() {
    return owner != null && owner.mayEnd();
  }

  /** Whether close was called, or the owner of wrapped memory took it back. */
  public boolean isClosed() {
    if ((block.state & CLOSED) != 0) {
      return true;
    }
    if (owner == null) {
      return false;
    }
    try {
      owner.check();
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
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
    if (owner != null) {
      checkOwner();
    }
  }

  private void checkOwner() {
    boolean there = false;
    try {
      owner.check();
      there = true;
    } finally {
      if (!there) {
        release();
      }
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
  @Override
  public void close() {
    if (block.watched != null) {
      block.watched = null;
    }
    entry.run();
  }
}
