// GraalVM's metadata of the packaged jars, checked without GraalVM: what a run looks up is listed,
// and what is listed is there.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeImageIT {
  private static final String PLATFORM = Loader.getPlatform();
  private static final String METADATA = "META-INF/native-image/" + PLATFORM + "/";

  @TempDir Path folder;

  /** Every file of that name in the metadata of every jar of the class path. */
  private static List<JsonElement> metadata(String name) throws IOException {
    List<JsonElement> all = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (!entry.endsWith(".jar")) {
        continue;
      }
      try (JarFile jar = new JarFile(entry)) {
        for (JarEntry e : jar.stream().filter(j -> j.getName().startsWith(METADATA)).toList()) {
          if (e.getName().endsWith("/" + name)) {
            all.add(JsonParser.parseString(new String(bytes(jar, e), StandardCharsets.UTF_8)));
          }
        }
      }
    }
    return all;
  }

  private static byte[] bytes(JarFile jar, JarEntry entry) throws IOException {
    try (InputStream in = jar.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  private static JarFile ours() throws IOException {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      String name = String.valueOf(Path.of(entry).getFileName());
      if (name.startsWith("einblas-presets-") && name.endsWith("-" + PLATFORM + ".jar")) {
        return new JarFile(entry);
      }
    }
    throw new IllegalStateException("no natives among the jars");
  }

  private static List<JsonObject> classes(String file) throws IOException {
    List<JsonObject> classes = new ArrayList<>();
    for (JsonElement list : metadata(file)) {
      list.getAsJsonArray().forEach(c -> classes.add(c.getAsJsonObject()));
    }
    return classes;
  }

  /** JavaCPP's stubs find classes by these names, which stand in the library as C's strings. */
  private static Set<String> classesThatTheLibraryLooksUp() throws IOException {
    Set<String> names = new TreeSet<>();
    try (JarFile jar = ours()) {
      for (JarEntry e : jar.stream().filter(j -> j.getName().contains("jnieinblas.")).toList()) {
        String content = new String(bytes(jar, e), StandardCharsets.ISO_8859_1);
        Matcher m =
            Pattern.compile("(?<=\0)(?:java|org|io)/[A-Za-z0-9_/$]+(?=\0)").matcher(content);
        while (m.find()) {
          names.add(m.group().replace('/', '.'));
        }
      }
    }
    return names;
  }

  @Test
  void classesThatTheLibraryLooksUpAreListedWithTheirMembers() throws IOException {
    Set<String> names = classesThatTheLibraryLooksUp();
    assertTrue(
        names.contains("org.bytedeco.javacpp.Pointer") && names.contains("java.lang.String"),
        names::toString);
    List<JsonObject> listed = classes("jni-config.json");
    for (String name : names) {
      // Of an exception JNI's ThrowNew needs the constructor alone.
      for (String members :
          name.matches(".*(Exception|Error)")
              ? List.of("allDeclaredConstructors")
              : List.of("allDeclaredConstructors", "allDeclaredMethods", "allDeclaredFields")) {
        assertTrue(
            listed.stream()
                .anyMatch(
                    c ->
                        c.get("name").getAsString().equals(name)
                            && c.has(members)
                            && c.get(members).getAsBoolean()),
            () -> name + " without " + members);
      }
    }
  }

  @Test
  void listedClassesAreThere() throws IOException {
    for (String file : List.of("jni-config.json", "reflect-config.json")) {
      List<JsonObject> listed = classes(file);
      assertTrue(
          listed.stream()
              .anyMatch(
                  c -> c.get("name").getAsString().equals("io.github.einblas.nativelib.einblas")),
          file);
      for (JsonObject c : listed) {
        String name = c.get("name").getAsString();
        if (name.startsWith("io.github.einblas") || name.startsWith("java.")) {
          assertDoesNotThrow(
              () -> Class.forName(name, false, NativeImageIT.class.getClassLoader()),
              () -> file + " lists " + name);
        }
      }
    }
  }

  @Test
  void resourcesThatARunOpensAreListed() throws Exception {
    List<Pattern> patterns = new ArrayList<>();
    for (JsonElement config : metadata("resource-config.json")) {
      JsonElement resources = config.getAsJsonObject().get("resources");
      JsonArray includes =
          resources.isJsonArray()
              ? resources.getAsJsonArray()
              : resources.getAsJsonObject().getAsJsonArray("includes");
      includes.forEach(
          i -> patterns.add(Pattern.compile(i.getAsJsonObject().get("pattern").getAsString())));
    }
    List<String> opened = resourcesThatARunOpens();
    for (String end : List.of("jnieinblas", "openblas", PLATFORM + ".properties")) {
      assertTrue(opened.stream().anyMatch(name -> name.contains(end)), opened::toString);
    }
    for (String name : opened) {
      assertTrue(
          patterns.stream().anyMatch(p -> p.matcher(name).matches()),
          () -> name + " is opened, but not listed");
    }
  }

  private List<String> resourcesThatARunOpens() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"),
                ResourceProbe.class.getName())
            .redirectErrorStream(true)
            .start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the process hangs");
    assertEquals(0, process.exitValue(), text);
    return text.lines()
        .filter(line -> line.startsWith("resource "))
        .map(line -> line.substring("resource ".length()))
        .toList();
  }
}
