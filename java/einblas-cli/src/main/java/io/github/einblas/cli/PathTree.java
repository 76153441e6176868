// Command line: orders that are trees, as OMEinsum writes them.
package io.github.einblas.cli;

import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads {@code {"inputs": ..., "tree": {"isleaf": false, "args": [...]}}}, where leaves have a
 * {@code tensorindex} from 1 on. Trees may be as deep as they have operands: nothing recurs. What
 * the nodes say of their labels is left out, because the equation says it.
 */
final class PathTree {
  private final PathText text;
  private final Terms terms;
  private final PathPairs pairs;
  private final boolean[] seen;
  private int leaves;
  private boolean sliced;

  private PathTree(PathText text, Terms terms) {
    this.text = text;
    this.terms = terms;
    this.pairs = new PathPairs(terms.count());
    this.seen = new boolean[terms.count()];
  }

  /** A node whose object has begun. */
  private static final class Node {
    final List<Integer> arguments = new ArrayList<>();
    boolean inArguments;
    boolean hasArguments;
    int operand = -1;
  }

  /** The pairs of a tree, and whether the file cuts labels too. */
  record Read(int[][] pairs, boolean sliced) {}

  static Read read(String name, String json, Terms terms) {
    PathTree tree = new PathTree(PathText.json(name, json), terms);
    try {
      return new Read(tree.document(), tree.sliced);
    } catch (IOException | IllegalStateException e) {
      throw tree.text.wrong(e);
    }
  }

  private int[][] document() throws IOException {
    text.reader.beginObject();
    boolean found = false;
    while (text.reader.hasNext()) {
      String key = text.reader.nextName();
      switch (key) {
        case "tree" -> {
          if (found) {
            throw text.wrong("the key \"tree\" stands twice");
          }
          found = true;
          tree();
        }
        case "inputs" -> inputs();
        case "slices" -> sliced = slices();
        default -> text.reader.skipValue();
      }
    }
    text.reader.endObject();
    if (text.reader.peek() != JsonToken.END_DOCUMENT || !found) {
      throw new InputException(text.name + ": it has no \"tree\", as OMEinsum's orders have");
    }
    return pairs.toArray();
  }

  private boolean slices() throws IOException {
    boolean any = false;
    if (text.reader.peek() == JsonToken.BEGIN_ARRAY) {
      text.reader.beginArray();
      while (text.reader.hasNext()) {
        any = true;
        text.reader.skipValue();
      }
      text.reader.endArray();
    } else {
      text.reader.skipValue();
    }
    return any;
  }

  // ---- the tree

  private void tree() throws IOException {
    Deque<Node> open = new ArrayDeque<>();
    open.push(begun());
    while (!open.isEmpty()) {
      Node node = open.peek();
      if (!node.inArguments) {
        if (text.reader.hasNext()) {
          member(node, text.reader.nextName());
        } else {
          text.reader.endObject();
          open.pop();
          int slot = slot(node);
          if (!open.isEmpty()) {
            open.peek().arguments.add(slot);
          }
        }
      } else if (text.reader.hasNext()) {
        open.push(begun());
      } else {
        text.reader.endArray();
        node.inArguments = false;
      }
    }
    if (leaves < terms.count()) {
      int missing = 0;
      while (seen[missing]) {
        missing++;
      }
      throw text.wrong(
          "the tree has "
              + leaves
              + " of "
              + terms.count()
              + " operands; "
              + terms.named(missing)
              + " (tensorindex "
              + (missing + 1)
              + ") is missing");
    }
  }

  private Node begun() throws IOException {
    if (text.reader.peek() != JsonToken.BEGIN_OBJECT) {
      throw text.wrong("a node of the tree must be an object, not " + text.kind());
    }
    text.reader.beginObject();
    return new Node();
  }

  private void member(Node node, String key) throws IOException {
    switch (key) {
      case "args" -> {
        if (node.hasArguments) {
          throw text.wrong("the key \"args\" stands twice");
        }
        if (text.reader.peek() != JsonToken.BEGIN_ARRAY) {
          throw text.wrong("\"args\" must be a list of nodes, not " + text.kind());
        }
        text.reader.beginArray();
        node.hasArguments = true;
        node.inArguments = true;
      }
      case "tensorindex" -> {
        if (node.operand >= 0) {
          throw text.wrong("the key \"tensorindex\" stands twice");
        }
        node.operand = operand();
      }
      default -> text.reader.skipValue();
    }
  }

  private int operand() throws IOException {
    int index = text.number("\"tensorindex\"");
    if (index < 1 || index > terms.count()) {
      throw text.wrong(
          "\"tensorindex\" must be from 1 to " + terms.count() + ", the operands, not " + index);
    }
    int operand = index - 1;
    if (seen[operand]) {
      throw text.wrong(terms.named(operand) + " (tensorindex " + index + ") stands twice");
    }
    seen[operand] = true;
    leaves++;
    return operand;
  }

  private int slot(Node node) {
    if (node.operand >= 0) {
      if (node.hasArguments) {
        throw text.wrong("a node has both \"args\" and a \"tensorindex\"");
      }
      return node.operand;
    }
    if (node.arguments.isEmpty()) {
      throw text.wrong("a node has neither \"args\" nor a \"tensorindex\"");
    }
    return pairs.step(node.arguments.stream().mapToInt(Integer::intValue).toArray());
  }

  // ---- whether it is an order of this equation

  private void inputs() throws IOException {
    Map<String, Integer> there = new HashMap<>();
    Map<Integer, String> here = new HashMap<>();
    text.reader.beginArray();
    int n = 0;
    for (; text.reader.hasNext(); n++) {
      if (n >= terms.count()) {
        throw text.wrong("it is an order of more operands than the equation's " + terms.count());
      }
      int[] own = terms.operand(n);
      text.reader.beginArray();
      int axes = 0;
      for (; text.reader.hasNext(); axes++) {
        String label = text.reader.nextString();
        if (axes < own.length) {
          agree(n, label, own[axes], there, here);
        }
      }
      text.reader.endArray();
      if (axes != own.length) {
        throw text.wrong(terms.named(n) + " has " + axes + " labels in the file");
      }
    }
    text.reader.endArray();
    if (n < terms.count()) {
      throw text.wrong(
          "it is an order of " + n + " operands, and the equation has " + terms.count());
    }
  }

  private void agree(
      int operand, String label, int own, Map<String, Integer> there, Map<Integer, String> here) {
    Integer before = there.putIfAbsent(label, own);
    String other = here.putIfAbsent(own, label);
    if ((before != null && before != own) || (other != null && !other.equals(label))) {
      throw text.wrong(
          terms.named(operand)
              + ": label '"
              + label
              + "' of the file stands where the equation has '"
              + terms.name(own)
              + "', which is "
              + (other == null || other.equals(label)
                  ? "not where it stood before"
                  : "'" + other + "' in earlier operands"));
    }
  }
}
