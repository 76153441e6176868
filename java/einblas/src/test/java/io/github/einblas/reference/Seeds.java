package io.github.einblas.reference;

import java.util.stream.LongStream;

/**
 * The seeds of random rounds: fixed ones, or one alone with {@code -Deinblas.seed=N}, the number
 * that a failure names.
 */
public final class Seeds {
  private static final Long ONE = Long.getLong("einblas.seed");

  private Seeds() {}

  /** From 0 on, so many; or the one that is asked for. */
  public static long[] upTo(int count) {
    return ONE == null ? LongStream.range(0, count).toArray() : new long[] {ONE};
  }

  /** Whether one runs alone, of which no test can say what all of them reached. */
  public static boolean one() {
    return ONE != null;
  }
}
