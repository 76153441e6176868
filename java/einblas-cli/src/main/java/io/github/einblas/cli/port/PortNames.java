// Port: the names of tensors in a tree.
package io.github.einblas.cli.port;

import java.util.Set;

/** Collects names that are not those of modules and functions. */
final class PortNames {
  private PortNames() {}

  static void addTo(Set<String> names, PythonSyntax node) {
    if (node instanceof PythonSyntax.Name name) {
      if (!PortFunctions.isModule(name.name())) {
        names.add(name.name());
      }
    } else if (node instanceof PythonSyntax.Items items) {
      items.items().forEach(i -> addTo(names, i));
    } else if (node instanceof PythonSyntax.Attribute a) {
      addTo(names, a.of());
    } else if (node instanceof PythonSyntax.Call c) {
      if (c.callee() instanceof PythonSyntax.Attribute method) {
        addTo(names, method.of());
      }
      c.arguments().forEach(a -> addTo(names, a));
      c.keywords().values().forEach(a -> addTo(names, a));
    } else if (node instanceof PythonSyntax.Subscript s) {
      addTo(names, s.of());
    } else if (node instanceof PythonSyntax.Negative n) {
      addTo(names, n.of());
    } else if (node instanceof PythonSyntax.Binary b) {
      addTo(names, b.left());
      addTo(names, b.right());
    } else if (node instanceof PythonSyntax.Assignment a) {
      if (!a.sign().equals("=") || a.whole()) {
        names.add(a.target());
      }
      addTo(names, a.value());
    }
  }
}
