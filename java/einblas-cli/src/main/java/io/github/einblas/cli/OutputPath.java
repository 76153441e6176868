// Command line: the name of an output file, checked before anything is computed.
package io.github.einblas.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;

/** How an output is written is the library's affair; what can be known before is said before. */
final class OutputPath {
  private static final Set<String> STANDARD_OUTPUT =
      Set.of("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1");

  /** What an option of commands that write says of itself. */
  static final String FORCE = "write the output even where it is a file that is also an input";

  private OutputPath() {}

  /** Whether a name means standard output. */
  static boolean isStandardOutput(String output) {
    return STANDARD_OUTPUT.contains(output);
  }

  /** A file that can be written, as far as can be said. */
  static Path of(String output) {
    if (output.isEmpty()) {
      throw new InputException("the name of the output file is empty");
    }
    Path path = Path.of(output);
    if (Files.isDirectory(path)) {
      throw new InputException(output + ": is a directory; -o needs the name of a file");
    }
    try {
      Files.readAttributes(path, BasicFileAttributes.class);
      requireWritable(output, path);
    } catch (NoSuchFileException e) {
      requireFolder(output, path);
    } catch (IOException e) {
      throw new InputException(output + ": " + Failures.reason(e), e);
    }
    return path;
  }

  /**
   * Refuses to replace what is read, unless that is wanted.
   *
   * @param output as given, or null
   * @param inputs as given: files, members of archives, and what names none
   */
  static void requireNoInput(String output, List<String> inputs, boolean force) {
    if (output == null || force || isStandardOutput(output)) {
      return;
    }
    try {
      Path file = Path.of(output);
      if (!Files.isRegularFile(file)) {
        return;
      }
      for (String input : inputs) {
        Path read = TensorSource.path(input);
        if (read != null && Files.isSameFile(file, read)) {
          throw new InputException(
              output + ": is an input too, and would be replaced; --force does that");
        }
      }
    } catch (IOException e) {
      throw new InputException(output + ": " + Failures.reason(e), e);
    }
  }

  private static void requireWritable(String output, Path path) throws IOException {
    // A device or a pipe is written into, a file is replaced where it is.
    boolean replaced = Files.isRegularFile(path);
    if (!Files.isWritable(path)
        || (replaced && !Files.isWritable(path.toRealPath().toAbsolutePath().getParent()))) {
      throw new InputException(output + ": permission denied");
    }
  }

  private static void requireFolder(String output, Path path) {
    Path folder = path.toAbsolutePath().getParent();
    if (Files.isSymbolicLink(path)) {
      return; // it points to a file that is made
    }
    if (folder == null || !Files.isDirectory(folder)) {
      throw new InputException(output + ": there is no directory " + folder);
    }
    if (!Files.isWritable(folder)) {
      throw new InputException(output + ": permission denied");
    }
  }
}
