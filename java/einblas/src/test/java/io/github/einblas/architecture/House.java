// Test support: which class of ours uses which, by top-level class, read from the class files.
package io.github.einblas.architecture;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The classes of the library and the arrows between them. */
final class House {
  static final String ROOT = "io.github.einblas";
  static final String INTERNAL = ROOT + ".internal";

  /** One class uses another; both are top-level classes, by their full names. */
  record Arrow(String from, String to) {
    /** Without packages: {@code Program -> DType}. */
    @Override
    public String toString() {
      return simple(from) + " -> " + simple(to);
    }
  }

  private final Map<String, Set<String>> uses = new TreeMap<>();

  House(JavaClasses classes) {
    for (JavaClass c : classes) {
      if (!ours(c.getPackageName()) || c.getSimpleName().endsWith("-info")) {
        continue;
      }
      Set<String> to = uses.computeIfAbsent(topLevel(c), name -> new TreeSet<>());
      for (Dependency d : c.getDirectDependenciesFromSelf()) {
        JavaClass target = d.getTargetClass().getBaseComponentType();
        if (ours(target.getPackageName())) {
          to.add(topLevel(target));
        }
      }
      to.remove(topLevel(c));
    }
  }

  /** Whether a package is the library's, and not that of the generated binding. */
  static boolean ours(String name) {
    return name.equals(ROOT) || name.equals(INTERNAL) || name.startsWith(INTERNAL + ".");
  }

  static String topLevel(JavaClass c) {
    String name = c.getName();
    int nested = name.indexOf('$');
    return nested < 0 ? name : name.substring(0, nested);
  }

  /** A top-level class's name without its package; the library has each once. */
  static String simple(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  static String packageOf(String name) {
    return name.substring(0, name.lastIndexOf('.'));
  }

  Set<String> classes() {
    return uses.keySet();
  }

  List<Arrow> arrows() {
    List<Arrow> all = new ArrayList<>();
    uses.forEach((from, targets) -> targets.forEach(to -> all.add(new Arrow(from, to))));
    return all;
  }

  /** Every group of two or more classes that all reach each other. */
  List<Set<String>> circles() {
    return circles(uses);
  }

  /** The same of rooms: packages below internal. */
  List<Set<String>> circlesOfRooms() {
    Map<String, Set<String>> rooms = new TreeMap<>();
    for (Arrow arrow : arrows()) {
      String from = packageOf(arrow.from());
      String to = packageOf(arrow.to());
      if (from.startsWith(INTERNAL + ".") && to.startsWith(INTERNAL + ".") && !from.equals(to)) {
        rooms.computeIfAbsent(from, name -> new TreeSet<>()).add(to);
      }
    }
    return circles(rooms);
  }

  /** By reaching forwards and backwards: some hundred nodes need no better. */
  static List<Set<String>> circles(Map<String, Set<String>> graph) {
    Map<String, Set<String>> back = new HashMap<>();
    graph.forEach(
        (from, targets) ->
            targets.forEach(to -> back.computeIfAbsent(to, name -> new HashSet<>()).add(from)));
    List<Set<String>> circles = new ArrayList<>();
    Set<String> done = new HashSet<>();
    for (String node : graph.keySet()) {
      if (!done.contains(node)) {
        Set<String> both = new TreeSet<>(reached(node, graph));
        both.retainAll(reached(node, back));
        done.addAll(both);
        if (both.size() > 1) {
          circles.add(both);
        }
      }
    }
    return circles;
  }

  private static Set<String> reached(String start, Map<String, Set<String>> to) {
    Set<String> seen = new HashSet<>(Set.of(start));
    Deque<String> open = new ArrayDeque<>(seen);
    while (!open.isEmpty()) {
      for (String next : to.getOrDefault(open.pop(), Set.of())) {
        if (seen.add(next)) {
          open.push(next);
        }
      }
    }
    return seen;
  }
}
