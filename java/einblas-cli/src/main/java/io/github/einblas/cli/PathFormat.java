// Command line: the formats in which orders of contractions are exchanged.
package io.github.einblas.cli;

/** What the numbers of a file of an order mean. */
enum PathFormat {
  /** Places in the list of tensors that are left; a result goes to its end: opt_einsum, NumPy. */
  LINEAR,
  /** Operands are 0 to n-1, the result of step i is n+i: cotengra's {@code ssa_path}. */
  SSA,
  /** A tree of JSON objects: OMEinsum's {@code writejson}. */
  TREE
}
