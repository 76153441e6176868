package io.github.einblas.spark.internal.storage;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.spark.Chunks;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files are read, or refused by the exceptions for that, without much memory. */
class StorageFuzzTest {
  /** Far above what small arrays need, far below what a length out of a file could claim. */
  private static final long MOST_BYTES = 64 << 20;

  @TempDir Path folder;

  private interface Reader {
    Stored open() throws IOException;
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  /** Whether it was refused. */
  private static boolean read(Reader reader, String what) {
    long before = allocated();
    boolean refused = false;
    try {
      Stored stored = reader.open();
      for (long b = 0; b < Math.min(3, stored.chunks().blocks()); b++) {
        stored.source().read(stored.chunks().block(b));
      }
    } catch (IOException | IllegalArgumentException e) {
      refused = true;
      assertTrue(e.getMessage() != null && e.getMessage().length() < 2000, what);
    } catch (RuntimeException | Error e) {
      fail(what + ": " + e, e);
    }
    assertTrue(allocated() - before < MOST_BYTES, what);
    return refused;
  }

  /** Every length of a file, and each byte changed: one bit, and to something else. */
  private static int damage(Path file, int most, long seed, Reader reader) throws IOException {
    byte[] good = Files.readAllBytes(file);
    int refused = 0;
    for (int length = 0; length < Math.min(most, good.length); length++) {
      replace(file, Arrays.copyOf(good, length));
      refused += read(reader, file + " of " + length + " bytes") ? 1 : 0;
    }
    Random random = new Random(seed);
    for (int at = 0; at < Math.min(most, good.length); at++) {
      int[] others = {random.nextInt(256), '9', '-', 0};
      for (int value : new int[] {good[at] ^ 1 << random.nextInt(8), others[random.nextInt(4)]}) {
        byte[] bad = good.clone();
        bad[at] = (byte) value;
        replace(file, bad);
        String what = file + ", byte " + at + " = " + value + ", -Deinblas.seed=" + seed;
        refused += read(reader, what) ? 1 : 0;
      }
    }
    replace(file, good);
    return refused;
  }

  /** A file that is cut to nothing and written anew goes to the disk at once, with ext4. */
  private static void replace(Path file, byte[] bytes) throws IOException {
    Files.delete(file);
    Files.write(file, bytes);
  }

  @Test
  void headersOfNpy() throws IOException {
    JsonArray golden = Whole.golden("npy");
    for (long seed : Whole.seeds(3)) {
      JsonElement one = golden.get((int) (seed * 17 % golden.size()));
      Whole.unpack(one, folder);
      Path file = folder.resolve("a.npy");
      long[] chunk = Whole.lengths(one, "chunk");
      assertTrue(
          damage(file, 128, seed, () -> NpyFile.open(Whole.CONF, file.toString(), chunk)) > 200);
    }
  }

  @Test
  void foldersOfNpy() throws IOException {
    for (long seed : Whole.seeds(2)) {
      Path path = folder.resolve("" + seed);
      Chunks chunks = Chunks.of(new long[] {3, 5}, 2, 5);
      Whole.random(new Random(seed), DType.F32, 3, 5)
          .write(NpyFolder.sink(Whole.CONF, path.toString(), DType.F32, chunks, false), chunks);
      Reader reader = () -> NpyFolder.open(Whole.CONF, path.toString());
      assertTrue(damage(path.resolve("chunks.json"), 1000, seed, reader) > 100);
      assertTrue(damage(path.resolve("0.0.npy"), 128, seed, reader) > 100);
    }
  }

  private void zarr(String golden, String metadata) throws IOException {
    JsonArray all = Whole.golden(golden);
    for (long seed : Whole.seeds(3)) {
      JsonObject one = all.get((int) (seed * 23 % all.size())).getAsJsonObject();
      Path path = folder.resolve(golden + seed);
      Whole.unpack(one, path);
      Reader reader = () -> ZarrArray.open(Whole.CONF, path.toString());
      assertTrue(damage(path.resolve(metadata), 2000, seed, reader) > 100, "refused");
      for (String file : one.getAsJsonObject("files").keySet()) {
        if (!file.equals(metadata)) {
          damage(path.resolve(file), 300, seed, reader);
          break;
        }
      }
    }
  }

  @Test
  void arraysOfZarr2() throws IOException {
    zarr("zarr2", ".zarray");
  }

  @Test
  void arraysOfZarr3() throws IOException {
    zarr("zarr3", "zarr.json");
  }
}
