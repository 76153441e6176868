// Benchmarks: what an implementation must offer to be measured beside einblas.
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * One implementation of the catalogue's cases. Those on the class path are found by {@link
 * ServiceLoader}; all but einblas are there with the Maven profile {@code rivals} alone.
 */
public interface Rival {
  /** How it is called. */
  enum Style {
    /** As fast as its users can: a given result in the requested layout, everything prepared. */
    BEST,
    /** As its users write it: a new result in each call. */
    USUAL
  }

  /** The benchmark's parameter {@code implementation}. */
  String name();

  /** Library, version and what it runs on. */
  String version();

  /** Whether it is measured with elements of a type: F32 and F64, unless it says otherwise. */
  default boolean has(DType dtype) {
    return dtype.isFloating();
  }

  /** Sets the threads of each call from now on, in the library and in the BLAS under it. */
  void setThreads(int threads);

  /**
   * Ways to run a case, each ready to run; the fastest one counts. Empty when it cannot do the case
   * in that style.
   */
  List<Job> jobs(Catalogue.Case c, DType dtype, Style style);

  /** The same for products with structured matrices, in the best form. */
  default List<Job> structured(Structured c, DType dtype) {
    return List.of();
  }

  /** A case with its operands, ready to be called again and again. */
  interface Job extends AutoCloseable {
    /** The calls it makes, for people. */
    String form();

    /** One call. */
    void run();

    /** An element of the latest call's result, in C order of the requested layout. */
    double result(long index);

    /**
     * Checks the latest call's result by itself, beside the comparison with einblas's.
     *
     * @throws IllegalStateException if it is wrong
     */
    default void verify() {}

    /** Frees the operands and the result. */
    @Override
    void close();
  }

  /** Name and version of the jar that a class comes from. */
  static String jar(Class<?> type) {
    String place = type.getProtectionDomain().getCodeSource().getLocation().getPath();
    return place.substring(place.lastIndexOf('/') + 1).replaceFirst("[.]jar$", "");
  }

  /** All implementations on the class path, einblas first. */
  static List<Rival> all() {
    Stream<Rival> others =
        ServiceLoader.load(Rival.class).stream().map(ServiceLoader.Provider::get);
    return Stream.concat(Stream.of(new EinblasRival()), others).toList();
  }

  /**
   * The implementation of that name.
   *
   * @throws IllegalArgumentException if there is none; it says which there are
   */
  static Rival named(String name) {
    List<Rival> all = all();
    Stream<Rival> those = all.stream().filter(r -> r.name().equals(name));
    return those
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no implementation "
                        + name
                        + " on the class path, which has "
                        + all.stream().map(Rival::name).toList()));
  }
}
