// The command line on a Spark of this process.
package io.github.einblas.spark.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkMainTest {
  @TempDir Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--master", "local[2]", "-c", "spark.driver.host=127.0.0.1"));
    out.reset();
    err.reset();
    return SparkMain.run(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        all.toArray(String[]::new));
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void filesGoInAndComeOut() throws IOException {
    String a = folder.resolve("a.npy").toString();
    try (Tensor t = Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3)) {
      t.writeNpy(Path.of(a));
    }
    for (String name : List.of("c.npy", "c.zarr", "c")) {
      String c = folder.resolve(name).toString();
      assertEquals(0, run("ij,kj->ik", a, a, "-o", c, "--chunk", "i=1,j=2"), errors());
      assertEquals(2, run("ij,kj->ik", a, a, "-o", c), "it is there already");
      assertTrue(errors().contains("is there already"), errors());
      assertEquals(0, run("ij,kj->ik", a, a, "-o", c, "--overwrite"), errors());
      assertEquals(0, run("ik->", c, "--method", "grid"), errors());
      assertTrue(out.toString(StandardCharsets.UTF_8).startsWith("155. shape=[]"), name);
    }
  }

  @Test
  void everyOptionInThePagesIsOneThatHelpKnows() throws IOException {
    assertEquals(0, run("--help"));
    String help = out.toString(StandardCharsets.UTF_8);
    Path root = Path.of(System.getProperty("einblas.root", "."));
    int calls = 0;
    for (String page : List.of("README.md", "docs/spark.md")) {
      Matcher call =
          Pattern.compile("\\./einblas spark ([^`\n]*)")
              .matcher(Files.readString(root.resolve(page)));
      while (call.find()) {
        calls++;
        Matcher option =
            Pattern.compile("(?<![\\w-])--?[a-zA-Z][\\w-]*")
                .matcher(call.group(1).replaceAll("'[^']*'", ""));
        while (option.find()) {
          assertTrue(help.contains(option.group()), page + ": " + option.group());
        }
      }
    }
    assertTrue(calls > 2, "only " + calls + " calls");
  }

  @Test
  void explainRunsNothing() {
    assertEquals(
        0,
        run("ij,jk->ik", "random:100000x100000", "random:100000x100000:f64:7", "--explain"),
        errors());
    String text = out.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("ij,jk->ik on Spark") && text.contains("shuffled"), text);
  }

  @Test
  void nonsenseIsOneLineAndStatusTwo() {
    String[][] bad = {
      {"ij,jk->ik", "random:4x4"},
      {"ij,jk->ik", "random:4x4", "random:5x5"},
      {"ij,jk->iz", "random:4x4", "random:4x4"},
      {"ij->i", folder.resolve("none.npy").toString()},
      {"ij->i", folder.toString()},
      {"ij->i", "random:4x4", "--chunk", "x=3"},
      {"ij->i", "random:4x4", "--chunk", "i=0"},
      {"ij->i", "random:4x4", "--chunk", "i"},
      {"ij->i", "random:4x4", "--task-memory", "much"},
      {"ij->i", "random:4x4", "--task-memory", "1"},
      {"ij->i", "random:4x4", "--method", "magic"},
      {"ij->i", "random:4x4", "--wrong"},
    };
    for (String[] args : bad) {
      assertEquals(2, run(args), String.join(" ", args) + ": " + errors());
      String last = errors().strip();
      last = last.substring(last.lastIndexOf('\n') + 1);
      assertTrue(last.startsWith("einblas: ") && !last.contains("Exception"), errors());
      assertEquals(0, out.size());
    }
    assertEquals(2, run("ij->i", "random:4x4", "--task-memory", "1", "--verbose"));
    assertTrue(errors().contains("\tat "), errors());
  }
}
