// .safetensors: writes a header and the elements of tensors.
package io.github.einblas.internal.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.internal.tensor.Strided;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The other half of {@link SafetensorsFile}. */
public final class SafetensorsWriter {
  /** The header is filled up with blanks to a multiple of this, so that elements are aligned. */
  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  /** Writes a file, whole or not at all. */
  public static void write(Path file, Map<String, Strided> tensors, boolean sync)
      throws IOException {
    Map<String, Strided> own = new LinkedHashMap<>(tensors);
    own.forEach(SafetensorsWriter::requireWritable);
    List<String> order = new ArrayList<>(own.keySet());
    order.sort(Comparator.comparingInt(name -> -own.get(name).dtype().bytes()));
    byte[] header = header(own, order);
    OutputFile.write(
        file,
        sync,
        out -> {
          byte[] before = header;
          for (String name : order) {
            Npy.writeElements(before, own.get(name), out);
            before = new byte[0];
          }
          out.write(before);
        });
  }

  private static byte[] header(Map<String, Strided> tensors, List<String> order) {
    JsonObject all = new JsonObject();
    long at = 0;
    for (String name : order) {
      Strided t = tensors.get(name);
      JsonObject o = new JsonObject();
      o.addProperty("dtype", t.dtype().name());
      o.add("shape", array(t.shape()));
      o.add("data_offsets", array(at, at + t.nbytes()));
      at += t.nbytes();
      all.add(name, o);
    }
    byte[] text = all.toString().getBytes(StandardCharsets.UTF_8);
    int length = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer bytes = ByteBuffer.allocate(8 + length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(text);
    Arrays.fill(bytes.array(), 8 + text.length, 8 + length, (byte) ' ');
    return bytes.array();
  }

  private static JsonArray array(long... numbers) {
    JsonArray array = new JsonArray();
    for (long number : numbers) {
      array.add(number);
    }
    return array;
  }

  private static void requireWritable(String name, Strided tensor) {
    Objects.requireNonNull(name, "a name in tensors");
    Objects.requireNonNull(tensor, () -> "the tensor '" + name + "'");
    if (tensor.isClosed()) {
      throw new IllegalStateException("the tensor '" + name + "' is closed");
    }
    if (name.equals(SafetensorsFile.METADATA)
        || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw new IllegalArgumentException(
          "a tensor in a .safetensors file cannot be named '" + Npy.brief(name) + "'");
    }
    if (tensor.dtype() == DType.C128) {
      throw new IllegalArgumentException(
          "the tensor '"
              + Npy.brief(name)
              + "' is of C128, which a .safetensors file cannot hold; C64 it can");
    }
  }
}
