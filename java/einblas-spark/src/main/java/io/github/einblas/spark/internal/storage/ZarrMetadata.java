// Storage: what the metadata of a Zarr array says, of either version.
package io.github.einblas.spark.internal.storage;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.spark.Chunks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * An array.
 *
 * @param stored the shape of a chunk's file: whole also at the edges
 * @param order axis d of a chunk's file is axis {@code order[d]} of the array
 * @param fill one element
 */
record ZarrMetadata(
    NumpyType type,
    Chunks chunks,
    long[] stored,
    int[] order,
    ByteCodec[] codecs,
    ChunkNames names,
    byte[] fill) {
  static final String ZARR2 = ".zarray";
  static final String ZARR3 = "zarr.json";

  private static final String COPY =
      "; write a copy of the array without, for instance by zarr-python";

  private static final Set<String> KNOWN3 =
      Set.of(
          "zarr_format",
          "node_type",
          "shape",
          "data_type",
          "chunk_grid",
          "chunk_key_encoding",
          "fill_value",
          "codecs",
          "attributes",
          "storage_transformers",
          "dimension_names",
          "consolidated_metadata");

  // ---- version 2

  static ZarrMetadata parse2(byte[] text, String where) throws IOException {
    Json json = Json.parse(text, where);
    requireFormat(json, 2);
    String letters = type2(json);
    NumpyType type = NumpyType.of(letters);
    if (type == null) {
      throw json.wrong("it holds " + NumpyType.refused(letters));
    }
    JsonElement filters = json.get("filters");
    if (filters != null && (!filters.isJsonArray() || !filters.getAsJsonArray().isEmpty())) {
      throw json.wrong("filters are not supported: " + Json.shown(filters) + COPY);
    }
    long[] shape = json.lengths("shape");
    long[] stored = stored(json, shape, json.lengths("chunks"));
    String order = json.text("order");
    if (!order.equals("C") && !order.equals("F")) {
      throw json.wrong("'order' is '" + NumpyType.shown(order) + "', not C or F");
    }
    Chunks chunks = json.cut(type.dtype(), shape, stored);
    return new ZarrMetadata(
        type,
        chunks,
        stored,
        order.equals("F") ? Elements.backwards(shape.length) : forwards(shape.length),
        compressor(json),
        ChunkNames.zarr2(separator(json, "dimension_separator", ".")),
        fill2(json, type.dtype()));
  }

  private static String type2(Json json) throws IOException {
    JsonElement value = json.get("dtype");
    if (value != null && value.isJsonArray()) {
      throw json.wrong("it holds a structured type; supported are " + NumpyType.SUPPORTED);
    }
    return json.text("dtype");
  }

  private static void requireFormat(Json json, int version) throws IOException {
    if (json.number("zarr_format") != version) {
      throw json.wrong("'zarr_format' is " + json.number("zarr_format") + ", not " + version);
    }
  }

  private static ByteCodec[] compressor(Json json) throws IOException {
    Json compressor = json.objectOrNull("compressor");
    if (compressor == null) {
      return new ByteCodec[0];
    }
    return switch (compressor.text("id")) {
      case "gzip" -> new ByteCodec[] {ByteCodec.GZIP};
      case "zlib" -> new ByteCodec[] {ByteCodec.ZLIB};
      case "zstd" -> new ByteCodec[] {ByteCodec.ZSTD};
      default ->
          throw json.wrong(
              "the compressor '"
                  + NumpyType.shown(compressor.text("id"))
                  + "' is not supported, but none, zlib, gzip and zstd"
                  + COPY);
    };
  }

  private static byte[] fill2(Json json, DType dtype) throws IOException {
    JsonElement value = json.get("fill_value");
    if (value == null) {
      return new byte[dtype.bytes()];
    }
    boolean raw = dtype == DType.BF16 && Json.isText(value);
    byte[] fill = raw ? FillValue.ofBase64(value.getAsString()) : FillValue.parse(value, dtype);
    return requireFill(json, value, dtype, fill);
  }

  private static byte[] requireFill(Json json, JsonElement value, DType dtype, byte[] fill)
      throws IOException {
    if (fill == null) {
      throw json.wrong("'fill_value' is " + Json.shown(value) + ", which is no " + dtype);
    }
    return fill;
  }

  // ---- version 3

  static ZarrMetadata parse3(byte[] text, String where) throws IOException {
    Json json = Json.parse(text, where);
    requireFormat(json, 3);
    String node = json.text("node_type");
    if (!node.equals("array")) {
      throw json.wrong(
          "it is a "
              + NumpyType.shown(node)
              + ", not an array; open one of the arrays in it by its own path");
    }
    requireKnown(json);
    DType dtype = type3(json);
    long[] shape = json.lengths("shape");
    Json grid = json.objectOrNull("chunk_grid");
    if (grid == null || !grid.text("name").equals("regular")) {
      throw json.wrong("only a regular chunk_grid is supported" + COPY);
    }
    long[] stored = stored(json, shape, grid.configuration().lengths("chunk_shape"));
    Codecs codecs = new Codecs(json, dtype, shape.length);
    byte[] fill = null;
    JsonElement value = json.get("fill_value");
    if (value != null) {
      fill = FillValue.parse(value, dtype);
    }
    return new ZarrMetadata(
        new NumpyType(dtype, codecs.swap),
        json.cut(dtype, shape, stored),
        stored,
        codecs.order,
        codecs.bytes.toArray(new ByteCodec[0]),
        names3(json),
        requireFill(json, value, dtype, fill));
  }

  /** What is not known must say that it need not be. */
  private static void requireKnown(Json json) throws IOException {
    for (String key : json.keys()) {
      JsonElement value = json.get(key);
      if (!KNOWN3.contains(key) && value != null && !isOptional(value)) {
        throw json.wrong("'" + NumpyType.shown(key) + "' is not supported" + COPY);
      }
    }
    JsonElement transformers = json.get("storage_transformers");
    if (transformers != null
        && (!transformers.isJsonArray() || !transformers.getAsJsonArray().isEmpty())) {
      throw json.wrong("storage_transformers are not supported" + COPY);
    }
  }

  private static boolean isOptional(JsonElement value) {
    if (!value.isJsonObject()) {
      return false;
    }
    JsonElement must = value.getAsJsonObject().get("must_understand");
    return "false".equals(Json.literal(must));
  }

  private static DType type3(Json json) throws IOException {
    Json named = json.named("data_type", json.get("data_type"));
    String name = named.text("name");
    for (DType type : DType.values()) {
      if (name3(type).equals(name)) {
        return type;
      }
    }
    throw json.wrong(
        "it holds elements of type '"
            + NumpyType.shown(name)
            + "'; supported are "
            + String.join(", ", Arrays.stream(DType.values()).map(ZarrMetadata::name3).toList()));
  }

  static String name3(DType dtype) {
    return switch (dtype) {
      case F16, F32, F64 -> "float" + 8 * dtype.bytes();
      case BF16 -> "bfloat16";
      case I8, I16, I32, I64 -> "int" + 8 * dtype.bytes();
      case U8 -> "uint8";
      case BOOL -> "bool";
      case C64, C128 -> "complex" + 8 * dtype.bytes();
    };
  }

  private static ChunkNames names3(Json json) throws IOException {
    Json encoding = json.named("chunk_key_encoding", json.get("chunk_key_encoding"));
    String name = encoding.text("name");
    return switch (name) {
      case "default" -> ChunkNames.zarr3(separator(encoding.configuration(), "separator", "/"));
      case "v2" -> ChunkNames.zarr2(separator(encoding.configuration(), "separator", "."));
      default ->
          throw json.wrong(
              "the chunk_key_encoding '" + NumpyType.shown(name) + "' is not supported" + COPY);
    };
  }

  private static String separator(Json json, String key, String otherwise) throws IOException {
    String separator = json.get(key) == null ? otherwise : json.text(key);
    if (!separator.equals(".") && !separator.equals("/")) {
      throw json.wrong("'" + key + "' is '" + NumpyType.shown(separator) + "', not . or /");
    }
    return separator;
  }

  /** Lengths of a chunk; an axis without indices may have chunks without any. */
  private static long[] stored(Json json, long[] shape, long[] chunk) throws IOException {
    if (chunk.length != shape.length) {
      throw json.wrong(
          "its shape "
              + Arrays.toString(shape)
              + " and its chunks "
              + Arrays.toString(chunk)
              + " have different numbers of axes");
    }
    for (int d = 0; d < chunk.length; d++) {
      chunk[d] = shape[d] == 0 ? Math.max(1, chunk[d]) : chunk[d];
    }
    return chunk;
  }

  static int[] forwards(int rank) {
    int[] order = new int[rank];
    Arrays.setAll(order, d -> d);
    return order;
  }

  /** The codecs of version 3: of arrays, one from arrays to bytes, of bytes. */
  private static final class Codecs {
    private final List<ByteCodec> bytes = new ArrayList<>();
    private int[] order;
    private boolean swap;

    Codecs(Json json, DType dtype, int rank) throws IOException {
      order = forwards(rank);
      boolean serialised = false;
      for (JsonElement each : json.list("codecs")) {
        Json codec = json.named("codecs", each);
        String name = codec.text("name");
        boolean ofBytes = !name.equals("bytes") && !name.equals("transpose");
        if (ofBytes != serialised && !name.equals("sharding_indexed")) {
          throw json.wrong("the codec '" + NumpyType.shown(name) + "' is not where it can be");
        }
        switch (name) {
          case "transpose" -> transpose(codec, rank);
          case "bytes" -> {
            swap = swap(codec.configuration(), dtype);
            serialised = true;
          }
          case "gzip" -> bytes.add(ByteCodec.GZIP);
          case "zstd" -> bytes.add(ByteCodec.ZSTD);
          case "crc32c" -> bytes.add(ByteCodec.CRC32C);
          default ->
              throw json.wrong(
                  "the codec '"
                      + NumpyType.shown(name)
                      + "' is not supported, but bytes, transpose, gzip, zstd and crc32c"
                      + COPY);
        }
      }
      if (!serialised) {
        throw json.wrong("'codecs' has none from numbers to bytes");
      }
    }

    private void transpose(Json codec, int rank) throws IOException {
      long[] axes = codec.configuration().lengths("order");
      boolean[] seen = new boolean[rank];
      int[] next = new int[rank];
      boolean good = axes.length == rank;
      for (int d = 0; good && d < rank; d++) {
        good = axes[d] < rank && !seen[(int) axes[d]];
        if (good) {
          seen[(int) axes[d]] = true;
          next[d] = order[(int) axes[d]];
        }
      }
      if (!good) {
        throw codec.wrong(
            "the order " + Arrays.toString(axes) + " of transpose is none of " + rank + " axes");
      }
      order = next;
    }

    private static boolean swap(Json codec, DType dtype) throws IOException {
      if (codec.get("endian") == null && dtype.bytes() == 1) {
        return false;
      }
      String endian = codec.text("endian");
      if (!endian.equals("little") && !endian.equals("big")) {
        throw codec.wrong("'endian' is '" + NumpyType.shown(endian) + "', not little or big");
      }
      return endian.equals("little") != NumpyType.LITTLE;
    }
  }

  // ---- writing

  static byte[] write2(DType dtype, Chunks chunks, ByteCodec codec) {
    JsonObject json = new JsonObject();
    json.addProperty("zarr_format", 2);
    json.add("shape", Json.array(chunks.shape()));
    json.add("chunks", Json.array(chunks.chunk()));
    json.addProperty("dtype", NumpyType.letters(dtype));
    json.add("compressor", null);
    if (codec != null) {
      JsonObject compressor = level(codec);
      compressor.addProperty("id", codec.codecName());
      json.add("compressor", compressor);
    }
    json.add("fill_value", dtype == DType.BF16 ? null : zero(dtype));
    json.addProperty("order", "C");
    json.add("filters", null);
    json.addProperty("dimension_separator", ".");
    return Json.bytes(json);
  }

  static byte[] write3(DType dtype, Chunks chunks, ByteCodec codec) {
    JsonObject json = new JsonObject();
    json.addProperty("zarr_format", 3);
    json.addProperty("node_type", "array");
    json.add("shape", Json.array(chunks.shape()));
    json.addProperty("data_type", name3(dtype));
    JsonObject shape = new JsonObject();
    shape.add("chunk_shape", Json.array(chunks.chunk()));
    json.add("chunk_grid", named("regular", shape));
    JsonObject separator = new JsonObject();
    separator.addProperty("separator", "/");
    json.add("chunk_key_encoding", named("default", separator));
    json.add("fill_value", zero(dtype));
    JsonArray codecs = new JsonArray();
    JsonObject endian = new JsonObject();
    endian.addProperty("endian", NumpyType.LITTLE ? "little" : "big");
    codecs.add(named("bytes", endian));
    if (codec != null) {
      JsonObject level = level(codec);
      if (codec == ByteCodec.ZSTD) {
        level.addProperty("checksum", false);
      }
      codecs.add(named(codec.codecName(), level));
    }
    json.add("codecs", codecs);
    json.add("attributes", new JsonObject());
    json.add("storage_transformers", new JsonArray());
    return Json.bytes(json);
  }

  private static JsonObject named(String name, JsonObject configuration) {
    JsonObject json = new JsonObject();
    json.addProperty("name", name);
    json.add("configuration", configuration);
    return json;
  }

  private static JsonObject level(ByteCodec codec) {
    JsonObject json = new JsonObject();
    json.addProperty(
        "level", codec == ByteCodec.GZIP ? ByteCodec.GZIP_LEVEL : ByteCodec.ZSTD_LEVEL);
    return json;
  }

  private static JsonElement zero(DType dtype) {
    JsonArray zeros = new JsonArray();
    switch (dtype.kind()) {
      case BOOL -> zeros.add(false);
      case INTEGER -> zeros.add(0);
      default -> zeros.add(0.0);
    }
    if (dtype.isComplex()) {
      zeros.add(0.0);
      return zeros;
    }
    return zeros.get(0);
  }
}
