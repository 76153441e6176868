// Port: products by name.
package io.github.einblas.cli.port;

import io.github.einblas.Einsum;
import io.github.einblas.TensorOps;
import io.github.einblas.cli.port.PlainProducts.Term;
import java.util.Arrays;
import java.util.List;

/** Products of NumPy and PyTorch; plain loops compute each from the labels of its definition. */
final class PortProducts {
  private PortProducts() {}

  static void addTo(PortFunctions.Table table) {
    table.put(
        "np.matmul torch.matmul .matmul",
        "a|self|input, b|other",
        (c, want) -> matmul(c.in(), -1, c.node(0), c.node(1)));
    table.put("torch.mm .mm", "input, mat2", (c, want) -> ranked(c, "matmul", 2, 2));
    table.put("torch.mv .mv", "input, vec", (c, want) -> ranked(c, "matmul", 2, 1));
    table.put("torch.bmm .bmm", "input, mat2", (c, want) -> ranked(c, "batchedDot", 3, 3));
    table.put("torch.dot", "input, other", (c, want) -> ranked(c, "matmul", 1, 1));
    table.put("np.dot .dot", "a, b", (c, want) -> dot(c));
    table.put("np.inner torch.inner .inner", "a|input, b|other", (c, want) -> inner(c));
    table.put("np.outer torch.outer torch.ger .outer", "a|input, b|vec2", (c, want) -> outer(c));
    table.put("np.vdot torch.vdot", "a|input, b|other", (c, want) -> vdot(c));
    table.put("np.kron torch.kron .kron", "a|input, b|other", (c, want) -> kron(c));
    table.put("np.tensordot", "a, b, axes=", (c, want) -> tensordot(c));
    table.put("torch.tensordot", "a, b, dims=", (c, want) -> tensordot(c));
    table.put(
        "torch.addmm .addmm", "input, mat1, mat2, /, beta=, alpha=", (c, want) -> addmm(c, 2));
    table.put(
        "torch.baddbmm .baddbmm",
        "input, batch1, batch2, /, beta=, alpha=",
        (c, want) -> addmm(c, 3));
    table.put("F.linear", "input, weight, bias=", (c, want) -> linear(c));
    table.put("np.trace torch.trace .trace", "a|input", (c, want) -> trace(c));
    table.put(
        "np.linalg.multi_dot torch.linalg.multi_dot", "arrays|tensors", (c, want) -> multiDot(c));
  }

  private static Ported call(String method, PlainTensor plain, Ported... operands) {
    Object[] arguments = Arrays.stream(operands).map(Ported::java).toArray();
    return Ported.made(JavaExpression.call(TensorOps.class, method, arguments), plain);
  }

  /** Letters from i on, as many as labels. */
  private static String letters(int... labels) {
    StringBuilder text = new StringBuilder();
    for (int label : labels) {
      int letter = 'i' + label;
      text.append((char) (letter <= 'z' ? letter : 'A' + letter - 'z' - 1));
    }
    return text.toString();
  }

  /** An einsum of operands by labels from 0 on. */
  static Ported einsum(PortTranslation in, int[] output, int[][] labels, Ported... operands) {
    List<Term> terms = new java.util.ArrayList<>();
    StringBuilder equation = new StringBuilder();
    for (int i = 0; i < operands.length; i++) {
      terms.add(new Term(operands[i].plain(), labels[i]));
      equation.append(i == 0 ? "" : ",").append(letters(labels[i]));
    }
    equation.append("->").append(letters(output));
    Object[] arguments = Arrays.stream(operands).map(Ported::java).toArray();
    return Ported.made(
        JavaExpression.call(Einsum.class, "einsum", equation.toString(), arguments),
        in.products().sum(output, terms));
  }

  // ---- matrices

  /** As NumPy's: vectors are rows left and columns right, axes in front broadcast. */
  static Ported matmul(PortTranslation in, int position, PythonSyntax left, PythonSyntax right) {
    Ported[] both = matrices(in, left, right);
    return call("matmul", matmul(in, both[0], both[1]), both);
  }

  private static Ported[] matrices(PortTranslation in, PythonSyntax left, PythonSyntax right) {
    return in.each(
        List.of(left, right),
        (i, known) -> {
          Ported other = known[1 - i];
          if (other == null || other.rank() == 0) {
            return null;
          }
          int rank = other.rank();
          int[] shape = other.shape();
          int[] want = rank == 1 ? new int[] {-1, -1} : shape.clone();
          int shared = i == 0 ? shape[Math.max(0, rank - 2)] : shape[rank - 1];
          want[want.length - 1] = i == 0 ? shared : -1;
          want[want.length - 2] = i == 0 ? -1 : shared;
          return want;
        });
  }

  private static PlainTensor matmul(PortTranslation in, Ported a, Ported b) {
    int x = a.rank();
    int y = b.rank();
    if (x == 0 || y == 0) {
      throw new PortShapes.Mismatch("a matrix product needs axes, and got a scalar");
    }
    int shared = a.shape()[x - 1];
    if (shared != b.shape()[Math.max(0, y - 2)]) {
      throw disagree("matrix product", a, b);
    }
    int batch = Math.max(Math.max(x, y) - 2, 0);
    PortShapes.broadcast(
        Arrays.copyOf(a.shape(), Math.max(0, x - 2)), Arrays.copyOf(b.shape(), Math.max(0, y - 2)));
    int[] both = PortShapes.range(3, 3 + batch);
    int[] ofA = Arrays.copyOfRange(both, batch - Math.max(0, x - 2), batch);
    int[] ofB = Arrays.copyOfRange(both, batch - Math.max(0, y - 2), batch);
    int[] rows = x == 1 ? new int[0] : new int[] {0};
    int[] columns = y == 1 ? new int[0] : new int[] {2};
    return in.products()
        .sum(
            PortShapes.join(PortShapes.join(both, rows), columns),
            new Term(a.plain(), PortShapes.join(PortShapes.join(ofA, rows), 1)),
            new Term(b.plain(), PortShapes.join(PortShapes.join(ofB, 1), columns)));
  }

  private static PortShapes.Mismatch disagree(String what, Ported a, Ported b) {
    return new PortShapes.Mismatch(
        "shapes "
            + PortShapes.text(a.shape())
            + " and "
            + PortShapes.text(b.shape())
            + " do not agree in a "
            + what);
  }

  /** Products that take matrices, or vectors, or batches, and nothing else. */
  private static Ported ranked(PortCall c, String method, int left, int right) {
    Ported[] both =
        c.in()
            .each(
                List.of(c.node(0), c.node(1)),
                (i, known) -> {
                  int[] want = PortShapes.filled(i == 0 ? left : right, -1);
                  Ported other = known[1 - i];
                  if (other != null && other.rank() == (i == 0 ? right : left)) {
                    int shared =
                        i == 0 ? other.shape()[Math.max(0, right - 2)] : other.shape()[left - 1];
                    want[i == 0 ? left - 1 : Math.max(0, right - 2)] = shared;
                    if (left == 3) {
                      want[0] = other.shape()[0];
                    }
                  }
                  return want;
                });
    if (both[0].rank() != left
        || both[1].rank() != right
        || (left == 3 && both[0].shape()[0] != both[1].shape()[0])) {
      throw disagree(c.name() + " of ranks " + left + " and " + right, both[0], both[1]);
    }
    return call(method, matmul(c.in(), both[0], both[1]), both);
  }

  private static Ported dot(PortCall c) {
    Ported[] both = matrices(c.in(), c.node(0), c.node(1));
    Ported a = both[0];
    Ported b = both[1];
    if (a.rank() == 0 || b.rank() == 0) {
      return c.in().arithmetic().multiply(a, b);
    }
    if (b.rank() <= 2 && (b.rank() == 1 || a.rank() <= 2)) {
      return call("matmul", matmul(c.in(), a, b), both);
    }
    int shared = a.rank() - 1;
    int[] ofA = PortShapes.range(0, a.rank());
    int[] ofB = PortShapes.range(shared, shared + b.rank()); // its own, and the shared one below
    for (int i = 0; i < b.rank() - 2; i++) {
      ofB[i] = a.rank() + i;
    }
    ofB[b.rank() - 2] = shared;
    ofB[b.rank() - 1] = a.rank() + b.rank() - 2;
    if (a.shape()[shared] != b.shape()[b.rank() - 2]) {
      throw disagree("dot product", a, b);
    }
    int[] output =
        PortShapes.join(
            PortShapes.range(0, shared), PortShapes.range(a.rank(), a.rank() + b.rank() - 1));
    return einsum(c.in(), output, new int[][] {ofA, ofB}, a, b);
  }

  private static Ported inner(PortCall c) {
    Ported[] both =
        c.in()
            .each(
                List.of(c.node(0), c.node(1)),
                (i, known) -> {
                  Ported other = known[1 - i];
                  if (other == null || other.rank() == 0) {
                    return null;
                  }
                  int[] want = PortShapes.filled(other.rank(), -1);
                  want[want.length - 1] = other.shape()[want.length - 1];
                  return want;
                });
    Ported a = both[0];
    Ported b = both[1];
    if (a.rank() == 0 || b.rank() == 0) {
      return c.in().arithmetic().multiply(a, b);
    }
    if (a.shape()[a.rank() - 1] != b.shape()[b.rank() - 1]) {
      throw disagree("inner product", a, b);
    }
    int shared = a.rank() - 1;
    int[] ofB = PortShapes.join(PortShapes.range(a.rank(), a.rank() + b.rank() - 1), shared);
    int[] output =
        PortShapes.join(
            PortShapes.range(0, shared), PortShapes.range(a.rank(), a.rank() + b.rank() - 1));
    // the letters of the page: ij,kj->ik
    return einsum(c.in(), output, new int[][] {PortShapes.range(0, a.rank()), ofB}, a, b);
  }

  private static Ported outer(PortCall c) {
    Ported[] both = c.in().each(List.of(c.node(0), c.node(1)), (i, known) -> new int[] {-1});
    if (both[0].rank() != 1 || both[1].rank() != 1) {
      throw c.mismatch(
          "vectors are supported, and these have shapes "
              + PortShapes.text(both[0].shape())
              + " and "
              + PortShapes.text(both[1].shape()));
    }
    PlainTensor plain =
        c.in()
            .products()
            .sum(new int[] {0, 1}, new Term(both[0].plain(), 0), new Term(both[1].plain(), 1));
    return call("outer", plain, both);
  }

  private static Ported vdot(PortCall c) {
    Ported[] both = c.in().broadcasting(List.of(c.node(0), c.node(1)), null);
    if (!Arrays.equals(both[0].shape(), both[1].shape())) {
      throw c.mismatch("operands of one shape are supported");
    }
    int[] labels = PortShapes.range(0, both[0].rank());
    Ported conjugate =
        new Ported(both[0].java().then("conj"), both[0].plain(), both[0].contiguous(), null);
    return einsum(c.in(), new int[0], new int[][] {labels, labels}, conjugate, both[1]);
  }

  private static Ported kron(PortCall c) {
    Ported[] both = c.in().each(List.of(c.node(0), c.node(1)), (i, known) -> null);
    int rank = Math.max(both[0].rank(), both[1].rank());
    int[] x = padded(both[0].shape(), rank);
    int[] y = padded(both[1].shape(), rank);
    int[] output = new int[2 * rank];
    int[] shape = new int[rank];
    for (int i = 0; i < rank; i++) {
      output[2 * i] = i;
      output[2 * i + 1] = rank + i;
      shape[i] = x[i] * y[i];
    }
    PlainTensor plain =
        c.in()
            .products()
            .sum(
                output,
                new Term(both[0].plain().reshaped(x), PortShapes.range(0, rank)),
                new Term(both[1].plain().reshaped(y), PortShapes.range(rank, 2 * rank)));
    return call("kron", plain.reshaped(shape), both);
  }

  private static int[] padded(int[] shape, int rank) {
    return PortShapes.join(PortShapes.filled(rank - shape.length, 1), shape);
  }

  private static Ported tensordot(PortCall c) {
    int[] ofA = null;
    int[] ofB = null;
    int count = 2;
    if (c.has(2) && c.node(2) instanceof PythonSyntax.Items items && items.items().size() == 2) {
      ofA = c.in().integers(items.items().get(0));
      ofB = c.in().integers(items.items().get(1));
      if (ofA.length != ofB.length) {
        throw c.wrong(2, "as many axes of a as of b are needed");
      }
    } else if (c.has(2)) {
      count = c.integer(2);
      if (count < 0) {
        throw c.wrong(2, "a number of axes is not negative");
      }
    }
    int[] axesA = ofA;
    int[] axesB = ofB;
    int axes = count;
    Ported[] both =
        c.in()
            .each(
                List.of(c.node(0), c.node(1)),
                (i, known) -> wantOfTensordot(i, known[1 - i], axesA, axesB, axes));
    Ported a = both[0];
    Ported b = both[1];
    if (axesA == null && (axes > a.rank() || axes > b.rank())) {
      throw c.mismatch("operands have fewer axes than are summed");
    }
    int[] x =
        axesA == null ? PortShapes.range(a.rank() - axes, a.rank()) : c.axes(2, axesA, a.rank());
    int[] y = axesB == null ? PortShapes.range(0, axes) : c.axes(2, axesB, b.rank());
    if (!Arrays.equals(PortShapes.taken(a.shape(), x), PortShapes.taken(b.shape(), y))) {
      throw disagree("sum over these axes", a, b);
    }
    int[] labelsA = PortShapes.range(0, a.rank());
    int[] labelsB = PortShapes.range(a.rank(), a.rank() + b.rank());
    for (int i = 0; i < x.length; i++) {
      labelsB[y[i]] = x[i];
    }
    int[] output =
        PortShapes.join(
            PortShapes.others(x, a.rank()),
            Arrays.stream(labelsB).filter(l -> l >= a.rank()).toArray());
    PlainTensor plain =
        c.in().products().sum(output, new Term(a.plain(), labelsA), new Term(b.plain(), labelsB));
    Object[] arguments =
        axesA == null
            ? new Object[] {a.java(), b.java(), axes}
            : new Object[] {a.java(), b.java(), axesA, axesB};
    return Ported.made(JavaExpression.call(TensorOps.class, "tensordot", arguments), plain);
  }

  private static int[] wantOfTensordot(int i, Ported other, int[] axesA, int[] axesB, int count) {
    int[] mine = i == 0 ? axesA : axesB;
    int[] theirs = i == 0 ? axesB : axesA;
    int largest = mine == null ? count - 1 : 0;
    if (mine != null) {
      for (int axis : mine) {
        largest = Math.max(largest, axis < 0 ? -axis - 1 : axis);
      }
    }
    int[] want = PortShapes.filled(Math.min(largest + 2, 26), -1);
    if (other == null) {
      return want;
    }
    int sums = mine == null ? count : mine.length;
    for (int k = 0; k < sums; k++) {
      int own = mine == null ? (i == 0 ? want.length - count + k : k) : mine[k];
      int its = theirs == null ? (i == 0 ? k : other.rank() - count + k) : theirs[k];
      own = own < 0 ? own + want.length : own;
      its = its < 0 ? its + other.rank() : its;
      if (own >= 0 && own < want.length && its >= 0 && its < other.rank()) {
        want[own] = other.shape()[its];
      }
    }
    return want;
  }

  /** beta * input + alpha * a @ b. */
  private static Ported addmm(PortCall c, int rank) {
    Ported[] both =
        c.in()
            .each(
                List.of(c.node(1), c.node(2)),
                (i, known) -> {
                  int[] want = PortShapes.filled(rank, -1);
                  Ported other = known[1 - i];
                  if (other != null && other.rank() == rank) {
                    want = other.shape().clone();
                    want[i == 0 ? rank - 1 : rank - 2] =
                        other.shape()[i == 0 ? rank - 2 : rank - 1];
                    want[i == 0 ? rank - 2 : rank - 1] = -1;
                  }
                  return want;
                });
    if (both[0].rank() != rank || both[1].rank() != rank) {
      throw disagree(c.name(), both[0], both[1]);
    }
    Ported product =
        call(rank == 2 ? "matmul" : "batchedDot", matmul(c.in(), both[0], both[1]), both);
    Ported input = c.in().reals(c.node(0), product.shape());
    if (!Arrays.equals(PortShapes.broadcast(input.shape(), product.shape()), product.shape())) {
      throw disagree(c.name(), input, product);
    }
    double beta = c.number(3, 1);
    double alpha = c.number(4, 1);
    PortArithmetic sums = c.in().arithmetic();
    Ported scaled = alpha == 1 ? product : sums.scaled(alpha, product);
    if (beta == 0) { // as PyTorch, which then ignores the input and what is no number in it
      return scaled;
    }
    return sums.add(beta == 1 ? input : sums.scaled(beta, input), scaled);
  }

  /** x times the transposed weight, and a bias. */
  private static Ported linear(PortCall c) {
    Ported[] both =
        c.in()
            .each(
                List.of(c.node(0), c.node(1)),
                (i, known) ->
                    known[1 - i] == null
                        ? new int[] {-1, -1}
                        : new int[] {-1, known[1 - i].shape()[known[1 - i].rank() - 1]});
    Ported x = both[0];
    if (x.rank() == 0 || both[1].rank() != 2 || x.shape()[x.rank() - 1] != both[1].shape()[1]) {
      throw disagree("linear layer", x, both[1]);
    }
    int n = x.rank() - 1;
    Ported product =
        einsum(
            c.in(),
            PortShapes.join(PortShapes.range(0, n), n + 1),
            new int[][] {PortShapes.range(0, n + 1), {n + 1, n}},
            both);
    if (!c.has(2)) {
      return product;
    }
    Ported bias = c.in().reals(c.node(2), new int[] {both[1].shape()[0]});
    return c.in().arithmetic().add(product, bias);
  }

  private static Ported trace(PortCall c) {
    int length = c.in().operands().nextLength();
    Ported x = c.tensor(0, new int[] {length, length});
    if (x.rank() != 2 || x.shape()[0] != x.shape()[1]) {
      throw c.mismatch("square matrices are supported");
    }
    return einsum(c.in(), new int[0], new int[][] {{0, 0}}, x);
  }

  private static Ported multiDot(PortCall c) {
    List<PythonSyntax> nodes = c.list(0);
    if (nodes.size() > 17) {
      throw c.wrong(0, "more than 17 matrices");
    }
    Ported[] all =
        c.in()
            .each(
                nodes,
                (i, known) ->
                    new int[] {
                      i > 0 && known[i - 1] != null && known[i - 1].rank() == 2
                          ? known[i - 1].shape()[1]
                          : -1,
                      i + 1 < known.length && known[i + 1] != null && known[i + 1].rank() == 2
                          ? known[i + 1].shape()[0]
                          : -1
                    });
    int[][] labels = new int[all.length][];
    for (int i = 0; i < all.length; i++) {
      labels[i] = new int[] {i, i + 1};
      if (all[i].rank() != 2) {
        throw c.mismatch("matrices are supported");
      }
      if (i > 0 && all[i - 1].shape()[1] != all[i].shape()[0]) {
        throw disagree("chain of matrices", all[i - 1], all[i]);
      }
    }
    return einsum(c.in(), new int[] {0, all.length}, labels, all);
  }
}
