package io.github.einblas.spark.internal.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import io.github.einblas.DType;
import io.github.einblas.NpyFormatException;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyFileTest {
  @TempDir Path folder;

  private Path write(Whole whole, String name, int piece) throws IOException {
    Path file = folder.resolve(name);
    try (NpyWriter out =
        NpyFile.writer(Whole.CONF, file.toString(), whole.dtype(), whole.shape(), true)) {
      for (int at = 0; at < whole.bytes().length; at += piece) {
        out.write(whole.bytes(), at, Math.min(piece, whole.bytes().length - at));
      }
      out.commit();
    }
    return file;
  }

  private List<String> names() {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void roundTrips() throws IOException {
    for (long seed : Whole.seeds(120)) {
      Random random = new Random(seed);
      long[] shape = Whole.shape(random, random.nextInt(5), 9);
      Whole whole = Whole.random(random, Whole.type(random), shape);
      Path file = write(whole, "a.npy", 1 + random.nextInt(50));
      String what = "-Deinblas.seed=" + seed;
      long[] chunk = Whole.chunk(random, shape);
      whole.assertEqualTo(NpyFile.open(Whole.CONF, file.toString(), chunk), what);
      whole.assertEqualTo(NpyFile.open(Whole.CONF, file.toUri().toString(), chunk), what);
      // The same bytes as those of a column-major array.
      byte[] bytes = Files.readAllBytes(file);
      String header = new String(bytes, StandardCharsets.ISO_8859_1);
      bytes = header.replace("False, ", "True,  ").getBytes(StandardCharsets.ISO_8859_1);
      String back = tuple(Elements.reversed(shape));
      header = new String(bytes, StandardCharsets.ISO_8859_1).replace(tuple(shape), back);
      Files.write(file, header.getBytes(StandardCharsets.ISO_8859_1));
      Whole turned = whole.transposed();
      turned.assertEqualTo(
          NpyFile.open(Whole.CONF, file.toString(), Whole.chunk(random, turned.shape())),
          what + " F");
    }
    assertEquals(List.of("a.npy"), names());
  }

  private static String tuple(long[] shape) {
    return "("
        + Arrays.toString(shape).replaceAll("[\\[\\]]", "")
        + (shape.length == 1 ? ",)" : ")");
  }

  @Test
  void longRowsWithGapsOfAllSizes() throws IOException {
    Whole whole = Whole.random(new Random(1), DType.I16, 50, 3, 40_000);
    Path file = write(whole, "long.npy", 1 << 20);
    for (long[] chunk :
        new long[][] {{50, 3, 39_000}, {50, 3, 500}, {7, 2, 40_000}, {50, 3, 10_000}, {1, 1, 7}}) {
      Stored stored = NpyFile.open(Whole.CONF, file.toString(), chunk);
      for (long b = 0; b < stored.chunks().blocks(); b += 1 + stored.chunks().blocks() / 5) {
        BlockIndex block = stored.chunks().block(b);
        assertArrayEquals(
            whole.block(stored.chunks(), block).bytes(),
            stored.source().read(block).bytes(),
            Arrays.toString(chunk));
      }
    }
  }

  private int ranges(Path file, long... chunk) throws IOException {
    Stored stored = NpyFile.open(FarFileSystem.conf(), "far:" + file, chunk);
    int before = FarFileSystem.RANGES.get();
    stored.source().read(BlockIndex.of(new int[chunk.length]));
    return FarFileSystem.RANGES.get() - before;
  }

  @Test
  void fewRequestsForManyRows() throws IOException {
    Path file = write(Whole.random(new Random(1), DType.I16, 50, 3, 40_000), "long.npy", 1 << 20);
    assertEquals(1, ranges(file, 50, 3, 40_000));
    assertEquals(1, ranges(file, 7, 3, 40_000)); // whole axes behind
    assertEquals(1, ranges(file, 1, 2, 40_000));
    assertEquals(7, ranges(file, 7, 1, 40_000)); // long gaps
    assertEquals(21, ranges(file, 7, 3, 7_000)); // 66,000 bytes each
    assertEquals(1, ranges(file, 7, 3, 8_000)); // 64,000 bytes each
    assertEquals(3, ranges(file, 50, 3, 39_000)); // 12 MB, at most 4 at once
  }

  @Test
  void goldenFilesOfNumPy() throws IOException {
    for (JsonElement golden : Whole.golden("npy")) {
      Whole.unpack(golden, folder);
      Path file = folder.resolve("a.npy");
      String name = Whole.text(golden, "case");
      Whole whole = Whole.ofGolden(golden);
      whole.assertEqualTo(
          NpyFile.open(Whole.CONF, file.toString(), Whole.lengths(golden, "chunk")), name);
      if (name.endsWith(" C")) {
        assertArrayEquals(
            Files.readAllBytes(file), Files.readAllBytes(write(whole, "b.npy", 7)), name);
      }
    }
  }

  @Test
  void whatIsNoNpyIsRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("t.npy"), "not an array at all");
    NpyFormatException e =
        assertThrows(NpyFormatException.class, () -> NpyFile.open(Whole.CONF, text.toString()));
    assertTrue(e.getMessage().contains("t.npy is not a .npy file"), e.getMessage());
    NpyFormatException f =
        assertThrows(NpyFormatException.class, () -> NpyFile.open(Whole.CONF, folder.toString()));
    assertTrue(f.getMessage().contains("is a folder"), f.getMessage());
    assertThrows(
        FileNotFoundException.class, () -> NpyFile.open(Whole.CONF, folder + "/absent.npy"));
    assertThrows(IOException.class, () -> NpyFile.open(Whole.CONF, "nosuchscheme://x/a.npy"));
  }

  @Test
  void shortFilesAreRefusedWithNumbers() throws IOException {
    Path file = write(Whole.random(new Random(1), DType.F64, 10, 3), "a.npy", 100);
    Stored opened = NpyFile.open(Whole.CONF, file.toString(), 4, 3);
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    NpyFormatException e =
        assertThrows(
            NpyFormatException.class, () -> NpyFile.open(Whole.CONF, file.toString(), 4, 3));
    assertTrue(e.getMessage().contains("promises 240 bytes"), e.getMessage());
    assertTrue(e.getMessage().contains("has 239"), e.getMessage());
    IOException f =
        assertThrows(IOException.class, () -> opened.source().read(BlockIndex.of(2, 0)));
    assertTrue(f.getMessage().contains("became shorter"), f.getMessage());
  }

  @Test
  void chunksMustFit() throws IOException {
    Path file = write(Whole.random(new Random(1), DType.F64, 10, 3), "a.npy", 100);
    for (long[] wrong : new long[][] {{3}, {0, 3}, {1, 2, 3}, {-1, 1}}) {
      assertThrows(
          IllegalArgumentException.class, () -> NpyFile.open(Whole.CONF, file.toString(), wrong));
    }
  }

  @Test
  void withoutChunksBlocksAreNear32Megabytes() throws IOException {
    Path file = write(Whole.random(new Random(1), DType.F64, 10, 3), "b.npy", 100);
    assertEquals(1, NpyFile.open(Whole.CONF, file.toString()).chunks().blocks());
    for (long[] shape : new long[][] {{5000, 7000}, {100_000_000}, {3, 9000, 4000}, {}}) {
      Chunks near = Chunks.near(DType.F64, shape);
      double bytes = 8;
      for (int d = 0; d < shape.length; d++) {
        bytes *= near.chunk(d);
      }
      assertTrue(bytes <= 32 << 20, near.toString());
      assertTrue(shape.length == 0 || bytes > 16 << 20, near.toString());
    }
  }

  @Test
  void chunksOfTwoGigabytesAreRefused() throws IOException {
    Path file = folder.resolve("huge.npy");
    Files.write(file, NpyHeader.write(DType.F64, new long[] {1L << 20, 1 << 10}));
    try (var channel = Files.newByteChannel(file, java.nio.file.StandardOpenOption.WRITE)) {
      channel.position((8L << 30) + 127); // sparse
      channel.write(java.nio.ByteBuffer.allocate(1));
    }
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> NpyFile.open(Whole.CONF, file.toString(), 1 << 20, 1 << 10));
    assertTrue(e.getMessage().contains("use smaller chunks"), e.getMessage());
    Stored stored = NpyFile.open(Whole.CONF, file.toString(), 1 << 10, 1 << 9);
    assertEquals(1 << 22, stored.source().read(BlockIndex.of(1023, 1)).nbytes());
  }

  @Test
  void nothingHalfWrittenStays() throws IOException {
    String path = folder.resolve("a.npy").toString();
    long[] shape = {3};
    try (NpyWriter out = NpyFile.writer(Whole.CONF, path, DType.I32, shape, false)) {
      out.write(new byte[5]);
      assertThrows(IllegalArgumentException.class, () -> out.write(new byte[8]));
      assertThrows(IllegalStateException.class, out::commit);
    }
    assertEquals(List.of(), names());
    try (NpyWriter out = NpyFile.writer(Whole.CONF, path, DType.I32, shape, false)) {
      out.write(new byte[12]);
      assertEquals(1, names().size());
      out.commit();
    }
    assertEquals(List.of("a.npy"), names());
    FileAlreadyExistsException e =
        assertThrows(
            FileAlreadyExistsException.class,
            () -> NpyFile.writer(Whole.CONF, path, DType.I32, shape, false));
    assertTrue(e.getMessage().contains("overwriting it was not asked for"), e.getMessage());
    assertThrows(
        FileAlreadyExistsException.class,
        () -> NpyFile.writer(Whole.CONF, folder.toString(), DType.I32, shape, true));
    try (NpyWriter late = NpyFile.writer(Whole.CONF, path + "2", DType.I32, shape, false)) {
      late.write(new byte[12]);
      Files.copy(Path.of(path), Path.of(path + "2"));
      assertThrows(FileAlreadyExistsException.class, late::commit);
    }
    assertEquals(List.of("a.npy", "a.npy2"), names());
    assertThrows(
        IllegalArgumentException.class,
        () -> NpyFile.writer(Whole.CONF, path + "3", DType.I32, new long[] {-1}, false));
    assertThrows(
        IllegalArgumentException.class,
        () -> NpyFile.writer(Whole.CONF, path + "3", DType.F64, new long[] {1L << 61, 8}, false));
  }

  @Test
  void foldersOnTheWayAreMade() throws IOException {
    String path = folder.resolve("x/y/a.npy").toString();
    try (NpyWriter out = NpyFile.writer(Whole.CONF, path, DType.U8, new long[] {}, false)) {
      out.write(new byte[] {7});
      out.commit();
    }
    assertEquals(7, NpyFile.open(Whole.CONF, path).source().read(BlockIndex.of()).bytes()[0]);
  }
}
