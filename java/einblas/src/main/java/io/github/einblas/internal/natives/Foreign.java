// Memory segments and arenas of JDK 22 and later, from code that is compiled for JDK 17.
package io.github.einblas.internal.natives;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.channels.FileChannel;
import java.util.function.Consumer;

/** Calls of {@code java.lang.foreign} by method handles, so that one jar serves every JDK. */
public final class Foreign {
  /** The first JDK whose segments are no preview. */
  private static final int FIRST = 22;

  private Foreign() {}

  /** Whether this JDK has them. */
  public static boolean isThere() {
    return Runtime.version().feature() >= FIRST;
  }

  /**
   * Refuses a JDK without them.
   *
   * @throws IllegalStateException naming what was called, and the JDK
   */
  public static void require(String what) {
    if (!isThere()) {
      throw new IllegalStateException(
          what
              + " needs JDK "
              + FIRST
              + " or later with its java.lang.foreign, this is JDK "
              + Runtime.version().feature());
    }
  }

  /** The handles; loaded where they are there. */
  private static final class Api {
    static final Class<?> ARENA = type("Arena");
    static final Class<?> SEGMENT = type("MemorySegment");
    static final Class<?> SCOPE = type("MemorySegment$Scope");

    static final MethodHandle ADDRESS = of(SEGMENT, "address", long.class);
    static final MethodHandle BYTES = of(SEGMENT, "byteSize", long.class);
    static final MethodHandle READ_ONLY = of(SEGMENT, "isReadOnly", boolean.class);
    static final MethodHandle NATIVE = of(SEGMENT, "isNative", boolean.class);
    static final MethodHandle ACCESSIBLE =
        of(SEGMENT, "isAccessibleBy", boolean.class, Thread.class);
    static final MethodHandle SCOPE_OF = of(SEGMENT, "scope", SCOPE);
    static final MethodHandle ALIVE = of(SCOPE, "isAlive", boolean.class);
    static final MethodHandle ARENA_SCOPE = of(ARENA, "scope", SCOPE);
    static final MethodHandle CLOSE = of(ARENA, "close", void.class);
    static final MethodHandle AS_READ_ONLY = of(SEGMENT, "asReadOnly", SEGMENT);
    static final MethodHandle REINTERPRET =
        of(SEGMENT, "reinterpret", SEGMENT, long.class, ARENA, Consumer.class);
    static final MethodHandle MAP =
        of(
            FileChannel.class,
            "map",
            SEGMENT,
            FileChannel.MapMode.class,
            long.class,
            long.class,
            ARENA);
    static final MethodHandle OF_ADDRESS = ofStatic(SEGMENT, "ofAddress", SEGMENT, long.class);
    static final MethodHandle SHARED = ofStatic(ARENA, "ofShared", ARENA);

    private Api() {}

    private static Class<?> type(String name) {
      try {
        return Class.forName("java.lang.foreign." + name);
      } catch (ClassNotFoundException e) {
        throw new LinkageError("a JDK from 22 on without java.lang.foreign", e);
      }
    }

    private static MethodHandle of(Class<?> on, String name, Class<?> gives, Class<?>... takes) {
      try {
        return loose(
            MethodHandles.lookup().findVirtual(on, name, MethodType.methodType(gives, takes)));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("java.lang.foreign is not as it was", e);
      }
    }

    private static MethodHandle ofStatic(
        Class<?> on, String name, Class<?> gives, Class<?>... takes) {
      try {
        return loose(
            MethodHandles.lookup().findStatic(on, name, MethodType.methodType(gives, takes)));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("java.lang.foreign is not as it was", e);
      }
    }

    /** With Object for the types that JDK 17 does not know. */
    private static MethodHandle loose(MethodHandle handle) {
      return handle.asType(handle.type().erase());
    }
  }

  /** The body of a call. */
  @FunctionalInterface
  private interface Call<T> {
    T run() throws Throwable;
  }

  private static <T> T call(Call<T> body) {
    try {
      return body.run();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // none of them throws a checked one
    }
  }

  /** Whether an object is a memory segment. */
  public static boolean isSegment(Object object) {
    return isThere() && Api.SEGMENT.isInstance(object);
  }

  /** The class of memory segments. */
  public static Class<?> segmentClass() {
    return Api.SEGMENT;
  }

  /** Whether an object is an arena. */
  public static boolean isArena(Object object) {
    return isThere() && Api.ARENA.isInstance(object);
  }

  /** The address of a segment's first byte. */
  public static long address(Object segment) {
    return call(() -> (long) Api.ADDRESS.invokeExact(segment));
  }

  /** Bytes of a segment. */
  public static long bytes(Object segment) {
    return call(() -> (long) Api.BYTES.invokeExact(segment));
  }

  /** Whether nothing may be written to a segment. */
  public static boolean isReadOnly(Object segment) {
    return call(() -> (boolean) Api.READ_ONLY.invokeExact(segment));
  }

  /** Whether a segment lies outside the heap. */
  public static boolean isNative(Object segment) {
    return call(() -> (boolean) Api.NATIVE.invokeExact(segment));
  }

  /** Why this thread cannot use a segment now; null where it can. */
  public static String fault(Object segment) {
    return call(
        () -> {
          Object scope = (Object) Api.SCOPE_OF.invokeExact(segment);
          if (!(boolean) Api.ALIVE.invokeExact(scope)) {
            return "its arena is closed";
          }
          Thread thread = Thread.currentThread();
          return (boolean) Api.ACCESSIBLE.invokeExact(segment, (Object) thread)
              ? null
              : "its arena belongs to another thread than \"" + thread.getName() + "\"";
        });
  }

  /** Whether an arena is open. */
  public static boolean isAlive(Object arena) {
    return call(
        () -> {
          Object scope = (Object) Api.ARENA_SCOPE.invokeExact(arena);
          return (boolean) Api.ALIVE.invokeExact(scope);
        });
  }

  /** A segment over native memory that ends with an arena, which runs the action then. */
  public static Object segment(
      long address, long bytes, boolean readOnly, Object arena, Runnable atEnd) {
    Consumer<Object> end = ended -> atEnd.run();
    return call(
        () -> {
          Object empty = (Object) Api.OF_ADDRESS.invokeExact(address);
          Object whole = (Object) Api.REINTERPRET.invokeExact(empty, bytes, arena, (Object) end);
          return readOnly ? (Object) Api.AS_READ_ONLY.invokeExact(whole) : whole;
        });
  }

  /** A piece of a file in memory; closing the arena ends it. */
  public record Mapped(Object arena, long address) {
    /** Ends the mapping. */
    public void close() {
      call(
          () -> {
            Api.CLOSE.invokeExact(arena);
            return null;
          });
    }
  }

  /** Maps the first bytes of a file, as many as there are. */
  public static Mapped map(FileChannel file, FileChannel.MapMode mode, long bytes)
      throws IOException {
    Object arena = call(() -> (Object) Api.SHARED.invokeExact());
    boolean done = false;
    try {
      Object segment = (Object) Api.MAP.invokeExact((Object) file, (Object) mode, 0L, bytes, arena);
      Mapped mapped = new Mapped(arena, address(segment));
      done = true;
      return mapped;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // it throws no other
    } finally {
      if (!done) {
        new Mapped(arena, 0).close();
      }
    }
  }
}
