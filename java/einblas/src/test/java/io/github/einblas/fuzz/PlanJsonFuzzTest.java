package io.github.einblas.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import io.github.einblas.Einsum;
import io.github.einblas.EinsumPlan;
import io.github.einblas.PlanOptions;
import io.github.einblas.Sublist;
import io.github.einblas.Tensor;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/**
 * Saved plans with a few changes: read as a plan that runs right, or refused with our own words.
 */
class PlanJsonFuzzTest {
  private static final String[] NUMBERS = {
    "-1",
    "0",
    "1",
    "2",
    "3",
    "7",
    "2.7",
    "1e9999",
    "1e999999999",
    "-0",
    "00",
    "4294967297",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "NaN",
    "null",
    "true",
    "\"1\"",
    "[]",
    "{}",
    "[[0,1]]",
    "1e2",
    "99999999999999999999999999"
  };

  private static String[] plans() {
    EinsumPlan chain =
        Einsum.plan(
            "ij,jk,kl->il", DType.F64, new long[] {3, 4}, new long[] {4, 2}, new long[] {2, 3});
    EinsumPlan cut =
        Einsum.plan(
            "ij,jk->ik",
            PlanOptions.DEFAULT.withThreads(1).withMemoryLimit(20_000),
            DType.F64,
            new long[] {40, 50},
            new long[] {50, 40});
    EinsumPlan given =
        Einsum.plan(
            "...i,ij,j->...",
            PlanOptions.DEFAULT
                .withPath(new int[][] {{1, 0}, {2, 3}})
                .withStrategy(PlanOptions.Strategy.RANDOM_GREEDY),
            DType.F32,
            new long[] {2, 3},
            new long[] {3, 4},
            new long[] {4});
    EinsumPlan numbered =
        Einsum.plan(
            new int[] {7, Sublist.ELLIPSIS},
            Sublist.of(Tensor.ones(DType.F64, 3, 2), 7, Sublist.ELLIPSIS),
            Sublist.of(Tensor.ones(DType.F64, 3), 7));
    EinsumPlan mixed =
        Einsum.plan(
            "ij,jk,k->ik",
            PlanOptions.DEFAULT.withOutputType(DType.F32),
            List.of(DType.BF16, DType.F16, DType.F32),
            new long[] {3, 4},
            new long[] {4, 2},
            new long[] {2});
    return new String[] {
      chain.toJson(),
      cut.toJson(),
      given.toJson(),
      numbered.toJson(),
      mixed.toJson(),
      chain.gradient(1).toJson()
    };
  }

  private static String mutated(Random random, String[] plans) {
    StringBuilder s = new StringBuilder(plans[random.nextInt(plans.length)]);
    for (int changes = 1 + random.nextInt(3); changes > 0 && s.length() > 0; changes--) {
      int at = random.nextInt(s.length());
      switch (random.nextInt(8)) {
        case 0 -> s.setCharAt(at, (char) (32 + random.nextInt(95)));
        case 1 -> s.deleteCharAt(at);
        case 2 -> s.delete(at, Math.min(s.length(), at + 1 + random.nextInt(30)));
        case 3 -> number(random, s, at);
        case 4 -> {
          int end = Math.min(s.length(), at + 1 + random.nextInt(40));
          s.insert(random.nextInt(s.length()), s.substring(at, end));
        }
        case 5 -> type(random, s, at);
        case 6 ->
            s.insert(at, (random.nextBoolean() ? "[" : "{\"of\":").repeat(random.nextInt(3000)));
        default -> s.insert(at, s.charAt(random.nextInt(s.length())));
      }
    }
    return s.toString();
  }

  /** Puts another value in the place of a number. */
  private static void number(Random random, StringBuilder s, int from) {
    int begin = from;
    while (begin < s.length() && !Character.isDigit(s.charAt(begin))) {
      begin++;
    }
    int end = begin;
    while (end < s.length() && Character.isDigit(s.charAt(end))) {
      end++;
    }
    s.replace(begin, end, NUMBERS[random.nextInt(NUMBERS.length)]);
  }

  /** Puts another number type in the place of one. */
  private static void type(Random random, StringBuilder s, int from) {
    DType[] all = DType.values();
    for (DType old : all) {
      String quoted = '"' + old.name() + '"';
      int begin = s.indexOf(quoted, from);
      if (begin >= 0) {
        String name = all[random.nextInt(all.length)].name();
        s.replace(begin, begin + quoted.length(), '"' + name + '"');
        return;
      }
    }
  }

  /** Without a limit: one that nothing fits is refused when the plan is run. */
  private static boolean isSmall(EinsumPlan plan) {
    return plan.flops() < 1e6
        && plan.options().memoryLimit() == Long.MAX_VALUE
        && Views.size(plan.outputShape()) < 10_000
        && Arrays.stream(plan.shapes()).allMatch(shape -> Views.size(shape) < 10_000);
  }

  /** The plan of the same types and shapes that was never saved. */
  private static EinsumPlan fresh(EinsumPlan plan) {
    PlanOptions options = PlanOptions.DEFAULT.withOutputType(plan.options().outputType());
    return Einsum.plan(plan.equation(), options, plan.operandTypes(), plan.shapes());
  }

  private static double[] run(EinsumPlan plan) {
    Tensor[] in = new Tensor[plan.shapes().length];
    for (int i = 0; i < in.length; i++) {
      DType type = plan.operandTypes().get(i);
      in[i] = Tensor.full(type, type.isBool() ? 1 : 2, plan.shapes()[i]);
    }
    try (Tensor out = plan.run(in);
        Tensor wide = out.to(DType.C128)) {
      return DoubleStream.concat(
              Arrays.stream(wide.real().toDoubleArray()),
              Arrays.stream(wide.imag().toDoubleArray()))
          .toArray();
    } finally {
      Arrays.stream(in).forEach(Tensor::close);
    }
  }

  @Test
  void mutatedPlans() {
    String[] plans = plans();
    long[] read = new long[2];
    Fuzz.run(
        "plan-json",
        4000,
        seed -> {
          String json = mutated(new Random(seed), plans);
          EinsumPlan plan;
          try {
            plan = EinsumPlan.fromJson(json);
          } catch (IllegalArgumentException e) {
            read[1]++;
            assertTrue(e.getMessage().startsWith("not a saved plan: "), e::getMessage);
            return;
          }
          read[0]++;
          String saved = plan.toJson();
          assertTrue(EinsumPlan.fromJson(saved).equals(plan), json);
          if (isSmall(plan) && plan.options().kernel() == null && !saved.contains("gradientFor")) {
            EinsumPlan same = saved.contains("\"numbered\":true") ? plan : fresh(plan);
            assertArrayEquals(run(same), run(plan), 1e-300, json);
          }
        });
    System.out.println("plan-json: " + read[0] + " read, " + read[1] + " refused");
  }
}
