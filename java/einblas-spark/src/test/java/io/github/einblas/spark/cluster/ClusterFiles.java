// What the processes of a cluster find on disk.
package io.github.einblas.spark.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The class path of this process in two: Spark's jars as a SPARK_HOME, and Einblas with what it
 * needs, which only applications bring. Folders of classes become jars.
 */
final class ClusterFiles {
  private static final List<String> OWN = List.of("einblas", "javacpp", "openblas", "gson");
  private static final List<String> OF_TESTS =
      List.of("junit", "opentest4j", "apiguardian", "surefire", "jqwik", "org.jacoco");

  private final Path folder;
  private final List<Path> jars = new ArrayList<>();

  ClusterFiles(Path folder) {
    this.folder = folder;
    try {
      delete(folder);
      Files.createDirectories(folder.resolve("home/jars"));
      Files.createDirectories(folder.resolve("own"));
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
        Path path = Path.of(entry).toAbsolutePath();
        if (Files.isDirectory(path)) {
          jars.add(packed(path));
        } else if (Files.exists(path)) {
          add(path);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void add(Path jar) throws IOException {
    String name = jar.getFileName().toString();
    if (OWN.stream().anyMatch(name::startsWith)) {
      jars.add(jar);
    } else if (OF_TESTS.stream().noneMatch(name::startsWith)) {
      Path link = folder.resolve("home/jars").resolve(name);
      if (!Files.exists(link)) {
        Files.createSymbolicLink(link, jar);
      }
    }
  }

  private Path packed(Path classes) throws IOException {
    Path jar = folder.resolve("own").resolve("classes-" + jars.size() + ".jar");
    try (FileSystem zip = FileSystems.newFileSystem(jar, Map.of("create", "true"));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = zip.getPath("/" + classes.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
    return jar;
  }

  /** All but the logs of Spark's processes, which are small. */
  void deleteData() {
    try {
      for (String one : List.of("home", "own", "local")) {
        delete(folder.resolve(one));
      }
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path one : all.filter(Files::isRegularFile).toList()) {
          String name = one.getFileName().toString();
          if (!name.endsWith(".log") && !name.startsWith("std")) {
            Files.delete(one);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(one);
      }
    }
  }

  /** SPARK_HOME. */
  Path home() {
    return folder.resolve("home");
  }

  /** For spark.jars. */
  String jars() {
    return String.join(",", jars.stream().map(Path::toString).toList());
  }

  /** The folder with the class of the daemons. */
  static String daemons() {
    return Path.of(Daemon.class.getProtectionDomain().getCodeSource().getLocation().getPath())
        .toString();
  }
}
