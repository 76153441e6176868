package io.github.einblas.spark.internal.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import io.github.einblas.DType;
import io.github.einblas.spark.BlockIndex;
import io.github.einblas.spark.Chunks;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Arrays that zarr-python wrote, and metadata by hand. */
class ZarrArrayTest {
  private static final String THREE =
      """
      {"zarr_format": 3, "node_type": "array", "shape": [4], "data_type": "float32",
       "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
       "chunk_key_encoding": {"name": "default"}, "fill_value": 7,
       "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]}
      """;

  private static final String TWO =
      """
      {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<f4", "compressor": null,
       "fill_value": 7, "order": "C", "filters": null}
      """;

  @TempDir Path folder;

  private void golden(String name) throws IOException {
    int count = 0;
    for (JsonElement golden : Whole.golden(name)) {
      Path path = folder.resolve(Integer.toString(count++));
      Whole.unpack(golden, path);
      String what = Whole.text(golden, "case");
      String refused = Whole.text(golden, "refused");
      if (refused == null) {
        Stored stored = ZarrArray.open(Whole.CONF, path.toString());
        Whole.ofGolden(golden).assertEqualTo(stored, what);
        Chunks chunks = Chunks.of(Whole.lengths(golden, "shape"), Whole.lengths(golden, "chunk"));
        assertEquals(chunks, stored.chunks(), what);
      } else {
        IOException e =
            assertThrows(IOException.class, () -> ZarrArray.open(Whole.CONF, path.toString()));
        assertTrue(e.getMessage().contains(refused), e.getMessage());
        assertTrue(e.getMessage().contains("write a copy"), e.getMessage());
      }
    }
    assertTrue(count > 30);
  }

  @Test
  void goldenArraysOfZarr2() throws IOException {
    golden("zarr2");
  }

  @Test
  void goldenArraysOfZarr3() throws IOException {
    golden("zarr3");
  }

  private Stored open(String file, String metadata) throws IOException {
    Files.writeString(folder.resolve(file), metadata);
    return ZarrArray.open(Whole.CONF, folder.toString());
  }

  private String refused(String file, String metadata) {
    return assertThrows(IOException.class, () -> open(file, metadata), metadata).getMessage();
  }

  @Test
  void metadataOfZarr3() throws IOException {
    byte[] seven = {0, 0, (byte) 0xe0, 0x40, 0, 0, (byte) 0xe0, 0x40};
    for (String good :
        new String[] {
          THREE,
          THREE.replace("\"float32\"", "{\"name\": \"float32\"}"),
          THREE.replace("{\"name\": \"default\"}", "\"default\""),
          THREE.replace("\"fill_value\"", "\"attributes\": {\"x\": NaN}, \"fill_value\""),
          THREE.replace("\"shape\"", "\"dimension_names\": [\"x\"], \"shape\""),
          THREE.replace("\"shape\"", "\"new\": {\"must_understand\": false}, \"shape\""),
          THREE.replace(" 7", " \"0x40e00000\"")
        }) {
      assertArrayEquals(
          seven, open("zarr.json", good).source().read(BlockIndex.of(1)).bytes(), good);
    }
    String[][] bad = {
      {"\"zarr_format\": 3", "\"zarr_format\": 4", "'zarr_format' is 4"},
      {"\"array\"", "\"group\"", "not an array"},
      {"\"array\"", "1", "should be a text"},
      {"float32", "float128", "float128"},
      {"float32", "r16", "supported are"},
      {"regular", "rectangular", "chunk_grid"},
      {"[2]", "[2, 2]", "different numbers of axes"},
      {"[2]", "[0]", "chunks have at least one index"},
      {"[2]", "[-2]", "whole number"},
      {"[2]", "[2.5]", "whole number"},
      {"[2]", "[1e3]", "whole number"},
      {"[2]", "[999999999999999999]", "use smaller chunks"},
      {"[2]", "2", "should be a list"},
      {"default", "fancy", "fancy"},
      {"{\"name\": \"default\"}", "{\"configuration\": {}}", "'name' should be a text"},
      {" 7,", " \"x\",", "fill_value"},
      {" 7,", " null,", "fill_value"},
      {"little", "middle", "middle"},
      {", \"configuration\": {\"endian\": \"little\"}", "", "endian"},
      {"\"bytes\"", "\"gzip\"", "not where it can be"},
      {"\"codecs\": [", "\"codecs\": [{\"name\": \"blosc\"},", "not where it can be"},
      {"}}]}", "}}, {\"name\": \"blosc\"}]}", "blosc"},
      {"}}]}", "}}, {\"name\": \"transpose\"}]}", "not where it can be"},
      {"\"bytes\"", "\"vlen-utf8\"", "vlen-utf8"},
      {"\"codecs\": [", "\"codecs\": [{\"name\": \"sharding_indexed\"},", "sharding_indexed"},
      {
        "\"codecs\": [",
        "\"codecs\": [{\"name\": \"transpose\", \"configuration\": {\"order\": [1]}},",
        "transpose"
      },
      {"\"shape\"", "\"new\": {}, \"shape\"", "'new' is not supported"},
      {"\"shape\"", "\"storage_transformers\": [{}], \"shape\"", "storage_transformers"},
      {"}}]}", "}}]", "no JSON"},
      {"}}]}", "}}]} {}", "no JSON"}
    };
    for (String[] change : bad) {
      assertTrue(THREE.contains(change[0]), change[0]);
      String message = refused("zarr.json", THREE.replace(change[0], change[1]));
      assertTrue(message.contains(change[2]), message);
      assertTrue(message.contains("zarr.json"), message);
    }
    for (String text : new String[] {"", "[]", "1", "null", "[".repeat(100_000), "{\"a\":"}) {
      refused("zarr.json", text);
    }
  }

  @Test
  void metadataOfZarr2() throws IOException {
    byte[] seven = {0, 0, (byte) 0xe0, 0x40, 0, 0, (byte) 0xe0, 0x40};
    for (String good : new String[] {TWO, TWO.replace("\"filters\": null", "\"filters\": []")}) {
      assertArrayEquals(seven, open(".zarray", good).source().read(BlockIndex.of(1)).bytes(), good);
    }
    String brain = TWO.replace("<f4", "|V2").replace(" 7", " \"gD8=\"");
    Stored one = open(".zarray", brain);
    assertEquals(DType.BF16, one.dtype());
    assertArrayEquals(
        new byte[] {(byte) 0x80, 0x3f, (byte) 0x80, 0x3f},
        one.source().read(BlockIndex.of(0)).bytes());
    String[][] bad = {
      {"\"zarr_format\": 2", "\"zarr_format\": 3", "'zarr_format' is 3"},
      {"\"<f4\"", "\"<u4\"", "<u4"},
      {"\"<f4\"", "[[\"a\", \"<f4\"]]", "structured"},
      {"\"C\"", "\"A\"", "not C or F"},
      {"\"order\": \"C\",", "", "'order'"},
      {"\"compressor\": null", "\"compressor\": {\"id\": \"lz4\"}", "lz4"},
      {"\"compressor\": null", "\"compressor\": \"gzip\"", "should be an object"},
      {"\"order\"", "\"dimension_separator\": \"-\", \"order\"", "not . or /"},
      {" 7", " \"seven\"", "fill_value"}
    };
    for (String[] change : bad) {
      assertTrue(TWO.contains(change[0]), change[0]);
      String message = refused(".zarray", TWO.replace(change[0], change[1]));
      assertTrue(message.contains(change[2]), message);
      assertTrue(message.contains(".zarray"), message);
    }
  }

  @Test
  void chunksOfTheWrongSizeAreRefused() throws IOException {
    for (String codec : new String[] {"", "gzip", "zstd", "crc32c"}) {
      String metadata =
          codec.isEmpty() ? THREE : THREE.replace("}}]}", "}}, {\"name\": \"" + codec + "\"}]}");
      Stored stored = open("zarr.json", metadata);
      Files.createDirectories(folder.resolve("c"));
      for (int size : new int[] {0, 7, 9, 1 << 20}) {
        byte[] file = new byte[size];
        if (codec.equals("gzip") || codec.equals("zstd")) {
          file = ByteCodec.valueOf(codec.toUpperCase(java.util.Locale.ROOT)).encode(file);
        }
        Files.write(folder.resolve("c/0"), file);
        IOException e =
            assertThrows(IOException.class, () -> stored.source().read(BlockIndex.of(0)));
        assertTrue(e.getMessage().contains("c/0"), e.getMessage());
      }
    }
  }

  /** 2^30 zeros in one megabyte, named as a chunk of eight bytes, or of as many. */
  @Test
  void bombsAreRefused() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 64; i++) {
        gzip.write(zeros);
      }
    }
    Files.createDirectories(folder.resolve("c"));
    Files.write(folder.resolve("c/0"), out.toByteArray());
    String gzip = THREE.replace("}}]}", "}}, {\"name\": \"gzip\"}]}");
    IOException e =
        assertThrows(
            IOException.class, () -> open("zarr.json", gzip).source().read(BlockIndex.of(0)));
    assertTrue(e.getMessage().contains("more than the 8 bytes"), e.getMessage());
    String twice = THREE.replace("}}]}", "}}, {\"name\": \"gzip\"}, {\"name\": \"gzip\"}]}");
    IOException f =
        assertThrows(
            IOException.class, () -> open("zarr.json", twice).source().read(BlockIndex.of(0)));
    assertTrue(f.getMessage().contains("more than"), f.getMessage());
    // A chunk that its file cannot hold costs no memory either.
    Files.write(folder.resolve("c/0"), new byte[100]);
    String claim = gzip.replace("[2]", "[400000000]").replace("[4]", "[400000000]");
    IOException g =
        assertThrows(
            IOException.class, () -> open("zarr.json", claim).source().read(BlockIndex.of(0)));
    assertTrue(g.getMessage().contains("cannot hold"), g.getMessage());
  }

  @Test
  void anArrayOutOfSightIsNotFullOfFills() throws IOException {
    Stored stored = open("zarr.json", THREE);
    assertEquals(8, stored.source().read(BlockIndex.of(0)).nbytes());
    Files.delete(folder.resolve("zarr.json"));
    IOException e = assertThrows(IOException.class, () -> stored.source().read(BlockIndex.of(0)));
    assertTrue(e.getMessage().contains("not seen from this machine"), e.getMessage());
  }

  @Test
  void whatIsNoArray() throws IOException {
    Path file = Files.writeString(folder.resolve("a.zarr"), "PK");
    for (Path path : new Path[] {folder, file, folder.resolve("absent")}) {
      IOException e =
          assertThrows(IOException.class, () -> ZarrArray.open(Whole.CONF, path.toString()));
      assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
    }
    Files.writeString(folder.resolve(".zgroup"), "{\"zarr_format\": 2}");
    FileNotFoundException e =
        assertThrows(
            FileNotFoundException.class, () -> ZarrArray.open(Whole.CONF, folder.toString()));
    assertTrue(e.getMessage().contains("Zarr group"), e.getMessage());
    Chunks chunks = Chunks.of(new long[] {1}, 1);
    for (int version : new int[] {1, 4}) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              ZarrArray.sink(
                  Whole.CONF, file + "x", DType.F32, chunks, version, ZarrCodec.RAW, false));
    }
  }

  /** Bfloat16 as TensorStore and others name it; zarr-python needs ml_dtypes for it. */
  @Test
  void bfloat16OfZarr3() throws IOException {
    Stored stored = open("zarr.json", THREE.replace("float32", "bfloat16"));
    assertEquals(DType.BF16, stored.dtype());
    assertArrayEquals(
        new byte[] {(byte) 0xe0, 0x40, (byte) 0xe0, 0x40},
        stored.source().read(BlockIndex.of(0)).bytes());
  }
}
