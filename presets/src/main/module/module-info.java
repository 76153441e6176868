/** The JavaCPP binding of Einblas's native library, for the io.github.einblas module alone. */
open module io.github.einblas.presets {
  requires transitive org.bytedeco.javacpp;

  exports io.github.einblas.nativelib to
      io.github.einblas;
  exports io.github.einblas.presets to
      io.github.einblas,
      org.bytedeco.javacpp;
}
