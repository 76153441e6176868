// Plans: what of a plan was found earlier.
package io.github.einblas.internal.plan;

import java.util.List;

/**
 * Path and cuts of a saved plan, or the program of a slice; each may be null where it is to be
 * searched for.
 *
 * @param stepRoom bytes that each of the program's steps has for its workspaces
 */
record KnownPlan(int[][] path, List<SlicedProgram.Cut> cuts, SlicedProgram program, long stepRoom) {
  /** A path, and cuts that are obeyed; null cuts are searched for. */
  static KnownPlan of(int[][] path, List<SlicedProgram.Cut> cuts) {
    return new KnownPlan(path, cuts, null, Long.MAX_VALUE);
  }

  /** A program that is taken as it is, with the blocks of the plan that it is a part of. */
  static KnownPlan of(SlicedProgram program, long stepRoom) {
    return new KnownPlan(null, null, program, stepRoom);
  }
}
