// Memory of others under a tensor: pointers and buffers that end before it, and threads that move a
// buffer's limit.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WrappedTest {
  /** JavaCPP's own library comes with the first use of this one, whatever test runs first. */
  @BeforeAll
  static void load() {
    Einblas.version();
  }

  /** Every kind of use throws and none reads what may be somebody else's by now. */
  static void assertEnded(Tensor t, Tensor view) {
    Tensor other = Tensor.ones(t.dtype(), t.shape());
    List<org.junit.jupiter.api.function.Executable> uses =
        List.of(
            () -> t.get(new long[t.rank()]),
            () -> view.get(new long[view.rank()]),
            () -> t.set(1, new long[t.rank()]),
            () -> t.fill(1),
            t::copy,
            () -> t.copyFrom(other),
            () -> other.copyFrom(t),
            () -> t.to(DType.I32),
            t::transpose,
            () -> Einsum.einsum("i->i", t),
            () -> Einsum.einsum("i,i->", t, other),
            () -> Einsum.plan("i->i", other).runInto(t, other),
            () -> Einsum.plan("i,i->i", other, other).runInto(other, 1, 0, view, other));
    for (var use : uses) {
      assertThrows(IllegalStateException.class, use);
    }
    assertTrue(t.isClosed());
    assertTrue(t.toString().contains("closed"), t.toString());
    other.close();
  }

  @Test
  void aPointersOwnCloseLeavesTheMemoryToTheTensor() {
    FloatPointer p = new FloatPointer(100);
    p.put(5, 7);
    Tensor t = Tensor.wrap(p);
    p.close();
    assertEquals(7, t.get(5));
    t.fill(2);
    assertEquals(2, t.get(99));
    assertFalse(p.isNull());
    t.close();
    assertTrue(p.isNull(), "the tensor held the last reference");
  }

  @Test
  void aTensorsCloseLeavesTheMemoryToThePointer() {
    DoublePointer p = new DoublePointer(100);
    Tensor first = Tensor.wrap(p);
    Tensor second = Tensor.wrap(p, 10, 10);
    first.fill(3);
    first.close();
    second.close();
    assertEquals(3, p.get(42));
    p.close();
    assertTrue(p.isNull());
  }

  @Test
  void theEndOfAScopeLeavesTheMemoryToTheTensor() {
    Tensor t;
    FloatPointer p;
    try (PointerScope scope = new PointerScope()) {
      p = new FloatPointer(100);
      p.put(5, 7);
      t = Tensor.wrap(p);
      assertEquals(1, scope.forClasses() == null ? 1 : 0);
    }
    assertEquals(7, t.get(5));
    t.close();
    assertTrue(p.isNull());
  }

  @Test
  void aDeallocatedPointerEndsTheTensor() {
    FloatPointer p = new FloatPointer(100);
    Tensor t = Tensor.wrap(p);
    Tensor view = t.slice(0, 0, 100, 1);
    p.deallocate();
    assertEnded(t, view);
    t.close();
    t.close();
  }

  @Test
  void aPointerThatProxiesADeallocatedOneEndsTheTensor() {
    FloatPointer p = new FloatPointer(100);
    FloatPointer proxy = new FloatPointer((Pointer) p);
    Tensor t = Tensor.wrap(proxy);
    Tensor view = t.slice(0, 0, 100, 1);
    p.deallocate();
    assertEnded(t, view);
    t.close();
  }

  @Test
  void unreachableTensorsGiveTheirReferenceBack() throws InterruptedException {
    FloatPointer p = new FloatPointer(100);
    int before = Math.max(1, p.referenceCount());
    for (int i = 0; i < 50; i++) {
      Tensor.wrap(p);
    }
    for (int i = 0; i < 100 && p.referenceCount() > before; i++) {
      System.gc();
      Thread.sleep(20);
    }
    assertEquals(before, p.referenceCount());
    p.close();
    assertTrue(p.isNull());
  }

  @Test
  void refusedPointersKeepTheirCount() {
    FloatPointer p = new FloatPointer(100);
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(p, 7, 7));
    FloatPointer beyond = new FloatPointer(100).limit(101);
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(beyond));
    FloatPointer far = new FloatPointer(100).position(-1);
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(far));
    FloatPointer most = new FloatPointer((Pointer) null).limit(Long.MAX_VALUE);
    assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(most));
    p.close();
    assertTrue(p.isNull());
  }

  @Test
  void aLimitThatMovesMeanwhileDoesNoHarm() throws InterruptedException {
    int most = 50_000;
    FloatBuffer heap = FloatBuffer.allocate(most);
    FloatBuffer direct =
        ByteBuffer.allocateDirect(4 * most).order(ByteOrder.nativeOrder()).asFloatBuffer();
    FloatBuffer target = FloatBuffer.allocate(most);
    AtomicBoolean stop = new AtomicBoolean();
    Thread mover =
        new Thread(
            () -> {
              for (int i = 0; !stop.get(); i++) {
                heap.limit(i % 2 == 0 ? 10 : most);
                direct.limit(i % 2 == 0 ? 10 : most);
                target.limit(i % 2 == 0 ? 10 : most);
              }
            });
    mover.start();
    try {
      for (int i = 0; i < 800; i++) {
        for (FloatBuffer data : List.of(heap, direct)) {
          try (Tensor t = Tensor.of(data)) {
            assertTrue(t.size() == 10 || t.size() == most);
          }
        }
        try (Tensor t = Tensor.wrap(direct);
            Tensor copy = t.copy()) {
          assertTrue(t.size() == 10 || t.size() == most);
          assertEquals(t.size(), copy.size());
        }
        try (Tensor t = Tensor.zeros(DType.F32, 1000)) {
          t.copyTo(target);
        } catch (IllegalArgumentException e) {
          // no room at that moment
        }
      }
    } finally {
      stop.set(true);
      mover.join();
    }
  }

  @Test
  void aBufferKeepsItsTensorsMemory() throws InterruptedException {
    Tensor t = Tensor.full(DType.F32, 3, 256, 1024);
    ByteBuffer bytes = t.select(0, 1).asBuffer();
    assertEquals(ByteOrder.nativeOrder(), bytes.order());
    FloatBuffer floats = bytes.asFloatBuffer();
    assertEquals(1024, floats.remaining());
    floats.put(7, 8);
    assertEquals(8, t.get(1, 7));
    long before = Einblas.nativeBytesInUse();
    t.close();
    assertThrows(IllegalStateException.class, () -> t.get(1, 7));
    assertThrows(IllegalStateException.class, t::asBuffer);
    bytes = null;
    for (int i = 0; i < 5; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertTrue(Einblas.nativeBytesInUse() >= 1 << 20, "a view of the buffer keeps the memory");
    assertEquals(8, floats.get(7));
    floats = null;
    for (int i = 0; i < 200 && before - Einblas.nativeBytesInUse() < 1 << 20; i++) {
      System.gc();
      Thread.sleep(20);
    }
    assertTrue(before - Einblas.nativeBytesInUse() >= 1 << 20);
  }

  @Test
  void whatCannotBeABufferIsRefused() {
    ByteBuffer direct = ByteBuffer.allocateDirect(64).order(ByteOrder.nativeOrder());
    try (Tensor t = Tensor.ones(DType.F32, 4, 4);
        Tensor z = Tensor.ofComplex(new float[] {1, 2});
        Tensor none = Tensor.zeros(DType.F32, 0, 4);
        Tensor wrapped = Tensor.wrap(direct.asFloatBuffer())) {
      for (Tensor wrong : List.of(t.transpose(), t.slice(1, 0, 2), z.conj(), wrapped)) {
        assertThrows(IllegalArgumentException.class, wrong::asBuffer);
      }
      assertEquals(0, none.asBuffer().remaining());
      if (Runtime.version().feature() < 22) {
        assertThrows(IllegalStateException.class, () -> Tensor.wrapSegment(DType.F32, direct, 16));
        assertThrows(IllegalStateException.class, () -> t.asSegment(ByteBuffer.class, direct));
      }
    }
  }

  @Test
  void memorySegmentsEndWithTheirArena() throws IOException, InterruptedException {
    if (Runtime.version().feature() >= 22) {
      ArenaProbe.main();
      return;
    }
    List<Path> machines = newerMachines();
    Assumptions.assumeFalse(machines.isEmpty(), "no JDK from 22 on is installed");
    for (Path java : machines) {
      List<String> command = new ArrayList<>(List.of(java.toString()));
      command.add("--enable-native-access=ALL-UNNAMED");
      String cache = System.getProperty("org.bytedeco.javacpp.cachedir");
      if (cache != null) {
        command.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
      }
      command.addAll(List.of("-cp", System.getProperty("java.class.path")));
      command.add(ArenaProbe.class.getName());
      File output = File.createTempFile("arena", ".txt");
      try {
        Process process =
            new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), "still running: " + command);
        String text = Files.readString(output.toPath());
        assertEquals(0, process.exitValue(), java + ": " + text);
        assertTrue(text.contains(ArenaProbe.DONE), text);
      } finally {
        Files.delete(output.toPath());
      }
    }
  }

  private static List<Path> newerMachines() throws IOException {
    Path folder = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> homes = Files.list(folder)) {
      List<Path> found = new ArrayList<>();
      for (Path home : homes.filter(h -> Files.isRegularFile(h.resolve("release"))).toList()) {
        String version =
            Files.readAllLines(home.resolve("release")).stream()
                .filter(line -> line.startsWith("JAVA_VERSION="))
                .map(line -> line.replaceAll("[^0-9.]", ""))
                .findFirst()
                .orElse("0");
        if (Integer.parseInt(version.split("\\.")[0]) >= 22
            && Files.isExecutable(home.resolve("bin/java"))) {
          found.add(home.resolve("bin/java"));
        }
      }
      return found;
    }
  }
}
