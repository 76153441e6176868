// Texts of load failures that this machine cannot have: each names the reason and what to do.
package io.github.einblas.internal.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadAdviceTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /c/libopenblas.so.0) | lacks GLIBC_2.34 | Ubuntu 22.04
          /lib/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /c/libjnieinblas.so) | lacks GLIBCXX_3.4.29 | RHEL 9
          Error relocating /c/libopenblas.so.0: __printf_chk: symbol not found | is musl | glibc
          Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /c/libopenblas.so.0) | is musl | glibc
          libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory | is musl | glibc
          /c/libgomp.so.1: failed to map segment from shared object: Operation not permitted | noexec | cachedir=DIR
          java.io.IOException: Could not create the cache: Set the "org.bytedeco.javacpp.cachedir" system property. | could be written | cachedir=DIR
          java.io.IOException: No space left on device | make room | cachedir=DIR
          java.io.FileNotFoundException: /c/.lock (Read-only file system) | make room | cachedir=DIR
          libquadmath.so.0: cannot open shared object file | libquadmath | extracted to /c
          """)
  void aFailureIsExplained(String message, String reason, String remedy) {
    String text =
        new LoadAdvice("linux-x86_64")
            .failed(
                new UnsatisfiedLinkError("no jnieinblas")
                    .initCause(new UnsatisfiedLinkError(message)),
                "/c");
    for (String part : List.of(reason, remedy, message)) {
      assertTrue(text.contains(part), () -> "'" + part + "' is not in: " + text);
    }
  }

  @Test
  void anUnknownPlatformNamesItselfAndTheOthers() {
    String text = new LoadAdvice("linux-riscv64").missingNatives();
    for (String part :
        List.of(
            "linux-riscv64",
            "linux-x86_64",
            "linux-arm64",
            "windows-x86_64",
            "macosx-arm64",
            "mvn install")) {
      assertTrue(text.contains(part), text);
    }
  }

  @Test
  void whatOpenBlasLacksIsNamed() {
    LoadAdvice advice = new LoadAdvice("linux-arm64");
    String missing = advice.missingOpenBlas("is not among the jars");
    String module = "--add-modules org.bytedeco.openblas.linux.arm64";
    for (String part :
        List.of("is not among", "org.bytedeco:openblas:0.3.31-1.5.13", "linux-arm64", module)) {
      assertTrue(missing.contains(part), missing);
    }
    String other =
        advice.failedOpenBlas(
            new UnsatisfiedLinkError("/c/libopenblas.so.0 is OpenBLAS 0.3.28"), "/c");
    for (String part : List.of("OpenBLAS 0.3.31", "is OpenBLAS 0.3.28", "openblas:0.3.31-1.5.13")) {
      assertTrue(other.contains(part), other);
    }
  }

  /** What another program in the process, or a defect, can lead to. */
  @Test
  void foldersAndClassLoadersOfOthersAreNamed() {
    LoadAdvice advice = new LoadAdvice("linux-x86_64");
    String cache = advice.othersCache("/tmp/javacpp", "all users may write to /tmp/javacpp");
    for (String part :
        List.of("JavaCPP, which other code used before", "all users may", "cachedir=DIR")) {
      assertTrue(cache.contains(part), cache);
    }
    ClassLoader own = getClass().getClassLoader();
    ClassLoader parent = own.getParent();
    String loader = advice.otherLoader(parent, own, parent);
    assertTrue(loader.contains(own.toString()) && loader.contains(parent.toString()), loader);
    String file = advice.notCompared(Path.of("/c/libjnieinblas.so"));
    assertTrue(file.contains("/c/libjnieinblas.so") && file.contains("report this"), file);
  }

  @Test
  void messagesOfCausesAreSaidOnce() {
    Throwable inner = new UnsatisfiedLinkError("inner");
    assertEquals(
        "outer; inner",
        LoadAdvice.texts(new IllegalStateException("outer", new RuntimeException("inner", inner))));
    assertEquals("NullPointerException", LoadAdvice.texts(new NullPointerException()));
    Throwable failure = new UnsatisfiedLinkError("ours");
    failure.addSuppressed(new UnsatisfiedLinkError("a library that it needs"));
    assertEquals("ours; a library that it needs", LoadAdvice.texts(failure));
  }

  @Test
  void theReportNamesEveryLibrary() {
    NativeInfo.loadOpenBlas();
    List<String> report = NativeInfo.loadReport();
    assertTrue(
        report.get(0).matches("\\d+ libraries in \\d+ ms, \\d+ of them extracted now; cache .+"),
        report.get(0));
    for (String name : List.of("jnieinblas", "openblas")) {
      assertTrue(report.stream().skip(1).anyMatch(line -> line.contains(name)), report::toString);
    }
    assertTrue(report.get(0).startsWith(report.size() - 1 + " "), report::toString);
    assertTrue(NativeInfo.loadedFrom().contains(Loader.getPlatform()), NativeInfo::loadedFrom);
  }
}
