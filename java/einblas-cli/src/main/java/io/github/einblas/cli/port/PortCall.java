// Port: the arguments of one call, by the parameters of the function.
package io.github.einblas.cli.port;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Arguments in the order of the parameters. Parameters are text such as {@code a, axis|dim=,
 * *rest}: other names behind a bar, what may be missing with an equals sign, and what takes all
 * further arguments with a star, or all further keywords with two. Behind {@code /} names are given
 * by keyword alone.
 */
final class PortCall {
  private final PortTranslation in;
  private final String name;
  private final int position;
  private final PythonSyntax[] arguments;
  private final List<String> parameters;
  private final Map<String, PythonSyntax> others = new LinkedHashMap<>();
  private List<PythonSyntax> rest = List.of();

  PortCall(
      PortTranslation in,
      String name,
      int position,
      String parameters,
      List<PythonSyntax> given,
      Map<String, PythonSyntax> keywords) {
    this.in = in;
    this.name = name;
    this.position = position;
    List<String> all =
        new ArrayList<>(Arrays.stream(parameters.split(",")).map(String::strip).toList());
    int places = all.indexOf("/");
    all.remove("/");
    this.parameters = all;
    this.arguments = new PythonSyntax[all.size()];
    placed(given, places < 0 ? all.size() : places);
    named(keywords);
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i] == null && !all.get(i).endsWith("=") && !all.get(i).startsWith("*")) {
        throw in.source().wrong(position, name + " lacks " + plainName(i) + "; " + signature());
      }
    }
  }

  private void placed(List<PythonSyntax> given, int places) {
    int next = 0;
    for (int i = 0; i < given.size(); i++) {
      if (next < places && parameters.get(next).matches("[*]\\w.*")) {
        rest = given.subList(i, given.size());
        return;
      }
      if (next >= places || parameters.get(next).startsWith("**")) {
        throw in.source()
            .wrong(
                given.get(i).position(), name + " has an argument too many here; " + signature());
      }
      arguments[next++] = given.get(i);
    }
  }

  private void named(Map<String, PythonSyntax> keywords) {
    keywords.forEach(
        (word, value) -> {
          int at = -1;
          for (int i = 0; i < parameters.size(); i++) {
            if (List.of(parameters.get(i).replace("=", "").split("\\|")).contains(word)) {
              at = i;
            }
          }
          if (at < 0 && parameters.get(parameters.size() - 1).startsWith("**")) {
            others.put(word, value);
            return;
          }
          if (at < 0) {
            throw in.source()
                .unknown(
                    value.position(),
                    "keyword " + word + " of " + name + " is not supported; " + signature(),
                    word,
                    parameters.stream()
                        .flatMap(p -> Arrays.stream(p.replaceAll("[=*]", "").split("\\|")))
                        .toList());
          }
          if (arguments[at] != null) {
            throw in.source().wrong(value.position(), word + " of " + name + " is given twice");
          }
          arguments[at] = value;
        });
  }

  private String plainName(int i) {
    return parameters.get(i).replaceAll("[=*]", "").split("\\|")[0];
  }

  private String signature() {
    return parameters.stream()
        .map(p -> p.replaceAll("\\|.*", "").replaceAll("(.*)=$", "[$1]"))
        .collect(Collectors.joining(", ", "supported: " + name + "(", ")"));
  }

  PortTranslation in() {
    return in;
  }

  String name() {
    return name;
  }

  IllegalArgumentException wrong(int argument, String what) {
    return in.source()
        .wrong(
            arguments[argument] == null ? position : arguments[argument].position(),
            name + ": " + what);
  }

  IllegalArgumentException wrong(String what) {
    return in.source().wrong(position, name + ": " + what);
  }

  boolean has(int i) {
    return arguments[i] != null
        && !(arguments[i] instanceof PythonSyntax.Constant c && c.word().equals("None"));
  }

  PythonSyntax node(int i) {
    return arguments[i];
  }

  List<PythonSyntax> rest() {
    return rest;
  }

  Ported tensor(int i, int[] want) {
    return in.tensor(arguments[i], want);
  }

  Ported tensor(int i) {
    return in.tensor(arguments[i], null);
  }

  /** Keywords that are no parameters. */
  Map<String, PythonSyntax> others() {
    return others;
  }

  /** The tensors of a tuple or list. */
  List<PythonSyntax> list(int i) {
    if (arguments[i] instanceof PythonSyntax.Items items && !items.items().isEmpty()) {
      return items.items();
    }
    throw wrong(i, plainName(i) + " must be a list of tensors, such as [a, b]");
  }

  int integer(int i) {
    return in.integer(arguments[i]);
  }

  int integer(int i, int otherwise) {
    return has(i) ? integer(i) : otherwise;
  }

  double number(int i, double otherwise) {
    return has(i) ? in.number(arguments[i]) : otherwise;
  }

  boolean flag(int i) {
    if (arguments[i] == null) {
      return false;
    }
    if (arguments[i] instanceof PythonSyntax.Constant c && !c.word().equals("...")) {
      return c.word().equals("True");
    }
    throw wrong(i, plainName(i) + " must be True or False");
  }

  String text(int i) {
    if (arguments[i] instanceof PythonSyntax.Text t) {
      return t.value();
    }
    throw wrong(i, plainName(i) + " must be a text");
  }

  /** Integers, given as one, as a tuple, or as the further arguments. */
  int[] integers(int i) {
    if (!rest.isEmpty()) {
      return rest.size() == 1
          ? in.integers(rest.get(0))
          : rest.stream().mapToInt(in::integer).toArray();
    }
    if (arguments[i] == null) {
      throw wrong("lengths or axes are missing");
    }
    return in.integers(arguments[i]);
  }

  /** An axis of a rank, from 0 on. */
  int axis(int i, int given, int rank) {
    int axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis >= rank) {
      throw mismatch(i, "there is no axis " + given + " of " + rank);
    }
    return axis;
  }

  /** Axes of a rank, from 0 on, each once. */
  int[] axes(int i, int[] given, int rank) {
    int[] axes = Arrays.stream(given).map(a -> axis(i, a, rank)).toArray();
    if (Arrays.stream(axes).distinct().count() != axes.length) {
      throw wrong(i, "an axis comes twice");
    }
    return axes;
  }

  /** A refusal that other shapes may heal. */
  PortShapes.Mismatch mismatch(int i, String what) {
    return new PortShapes.Mismatch(wrong(i, what).getMessage());
  }

  PortShapes.Mismatch mismatch(String what) {
    return new PortShapes.Mismatch(wrong(what).getMessage());
  }
}
