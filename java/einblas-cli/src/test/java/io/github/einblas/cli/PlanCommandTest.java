// Test: plans searched for, kept in files, run and explained again, with orders of other programs.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.EinsumPlan;
import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PlanCommandTest {
  private static final String[] CHAIN = {"ij,jk,kl->il", "30x40", "40x50", "50x20"};

  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void program() {
    program = new Program(folder);
  }

  private static String[] plan(String... more) {
    return with(with(new String[] {"plan"}, CHAIN), more);
  }

  private static String[] with(String[] arguments, String... more) {
    return Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new);
  }

  private EinsumPlan saved(String name) throws IOException {
    return EinsumPlan.fromJson(Files.readString(program.path(name)));
  }

  private String write(String name, String text) throws IOException {
    Files.writeString(program.path(name), text);
    return "@" + name;
  }

  @Test
  void sayWhatIsFound() {
    String out = program.done(plan("--dtype", "f64")).out();
    assertTrue(out.contains("path      (") && out.contains("FLOP"), out);
    assertTrue(out.contains("#2        [50, 20] F64"), out);
    assertFalse(out.contains("\nstep 1"), out);
    String json = program.done(plan("--json")).out();
    assertTrue(json.contains("\"pathOrigin\"") && json.contains("\"steps\""), json);
    String many = ",".repeat(99) + "->";
    String[] scalars = with(new String[] {"plan", many}, "scalar ".repeat(100).split(" "));
    String cut = program.done(scalars).out();
    assertTrue(cut.contains("100 operands") && cut.contains(" ... "), cut);
    assertTrue(cut.lines().allMatch(l -> l.length() <= 160), cut);
  }

  @Test
  void keptAndRun() throws IOException {
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3));
    program.put("b.npy", Tensor.of(new double[] {1, 0, 2, -1, 0, 3}, 3, 2));
    String[] search = {
      "plan", "ij,jk->ik", "2x3", "3x2", "--dtype", "f64", "--time", "10ms", "--seed", "7"
    };
    program.done(with(search, "-o", "@plan.json"));
    program.done("einsum", "--plan", "@plan.json", "@a.npy", "@b.npy", "-o", "@c.npy");
    assertArrayEquals(new double[] {5, 7, 14, 13}, program.get("c.npy"));
    byte[] piped = program.done(with(search, "-o", "-")).bytes();
    assertArrayEquals(Files.readAllBytes(program.path("plan.json")), piped);
    program.withInput(piped).done("einsum", "@a.npy", "@b.npy", "--plan", "-", "-o", "@d.npy");
    assertArrayEquals(new double[] {5, 7, 14, 13}, program.get("d.npy"));
    String explained = program.done("explain", "--plan", "@plan.json").out();
    assertTrue(explained.contains("ij,jk->ik") && explained.contains("step 1"), explained);
    assertTrue(program.done("explain", "--plan", "@plan.json", "--dot").out().contains("digraph"));
    assertEquals(7, saved("plan.json").options().seed());
  }

  @Test
  void operandsThatDoNotFitAPlan() throws IOException {
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4, 5, 6}, 2, 3));
    program.put("f.npy", Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
    program.done("plan", "ij,jk->ik", "2x3", "3x2", "--dtype", "f64", "-o", "@p.json");
    String[] run = {"einsum", "--plan", "@p.json", "-o", "@c.npy"};
    program.refused("\"ij,jk->ik\" needs 2 operands, got 1", with(run, "@a.npy"));
    program.refused("needs 2 operands, got 0", run);
    program.refused(
        "operand 1 must be [3, 2] F64, and is [2, 3] F64", with(run, "@a.npy", "@a.npy"));
    program.refused(
        "operand 1 must be [3, 2] F64, and is [3, 2] F32", with(run, "@a.npy", "@f.npy"));
    program.refused("--path is for einblas plan", with(run, "@a.npy", "@a.npy", "--path", "auto"));
    program.refused("given once", "einsum", "--plan", "-", "-", "@a.npy");
    program.refused("no such file", "einsum", "--plan", "@absent.json", "@a.npy", "@f.npy");
    program.refused("a.npy: ", "einsum", "--plan", "@a.npy", "@a.npy", "@f.npy");
    program.refused("EQUATION is not for it", "explain", "--plan", "@p.json", "ij->ij");
    program.refused("--dtype is not for it", "explain", "--plan", "@p.json", "--dtype", "f32");
    program.refused("--memory-limit", "explain", "--plan", "@p.json", "--memory-limit", "1M");
    String damaged =
        write("bad.json", Files.readString(program.path("p.json")).replace("[[0,1]]", "[[0,2]]"));
    program.refused("bad.json: not a saved plan", "einsum", "--plan", damaged, "@a.npy", "@f.npy");
    program.refused("missing", "explain");
    program.refused("SHAPE", "explain", "ij->ji");
  }

  @Test
  void ordersOfOtherPrograms() throws IOException {
    String linear = write("linear.txt", "[(1, 2), (0, 1)]");
    program.done(plan("--path", linear, "-o", "@p.json"));
    assertEquals("[[1, 2], [0, 3]]", Arrays.deepToString(saved("p.json").path()));
    for (String format : List.of("linear", "ssa", "tree")) {
      program.done(plan("--path", linear, "--path-out", "@out", "--path-out-format", format));
      program.done(plan("--path", "@out", "-o", "@q.json"));
      program.done(plan("--path", "@out", "--path-format", format, "-o", "@q.json"));
      assertArrayEquals(saved("p.json").path(), saved("q.json").path(), format);
    }
    assertEquals(
        "[[1,2],[0,1]]\n", program.done(plan("--path", "(1,2)(0,3)", "--path-out", "-")).out());
    String text = program.done(plan("--path", "[[2,1],[0,3]]", "--path-out", "-")).out();
    assertEquals("[[1,2],[0,1]]\n", text);
    program.put("a.npy", Tensor.of(new double[] {1, 2}, 1, 2));
    program.put("b.npy", Tensor.of(new double[] {3, 4}, 2, 1));
    program.done(
        "einsum", "ij,jk,kl->il", "@a.npy", "@b.npy", "@a.npy", "--path", linear, "-o", "@c.npy");
    assertArrayEquals(new double[] {11, 22}, program.get("c.npy"));
    program.refused("not for 'greedy'", plan("--path", "greedy", "--path-format", "ssa"));
    program.refused("which is not given", plan("--path-format", "ssa"));
    program.refused("linear.txt: pair 1", plan("--path", linear, "--path-format", "ssa"));
    program.refused("no such file", plan("--path", "@absent.json"));
    program.refused("is a directory", plan("--path", folder.toString()));
    program.refused("--path-format", plan("--path", linear, "--path-format", "graph"));
    Files.write(program.path("binary"), new byte[] {(byte) 0xff, (byte) 0xfe});
    program.refused("no text in UTF-8", plan("--path", "@binary"));
  }

  @Test
  void instancesAsFiles() throws IOException {
    String eq = "{\"equation\": \"ab,bc->ac\", ";
    String[][] fitting = {
      {"\"sizes\": 3}", "[3, 3] F32"},
      {"\"sizes\": [2, 3, 4], \"dtype\": \"complex128\"}", "[3, 4] C128"},
      {"\"sizes\": {\"a\": 2, \"b\": 3, \"c\": 4}, \"dtype\": \"i64\"}", "[3, 4] I64"},
      {"\"shapes\": [[2, 3], [3, 4]], \"dtype\": [\"float64\", \"f32\"]}", "[3, 4] F32"}
    };
    for (String[] each : fitting) {
      String file = write("one.json", eq + each[0]);
      assertTrue(program.done("plan", file).out().contains(each[1]), each[0]);
      byte[] bytes = Files.readAllBytes(program.path("one.json"));
      assertTrue(program.withInput(bytes).done("plan", "-").out().contains(each[1]), each[0]);
    }
    String bare = write("bare.json", eq + "\"name\": \"x\"}");
    assertTrue(program.done("plan", bare, "2x3", "3x4").out().contains("[3, 4] F32"));
    program.refused("bare.json: it has no \"sizes\" or \"shapes\"", "plan", bare);
    String one = write("one.json", eq + "\"sizes\": 3, \"dtype\": \"f64\"}");
    assertTrue(program.done("plan", one, "--dtype", "f32").out().contains("[3, 3] F32"));
    program.refused("so none can be given", "plan", one, "3x3", "3x3");
    program.refused("no \"instances\"", "plan", one, "--instance", "x");
    program.refused("--instance is for", plan("--instance", "x"));
    program.refused("SHAPE", "plan", "ij->ji");
    program.refused("no such file", "plan", "@absent.json");
    for (String[] each :
        new String[][] {
          {"\"sizes\": [2, 3]}", "2 lengths for 3 labels"},
          {"\"sizes\": {\"a\": 2, \"b\": 3}}", "no length of label 'c'"},
          {"\"sizes\": -1}", "\"sizes\" must be a whole number"},
          {"\"sizes\": \"many\"}", "\"sizes\" must be"},
          {"\"sizes\": 2, \"shapes\": [[2]]}", "both"},
          {"\"shapes\": [[2, 3]]}", "ab,bc->ac"},
          {"\"sizes\": 2, \"dtype\": \"f8\"}", "such as float64"},
          {"\"sizes\": 2, \"sizes\": 3}", "stands twice"},
          {"\"sizes\": 2", "no JSON"}
        }) {
      program.refused(each[1], "plan", write("one.json", eq + each[0]));
    }
    program.refused(
        "ellipsis", "plan", write("one.json", "{\"equation\":\"...->...\",\"sizes\":2}"));
    program.refused("\"equation\" is missing", "plan", write("one.json", "{}"));
    program.refused("must be an object", "plan", write("one.json", "[]"));
    String several =
        write(
            "several.json",
            "{\"instances\": [{\"name\": \"x\", \"equation\": \"a->\", \"sizes\": 5},"
                + " {\"name\": \"y\", \"equation\": \"b->b\", \"sizes\": [6]}]}");
    assertTrue(program.done("plan", several, "--instance", "y").out().contains("b->b"));
    program.refused("chooses one of x, y", "plan", several);
    program.refused("no instance named z, but x, y", "plan", several, "--instance", "z");
  }

  @Test
  void searchesThatCannotBe() throws IOException {
    program.refused("more than 0", plan("--time", "0s", "-o", "@p.json"));
    program.refused("at most an hour", plan("--time", "2h"));
    program.refused("'soon'", plan("--time", "soon"));
    program.refused("from 1 on", plan("--rounds", "0"));
    program.refused("1000000", plan("--rounds", "2000000"));
    program.refused("--path gives the order", plan("--path", "(0,1)(3,2)", "--time", "1s"));
    program.refused("not for optimal", plan("--path", "optimal", "--rounds", "3"));
    program.refused("standard output alone", plan("-o", "-", "--json"));
    program.refused("standard output alone", plan("-o", "-", "--path-out", "-"));
    program.refused("is a directory", plan("-o", folder.toString()));
    program.refused("no directory", plan("-o", "@absent/plan.json"));
    program.refused("'j'", "plan", "ij,jk->ik", "2x3", "4x5", "-o", "@p.json");
    String before = write("p.json", "mine");
    program.run("plan", "ij,jk->ik", "2x3", "4x5", "-o", before);
    assertEquals("mine", Files.readString(program.path("p.json")));
  }

  @Test
  void unitsOfTime() throws IOException {
    for (String[] time :
        new String[][] {{"2ms", "2000000"}, {"0.01", "10000000"}, {"0.0005m", "30000000"}}) {
      program.done(plan("--time", time[0], "-o", "@p.json"));
      String json = Files.readString(program.path("p.json"));
      assertTrue(json.contains("\"searchNanos\":" + time[1] + ","), json);
    }
    program.done(plan("--rounds", "2", "-o", "@p.json"));
    assertTrue(
        Files.readString(program.path("p.json"), StandardCharsets.UTF_8)
            .contains("\"searchRounds\":2"));
    assertEquals(DType.F32, saved("p.json").dtype());
  }
}
