// Port: the functions and methods that there are, by name.
package io.github.einblas.cli.port;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Names of NumPy, PyTorch, einops and opt_einsum. */
final class PortFunctions {
  /** Makes a value of the arguments; want is the shape that the result should have, or null. */
  interface Body {
    Ported apply(PortCall call, int[] want);
  }

  /** A function. */
  record Entry(String parameters, Body body) {}

  private static final Set<String> MODULES =
      Set.of("np", "numpy", "torch", "F", "nn", "einops", "scipy", "math", "oe", "opt_einsum");

  /** Other names of modules. */
  private static final Map<String, String> SAME =
      Map.ofEntries(
          Map.entry("numpy", "np"),
          Map.entry("numpy.linalg", "np.linalg"),
          Map.entry("torch.nn.functional", "F"),
          Map.entry("nn.functional", "F"),
          Map.entry("torch.special", "torch"),
          Map.entry("scipy.special", "special"),
          Map.entry("opt_einsum", "oe"));

  /** Functions that are imported by name, each with its module. */
  private static final Map<String, String> IMPORTED =
      Map.of(
          "rearrange", "einops.rearrange",
          "reduce", "einops.reduce",
          "repeat", "einops.repeat",
          "einsum", "einsum",
          "contract", "oe.contract");

  private static final Map<String, Entry> FUNCTIONS = new TreeMap<>();
  private static final Map<String, Entry> METHODS = new TreeMap<>();

  static {
    PortProducts.addTo(PortFunctions::put);
    PortEinsum.addTo(PortFunctions::put);
    PortMaps.addTo(PortFunctions::put);
    PortReductions.addTo(PortFunctions::put);
    PortMoves.addTo(PortFunctions::put);
    PortEinops.addTo(PortFunctions::put);
  }

  private PortFunctions() {}

  /** Where families put their functions. */
  interface Table {
    /** Names with blanks between them; a method begins with a point. */
    void put(String names, String parameters, Body body);
  }

  private static void put(String names, String parameters, Body body) {
    for (String name : names.split(" ")) {
      Map<String, Entry> of = name.startsWith(".") ? METHODS : FUNCTIONS;
      if (of.put(name.startsWith(".") ? name.substring(1) : name, new Entry(parameters, body))
          != null) {
        throw new AssertionError("two functions " + name);
      }
    }
  }

  static boolean isModule(String name) {
    return MODULES.contains(name);
  }

  /** The function of a path such as {@code torch.nn.functional.relu}; null if there is none. */
  static Entry function(String path) {
    int last = path.lastIndexOf('.');
    if (last < 0) {
      return IMPORTED.containsKey(path) ? FUNCTIONS.get(IMPORTED.get(path)) : null;
    }
    String module = path.substring(0, last);
    return FUNCTIONS.get(SAME.getOrDefault(module, module) + path.substring(last));
  }

  static Entry method(String name) {
    return METHODS.get(name);
  }

  static Collection<String> names() {
    Map<String, String> all = new HashMap<>(IMPORTED);
    FUNCTIONS.keySet().stream().filter(n -> n.contains(".")).forEach(n -> all.put(n, n));
    return all.keySet();
  }

  static Collection<String> methods() {
    return METHODS.keySet();
  }
}
