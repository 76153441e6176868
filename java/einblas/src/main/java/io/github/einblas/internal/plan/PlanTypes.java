// Plans: the types of a contraction: of its operands, of its result, and the one in between.
package io.github.einblas.internal.plan;

import io.github.einblas.DType;
import io.github.einblas.PlanOptions;
import io.github.einblas.internal.equation.Equation;
import java.util.Arrays;
import java.util.List;

/**
 * Which types a contraction reads, computes in and writes. Intermediates have the type that it
 * computes in; the result is rounded once. Immutable.
 */
public final class PlanTypes {
  private static final double MOST_SCALAR = 0x1p53;

  private final DType[] operands;
  private final DType result;
  private final DType compute;

  private PlanTypes(DType[] operands, DType result, DType compute) {
    this.operands = operands;
    this.result = result;
    this.compute = compute;
  }

  /**
   * The types for some operands.
   *
   * @param what the equation, for errors
   * @param operands not to be changed later, at least one
   * @param output the result's type, or null for the one that the operands promote to
   * @throws IllegalArgumentException if the result cannot have that type
   */
  static PlanTypes of(Object what, DType[] operands, DType output) {
    DType promoted = promoted(operands);
    if (output == null || output == promoted) {
      return new PlanTypes(operands, promoted, promoted.computeType());
    }
    if (promoted.kind().compareTo(output.kind()) > 0) {
      throw new IllegalArgumentException(
          "\""
              + Equation.abbreviated(what.toString())
              + "\": its result is "
              + name(promoted)
              + " ("
              + promoted
              + "), so it cannot have the output type "
              + output
              + ", which is "
              + name(output));
    }
    return new PlanTypes(operands, output, DType.promote(promoted, output).computeType());
  }

  /**
   * As NumPy promotes several: the last kind first. I8, U8 and F16 are F16, though I8 and U8 alone
   * are I16, which F16 does not hold.
   */
  private static DType promoted(DType[] types) {
    DType promoted = DType.BOOL;
    DType.Kind[] kinds = DType.Kind.values();
    for (int k = kinds.length - 1; k >= 0; k--) {
      for (DType type : types) {
        promoted = type.kind() == kinds[k] ? DType.promote(promoted, type) : promoted;
      }
    }
    return promoted;
  }

  private static String name(DType type) {
    return switch (type.kind()) {
      case BOOL -> "bool";
      case INTEGER -> "an integer";
      case REAL -> "real";
      case COMPLEX -> "complex";
    };
  }

  /** The types for so many operands of one type. */
  static PlanTypes uniform(Object what, DType type, int count, DType output) {
    DType[] all = new DType[Math.max(1, count)];
    Arrays.fill(all, type);
    return of(what, all, output);
  }

  /** Type of an operand. */
  public DType operand(int i) {
    return operands[i];
  }

  /** Types of all operands. */
  public List<DType> operands() {
    return List.of(operands);
  }

  /** Type of the result. */
  public DType result() {
    return result;
  }

  /** Type that products and sums are computed in. */
  public DType compute() {
    return compute;
  }

  /**
   * Type of intermediates: the one that is computed in, but BOOL of BOOL. Counts of a long chain
   * would pass the range of F32, and infinity times 0 is no number.
   */
  public DType intermediate() {
    return result.isBool() ? result : compute;
  }

  /** Type of a slot: the operands' come first, then the intermediates. */
  public DType ofSlot(int slot) {
    return slot < operands.length ? operands[slot] : intermediate();
  }

  /** Whether elements are complex numbers. */
  public boolean isComplex() {
    return compute.isComplex();
  }

  /** Whether sums and products are rounded: those of integers and of BOOL are exact. */
  boolean isRounded() {
    return result.isReal() || result.isComplex();
  }

  /**
   * Whether parts of a sum may not be added up in the result's type, because it rounds more than
   * the one that is computed in. Integers wrap, which is the same early and late.
   */
  boolean roundsAtEnd() {
    return isRounded() && result != compute;
  }

  /**
   * Type in which slices are added up apart from the result, or null where they are added to it.
   * Checked integers have I64: a part of a sum may be beyond the range of the whole.
   */
  DType sumsApart(boolean checked) {
    return roundsAtEnd() ? compute : checked ? DType.I64 : null;
  }

  /** Whether runs with these options check integers. */
  boolean isChecked(PlanOptions options) {
    return options.checkedIntegers() && result.isInteger();
  }

  /** The real type that is computed in: of both parts where numbers are complex. */
  DType precisionType() {
    return compute.partType();
  }

  /** Whether all operands and the result have one type. */
  public boolean isUniform() {
    return Arrays.stream(operands).allMatch(t -> t == result);
  }

  /** Whether kernels multiply the elements as they are stored, without converting them. */
  boolean isPlain() {
    return isUniform() && result == compute && !isComplex();
  }

  /** Types of a step's inputs, of its output, and the one that it computes in. */
  DType[] ofStep(Step step, DType output) {
    int n = step.inputs().length;
    DType[] types = new DType[n + 2];
    for (int t = 0; t < n; t++) {
      types[t] = ofSlot(step.inputs()[t]);
    }
    types[n] = output;
    types[n + 1] = output.isInteger() && output.bytes() > compute.bytes() ? output : compute;
    return types;
  }

  /** Why the result cannot be multiplied by a scalar, or null. */
  String refusal(String name, double scalar) {
    boolean fits =
        switch (result.kind()) {
          case REAL, COMPLEX -> true;
          case INTEGER -> Math.rint(scalar) == scalar && Math.abs(scalar) <= MOST_SCALAR;
          case BOOL -> scalar == 0 || scalar == 1;
        };
    if (fits) {
      return null;
    }
    String needed = result.isBool() ? "0 or 1" : "an integer of at most 2^53";
    return name + " must be " + needed + " for a result of " + result + ", got " + scalar;
  }

  /**
   * Refuses operands for which there is no gradient.
   *
   * @throws IllegalArgumentException naming the operand
   */
  void requireGradient(String where, int i) {
    if (operands[i].isBool() || operands[i].isInteger()) {
      throw new IllegalArgumentException(
          where + "operand " + i + " has " + operands[i] + ", for which there is no gradient");
    }
    if (operands[i].isReal() && isComplex()) {
      throw new IllegalArgumentException(
          where
              + "operand "
              + i
              + " has "
              + operands[i]
              + " beside complex ones; the gradient of a real operand among complex ones is not"
              + " supported: convert it to "
              + DType.promote(operands[i], DType.C64));
    }
  }

  /** Types of the gradient for operand i: the result's, then those of the other operands. */
  PlanTypes gradient(Object what, int i) {
    DType[] own = new DType[operands.length];
    own[0] = result;
    System.arraycopy(operands, 0, own, 1, i);
    System.arraycopy(operands, i + 1, own, i + 1, own.length - 1 - i);
    return of(what, own, operands[i]);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PlanTypes t
        && t.result == result
        && t.compute == compute
        && Arrays.equals(t.operands, operands);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(names()) + result.name().hashCode();
  }

  private String[] names() {
    return Arrays.stream(operands).map(DType::name).toArray(String[]::new);
  }

  /** One type, or {@code F32,BF16->F32}. */
  @Override
  public String toString() {
    return isUniform() ? result.toString() : String.join(",", names()) + "->" + result;
  }
}
