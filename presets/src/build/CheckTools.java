// Build: run before anything is compiled; says which package to install when a tool is missing.

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Checks that the native build's tools are on the PATH. Exit 1 with one line for each that is missing. */
public final class CheckTools {
  private record Tool(String purpose, String debianPackage, List<String> names) {}

  public static void main(String[] args) {
    String compiler = System.getenv("CXX");
    List<Tool> tools =
        List.of(
            new Tool("CMake", "cmake", List.of("cmake")),
            new Tool(
                "A C++ compiler",
                "g++",
                compiler == null ? List.of("c++", "g++", "clang++") : List.of(compiler)),
            new Tool("A build program", "make", List.of("make", "gmake", "ninja")));
    boolean missing = false;
    for (Tool tool : tools) {
      if (tool.names().stream().noneMatch(CheckTools::found)) {
        missing = true;
        System.err.printf(
            "%s is missing (looked on the PATH for %s): install the package %s.%n",
            tool.purpose(), String.join(", ", tool.names()), tool.debianPackage());
      }
    }
    if (missing) {
      System.exit(1);
    }
  }

  private static boolean found(String name) {
    if (Files.isExecutable(Path.of(name))) {
      return true;
    }
    for (String folder : System.getenv("PATH").split(File.pathSeparator)) {
      Path candidate = Path.of(folder, name);
      if (Files.isExecutable(candidate) || Files.isExecutable(Path.of(folder, name + ".exe"))) {
        return true;
      }
    }
    return false;
  }
}
