/** Tensor contractions at machine speed. */
module io.github.einblas {
  requires com.google.gson;
  requires io.github.einblas.presets;
  requires static org.jspecify;
  requires transitive org.bytedeco.javacpp;

  exports io.github.einblas;
  exports io.github.einblas.internal.io to
      io.github.einblas.cli;
}
