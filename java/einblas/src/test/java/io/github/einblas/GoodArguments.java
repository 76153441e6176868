// A right receiver and right arguments for any public method, by its types, places and name.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.io.TempDir;

class GoodArguments {
  @TempDir Path folder;

  final List<Tensor> open = new ArrayList<>();
  final List<BsrMatrix> bsrs = new ArrayList<>();

  Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  Tensor matrix() {
    return own(Tensor.full(DType.F32, 2, 3, 3));
  }

  CsrMatrix csr() {
    int[] indptr = {0, 1, 2, 3};
    return CsrMatrix.of(new float[] {1, 2, 3}, new int[] {2, 0, 1}, indptr, 3, 3);
  }

  Object receiver(Method m) {
    if (Modifier.isStatic(m.getModifiers())) {
      return null;
    }
    return receiver(m.getDeclaringClass());
  }

  Object receiver(Class<?> type) {
    if (type == Kronecker.class || type == MatrixOperator.class) {
      return Kronecker.of(matrix());
    }
    if (type == CsrMatrix.class) {
      return csr();
    }
    if (type == BsrMatrix.class) {
      return bsr(DType.F32, 3);
    }
    if (type == BlockPattern.class) {
      return BlockPattern.of(new int[][] {{0, 1}}, new int[][] {{1}}, 3, 3);
    }
    EinsumPlan plan = Einsum.plan("ij,jk->ik", DType.F32, new long[] {3, 3}, new long[] {3, 3});
    return switch (type.getSimpleName()) {
      case "Tensor" -> own(Tensor.full(DType.F32, 2, 3, 3));
      case "EinsumPlan" -> plan;
      case "BoundPlan" -> plan.bind(null, matrix());
      case "PlanSlice" -> plan.slice(0);
      case "PlanOptions" -> PlanOptions.DEFAULT;
      case "TensorScope" -> TensorScope.open();
      case "Safetensors" -> safetensors();
      case "CancellationToken" -> new CancellationToken();
      case "Gradients" -> new Gradients(new Tensor[] {matrix()});
      case "Gradient" -> Kronecker.of(matrix()).timesGradient(matrix(), matrix());
      default -> fail("GoodArguments knows no receiver of type " + type);
    };
  }

  /** A file without tensors. */
  private Safetensors safetensors() {
    try {
      byte[] none = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
      return Safetensors.open(Files.write(folder.resolve("x.safetensors"), none));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A right argument for each parameter, by its type, place and method. */
  Object argument(Method m, int index) {
    Class<?> type = m.getParameterTypes()[index];
    String name = m.getName();
    if (m.getDeclaringClass() == CsrMatrix.class
        && Modifier.isStatic(m.getModifiers())
        && !name.startsWith("sampled")) {
      return csrPart(m, index);
    }
    if (type == CsrMatrix.class) {
      return csr();
    }
    if (m.getDeclaringClass() == BsrMatrix.class && name.startsWith("of")) {
      return bsrArgument(type, name, index);
    }
    if (type == BsrMatrix.class) {
      return bsr(DType.F32, 3);
    }
    if (type == BoundPlan.class || type == PlanSlice.class) {
      return receiver(type);
    }
    if (type == Tensor.class) {
      boolean out = index == 0 && name.endsWith("Into");
      return out
          ? output(m)
          : m.getDeclaringClass() == TensorMath.class ? mapped(m, index) : matrix();
    }
    if (type == TensorMath.Comparison.class) {
      return TensorMath.Comparison.LESS;
    }
    if (type == Object.class) {
      return matrix();
    }
    if (type == Class.class) {
      return Buffer.class;
    }
    if (type == java.nio.channels.FileChannel.MapMode.class) {
      return java.nio.channels.FileChannel.MapMode.READ_ONLY;
    }
    if (type == Tensor[].class) {
      return new Tensor[] {matrix(), matrix()};
    }
    if (type == Operand.class || type == Kronecker.class) {
      return Kronecker.of(matrix());
    }
    if (type == Operand[].class) {
      return name.startsWith("einsum")
          ? new Operand[] {matrix(), matrix()}
          : new Operand[] {matrix()};
    }
    if (type == Sublist[].class) {
      return new Sublist[] {Sublist.of(matrix(), 0, 1), Sublist.of(matrix(), 1, 2)};
    }
    if (type == String.class) {
      return name.startsWith("readNpz") ? "x" : "ij,jk->ik";
    }
    if (type == int[].class) {
      return switch (name) {
        case "permute" -> new int[] {1, 0};
        case "squeeze" -> new int[0];
        case "einsum", "einsumInto", "plan" -> new int[] {0, 2};
        default -> new int[] {1};
      };
    }
    if (type == long[].class) {
      return switch (name) {
        case "get", "set", "getLong", "setLong", "getReal", "getImag", "setComplex" ->
            new long[] {1, 1};
        case "asStrided" -> new long[] {1};
        case "of", "wrap" -> new long[] {9};
        default -> new long[] {3, 3};
      };
    }
    if (type == long[][].class) {
      return new long[][] {{3, 3}, {3, 3}};
    }
    if (type == float[].class) {
      return new float[9];
    }
    if (type == double[].class) {
      return new double[9];
    }
    if (type == float[][].class) {
      return new float[3][3];
    }
    if (type == double[][].class) {
      return new double[3][3];
    }
    if (type == short[].class) {
      return new short[9];
    }
    if (type == byte[].class) {
      return new byte[9];
    }
    if (type == boolean[].class) {
      return new boolean[9];
    }
    if (type == Buffer.class) {
      return FloatBuffer.allocate(9);
    }
    if (type == FloatPointer.class) {
      return new FloatPointer(9);
    }
    if (type == DoublePointer.class) {
      return new DoublePointer(9);
    }
    if (type == DType.class) {
      return DType.F32;
    }
    if (type == PlanOptions.class) {
      return PlanOptions.DEFAULT;
    }
    if (type == PlanOptions.Strategy.class) {
      return PlanOptions.Strategy.AUTO;
    }
    if (type == PlanOptions.CostModel.class) {
      return PlanOptions.CostModel.FLOPS;
    }
    if (type == java.time.Duration.class) {
      return java.time.Duration.ofMillis(1);
    }
    if (type == int[][].class) {
      return "plan".equals(name) ? new int[][] {{0, 1}, {1, 2}} : new int[][] {{0, 1}};
    }
    if (type == java.util.function.LongConsumer.class) {
      return (java.util.function.LongConsumer) done -> {};
    }
    if (type == java.util.function.Supplier.class) {
      return (java.util.function.Supplier<Object>) () -> 1;
    }
    if (type == Runnable.class) {
      return (Runnable) () -> {};
    }
    if (type == java.util.function.Predicate.class) {
      return (java.util.function.Predicate<Object>) progress -> true;
    }
    if (type == List.class && !name.startsWith("runBatch")) {
      return List.of(DType.F32, DType.F32);
    }
    if (type == List.class) {
      return List.<Tensor[]>of(new Tensor[] {matrix(), matrix()});
    }
    if (type == Einblas.Traffic.class) {
      return Einblas.Traffic.READ;
    }
    if (type == Path.class) {
      return folder.resolve("x.npz");
    }
    if (type == java.io.DataInput.class) {
      return new java.io.DataInputStream(new java.io.ByteArrayInputStream(new byte[0]));
    }
    if (type == java.io.DataOutput.class) {
      return new java.io.DataOutputStream(java.io.OutputStream.nullOutputStream());
    }
    if (type == java.io.InputStream.class) {
      return new java.io.ByteArrayInputStream(new byte[0]);
    }
    if (type == java.io.OutputStream.class) {
      return new ByteArrayOutputStream();
    }
    if (type == WriteOption[].class) {
      return new WriteOption[] {WriteOption.SYNC};
    }
    if (type == Map.class) {
      return Map.of("x", matrix());
    }
    if (type == int.class) {
      return "diagonal".equals(name)
          ? index
          : "measurePeak".equals(name) || "measureBandwidth".equals(name) ? 0 : 1;
    }
    if (type == long.class) {
      return 1L;
    }
    if (type == double.class) {
      return 1.0;
    }
    if (type == boolean.class) {
      return true;
    }
    if (type == Epilogue.class) {
      return Epilogue.RELU;
    }
    return fail("GoodArguments knows no argument of type " + type + " for " + m);
  }

  /** An operand of TensorMath: a matrix, but for conditions, rows and indices. */
  private Tensor mapped(Method m, int index) {
    int own = m.getName().endsWith("Into") ? index - 1 : index;
    return switch (m.getName().replace("Into", "") + own) {
      case "where0" -> own(Tensor.of(new boolean[] {true, false, true}));
      case "layerNorm1", "layerNorm2", "layerNormGradient1" -> own(Tensor.ones(DType.F32, 3));
      case "take2", "scatterAdd2" -> own(Tensor.of(new int[] {2, 0, 1}));
      default -> matrix();
    };
  }

  /** What makes a matrix of 3 x 3, but for the file. */
  Object csrPart(Method m, int index) {
    Class<?> type = m.getParameterTypes()[index];
    boolean indptr = "of".equals(m.getName()) && index == 2;
    int[] numbers = indptr ? new int[] {0, 1, 2, 3} : new int[] {2, 0, 1};
    if (type == Tensor.class) {
      boolean dense = "ofDense".equals(m.getName());
      return dense
          ? matrix()
          : index == 0 ? own(Tensor.ones(DType.F32, 3)) : own(Tensor.of(numbers));
    }
    if (type == int[].class) {
      return numbers;
    }
    if (type == long[].class) {
      return Arrays.stream(numbers).asLongStream().toArray();
    }
    return type == float[].class
        ? new float[3]
        : type == double[].class
            ? new double[3]
            : type == long.class
                ? (Object) 3L
                : type == double.class ? 0.5 : folder.resolve("x.npz");
  }

  /** An argument of a method that makes a BSR matrix: SciPy's arrays of the diagonal, or dense. */
  Object bsrArgument(Class<?> type, String name, int index) {
    if (type == Tensor.class && index > 0) {
      return own(Tensor.of(index == 1 ? new int[] {0, 1, 2} : new int[] {0, 1, 2, 3}));
    }
    if (type == Tensor.class) {
      return "of".equals(name) ? own(Tensor.full(DType.F32, 2, 3, 1, 1)) : matrix();
    }
    if (type == int[].class) {
      return index == 1 ? new int[] {0, 1, 2} : new int[] {0, 1, 2, 3};
    }
    return type == long.class
        ? (Object) 3L
        : index == 1 ? new long[] {0, 1, 2} : new long[] {0, 1, 2, 3};
  }

  BsrMatrix bsr(DType dtype, long order) {
    try (Tensor dense = Tensor.ones(dtype, order, order)) {
      BsrMatrix made = BsrMatrix.ofDense(dense, 1, 1);
      bsrs.add(made);
      return made;
    }
  }

  Tensor output(Method m) {
    return switch (m.getName()) {
      case "batchedDotInto" -> own(Tensor.zeros(DType.F32, 3));
      case "outerInto" -> own(Tensor.zeros(DType.F32, 3, 3, 3, 3));
      case "hadamardOuterInto" -> own(Tensor.zeros(DType.F32, 3, 3, 3));
      case "kronInto" -> own(Tensor.zeros(DType.F32, 9, 9));
      case "khatriRaoInto" -> own(Tensor.zeros(DType.F32, 9, 3));
      case "faceSplittingInto" -> own(Tensor.zeros(DType.F32, 3, 9));
      case "sumInto", "meanInto", "normInto", "maxInto", "minInto", "logSumExpInto" ->
          own(Tensor.zeros(DType.F32, 3));
      case "argmaxInto", "argminInto" -> own(Tensor.zeros(DType.I64, 3));
      case "concatInto" -> own(Tensor.zeros(DType.F32, 3, 6));
      case "stackInto" -> own(Tensor.zeros(DType.F32, 3, 2, 3));
      default -> matrix();
    };
  }
}
