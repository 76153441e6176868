// JSON of files: read strictly, its values checked, with the key in every error.
package io.github.einblas.internal.io;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.Arrays;
import java.util.Objects;

/**
 * JSON as its standard has it: no comments, no second key of a name, no more than {@value
 * #MOST_DEPTH} levels. Whole numbers are digits and fit; nothing is rounded or cut. All errors are
 * IllegalArgumentExceptions.
 */
public final class StrictJson {
  /** Levels of arrays and objects; plans have four. */
  public static final int MOST_DEPTH = 16;

  private static final int MOST_SHOWN = 60;

  private StrictJson() {}

  /** The value that a text holds. */
  public static JsonElement parse(String text) {
    JsonReader reader = new JsonReader(new StringReader(Objects.requireNonNull(text, "json")));
    reader.setStrictness(Strictness.STRICT);
    try {
      JsonElement value = value(reader, 0);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new IllegalArgumentException("there is more text behind the value");
      }
      return value;
    } catch (IOException e) {
      throw new IllegalArgumentException("no JSON: " + firstLine(e), e);
    }
  }

  /** What Gson says, without its advice on the next line. */
  private static String firstLine(IOException e) {
    String message = String.valueOf(e.getMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }

  private static JsonElement value(JsonReader reader, int depth) throws IOException {
    JsonToken token = reader.peek();
    if (depth == MOST_DEPTH
        && (token == JsonToken.BEGIN_ARRAY || token == JsonToken.BEGIN_OBJECT)) {
      throw new IllegalArgumentException(
          "more than " + MOST_DEPTH + " levels, at " + shown(reader.getPath()));
    }
    return switch (token) {
      case BEGIN_OBJECT -> object(reader, depth);
      case BEGIN_ARRAY -> array(reader, depth);
      // As its digits: nothing is converted before it is asked for.
      case NUMBER -> JsonParser.parseReader(reader);
      case BOOLEAN -> new JsonPrimitive(reader.nextBoolean());
      case NULL -> {
        reader.nextNull();
        yield JsonNull.INSTANCE;
      }
      default -> new JsonPrimitive(reader.nextString());
    };
  }

  private static JsonArray array(JsonReader reader, int depth) throws IOException {
    JsonArray array = new JsonArray();
    reader.beginArray();
    while (reader.hasNext()) {
      array.add(value(reader, depth + 1));
    }
    reader.endArray();
    return array;
  }

  private static JsonObject object(JsonReader reader, int depth) throws IOException {
    JsonObject object = new JsonObject();
    reader.beginObject();
    while (reader.hasNext()) {
      String name = reader.nextName();
      if (object.has(name)) {
        throw new IllegalArgumentException("the key \"" + shown(name) + "\" stands twice");
      }
      object.add(name, value(reader, depth + 1));
    }
    reader.endObject();
    return object;
  }

  /** A value that must be there. */
  public static JsonElement need(JsonObject o, String key) {
    JsonElement value = o.get(key);
    if (value == null) {
      throw new IllegalArgumentException("\"" + key + "\" is missing");
    }
    return value;
  }

  /** A whole number in a range. */
  public static long integer(JsonElement value, String key, long least, long most) {
    String text = value.isJsonPrimitive() ? value.getAsString() : "";
    boolean number = value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber();
    if (number && text.length() <= 20 && isDigits(text)) {
      try {
        long parsed = Long.parseLong(text);
        if (parsed >= least && parsed <= most) {
          return parsed;
        }
      } catch (NumberFormatException e) {
        // Beyond 63 bits: refused below.
      }
    }
    throw bad(key, "a whole number from " + least + " to " + most, value);
  }

  private static boolean isDigits(String text) {
    int from = text.startsWith("-") ? 1 : 0;
    return text.length() > from && text.chars().skip(from).allMatch(c -> c >= '0' && c <= '9');
  }

  /** A whole number in a range, which must be there. */
  public static long integer(JsonObject o, String key, long least, long most) {
    return integer(need(o, key), key, least, most);
  }

  /** A text. */
  public static String text(JsonObject o, String key) {
    JsonElement value = need(o, key);
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw bad(key, "a text", value);
    }
    return value.getAsString();
  }

  /** True or false. */
  public static boolean isTrue(JsonObject o, String key) {
    JsonElement value = need(o, key);
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw bad(key, "true or false", value);
    }
    return value.getAsBoolean();
  }

  /** One of an enum's names. */
  public static <E extends Enum<E>> E constant(JsonObject o, String key, Class<E> type) {
    JsonElement value = need(o, key);
    for (E constant : type.getEnumConstants()) {
      if (value.isJsonPrimitive() && constant.name().equals(value.getAsString())) {
        return constant;
      }
    }
    throw bad(key, "one of " + Arrays.toString(type.getEnumConstants()), value);
  }

  /** An object. */
  public static JsonObject object(JsonElement value, String key) {
    if (!value.isJsonObject()) {
      throw bad(key, "an object", value);
    }
    return value.getAsJsonObject();
  }

  /** An array. */
  public static JsonArray array(JsonElement value, String key) {
    if (!value.isJsonArray()) {
      throw bad(key, "an array", value);
    }
    return value.getAsJsonArray();
  }

  private static IllegalArgumentException bad(String key, String needed, JsonElement got) {
    return new IllegalArgumentException(
        "\"" + key + "\" must be " + needed + ", got " + shown(got.toString()));
  }

  private static String shown(String text) {
    return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "...";
  }
}
