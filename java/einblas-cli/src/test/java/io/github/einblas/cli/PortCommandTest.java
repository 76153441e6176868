// Test: a call of Python as a line of Java: what is printed, what is refused, and that proofs fail.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.Tensor;
import io.github.einblas.TensorMath;
import io.github.einblas.cli.port.PortProof;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

final class PortCommandTest {
  @TempDir Path folder;

  private String[] lines(String call, String... options) {
    List<String> args = new ArrayList<>(List.of("port", call));
    args.addAll(List.of(options));
    return new Program(folder).done(args.toArray(new String[0])).out().split("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "np.einsum('ij,jk->ik', a, b) # Einsum.einsum(\"ij,jk->ik\", a, b)",
        "np.einsum('ij,jk', a, b) # Einsum.einsum(\"ij,jk\", a, b)",
        "np.einsum('ij,jk', a, b, optimize=True) # Einsum.einsum(\"ij,jk\", a, b)",
        "np.einsum('ba', a) # Einsum.einsum(\"ba\", a)",
        "np.einsum('...ii->...i', x) # Einsum.einsum(\"...ii->...i\", x)",
        "torch.einsum('Bi,iA', x, y) # Einsum.einsum(\"Bi,iA\", x, y)",
        "np.einsum(a, [0, 1], b, [1, 2]) # Einsum.einsum(new int[] {0, 2}, Sublist.of(a, 0, 1),"
            + " Sublist.of(b, 1, 2))",
        "einsum(a, b, 'batch i, batch j -> batch i j') # Einsum.einsum(\"bi,bj->bij\", a, b)",
        "einops.einsum(a, b, '... red, b red -> ... b') # Einsum.einsum(\"...r,br->...b\", a, b)",
        "contract('ij,jk,kl->il', a, b, c) # Einsum.einsum(\"ij,jk,kl->il\", a, b, c)",
        "a @ b @ c # TensorOps.matmul(TensorOps.matmul(a, b), c)",
        "torch.bmm(x, y) # TensorOps.batchedDot(x, y)",
        "torch.mv(a, v) # TensorOps.matmul(a, v)",
        "a.mm(b) # TensorOps.matmul(a, b)",
        "np.inner(a, b) # Einsum.einsum(\"ij,kj->ik\", a, b)",
        "np.vdot(a, b) # Einsum.einsum(\"ij,ij->\", a.conj(), b)",
        "np.outer(u, v) # TensorOps.outer(u, v)",
        "np.kron(a, b) # TensorOps.kron(a, b)",
        "np.tensordot(a, b) # TensorOps.tensordot(a, b, 2)",
        "np.tensordot(a, b, axes=(-1, 0)) # TensorOps.tensordot(a, b, new int[] {-1}, new int[]"
            + " {0})",
        "torch.tensordot(a, b, dims=([1], [0])) # TensorOps.tensordot(a, b, new int[] {1}, new"
            + " int[] {0})",
        "torch.addmm(c, a, b) # TensorMath.add(c, TensorOps.matmul(a, b))",
        "torch.baddbmm(c, x, y, beta=0.5, alpha=2) # TensorMath.affine(0.5, c, 2,"
            + " TensorOps.batchedDot(x, y), 0)",
        "torch.addmm(c, a, b, beta=0) # TensorOps.matmul(a, b)",
        "np.transpose(t, (2, 0, 1)) # t.permute(2, 0, 1)",
        "t.permute(0, 2, 1).T # t.permute(0, 2, 1).transpose()",
        "a.T.reshape(6) # a.transpose().contiguous().reshape(6)",
        "a.sum(axis=0, keepdims=True) # TensorMath.sum(a, 0).unsqueeze(0)",
        "np.mean(a, axis=(0, -1)) # TensorMath.mean(a, 0, -1)",
        "torch.mean(a, dim=1, keepdim=True) # TensorMath.mean(a, 1).unsqueeze(1)",
        "a.argmax() # TensorMath.argmax(a.reshape(6), 0)",
        "np.cumsum(a, axis=1) # TensorMath.cumsum(a, 1)",
        "np.exp(-a) # TensorMath.exp(TensorMath.scale(-1, a))",
        "torch.softmax(a, dim=-1) # TensorMath.softmax(a, -1)",
        "F.gelu(a) # TensorMath.gelu(a)",
        "F.layer_norm(a, (4,)) # TensorMath.layerNorm(a, Tensor.ones(DType.F64, 4),"
            + " Tensor.zeros(DType.F64, 4), 1e-5)",
        "np.concatenate([a, b], axis=1) # TensorMath.concat(1, a, b)",
        "np.stack([a, b]) # TensorMath.stack(0, a, b)",
        "np.take(a, [1, -1], axis=1) # TensorMath.take(a, 1, Tensor.of(new int[] {1, -1}))",
        "a[:, 1:3] # a.slice(1, 1, 3)",
        "t[..., None, 0] # t.unsqueeze(1).select(2, 0)",
        "rearrange(t, 'a b c -> c a b') # t.permute(2, 0, 1)",
        "rearrange(x, '... (h d) -> ... d h', h=2) # x.reshape(3, 2, 2).permute(0, 2, 1)",
        "reduce(x, 'b (h h2) w -> b h w', 'max', h2=2) # TensorMath.max(x.reshape(3, 2, 2, 4), 2)",
        "reduce(x, 'b c -> c 1', 'sum') # Einsum.einsum(\"bc->c\", x).unsqueeze(1)",
        "repeat(v, 'i -> i j', j=3) # v.unsqueeze(1).broadcastTo(2, 3)",
        "repeat(v, 'i -> (i 2j)', j=3) # refused",
        "c = a @ b # Tensor c = TensorOps.matmul(a, b);",
        "a = a @ b # a = TensorOps.matmul(a, b);",
        "out += a @ b # TensorOps.matmulInto(out, 1, 1, a, b);",
        "a *= b # TensorMath.multiplyInto(a, a, b);",
      })
  void printsAndProves(String call, String java) throws IOException {
    if (java.equals("refused")) {
      new Program(folder).refused("in the pattern", "port", call);
      return;
    }
    String[] lines = lines(call);
    assertEquals(java, lines[0]);
    assertTrue(lines[3].startsWith("equal to plain loops: "), lines[3]);
  }

  @Test
  void callsStandInCalls() {
    String[] lines =
        lines("torch.softmax(q @ k.T / np.sqrt(64), -1) @ v", "--shapes", "q=4x8,k=5x8,v=5x3");
    assertEquals(
        "TensorOps.matmul(TensorMath.softmax(TensorMath.scale(0.125, TensorOps.matmul(q,"
            + " k.transpose())), -1), v)",
        lines[0]);
    assertEquals("q 4x8, k 5x8, v 5x3: F64, random in [-1, 1), seed 1", lines[2]);
    assertTrue(lines[3].startsWith("equal to plain loops: 12 elements (4x3), largest error "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"F32", "F64", "F16", "BF16"})
  void everyTypeStaysBelowItsTolerance(String type) {
    for (String call :
        List.of(
            "np.einsum('ij,jk,kl->il', a, b, c)",
            "torch.softmax(a @ b, -1)",
            "F.layer_norm(a, (4,), v, w)",
            "torch.nn.functional.gelu(a @ b)",
            "np.log(a) + np.exp(b) / 3 - 2 * c",
            "special.logsumexp(a, axis=1)".replace("special", "scipy.special"),
            "np.linalg.norm(a, axis=0) / a.mean(axis=0)",
            "np.cumsum(a.T, axis=1) * torch.sigmoid(np.tanh(b))")) {
      for (String seed : List.of("1", "2", "3")) {
        lines(call, "--dtype", type, "--seed", seed);
      }
    }
  }

  @Test
  void operandsAreTheSameForASeed() {
    String first = String.join("\n", lines("a @ b @ c", "--seed", "7"));
    assertEquals(first, String.join("\n", lines("a @ b @ c", "--seed", "7")));
    assertTrue(first.contains("seed 7"), first);
  }

  @Test
  void numbersArePositiveWhereOthersGiveNone() {
    assertTrue(lines("np.log(a)")[2].contains("random in (0, 1)"));
    assertTrue(lines("np.exp(a)")[2].contains("random in [-1, 1)"));
    Program.Outcome never = new Program(folder).run("port", "np.log(-np.exp(a))");
    assertEquals(2, never.status());
    assertTrue(never.err().contains("no finite numbers"), never.err());
  }

  @Test
  void importsStandBefore() {
    String[] lines = lines("c = torch.relu(a @ b)", "--imports");
    assertEquals("import io.github.einblas.Tensor;", lines[0]);
    assertEquals("import io.github.einblas.TensorMath;", lines[1]);
    assertEquals("import io.github.einblas.TensorOps;", lines[2]);
    assertEquals("Tensor c = TensorMath.relu(TensorOps.matmul(a, b));", lines[4]);
  }

  @Test
  void json() {
    JsonObject object =
        JsonParser.parseString(String.join("\n", lines("a @ b", "--json", "--dtype", "f32")))
            .getAsJsonObject();
    assertEquals("TensorOps.matmul(a, b)", object.get("java").getAsString());
    assertEquals(
        "io.github.einblas.TensorOps", object.getAsJsonArray("imports").get(0).getAsString());
    assertEquals("[2,3]", object.getAsJsonObject("operands").get("a").toString());
    assertEquals("F32", object.get("dtype").getAsString());
    assertEquals("[2,4]", object.get("shape").toString());
    assertTrue(object.get("equal").getAsBoolean());
    assertTrue(object.get("largestError").getAsDouble() <= object.get("tolerance").getAsDouble());
  }

  // ---- proofs that fail

  private record Wrong(int status, String out, String err) {}

  /** Runs the command with another run of the line. */
  private static Wrong wrong(PortProof.Runner runner, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
    Streams io = new Streams(InputStream.nullInputStream(), out, errors, false);
    CommandLine line = new CommandLine(new PortCommand(io, runner));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler((e, command, parsed) -> Failures.report(e, io, false));
    int status = line.execute(args);
    io.written();
    return new Wrong(
        status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aWrongElementIsFound() {
    Wrong wrong =
        wrong(
            (line, operands) -> {
              Tensor result = line.run(operands);
              result.set(result.get(1, 2) + 1e-13, 1, 2);
              return result;
            },
            "a @ b");
    assertEquals(1, wrong.status);
    assertTrue(wrong.out.contains("NOT EQUAL to plain loops"), wrong.out);
    assertTrue(wrong.err.contains("element [1, 2] is "), wrong.err);
  }

  @Test
  void anotherFunctionOfTheSameShapeIsFound() {
    for (String call :
        List.of("np.exp(a)", "torch.softmax(a, 0)", "a.T.T", "a + b", "np.cumsum(a, 1)")) {
      Wrong wrong =
          wrong((line, operands) -> TensorMath.tanh(line.run(operands)), call, "--dtype", "bf16");
      assertEquals(1, wrong.status, call + wrong.out + wrong.err);
    }
  }

  @Test
  void anotherShapeAndAnotherTypeAreFound() {
    Wrong shape = wrong((line, operands) -> line.run(operands).transpose(), "a @ b");
    assertEquals(1, shape.status);
    assertTrue(shape.err.contains("it has the shape [4, 2], by plain loops [2, 4]"), shape.err);
    Wrong type =
        wrong(
            (line, operands) -> line.run(operands).to(io.github.einblas.DType.F64),
            "a.argmax(axis=0)");
    assertEquals(1, type.status);
    assertTrue(type.err.contains("it is of type F64, not I64"), type.err);
  }

  @Test
  void noNumberIsFound() {
    Wrong wrong =
        wrong(
            (line, operands) -> {
              Tensor result = line.run(operands);
              result.set(Double.NaN, 0, 0);
              return result;
            },
            "a @ b",
            "--json");
    assertEquals(1, wrong.status);
    assertFalse(
        JsonParser.parseString(wrong.out).getAsJsonObject().get("equal").getAsBoolean(), wrong.out);
  }

  // ---- refusals

  @Test
  void refusalsNameThePart() throws IOException {
    Program program = new Program(folder);
    program.refused(
        "np.einsun is not supported; did you mean np.einsum?", "port", "np.einsun('ij', a)");
    program.refused(
        "the method .permut is not supported; did you mean permute?", "port", "a.permut(1, 0)");
    program.refused("np.fft.fft is not supported", "port", "np.fft.fft(a)");
    program.refused(
        "keyword axes of np.sum is not supported; supported: np.sum(a, [axis], [keepdims]); did you"
            + " mean axis?",
        "port",
        "np.sum(a, axes=1)");
    program.refused("keyword out of np.exp", "port", "np.exp(a, out=b)");
    program.refused("np.matmul lacks b", "port", "np.matmul(a)");
    program.refused("np.matmul has an argument too many", "port", "np.matmul(a, b, c)");
    program.refused("(character 5: 2j)", "port", "a * 2j");
  }

  @Test
  void refusalsOfCharacters() throws IOException {
    Program program = new Program(folder);
    program.refused(
        "has no ' at its end (character 11: 'ij->ji, a))", "port", "np.einsum('ij->ji, a)");
    program.refused("')' is missing for what opens here", "port", "np.exp(a");
    program.refused("')' was expected, not ']'", "port", "np.exp(a]");
    program.refused("texts stand between ' or \"", "port", "np.einsum(‘ij’, a)");
    program.refused("unexpected character U+0000", "port", "a\0b");
    program.refused("the call is empty", "port", "  ");
    program.refused("the line ends where a value is missing", "port", "a @");
    program.refused("'lambda' is not supported", "port", "lambda x: x");
    program.refused("one call was expected to end before 'b'", "port", "a b");
    program.refused("unpacked arguments", "port", "np.einsum('ij', *a)");
    program.refused("np is a module", "port", "np");
    program.refused("'new' is a word of Java", "port", "np.exp(new)");
  }

  @Test
  void refusalsOfShapes() throws IOException {
    Program program = new Program(folder);
    program.refused(
        "2x3 and 4x5 do not agree in a matrix product", "port", "a @ b", "--shapes", "a=2x3,b=4x5");
    program.refused("has no tensor 'c'; it has a, b", "port", "a @ b", "--shapes", "c=2x3");
    program.refused("'2y3' is not lengths", "port", "a @ b", "--shapes", "a=2y3");
    program.refused("at most 20000000", "port", "a @ b", "--shapes", "a=100000x100000");
    program.refused("at most 20000000", "port", "a @ b", "--shapes", "a=3000x3000,b=3000x3000");
    program.refused("no index 7 of 2", "port", "a[7]", "--shapes", "a=2x3");
    program.refused(
        "one label has the lengths", "port", "np.einsum('ij,jk', a, b)", "--shapes", "a=2x3,b=2x3");
    program.refused("F32, F64, F16 or BF16, not C64", "port", "a @ b", "--dtype", "c64");
  }

  @Test
  void refusalsOfMeanings() throws IOException {
    Program program = new Program(folder);
    program.refused(
        "NumPy leaves the axes as they are and PyTorch exchanges", "port", "a.transpose(0, 1)");
    program.refused("by the error function", "port", "F.gelu(a, approximate='tanh')");
    program.refused("this gives indices", "port", "a.argmax(axis=0) + 1");
    program.refused("the right has a new axis", "port", "rearrange(a, 'i j -> i j k')");
    program.refused("an axis of the left is missing", "port", "rearrange(a, 'i j -> i')");
    program.refused("the length of k is missing", "port", "repeat(a, 'i j -> i j k')");
    program.refused("sum, mean, max and min", "port", "reduce(a, 'i j -> i', 'prod')");
    program.refused("of powers there are", "port", "a ** 3");
  }

  @Test
  void longAndDeepCallsAreRefused() throws IOException {
    Program program = new Program(folder);
    program.refused("nested deeper than", "port", "(".repeat(9_000) + "a" + ")".repeat(9_000));
    program.refused("nested deeper than", "port", "a" + "**-a".repeat(4_000));
    program.refused("more than 200 operations", "port", "a" + " + a".repeat(4_000));
    program.refused("more than 200 operations", "port", "a" + ".T".repeat(9_000));
    program.refused("at most 20000 are read", "port", "a".repeat(20_001));
    program.refused("nested deeper than", "port", "a" + "[[a".repeat(100));
    lines("a" + ".T".repeat(200));
    lines("+".repeat(40) + "a");
  }
}
