// Loading: finds the native library and OpenBLAS in the jars, loads them, says what was loaded.
package io.github.einblas.internal;

import io.github.einblas.nativelib.einblas;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.Loader;

/** Loads the native library once, and keeps what there is to say of it. */
final class Loading {
  /** With a value, a line of each load goes to the logger io.github.einblas. */
  private static final String LOG = "EINBLAS_LOG";

  /** A library of the process: the jar or folder it came from, and the file that was mapped. */
  private record Loaded(String source, Path file, long bytes, boolean extracted) {}

  private final String platform = Loader.getPlatform();
  private final List<Loaded> files = new ArrayList<>();
  private String library = "";
  private double millis;

  /**
   * Loads OpenBLAS and the library.
   *
   * @throws IllegalStateException if that fails; the text says what to add or to set
   */
  void run() {
    LoadAdvice advice = new LoadAdvice(platform);
    if (resource("", System.mapLibraryName("jnieinblas")) == null) {
      throw new IllegalStateException(advice.missingNatives());
    }
    if (openBlas() == null) {
      throw new IllegalStateException(advice.missingOpenBlas("which is not among the jars"));
    }
    if (platform.startsWith("linux") && LoadAdvice.mapsMusl(Path.of("/proc/self/maps"))) {
      throw new IllegalStateException(advice.musl());
    }
    Instant start = Instant.now();
    long from = System.nanoTime();
    try {
      library = Loader.load(einblas.class);
    } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
      addCauses(e);
      throw new IllegalStateException(advice.failed(e, cache()), e);
    }
    millis = (System.nanoTime() - from) * 1e-6;
    describe(start);
    if (files.stream().noneMatch(f -> name(f).contains("openblas"))) {
      throw new IllegalStateException(
          advice.missingOpenBlas("whose file in the jar could not be loaded from " + cache()));
    }
    if (System.getenv(LOG) != null && !System.getenv(LOG).isEmpty()) {
      System.getLogger("io.github.einblas")
          .log(System.Logger.Level.INFO, String.join("; ", report()));
    }
  }

  /**
   * JavaCPP goes on without a word when a library that ours needs cannot be loaded, and ours then
   * lacks "libopenblas.so.0": what the system says of those is added.
   */
  private void addCauses(Throwable failure) {
    for (String name : List.of("libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0")) {
      URL url = resource("/org/bytedeco/openblas/", name);
      if (url == null) {
        continue;
      }
      try {
        System.load(Loader.cacheResource(url).getAbsolutePath());
      } catch (IOException | UnsatisfiedLinkError | RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
  }

  /** The file that the library was loaded from. */
  String library() {
    return library;
  }

  /** A line of the time and the cache, then one for each library. */
  List<String> report() {
    List<String> lines = new ArrayList<>();
    long extracted = files.stream().filter(Loaded::extracted).count();
    lines.add(
        String.format(
            Locale.ROOT,
            "%d libraries in %.0f ms, %d of them extracted now; cache %s",
            files.size(),
            millis,
            extracted,
            cache()));
    for (Loaded f : files) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s %.1f MB from %s, %s",
              name(f),
              f.bytes() * 1e-6,
              f.source(),
              f.file()));
    }
    return lines;
  }

  private static String name(Loaded f) {
    return String.valueOf(f.file().getFileName());
  }

  private URL openBlas() {
    for (String name : List.of("libopenblas.so.0", "libopenblas.dll", "libopenblas.0.dylib")) {
      URL url = resource("/org/bytedeco/openblas/", name);
      if (url != null) {
        return url;
      }
    }
    return null;
  }

  private URL resource(String folder, String name) {
    try {
      return Loader.findResource(einblas.class, folder + platform + "/" + name);
    } catch (IOException e) {
      return null;
    }
  }

  private static String cache() {
    try {
      return Loader.getCacheDir().toString();
    } catch (IOException e) {
      return "(none)";
    }
  }

  /** Fills {@link #files} with those that came from jars or folders of the class path. */
  private void describe(Instant start) {
    for (Map.Entry<String, String> entry : Loader.getLoadedLibraries().entrySet()) {
      Path file;
      try {
        file = Path.of(entry.getValue());
      } catch (InvalidPathException e) {
        continue;
      }
      String name = String.valueOf(file.getFileName());
      boolean ours = entry.getKey().equals("jnieinblas") || name.contains("gomp");
      URL url = resource(ours ? "" : "/org/bytedeco/openblas/", name);
      if (file.isAbsolute() && url != null) {
        files.add(new Loaded(source(url), file, size(file), changedSince(file, start)));
      }
    }
  }

  private static String source(URL url) {
    try {
      if (url.openConnection() instanceof JarURLConnection jar) {
        return String.valueOf(Path.of(jar.getJarFileURL().getPath()).getFileName());
      }
    } catch (IOException | InvalidPathException e) {
      return url.toString();
    }
    return url.getProtocol().equals("jrt") ? "the run-time image" : "a folder";
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }

  /** By the time of the last change of any kind: that of the contents is set to the jar entry's. */
  private static boolean changedSince(Path file, Instant start) {
    boolean unix = file.getFileSystem().supportedFileAttributeViews().contains("unix");
    try {
      Object time = Files.getAttribute(file, unix ? "unix:ctime" : "creationTime");
      return time instanceof FileTime changed && changed.toInstant().isAfter(start);
    } catch (IOException e) {
      return false;
    }
  }
}
