// A process of its own for NativeImageIT: runs LoadProbe in a class loader that writes down which
// resources it is asked for.
package io.github.einblas.platform;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/** Prints a line "resource NAME" for each one that was found and is no class, after LoadProbe's. */
final class ResourceProbe {
  private ResourceProbe() {}

  private static final class Recorder extends URLClassLoader {
    private final Set<String> found = Collections.synchronizedSet(new TreeSet<>());

    Recorder(URL[] jars) {
      super(jars, ClassLoader.getPlatformClassLoader());
    }

    @Override
    public URL findResource(String name) {
      URL url = super.findResource(name);
      if (url != null && !name.endsWith(".class")) {
        found.add(name);
      }
      return url;
    }
  }

  private static URL url(String entry) {
    try {
      return Path.of(entry).toUri().toURL();
    } catch (java.net.MalformedURLException e) {
      throw new IllegalArgumentException(entry, e);
    }
  }

  public static void main(String[] args) throws Exception {
    URL[] jars =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(ResourceProbe::url)
            .toArray(URL[]::new);
    try (Recorder loader = new Recorder(jars)) {
      Thread.currentThread().setContextClassLoader(loader);
      var main =
          Class.forName(LoadProbe.class.getName(), true, loader)
              .getDeclaredMethod("main", String[].class);
      main.setAccessible(true);
      main.invoke(null, (Object) args);
      loader.found.forEach(name -> System.out.println("resource " + name));
    }
  }
}
