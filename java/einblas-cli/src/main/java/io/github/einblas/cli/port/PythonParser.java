// Port: from tokens to a tree, by recursive descent.
package io.github.einblas.cli.port;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads one expression or assignment. Nesting and the number of nodes are limited, so that neither
 * this nor what walks the tree runs out of stack.
 */
final class PythonParser {
  private static final int MOST_NESTED = 50;
  private static final int MOST_OPERATIONS = 200;
  private static final Set<String> WORDS =
      Set.of(
          "lambda", "if", "else", "for", "in", "and", "or", "not", "is", "import", "def", "return");

  private final PythonSource source;
  private final List<PythonToken> tokens;
  private int at;
  private int nested;
  private int operations;

  private PythonParser(PythonSource source) {
    this.source = source;
    this.tokens = PythonTokenizer.tokens(source);
  }

  /** The tree of a line. */
  static PythonSyntax parse(PythonSource source) {
    PythonParser parser = new PythonParser(source);
    PythonSyntax tree = parser.statement();
    PythonToken rest = parser.peek();
    if (rest.kind() != PythonToken.Kind.END) {
      throw source.wrong(rest.position(), "one call was expected to end before " + rest.shown());
    }
    return tree;
  }

  private PythonToken peek() {
    return tokens.get(at);
  }

  private PythonToken take() {
    PythonToken token = tokens.get(at);
    if (token.kind() != PythonToken.Kind.END) {
      ++at;
    }
    return token;
  }

  private boolean takes(String sign) {
    if (peek().is(sign)) {
      ++at;
      return true;
    }
    return false;
  }

  private void expect(String sign, int opened) {
    if (!takes(sign)) {
      PythonToken found = peek();
      throw found.kind() == PythonToken.Kind.END
          ? source.wrong(opened, "'" + sign + "' is missing for what opens here")
          : source.wrong(found.position(), "'" + sign + "' was expected, not " + found.shown());
    }
  }

  /** Counts a node that has others below it. */
  private int operation(int position) {
    if (++operations > MOST_OPERATIONS) {
      throw source.wrong(position, "more than " + MOST_OPERATIONS + " operations in one line");
    }
    return position;
  }

  private void enter() {
    if (++nested > MOST_NESTED) {
      throw source.wrong(peek().position(), "nested deeper than " + MOST_NESTED);
    }
  }

  private PythonSyntax statement() {
    PythonSyntax left = expression();
    PythonToken sign = peek();
    if (sign.kind() != PythonToken.Kind.SIGN
        || !Set.of("=", "+=", "-=", "*=", "/=", "@=").contains(sign.text())) {
      return left;
    }
    take();
    boolean whole =
        left instanceof PythonSyntax.Subscript s
            && s.indices().size() == 1
            && (s.indices().get(0) instanceof PythonSyntax.Constant
                || (s.indices().get(0) instanceof PythonSyntax.Slice slice
                    && slice.start() == null
                    && slice.stop() == null
                    && slice.step() == null));
    PythonSyntax target = whole ? ((PythonSyntax.Subscript) left).of() : left;
    if (!(target instanceof PythonSyntax.Name name)) {
      throw source.wrong(
          left.position(), "only a name, or name[...], can stand left of " + sign.text());
    }
    return new PythonSyntax.Assignment(
        sign.position(), name.name(), whole, sign.text(), expression());
  }

  private PythonSyntax expression() {
    enter();
    PythonSyntax left = sum();
    PythonToken sign = peek();
    if (Set.of("<", ">", "<=", ">=", "==", "!=").contains(sign.text())
        && sign.kind() == PythonToken.Kind.SIGN) {
      take();
      left = new PythonSyntax.Binary(operation(sign.position()), sign.text(), left, sum());
    }
    --nested;
    return left;
  }

  private PythonSyntax sum() {
    PythonSyntax left = product();
    while (peek().is("+") || peek().is("-")) {
      PythonToken sign = take();
      left = new PythonSyntax.Binary(operation(sign.position()), sign.text(), left, product());
    }
    return left;
  }

  private PythonSyntax product() {
    PythonSyntax left = signed();
    while (peek().is("*") || peek().is("/") || peek().is("@")) {
      PythonToken sign = take();
      left = new PythonSyntax.Binary(operation(sign.position()), sign.text(), left, signed());
    }
    PythonToken next = peek();
    if (next.is("//") || next.is("%") || next.is("&") || next.is("|") || next.is("^")) {
      throw source.wrong(
          next.position(),
          next.shown() + " is not supported; there are + - * / @ ** and comparisons");
    }
    return left;
  }

  private PythonSyntax signed() {
    enter();
    PythonToken sign = peek();
    PythonSyntax value;
    if (takes("-")) {
      value = new PythonSyntax.Negative(operation(sign.position()), signed());
    } else if (takes("+")) {
      value = signed();
    } else {
      value = power();
    }
    --nested;
    return value;
  }

  private PythonSyntax power() {
    PythonSyntax base = postfix();
    PythonToken sign = peek();
    return takes("**")
        ? new PythonSyntax.Binary(operation(sign.position()), "**", base, signed())
        : base;
  }

  private PythonSyntax postfix() {
    PythonSyntax value = atom();
    while (true) {
      PythonToken sign = peek();
      if (takes(".")) {
        PythonToken name = take();
        if (name.kind() != PythonToken.Kind.NAME) {
          throw source.wrong(name.position(), "a name was expected behind '.'");
        }
        value = new PythonSyntax.Attribute(operation(name.position()), value, name.text());
      } else if (takes("(")) {
        value = call(value, sign.position());
      } else if (takes("[")) {
        value =
            new PythonSyntax.Subscript(
                operation(sign.position()), value, items("]", sign.position(), true));
      } else {
        return value;
      }
    }
  }

  private PythonSyntax call(PythonSyntax callee, int opened) {
    List<PythonSyntax> arguments = new ArrayList<>();
    Map<String, PythonSyntax> keywords = new LinkedHashMap<>();
    while (!peek().is(")")) {
      PythonToken first = peek();
      if (first.is("*") || first.is("**")) {
        throw source.wrong(first.position(), "unpacked arguments are not supported");
      }
      boolean keyword = first.kind() == PythonToken.Kind.NAME && tokens.get(at + 1).is("=");
      if (keyword) {
        at += 2;
        if (keywords.put(first.text(), expression()) != null) {
          throw source.wrong(first.position(), "keyword " + first.text() + " is given twice");
        }
      } else if (!keywords.isEmpty()) {
        throw source.wrong(first.position(), "an argument without name behind one with a name");
      } else {
        arguments.add(expression());
      }
      if (!takes(",")) {
        break;
      }
    }
    expect(")", opened);
    return new PythonSyntax.Call(
        operation(callee.position()), callee, List.copyOf(arguments), keywords);
  }

  /** What stands between commas, up to a closing sign, which is taken. */
  private List<PythonSyntax> items(String close, int opened, boolean slices) {
    List<PythonSyntax> items = new ArrayList<>();
    while (!peek().is(close)) {
      items.add(slices ? slice() : expression());
      if (!takes(",")) {
        break;
      }
    }
    expect(close, opened);
    return List.copyOf(items);
  }

  private PythonSyntax slice() {
    PythonToken first = peek();
    PythonSyntax[] parts = new PythonSyntax[3];
    int part = 0;
    while (true) {
      if (takes(":")) {
        if (++part == 3) {
          throw source.wrong(first.position(), "a slice has three parts at most");
        }
      } else if (peek().is(",") || peek().is("]")) {
        break;
      } else if (parts[part] != null) {
        throw source.wrong(peek().position(), "']' or ',' was expected, not " + peek().shown());
      } else {
        parts[part] = expression();
      }
    }
    if (part == 0 && parts[0] == null) {
      throw source.wrong(first.position(), "an index is missing");
    }
    return part == 0
        ? parts[0]
        : new PythonSyntax.Slice(first.position(), parts[0], parts[1], parts[2]);
  }

  private PythonSyntax atom() {
    PythonToken token = take();
    return switch (token.kind()) {
      case NAME -> name(token);
      case NUMBER ->
          new PythonSyntax.Numeral(
              token.position(), number(token), token.text().matches("\\d{1,18}"));
      case TEXT -> new PythonSyntax.Text(token.position(), token.text());
      case END -> throw source.wrong(token.position(), "the line ends where a value is missing");
      case SIGN -> sign(token);
    };
  }

  private double number(PythonToken token) {
    double value = Double.parseDouble(token.text());
    if (Double.isInfinite(value)) {
      throw source.wrong(token.position(), "the number is too large");
    }
    return value;
  }

  private PythonSyntax name(PythonToken token) {
    if (Set.of("True", "False", "None").contains(token.text())) {
      return new PythonSyntax.Constant(token.position(), token.text());
    }
    if (WORDS.contains(token.text())) {
      throw source.wrong(token.position(), "'" + token.text() + "' is not supported");
    }
    return new PythonSyntax.Name(token.position(), token.text());
  }

  private PythonSyntax sign(PythonToken token) {
    return switch (token.text()) {
      case "(" -> parenthesis(token.position());
      case "[" ->
          new PythonSyntax.Items(operation(token.position()), items("]", token.position(), false));
      case "..." -> new PythonSyntax.Constant(token.position(), "...");
      default -> throw source.wrong(token.position(), "a value was expected, not " + token.shown());
    };
  }

  private PythonSyntax parenthesis(int opened) {
    if (takes(")")) {
      return new PythonSyntax.Items(operation(opened), List.of());
    }
    PythonSyntax first = expression();
    if (!takes(",")) {
      expect(")", opened);
      return first;
    }
    List<PythonSyntax> items = new ArrayList<>();
    items.add(first);
    items.addAll(items(")", opened, false));
    return new PythonSyntax.Items(operation(opened), List.copyOf(items));
  }
}
