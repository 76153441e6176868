// Rivals: CSR and BSR products of MKL's inspector-executor routines.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.NativeArray;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Structured;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.mkl.global.mkl_rt;

/** The matrix is optimised beforehand, for that product. */
final class MklStructured implements Rival.Job {
  private final Structured matrix;
  private final NativeArray values;
  private final NativeArray x;
  private final NativeArray out;
  private final IntPointer indptr;
  private final IntPointer indices;
  private final mkl_rt.sparse_matrix handle = new mkl_rt.sparse_matrix();
  private final mkl_rt.matrix_descr description = new mkl_rt.matrix_descr();
  private final int operation;
  private final int width;

  MklStructured(Structured c, DType dtype) {
    matrix = c;
    width = c.width();
    values = NativeArray.operand(dtype, 0, (long) c.entries());
    x = NativeArray.operand(dtype, 1, c.operand()[0] * c.operand()[1]);
    out = NativeArray.zeros(dtype, c.results());
    indptr = new IntPointer(c.indptr());
    indices = new IntPointer(c.indices());
    operation =
        c.kind().endsWith("t")
            ? mkl_rt.SPARSE_OPERATION_TRANSPOSE
            : mkl_rt.SPARSE_OPERATION_NON_TRANSPOSE;
    description.type(mkl_rt.SPARSE_MATRIX_TYPE_GENERAL);
    create();
    int hint =
        width == 1
            ? mkl_rt.mkl_sparse_set_mv_hint(handle, operation, description, 1000)
            : mkl_rt.mkl_sparse_set_mm_hint(
                handle, operation, description, mkl_rt.SPARSE_LAYOUT_ROW_MAJOR, width, 1000);
    if (hint == 0) { // some kinds have none
      check(mkl_rt.mkl_sparse_optimize(handle));
    }
  }

  private void create() {
    int zero = mkl_rt.SPARSE_INDEX_BASE_ZERO;
    int rowMajor = mkl_rt.SPARSE_LAYOUT_ROW_MAJOR;
    int rows = matrix.rows();
    int columns = matrix.columns();
    int block = matrix.block();
    IntPointer ends = indptr.getPointer(1);
    boolean csr = matrix.group().equals("csr");
    if (values.pointer() instanceof FloatPointer v) {
      check(
          csr
              ? mkl_rt.mkl_sparse_s_create_csr(
                  handle, zero, rows, columns, indptr, ends, indices, v)
              : mkl_rt.mkl_sparse_s_create_bsr(
                  handle, zero, rowMajor, rows, columns, block, indptr, ends, indices, v));
    } else {
      DoublePointer v = (DoublePointer) values.pointer();
      check(
          csr
              ? mkl_rt.mkl_sparse_d_create_csr(
                  handle, zero, rows, columns, indptr, ends, indices, v)
              : mkl_rt.mkl_sparse_d_create_bsr(
                  handle, zero, rowMajor, rows, columns, block, indptr, ends, indices, v));
    }
  }

  private static void check(int status) {
    if (status != 0) {
      throw new IllegalStateException("MKL's sparse status is " + status);
    }
  }

  @Override
  public String form() {
    return width == 1 ? "mkl_sparse_mv" : "mkl_sparse_mm";
  }

  @Override
  public void run() {
    int rows = mkl_rt.SPARSE_LAYOUT_ROW_MAJOR;
    if (x.pointer() instanceof FloatPointer from) {
      FloatPointer to = (FloatPointer) out.pointer();
      check(
          width == 1
              ? mkl_rt.mkl_sparse_s_mv(operation, 1, handle, description, from, 0, to)
              : mkl_rt.mkl_sparse_s_mm(
                  operation, 1, handle, description, rows, from, width, width, 0, to, width));
    } else {
      DoublePointer from = (DoublePointer) x.pointer();
      DoublePointer to = (DoublePointer) out.pointer();
      check(
          width == 1
              ? mkl_rt.mkl_sparse_d_mv(operation, 1, handle, description, from, 0, to)
              : mkl_rt.mkl_sparse_d_mm(
                  operation, 1, handle, description, rows, from, width, width, 0, to, width));
    }
  }

  @Override
  public double result(long index) {
    return out.get(index);
  }

  @Override
  public void close() {
    mkl_rt.mkl_sparse_destroy(handle);
    for (NativeArray array : new NativeArray[] {values, x, out}) {
      array.close();
    }
    indptr.close();
    indices.close();
  }
}
