package io.github.einblas.reference;

import io.github.einblas.Tensor;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The public types of the library and their methods, as the compiled classes say. */
public final class PublicApi {
  /** Those that every object, enumeration or record has. */
  private static final Set<String> OF_EVERYTHING =
      Set.of("equals", "hashCode", "toString", "values", "valueOf", "close");

  private PublicApi() {}

  /** Public types, nested ones too, by name; exceptions, which only the library makes, left out. */
  public static List<Class<?>> types() throws IOException {
    Path root = root().resolve(Tensor.class.getPackageName().replace('.', '/'));
    List<Class<?>> types = new ArrayList<>();
    try (Stream<Path> files = Files.list(root)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".class") && !name.endsWith("-info.class")) {
          Class<?> type = load(name.substring(0, name.length() - ".class".length()));
          if (isPublic(type) && !Throwable.class.isAssignableFrom(type)) {
            types.add(type);
          }
        }
      }
    }
    return types;
  }

  private static Path root() {
    try {
      return Path.of(Tensor.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(
          Tensor.class.getPackageName() + "." + name, false, Tensor.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean isPublic(Class<?> type) {
    for (Class<?> c = type; c != null; c = c.getEnclosingClass()) {
      if (!Modifier.isPublic(c.getModifiers()) || c.isAnonymousClass()) {
        return false;
      }
    }
    return true;
  }

  /** A type's own public methods, without those that everything has, in a fixed order. */
  public static List<Method> methods(Class<?> type) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(m -> Modifier.isPublic(m.getModifiers()) && !m.isSynthetic())
        .filter(m -> !Modifier.isAbstract(m.getModifiers()))
        .filter(m -> !OF_EVERYTHING.contains(m.getName()))
        .sorted(Comparator.comparing(Method::toString))
        .toList();
  }
}
