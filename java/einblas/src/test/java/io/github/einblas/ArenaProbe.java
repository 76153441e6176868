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
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    if (!WRONG.isEmpty()) {
      throw new AssertionError(WRONG);
    }
    System.out.println(DONE);
  }
}
