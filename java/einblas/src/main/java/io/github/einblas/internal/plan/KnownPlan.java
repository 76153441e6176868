// Plans: what of a plan was found earlier.
package io.github.einblas.internal.plan;

import java.util.List;

/**
 * Path and cuts of a saved plan, or the program of a slice; each may be null where it is to be
 * searched for.
 */
record KnownPlan(int[][] path, List<SlicedProgram.Cut> cuts, SlicedProgram program) {
  /** A path, and cuts that are obeyed; null cuts are searched for. */
  static KnownPlan of(int[][] path, List<SlicedProgram.Cut> cuts) {
    return new KnownPlan(path, cuts, null);
  }

  /** A program that is taken as it is. */
  static KnownPlan of(SlicedProgram program) {
    return new KnownPlan(null, null, program);
  }
}
