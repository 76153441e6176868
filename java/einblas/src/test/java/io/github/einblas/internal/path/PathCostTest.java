// Path search beside opt_einsum: operations of AUTO on its examples, the corpus and random
// networks.
package io.github.einblas.internal.path;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.PlanOptions;
import io.github.einblas.PlanOptions.CostModel;
import io.github.einblas.PlanOptions.Strategy;
import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.equation.Labels;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PathCostTest {
  /** One line of opt_einsum_costs.tsv, which opt_einsum_costs.py writes. */
  record Case(String name, int[][] operands, int[] output, long[][] shapes, double cost) {
    static Case of(String line) {
      String[] fields = line.split("\t");
      String[] sides = fields[1].split("->", -1);
      return new Case(
          fields[0] + " " + fields[1],
          Arrays.stream(sides[0].split(",", -1)).map(Case::numbers).toArray(int[][]::new),
          numbers(sides[1]),
          Arrays.stream(fields[2].split(";", -1)).map(Case::shape).toArray(long[][]::new),
          Double.parseDouble(fields[3]));
    }

    private static int[] numbers(String term) {
      return term.isEmpty()
          ? new int[0]
          : Arrays.stream(term.split("\\.")).mapToInt(Integer::parseInt).toArray();
    }

    private static long[] shape(String term) {
      return term.isEmpty()
          ? new long[0]
          : Arrays.stream(term.split("x")).mapToLong(Long::parseLong).toArray();
    }

    Equation equation() {
      return new Equation.Numbers(operands, output)
          .parse(Arrays.stream(shapes).mapToInt(s -> s.length).toArray());
    }
  }

  static Stream<Case> cases() throws IOException {
    try (InputStream in = PathCostTest.class.getResourceAsStream("/paths/opt_einsum_costs.tsv")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(Case::of);
    }
  }

  /** Operations of the pairs, and of the sums over labels of one operand before them. */
  private static double flops(Case c, PlanOptions options) {
    Equation e = c.equation();
    Labels labels = new Labels(e, e.lengths(c.shapes), c.shapes);
    double flops =
        new Network(labels).tree(PathChoice.of(labels, options).pairs(), PathCost.FLOPS).cost;
    int[] users = labels.users();
    for (BitSet operand : labels.operands) {
      flops += operand.stream().anyMatch(l -> users[l] == 1) ? labels.size(operand) : 0;
    }
    return flops;
  }

  private static List<String> worse(Stream<Case> cases, PlanOptions options) {
    return cases
        .filter(c -> flops(c, options) > c.cost * (1 + 1e-9))
        .map(c -> c.name + ": " + flops(c, options) + " instead of " + c.cost)
        .toList();
  }

  @Test
  void neverMoreOperationsThanOptEinsum() throws IOException {
    List<String> worse = worse(cases(), PlanOptions.DEFAULT.withCostModel(CostModel.FLOPS));
    assertTrue(worse.isEmpty(), () -> String.join("\n", worse));
  }

  @Test
  void norWithTheKernelsModelOnTheCorpusAndPublishedExamples() throws IOException {
    // On large random networks the model may, by design, spend more operations to take less time.
    List<String> worse =
        worse(cases().filter(c -> !c.name.startsWith("random")), PlanOptions.DEFAULT);
    assertTrue(worse.isEmpty(), () -> String.join("\n", worse));
  }

  @Test
  void dynamicIsOptimalWhereThatHasNoOuterProducts() throws IOException {
    // Chains of matrices: both searches take any number of pairs, and no outer product is cheaper.
    for (Case c :
        cases().filter(c -> c.name.startsWith("chain") && c.operands.length <= 14).toList()) {
      double optimal = flops(c, with(Strategy.OPTIMAL));
      double dynamic = flops(c, with(Strategy.DYNAMIC));
      assertTrue(dynamic == optimal, () -> c.name + ": " + dynamic + ", optimal " + optimal);
    }
  }

  private static PlanOptions with(Strategy strategy) {
    return PlanOptions.DEFAULT.withStrategy(strategy).withCostModel(CostModel.FLOPS);
  }
}
