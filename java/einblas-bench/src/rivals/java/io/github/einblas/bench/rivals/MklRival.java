// Rivals: MKL called directly (bytedeco's binding), and its batched product and vector product.
package io.github.einblas.bench.rivals;

import static org.bytedeco.mkl.global.mkl_rt.CblasNoTrans;
import static org.bytedeco.mkl.global.mkl_rt.CblasRowMajor;
import static org.bytedeco.mkl.global.mkl_rt.CblasTrans;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Structured;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.mkl.global.mkl_rt;

/** cblas calls, gemm_batch_strided for batched matrix products, vMul for Hadamard products. */
public final class MklRival extends CblasRival {
  @Override
  public String name() {
    return "mkl";
  }

  @Override
  public String version() {
    byte[] text = new byte[200];
    mkl_rt.MKL_Get_Version_String(text, text.length);
    return new String(text, StandardCharsets.US_ASCII).trim().replaceFirst("\\s+for .*", "")
        + " (bytedeco)";
  }

  @Override
  public void setThreads(int threads) {
    mkl_rt.MKL_Set_Num_Threads(threads);
  }

  @Override
  void gemm(DType dtype, GemmLoop l, Pointer a, Pointer b, double beta, Pointer c) {
    int ta = l.transposeA() ? CblasTrans : CblasNoTrans;
    int tb = l.transposeB() ? CblasTrans : CblasNoTrans;
    if (dtype == DType.F32) {
      mkl_rt.cblas_sgemm(
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
      mkl_rt.cblas_dgemm(
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
      mkl_rt.cblas_sgemv(
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
      mkl_rt.cblas_dgemv(
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
        ? mkl_rt.cblas_sdot(l.k(), (FloatPointer) x, l.lda(), (FloatPointer) y, l.ldb())
        : mkl_rt.cblas_ddot(l.k(), (DoublePointer) x, l.lda(), (DoublePointer) y, l.ldb());
  }

  @Override
  public List<Job> structured(Structured c, DType dtype) {
    return c.isSparse() && !c.kind().equals("bsrx")
        ? List.of(new MklStructured(c, dtype))
        : List.of();
  }

  @Override
  List<Job> extra(Catalogue.Case c, DType dtype) {
    if (c.equation().equals("ij->ji")) {
      return List.of(transpose(c, dtype));
    }
    if (c.equation().equals("bik,bkj->bij")) {
      return List.of(batched(c, dtype));
    }
    boolean hadamard =
        c.terms().length == 2
            && c.terms()[0].equals(c.terms()[1])
            && c.terms()[0].equals(c.output());
    return hadamard ? List.of(product(c, dtype)) : List.of();
  }

  private static Job transpose(Catalogue.Case c, DType dtype) {
    long rows = c.shapes()[0][0];
    long columns = c.shapes()[0][1];
    return new NativeJob("omatcopy", c, dtype, false) {
      @Override
      void call(Pointer[] x, Pointer out) {
        if (dtype == DType.F32) {
          mkl_rt.mkl_somatcopy(
              (byte) 'R',
              (byte) 'T',
              rows,
              columns,
              1f,
              (FloatPointer) x[0],
              columns,
              (FloatPointer) out,
              rows);
        } else {
          mkl_rt.mkl_domatcopy(
              (byte) 'R',
              (byte) 'T',
              rows,
              columns,
              1d,
              (DoublePointer) x[0],
              columns,
              (DoublePointer) out,
              rows);
        }
      }
    };
  }

  private static Job batched(Catalogue.Case c, DType dtype) {
    int batch = (int) c.shapes()[0][0];
    int m = (int) c.shapes()[0][1];
    int k = (int) c.shapes()[0][2];
    int n = (int) c.shapes()[1][2];
    return new NativeJob("gemm_batch_strided", c, dtype, false) {
      @Override
      void call(Pointer[] x, Pointer out) {
        if (dtype == DType.F32) {
          mkl_rt.cblas_sgemm_batch_strided(
              CblasRowMajor,
              CblasNoTrans,
              CblasNoTrans,
              m,
              n,
              k,
              1f,
              (FloatPointer) x[0],
              k,
              m * k,
              (FloatPointer) x[1],
              n,
              k * n,
              0f,
              (FloatPointer) out,
              n,
              m * n,
              batch);
        } else {
          mkl_rt.cblas_dgemm_batch_strided(
              CblasRowMajor,
              CblasNoTrans,
              CblasNoTrans,
              m,
              n,
              k,
              1d,
              (DoublePointer) x[0],
              k,
              m * k,
              (DoublePointer) x[1],
              n,
              k * n,
              0d,
              (DoublePointer) out,
              n,
              m * n,
              batch);
        }
      }
    };
  }

  private static Job product(Catalogue.Case c, DType dtype) {
    int size = (int) NativeJob.product(c.outputShape());
    return new NativeJob("vMul", c, dtype, false) {
      @Override
      void call(Pointer[] x, Pointer out) {
        if (dtype == DType.F32) {
          mkl_rt.vsMul(size, (FloatPointer) x[0], (FloatPointer) x[1], (FloatPointer) out);
        } else {
          mkl_rt.vdMul(size, (DoublePointer) x[0], (DoublePointer) x[1], (DoublePointer) out);
        }
      }
    };
  }
}
