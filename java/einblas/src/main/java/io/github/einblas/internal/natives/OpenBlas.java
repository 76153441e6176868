// Loading: OpenBLAS, which is opened when LAPACK or the kernel openblas first asks for it.
package io.github.einblas.internal.natives;

import io.github.einblas.nativelib.einblas;
import java.io.IOException;
import java.net.URL;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;

/**
 * Finds OpenBLAS in the jar of its platform, puts it into the cache as the library itself, and has
 * the library open it. What the system has is not taken.
 */
final class OpenBlas {
  private static final String FOLDER = "/org/bytedeco/openblas/";

  /** One library: what JavaCPP calls it, and its file. */
  private record Part(String name, String file) {}

  private final LoadAdvice advice;
  private final CacheFolder folder;
  private final CachedLibraries cached;
  private List<LoadedFile> files = List.of();
  private double millis;
  private boolean open;
  private IllegalStateException failure;

  /**
   * @param cached null where JavaCPP is told to extract nothing
   */
  OpenBlas(LoadAdvice advice, CacheFolder folder, CachedLibraries cached) {
    this.advice = advice;
    this.folder = folder;
    this.cached = cached;
  }

  /** What OpenBLAS needs first, itself last. A platform's jar may lack the former. */
  private static List<Part> parts(String platform) {
    if (platform.startsWith("windows")) {
      return List.of(new Part("libopenblas", "libopenblas.dll"));
    }
    if (platform.startsWith("macosx")) {
      return List.of(
          new Part("gcc_s@.1.1", "libgcc_s.1.1.dylib"),
          new Part("quadmath@.0", "libquadmath.0.dylib"),
          new Part("gfortran@.5", "libgfortran.5.dylib"),
          new Part("openblas@.0", "libopenblas.0.dylib"));
    }
    return List.of(
        new Part("quadmath@.0", "libquadmath.so.0"),
        new Part("gfortran@.5", "libgfortran.so.5"),
        new Part("openblas@.0", "libopenblas.so.0"));
  }

  /** Opens it, unless it is open; a try that failed is made again. */
  synchronized IllegalStateException open() {
    if (open) {
      return null;
    }
    long from = System.nanoTime();
    List<LoadedFile> found = new ArrayList<>();
    try {
      String names = find(found);
      String said = names.isEmpty() ? null : open(names);
      open = said == null && !names.isEmpty();
      failure =
          open
              ? null
              : new IllegalStateException(
                  names.isEmpty()
                      ? advice.missingOpenBlas("is not among the jars")
                      : advice.failedOpenBlas(
                          new UnsatisfiedLinkError(said), CacheFolder.javaCpps()));
    } catch (IOException | UnsatisfiedLinkError | RuntimeException e) {
      failure = new IllegalStateException(advice.failedOpenBlas(e, CacheFolder.javaCpps()), e);
    }
    if (folder != null) {
      folder.removeAtExit();
    }
    if (open) {
      files = List.copyOf(found);
      millis = (System.nanoTime() - from) * 1e-6;
    } else {
      open(""); // so that steps go to other kernels
    }
    return failure;
  }

  /** The files' names, one a line; empty when there is none. */
  private String find(List<LoadedFile> found) throws IOException {
    List<Part> parts = parts(Loader.getPlatform());
    URL itself = LoadedFile.find(FOLDER, parts.get(parts.size() - 1).file());
    if (itself == null) {
      return "";
    }
    for (Part part : parts) {
      URL url = LoadedFile.find(FOLDER, part.file());
      if (url != null && cached != null) {
        Path file = cached.place(url, part.file());
        found.add(LoadedFile.of(url, file, cached.extracted(file)));
      } else if (url != null) {
        byJavaCpp(part, part.equals(parts.get(parts.size() - 1)))
            .ifPresent(file -> found.add(LoadedFile.of(url, file, false)));
      }
    }
    return found.stream().map(f -> f.file().toString()).collect(Collectors.joining("\n"));
  }

  /**
   * Where JavaCPP is told to extract nothing, or not to look among the jars. What OpenBLAS needs
   * may then be the system's, which its own loader finds.
   */
  private static Optional<Path> byJavaCpp(Part part, boolean needed) {
    ClassProperties ours = Loader.loadProperties(einblas.class, Loader.loadProperties(), true);
    try {
      URL[] urls = Loader.findLibrary(einblas.class, ours, part.name());
      String file = Loader.loadLibrary(einblas.class, urls, part.name());
      return Optional.of(Path.of(file == null || file.isEmpty() ? part.file() : file));
    } catch (UnsatisfiedLinkError e) {
      if (needed) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** Null, or what the library says of a failure. */
  private static String open(String names) {
    Charset charset =
        Loader.getPlatform().startsWith("windows") ? StandardCharsets.UTF_8 : systemsCharset();
    try (BytePointer files = new BytePointer(names, charset);
        BytePointer version = new BytePointer(LoadAdvice.OPENBLAS_VERSION, charset)) {
      return einblas.einblas_openblas_open(files, version) == einblas.EINBLAS_OK
          ? null
          : einblas.einblas_openblas_failure().getString(StandardCharsets.UTF_8);
    }
  }

  /** Of files' names, as the JDK has it. */
  private static Charset systemsCharset() {
    String name = System.getProperty("sun.jnu.encoding", "UTF-8");
    return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
  }

  synchronized List<LoadedFile> files() {
    return files;
  }

  /** What opening it took. */
  synchronized double millis() {
    return millis;
  }

  /** Why it is not open, in words; null when it is. */
  synchronized String whyNot() {
    if (open) {
      return null;
    }
    return failure == null
        ? "nothing asked for it: LAPACK and the kernel openblas do"
        : failure.getMessage();
  }
}
