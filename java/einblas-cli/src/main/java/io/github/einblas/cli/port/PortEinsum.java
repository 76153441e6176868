// Port: einsum of NumPy, PyTorch, opt_einsum and einops.
package io.github.einblas.cli.port;

import io.github.einblas.Einsum;
import io.github.einblas.Sublist;
import io.github.einblas.cli.port.PlainProducts.Term;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Equations of letters, lists of labels, and patterns of words. */
final class PortEinsum {
  /** The label of the last axis of an ellipsis; those before it have smaller ones. */
  private static final int ELLIPSIS_END = -1;

  private static final int MOST_OPERANDS = 32;

  private PortEinsum() {}

  static void addTo(PortFunctions.Table table) {
    table.put(
        "np.einsum oe.contract",
        "*operands, /, optimize=",
        (c, want) -> {
          if (c.node(1) instanceof PythonSyntax.Items) {
            throw c.wrong(1, "an order of one's own is for Einsum.plan: PlanOptions.withPath");
          }
          return einsum(c); // other values choose how an order is sought, and not what results
        });
    table.put("torch.einsum", "*operands", (c, want) -> einsum(c));
    table.put("einops.einsum", "*tensors_and_pattern", (c, want) -> words(c));
    table.put(
        "einsum",
        "*operands",
        (c, want) ->
            c.rest().isEmpty() || c.rest().get(0) instanceof PythonSyntax.Text
                ? einsum(c)
                : words(c));
  }

  private static Ported einsum(PortCall c) {
    List<PythonSyntax> given = c.rest();
    if (given.isEmpty()) {
      throw c.wrong("an equation such as 'ij,jk->ik' and its operands are missing");
    }
    if (!(given.get(0) instanceof PythonSyntax.Text equation)) {
      return sublists(c);
    }
    List<PythonSyntax> nodes = given.subList(1, given.size());
    if (nodes.size() == 1 && nodes.get(0) instanceof PythonSyntax.Items items) {
      nodes = items.items(); // PyTorch takes a list too
    }
    return lettered(c, equation, equation.value(), nodes);
  }

  /** A term: letters, and -1 where the ellipsis stands. */
  private static int[] term(PortCall c, PythonSyntax.Text at, String text) {
    List<Integer> labels = new ArrayList<>();
    for (int i = 0; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (text.startsWith("...", i)) {
        if (labels.contains(ELLIPSIS_END)) {
          throw c.in().source().wrong(at.position(), c.name() + ": a term has two ellipses");
        }
        labels.add(ELLIPSIS_END);
        i += 2;
      } else if ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')) {
        labels.add((int) letter);
      } else {
        throw c.in()
            .source()
            .wrong(
                at.position(),
                c.name()
                    + ": the equation has "
                    + PythonSource.shown(text.codePointAt(i))
                    + " where letters, commas, ... and -> are supported");
      }
    }
    return labels.stream().mapToInt(Integer::intValue).toArray();
  }

  private static Ported lettered(
      PortCall c, PythonSyntax.Text at, String equation, List<PythonSyntax> nodes) {
    String text = equation.replace(" ", "");
    String[] sides = text.split("->", -1);
    if (sides.length > 2) {
      throw c.in().source().wrong(at.position(), c.name() + ": the equation has two arrows");
    }
    String[] left = sides[0].split(",", -1);
    if (left.length != nodes.size() || nodes.size() > MOST_OPERANDS) {
      throw c.in()
          .source()
          .wrong(
              at.position(),
              c.name()
                  + ": the equation has "
                  + left.length
                  + " terms and there are "
                  + nodes.size()
                  + " operands, at most "
                  + MOST_OPERANDS);
    }
    int[][] terms = Arrays.stream(left).map(t -> term(c, at, t)).toArray(int[][]::new);
    Ported[] operands = operands(c, nodes, terms);
    int widest = 0;
    for (int i = 0; i < terms.length; i++) {
      if (PortShapes.contains(terms[i], ELLIPSIS_END)) {
        widest = Math.max(widest, operands[i].rank() - terms[i].length + 1);
      }
      terms[i] = expanded(c, terms[i], operands[i]);
    }
    int[] output =
        sides.length == 2 ? widened(term(c, at, sides[1]), widest) : implicit(terms, widest);
    if (Arrays.stream(output).distinct().count() != output.length) {
      throw c.in().source().wrong(at.position(), c.name() + ": the output has a letter twice");
    }
    for (int label : output) {
      if (label >= 0 && Arrays.stream(terms).noneMatch(t -> PortShapes.contains(t, label))) {
        throw c.in()
            .source()
            .wrong(
                at.position(), c.name() + ": no operand has the output's letter " + (char) label);
      }
    }
    List<JavaExpression> java = Arrays.stream(operands).map(Ported::java).toList();
    return Ported.made(
        JavaExpression.call(Einsum.class, "einsum", equation, java.toArray()),
        sum(c, output, terms, operands));
  }

  /** Operands whose axes agree by their labels, as far as shapes are free. */
  private static Ported[] operands(PortCall c, List<PythonSyntax> nodes, int[][] terms) {
    return c.in()
        .each(
            nodes,
            (i, known) -> {
              Map<Integer, Integer> lengths = new HashMap<>();
              for (int k = 0; k < known.length; k++) {
                if (known[k] != null && known[k].rank() == terms[k].length) {
                  for (int axis = 0; axis < terms[k].length; axis++) {
                    lengths.put(terms[k][axis], known[k].shape()[axis]);
                  }
                }
              }
              int[] want = new int[terms[i].length];
              for (int axis = 0; axis < want.length; axis++) { // repeated letters: one length
                want[axis] =
                    lengths.computeIfAbsent(terms[i][axis], l -> c.in().operands().nextLength());
              }
              return want;
            });
  }

  /** A term with a label for each axis; those of the ellipsis end with the same. */
  private static int[] expanded(PortCall c, int[] term, Ported operand) {
    boolean ellipsis = PortShapes.contains(term, ELLIPSIS_END);
    int more = operand.rank() - term.length + 1;
    if (ellipsis ? more < 0 : more != 1) {
      throw c.mismatch(
          "a term has "
              + term.length
              + " labels, and its operand the shape "
              + PortShapes.text(operand.shape()));
    }
    return widened(term, more);
  }

  private static int[] widened(int[] term, int width) {
    int[] labels = new int[0];
    for (int label : term) {
      labels =
          label == ELLIPSIS_END
              ? PortShapes.join(labels, PortShapes.range(-width, 0))
              : PortShapes.join(labels, label);
    }
    return labels;
  }

  /** The ellipsis, then the letters that come once, in the order of their codes. */
  private static int[] implicit(int[][] terms, int widest) {
    Map<Integer, Integer> counts = new TreeMap<>();
    for (int[] term : terms) {
      for (int label : term) {
        counts.merge(label, 1, Integer::sum);
      }
    }
    return PortShapes.join(
        PortShapes.range(-widest, 0),
        counts.entrySet().stream()
            .filter(e -> e.getKey() >= 0 && e.getValue() == 1)
            .mapToInt(Map.Entry::getKey)
            .toArray());
  }

  private static PlainTensor sum(PortCall c, int[] output, int[][] terms, Ported... operands) {
    Map<Integer, Integer> lengths = new HashMap<>();
    List<Term> all = new ArrayList<>();
    for (int i = 0; i < terms.length; i++) {
      for (int axis = 0; axis < terms[i].length; axis++) {
        int length = operands[i].shape()[axis];
        Integer other = lengths.put(terms[i][axis], length);
        if (other != null && other != length) {
          boolean broadcasts = terms[i][axis] < 0 && (other == 1 || length == 1);
          if (!broadcasts) {
            throw c.mismatch("one label has the lengths " + other + " and " + length);
          }
          lengths.put(terms[i][axis], Math.max(other, length));
        }
      }
      all.add(new Term(operands[i].plain(), terms[i]));
    }
    return c.in().products().sum(output, all);
  }

  // ---- NumPy's lists of labels

  private static Ported sublists(PortCall c) {
    List<PythonSyntax> given = c.rest();
    int count = given.size() / 2;
    boolean hasOutput = given.size() % 2 == 1;
    if (count == 0 || count > MOST_OPERANDS) {
      throw c.wrong("an equation, or operands each with a list of labels, are missing");
    }
    List<PythonSyntax> nodes = new ArrayList<>();
    int[][] terms = new int[count][];
    for (int i = 0; i < count; i++) {
      nodes.add(given.get(2 * i));
      terms[i] = labels(c, given.get(2 * i + 1));
    }
    Ported[] operands = operands(c, nodes, terms);
    for (int i = 0; i < count; i++) {
      terms[i] = expanded(c, terms[i], operands[i]);
    }
    int[] output = hasOutput ? labels(c, given.get(2 * count)) : implicit(terms, 0);
    List<JavaExpression> lists = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      lists.add(
          JavaExpression.call(Sublist.class, "of", operands[i].java(), Ported.boxed(terms[i])));
    }
    return Ported.made(
        JavaExpression.call(
            Einsum.class, "einsum", JavaExpression.literal(output), lists.toArray()),
        sum(c, output, terms, operands));
  }

  private static int[] labels(PortCall c, PythonSyntax node) {
    if (!(node instanceof PythonSyntax.Items)) {
      throw c.in().source().wrong(node.position(), c.name() + ": a list of labels was expected");
    }
    int[] labels = c.in().integers(node);
    for (int label : labels) {
      if (label < 0 || label > 51) {
        throw c.in().source().wrong(node.position(), c.name() + ": labels are from 0 to 51");
      }
    }
    return labels;
  }

  // ---- einops

  private static Ported words(PortCall c) {
    List<PythonSyntax> given = c.rest();
    int last = given.size() - 1;
    if (last < 1 || !(given.get(last) instanceof PythonSyntax.Text pattern)) {
      throw c.wrong("tensors and then a pattern, such as 'i j, j k -> i k', were expected");
    }
    Map<String, Character> letters = new LinkedHashMap<>();
    StringBuilder equation = new StringBuilder();
    for (String word :
        pattern.value().replace(",", " , ").replace("->", " -> ").strip().split("\\s+")) {
      if (word.equals(",") || word.equals("->") || word.equals("...")) {
        equation.append(word);
      } else if (word.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        equation.append(PortPattern.letter(word, letters, pattern.value()));
      } else {
        throw c.in()
            .source()
            .wrong(
                pattern.position(),
                c.name() + ": words, commas, ... and -> are supported in a pattern, not " + word);
      }
    }
    if (equation.indexOf("->") < 0) {
      throw c.in().source().wrong(pattern.position(), c.name() + ": the pattern has no ->");
    }
    return lettered(c, pattern, equation.toString(), given.subList(0, last));
  }
}
