// Command line: what is in a file of tensors.
package io.github.einblas.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.github.einblas.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas show x.npy}. */
@Command(
    description = {
      "Say what is in files of tensors: shape, type, least and greatest number, mean, standard"
          + " deviation, how many are NaN, infinite or 0; and draw a small picture.",
      "Statistics are of the finite numbers; of complex ones, of their parts."
    })
final class ShowCommand extends BaseCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "IN",
      description =
          ".npy, .npz and .safetensors files, FILE:NAME for one of an archive, or - for a .npy on"
              + " standard input")
  List<String> inputs;

  @Option(names = "--no-picture", description = "leave out the picture")
  boolean noPicture;

  @Option(names = "--json", description = "print a JSON array with an object for each tensor")
  boolean json;

  ShowCommand(Streams io) {
    super(io);
  }

  @Override
  void run() {
    TensorFiles.requireOneStandardInput(inputs);
    JsonArray all = new JsonArray();
    for (String input : inputs) {
      try (TensorFiles file = TensorFiles.read(input, io)) {
        for (Map.Entry<String, Tensor> entry : file.tensors().entrySet()) {
          String name = file.shown(entry.getKey());
          Statistics statistics = Statistics.of(entry.getValue());
          if (json) {
            all.add(object(name, entry.getValue(), statistics));
          } else {
            text(name, entry.getValue(), statistics);
          }
        }
        if (file.tensors().isEmpty() && !json) {
          io.out().println(input + ": no tensors");
        }
      }
    }
    if (json) {
      io.out()
          .println(
              new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(all));
    }
  }

  private void text(String name, Tensor t, Statistics s) {
    io.out()
        .printf(
            "%s: %s %s, %s%s%n",
            name,
            Arrays.toString(t.shape()),
            t.dtype(),
            bytes(t.nbytes()),
            t.isContiguous() ? "" : ", columns first");
    if (s.count() == 0) {
      io.out().println("  no elements");
      return;
    }
    if (s.integers() == null) {
      line("min, max", number(s.min()) + ", " + number(s.max()));
    } else {
      line("min, max", s.integers()[0] + ", " + s.integers()[1]);
    }
    line("mean", number(s.mean()) + ", standard deviation " + number(s.deviation()));
    line(
        "NaN",
        s.nans() + ", infinite " + s.infinities() + ", zero " + s.zeros() + " of " + s.count());
    if (!noPicture && t.rank() > 0) {
      List<String> picture = Picture.of(t);
      if (t.rank() > 2) {
        line("picture", "of the last two axes, the others at 0");
      }
      picture.forEach(l -> io.out().println("  " + l));
    }
  }

  private void line(String what, String text) {
    io.out().printf("  %-9s %s%n", what, text);
  }

  private static String number(double x) {
    return String.format(Locale.ROOT, "%.6g", x);
  }

  private static String bytes(long bytes) {
    return bytes < 10_000
        ? bytes + " bytes"
        : bytes < 10_000_000
            ? String.format(Locale.ROOT, "%.1f KB", bytes * 1e-3)
            : String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6);
  }

  private static JsonObject object(String name, Tensor t, Statistics s) {
    JsonObject o = new JsonObject();
    o.addProperty("name", name);
    o.addProperty("dtype", t.dtype().name());
    JsonArray shape = new JsonArray();
    Arrays.stream(t.shape()).forEach(shape::add);
    o.add("shape", shape);
    o.addProperty("bytes", t.nbytes());
    o.addProperty("count", s.count());
    o.addProperty("nan", s.nans());
    o.addProperty("infinite", s.infinities());
    o.addProperty("zero", s.zeros());
    if (s.integers() == null) {
      add(o, "min", s.min());
      add(o, "max", s.max());
    } else {
      o.addProperty("min", s.integers()[0]);
      o.addProperty("max", s.integers()[1]);
    }
    add(o, "mean", s.mean());
    add(o, "deviation", s.deviation());
    return o;
  }

  /** JSON has no NaN: what is of no numbers is left out. */
  private static void add(JsonObject o, String name, double value) {
    if (Double.isFinite(value)) {
      o.add(name, new JsonPrimitive(value));
    }
  }
}
