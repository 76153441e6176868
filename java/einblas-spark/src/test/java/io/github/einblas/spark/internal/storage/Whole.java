package io.github.einblas.spark.internal.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import io.github.einblas.spark.TensorBlock;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/** A whole array on the heap, row by row, cut into blocks element by element. */
record Whole(DType dtype, long[] shape, byte[] bytes) {
  static final Configuration CONF = new Configuration();

  /** Seeds of random rounds, or the one of {@code -Deinblas.seed=N}. */
  static long[] seeds(int count) {
    Long one = Long.getLong("einblas.seed");
    return one == null ? IntStream.range(0, count).mapToLong(i -> i).toArray() : new long[] {one};
  }

  static Whole random(Random random, DType dtype, long... shape) {
    byte[] bytes = new byte[Elements.count(shape) * dtype.bytes()];
    random.nextBytes(bytes);
    if (dtype.isBool()) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] &= 1;
      }
    }
    return new Whole(dtype, shape, bytes);
  }

  static DType type(Random random) {
    return DType.values()[random.nextInt(DType.values().length)];
  }

  static long[] shape(Random random, int rank, int most) {
    long[] shape = new long[rank];
    Arrays.setAll(shape, d -> random.nextInt(12) == 0 ? 0 : 1 + random.nextInt(most));
    return shape;
  }

  static long[] chunk(Random random, long[] shape) {
    long[] chunk = new long[shape.length];
    Arrays.setAll(chunk, d -> 1 + random.nextInt((int) shape[d] + 2));
    return chunk;
  }

  /** With its axes the other way round. */
  Whole transposed() {
    long[] back = Elements.reversed(shape);
    byte[] moved = new byte[bytes.length];
    for (int i = 0; i < Elements.count(shape); i++) {
      long[] at = at(i, shape);
      copy(bytes, i, moved, number(Elements.reversed(at), back));
    }
    return new Whole(dtype, back, moved);
  }

  TensorBlock block(Chunks chunks, BlockIndex block) {
    long[] own = chunks.shape(block);
    long[] from = chunks.from(block);
    byte[] out = new byte[Elements.count(own) * dtype.bytes()];
    for (int i = 0; i < out.length / dtype.bytes(); i++) {
      long[] at = at(i, own);
      for (int d = 0; d < at.length; d++) {
        at[d] += from[d];
      }
      copy(bytes, number(at, shape), out, i);
    }
    return TensorBlock.of(dtype, own, out);
  }

  private void copy(byte[] from, int i, byte[] to, int j) {
    int width = dtype.bytes();
    System.arraycopy(from, i * width, to, j * width, width);
  }

  private static long[] at(int number, long[] shape) {
    long[] at = new long[shape.length];
    int rest = number;
    for (int d = at.length - 1; d >= 0; d--) {
      at[d] = rest % shape[d];
      rest /= (int) shape[d];
    }
    return at;
  }

  private static int number(long[] at, long[] shape) {
    int number = 0;
    for (int d = 0; d < at.length; d++) {
      number = (int) (number * shape[d] + at[d]);
    }
    return number;
  }

  void write(BlockSink sink, Chunks chunks) throws IOException {
    sink.begin();
    BlockSink there = travelled(sink);
    for (long b = 0; b < chunks.blocks(); b++) {
      there.write(chunks.block(b), block(chunks, chunks.block(b)));
    }
    sink.commit();
  }

  /** Reads every block as an executor does. */
  void assertEqualTo(Stored stored, String what) throws IOException {
    assertEquals(dtype, stored.dtype(), what);
    assertArrayEquals(shape, stored.chunks().shape(), what);
    Stored there = travelled(stored.source(), stored);
    for (long b = 0; b < stored.chunks().blocks(); b++) {
      BlockIndex block = stored.chunks().block(b);
      TensorBlock expected = block(stored.chunks(), block);
      TensorBlock actual = there.source().read(block);
      assertArrayEquals(expected.shape(), actual.shape(), what + ", block " + block);
      assertArrayEquals(expected.bytes(), actual.bytes(), what + ", block " + block);
    }
  }

  private static Stored travelled(Object source, Stored stored) throws IOException {
    return new Stored(
        stored.dtype(),
        travelled(stored.chunks()),
        (io.github.einblas.spark.BlockSource) travelled(source));
  }

  @SuppressWarnings({"unchecked", "BanSerializableRead"})
  static <T> T travelled(T object) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    } catch (ClassNotFoundException e) {
      throw new IOException(e);
    }
  }

  // ---- golden arrays, which golden.py wrote

  static JsonArray golden(String name) throws IOException {
    try (InputStream in = Whole.class.getResourceAsStream("/storage/" + name + ".json");
        Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader).getAsJsonArray();
    }
  }

  static Whole ofGolden(JsonElement golden) {
    return new Whole(
        DType.valueOf(golden.getAsJsonObject().get("dtype").getAsString()),
        lengths(golden, "shape"),
        Base64.getDecoder().decode(golden.getAsJsonObject().get("values").getAsString()));
  }

  static long[] lengths(JsonElement golden, String key) {
    return golden.getAsJsonObject().getAsJsonArray(key).asList().stream()
        .mapToLong(JsonElement::getAsLong)
        .toArray();
  }

  static String text(JsonElement golden, String key) {
    JsonElement value = golden.getAsJsonObject().get(key);
    return value == null ? null : value.getAsString();
  }

  /** Writes the files of a golden array below a folder. */
  static void unpack(JsonElement golden, Path folder) throws IOException {
    for (var file : golden.getAsJsonObject().getAsJsonObject("files").entrySet()) {
      Path path = folder.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, Base64.getDecoder().decode(file.getValue().getAsString()));
    }
  }
}
