// Run on JDK 22 and later: tensors over buffers of memory segments whose arena is closed.
package io.github.einblas;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A program of its own, as the project is compiled for JDK 17, which has no arenas. */
final class ArenaProbe {
  static final String DONE = "every use was refused";

  private static final List<String> WRONG = new ArrayList<>();

  private ArenaProbe() {}

  private static Object call(
      String type, Object on, String name, Class<?>[] types, Object... args) {
    try {
      Method m = Class.forName("java.lang.foreign." + type).getMethod(name, types);
      return m.invoke(on, args);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("no arenas", e);
    }
  }

  private static Object arena(String kind) {
    return call("Arena", null, kind, new Class<?>[0]);
  }

  private static void close(Object arena) {
    call("Arena", arena, "close", new Class<?>[0]);
  }

  private static ByteBuffer buffer(Object segment) {
    ByteBuffer bytes = (ByteBuffer) call("MemorySegment", segment, "asByteBuffer", new Class<?>[0]);
    return bytes.order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer allocated(Object arena) {
    Class<?>[] types = {long.class, long.class};
    return buffer(call("Arena", arena, "allocate", types, 4000L, 64L));
  }

  private static void refused(String what, Runnable use) {
    try {
      use.run();
      WRONG.add(what + " was accepted");
    } catch (IllegalStateException e) {
      // as it should be
    }
  }

  private static void check(String kind) {
    Object arena = arena(kind);
    ByteBuffer bytes = allocated(arena);
    Tensor t = Tensor.wrap(bytes.asFloatBuffer());
    Tensor empty = Tensor.wrap(bytes.slice(0, 0).order(ByteOrder.nativeOrder()).asFloatBuffer());
    Tensor view = t.slice(0, 0, 1000);
    Tensor readOnly =
        Tensor.wrap(bytes.asReadOnlyBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
    t.fill(3);
    if (view.get(999) != 3 || readOnly.get(7) != 3 || empty.size() != 0) {
      WRONG.add(kind + ": wrong values");
    }
    if ("ofConfined".equals(kind)) {
      Thread other = new Thread(() -> refused("another thread", () -> t.get(0)));
      other.start();
      try {
        other.join();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    close(arena);
    WrappedTest.assertEnded(t, view);
    refused(kind + " read-only", () -> readOnly.get(0));
    refused(kind + " wrapped after its end", () -> Tensor.wrap(bytes.asFloatBuffer()));
    refused(kind + " copied after its end", () -> Tensor.of(bytes.asFloatBuffer()));
    t.close();
    view.close();
  }

  private static Object segment(Object arena, long bytes, long alignment) {
    Class<?>[] types = {long.class, long.class};
    return call("Arena", arena, "allocate", types, bytes, alignment);
  }

  /** Of the class that a JDK has, by the name that code for JDK 17 cannot write. */
  private static Object segmentOf(Tensor t, Object arena) throws ClassNotFoundException {
    return t.asSegment(Class.forName("java.lang.foreign.MemorySegment"), arena);
  }

  private static void wrong(String what, Class<? extends RuntimeException> as, Runnable use) {
    try {
      use.run();
      WRONG.add(what + " was accepted");
    } catch (RuntimeException e) {
      if (!as.isInstance(e)) {
        WRONG.add(what + " threw " + e);
      }
    }
  }

  /** Segments under tensors, of more bytes than a buffer has too. */
  private static void checkSegments(String kind) throws Exception {
    Object arena = arena(kind);
    Object bytes = segment(arena, 4000, 64);
    Tensor t = Tensor.wrapSegment(DType.F32, bytes);
    Tensor view = t.slice(0, 0, 1000);
    t.fill(3);
    if (buffer(bytes).getFloat(3996) != 3 || t.isReadOnly()) {
      WRONG.add(kind + ": not the same memory");
    }
    Object readOnly = call("MemorySegment", bytes, "asReadOnly", new Class<?>[0]);
    try (Tensor same = Tensor.wrapSegment(DType.I16, readOnly, 2000)) {
      if (!same.isReadOnly() || same.getLong(1) == 0) {
        WRONG.add(kind + ": read-only");
      }
      wrong("a write", IllegalArgumentException.class, () -> same.fill(1));
    }
    Class<?>[] slice = {long.class, long.class};
    Object odd = call("MemorySegment", bytes, "asSlice", slice, 2L, 400L);
    for (Runnable use :
        List.<Runnable>of(
            () -> Tensor.wrapSegment(DType.F32, odd, 100),
            () -> Tensor.wrapSegment(DType.F32, bytes, 1001),
            () -> Tensor.wrapSegment(DType.F32, "text", 1),
            () ->
                Tensor.wrapSegment(
                    DType.C128, call("MemorySegment", bytes, "asSlice", slice, 0L, 8L), 1),
            () -> t.asSegment(String.class, arena),
            t::asBuffer)) {
      wrong("a wrong segment", IllegalArgumentException.class, use);
    }
    Class<?>[] floats = {float[].class};
    Object heap = call("MemorySegment", null, "ofArray", floats, new float[4]);
    wrong("the heap", IllegalArgumentException.class, () -> Tensor.wrapSegment(DType.F32, heap, 4));
    if ("ofConfined".equals(kind)) {
      Thread other = new Thread(() -> refused("another thread", () -> t.get(0)));
      other.start();
      other.join();
    }
    close(arena);
    WrappedTest.assertEnded(t, view);
    refused("a closed segment", () -> Tensor.wrapSegment(DType.F32, bytes, 1000));
    t.close();
  }

  private static void checkLarge() throws Exception {
    Object arena = arena("ofShared");
    long elements = (1L << 31) + 8;
    Tensor t = Tensor.wrapSegment(DType.U8, segment(arena, elements, 64), elements);
    t.set(7, elements - 1);
    try (Tensor last = t.slice(0, elements - 2, elements)) {
      if (last.get(1) != 7) {
        WRONG.add("more than a buffer holds");
      }
    }
    close(arena);
    refused("a large segment", () -> t.get(0));
  }

  /** One mapping of more than a buffer holds, which ends with its tensor. */
  private static void checkLargeFile() throws Exception {
    Path file = Files.createTempFile("large", ".npy");
    try {
      MappedTest.sparse(file, 3 << 10, 1 << 18);
      try (Tensor t = Tensor.map(file, FileChannel.MapMode.READ_WRITE)) {
        if (t.get(-1, -1) != 1 || t.get(2047, 3) != 0) {
          WRONG.add("a large file");
        }
        t.set(5, 2048, 0);
      }
      try (Tensor t = Tensor.map(file)) {
        if (t.get(2048, 0) != 5) {
          WRONG.add("a large file's change");
        }
      }
    } finally {
      Files.delete(file);
    }
  }

  /** A DLTensor of the CPU: an address that a library gives, of so many bytes, and strides. */
  private static void checkAddress() throws Exception {
    Object arena = arena("ofConfined");
    Tensor theirs = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 2, 3);
    Class<?> type = Class.forName("java.lang.foreign.Arena");
    Class<?> consumer = java.util.function.Consumer.class;
    Object at =
        call("MemorySegment", null, "ofAddress", new Class<?>[] {long.class}, theirs.address());
    Class<?>[] types = {long.class, type, consumer};
    Object data = call("MemorySegment", at, "reinterpret", types, 24L, arena, null);
    Tensor t =
        Tensor.wrapSegment(DType.F32, data)
            .asStrided(0, new long[] {3, 2}, new long[] {1, 3})
            .owning();
    if (t.get(2, 1) != 5 || t.address() != theirs.address()) {
      WRONG.add("an address with strides");
    }
    close(arena);
    refused("an address after its arena", () -> t.get(2, 1));
    theirs.close();
  }

  /** Segments over tensors. */
  private static void checkExported() throws Exception {
    Object arena = arena("ofConfined");
    Tensor t = Tensor.full(DType.F64, 5, 1 << 17);
    long before = Einblas.nativeBytesInUse();
    Object segment = segmentOf(t, arena);
    t.close();
    refused("a closed tensor", () -> t.get(0));
    ByteBuffer bytes = buffer(segment);
    if (bytes.remaining() != 8 << 17 || bytes.getDouble(bytes.limit() - 8) != 5) {
      WRONG.add("a segment of a closed tensor");
    }
    close(arena);
    if (before - Einblas.nativeBytesInUse() < 8 << 17) {
      WRONG.add("the arena's end did not free the tensor");
    }
    wrong("a segment after its arena", IllegalStateException.class, () -> bytes.getDouble(0));
    Tensor other = Tensor.ones(DType.F32, 4, 4);
    wrong(
        "a closed arena",
        IllegalStateException.class,
        () -> {
          try {
            segmentOf(other, arena);
          } catch (ClassNotFoundException e) {
            throw new LinkageError("no segments", e);
          }
        });
    Object later = arena("ofShared");
    wrong(
        "a transposed tensor",
        IllegalArgumentException.class,
        () -> other.transpose().asSegment(Object.class, later));
    close(later);
    other.close();
  }

  private static void checkMapped() throws Exception {
    Path file = Files.createTempFile("arena", ".bin");
    Files.write(file, new byte[8000]);
    Object arena = arena("ofShared");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Class<?> type = Class.forName("java.lang.foreign.Arena");
      Method map =
          FileChannel.class.getMethod(
              "map", FileChannel.MapMode.class, long.class, long.class, type);
      Object segment = map.invoke(channel, FileChannel.MapMode.READ_ONLY, 0L, 8000L, arena);
      Tensor t = Tensor.wrap(buffer(segment).asDoubleBuffer());
      if (!t.isReadOnly() || t.get(999) != 0) {
        WRONG.add("a mapped segment");
      }
      close(arena);
      refused("a mapped segment", () -> t.get(999));
      refused("a mapped segment", () -> Einsum.einsum("i->", t));
    } finally {
      Files.delete(file);
    }
  }

  static void main() {
    main(new String[0]);
  }

  public static void main(String[] arguments) {
    try {
      check("ofConfined");
      check("ofShared");
      checkMapped();
      checkSegments("ofConfined");
      checkSegments("ofShared");
      checkLarge();
      checkExported();
      checkAddress();
      checkLargeFile();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    if (!WRONG.isEmpty()) {
      throw new AssertionError(WRONG);
    }
    System.out.println(DONE);
  }
}
