// Command line: orders of contractions as files that other programs write and read.
package io.github.einblas.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads opt_einsum's and NumPy's lists, cotengra's numbered lists and OMEinsum's trees. */
final class PathFiles {
  private PathFiles() {}

  /** Whether the text of --path is an order itself, rather than the name of a file. */
  static boolean isText(String path) {
    return path.startsWith("[") || path.startsWith("{") || path.startsWith("((");
  }

  /**
   * The pairs of an order.
   *
   * @param name for errors
   * @param format null to find out by the content
   */
  static int[][] read(String name, String text, Terms terms, PathFormat format, Streams io) {
    String content = text.strip();
    boolean tree = content.startsWith("{");
    if (format != null && tree != (format == PathFormat.TREE)) {
      throw new InputException(
          name + (tree ? ": is a tree, not a list of steps" : ": is no tree of JSON objects"));
    }
    if (!tree) {
      return PathLists.read(name, content, terms, format);
    }
    PathTree.Read read = PathTree.read(name, content, terms);
    if (read.sliced()) {
      io.err()
          .println("einblas: " + name + ": its slices are left out; --memory-limit makes others");
    }
    return read.pairs();
  }

  /** The text of a file of the user's. */
  static String text(String name) {
    if (name.isEmpty()) {
      throw new InputException("the name of an input file is empty");
    }
    Path path = Path.of(name);
    if (Files.isDirectory(path)) {
      throw new InputException(name + ": is a directory, not a file");
    }
    try {
      return Files.readString(path);
    } catch (CharacterCodingException e) {
      throw new InputException(name + ": is no text in UTF-8", e);
    } catch (IOException e) {
      throw new InputException(name + ": " + Failures.reason(e), e);
    }
  }
}
