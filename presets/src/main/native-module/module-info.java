/**
 * Einblas's natives for ${javacpp.platform}; nothing requires it, so a module path needs {@code --add-modules} of it, and of
 * OpenBLAS's module where LAPACK is used.
 */
open module io.github.einblas.presets.${native.module.platform} {
  requires transitive io.github.einblas.presets;
  requires static org.bytedeco.openblas.${native.module.platform};
}
