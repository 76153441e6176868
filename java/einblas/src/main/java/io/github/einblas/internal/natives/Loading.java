// Loading: finds the native library in the jars, loads it, says what was loaded.
package io.github.einblas.internal.natives;

import io.github.einblas.nativelib.einblas;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/** Loads the native library once, and keeps what there is to say of it. */
final class Loading {
  /** With a value, a line of each load goes to the logger io.github.einblas. */
  private static final String LOG = "EINBLAS_LOG";

  /** A system property: how often einblas was loaded in this process, by any class loader. */
  private static final String LOADS = "io.github.einblas.loads";

  private static final int MOST_COPIES = 4;
  private static final int MOST_CLASS_LOADERS = 1000;

  private final String platform = Loader.getPlatform();
  private final List<LoadedFile> files = new ArrayList<>();
  private CacheFolder folder;
  private CachedLibraries cached;
  private OpenBlas openBlas;
  private String library = "";
  private double millis;

  /**
   * Loads the library.
   *
   * @throws IllegalStateException if that fails; the text says what to add or to set
   */
  void run() {
    LoadAdvice advice = new LoadAdvice(platform);
    if (LoadedFile.find("", System.mapLibraryName("jnieinblas")) == null) {
      throw new IllegalStateException(advice.missingNatives());
    }
    if (platform.startsWith("linux") && LoadAdvice.mapsMusl(Path.of("/proc/self/maps"))) {
      throw new IllegalStateException(advice.musl());
    }
    long from = System.nanoTime();
    try {
      prepare(advice);
      library = Loader.load(einblas.class);
      bind(advice);
    } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
      throw new IllegalStateException(advice.failed(e, CacheFolder.javaCpps()), e);
    } catch (IllegalStateException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new IllegalStateException(advice.failed(e, CacheFolder.javaCpps()), e);
    } finally {
      if (folder != null) {
        folder.removeAtExit();
      }
    }
    millis = (System.nanoTime() - from) * 1e-6;
    describe(advice);
    openBlas = new OpenBlas(advice, folder, cached);
    if (System.getenv(LOG) != null && !System.getenv(LOG).isEmpty()) {
      System.getLogger("io.github.einblas")
          .log(System.Logger.Level.INFO, String.join("; ", report()));
    }
  }

  /**
   * Puts what JavaCPP is about to load into a cache that is safe, unless it is told to use none.
   */
  private void prepare(LoadAdvice advice) throws IOException {
    if (isFalse("cachelibraries", "cacheLibraries") || isFalse("findlibraries", "findLibraries")) {
      return;
    }
    folder = CacheFolder.choose(advice);
    cached = new CachedLibraries(folder);
    ClassProperties ours = Loader.loadProperties(einblas.class, Loader.loadProperties(), true);
    List<String> names = new ArrayList<>(ours.get("platform.preload"));
    names.addAll(ours.get("platform.link"));
    for (String name : names) {
      for (URL url : find(einblas.class, ours, name)) {
        cached.place(url, fileName(url));
      }
    }
    placeWithCopies(einblas.class, ours);
    if (Loader.class.getClassLoader() != einblas.class.getClassLoader()) {
      // Else JavaCPP asks for what JDK 17 refuses (Runtime.load0), and the binding's class is lost.
      names.add(ours.getProperty("platform.library"));
      for (String name : names) {
        Loader.loadLibrary(Loader.class, Loader.findLibrary(einblas.class, ours, name), name);
      }
    }
    placeWithCopies(
        Pointer.class, Loader.loadProperties(Pointer.class, Loader.loadProperties(), true));
  }

  /**
   * The first that Loader.findLibrary finds, which looks on for all others; a fifth of the time of
   * loading.
   */
  private List<URL> find(Class<?> user, ClassProperties properties, String library) {
    String[] name = library.split("@", 2);
    String plain = System.mapLibraryName(name[0]);
    String version = name.length < 2 ? "" : name[1];
    int dot = plain.lastIndexOf('.');
    List<String> folders = new ArrayList<>(properties.get("platform.preloadresource"));
    folders.add("");
    if (properties.get("platform.extension").isEmpty()) {
      for (String file :
          List.of(
              plain + version, plain.substring(0, dot) + version + plain.substring(dot), plain)) {
        for (String folder : folders) {
          URL url = user.getResource(folder + platform + "/" + file);
          if (url != null) {
            return List.of(url);
          }
        }
      }
    }
    return List.of(Loader.findLibrary(user, properties, library));
  }

  /**
   * A library can belong to one class loader only: for another JavaCPP takes a copy under the next
   * name. Copies that are there are looked at too, and those made that the class loaders of this
   * process can need.
   */
  private void placeWithCopies(Class<?> user, ClassProperties properties) throws IOException {
    String library = properties.getProperty("platform.library");
    int before = Math.min(Integer.getInteger(LOADS, 0), MOST_COPIES);
    for (URL url : find(user, properties, library)) {
      Path file = cached.place(url, fileName(url));
      for (int i = 0; !url.getProtocol().equals("file"); i++) {
        String copy = System.mapLibraryName(library + i);
        if (i >= before && Files.notExists(file.resolveSibling(copy))) {
          break;
        }
        cached.place(url, copy);
      }
    }
  }

  /**
   * JavaCPP loads for its own class loader, and once. Where ours is another one, a copy is loaded
   * here.
   */
  private void bind(LoadAdvice advice) throws IOException {
    System.setProperty(LOADS, String.valueOf(Integer.getInteger(LOADS, 0) + 1));
    if (isBound()) {
      return;
    }
    ClassLoader own = Loading.class.getClassLoader();
    ClassLoader binding = einblas.class.getClassLoader();
    URL url = LoadedFile.find("", System.mapLibraryName("jnieinblas"));
    if (own == binding && cached != null && url != null && !url.getProtocol().equals("file")) {
      for (int i = 0; !isBound() && i < MOST_CLASS_LOADERS; i++) {
        Path copy = cached.place(url, System.mapLibraryName("jnieinblas" + i));
        try {
          System.load(copy.toString());
          library = copy.toString();
        } catch (UnsatisfiedLinkError e) {
          if (!isOthers(e)) {
            throw e;
          }
        }
      }
    }
    if (!isBound()) {
      throw new IllegalStateException(
          advice.otherLoader(binding, own, Loader.class.getClassLoader()));
    }
  }

  private static boolean isBound() {
    try {
      return einblas.einblas_tunables() >= 0;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }

  private static boolean isOthers(UnsatisfiedLinkError e) {
    return String.valueOf(e.getMessage()).contains("already loaded in another classloader");
  }

  private static boolean isFalse(String name, String otherName) {
    String lower = System.getProperty("org.bytedeco.javacpp." + name, "true");
    String value =
        System.getProperty("org.bytedeco.javacpp." + otherName, lower).toLowerCase(Locale.ROOT);
    return !(value.equals("true") || value.equals("t") || value.isEmpty());
  }

  private static String fileName(URL url) {
    String path = url.getPath();
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The file that the library was loaded from. */
  String library() {
    return library;
  }

  /** OpenBLAS: opened when it is first asked for. */
  OpenBlas openBlas() {
    return openBlas;
  }

  /**
   * A line of the time and the cache, one for each library, one of OpenBLAS where it is not open.
   */
  List<String> report() {
    List<LoadedFile> all = new ArrayList<>(files);
    all.addAll(openBlas.files());
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%d %s in %.0f ms, %d of them extracted now; cache %s",
            all.size(),
            all.size() == 1 ? "library" : "libraries",
            millis + openBlas.millis(),
            all.stream().filter(LoadedFile::extracted).count(),
            CacheFolder.javaCpps() + temporary()));
    all.forEach(f -> lines.add(f.line()));
    String whyNot = openBlas.whyNot();
    if (whyNot != null) {
      lines.add("OpenBLAS is not loaded: " + whyNot);
    }
    return lines;
  }

  private String temporary() {
    String reason = folder == null ? null : folder.temporaryBecause();
    return reason == null ? "" : " for this process alone, as " + reason;
  }

  /** Fills {@link #files} with those that came from jars or folders of the class path. */
  private void describe(LoadAdvice advice) {
    for (Map.Entry<String, String> entry : Loader.getLoadedLibraries().entrySet()) {
      Path file;
      try {
        file = Path.of(entry.getValue());
      } catch (InvalidPathException e) {
        continue;
      }
      URL url = LoadedFile.find("", System.mapLibraryName("jnieinblas")); // a copy has another name
      boolean library = entry.getKey().startsWith("jnieinblas");
      if (!library || !file.isAbsolute() || url == null) {
        continue;
      }
      boolean fromCache = cached != null && file.startsWith(folder.path());
      if (fromCache && !cached.compared(file)) {
        throw new IllegalStateException(advice.notCompared(file));
      }
      files.add(LoadedFile.of(url, file, fromCache && cached.extracted(file)));
    }
  }
}
