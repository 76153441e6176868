// Port: sums of products by plain loops.
package io.github.einblas.cli.port;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Sums over labels. In whatever order and in whatever pairs the library adds and multiplies, each
 * product takes part in at most N roundings, with N the products of an element, the summed labels
 * and twice the operands; so an element is off by at most N u times the sum of absolute products,
 * to first order, and by what the operands are off.
 *
 * @param rounding unit of the type
 */
record PlainProducts(PlainRounding rounding) {
  /** One operand with a label for each axis. */
  record Term(PlainTensor tensor, int... labels) {}

  PlainTensor sum(int[] output, Term... terms) {
    return sum(output, List.of(terms));
  }

  PlainTensor sum(int[] output, List<Term> terms) {
    Map<Integer, Integer> lengths = lengths(terms);
    List<Integer> order = new ArrayList<>();
    for (int label : output) {
      order.add(label);
    }
    lengths.keySet().stream().filter(l -> !order.contains(l)).forEach(order::add);
    int[] all = order.stream().mapToInt(lengths::get).toArray();
    int[] shape = java.util.Arrays.copyOf(all, output.length);
    PlainTensor.requireSmall(PlainTensor.size(all));
    PlainTensor result = PlainTensor.empty(PlainTensor.Kind.REAL, shape);
    int[][] axes = new int[terms.size()][];
    for (int t = 0; t < axes.length; t++) {
      axes[t] = java.util.Arrays.stream(terms.get(t).labels()).map(order::indexOf).toArray();
    }
    int[] summed = java.util.Arrays.copyOfRange(all, output.length, all.length);
    int count = (int) PlainTensor.size(summed);
    double roundings = (count + summed.length + 2.0 * axes.length) * rounding.unit();
    int[] index = new int[all.length];
    for (int i = 0; i < result.size(); i++) {
      System.arraycopy(PlainTensor.index(i, shape), 0, index, 0, shape.length);
      double value = 0;
      double exact = 0;
      double magnitude = 0;
      for (int s = 0; s < count; s++) {
        System.arraycopy(PlainTensor.index(s, summed), 0, index, shape.length, summed.length);
        double product = 1;
        double largest = 1;
        for (int t = 0; t < axes.length; t++) {
          PlainTensor tensor = terms.get(t).tensor();
          int place = 0;
          for (int a = 0; a < axes[t].length; a++) {
            int at = tensor.shape()[a] == 1 ? 0 : index[axes[t][a]];
            place = place * tensor.shape()[a] + at;
          }
          product *= tensor.values()[place];
          largest *= Math.abs(tensor.values()[place]) + tensor.errors()[place];
        }
        value += product;
        exact += Math.abs(product);
        magnitude += largest;
      }
      double moved = Math.max(0, magnitude - exact);
      result.set(i, value, 1.01 * (moved + roundings * magnitude) + count * rounding.least());
    }
    return result;
  }

  private static Map<Integer, Integer> lengths(List<Term> terms) {
    Map<Integer, Integer> lengths = new TreeMap<>();
    for (Term term : terms) {
      for (int axis = 0; axis < term.labels().length; axis++) {
        int length = term.tensor().shape()[axis];
        lengths.merge(term.labels()[axis], length, (a, b) -> a == 1 ? b : a);
      }
    }
    return lengths;
  }
}
