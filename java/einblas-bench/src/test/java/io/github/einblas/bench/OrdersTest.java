// Tests: instances are read, and orders counted as those count who published the figures.
package io.github.einblas.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class OrdersTest {
  /** A chain, a hyperedge with a result, and a label that one operand alone has. */
  private static final String FILE =
      """
      {"instances": [
        {"name": "chain", "dtype": "float64", "equation": "ab,bc,cd->ad", "sizes": [2, 3, 4, 5],
         "paths": {"given": {"log10_flops": 1.9445, "log2_largest": 3.322, "path": [[0, 1], [0, 1]]}}},
        {"name": "star", "dtype": "float32", "equation": "a,a,ab->a", "sizes": 10, "plan_only": true,
         "published": {"orders": {"best": [6.9, 3.32, 0.1, "Treewidth"]}}},
        {"name": "bare", "dtype": "complex64", "equation": "\u00e0b,b->\u00e0", "sizes": 2}
      ]}
      """;

  @TempDir Path folder;

  private List<OrderInstance> read(String text) throws IOException {
    Path file = folder.resolve("instances.json");
    Files.writeString(file, text);
    return OrderInstance.read(file);
  }

  @Test
  void instances() throws IOException {
    List<OrderInstance> all = read(FILE);
    OrderInstance chain = all.get(0);
    assertEquals("[[2, 3], [3, 4], [4, 5]]", Arrays.deepToString(chain.shapes()));
    assertEquals("[[0, 1], [2, 3]]", Arrays.deepToString(chain.paths().get("given")));
    assertArrayEquals(new int[] {0, 3}, chain.output());
    assertEquals(new OrderInstance.Published("given", 1.9445, 3.322, true), chain.published());
    assertTrue(all.get(1).planOnly());
    assertEquals("Treewidth", all.get(1).published().who());
    assertEquals(DType.C64, all.get(2).dtype());
    assertNull(all.get(2).published());
  }

  @Test
  void placesBecomeSlots() {
    int[][] places = {{1, 3}, {0, 2}, {1, 0}};
    assertEquals("[[1, 3], [0, 4], [2, 5]]", Arrays.deepToString(OrderInstance.slots(4, places)));
    for (int[][] wrong : new int[][][] {{{0, 3}}, {{0, 0}}, {{0}}, {{0, 1}}, {{0, 1}, {0, 2}}}) {
      assertThrows(IllegalArgumentException.class, () -> OrderInstance.slots(3, wrong));
    }
  }

  @Test
  void twiceWhereAStepSums() throws IOException {
    OrderInstance chain = read(FILE).get(0);
    OrderCount left = OrderCount.of(chain, new int[][] {{0, 1}, {3, 2}});
    assertEquals(new OrderCount(2 * 24 + 2 * 40, 24 + 40, 10), left);
    OrderCount right = OrderCount.of(chain, new int[][] {{1, 2}, {0, 3}});
    assertEquals(new OrderCount(2 * 60 + 2 * 30, 60 + 30, 15), right);
    assertEquals(128 / Math.pow(10, 1.9445), left.over(chain.published()), 1e-9);
  }

  @Test
  void onceWhereItDoesNot() throws IOException {
    OrderInstance star = read(FILE).get(1);
    // a,a->a sums nothing; a,ab->a sums b.
    OrderCount count = OrderCount.of(star, new int[][] {{0, 1}, {2, 3}});
    assertEquals(new OrderCount(10 + 2 * 100, 10 + 100, 10), count);
    assertEquals(110 / Math.pow(2, 6.9), count.over(star.published()), 1e-9);
  }

  /** The figures of the file that the project keeps beside its checkout. */
  @Test
  void publishedFigures() throws IOException {
    Path file = Path.of("../../../shared/einsum_benchmark_instances.json");
    assumeTrue(Files.exists(file), "no " + file);
    JsonArray texts =
        JsonParser.parseString(Files.readString(file))
            .getAsJsonObject()
            .getAsJsonArray("instances");
    List<OrderInstance> all = OrderInstance.read(file);
    int counted = 0;
    for (int i = 0; i < all.size(); i++) {
      OrderInstance instance = all.get(i);
      for (String name : instance.paths().keySet()) {
        JsonObject figures =
            texts.get(i).getAsJsonObject().getAsJsonObject("paths").getAsJsonObject(name);
        OrderCount count = OrderCount.of(instance, instance.paths().get(name));
        String what = instance.name() + ", " + name;
        double log10 = figures.get("log10_flops").getAsDouble();
        assertEquals(log10, Math.log10(count.operations()), 1e-3, what);
        double log2 = figures.get("log2_largest").getAsDouble();
        assertEquals(log2, Math.log(count.largest()) / Math.log(2), 1e-3, what);
        counted++;
      }
    }
    assertTrue(counted > 10, () -> "only few orders in " + file);
  }

  @Test
  void filesThatAreNone() {
    for (String wrong :
        new String[] {
          "",
          "[]",
          "{}",
          "{\"instances\": [{}]}",
          "{\"instances\": [{\"name\": \"x\"}]}",
          FILE.replace("[2, 3, 4, 5]", "[2, 3]"),
          FILE.replace("float64", "f8"),
          FILE.replace("[[0, 1], [0, 1]]", "[[0, 1], [0, 5]]"),
          FILE.replace("->ad", "")
        }) {
      assertThrows(IllegalArgumentException.class, () -> read(wrong), wrong);
    }
  }

  private int run(String... options) {
    return new CommandLine(new Orders()).execute(options);
  }

  @Test
  void theTable() throws IOException {
    read(FILE.replace("\u00e0", "x"));
    String file = folder.resolve("instances.json").toString();
    String root = folder.toString();
    assertEquals(0, run("--root", root, "--instances", file, "--python", "no-such-python"));
    Path results = folder.resolve("java/einblas-bench/target/rivals");
    String table = Files.readString(results.resolve("orders.md"));
    assertTrue(table.contains("| chain | 3 | AUTO | "), table);
    assertTrue(table.contains("| 2.11 | 3.3 | 1.94 | 1.45 |"), table);
    assertTrue(table.contains("`tc`"), table);
    assertTrue(table.contains("| star | too large to run | | | | |"), table);
    assertTrue(
        table.lines().anyMatch(l -> l.matches("\\| bare \\| [0-9.e-]+ \\|  \\|  \\|  \\|  \\|")),
        table);
    assertTrue(Files.readString(results.resolve("orders.json")).contains("\"name\": \"star\""));
    assertEquals(2, run("--root", root, "--instances", folder.resolve("absent.json").toString()));
    assertEquals(2, run("--root", root));
  }
}
