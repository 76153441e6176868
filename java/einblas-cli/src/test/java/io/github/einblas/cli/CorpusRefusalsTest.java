// What the corpus says must be refused, by the command line: one line, exit 2, an existing output
// untouched.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CorpusRefusalsTest {
  private static final Pattern EXPRESSION = Pattern.compile("\"expression\": \"([^\"\\\\]*)\"");
  private static final Pattern INPUT =
      Pattern.compile("\"dtype\": \"(\\w+)\"[^{}]*?\"shape\": \\[([0-9, ]*)\\]");

  @TempDir Path folder;

  /** The cases of einsum; the manifest has one case in each line. */
  private static List<String> cases() throws IOException {
    String property = System.getProperty("einblas.corpus");
    Path corpus =
        Path.of(property != null ? property : "../einblas/src/test/resources/corpus")
            .resolve("golden/manifest.json");
    return Files.readAllLines(corpus).stream()
        .filter(l -> l.contains("\"kind\": \"einsum_error\"") && !l.contains("\"out\":"))
        .toList();
  }

  @Test
  void einsumRefusesWhatTheCorpusRefuses() throws IOException {
    Program program = new Program(folder);
    byte[] old = {1, 2, 3};
    Files.write(program.path("out.npy"), old);
    int run = 0;
    for (String line : cases()) {
      Matcher expression = EXPRESSION.matcher(line);
      List<String> args = new ArrayList<>(List.of("einsum"));
      if (!expression.find()) {
        continue;
      }
      args.addAll(List.of("-o", "@out.npy", "--", expression.group(1)));
      if (!inputs(program, line, args)) {
        continue;
      }
      program.refused("", args.toArray(String[]::new));
      assertArrayEquals(old, Files.readAllBytes(program.path("out.npy")), line);
      run++;
    }
    assertTrue(run >= 40 || System.getProperty("einblas.corpus") != null, run + " cases only");
  }

  /** Writes the operands; false where there is none, or one that is neither F32 nor F64. */
  private static boolean inputs(Program program, String line, List<String> args)
      throws IOException {
    Matcher input = INPUT.matcher(line.substring(line.indexOf("\"inputs\"")));
    int n = 0;
    while (input.find()) {
      if (!input.group(1).matches("f32|f64")) {
        return false;
      }
      DType dtype = input.group(1).equals("f32") ? DType.F32 : DType.F64;
      long[] shape =
          Arrays.stream(input.group(2).split(",\\s*"))
              .filter(s -> !s.isBlank())
              .mapToLong(Long::parseLong)
              .toArray();
      String name = "op" + n++ + ".npy";
      program.put(name, Tensor.ones(dtype, shape));
      args.add("@" + name);
    }
    return n > 0;
  }
}
