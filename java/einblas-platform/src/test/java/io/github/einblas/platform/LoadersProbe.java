// A process of its own for LoadersIT: class loaders that each load einblas, use it, and go.
package io.github.einblas.platform;

import java.io.File;
import java.lang.ref.WeakReference;
import java.lang.reflect.Array;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Arguments: {@code own} (each class loader has all jars) or {@code shared} (JavaCPP and what it
 * needs is the parent's), {@code stay} or {@code go}, and how many.
 */
final class LoadersProbe {
  private LoadersProbe() {}

  public static void main(String[] args) throws Exception {
    List<URL> parents = new ArrayList<>();
    List<URL> own = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      boolean javaCpp = String.valueOf(Path.of(entry).getFileName()).startsWith("javacpp");
      (args[0].equals("shared") && javaCpp ? parents : own).add(url(entry));
    }
    ClassLoader parent = loader(parents, ClassLoader.getPlatformClassLoader());
    if (args[0].equals("shared")) { // else JavaCPP's thread keeps the class loader that starts it
      Class.forName("org.bytedeco.javacpp.Pointer", true, parent);
    }
    List<ClassLoader> loaders = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(args[2]); i++) {
      if (args[1].equals("stay")) {
        loaders.add(loader(own, parent));
        use(loaders.get(i));
      } else {
        System.out.println("gone: " + waitFor(useAndLetGo(own, parent)));
      }
    }
    for (ClassLoader loader : loaders) {
      use(loader); // others were loaded meanwhile
    }
    System.out.println("done");
  }

  private static URL url(String entry) throws MalformedURLException {
    return Path.of(entry).toUri().toURL();
  }

  private static URLClassLoader loader(List<URL> urls, ClassLoader parent) {
    return new URLClassLoader(urls.toArray(new URL[0]), parent);
  }

  private static WeakReference<ClassLoader> useAndLetGo(List<URL> own, ClassLoader parent)
      throws Exception {
    try (URLClassLoader loader = loader(own, parent)) {
      use(loader);
      // Plans that einsum keeps have native handles, which hold the class loader.
      Class.forName("io.github.einblas.Tuning", true, loader)
          .getMethod("set", String.class, long.class)
          .invoke(null, "GEMM_ROWS", 128L);
      // JavaCPP's thread would, too.
      Class<?> pointer = Class.forName("org.bytedeco.javacpp.Pointer", true, loader);
      if (pointer.getClassLoader() == loader) {
        pointer.getMethod("interruptDeallocatorThread").invoke(null);
      }
      return new WeakReference<>(loader);
    }
  }

  private static boolean waitFor(WeakReference<ClassLoader> loader) throws InterruptedException {
    for (int i = 0; i < 500 && loader.get() != null; i++) {
      System.gc();
      Thread.sleep(20);
    }
    System.gc(); // what unloads the libraries
    Thread.sleep(100);
    return loader.get() == null;
  }

  /** Two products through a class loader's einblas, one of them on several threads, and LAPACK. */
  private static void use(ClassLoader loader) throws Exception {
    Class<?> tensors = Class.forName("io.github.einblas.Tensor", true, loader);
    Class<?> einsum = Class.forName("io.github.einblas.Einsum", true, loader);
    Class<?> operand = Class.forName("io.github.einblas.Operand", true, loader);
    for (int n : new int[] {2, 500}) {
      float[] ones = new float[n * n];
      Arrays.fill(ones, 1);
      Object operands = Array.newInstance(operand, 2);
      try (AutoCloseable a =
          (AutoCloseable)
              tensors
                  .getMethod("of", float[].class, long[].class)
                  .invoke(null, ones, new long[] {n, n})) {
        Array.set(operands, 0, a);
        Array.set(operands, 1, a);
        try (AutoCloseable c =
            (AutoCloseable)
                einsum
                    .getMethod("einsum", String.class, operands.getClass())
                    .invoke(null, "ij,jk->ik", operands)) {
          Object got = tensors.getMethod("get", long[].class).invoke(c, new long[] {n - 1, n - 1});
          System.out.println(((Number) got).doubleValue() == n ? "right" : "wrong: " + got);
        }
        Class<?> kronecker = Class.forName("io.github.einblas.Kronecker", true, loader);
        Object k = kronecker.getMethod("of", operands.getClass()).invoke(null, operands);
        Object found = kronecker.getMethod("logDeterminant").invoke(k);
        boolean singular = String.valueOf(found).contains("logAbsolute=-Infinity");
        System.out.println(singular ? "LAPACK" : "wrong: " + found);
      }
    }
    Class<?> api = Class.forName("io.github.einblas.Einblas", true, loader);
    System.out.println(api.getMethod("loadReport").invoke(null));
  }
}
