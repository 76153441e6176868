// What a thread makes between the beginning and the end of a scope.
package io.github.einblas.internal.tensor;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** A scope of one thread, inside those that it opened before. */
public final class Scope implements AutoCloseable {
  private static final ThreadLocal<Scope> INNERMOST = new ThreadLocal<>();

  /** How many members there are when those that ended are let go for the first time. */
  private static final int FIRST_PRUNED = 64;

  /** Without one in this process, nothing is looked up when a tensor is made. */
  private static volatile boolean used;

  private final Thread thread = Thread.currentThread();
  private final Scope outer = INNERMOST.get();
  private final List<Member> members = new ArrayList<>();
  private int pruneAt = FIRST_PRUNED;
  private boolean closed;

  private Scope() {}

  /** Something to be closed at the end. */
  private interface Member {
    /** The thing itself; null where nobody has it. */
    AutoCloseable get();

    /** Whether it need not be closed any more. */
    boolean hasEnded();
  }

  /** Memory of a tensor, which is freed without the scope where no tensor refers to it. */
  private static final class Memory extends WeakReference<Storage> implements Member {
    Memory(Storage storage) {
      super(storage);
    }

    @Override
    public boolean hasEnded() {
      Storage storage = get();
      return storage == null || storage.isClosed();
    }
  }

  private record Other(AutoCloseable get, BooleanSupplier ended) implements Member {
    @Override
    public boolean hasEnded() {
      return ended.getAsBoolean();
    }
  }

  /** Opens a scope, inside the one that is open on this thread if there is one. */
  public static Scope open() {
    used = true;
    Scope scope = new Scope();
    INNERMOST.set(scope);
    return scope;
  }

  /** Enters the memory of a new tensor that is given out, unless it is a view. */
  public static void made(Strided tensor) {
    watch(tensor);
    Scope scope = used ? INNERMOST.get() : null;
    if (scope != null && tensor.isOwner()) {
      scope.add(new Memory(tensor.storage()));
    }
  }

  /** Watches whether memory that is given out is closed, as far as EINBLAS_LEAKS asks for it. */
  public static void watch(Strided tensor) {
    Leaks.Place place = tensor.isOwner() ? Leaks.place() : null;
    if (place != null) {
      tensor.storage().watch(place);
    }
  }

  /** Enters something else that is given out. */
  public static void made(AutoCloseable thing, BooleanSupplier ended) {
    Scope scope = used ? INNERMOST.get() : null;
    if (scope != null) {
      scope.add(new Other(thing, ended));
    }
  }

  private void add(Member member) {
    if (members.size() >= pruneAt) {
      members.removeIf(Member::hasEnded);
      pruneAt = Math.max(FIRST_PRUNED, 2 * members.size());
    }
    members.add(member);
  }

  /** How many it may have to close. */
  public int size() {
    return members.size();
  }

  /**
   * Passes out what this scope, or one inside it, would close; a view becomes the owner of its
   * memory.
   *
   * @param all tensors, and other things as they were entered
   * @throws IllegalStateException if one of the tensors is closed, and nothing is passed out; if
   *     the scope is closed or the thread is another
   */
  public void keep(List<? extends AutoCloseable> all) {
    requireUsable("keep");
    for (AutoCloseable one : all) {
      if (one instanceof Strided tensor && tensor.isClosed()) {
        throw new IllegalStateException("keep: a tensor is closed");
      }
    }
    for (AutoCloseable one : all) {
      if (!(one instanceof Strided tensor)) {
        moveOut(one);
      } else if (moveOut(tensor.storage())) {
        tensor.own();
      }
    }
  }

  /** Whether it was there. */
  private boolean moveOut(AutoCloseable thing) {
    for (Scope scope = INNERMOST.get(); scope != outer; scope = scope.outer) {
      for (int i = scope.members.size() - 1; i >= 0; i--) {
        if (scope.members.get(i).get() == thing) {
          Member moved = scope.members.remove(i);
          if (outer != null) {
            outer.add(moved);
          }
          return true;
        }
      }
    }
    return false;
  }

  private void requireUsable(String what) {
    if (thread != Thread.currentThread()) {
      throw new IllegalStateException(
          what + ": the scope belongs to the thread \"" + thread.getName() + "\" that opened it");
    }
    if (closed) {
      throw new IllegalStateException(what + ": the scope is closed");
    }
  }

  /** Closes what is left, the last first, and scopes inside. Harmless when repeated. */
  @Override
  public void close() {
    if (closed && thread == Thread.currentThread()) {
      return;
    }
    requireUsable("close");
    for (Scope inner = INNERMOST.get(); inner != outer; inner = inner.outer) {
      inner.end();
    }
    if (outer == null) {
      INNERMOST.remove();
    } else {
      INNERMOST.set(outer);
    }
  }

  private void end() {
    closed = true;
    for (int i = members.size() - 1; i >= 0; i--) {
      AutoCloseable thing = members.get(i).get();
      if (thing != null) {
        close(thing);
      }
    }
    members.clear();
  }

  private static void close(AutoCloseable thing) {
    try {
      thing.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e); // no member throws one
    }
  }
}
