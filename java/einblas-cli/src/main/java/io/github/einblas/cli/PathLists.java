// Command line: orders that are lists of steps, by places or by numbers of tensors.
package io.github.einblas.cli;

import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Reads {@code [(0, 1), (0, 2)]} and {@code [[0,1],[0,1]]}; a step has one tensor or more. */
final class PathLists {
  /** What NumPy's einsum_path puts first. */
  private static final String NUMPY = "einsum_path";

  private final String name;
  private final Terms terms;
  private final List<int[]> steps;

  private PathLists(String name, Terms terms, List<int[]> steps) {
    this.name = name;
    this.terms = terms;
    this.steps = steps;
  }

  /**
   * The pairs that a text gives.
   *
   * @param format null to find out: at most one of them fits, because the last step of numbered
   *     tensors names the result before it, where places are less than the number of operands
   */
  static int[][] read(String name, String text, Terms terms, PathFormat format) {
    PathLists list = new PathLists(name, terms, steps(PathText.list(name, text)));
    if (format != null) {
      return list.pairs(format == PathFormat.LINEAR);
    }
    InputException places;
    try {
      return list.pairs(true);
    } catch (InputException e) {
      places = e;
    }
    try {
      return list.pairs(false);
    } catch (InputException numbers) {
      throw new InputException(
          "no order for "
              + terms.count()
              + " operands, neither as linear ("
              + places.getMessage()
              + ") nor as ssa ("
              + numbers.getMessage()
              + "); --path-format says which it is");
    }
  }

  private static List<int[]> steps(PathText text) {
    try {
      List<int[]> steps = new ArrayList<>();
      if (text.reader.peek() != JsonToken.BEGIN_ARRAY) {
        throw text.wrong("a list of steps is needed, not " + text.kind());
      }
      text.reader.beginArray();
      if (text.reader.peek() == JsonToken.STRING) {
        if (!text.reader.nextString().equals(NUMPY)) {
          throw text.wrong("a step must be a list of tensors, not text");
        }
      }
      while (text.reader.hasNext()) {
        steps.add(step(text, steps.size()));
      }
      text.reader.endArray();
      if (text.reader.peek() != JsonToken.END_DOCUMENT) {
        throw text.wrong("there is more text behind the list");
      }
      return steps;
    } catch (IOException | IllegalStateException e) {
      throw text.wrong(e);
    }
  }

  private static int[] step(PathText text, int index) throws IOException {
    if (text.reader.peek() != JsonToken.BEGIN_ARRAY) {
      throw text.wrong("pair " + index + " must be a list of tensors, not " + text.kind());
    }
    text.reader.beginArray();
    List<Integer> numbers = new ArrayList<>();
    while (text.reader.hasNext()) {
      numbers.add(text.number("a tensor of pair " + index));
    }
    text.reader.endArray();
    if (numbers.isEmpty()) {
      throw text.wrong("pair " + index + " has no tensor");
    }
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The pairs, if the numbers are places, or if they are not. */
  private int[][] pairs(boolean places) {
    int n = terms.count();
    Slots left = new Slots(n, steps.size());
    int[] usedBy = new int[n + steps.size()]; // the pair, from 1 on
    int[] slots = Arrays.copyOf(IntStream.range(0, n).toArray(), n + steps.size());
    PathPairs pairs = new PathPairs(n);
    for (int i = 0; i < steps.size(); i++) {
      int[] step = steps.get(i);
      int[] taken = new int[step.length];
      for (int k = 0; k < step.length; k++) {
        taken[k] = places ? place(i, step[k], left) : number(i, step[k], left, usedBy);
        if (usedBy[taken[k]] == i + 1) {
          throw wrong(i, "has " + step[k] + " twice");
        }
        usedBy[taken[k]] = i + 1;
      }
      Arrays.stream(taken).forEach(left::remove);
      left.add(n + i);
      slots[n + i] = pairs.step(Arrays.stream(taken).map(id -> slots[id]).toArray());
    }
    if (left.left() != 1) {
      throw unfinished(left);
    }
    return pairs.toArray();
  }

  private int place(int step, int place, Slots left) {
    if (place >= left.left()) {
      throw wrong(
          step,
          "takes the tensor at place "
              + place
              + ", and there are "
              + left.left()
              + " (0 is the first)");
    }
    return left.at(place);
  }

  private int number(int step, int id, Slots left, int[] usedBy) {
    if (id >= terms.count() + step) {
      throw wrong(step, "takes tensor " + id + ", which does not exist yet");
    }
    if (!left.contains(id)) {
      throw wrong(
          step,
          "takes "
              + (id < terms.count() ? terms.named(id) : "the result " + id)
              + ", which pair "
              + (usedBy[id] - 1)
              + " has used");
    }
    return id;
  }

  private InputException unfinished(Slots left) {
    StringBuilder those = new StringBuilder();
    for (int place = 0; place < Math.min(3, left.left()); place++) {
      int id = left.at(place);
      those
          .append(place == 0 ? "" : ", ")
          .append(id < terms.count() ? terms.named(id) : "the result " + id);
    }
    return new InputException(
        name
            + ": its "
            + steps.size()
            + " pairs leave "
            + left.left()
            + " tensors: "
            + those
            + (left.left() > 3 ? ", ..." : ""));
  }

  private InputException wrong(int step, String what) {
    String shown = Arrays.toString(steps.get(step));
    return new InputException(
        name
            + ": pair "
            + step
            + " "
            + (shown.length() > 40 ? shown.substring(0, 40) + "..." : shown)
            + " "
            + what);
  }
}
