// Port: a word of Python.
package io.github.einblas.cli.port;

/**
 * A token.
 *
 * @param kind what it is
 * @param text its characters; of a text those between the quotes
 * @param position where it begins, counted from 0
 */
record PythonToken(Kind kind, String text, int position) {
  enum Kind {
    NAME,
    NUMBER,
    TEXT,
    SIGN,
    END
  }

  boolean is(String sign) {
    return kind == Kind.SIGN && text.equals(sign);
  }

  /** The token for a reader. */
  String shown() {
    return switch (kind) {
      case END -> "the end";
      case TEXT -> "a text";
      default -> "'" + text + "'";
    };
  }
}
