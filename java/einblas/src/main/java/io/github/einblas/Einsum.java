// Public API: einsum, planned on first use and cached.
package io.github.einblas;

import io.github.einblas.internal.equation.Equation;
import io.github.einblas.internal.operator.MatrixOperand;
import io.github.einblas.internal.operator.OperatorEquation;
import io.github.einblas.internal.plan.Contraction;
import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.plan.PlanChecks;
import io.github.einblas.internal.tensor.Strided;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Einstein summation over tensors: NumPy's {@code einsum} language.
 *
 * <p>{@code Einsum.einsum("nhd,khd->nkd", a, b)} multiplies and sums. Letters name axes; a letter
 * that the output lacks is summed; {@code ...} stands for any axes; a letter twice in an operand is
 * its diagonal; axes of length 1 broadcast; without {@code ->} the output has the ellipsis and the
 * letters that occur once, in the order of their code points (upper case first).
 *
 * <p>A letter is one code point that Unicode calls a letter, beyond 16 bits too, or &times; or
 * &divide;, or one that this Java platform does not know yet. Nothing is normalised: {@code e} with
 * U+0301 behind it is no {@code é}, and refused at the mark. opt_einsum's {@code get_symbol} gives
 * a to z, A to Z, and then every code point from U+00C0: its symbols 0 to 565 are all taken.
 * Beyond, it gives marks, digits, spaces, arrows and punctuation between letters, which are refused
 * by number and name: they would read as a part of another label or of the grammar. Labels as
 * numbers ({@link Sublist}, {@link #plan(int[][], int[], DType, long[]...)}) have no such limit.
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
 *
 * <pre>{@code
 * Tensor a = Tensor.of(new double[] {1, 2, 3, 4}, 2, 2);
 * System.out.println(Einsum.einsum("ij->i", a)); // [3., 7.] shape=[2] dtype=F64
 * System.out.println(Einsum.einsum("ij,jk->ik", a, a).get(0, 0)); // 7.0
 * }</pre>
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
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if equation and operands do not fit, naming operand, label and
   *     lengths; if an equation with a matrix operator is no such product
   * @throws NativeMemoryException if the result does not fit the machine's memory
   */
  public static Tensor einsum(String equation, Operand... operands) {
    return einsum(equation, PlanOptions.DEFAULT, operands);
  }

  /**
   * As {@link #einsum(String, Operand...)}, with options. The plan is kept for the next call with
   * equal ones, unless they have a search listener.
   *
   * <pre>{@code
   * PlanOptions frugal = PlanOptions.DEFAULT.withMemoryLimit(1L << 30);
   * Tensor c = Einsum.einsum("ij,jk,kl->il", frugal, x, y, z);
   * }</pre>
   *
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param options how the plan is made and run
   * @param operands tensors, or a matrix operator and a tensor
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException also if options other than {@link PlanOptions#DEFAULT} are
   *     given with a matrix operator: its products have no plan
   */
  public static Tensor einsum(String equation, PlanOptions options, Operand... operands) {
    requireEquation(equation, options);
    Strided[] own = tensors(operands);
    if (own == null) {
      return new Tensor(withMatrix(equation, options, operands.clone()).run());
    }
    return new Tensor(planned(equation, options, own).plan().runOwn(own));
  }

  /**
   * Evaluates an equation into a given tensor: {@code out = result}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public static void einsumInto(Tensor out, String equation, Operand... operands) {
    einsumInto(out, 1, 0, equation, PlanOptions.DEFAULT, operands);
  }

  /**
   * As {@link #einsumInto(Tensor, String, Operand...)}, with options.
   *
   * @param out tensor of the result's shape, of any strides
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param options how the plan is made and run
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public static void einsumInto(
      Tensor out, String equation, PlanOptions options, Operand... operands) {
    einsumInto(out, 1, 0, equation, options, operands);
  }

  /**
   * {@code out = alpha * result + beta * out}; beta = 0 does not read the output.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public static void einsumInto(
      Tensor out, double alpha, double beta, String equation, Operand... operands) {
    einsumInto(out, alpha, beta, equation, PlanOptions.DEFAULT, operands);
  }

  /**
   * {@code out = alpha * result + beta * out}, with options; as {@link EinsumPlan#runInto(Tensor,
   * double, double, Tensor...)} and {@link MatrixOperator#timesInto(Tensor, double, double,
   * Tensor)}.
   *
   * <pre>{@code
   * Einsum.einsumInto(sum, 1, 1, "ij,jk->ik", a, b); // sum += a b
   * }</pre>
   *
   * @param out of the result's shape and type, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param options how the plan is made and run
   * @param operands tensors of the plan's shapes and types, of any strides
   * @throws IllegalArgumentException if equation, operands and output do not fit; nothing is
   *     written then
   */
  public static void einsumInto(
      Tensor out,
      double alpha,
      double beta,
      String equation,
      PlanOptions options,
      Operand... operands) {
    Objects.requireNonNull(out, "out");
    requireEquation(equation, options);
    Strided[] own = tensors(operands);
    if (own == null) {
      withMatrix(equation, options, operands.clone()).runInto(out.strided(), alpha, beta);
    } else {
      planned(equation, options, own).plan().runInto(out.strided(), alpha, beta, own);
    }
  }

  private static void requireEquation(String equation, PlanOptions options) {
    Objects.requireNonNull(equation, "equation");
    Objects.requireNonNull(options, "options");
  }

  /** The operands, if none of them is a matrix operator; else null. */
  private static Strided @Nullable [] tensors(Operand[] operands) {
    Strided[] own = new Strided[Objects.requireNonNull(operands, "operands").length];
    for (int i = 0; i < own.length; i++) {
      Operand operand = operands[i];
      if (operand instanceof Tensor tensor) {
        own[i] = tensor.strided();
      } else if (operand != null) {
        return null;
      }
    }
    return own;
  }

  private static OperatorEquation withMatrix(
      String equation, PlanOptions options, Operand[] operands) {
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
    return OperatorEquation.of(equation, options, tensors, matrices);
  }

  /**
   * Evaluates an equation whose labels are numbers: of any number of labels.
   *
   * <pre>{@code
   * int[] ik = {0, 2};
   * Tensor c = Einsum.einsum(ik, Sublist.of(a, 0, 1), Sublist.of(b, 1, 2));
   * }</pre>
   *
   * @param output labels of the result, or null for the implicit output (numbers rise)
   * @param operands tensors, or a matrix operator and a tensor
   * @return a new tensor, to be closed by the caller
   * @throws IllegalArgumentException if labels and operands do not fit
   */
  public static Tensor einsum(int @Nullable [] output, Sublist... operands) {
    return einsum(output, PlanOptions.DEFAULT, operands);
  }

  /**
   * As {@link #einsum(int[], Sublist...)}, with options.
   *
   * @param output labels of the result's axes, or null for the implicit output
   * @param options how the plan is made and run
   * @param operands tensors, or a matrix operator and a tensor
   * @return a new tensor, to be closed by the caller
   */
  public static Tensor einsum(int @Nullable [] output, PlanOptions options, Sublist... operands) {
    Sublist[] own = Objects.requireNonNull(operands, "operands").clone();
    Strided[] tensors = tensors(own);
    return new Tensor(planned(output, options, own, tensors).plan().run(tensors));
  }

  /**
   * As {@link #einsum(int[], Sublist...)}, into a given tensor: {@code out = result}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param output labels of the result's axes, or null for the implicit output
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public static void einsumInto(Tensor out, int @Nullable [] output, Sublist... operands) {
    einsumInto(out, 1, 0, output, PlanOptions.DEFAULT, operands);
  }

  /**
   * {@code out = alpha * result + beta * out} of an equation whose labels are numbers, as {@link
   * #einsumInto(Tensor, double, double, String, PlanOptions, Operand...)}.
   *
   * @param out tensor of the result's shape, of any strides
   * @param alpha factor of the result
   * @param beta factor of what {@code out} holds; 0 does not read it
   * @param output labels of the result's axes, or null for the implicit output
   * @param options how the plan is made and run
   * @param operands tensors of the plan's shapes and types, of any strides
   */
  public static void einsumInto(
      Tensor out,
      double alpha,
      double beta,
      int @Nullable [] output,
      PlanOptions options,
      Sublist... operands) {
    Objects.requireNonNull(out, "out");
    Sublist[] own = Objects.requireNonNull(operands, "operands").clone();
    Strided[] tensors = tensors(own);
    planned(output, options, own, tensors).plan().runInto(out.strided(), alpha, beta, tensors);
  }

  /**
   * {@return the plan for operands of these shapes and types; cached}
   *
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param operands tensors that the equation fits
   * @throws IllegalArgumentException if equation and operands do not fit
   */
  public static EinsumPlan plan(String equation, Tensor... operands) {
    Objects.requireNonNull(equation, "equation");
    return planned(equation, PlanOptions.DEFAULT, Tensor.cores(operands))
        .door(EinsumPlan.class, EinsumPlan::new);
  }

  /**
   * What is kept of an equation, a text or {@link Equation.Numbers}, for operands of these shapes
   * and types.
   */
  static PlanCache.Entry planned(Object equation, PlanOptions options, Strided[] operands) {
    PlanChecks.open(equation, operands);
    return PlanCache.get(equation, options, withoutBias(equation, options, operands));
  }

  /** The operands among the tensors of a call: an epilogue's bias stands behind them. */
  private static Strided[] withoutBias(Object equation, PlanOptions options, Strided[] tensors) {
    if (!options.epilogue().hasBias()) {
      return tensors;
    }
    String text = equation.toString();
    int arrow = text.indexOf("->");
    String inputs = arrow < 0 ? text : text.substring(0, arrow);
    long operands = 1 + inputs.chars().filter(c -> c == ',').count();
    if (tensors.length != operands + 1) {
      throw new IllegalArgumentException(
          "\""
              + Equation.abbreviated(text)
              + "\": the epilogue "
              + options.epilogue()
              + " takes "
              + operands
              + (operands == 1 ? " operand" : " operands")
              + " and a bias, got "
              + tensors.length
              + (tensors.length == 1 ? " tensor" : " tensors"));
    }
    return Arrays.copyOf(tensors, tensors.length - 1);
  }

  /**
   * {@return the plan for operands of these shapes and types; an implicit output where {@code
   * output} is null; cached}
   *
   * @param output labels of the result's axes, or null for the implicit output
   * @param operands tensors that the equation fits
   */
  public static EinsumPlan plan(int @Nullable [] output, Sublist... operands) {
    Sublist[] own = Objects.requireNonNull(operands, "operands").clone();
    return planned(output, PlanOptions.DEFAULT, own, tensors(own))
        .door(EinsumPlan.class, EinsumPlan::new);
  }

  private static PlanCache.Entry planned(
      int @Nullable [] output, PlanOptions options, Sublist[] operands, Strided[] tensors) {
    Objects.requireNonNull(options, "options");
    if (options.epilogue().hasBias()) {
      throw new IllegalArgumentException(
          "labels are numbers here, and the bias of the epilogue "
              + options.epilogue()
              + " has none: Einsum.plan(output, options, operands).run(tensors) takes it");
    }
    return planned(numbers(labels(operands), output), options, tensors);
  }

  private static int[][] labels(Sublist[] operands) {
    return Arrays.stream(operands).map(Sublist::labels).toArray(int[][]::new);
  }

  /** Labels that nobody else has, but for the output's. */
  private static Equation.Numbers numbers(int[][] own, int @Nullable [] output) {
    return new Equation.Numbers(own, output == null ? null : output.clone());
  }

  /**
   * {@return a new plan with options for operands of these shapes and types, whose labels are
   * numbers}
   *
   * <pre>{@code
   * Sublist[] operands = {Sublist.of(a, 0, 1), Sublist.of(b, 1, 2)};
   * EinsumPlan plan = Einsum.plan(new int[] {0, 2}, options, operands);
   * }</pre>
   *
   * @param output labels of the result, or null for the implicit output (numbers rise)
   * @param options how the plan is made and run
   * @param operands tensors that the equation fits
   * @throws IllegalArgumentException if labels and operands do not fit, or a given path does not
   */
  public static EinsumPlan plan(int @Nullable [] output, PlanOptions options, Sublist... operands) {
    Sublist[] own = Objects.requireNonNull(operands, "operands").clone();
    Strided[] tensors = tensors(own);
    return plan(numbers(labels(own), output), options, tensors);
  }

  /**
   * {@return a new plan for operands of these labels, shapes and one type}
   *
   * @param labels numbers of the axes of each operand
   * @param output labels of the result's axes, or null for the implicit output
   * @param dtype type of the elements
   * @param shapes lengths of the axes of each operand
   */
  public static EinsumPlan plan(
      int[][] labels, int @Nullable [] output, DType dtype, long[]... shapes) {
    return plan(labels, output, PlanOptions.DEFAULT, dtype, shapes);
  }

  /**
   * {@return a new plan with options for operands of these labels, shapes and one type}
   *
   * @param labels numbers of the axes of each operand
   * @param output labels of the result's axes, or null for the implicit output
   * @param options how the plan is made and run
   * @param dtype type of the elements
   * @param shapes lengths of the axes of each operand
   */
  public static EinsumPlan plan(
      int[][] labels, int @Nullable [] output, PlanOptions options, DType dtype, long[]... shapes) {
    return plan(labels, output, options, same(dtype, shapes), shapes);
  }

  /**
   * {@return a new plan with options for operands of these labels, types and shapes}
   *
   * <pre>{@code
   * int[][] chain = {{0, 1}, {1, 2}, {2, 3}};
   * int[] ends = {0, 3};
   * List<DType> types = Collections.nCopies(3, DType.F64);
   * EinsumPlan plan = Einsum.plan(chain, ends, PlanOptions.DEFAULT, types, a, b, c);
   * }</pre>
   *
   * @param labels one number from 0 for each axis of each operand; {@link Sublist#ELLIPSIS} stands
   *     for any number of axes
   * @param output labels of the result, or null for the implicit output (numbers rise)
   * @param options how the plan is made and run
   * @param types one for each operand
   * @param shapes lengths of the axes of each operand
   * @throws IllegalArgumentException if labels and shapes do not fit, naming operand, label and
   *     lengths; if there is another number of types, if the result cannot have the output type, or
   *     if a given path does not fit
   */
  public static EinsumPlan plan(
      int[][] labels,
      int @Nullable [] output,
      PlanOptions options,
      List<DType> types,
      long[]... shapes) {
    int[][] own = Objects.requireNonNull(labels, "labels").clone();
    for (int i = 0; i < own.length; i++) {
      own[i] = Objects.requireNonNull(own[i], "labels of operand " + i).clone();
    }
    return make(numbers(own, output), options, types, shapes);
  }

  /**
   * {@return a new plan with options for operands of these shapes and types; those that are one
   * tensor are {@linkplain PlanOptions#withSameOperands declared the same}, unless the options
   * declare some}
   *
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param options how the plan is made and run
   * @param operands tensors that the equation fits
   */
  public static EinsumPlan plan(String equation, PlanOptions options, Tensor... operands) {
    return plan(Objects.requireNonNull(equation, "equation"), options, Tensor.cores(operands));
  }

  private static EinsumPlan plan(Object equation, PlanOptions options, Strided[] own) {
    PlanChecks.open(equation, own);
    long[][] shapes = Arrays.stream(own).map(Strided::shape).toArray(long[][]::new);
    Objects.requireNonNull(options, "options");
    PlanOptions same = Contraction.options(options, own);
    return make(equation, same, Arrays.stream(own).map(Strided::dtype).toList(), shapes);
  }

  /**
   * {@return a new plan for operands of these shapes and one type}
   *
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param dtype type of the elements
   * @param shapes lengths of the axes of each operand
   */
  public static EinsumPlan plan(String equation, DType dtype, long[]... shapes) {
    return plan(equation, PlanOptions.DEFAULT, dtype, shapes);
  }

  /**
   * {@return a new plan with options for operands of these shapes and one type}
   *
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param options how the plan is made and run
   * @param dtype type of the elements
   * @param shapes lengths of the axes of each operand
   * @throws IllegalArgumentException if equation and shapes do not fit, or a given path does not;
   *     if the result, or an intermediate of a step that no limit makes cut, is more than any
   *     address space holds, naming step, labels, elements and bytes
   */
  public static EinsumPlan plan(
      String equation, PlanOptions options, DType dtype, long[]... shapes) {
    return plan(equation, options, same(dtype, shapes), shapes);
  }

  private static List<DType> same(DType dtype, long[][] shapes) {
    Objects.requireNonNull(dtype, "dtype");
    return Collections.nCopies(Objects.requireNonNull(shapes, "shapes").length, dtype);
  }

  /**
   * {@return a new plan with options for operands of these types and shapes}
   *
   * <pre>{@code
   * List<DType> types = List.of(DType.F32, DType.BF16); // the result is F32
   * EinsumPlan plan = Einsum.plan("ij,jk->ik", PlanOptions.DEFAULT, types, a, b);
   * }</pre>
   *
   * @param equation as in NumPy, such as {@code ij,jk->ik}
   * @param options how the plan is made and run
   * @param types one for each operand
   * @param shapes lengths of the axes of each operand
   * @throws IllegalArgumentException if equation and shapes do not fit, if there is another number
   *     of types, if the result cannot have the output type, or if a given path does not fit
   */
  public static EinsumPlan plan(
      String equation, PlanOptions options, List<DType> types, long[]... shapes) {
    return make(Objects.requireNonNull(equation, "equation"), options, types, shapes);
  }

  /** A plan of an equation in letters or in numbers. */
  private static EinsumPlan make(
      Object equation, PlanOptions options, List<DType> types, long[][] shapes) {
    Objects.requireNonNull(options, "options");
    DType[] given = List.copyOf(Objects.requireNonNull(types, "types")).toArray(DType[]::new);
    Objects.requireNonNull(shapes, "shapes");
    if (given.length != shapes.length) {
      throw new IllegalArgumentException(
          "\""
              + Equation.abbreviated(equation.toString())
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
      PlanChecks.size(equation, i, own[i]);
    }
    Equation parsed =
        equation instanceof Equation.Numbers numbers
            ? numbers.parse(ranks)
            : Equation.parse((String) equation, ranks);
    return new EinsumPlan(new Contraction(parsed, given, own, options));
  }

  private static Strided[] tensors(Sublist[] operands) {
    Strided[] tensors = new Strided[operands.length];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = Objects.requireNonNull(operands[i], "operand " + i).tensor().strided();
    }
    return tensors;
  }
}
