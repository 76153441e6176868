// Benchmarks: what of a case the checks and the bounds need.
package io.github.einblas.bench;

import io.github.einblas.DType;

/** A case of any of the files. */
public interface Work {
  /** Unique. */
  String name();

  /** Its class, over which the page sums up. */
  String group();

  /** Elements of the result. */
  long results();

  /** The most roundings of an element of the result: products that it sums, and operands. */
  double roundings();

  /** Bytes of operands and result that it touches, each once. */
  double bytes(DType dtype);

  /** Bytes that it writes. */
  default double written(DType dtype) {
    return (double) results() * dtype.bytes();
  }
}
