// Command line: opens the tensors named by arguments: a .npy file, an archive's member, standard
// input.
package io.github.einblas.cli;

import io.github.einblas.NpyFormatException;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Operands read from where the command line says; closing it closes them all. */
final class TensorSource implements AutoCloseable {
  private static final String MEMBER = ".npz:";

  private final List<Tensor> tensors = new ArrayList<>();

  private TensorSource() {}

  /** Reads every argument in order: a .npy file, {@code archive.npz:name}, or {@code -}. */
  static TensorSource open(List<String> arguments, Streams io) {
    if (arguments.stream().filter("-"::equals).count() > 1) {
      throw new InputException("- (standard input) can be given once only");
    }
    TensorSource source = new TensorSource();
    try {
      for (String argument : arguments) {
        source.tensors.add(read(argument, io));
      }
    } catch (RuntimeException | Error e) {
      source.close();
      throw e;
    }
    return source;
  }

  /** The file that an argument names, itself or with a member; null if there is none. */
  static Path path(String argument) {
    if (argument.isEmpty() || argument.equals("-")) {
      return null;
    }
    try {
      Path path = Path.of(argument);
      int colon = TensorFiles.colon(argument);
      if (colon > 0 && !Files.exists(path)) {
        path = Path.of(argument.substring(0, colon));
      }
      return Files.exists(path) ? path : null;
    } catch (InvalidPathException e) {
      return null; // pairs of an order, say
    }
  }

  Tensor[] tensors() {
    return tensors.toArray(Tensor[]::new);
  }

  @Override
  public void close() {
    tensors.forEach(Tensor::close);
  }

  private static Tensor read(String argument, Streams io) {
    String name = argument.equals("-") ? "standard input" : argument;
    try {
      if (argument.equals("-")) {
        return Tensor.readNpy(io.in());
      }
      int member = argument.lastIndexOf(MEMBER);
      if (member >= 0 && !Files.exists(Path.of(argument))) {
        Path archive = requireFile(argument.substring(0, member + MEMBER.length() - 1));
        return Tensor.readNpz(archive, argument.substring(member + MEMBER.length()));
      }
      Path path = requireFile(argument);
      if (argument.toLowerCase(Locale.ROOT).endsWith(".npz")) {
        throw new InputException(
            argument + ": is an archive: say which member, as " + argument + ":name");
      }
      return Tensor.readNpy(path);
    } catch (NpyFormatException e) {
      throw new InputException(named(name, e.getMessage()), e);
    } catch (IOException e) {
      throw new InputException(named(name, Failures.lineOf(e)), e);
    }
  }

  /** A file that can be read. */
  static Path requireFile(String argument) {
    if (argument.isEmpty()) {
      throw new InputException("the name of an input file is empty");
    }
    Path path = Path.of(argument);
    if (!Files.exists(path)) {
      throw new InputException(argument + ": there is no such file");
    }
    if (Files.isDirectory(path)) {
      throw new InputException(argument + ": is a directory, not a file of tensors");
    }
    if (!Files.isReadable(path)) {
      throw new InputException(argument + ": permission denied");
    }
    return path;
  }

  private static String named(String name, String message) {
    return message.contains(name) ? message : name + ": " + message;
  }
}
