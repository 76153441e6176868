// Rivals: OpenBLAS called directly (bytedeco's binding).
package io.github.einblas.bench.rivals;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;

import io.github.einblas.DType;
import io.github.einblas.bench.Rival;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * cblas calls. Its batched calls are left out: those of 0.3.31 crash for matrices below 100 cubed.
 */
public final class OpenBlasRival extends CblasRival {
  @Override
  public String name() {
    return "openblas";
  }

  @Override
  public String version() {
    return Rival.jar(openblas_nolapack.class) + " (bytedeco), cblas";
  }

  @Override
  public void setThreads(int threads) {
    openblas_nolapack.blas_set_num_threads(threads);
  }

  @Override
  void gemm(DType dtype, GemmLoop l, Pointer a, Pointer b, double beta, Pointer c) {
    int ta = l.transposeA() ? CblasTrans : CblasNoTrans;
    int tb = l.transposeB() ? CblasTrans : CblasNoTrans;
    if (dtype == DType.F32) {
      openblas_nolapack.cblas_sgemm(
          CblasRowMajor,
          ta,
          tb,
          l.m(),
          l.n(),
          l.k(),
          1f,
          (FloatPointer) a,
          l.lda(),
          (FloatPointer) b,
          l.ldb(),
          (float) beta,
          (FloatPointer) c,
          l.ldc());
    } else {
      openblas_nolapack.cblas_dgemm(
          CblasRowMajor,
          ta,
          tb,
          l.m(),
          l.n(),
          l.k(),
          1d,
          (DoublePointer) a,
          l.lda(),
          (DoublePointer) b,
          l.ldb(),
          beta,
          (DoublePointer) c,
          l.ldc());
    }
  }

  @Override
  void gemv(
      DType dtype,
      GemmLoop l,
      int rows,
      int columns,
      Pointer a,
      Pointer x,
      double beta,
      Pointer y) {
    int ta = l.transposeA() ? CblasTrans : CblasNoTrans;
    if (dtype == DType.F32) {
      openblas_nolapack.cblas_sgemv(
          CblasRowMajor,
          ta,
          rows,
          columns,
          1f,
          (FloatPointer) a,
          l.lda(),
          (FloatPointer) x,
          l.ldb(),
          (float) beta,
          (FloatPointer) y,
          l.ldc());
    } else {
      openblas_nolapack.cblas_dgemv(
          CblasRowMajor,
          ta,
          rows,
          columns,
          1d,
          (DoublePointer) a,
          l.lda(),
          (DoublePointer) x,
          l.ldb(),
          beta,
          (DoublePointer) y,
          l.ldc());
    }
  }

  @Override
  double dot(DType dtype, GemmLoop l, Pointer x, Pointer y) {
    return dtype == DType.F32
        ? openblas_nolapack.cblas_sdot(l.k(), (FloatPointer) x, l.lda(), (FloatPointer) y, l.ldb())
        : openblas_nolapack.cblas_ddot(
            l.k(), (DoublePointer) x, l.lda(), (DoublePointer) y, l.ldb());
  }
}
