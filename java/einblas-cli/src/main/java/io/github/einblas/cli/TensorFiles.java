// Command line: all tensors of a file: .npy, .npz, .safetensors, or standard input.
package io.github.einblas.cli;

import io.github.einblas.NpyFormatException;
import io.github.einblas.Safetensors;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The tensors that one argument names, by their names; closing it closes them. */
final class TensorFiles implements AutoCloseable {
  /** How tensors lie in a file. */
  enum Format {
    NPY,
    NPZ,
    SAFETENSORS;

    /** By the end of a name; null for another. */
    static Format of(String file) {
      String lower = file.toLowerCase(Locale.ROOT);
      for (Format format : values()) {
        if (lower.endsWith("." + format.name().toLowerCase(Locale.ROOT))) {
          return format;
        }
      }
      return null;
    }
  }

  private final String argument;
  private final boolean archive;
  private final Map<String, Tensor> tensors;

  private TensorFiles(String argument, boolean archive, Map<String, Tensor> tensors) {
    this.argument = argument;
    this.archive = archive;
    this.tensors = tensors;
  }

  static void requireOneStandardInput(List<String> arguments) {
    if (arguments.stream().filter("-"::equals).count() > 1) {
      throw new InputException("- (standard input) can be given once only");
    }
  }

  /** Reads what {@code x.npy}, {@code x.npz}, {@code x.npz:name} or {@code -} names. */
  static TensorFiles read(String argument, Streams io) {
    if (Format.of(argument) == Format.NPY || argument.equals("-") || argument.isEmpty()) {
      return one(argument, io);
    }
    int colon = colon(argument);
    boolean member = colon > 0 && !exists(argument);
    String file = member ? argument.substring(0, colon) : argument;
    Format format = Format.of(file);
    boolean ofArchive = format == Format.NPZ && member;
    if (ofArchive || format == null || format == Format.NPY) {
      return one(argument, io);
    }
    TensorSource.requireFile(file);
    try {
      Path path = Path.of(file);
      if (member) {
        String name = argument.substring(colon + 1);
        return new TensorFiles(file, true, Map.of(name, Safetensors.read(path, name)));
      }
      return new TensorFiles(
          file, true, format == Format.NPZ ? Tensor.readNpz(path) : Safetensors.read(path));
    } catch (NpyFormatException e) {
      throw new InputException(e.getMessage(), e);
    } catch (IOException e) {
      throw new InputException(file + ": " + Failures.reason(e), e);
    }
  }

  /** Where the colon before the name of an archive's tensor stands; less than 0 if none does. */
  static int colon(String argument) {
    for (String archive : new String[] {".npz:", ".safetensors:"}) {
      int at = argument.indexOf(archive);
      if (at >= 0) {
        return at + archive.length() - 1;
      }
    }
    return -1;
  }

  private static boolean exists(String argument) {
    return Files.exists(Path.of(argument));
  }

  private static TensorFiles one(String argument, Streams io) {
    int member = argument.lastIndexOf(".npz:");
    String name =
        argument.equals("-")
            ? "tensor"
            : member < 0 || exists(argument) ? stem(argument) : argument.substring(member + 5);
    TensorSource source = TensorSource.open(List.of(argument), io);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put(name, source.tensors()[0]);
    return new TensorFiles(argument, false, tensors);
  }

  /** A file's name without its folder and ending. */
  private static String stem(String file) {
    String name = String.valueOf(Path.of(file).getFileName());
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** In the order of the file. */
  Map<String, Tensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** What messages call a tensor. */
  String shown(String name) {
    return argument.equals("-") ? "standard input" : archive ? argument + ":" + name : argument;
  }

  @Override
  public void close() {
    tensors.values().forEach(Tensor::close);
  }
}
