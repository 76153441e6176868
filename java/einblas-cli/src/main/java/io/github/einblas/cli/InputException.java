// Command line: the refusal of what the user gave; ends with exit status 2 and one line.
package io.github.einblas.cli;

/** Says that an argument or a file is wrong, in words for the person who gave it. */
final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InputException(String message) {
    super(message);
  }

  InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
