package io.github.einblas.reference;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How a test starts another JVM: the beginning of its command. */
public final class ChildJvm {
  private ChildJvm() {}

  /** The program of this JVM with its coverage agent, so that lines which the child runs count. */
  public static List<String> counted() {
    List<String> command = plain();
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("-javaagent:") && a.contains("jacoco"))
        .forEach(command::add);
    return command;
  }

  /** The program of this JVM alone, for a child that may not write where this JVM does. */
  public static List<String> plain() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    return command;
  }

  /** This JVM's class path, and where its natives lie. */
  public static List<String> classes() {
    List<String> options = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path")));
    String cache = System.getProperty("org.bytedeco.javacpp.cachedir");
    if (cache != null) {
      options.add("-Dorg.bytedeco.javacpp.cachedir=" + cache);
    }
    return options;
  }
}
