// Loading: from a failure to what the user can add, set or install.
package io.github.einblas.internal.natives;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Texts of the exceptions thrown when the native library cannot be loaded on a platform. */
final class LoadAdvice {
  static final String OPENBLAS_VERSION = "0.3.31";
  private static final String OPENBLAS_JAR =
      "org.bytedeco:openblas:" + OPENBLAS_VERSION + "-1.5.13";
  private static final String OWN_JAR = "io.github.einblas:einblas-presets";
  private static final List<String> PLATFORMS =
      List.of("linux-x86_64", "linux-arm64", "windows-x86_64", "macosx-x86_64", "macosx-arm64");
  private static final Pattern GLIBC =
      Pattern.compile("version [`']?(GLIBC(?:XX)?_[0-9.]+)'? not found");
  private static final String CACHE = "-Dorg.bytedeco.javacpp.cachedir=DIR";
  private static final String NEEDED_CACHE =
      "Needed is a folder that this process can write and that nobody but its user and root can change, as what lies there is run ("
          + Ownership.TRUST
          + "=1 in the environment takes any)";

  private final String platform;

  LoadAdvice(String platform) {
    this.platform = platform;
  }

  /** No jar or folder of the class path has the library. */
  String missingNatives() {
    if (!PLATFORMS.contains(platform)) {
      return "einblas has no natives for the platform "
          + platform
          + "; there are some for "
          + String.join(", ", PLATFORMS)
          + ". Where bytedeco has an OpenBLAS for it, they can be built from einblas's sources: mvn install"
          + " -Djavacpp.platform="
          + platform;
    }
    return "einblas's natives for "
        + platform
        + " are not among the jars: add the dependency io.github.einblas:einblas-platform, or "
        + OWN_JAR
        + " with classifier "
        + platform
        + " (on a module path, also --add-modules io.github.einblas.presets."
        + platform.replace('-', '.')
        + ")";
  }

  /** OpenBLAS is needed, and not there. */
  String missingOpenBlas(String how) {
    return "OpenBLAS "
        + OPENBLAS_VERSION
        + ", which Kronecker's solve, logDeterminant and eigenvalues need, and the kernel openblas, "
        + how
        + " (one that the system has is not taken): add the dependency "
        + OPENBLAS_JAR
        + " with classifier "
        + platform
        + " (on a module path, also --add-modules org.bytedeco.openblas."
        + platform.replace('-', '.')
        + ")";
  }

  /** OpenBLAS is there, but it is another one, or the system does not load it. */
  String failedOpenBlas(Throwable failure, String cache) {
    return "OpenBLAS "
        + OPENBLAS_VERSION
        + " of "
        + OPENBLAS_JAR
        + " for "
        + platform
        + " could not be loaded: "
        + cause(texts(failure), cache);
  }

  /**
   * The process runs on musl: nothing was loaded, as mapping a glibc's library can end the process.
   */
  String musl() {
    return "einblas's native library for " + platform + " is not loaded: " + muslAdvice();
  }

  private static String muslAdvice() {
    return "this system's C library is musl (Alpine?); einblas's natives and OpenBLAS need glibc: use an"
        + " image with glibc, such as Debian's";
  }

  /** The files are there, but the system does not load them. */
  String failed(Throwable failure, String cache) {
    return "einblas's native library for "
        + platform
        + " could not be loaded: "
        + cause(texts(failure), cache);
  }

  /** The folder that the user asked for is not usable; another is not taken without a word. */
  String askedCache(String option, String reason) {
    return "einblas's natives for "
        + platform
        + " are not extracted: "
        + option
        + " is not usable: "
        + reason
        + ". "
        + NEEDED_CACHE;
  }

  /** No folder was asked for, and there is none that is usable. */
  String noCache(String reason) {
    return "einblas's natives for "
        + platform
        + " are not extracted: no folder to extract them to could be written: "
        + reason
        + ". Set "
        + CACHE
        + ". "
        + NEEDED_CACHE;
  }

  /** JavaCPP was used before, and its choice is not safe. */
  String othersCache(String folder, String reason) {
    return "einblas's natives for "
        + platform
        + " are not extracted: JavaCPP, which other code used before, extracts to "
        + folder
        + ", which is not usable: "
        + reason
        + ". Set "
        + CACHE
        + " when starting Java. "
        + NEEDED_CACHE;
  }

  /** The binding's methods are not found in the library that JavaCPP loaded. */
  String otherLoader(ClassLoader binding, ClassLoader own, ClassLoader javaCpp) {
    return "einblas's native library for "
        + platform
        + " could not be bound: einblas's classes come from the class loader "
        + own
        + ", its binding (einblas-presets) from "
        + binding
        + ", JavaCPP from "
        + javaCpp
        + "; let one class loader have einblas and einblas-presets, or a parent of all that use it have them and JavaCPP";
  }

  /** Where a file was loaded that nobody compared with the jar. */
  String notCompared(Path file) {
    return "einblas's native library for "
        + platform
        + " was loaded from "
        + file
        + ", which was not compared with the jar; please report this";
  }

  private String cause(String texts, String cache) {
    Matcher glibc = GLIBC.matcher(texts);
    if (glibc.find()) {
      return "this system's C library is too old, it lacks "
          + glibc.group(1)
          + "; needed is glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9) ("
          + texts
          + ")";
    }
    if (texts.contains("musl")
        || texts.contains("Error relocating")
        || texts.contains("Error loading shared library")) {
      return muslAdvice() + " (" + texts + ")";
    }
    if (texts.contains("Could not create the cache")) {
      return "no folder to extract it to could be written: set "
          + CACHE
          + " to one that can ("
          + texts
          + ")";
    }
    if (texts.contains("failed to map segment") || texts.contains("Operation not permitted")) {
      return "files in "
          + cache
          + " must not be executed (mounted noexec?): set "
          + CACHE
          + " to a folder whose may ("
          + texts
          + ")";
    }
    if (texts.contains("No space left")
        || texts.contains("Read-only")
        || texts.contains("Permission denied")) {
      return "it could not be extracted to "
          + cache
          + ": make room there, or set "
          + CACHE
          + " to another folder ("
          + texts
          + ")";
    }
    return texts + "; it was extracted to " + cache;
  }

  /** The messages of a failure, its causes and what was suppressed for it. */
  static String texts(Throwable failure) {
    StringBuilder all = new StringBuilder();
    for (Throwable t = failure; t != null; t = t.getCause() == t ? null : t.getCause()) {
      append(all, t);
      for (Throwable other : t.getSuppressed()) {
        append(all, other);
      }
    }
    return all.toString();
  }

  private static void append(StringBuilder all, Throwable t) {
    String text = t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
    if (all.indexOf(text) < 0) {
      all.append(all.length() == 0 ? "" : "; ").append(text);
    }
  }

  /**
   * Whether a process has musl's dynamic linker (Alpine's path, Debian's path), by what the system
   * says is mapped in it.
   *
   * @param maps /proc/self/maps; where there is none the answer is no
   */
  static boolean mapsMusl(Path maps) {
    try {
      String text = Files.readString(maps, StandardCharsets.ISO_8859_1);
      return text.contains("/ld-musl-") || text.contains("-linux-musl/libc.so");
    } catch (IOException e) {
      return false;
    }
  }
}
