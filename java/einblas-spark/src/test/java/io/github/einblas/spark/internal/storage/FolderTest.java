package io.github.einblas.spark.internal.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Arrays of one file per chunk: .npy chunks, Zarr 2 and 3. */
class FolderTest {
  @TempDir Path folder;

  private enum Format {
    NPY,
    ZARR2,
    ZARR3;

    BlockSink sink(String path, DType dtype, Chunks chunks, ZarrCodec codec, boolean overwrite)
        throws IOException {
      Configuration conf = conf(path);
      return this == NPY
          ? NpyFolder.sink(conf, path, dtype, chunks, overwrite)
          : ZarrArray.sink(conf, path, dtype, chunks, this == ZARR2 ? 2 : 3, codec, overwrite);
    }

    Stored open(String path) throws IOException {
      Configuration conf = conf(path);
      return this == NPY ? NpyFolder.open(conf, path) : ZarrArray.open(conf, path);
    }

    private static Configuration conf(String path) {
      return path.startsWith("far:") ? FarFileSystem.conf() : Whole.CONF;
    }

    String chunk(String numbers) {
      return switch (this) {
        case NPY -> numbers + ".npy";
        case ZARR2 -> numbers;
        case ZARR3 -> "c/" + numbers.replace('.', '/');
      };
    }
  }

  private static List<String> names(Path below) throws IOException {
    try (Stream<Path> all = Files.walk(below)) {
      return all.filter(Files::isRegularFile)
          .map(f -> below.relativize(f).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  @Test
  void roundTrips() throws IOException {
    for (Format format : Format.values()) {
      for (long seed : Whole.seeds(60)) {
        Random random = new Random(seed);
        DType dtype = DType.values()[(int) (seed % DType.values().length)];
        long[] shape = Whole.shape(random, random.nextInt(5), 7);
        Whole whole = Whole.random(random, dtype, shape);
        Chunks chunks = Chunks.of(shape, Whole.chunk(random, shape));
        ZarrCodec codec = ZarrCodec.values()[random.nextInt(3)];
        String path = folder.resolve("a").toString();
        String what = format + " " + codec + ", -Deinblas.seed=" + seed;
        whole.write(format.sink(path, dtype, chunks, codec, true), chunks);
        Stored stored = format.open(path);
        assertEquals(chunks, stored.chunks(), what);
        whole.assertEqualTo(stored, what);
        long files = format == Format.NPY || chunks.size() > 0 ? chunks.blocks() : 0;
        assertEquals(files + 1, names(folder).size(), what + names(folder));
      }
    }
  }

  /** Where a rename onto a file is refused, as by HDFS, and nothing is known to be local. */
  @Test
  void otherFileSystems() throws IOException {
    Chunks chunks = Chunks.of(new long[] {5, 3}, 2, 2);
    Whole old = Whole.random(new Random(7), DType.F64, 5, 3);
    Whole next = Whole.random(new Random(8), DType.F64, 5, 3);
    for (Format format : Format.values()) {
      String path = "far:" + folder.resolve(format.name());
      int before = FarFileSystem.OPENED.get();
      BlockSink sink = format.sink(path, DType.F64, chunks, ZarrCodec.ZSTD, false);
      sink.begin();
      for (long b = 0; b < 2 * chunks.blocks(); b++) {
        BlockIndex block = chunks.block(b % chunks.blocks()); // each twice
        sink.write(block, old.block(chunks, block));
      }
      sink.commit();
      assertThrows(
          IOException.class, () -> sink.write(chunks.block(0), old.block(chunks, chunks.block(0))));
      old.assertEqualTo(format.open(path), path);
      next.write(format.sink(path, DType.F64, chunks, ZarrCodec.GZIP, true), chunks);
      next.assertEqualTo(format.open(path), path);
      assertEquals(chunks.blocks() + 1, names(folder.resolve(format.name())).size());
      assertTrue(FarFileSystem.OPENED.get() >= before + 2 * chunks.blocks());
    }
    String file = "far:" + folder.resolve("x/a.npy");
    for (Whole whole : List.of(old, next)) {
      try (NpyWriter out =
          NpyFile.writer(
              FarFileSystem.conf(), file, DType.F64, whole.shape(), whole.equals(next))) {
        out.write(whole.bytes());
        out.commit();
      }
      whole.assertEqualTo(NpyFile.open(FarFileSystem.conf(), file, 2, 2), file);
    }
    assertEquals(List.of("a.npy"), names(folder.resolve("x")));
  }

  @Test
  void namesOnDisk() throws IOException {
    Chunks chunks = Chunks.of(new long[] {3, 2}, 2, 2);
    Whole whole = Whole.random(new Random(1), DType.F32, 3, 2);
    for (Format format : Format.values()) {
      Path path = folder.resolve(format.name());
      whole.write(format.sink(path.toString(), DType.F32, chunks, ZarrCodec.RAW, false), chunks);
      List<String> expected = new ArrayList<>();
      expected.add(format.chunk("0.0"));
      expected.add(format.chunk("1.0"));
      expected.add(
          switch (format) {
            case NPY -> "chunks.json";
            case ZARR2 -> ".zarray";
            case ZARR3 -> "zarr.json";
          });
      expected.sort(null);
      assertEquals(expected, names(path));
    }
  }

  @Test
  void attemptsMayRaceAndBeRepeated() throws Exception {
    Chunks chunks = Chunks.of(new long[] {20, 30}, 7, 8);
    Whole whole = Whole.random(new Random(2), DType.C64, 20, 30);
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      for (Format format : Format.values()) {
        Path path = folder.resolve(format.name());
        BlockSink sink = format.sink(path.toString(), DType.C64, chunks, ZarrCodec.ZSTD, false);
        sink.begin();
        List<Future<?>> attempts = new ArrayList<>();
        for (int attempt = 0; attempt < 6; attempt++) {
          BlockSink there = Whole.travelled(sink);
          attempts.add(
              pool.submit(
                  () -> {
                    for (long b = 0; b < chunks.blocks(); b++) {
                      there.write(chunks.block(b), whole.block(chunks, chunks.block(b)));
                    }
                    return null;
                  }));
        }
        for (Future<?> attempt : attempts) {
          attempt.get();
        }
        sink.commit();
        whole.assertEqualTo(format.open(path.toString()), format.name());
        assertEquals(chunks.blocks() + 1, names(path).size());
        // A straggler of the job finds no folder for its file, and leaves none.
        assertThrows(
            IOException.class,
            () -> sink.write(chunks.block(0), whole.block(chunks, chunks.block(0))));
        assertEquals(chunks.blocks() + 1, names(path).size());
        assertFalse(Files.exists(path.resolve("_tmp")));
      }
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void whatIsThereStaysUntilTheCommit() throws IOException {
    Chunks chunks = Chunks.of(new long[] {5}, 2);
    Whole old = Whole.random(new Random(3), DType.I16, 5);
    Whole next = Whole.random(new Random(4), DType.I16, 5);
    for (Format format : Format.values()) {
      String path = folder.resolve(format.name()).toString();
      old.write(format.sink(path, DType.I16, chunks, ZarrCodec.RAW, false), chunks);
      BlockSink plain = format.sink(path, DType.I16, chunks, ZarrCodec.RAW, false);
      Exception e = assertThrows(FileAlreadyExistsException.class, plain::begin);
      assertTrue(e.getMessage().contains("overwriting it was not asked for"), e.getMessage());
      plain.abort();
      old.assertEqualTo(format.open(path), "refused and aborted");

      BlockSink aborted = format.sink(path, DType.I16, chunks, ZarrCodec.GZIP, true);
      aborted.begin();
      aborted.write(BlockIndex.of(0), next.block(chunks, BlockIndex.of(0)));
      old.assertEqualTo(format.open(path), "while another is written");
      aborted.abort();
      old.assertEqualTo(format.open(path), "aborted");

      BlockSink sink = format.sink(path, DType.I16, chunks, ZarrCodec.GZIP, true);
      next.write(sink, chunks);
      sink.abort(); // nothing after a commit
      next.assertEqualTo(format.open(path), "overwritten");
    }
    try (Stream<Path> all = Files.list(folder)) {
      assertEquals(Format.values().length, all.count(), "nothing else is left");
    }
  }

  @Test
  void foldersOfOthersAreNotOverwritten() throws IOException {
    Chunks chunks = Chunks.of(new long[] {5}, 2);
    Files.writeString(folder.resolve("letter.txt"), "dear");
    Path file = Files.writeString(folder.resolve("file"), "dear");
    Path group = Files.createDirectories(folder.resolve("group"));
    Files.writeString(group.resolve("zarr.json"), "{\"zarr_format\": 3, \"node_type\": \"group\"}");
    for (Format format : Format.values()) {
      for (Path path : List.of(folder, file, group)) {
        BlockSink sink = format.sink(path.toString(), DType.I8, chunks, ZarrCodec.RAW, true);
        assertThrows(FileAlreadyExistsException.class, sink::begin);
        sink.abort();
      }
      BlockSink root = format.sink("/", DType.I8, chunks, ZarrCodec.RAW, false);
      assertThrows(FileAlreadyExistsException.class, root::begin);
      assertThrows(
          IllegalArgumentException.class,
          () -> format.sink("/", DType.I8, chunks, ZarrCodec.RAW, true));
    }
    assertEquals(List.of("file", "group/zarr.json", "letter.txt"), names(folder));
  }

  @Test
  void unfinishedArraysAreNone() throws IOException {
    Chunks chunks = Chunks.of(new long[] {5}, 2);
    Whole whole = Whole.random(new Random(3), DType.I16, 5);
    for (Format format : Format.values()) {
      Path path = Files.createDirectories(folder.resolve(format.name())); // empty: free
      BlockSink sink = format.sink(path.toString(), DType.I16, chunks, ZarrCodec.RAW, false);
      assertThrows(IOException.class, sink::commit);
      sink.begin();
      sink.write(BlockIndex.of(0), whole.block(chunks, BlockIndex.of(0)));
      sink.write(BlockIndex.of(2), whole.block(chunks, BlockIndex.of(2)));
      IOException e = assertThrows(FileNotFoundException.class, () -> format.open(path.toString()));
      assertTrue(e.getMessage().contains("did not finish"), e.getMessage());
      IOException f = assertThrows(IOException.class, sink::commit);
      assertTrue(f.getMessage().contains("2 of 3 chunks"), f.getMessage());
      assertTrue(f.getMessage().contains(format.chunk("1")), f.getMessage());
      // Left as it is, it may be overwritten; aborted, it is gone.
      whole.write(format.sink(path.toString(), DType.I16, chunks, ZarrCodec.RAW, true), chunks);
      whole.assertEqualTo(format.open(path.toString()), format.name());
      sink.abort();
      whole.assertEqualTo(format.open(path.toString()), "not its own");
      BlockSink other = format.sink(path + "2", DType.I16, chunks, ZarrCodec.RAW, false);
      other.begin();
      other.abort();
      assertFalse(Files.exists(Path.of(path + "2")));
    }
  }

  @Test
  void otherBlocksAreRefused() throws IOException {
    Chunks chunks = Chunks.of(new long[] {5}, 2);
    for (Format format : Format.values()) {
      BlockSink sink =
          format.sink(
              folder.resolve(format.name()).toString(), DType.I16, chunks, ZarrCodec.RAW, false);
      sink.begin();
      BlockIndex last = BlockIndex.of(2);
      TensorBlock type = TensorBlock.of(DType.F16, new long[] {1}, new byte[2]);
      TensorBlock shape = TensorBlock.of(DType.I16, new long[] {2}, new byte[4]);
      assertThrows(IllegalArgumentException.class, () -> sink.write(last, type));
      assertThrows(IllegalArgumentException.class, () -> sink.write(last, shape));
    }
  }

  @Test
  void wrongChunksAreRefusedByName() throws IOException {
    Chunks chunks = Chunks.of(new long[] {5, 4}, 2, 3);
    Whole whole = Whole.random(new Random(5), DType.F32, 5, 4);
    Path path = folder.resolve("a");
    whole.write(NpyFolder.sink(Whole.CONF, path.toString(), DType.F32, chunks, false), chunks);
    Stored stored = NpyFolder.open(Whole.CONF, path.toString());
    BlockIndex block = BlockIndex.of(1, 1);
    Path file = path.resolve("1.1.npy");
    byte[] good = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(good, good.length - 3));
    requireMessage(stored, block, "1.1.npy is truncated");
    Files.copy(path.resolve("0.0.npy"), file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    requireMessage(stored, block, "1.1.npy holds [2, 3] of F32; the array needs [2, 1] of F32");
    Files.write(file, new byte[20]);
    requireMessage(stored, block, "1.1.npy is not a .npy file");
    Files.delete(file);
    requireMessage(stored, block, "1.1.npy is missing");
    IOException e =
        assertThrows(IOException.class, () -> NpyFolder.open(Whole.CONF, path.toString()));
    assertTrue(e.getMessage().contains("5 of 6 chunks; missing is 1.1.npy"), e.getMessage());
    assertThrows(FileNotFoundException.class, () -> NpyFolder.open(Whole.CONF, folder.toString()));
  }

  private static void requireMessage(Stored stored, BlockIndex block, String text) {
    IOException e = assertThrows(IOException.class, () -> stored.source().read(block));
    assertTrue(e.getMessage().contains(text), e.getMessage());
  }

  @Test
  void namesAreParsed() {
    Chunks chunks = Chunks.of(new long[] {50, 40}, 2, 3);
    ChunkNames[] all = {
      ChunkNames.NPY,
      ChunkNames.zarr2("."),
      ChunkNames.zarr2("/"),
      ChunkNames.zarr3("."),
      ChunkNames.zarr3("/")
    };
    for (ChunkNames names : all) {
      for (long b = 0; b < chunks.blocks(); b++) {
        assertEquals(b, names.number(names.name(chunks.block(b)), chunks));
      }
      assertEquals(0, names.number(names.name(BlockIndex.of()), Chunks.of(new long[0])));
      String good = names.name(BlockIndex.of(3, 12));
      for (String bad :
          new String[] {
            "",
            "x",
            good + "0",
            "0" + good,
            good.replace("3", "25"),
            good.replace("12", "14"),
            good.replace("3", "03"),
            good.replace("3", "-3"),
            good + names.separator() + "1",
            good.replace("3", "99999999999"),
            good.replace("3", "٣")
          }) {
        assertEquals(-1, names.number(bad, chunks), bad);
      }
    }
    assertArrayEquals(
        new String[] {"0.npy", "0", "0", "c", "c"},
        Stream.of(all).map(n -> n.name(BlockIndex.of())).toArray());
  }
}
