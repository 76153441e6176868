// Rivals: EJML, whose tensors are matrices.
package io.github.einblas.bench.rivals;

import io.github.einblas.DType;
import io.github.einblas.bench.Catalogue;
import io.github.einblas.bench.Rival;
import io.github.einblas.bench.Values;
import java.util.ArrayList;
import java.util.List;
import org.ejml.concurrency.EjmlConcurrency;
import org.ejml.data.DMatrixRMaj;
import org.ejml.data.FMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.CommonOps_FDRM;
import org.ejml.dense.row.CommonOps_MT_DDRM;
import org.ejml.dense.row.CommonOps_MT_FDRM;

/** Matrix products, element products, transposes and sums of matrices. */
public final class EjmlRival implements Rival {
  private int threads = 1;

  @Override
  public String name() {
    return "ejml";
  }

  @Override
  public String version() {
    return "EJML " + Rival.jar(CommonOps_DDRM.class);
  }

  @Override
  public void setThreads(int count) {
    threads = count;
    EjmlConcurrency.setMaxThreads(count);
  }

  /** What is called, with one thread and with several. */
  private enum Call {
    MULT,
    MULT_TRANS_A,
    MULT_TRANS_B,
    ELEMENT_MULT,
    TRANSPOSE,
    SUM_ROWS,
    SUM_COLS
  }

  @Override
  public List<Job> jobs(Catalogue.Case c, DType dtype, Style style) {
    Call call =
        switch (c.equation()) {
          case "ab,bc->ac", "ij,jk->ik", "ij,j->i" -> Call.MULT;
          case "ij,i->j" -> Call.MULT_TRANS_A;
          case "rd,od->ro" -> Call.MULT_TRANS_B;
          case "ij,ij->ij", "a,a->a" -> Call.ELEMENT_MULT;
          case "ij->ji" -> Call.TRANSPOSE;
          case "ij->i" -> Call.SUM_ROWS;
          case "ij->j" -> Call.SUM_COLS;
          default -> null;
        };
    if (call == null) {
      return List.of();
    }
    boolean fresh = style == Style.USUAL;
    return List.of(dtype == DType.F32 ? new Floats(c, call, fresh) : new Doubles(c, call, fresh));
  }

  private static int rows(long[] shape) {
    return (int) shape[0];
  }

  private static int columns(long[] shape) {
    return shape.length < 2 ? 1 : (int) shape[1];
  }

  private static long[] resultShape(Catalogue.Case c, Call call) {
    return call == Call.SUM_COLS ? new long[] {1, c.outputShape()[0]} : c.outputShape();
  }

  private final class Floats implements Job {
    private final Call call;
    private final boolean fresh;
    private final long[] shape;
    private final List<FMatrixRMaj> x = new ArrayList<>();
    private FMatrixRMaj out;

    Floats(Catalogue.Case c, Call call, boolean fresh) {
      this.call = call;
      this.fresh = fresh;
      this.shape = resultShape(c, call);
      for (int t = 0; t < c.shapes().length; t++) {
        int rows = rows(c.shapes()[t]);
        int columns = columns(c.shapes()[t]);
        x.add(FMatrixRMaj.wrap(rows, columns, Values.floats(t, (long) rows * columns)));
      }
      out = new FMatrixRMaj(rows(shape), columns(shape));
    }

    @Override
    public String form() {
      return call.toString();
    }

    @Override
    public void run() {
      if (fresh) {
        out = new FMatrixRMaj(rows(shape), columns(shape));
      }
      boolean many = threads > 1;
      switch (call) {
        case MULT -> {
          if (many) {
            CommonOps_MT_FDRM.mult(x.get(0), x.get(1), out);
          } else {
            CommonOps_FDRM.mult(x.get(0), x.get(1), out);
          }
        }
        case MULT_TRANS_A -> {
          if (many) {
            CommonOps_MT_FDRM.multTransA(x.get(0), x.get(1), out);
          } else {
            CommonOps_FDRM.multTransA(x.get(0), x.get(1), out);
          }
        }
        case MULT_TRANS_B -> {
          if (many) {
            CommonOps_MT_FDRM.multTransB(x.get(0), x.get(1), out);
          } else {
            CommonOps_FDRM.multTransB(x.get(0), x.get(1), out);
          }
        }
        case ELEMENT_MULT -> CommonOps_FDRM.elementMult(x.get(0), x.get(1), out);
        case TRANSPOSE -> {
          if (many) {
            CommonOps_MT_FDRM.transpose(x.get(0), out);
          } else {
            CommonOps_FDRM.transpose(x.get(0), out);
          }
        }
        case SUM_ROWS -> CommonOps_FDRM.sumRows(x.get(0), out);
        case SUM_COLS -> CommonOps_FDRM.sumCols(x.get(0), out);
      }
    }

    @Override
    public double result(long index) {
      return out.data[(int) index];
    }

    @Override
    public void close() {
      x.clear();
    }
  }

  private final class Doubles implements Job {
    private final Call call;
    private final boolean fresh;
    private final long[] shape;
    private final List<DMatrixRMaj> x = new ArrayList<>();
    private DMatrixRMaj out;

    Doubles(Catalogue.Case c, Call call, boolean fresh) {
      this.call = call;
      this.fresh = fresh;
      this.shape = resultShape(c, call);
      for (int t = 0; t < c.shapes().length; t++) {
        int rows = rows(c.shapes()[t]);
        int columns = columns(c.shapes()[t]);
        x.add(DMatrixRMaj.wrap(rows, columns, Values.doubles(t, (long) rows * columns)));
      }
      out = new DMatrixRMaj(rows(shape), columns(shape));
    }

    @Override
    public String form() {
      return call.toString();
    }

    @Override
    public void run() {
      if (fresh) {
        out = new DMatrixRMaj(rows(shape), columns(shape));
      }
      boolean many = threads > 1;
      switch (call) {
        case MULT -> {
          if (many) {
            CommonOps_MT_DDRM.mult(x.get(0), x.get(1), out);
          } else {
            CommonOps_DDRM.mult(x.get(0), x.get(1), out);
          }
        }
        case MULT_TRANS_A -> {
          if (many) {
            CommonOps_MT_DDRM.multTransA(x.get(0), x.get(1), out);
          } else {
            CommonOps_DDRM.multTransA(x.get(0), x.get(1), out);
          }
        }
        case MULT_TRANS_B -> {
          if (many) {
            CommonOps_MT_DDRM.multTransB(x.get(0), x.get(1), out);
          } else {
            CommonOps_DDRM.multTransB(x.get(0), x.get(1), out);
          }
        }
        case ELEMENT_MULT -> CommonOps_DDRM.elementMult(x.get(0), x.get(1), out);
        case TRANSPOSE -> {
          if (many) {
            CommonOps_MT_DDRM.transpose(x.get(0), out);
          } else {
            CommonOps_DDRM.transpose(x.get(0), out);
          }
        }
        case SUM_ROWS -> CommonOps_DDRM.sumRows(x.get(0), out);
        case SUM_COLS -> CommonOps_DDRM.sumCols(x.get(0), out);
      }
    }

    @Override
    public double result(long index) {
      return out.data[(int) index];
    }

    @Override
    public void close() {
      x.clear();
    }
  }
}
