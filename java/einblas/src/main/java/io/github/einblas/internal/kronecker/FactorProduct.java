// Kronecker: the product of two operators, factor by factor.
package io.github.einblas.internal.kronecker;

import io.github.einblas.internal.plan.PlanCache;
import io.github.einblas.internal.plan.PlanChecks;
import io.github.einblas.internal.sparse.Csr;
import io.github.einblas.internal.tensor.Strided;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** New factors of two operators that are open; an identity is split where that helps. */
public final class FactorProduct {
  private FactorProduct() {}

  /** a b, of factors that fit one by one. */
  public static Factors of(Factors a, Factors b) {
    if (a.columns() != b.rows()) {
      throw new IllegalArgumentException(
          "Kronecker product: the first has "
              + a.columns()
              + " columns, the second "
              + b.rows()
              + " rows");
    }
    if (a.dtype() != null && b.dtype() != null && a.dtype() != b.dtype()) {
      throw new IllegalArgumentException(
          "Kronecker product: operators of " + a.dtype() + " and " + b.dtype());
    }
    Deque<Term> left = new ArrayDeque<>(a.terms());
    Deque<Term> right = new ArrayDeque<>(b.terms());
    List<Term> result = new ArrayList<>();
    while (!left.isEmpty() && !right.isEmpty()) {
      Term x = left.poll();
      Term y = right.poll();
      if (x.columns() > y.rows() && splits(x, y.rows())) {
        left.push(Term.identity(x.rows() / y.rows()));
        x = Term.identity(y.rows());
      } else if (y.rows() > x.columns() && splits(y, x.columns())) {
        right.push(Term.identity(y.rows() / x.columns()));
        y = Term.identity(x.columns());
      }
      if (x.columns() != y.rows()) {
        throw misfit(a, b, x, y);
      }
      result.add(multiply(x, y));
    }
    for (Term rest : left.isEmpty() ? right : left) {
      if (rest.rows() != 1 || !rest.isIdentity()) {
        throw misfit(a, b, rest, null);
      }
    }
    return Factors.of(result);
  }

  private static boolean splits(Term identity, long length) {
    return identity.isIdentity() && length > 0 && identity.rows() % length == 0;
  }

  private static IllegalArgumentException misfit(Factors a, Factors b, Term x, Term y) {
    return new IllegalArgumentException(
        "Kronecker product of "
            + a
            + " and "
            + b
            + ": the factors do not fit one by one: "
            + (y == null
                ? x.describe() + " has no partner"
                : "the columns of " + x.describe() + " are not the rows of " + y.describe()));
  }

  private static Term multiply(Term x, Term y) {
    if (x.isIdentity()) {
      return y;
    }
    if (y.isIdentity()) {
      return x;
    }
    if (x.isSparse() || y.isSparse()) {
      return multiplySparse(x, y);
    }
    String equation =
        (x.isDiagonal() ? "i" : "...ij")
            + ","
            + (y.isDiagonal() ? (x.isDiagonal() ? "i" : "j") : x.isDiagonal() ? "...ik" : "...jk")
            + "->"
            + (x.isDiagonal() && y.isDiagonal() ? "i" : y.isDiagonal() ? "...ij" : "...ik");
    Strided[] own = {x.tensor(), y.tensor()};
    PlanChecks.sameType(equation, own);
    Strided made = PlanCache.get(equation, own).plan().runOwn(own);
    return made.rank() == 1 ? Term.diagonal(made) : Term.dense(made);
  }

  /** The product of two factors of which at least one is sparse; neither is an identity. */
  private static Term multiplySparse(Term x, Term y) {
    if (x.isDense()) {
      return Term.dense(applied(y, x, "Kronecker timesLeft", true));
    }
    if (y.isDense()) {
      return Term.dense(applied(x, y, "Kronecker times", false));
    }
    if (x.isSparse() && y.isSparse()) {
      return sparse(Entries.multiply(Entries.of(x), Entries.of(y)));
    }
    double[] scale = Numbers.of(x.isSparse() ? y.tensor() : x.tensor());
    Entries e = Entries.of(x.isSparse() ? x : y).scaled(scale, x.isSparse());
    return sparse(e.matrix());
  }

  private static Term sparse(Csr made) {
    return Term.sparse(made, false, false);
  }

  private static Strided applied(Term sparse, Term dense, String name, boolean left) {
    return new Products(Factors.of(sparse)).of(name, dense.tensor(), left);
  }
}
