// Command line: tensors from files of one format or type to another.
package io.github.einblas.cli;

import io.github.einblas.DType;
import io.github.einblas.Safetensors;
import io.github.einblas.Tensor;
import io.github.einblas.WriteOption;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas convert IN... -o OUT}. */
@Command(
    description = {
      "Write tensors as .npy, .npz or .safetensors, by the ending of OUT, and as another type.",
      "Other elements are never made silently: what is rounded is said on standard error; what a"
          + " type cannot hold at all is refused."
    })
final class ConvertCommand extends BaseCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "IN",
      description =
          ".npy, .npz and .safetensors files, FILE:NAME for one of an archive, or - for a .npy on"
              + " standard input; a .npy's tensor is called as the file")
  List<String> inputs;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT",
      required = true,
      description = "the file to write; - writes a .npy to standard output")
  String output;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "type of the elements; by default each keeps its own")
  DType dtype;

  @Option(
      names = "--lossy",
      description =
          "make other numbers where the type cannot hold them: fractions are cut off, too large"
              + " ones clipped or infinite")
  boolean lossy;

  @Option(
      names = "--names",
      paramLabel = "NAME",
      split = ",",
      description = "names of the tensors in OUT, in their order; by default they keep theirs")
  List<String> names;

  @Option(names = "--force", description = OutputPath.FORCE)
  boolean force;

  @Option(
      names = "--no-sync",
      description = "do not wait until the output file is on disk: faster, lost in a power failure")
  boolean noSync;

  ConvertCommand(Streams io) {
    super(io);
  }

  @Override
  void run() throws Exception {
    TensorFiles.Format format =
        OutputPath.isStandardOutput(output)
            ? TensorFiles.Format.NPY
            : TensorFiles.Format.of(output);
    if (format == null) {
      throw new InputException(
          output + ": the output must end in .npy, .npz or .safetensors, or be -");
    }
    Path target = OutputPath.isStandardOutput(output) ? null : OutputPath.of(output);
    TensorFiles.requireOneStandardInput(inputs);
    OutputPath.requireNoInput(output, inputs, force);
    List<TensorFiles> files = new ArrayList<>();
    List<Tensor> converted = new ArrayList<>();
    Map<String, Tensor> made = new LinkedHashMap<>();
    try {
      for (String input : inputs) {
        files.add(TensorFiles.read(input, io));
      }
      int count = files.stream().mapToInt(f -> f.tensors().size()).sum();
      if (names != null && names.size() != count) {
        throw new InputException(
            "--names needs a name for each of the " + count + " tensors, and got " + names.size());
      }
      if (format == TensorFiles.Format.NPY && count != 1) {
        throw new InputException(
            output
                + ": a .npy file holds one tensor, and there are "
                + count
                + "; name one as FILE:NAME");
      }
      for (TensorFiles file : files) {
        for (Map.Entry<String, Tensor> entry : file.tensors().entrySet()) {
          String name = names == null ? entry.getKey() : names.get(made.size());
          if (made.containsKey(name)) {
            throw new InputException("two tensors are called '" + name + "'; --names renames them");
          }
          Tensor own = entry.getValue();
          boolean same = dtype == null || dtype == own.dtype();
          Tensor wanted = same ? own : converted(file.shown(entry.getKey()), own);
          if (!same) {
            converted.add(wanted);
          }
          made.put(name, wanted);
        }
      }
      write(format, target, made);
    } finally {
      converted.forEach(Tensor::close);
      files.forEach(TensorFiles::close);
    }
  }

  /** A tensor of the wanted type, which the caller closes. */
  private Tensor converted(String name, Tensor from) {
    Tensor to;
    try {
      to = from.to(dtype);
    } catch (ArithmeticException e) {
      throw new InputException(name + ": " + e.getMessage(), e);
    }
    boolean done = false;
    try {
      Losses losses = Losses.of(from, to);
      if (losses.lost() > 0 && !lossy) {
        throw new InputException(
            name + ": " + losses.lostText() + "; --lossy makes " + losses.what() + " of them");
      }
      if (losses.count() > 0) {
        io.err().println("einblas: " + name + ": " + losses.text());
      }
      done = true;
      return to;
    } finally {
      if (!done) {
        to.close();
      }
    }
  }

  private void write(TensorFiles.Format format, Path target, Map<String, Tensor> tensors)
      throws IOException {
    WriteOption[] options = TensorSink.options(!noSync);
    switch (format) {
      case NPY -> TensorSink.of(output, !noSync, io).write(tensors.values().iterator().next());
      case NPZ -> written(() -> Tensor.writeNpz(target, tensors, options));
      case SAFETENSORS -> written(() -> Safetensors.write(target, tensors, options));
    }
  }

  /** Something that writes the output. */
  private interface Writing {
    void write() throws IOException;
  }

  private void written(Writing writing) throws IOException {
    try {
      writing.write();
    } catch (IOException e) {
      throw new IOException(
          String.format(Locale.ROOT, "%s could not be written: %s", output, Failures.reason(e)), e);
    }
  }
}
