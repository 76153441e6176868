// Walks every public method with null, closed, wrongly typed, wrongly shaped and overlapping
// tensors: a clear exception,
// nothing written, nothing leaked. A public method that no call here covers fails the test.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.einblas.reference.PublicApi;
import java.io.ByteArrayOutputStream;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RefusalTest {
  @TempDir Path folder;

  /** A call that works, from which the wrong ones are made. */
  record Call(Object receiver, Method method, Object[] arguments) {
    Object run() throws Throwable {
      try {
        return method.invoke(receiver, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    Call with(int index, Object value) {
      Object[] changed = arguments.clone();
      changed[index] = value;
      return new Call(receiver, method, changed);
    }

    Call on(Object other) {
      return new Call(other, method, arguments);
    }

    String name() {
      return method.getDeclaringClass().getSimpleName()
          + "."
          + method.getName()
          + Arrays.toString(
              Arrays.stream(method.getParameterTypes()).map(Class::getSimpleName).toArray());
    }
  }

  /**
   * Say nothing of a tensor's data and take nothing that could be wrong, or are tested by
   * TensorTest and NpyTest.
   */
  private static final Set<String> NOTHING_TO_REFUSE =
      Set.of(
          "Tensor.dtype",
          "Tensor.shape",
          "Tensor.strides",
          "Tensor.rank",
          "Tensor.size",
          "Tensor.nbytes",
          "Tensor.isContiguous",
          "Tensor.isClosed",
          "Tensor.isReadOnly",
          "Tensor.address",
          "Tensor.close",
          "Tensor.toString",
          "Tensor.length",
          "Tensor.hashCode",
          "Tensor.equals",
          "PlanOptions.withBatchInvariance", // either will do
          "BlockPattern.withBatchInvariance",
          "BlockPattern.batchInvariance",
          "PlanOptions.withPath", // checked when a plan is made
          "PlanOptions.withKernel",
          // Known without the memory, as of any tensor.
          "BoundPlan.operandCount",
          "BoundPlan.plan",
          "BoundPlan.heldBytes",
          "BsrMatrix.isTransposed",
          "BsrMatrix.rows",
          "BsrMatrix.columns",
          "BsrMatrix.dtype",
          "BsrMatrix.blockCount",
          "BsrMatrix.blockShape",
          "BsrMatrix.indices",
          "BsrMatrix.indptr",
          "BsrMatrix.shape",
          // Hold tensors; who uses them refuses.
          "PlanSlice.output",
          "PlanSlice.operands",
          "Sublist.of",
          "EinsumPlan.equation",
          "EinsumPlan.dtype",
          "EinsumPlan.outputShape",
          "EinsumPlan.shapes",
          "EinsumPlan.options",
          "EinsumPlan.path",
          "EinsumPlan.flops",
          "EinsumPlan.bytes",
          "EinsumPlan.workspaceBytes",
          "EinsumPlan.toString",
          "EinsumPlan.equals",
          // Take nulls and rank 3; PlanReuseTest refuses.
          "EinsumPlan.bind",
          "EinsumPlan.runBatchInto",
          "CsrMatrix.close",
          "CsrMatrix.toString",
          "CsrMatrix.rows",
          "CsrMatrix.columns",
          "CsrMatrix.shape",
          "CsrMatrix.entries",
          "CsrMatrix.dtype",
          "CsrMatrix.density",
          "CsrMatrix.nbytes",
          "CsrMatrix.isClosed",
          "Einblas.version",
          "Einblas.isa",
          "Einblas.isaSupported",
          "Einblas.kernels",
          "Einblas.threads",
          "Einblas.setThreads",
          "Einblas.nativeBytesInUse",
          "Einblas.nativeBytesPeak",
          "Einblas.nativeBytesAvailable",
          "Einblas.poolBytes",
          "Einblas.poolLimit",
          "Einblas.setPoolLimit",
          "Einblas.setNativeMemoryLimit",
          "Einblas.trim",
          "Einblas.blasConfig",
          "Einblas.blasCore",
          "Einblas.loadedFrom");

  /** Types whose methods another test walks. */
  static final Map<String, String> ELSEWHERE = Map.of("BlockSparse", "BlockRefusalTest");

  /** Arguments that may be null: an implicit output. */
  private static final Set<String> MAY_BE_NULL =
      Set.of("Einsum.einsum[int[], Sublist[]]0", "Einsum.plan[int[], Sublist[]]0");

  final List<Tensor> open = new ArrayList<>();
  private final List<BsrMatrix> bsrs = new ArrayList<>();
  private final List<String> wrong = new ArrayList<>();
  private int refusals;

  private Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  private Tensor matrix() {
    return own(Tensor.full(DType.F32, 2, 3, 3));
  }

  private CsrMatrix csr() {
    int[] indptr = {0, 1, 2, 3};
    return CsrMatrix.of(new float[] {1, 2, 3}, new int[] {2, 0, 1}, indptr, 3, 3);
  }

  Object receiver(Method m) {
    if (Modifier.isStatic(m.getModifiers())) {
      return null;
    }
    return receiver(m.getDeclaringClass());
  }

  private Object receiver(Class<?> type) {
    if (type == Kronecker.class) {
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
      case "Gradient" -> Kronecker.of(matrix()).timesGradient(matrix(), matrix());
      default -> fail("RefusalTest knows no receiver of type " + type);
    };
  }

  /** A right argument for each parameter, by its type, place and method. */
  Object argument(Method m, int index) {
    Class<?> type = m.getParameterTypes()[index];
    String name = m.getName();
    if (m.getDeclaringClass() == CsrMatrix.class && Modifier.isStatic(m.getModifiers())) {
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
    if (type == Tensor.class) {
      boolean out = index == 0 && name.endsWith("Into");
      return out ? output(m) : matrix();
    }
    if (type == Tensor[].class) {
      return new Tensor[] {matrix(), matrix()};
    }
    if (type == Operand.class || type == Kronecker.class) {
      return Kronecker.of(matrix());
    }
    if (type == Operand[].class) {
      return "einsum".equals(name) ? new Operand[] {matrix(), matrix()} : new Operand[] {matrix()};
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
        case "einsum", "plan" -> new int[] {0, 2};
        default -> new int[] {1};
      };
    }
    if (type == long[].class) {
      return switch (name) {
        case "get", "set", "getLong", "setLong" -> new long[] {1, 1};
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
    if (type == FloatBuffer.class) {
      return FloatBuffer.allocate(9);
    }
    if (type == DoubleBuffer.class) {
      return DoubleBuffer.allocate(9);
    }
    if (type == IntBuffer.class) {
      return IntBuffer.allocate(9);
    }
    if (type == LongBuffer.class) {
      return LongBuffer.allocate(9);
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
      return new int[][] {{0, 1}};
    }
    if (type == java.util.function.LongConsumer.class) {
      return (java.util.function.LongConsumer) done -> {};
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
    return fail("RefusalTest knows no argument of type " + type + " for " + m);
  }

  /** What makes a matrix of 3 x 3, but for the file. */
  private Object csrPart(Method m, int index) {
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
  private Object bsrArgument(Class<?> type, String name, int index) {
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

  private BsrMatrix bsr(DType dtype, long order) {
    try (Tensor dense = Tensor.ones(dtype, order, order)) {
      BsrMatrix made = BsrMatrix.ofDense(dense, 1, 1);
      bsrs.add(made);
      return made;
    }
  }

  private Tensor output(Method m) {
    return switch (m.getName()) {
      case "batchedDotInto" -> own(Tensor.zeros(DType.F32, 3));
      case "outerInto" -> own(Tensor.zeros(DType.F32, 3, 3, 3, 3));
      case "hadamardOuterInto" -> own(Tensor.zeros(DType.F32, 3, 3, 3));
      case "kronInto" -> own(Tensor.zeros(DType.F32, 9, 9));
      case "khatriRaoInto" -> own(Tensor.zeros(DType.F32, 9, 3));
      case "faceSplittingInto" -> own(Tensor.zeros(DType.F32, 3, 9));
      default -> matrix();
    };
  }

  @Test
  void everyPublicMethodRefusesWrongArguments() throws Throwable {
    Set<String> uncovered = new TreeSet<>();
    for (Class<?> type : PublicApi.types()) {
      if (ELSEWHERE.containsKey(type.getSimpleName())) {
        continue;
      }
      for (Method m : PublicApi.methods(type)) {
        String name = type.getSimpleName() + "." + m.getName();
        boolean closes = AutoCloseable.class.isAssignableFrom(type) && !type.isRecord();
        boolean silent = m.getParameterCount() == 0 && !closes;
        if (silent || NOTHING_TO_REFUSE.contains(name)) {
          continue;
        }
        int before = refusals;
        Object[] arguments = new Object[m.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
          arguments[i] = argument(m, i);
        }
        walk(new Call(receiver(m), m, arguments));
        if (refusals == before) {
          uncovered.add(m.toString());
        }
      }
    }
    open.forEach(Tensor::close);
    bsrs.forEach(BsrMatrix::close);
    assertEquals(List.of(), wrong);
    assertEquals(
        Set.of(),
        uncovered,
        "public methods that refuse nothing, or that this test does not reach");
  }

  private void walk(Call good) throws Exception {
    Class<?>[] types = good.method.getParameterTypes();
    for (int i = 0; i < types.length; i++) {
      if (!types[i].isPrimitive() && !MAY_BE_NULL.contains(good.name() + i)) {
        refuse(good.with(i, null), "null for argument " + i);
      }
      if (types[i] == Tensor.class) {
        wrongTensors(good, i, (Tensor) good.arguments[i], t -> t);
      } else if (types[i] == BsrMatrix.class) {
        BsrMatrix closed = bsr(DType.F32, 3);
        closed.close();
        refuse(good.with(i, closed), "a closed matrix for argument " + i);
        refuse(good.with(i, bsr(DType.F64, 3)), "a matrix of another type for argument " + i);
        refuse(good.with(i, bsr(DType.F32, 4)), "a matrix of another shape for argument " + i);
      } else if (types[i] == Tensor[].class) {
        Tensor[] all = (Tensor[]) good.arguments[i];
        wrongTensors(good, i, all[0], t -> new Tensor[] {t, all[1]});
        refuse(good.with(i, new Tensor[] {all[0], null}), "a null operand");
        refuse(good.with(i, new Tensor[0]), "no operand");
      } else if (types[i] == Operand[].class && "einsum".equals(good.method.getName())) {
        Operand[] all = (Operand[]) good.arguments[i];
        wrongTensors(good, i, (Tensor) all[0], t -> new Operand[] {t, all[1]});
        refuse(good.with(i, new Operand[] {all[0], null}), "a null operand");
        refuse(good.with(i, new Operand[0]), "no operand");
      } else if (types[i] == Sublist[].class) {
        Sublist[] all = (Sublist[]) good.arguments[i];
        wrongTensors(good, i, all[0].tensor(), t -> new Sublist[] {Sublist.of(t, 0, 1), all[1]});
      } else if (types[i] == int.class
          && !"measurePeak".equals(good.method.getName())
          && types.length < 5) {
        int wrong = good.receiver instanceof PlanOptions ? -5 : 17;
        refuse(good.with(i, wrong), wrong + " for argument " + i);
      } else if (types[i] == int.class && good.method.getName().startsWith("measure")) {
        refuse(good, "0 threads");
      } else if (types[i] == long.class
          && !"verify".equals(good.method.getName())
          && List.of(Kronecker.class, EinsumPlan.class, PlanOptions.class)
              .contains(good.method.getDeclaringClass())) {
        refuse(good.with(i, -5L), "-5 for argument " + i);
      } else if (types[i] == CsrMatrix.class) {
        CsrMatrix closed = csr();
        closed.close();
        refuse(good.with(i, closed), "a closed matrix for argument " + i);
      } else if (types[i] == long[].class) {
        refuse(good.with(i, new long[] {-5, 7, 3}), "lengths or index [-5, 7, 3]");
      }
    }
    if (good.receiver instanceof AutoCloseable closed) {
      closed.close();
      refuse(good, "a closed " + good.receiver.getClass().getSimpleName());
    }
  }

  private interface Wrap {
    Object in(Tensor t);
  }

  private void wrongTensors(Call good, int i, Tensor right, Wrap wrap) {
    Tensor closed = right.copy();
    closed.close();
    refuse(good.with(i, wrap.in(closed)), "a closed tensor for argument " + i);
    String name = good.method.getName();
    boolean anyBatch =
        good.receiver instanceof Kronecker
            && Set.of("times", "timesLeft", "solve", "explain", "explainLeft").contains(name);
    boolean anyRank =
        anyBatch || name.startsWith("outer") || name.startsWith("kron") || "matmul".equals(name);
    boolean csr = good.method.getDeclaringClass() == CsrMatrix.class;
    boolean values = csr && i == 0 && name.startsWith("of"); // which may have any type
    // Where a BSR matrix is made, any type that is computed in will do.
    boolean makes =
        good.method.getDeclaringClass() == BsrMatrix.class && i == 0 && name.startsWith("of");
    if (!values) {
      refuse(
          good.with(i, wrap.in(own(right.to(makes ? DType.I32 : DType.F64)))),
          "a tensor of another type for argument " + i);
    }
    if (!anyRank
        && !name.startsWith("tensordot")
        && !name.startsWith("batchedDot")
        && !name.startsWith("matmul")) {
      refuse(
          good.with(i, wrap.in(right.unsqueeze(0))),
          "a tensor of rank " + (right.rank() + 1) + " for argument " + i);
    }
    if (!name.startsWith("outer")
        && !name.startsWith("kron")
        && !"plan".equals(name)
        && !"ofDense".equals(name)) {
      refuse(
          good.with(i, wrap.in(own(Tensor.zeros(DType.F32, 2, 5)))),
          "a tensor of shape [2, 5] for argument " + i);
    }
    if (i == 0 && name.endsWith("Into")) {
      refuse(
          good.with(0, overlapping(good, right)), "an output that shares elements with an operand");
      Tensor one = own(Tensor.zeros(DType.F32, 1));
      refuse(
          good.with(0, one.reshape(ones(right.rank())).broadcastTo(right.shape())),
          "an output that overlaps itself");
    }
  }

  private static long[] ones(int rank) {
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    return shape;
  }

  /**
   * The output's shape in memory that begins with an operand's elements: the operand is swapped for
   * a view of it.
   */
  private Tensor overlapping(Call call, Tensor right) {
    Tensor big = own(Tensor.zeros(DType.F32, right.size() + 9));
    Tensor operand = big.slice(0, 0, 9).reshape(3, 3);
    for (int i = 1; i < call.arguments.length; i++) {
      if (call.arguments[i] instanceof Tensor) {
        call.arguments[i] = operand;
      } else if (call.arguments[i] instanceof Tensor[] all) {
        Array.set(all, 0, operand);
      }
    }
    return big.slice(0, 5, 5 + right.size()).reshape(right.shape());
  }

  private void refuse(Call call, String what) {
    String where = call.name() + " with " + what;
    float[][] before = outputs(call);
    long bytes = Einblas.nativeBytesInUse();
    try {
      Object result = call.run();
      if (result instanceof Tensor t) {
        t.close();
      }
      wrong.add(where + " was accepted");
    } catch (NullPointerException e) {
      // The name of the argument, not a fault inside.
      if (e.getMessage() == null || e.getMessage().startsWith("Cannot ")) {
        wrong.add(where + ": " + e);
      }
      refusals++;
    } catch (IllegalArgumentException
        | IllegalStateException
        | IndexOutOfBoundsException
        | java.io.IOException e) {
      if (e.getMessage() == null || e.getMessage().length() < 10) {
        wrong.add(where + ": the exception says nothing: " + e);
      }
      refusals++;
    } catch (Throwable e) {
      wrong.add(where + " threw " + e);
    }
    if (Einblas.nativeBytesInUse() > bytes) {
      wrong.add(where + " leaked native memory");
    }
    float[][] after = outputs(call);
    for (int i = 0; i < before.length; i++) {
      assertArrayEquals(before[i], after[i], where + " changed a tensor");
    }
  }

  /** Contents of all open F32 tensors among receiver and arguments. */
  private static float[][] outputs(Call call) {
    List<Object> all = new ArrayList<>(Arrays.asList(call.arguments));
    all.add(call.receiver);
    return all.stream()
        .filter(o -> o instanceof Tensor t && !t.isClosed() && t.dtype() == DType.F32)
        .map(o -> ((Tensor) o).toFloatArray())
        .toArray(float[][]::new);
  }
}
