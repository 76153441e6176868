// Walks every public method with null, closed, wrongly typed, wrongly shaped and overlapping
// tensors: a clear exception,
// nothing written, nothing leaked. A public method that no call here covers fails the test.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.einblas.reference.PublicApi;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class RefusalTest extends GoodArguments {
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
          "Tensor.isOwner",
          "Tensor.isConjugate",
          "Tensor.address",
          "Tensor.close",
          "Tensor.toString",
          "Tensor.length",
          "Tensor.hashCode",
          "Tensor.equals",
          "PlanOptions.withBatchInvariance", // either will do
          "PlanOptions.withCheckedIntegers",
          "PlanOptions.withAllowSlow",
          "BlockPattern.withBatchInvariance",
          "Gradients.size", // hold tensors, whose use is refused; PlanGradientTest has the index
          "Gradients.get",
          "Gradients.list",
          "Gradients.iterator",
          "BlockPattern.batchInvariance",
          "PlanOptions.withPath", // checked when a plan is made
          "PlanOptions.withKernel",
          "PlanOptions.withSeed", // any number, null for nobody, null for the default
          "PlanOptions.withSearchListener",
          "PlanOptions.withSearchTime",
          "PlanOptions.withOutputType", // null for that of the operands
          // Known without the memory, as of any tensor.
          "BoundPlan.operandCount",
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
          "EinsumPlan.of",
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
          "TensorScope.open",
          "Safetensors.names",
          "Einblas.leakReport",
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
          "Einblas.loadOpenBlas",
          "Einblas.loadedFrom");

  /** Types whose methods another test walks. */
  static final Map<String, String> ELSEWHERE = Map.of("BlockSparse", "BlockRefusalTest");

  /** Arguments that may be null: an implicit output. */
  private static final Set<String> MAY_BE_NULL =
      Set.of(
          "Einsum.einsum[int[], Sublist[]]0",
          "Einsum.einsum[int[], PlanOptions, Sublist[]]0",
          "Einsum.einsumInto[Tensor, int[], Sublist[]]1",
          "Einsum.einsumInto[Tensor, double, double, int[], PlanOptions, Sublist[]]3",
          "Einsum.plan[int[], Sublist[]]0",
          "Einsum.plan[int[], PlanOptions, Sublist[]]0",
          "Einsum.plan[int[][], int[], DType, long[][]]1",
          "Einsum.plan[int[][], int[], PlanOptions, DType, long[][]]1",
          "Einsum.plan[int[][], int[], PlanOptions, List, long[][]]1");

  private final List<String> wrong = new ArrayList<>();
  private int refusals;

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
      } else if (types[i] == Operand[].class && good.method.getName().startsWith("einsum")) {
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
    if (good.method.getDeclaringClass() == TensorMath.class) {
      wrongOutputs(good, i, right);
      return;
    }
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
    // Products of tensors alone take other types, too; the result has another type then.
    boolean mixes =
        List.of(Einsum.class, TensorOps.class).contains(good.method.getDeclaringClass())
            && !name.endsWith("Into");
    if (!values && !mixes) {
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

  /** Operands of TensorMath have any types, and shapes that broadcast; outputs have a shape. */
  private void wrongOutputs(Call good, int i, Tensor right) {
    if (i > 0 || !good.method.getName().endsWith("Into")) {
      return;
    }
    refuse(
        good.with(0, own(Tensor.zeros(DType.F32, 2, 5, 1, 1))), "an output of shape [2, 5, 1, 1]");
    Tensor one = own(Tensor.zeros(right.dtype(), 1));
    refuse(
        good.with(0, one.reshape(ones(right.rank())).broadcastTo(right.shape())),
        "an output that overlaps itself");
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
      } else if (call.arguments[i] instanceof Operand[] all) {
        Array.set(all, 0, operand);
      } else if (call.arguments[i] instanceof Sublist[] all) {
        all[0] = Sublist.of(operand, 0, 1);
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
