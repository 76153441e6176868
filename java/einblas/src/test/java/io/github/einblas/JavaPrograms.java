// Test: compiles Java text as a user would, against the library and JavaCPP alone, and runs it.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.bytedeco.javacpp.Pointer;

final class JavaPrograms {
  /** What a page's code may use without a word. */
  static final String IMPORTS =
      Stream.of(
              "io.github.einblas",
              "java.io",
              "java.nio",
              "java.nio.file",
              "java.time",
              "java.util",
              "java.util.concurrent")
          .map(p -> "import " + p + ".*;\n")
          .collect(Collectors.joining());

  private JavaPrograms() {}

  /** Compiles one class without a package into the folder. */
  static Class<?> compile(Path folder, String name, String text) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    SimpleJavaFileObject source =
        new SimpleJavaFileObject(
            URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignored) {
            return text;
          }
        };
    Files.createDirectories(folder);
    StringWriter says = new StringWriter();
    List<String> options =
        List.of(
            "-proc:none",
            "-nowarn",
            "-d",
            folder.toString(),
            "-cp",
            place(Tensor.class) + System.getProperty("path.separator") + place(Pointer.class));
    boolean good = compiler.getTask(says, null, null, options, null, List.of(source)).call();
    assertTrue(good, () -> says + "\n" + numbered(text));
    URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, JavaPrograms.class.getClassLoader());
    try {
      return loader.loadClass(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static String place(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static String numbered(String text) {
    List<String> lines = text.lines().toList();
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      all.append(i + 1).append("  ").append(lines.get(i)).append('\n');
    }
    return all.toString();
  }

  /** What a static method prints. */
  static String printed(Class<?> type, String method, Object... arguments) {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      call(type, method, arguments);
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  static Object call(Class<?> type, String method, Object... arguments) {
    try {
      Method found =
          Stream.of(type.getDeclaredMethods())
              .filter(m -> m.getName().equals(method))
              .findFirst()
              .orElseThrow();
      found.setAccessible(true);
      return found.invoke(null, arguments);
    } catch (InvocationTargetException e) {
      throw new AssertionError(
          type.getSimpleName() + "." + method + ": " + e.getCause(), e.getCause());
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }
}
