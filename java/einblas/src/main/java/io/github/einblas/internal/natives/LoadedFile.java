// Loading: a library that was mapped, and where it came from.
package io.github.einblas.internal.natives;

import io.github.einblas.nativelib.einblas;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.javacpp.Loader;

/**
 * A library of the process.
 *
 * @param source the jar or folder that it came from
 * @param file what was mapped
 * @param bytes its size
 * @param extracted whether it was extracted by this process
 */
record LoadedFile(String source, Path file, long bytes, boolean extracted) {
  /** A resource of this platform that the class loader of the binding finds, or null. */
  static URL find(String folder, String name) {
    try {
      return Loader.findResource(einblas.class, folder + Loader.getPlatform() + "/" + name);
    } catch (IOException e) {
      return null;
    }
  }

  static LoadedFile of(URL url, Path file, boolean extracted) {
    return new LoadedFile(source(url), file, size(file), extracted);
  }

  /** For people. */
  String line() {
    return String.format(
        Locale.ROOT, "%s %.1f MB from %s, %s", file.getFileName(), bytes * 1e-6, source, file);
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
}
