// Command line: a reader over the text of an order, whose errors say where.
package io.github.einblas.cli;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Gson's reader, for any depth, with the name of what is read. */
final class PathText {
  private static final int MOST_DIGITS = 9;
  private static final Pattern LAST_COMMA = Pattern.compile(",(?=\\s*[)\\]])");

  final String name;
  final JsonReader reader;

  private PathText(String name, String text, Strictness strictness) {
    this.name = name;
    reader = new JsonReader(new StringReader(text));
    reader.setStrictness(strictness);
    reader.setNestingLimit(Integer.MAX_VALUE);
  }

  /** JSON as its standard has it. */
  static PathText json(String name, String text) {
    return new PathText(name, text, Strictness.STRICT);
  }

  /** Lists as Python prints them, or JSON: each character stays in its place. */
  static PathText list(String name, String text) {
    Matcher m = LAST_COMMA.matcher(text);
    String json = m.replaceAll(" ").replace('(', '[').replace(')', ']');
    return new PathText(name, json, Strictness.LENIENT);
  }

  /** A number of a tensor. */
  int number(String what) throws IOException {
    if (reader.peek() == JsonToken.NUMBER) {
      String digits = reader.nextString();
      if (digits.length() <= MOST_DIGITS && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Integer.parseInt(digits);
      }
      throw wrong(what + " must be a whole number from 0 on, not " + digits);
    }
    throw wrong(what + " must be a number, not " + kind());
  }

  /** What comes next, in words. */
  String kind() throws IOException {
    return switch (reader.peek()) {
      case BEGIN_ARRAY -> "a list";
      case BEGIN_OBJECT -> "an object";
      case STRING -> "text";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case NULL -> "null";
      default -> "the end of it";
    };
  }

  /** A refusal that says where the reader is. */
  InputException wrong(String what) {
    String at = reader.toString(); // "JsonReader at line 1 column 5 path $[0]"
    int from = at.indexOf("line ");
    int to = at.indexOf(" path ");
    return new InputException(
        name + (from < 0 || to < from ? "" : ", " + at.substring(from, to)) + ": " + what);
  }

  /** The same of a text that is no JSON, or another than is needed. */
  InputException wrong(Exception e) {
    String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    int end = message.indexOf(" at line ");
    String what = end < 0 ? message : message.substring(0, end);
    if (what.startsWith("Use JsonReader")) { // Gson's advice to programs
      what = "this is not allowed here";
    }
    return wrong(e instanceof IOException ? "no JSON: " + what : what);
  }
}
