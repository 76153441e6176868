// Public API: how far a search for an order of contractions has got.
package io.github.einblas;

import java.time.Duration;

/**
 * The best order that a search has found so far: see {@link PlanOptions#withSearchListener}.
 *
 * <pre>{@code
 * PlanOptions options =
 *     PlanOptions.DEFAULT
 *         .withSearchTime(Duration.ofMillis(50))
 *         .withSearchListener(best -> best.operations() > 1e6); // false ends the search
 * EinsumPlan plan = Einsum.plan("ij,jk,kl->il", options, x, x, x);
 * }</pre>
 *
 * @param operations floating-point operations of a run in that order (a multiplication and an
 *     addition for each point of a step's loop nest that sums, a multiplication where nothing is
 *     summed), slices included
 * @param largestElements elements of the largest result of a step, of one slice
 * @param slices number of slices, 1 where nothing is cut
 * @param elapsed since the search began
 * @param round rounds that are done
 */
public record SearchProgress(
    double operations, double largestElements, double slices, Duration elapsed, long round) {}
