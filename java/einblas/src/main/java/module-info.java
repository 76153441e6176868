/**
 * Tensor contractions at machine speed. Begin with the package {@link io.github.einblas}; the other
 * packages are the library's own.
 *
 * <p>The natives are modules that nothing requires: add that of your platform, such as {@code
 * --add-modules io.github.einblas.presets.linux.x86_64}, and where LAPACK is used {@code
 * org.bytedeco.openblas.linux.x86_64} too.
 */
module io.github.einblas {
  requires com.google.gson;
  requires io.github.einblas.presets;
  requires static org.jspecify;
  requires transitive org.bytedeco.javacpp;

  exports io.github.einblas;
  exports io.github.einblas.internal.io to
      io.github.einblas.cli;
}
