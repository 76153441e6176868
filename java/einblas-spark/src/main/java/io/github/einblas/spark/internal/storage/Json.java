// Storage: metadata as JSON, each value of the kind that is asked for or refused.
package io.github.einblas.spark.internal.storage;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.spark.Chunks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** An object of a file. Python's NaN and Infinity among attributes do not disturb. */
final class Json {
  /** Attributes lie in the same file. */
  static final long MOST_BYTES = 1 << 26;

  private static final Gson PRETTY =
      new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();
  private static final int MOST_DIGITS = 18;

  private final JsonObject object;
  private final String where;

  private Json(JsonObject object, String where) {
    this.object = object;
    this.where = where;
  }

  static Json parse(byte[] bytes, String where) throws IOException {
    JsonElement parsed;
    try {
      parsed = JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8));
    } catch (JsonParseException | StackOverflowError e) {
      throw new IOException(where + " is no JSON: " + e.getMessage(), e);
    }
    if (!parsed.isJsonObject()) {
      throw new IOException(where + " is no JSON object");
    }
    return new Json(parsed.getAsJsonObject(), where);
  }

  static byte[] bytes(JsonObject object) {
    return (PRETTY.toJson(object) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  static JsonArray array(long[] numbers) {
    JsonArray array = new JsonArray();
    for (long number : numbers) {
      array.add(number);
    }
    return array;
  }

  IOException wrong(String what) {
    return new IOException(where + ": " + what);
  }

  /** The value, or null if there is none or it is null. */
  JsonElement get(String key) {
    JsonElement value = object.get(key);
    return value == null || value.isJsonNull() ? null : value;
  }

  Iterable<String> keys() {
    return object.keySet();
  }

  /** A number or text as it is written, or null. */
  static String literal(JsonElement value) {
    return value != null && value.isJsonPrimitive() ? value.getAsString() : null;
  }

  static boolean isText(JsonElement value) {
    return value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isString();
  }

  String text(String key) throws IOException {
    JsonElement value = get(key);
    if (!isText(value)) {
      throw wrong("'" + key + "' should be a text, not " + shown(value));
    }
    return value.getAsString();
  }

  long number(String key) throws IOException {
    return number(key, get(key));
  }

  private long number(String key, JsonElement value) throws IOException {
    if (value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
      String digits = value.getAsString();
      boolean whole = digits.length() <= MOST_DIGITS;
      for (int i = 0; whole && i < digits.length(); i++) {
        whole = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
      }
      if (whole) {
        return Long.parseLong(digits);
      }
    }
    throw wrong("'" + key + "' should be a whole number from 0 on, not " + shown(value));
  }

  /** Numbers from 0 on. */
  long[] lengths(String key) throws IOException {
    JsonArray array = list(key);
    long[] lengths = new long[array.size()];
    for (int i = 0; i < lengths.length; i++) {
      lengths[i] = number(key, array.get(i));
    }
    return lengths;
  }

  JsonArray list(String key) throws IOException {
    JsonElement value = get(key);
    if (value == null || !value.isJsonArray()) {
      throw wrong("'" + key + "' should be a list, not " + shown(value));
    }
    return value.getAsJsonArray();
  }

  /** An object, or null if there is none. */
  Json objectOrNull(String key) throws IOException {
    JsonElement value = get(key);
    if (value != null && !value.isJsonObject()) {
      throw wrong("'" + key + "' should be an object, not " + shown(value));
    }
    return value == null ? null : new Json(value.getAsJsonObject(), where);
  }

  /** The member of a list, as an object; a text stands for one with that name only. */
  Json named(String key, JsonElement value) throws IOException {
    if (isText(value)) {
      JsonObject alone = new JsonObject();
      alone.add("name", value);
      return new Json(alone, where);
    }
    if (value == null || !value.isJsonObject()) {
      throw wrong("'" + key + "' should have objects with a name, not " + shown(value));
    }
    return new Json(value.getAsJsonObject(), where);
  }

  /** What is written beside a name; an empty object where there is nothing. */
  Json configuration() throws IOException {
    Json found = objectOrNull("configuration");
    return found == null ? new Json(new JsonObject(), where) : found;
  }

  static String shown(JsonElement value) {
    return value == null ? "missing" : NumpyType.shown(value.toString());
  }

  /** As {@link Stored#cut}, of a file. */
  Chunks cut(DType dtype, long[] shape, long[] chunk) throws IOException {
    try {
      Stored.requireSize(dtype, chunk); // also where it is longer than the axis
      return Stored.cut(dtype, shape, chunk);
    } catch (IllegalArgumentException e) {
      throw new IOException(where + ": " + e.getMessage(), e);
    }
  }
}
