// Command line: a call of NumPy, PyTorch or einops as a line of Java, proved by plain loops.
package io.github.einblas.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.cli.port.PlainTensor;
import io.github.einblas.cli.port.Port;
import io.github.einblas.cli.port.PortOperands;
import io.github.einblas.cli.port.PortProof;
import io.github.einblas.cli.port.PortShapes;
import io.github.einblas.cli.port.PortedLine;
import io.github.einblas.cli.port.PythonSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code einblas port CALL}. */
@Command(
    description =
        "Say a call of NumPy, PyTorch, einops or opt_einsum in Java, and prove it: the line runs with"
            + " random operands, beside plain loops over what the call means.",
    footer = {
      "",
      "Supported: einsum in all their forms; matmul, @, dot, inner, outer, vdot, kron, tensordot,"
          + " mm, mv, bmm, addmm, baddbmm, linear, trace, multi_dot;",
      "transpose, permute, .T, swapaxes, moveaxis, reshape, view, flatten, unsqueeze, squeeze,"
          + " expand, flip, diagonal, indices and slices;",
      "sum, mean, max, min, norm, argmax, argmin, cumsum, logsumexp; + - * /, comparisons, where,"
          + " clip, maximum, minimum;",
      "exp, log, sqrt, tanh, abs, sign, sigmoid, relu, gelu, softmax, log_softmax, layer_norm;"
          + " concatenate, cat, stack, take, index_select;",
      "rearrange, reduce, repeat. Calls may stand in calls, and a line may assign: c = a @ b.",
      "",
      "einblas port \"np.einsum('ij,jk->ik', a, b)\"",
      "einblas port \"rearrange(t, 'a b (h d) -> a h b d', h=2)\" --shapes t=2x3x4"
    })
final class PortCommand extends BaseCommand {
  @Parameters(
      paramLabel = "CALL",
      description = "one call, expression or assignment; names without module are tensors")
  String call;

  @Option(
      names = "--shapes",
      paramLabel = "NAME=SHAPE",
      split = ",",
      description =
          "shapes of the tensors, such as a=3x4,b=4x5; those that are not given are chosen so"
              + " that axes agree")
  Map<String, String> shapes = new LinkedHashMap<>();

  @Option(
      names = {"--dtype", "--type"},
      paramLabel = "TYPE",
      defaultValue = "F64",
      description = "type of the operands: F32, F64, F16 or BF16 (default: ${DEFAULT-VALUE})")
  DType dtype;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "of the random operands (default: ${DEFAULT-VALUE})")
  long seed;

  @Option(names = "--imports", description = "print the imports that the line needs before it")
  boolean imports;

  @Option(names = "--json", description = "print a JSON object")
  boolean json;

  private final PortProof.Runner runner;

  PortCommand(Streams io) {
    this(io, PortedLine::run);
  }

  /** With another run of the line, for a test that a wrong one is found. */
  PortCommand(Streams io, PortProof.Runner runner) {
    super(io);
    this.runner = runner;
  }

  @Override
  void run() {
    PythonSource source = new PythonSource(call);
    Map<String, int[]> given = given();
    boolean positive = false;
    Port port = Port.of(source, given, dtype, draw(positive));
    if (!port.line().value().plain().isFinite()) { // such as logarithms
      positive = true;
      port = Port.of(source, given, dtype, draw(positive));
    }
    if (!port.line().value().plain().isFinite()) {
      throw new InputException(
          "the call gives no finite numbers for random operands, which nothing can be proved by");
    }
    PortProof proof = PortProof.of(port.line(), port.operands(), runner);
    String numbers = positive ? "(0, 1)" : "[-1, 1)";
    if (json) {
      json(port, proof, numbers);
    } else {
      text(port, proof, numbers);
    }
    if (!proof.equal()) {
      throw new DemoCommand.WrongResult(
          "port: the line in Java does not give what the call means: "
              + proof.complaint()
              + " (a defect)");
    }
  }

  private Map<String, int[]> given() {
    Map<String, int[]> given = new LinkedHashMap<>();
    shapes.forEach(
        (name, text) -> {
          long[] shape = Shapes.parse(text);
          int[] lengths = new int[shape.length];
          for (int i = 0; i < shape.length; i++) {
            lengths[i] = (int) PlainTensor.requireSmall(shape[i]);
          }
          given.put(name.strip(), lengths);
        });
    return given;
  }

  /** Numbers that depend on the seed and a tensor's name alone. */
  private PortOperands.Draw draw(boolean positive) {
    return (name, shape) -> {
      RandomData data = new RandomData(DType.F64, seed + name.hashCode());
      double[] values = new double[(int) PlainTensor.size(shape)];
      for (int i = 0; i < values.length; i++) {
        double x = data.element(i);
        values[i] = positive ? (1 + x) / 2 * 0.96 + 0.02 : x;
      }
      return values;
    };
  }

  private void text(Port port, PortProof proof, String numbers) {
    if (imports) {
      port.line().imports().forEach(i -> io.out().println("import " + i + ";"));
      io.out().println();
    }
    io.out().println(port.line().text());
    io.out().println();
    io.out().println(operands(port, numbers));
    io.out()
        .println(
            (proof.equal() ? "equal" : "NOT EQUAL")
                + " to plain loops: "
                + count(port.line().value().plain())
                + String.format(
                    Locale.ROOT,
                    ", largest error %.2g, tolerance %.2g",
                    proof.error(),
                    proof.tolerance()));
    if (port.operands().choseShapes()
        && port.line().text().matches(".*\\.(reshape|broadcastTo)\\(.*")) {
      io.out().println("lengths in the line are those of the shapes above: give yours by --shapes");
    }
  }

  private String operands(Port port, String numbers) {
    String tensors =
        port.operands().bound().entrySet().stream()
            .map(e -> e.getKey() + " " + PortShapes.text(e.getValue().shape()))
            .collect(Collectors.joining(", "));
    return (tensors.isEmpty() ? "no operands" : tensors)
        + ": "
        + dtype
        + ", random in "
        + numbers
        + ", seed "
        + seed;
  }

  private static String count(PlainTensor plain) {
    return plain.size()
        + (plain.size() == 1 ? " element (" : " elements (")
        + PortShapes.text(plain.shape())
        + ")";
  }

  private void json(Port port, PortProof proof, String numbers) {
    JsonObject object = new JsonObject();
    object.addProperty("java", port.line().text());
    object.add("imports", array(List.copyOf(port.line().imports())));
    JsonObject operands = new JsonObject();
    port.operands().bound().forEach((name, plain) -> operands.add(name, lengths(plain)));
    object.add("operands", operands);
    object.addProperty("dtype", dtype.name());
    object.addProperty("numbers", numbers);
    object.addProperty("seed", seed);
    object.add("shape", lengths(port.line().value().plain()));
    object.addProperty("equal", proof.equal());
    object.addProperty("largestError", finite(proof.error()));
    object.addProperty("tolerance", proof.tolerance());
    if (proof.complaint() != null) {
      object.addProperty("complaint", proof.complaint());
    }
    io.out()
        .println(
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(object));
  }

  /** JSON has no infinity. */
  private static Double finite(double number) {
    return Double.isFinite(number) ? number : null;
  }

  private static JsonArray array(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  private static JsonArray lengths(PlainTensor plain) {
    JsonArray array = new JsonArray();
    for (int length : plain.shape()) {
      array.add(length);
    }
    return array;
  }
}
