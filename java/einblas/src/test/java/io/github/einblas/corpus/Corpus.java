// Test support: reads the corpus (manifest.json and golden/*.npz) without the library's own
// readers.
package io.github.einblas.corpus;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;

/**
 * The corpus: a folder named by the system property einblas.corpus, else the project's own copy.
 */
final class Corpus {
  private final Path golden;
  private final Map<String, ZipFile> archives = new HashMap<>();
  private final List<JsonObject> cases = new ArrayList<>();

  private Corpus(Path folder) throws IOException {
    this.golden = folder.resolve("golden");
    JsonObject manifest =
        new Gson().fromJson(Files.readString(golden.resolve("manifest.json")), JsonObject.class);
    for (JsonElement e : manifest.getAsJsonArray("cases")) {
      cases.add(e.getAsJsonObject());
    }
  }

  static Corpus open() {
    String property = System.getProperty("einblas.corpus");
    try {
      Path folder =
          property != null
              ? Path.of(property)
              : Path.of(Corpus.class.getResource("/corpus/README.md").toURI()).getParent();
      return new Corpus(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether this is the project's own copy, whose number of cases is known. */
  static boolean isOwn() {
    return System.getProperty("einblas.corpus") == null;
  }

  List<JsonObject> cases() {
    return cases;
  }

  /**
   * Elements of an entry ("group.npz!case/name.npy", or a file's name) in file order, as doubles;
   * complex ones as pairs.
   */
  synchronized double[] payload(String entry) {
    int bang = entry.indexOf('!');
    try {
      if (bang < 0) {
        try (InputStream in = Files.newInputStream(golden.resolve(entry))) {
          return read(new DataInputStream(in));
        }
      }
      ZipFile zip = archives.get(entry.substring(0, bang));
      if (zip == null) {
        zip = new ZipFile(golden.resolve(entry.substring(0, bang)).toFile());
        archives.put(entry.substring(0, bang), zip);
      }
      try (InputStream in = zip.getInputStream(zip.getEntry(entry.substring(bang + 1)))) {
        return read(new DataInputStream(in));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double[] read(DataInputStream in) throws IOException {
    byte[] start = in.readNBytes(10);
    int headerLength = (start[8] & 0xff) | (start[9] & 0xff) << 8;
    String header =
        new String(in.readNBytes(headerLength), java.nio.charset.StandardCharsets.ISO_8859_1);
    ByteBuffer b = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    String type = header.replaceAll(".*'descr': '([^']+)'.*\\s*", "$1");
    int size =
        switch (type) {
          case "<f2" -> 2;
          case "<f4", "<i4", "<c8" -> 4;
          default -> 8;
        };
    double[] values = new double[b.remaining() / size];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (type) {
            case "<f2" -> half(b.getShort());
            case "<f4", "<c8" -> b.getFloat();
            case "<i4" -> b.getInt();
            case "<i8" -> b.getLong();
            case "<f8", "<c16" -> b.getDouble();
            default -> throw new IOException("type " + type);
          };
    }
    return values;
  }

  private static double half(short bits) {
    int sign = bits & 0x8000;
    int exponent = bits >> 10 & 0x1f;
    int mantissa = bits & 0x3ff;
    double v =
        exponent == 0
            ? mantissa * 0x1p-24
            : exponent == 31
                ? (mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                : (1 + mantissa * 0x1p-10) * Math.pow(2, exponent - 15);
    return sign == 0 ? v : -v;
  }
}
