// Public API: einsum, planned on first use and cached.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.operator.MatrixOperand;
import io.github.einblas.internal.operator.OperatorEquation;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.plan.PlanChecks;
import io.github.einblas.internal.tensor.Strided;
import io.github.einblas.internal.tensor.Views;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * Einstein summation over tensors: NumPy's {@code einsum} language.
 *
 * <p>{@code Einsum.einsum("nhd,khd->nkd", a, b)} multiplies and sums. Letters name axes; a letter
 * that the output lacks is summed; {@code ...} stands for any axes; a letter twice in an operand is
 * its diagonal; axes of length 1 broadcast; without {@code ->} the output has the ellipsis and the
 * letters that occur once, in ASCII order.
 *
 * <p>Operands may have different types; the result has the one that they promote to, by NumPy's
 * rules for arrays, or {@link PlanOptions#outputType}:
 *
 * <table>
 * <caption>Types</caption>
 * <tr><th>type</th><th>computed in</th><th>result</th></tr>
 * <tr><td>F32, F64</td><td>itself</td><td>rounded as usual</td></tr>
 * <tr><td>BF16, F16</td><td>F32</td><td>rounded once, to nearest even</td></tr>
 * <tr><td>I8, U8, I16</td><td>I32</td><td>modulo 2^8 or 2^16</td></tr>
 * <tr><td>I32, I64</td><td>itself</td><td>modulo 2^32 or 2^64</td></tr>
 * <tr><td>BOOL</td><td>counts in F32</td><td>or of ands</td></tr>
 * <tr><td>C64, C128</td><td>itself</td><td>schoolbook products; conjugate views are read as such
 * </td></tr>
 * </table>
 *
 * <p>BOOL promotes to anything; an integer to the wider one (I8 with U8 to I16), F16 and BF16 keep
 * I8 and U8, I16 makes them F32, I32 and I64 make reals F64 and complex numbers C128; BF16 with F16
 * is F32.
 */
public final class Einsum {
  private Einsum() {}

  /**
   * Evaluates an equation into a new tensor.
   *
   * <pre>{@code
   * Tensor c = Einsum.einsum("nhd,khd->nkd", a, b);
   * Tensor y = Einsum.einsum("ij,jk->ik", CsrMatrix.readNpz(file), x);
   * }</pre>
   *
   * <p>A {@link MatrixOperator} is multiplied with one tensor, in any letters and any order of
   * axes: {@code ij,jk->ik}, {@code kj,ij->ki}, {@code ij,i->j}, and with a {@link Kronecker} also
   * {@code ij,bjk->bik}.
   *
   * @param equation as in NumPy
   * @param operands tensors of any types and strides, or a matrix operator and a tensor
   * @throws IllegalArgumentException if equation and operands do not fit, naming operand, label and
   *     lengths; if an equation with a matrix operator is no such product
   * @throws NativeMemoryException if the result does not fit the machine's memory
   */
  public static Tensor einsum(String equation, Operand... operands) {
    Objects.requireNonNull(equation, "equation");
    Objects.requireNonNull(operands, "operands");
    Strided[] own = new Strided[operands.length];
    for (int i = 0; i < own.length; i++) {
      Operand operand = operands[i];
      if (operand instanceof Tensor tensor) {
        own[i] = tensor.strided();
      } else if (operand != null) {
        return withMatrix(equation, operands.clone());
      }
    }
    return new Tensor(planned(equation, own).plan().runOwn(own));
  }

  private static Tensor withMatrix(String equation, Operand[] operands) {
    Strided[] tensors = new Strided[operands.length];
    MatrixOperand[] matrices = new MatrixOperand[operands.length];
    for (int i = 0; i < operands.length; i++) {
      if (operands[i] instanceof Tensor tensor) {
        tensors[i] = tensor.strided();
      } else if (operands[i] instanceof CsrMatrix csr) {
        matrices[i] = new MatrixOperand.OfCsr(csr.core());
      } else if (operands[i] instanceof BsrMatrix bsr) {
        matrices[i] = new MatrixOperand.OfBsr(bsr.core());
      } else if (operands[i] instanceof Kronecker k) {
        matrices[i] = new MatrixOperand.OfKronecker(k.core(), k.products());
      }
    }
    return new Tensor(OperatorEquation.run(equation, tensors, matrices));
  }

  /**
   * Evaluates an equation whose labels are numbers.
   *
   * @param output labels of the result, or null for the implicit output
   */
  public static Tensor einsum(int[] output, Sublist... operands) {
    Sublist[] own = Objects.requireNonNull(operands, "operands").clone();
    Strided[] tensors = tensors(own);
    return new Tensor(planned(output, own, tensors).plan().run(tensors));
  }

  /**
   * The plan for operands of these shapes and types; cached.
   *
   * @throws IllegalArgumentException if equation and operands do not fit
   */
  public static EinsumPlan plan(String equation, Tensor... operands) {
    Objects.requireNonNull(equation, "equation");
    return planned(equation, Tensor.cores(operands)).door(EinsumPlan.class, EinsumPlan::new);
  }

  /** What is kept of an equation for operands of these shapes and types. */
  static PlanCache.Entry planned(String equation, Strided[] operands) {
    PlanChecks.open(equation, operands);
    return PlanCache.get(equation, operands);
  }

  /**
   * The plan for operands of these shapes; an implicit output where {@code output} is null; cached.
   */
  public static EinsumPlan plan(int[] output, Sublist... operands) {
    Sublist[] own = Objects.requireNonNull(operands, "operands").clone();
    return planned(output, own, tensors(own)).door(EinsumPlan.class, EinsumPlan::new);
  }

  private static PlanCache.Entry planned(int[] output, Sublist[] operands, Strided[] tensors) {
    int[][] labels = Arrays.stream(operands).map(Sublist::labels).toArray(int[][]::new);
    Equation.Numbers equation =
        new Equation.Numbers(labels, output == null ? null : output.clone());
    PlanChecks.open(equation.toString(), tensors);
    return PlanCache.get(equation, tensors);
  }

  /**
   * A new plan with options for operands of these shapes and types; those that are one tensor are
   * {@linkplain PlanOptions#withSameOperands declared the same}, unless the options declare some.
   */
  public static EinsumPlan plan(String equation, PlanOptions options, Tensor... operands) {
    Objects.requireNonNull(equation, "equation");
    Strided[] own = Tensor.cores(operands);
    PlanChecks.open(equation, own);
    long[][] shapes = Arrays.stream(own).map(Strided::shape).toArray(long[][]::new);
    Objects.requireNonNull(options, "options");
    PlanOptions same = Contraction.options(options, own);
    return plan(equation, same, Arrays.stream(own).map(Strided::dtype).toList(), shapes);
  }

  /** A new plan for operands of these shapes and one type. */
  public static EinsumPlan plan(String equation, DType dtype, long[]... shapes) {
    return plan(equation, PlanOptions.DEFAULT, dtype, shapes);
  }

  /**
   * A new plan with options for operands of these shapes and one type.
   *
   * @throws IllegalArgumentException if equation and shapes do not fit, or a given path does not
   */
  public static EinsumPlan plan(
      String equation, PlanOptions options, DType dtype, long[]... shapes) {
    Objects.requireNonNull(dtype, "dtype");
    Objects.requireNonNull(shapes, "shapes");
    return plan(equation, options, Collections.nCopies(shapes.length, dtype), shapes);
  }

  /**
   * A new plan with options for operands of these types and shapes.
   *
   * <pre>{@code
   * List<DType> types = List.of(DType.F32, DType.BF16); // the result is F32
   * EinsumPlan plan = Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT, types, a, b);
   * }</pre>
   *
   * @param types one for each operand
   * @throws IllegalArgumentException if equation and shapes do not fit, if there is another number
   *     of types, if the result cannot have the output type, or if a given path does not fit
   */
  public static EinsumPlan plan(
      String equation, PlanOptions options, List<DType> types, long[]... shapes) {
    Objects.requireNonNull(equation, "equation");
    Objects.requireNonNull(options, "options");
    DType[] given = List.copyOf(Objects.requireNonNull(types, "types")).toArray(DType[]::new);
    Objects.requireNonNull(shapes, "shapes");
    if (given.length != shapes.length) {
      throw new IllegalArgumentException(
          "\""
              + equation
              + "\": "
              + shapes.length
              + " shapes need as many types, got "
              + given.length);
    }
    long[][] own = new long[shapes.length][];
    int[] ranks = new int[shapes.length];
    for (int i = 0; i < own.length; i++) {
      own[i] = Objects.requireNonNull(shapes[i], "shape of operand " + i).clone();
      ranks[i] = own[i].length;
      Views.size(own[i]);
    }
    return new EinsumPlan(new Contraction(Equation.parse(equation, ranks), given, own, options));
  }

  private static Strided[] tensors(Sublist[] operands) {
    Strided[] tensors = new Strided[operands.length];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = Objects.requireNonNull(operands[i], "operand " + i).tensor().strided();
    }
    return tensors;
  }
}
