// Rivals: the parts of the whole run, in their order.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Structured;
import io.github.einblas.bench.Work;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** Which cases, by whom, in which form; each is done whole before the next one begins. */
@SuppressWarnings("ImmutableEnumChecker") // List.of and a supplier without state
enum Phase {
  /** The catalogue by the rivals that have a form of most cases. */
  MAIN(
      () -> Catalogue.load().values(),
      Rival.Style.BEST,
      6,
      "einblas",
      "numpy",
      "pytorch",
      "openblas",
      "mkl"),
  /** Einsums of many operands. */
  PLANS(() -> Catalogue.plans().values(), Rival.Style.BEST, 3, "einblas", "numpy", "pytorch"),
  /** CSR, BSR, Kronecker and block-sparse products. */
  STRUCTURED(
      () -> Structured.load().values(),
      Rival.Style.BEST,
      4,
      "einblas",
      "numpy",
      "scipy",
      "pytorch",
      "mkl"),
  /** One length grows. */
  SWEEPS(
      () -> Catalogue.sweeps().values(),
      Rival.Style.BEST,
      2.5,
      "einblas",
      "numpy",
      "pytorch",
      "openblas"),
  /** A new result in each call, all threads. */
  USUAL(() -> einsums(), Rival.Style.USUAL, 3, "einblas", "numpy", "pytorch"),
  /** Libraries that have few forms or are slow: F32, all threads. */
  OTHERS(
      () -> Catalogue.load().values(),
      Rival.Style.BEST,
      6,
      "einblas",
      "netlib",
      "loops",
      "vector",
      "nd4j",
      "ejml");

  private final Supplier<Collection<? extends Work>> cases;
  private final Rival.Style style;
  private final double seconds;
  private final List<String> who;

  Phase(
      Supplier<Collection<? extends Work>> cases,
      Rival.Style style,
      double seconds,
      String... who) {
    this.cases = cases;
    this.style = style;
    this.seconds = seconds;
    this.who = List.of(who);
  }

  /** One case, type and thread count, measured by all in turn. */
  record Round(Work work, DType dtype, int threads, Rival.Style style, List<String> who) {
    /** What is kept of it in the results. */
    String key(String implementation) {
      return String.join(
          " ", implementation, work.name(), dtype.name(), "" + threads, style.name());
    }
  }

  private static Collection<? extends Work> einsums() {
    List<Work> all = new ArrayList<>(Catalogue.load().values());
    all.addAll(Catalogue.plans().values());
    return all;
  }

  Collection<? extends Work> cases() {
    return cases.get();
  }

  /** Who is measured, einblas first. */
  List<String> who() {
    return who;
  }

  /** A guess of a round's time, until one is measured. */
  double seconds() {
    return seconds;
  }

  /** All rounds, by threads, then case by case. */
  List<Round> rounds(List<DType> dtypes, List<Integer> threads) {
    List<Round> rounds = new ArrayList<>();
    int most = threads.stream().mapToInt(t -> t).max().orElseThrow();
    for (int count : threads) {
      if ((this == USUAL || this == OTHERS) && count < most) {
        continue;
      }
      for (Work work : cases()) {
        for (DType dtype : dtypes) {
          if (this != OTHERS || dtype == DType.F32) {
            rounds.add(new Round(work, dtype, count, style, who));
          }
        }
      }
    }
    return rounds;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
