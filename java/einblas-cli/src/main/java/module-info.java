/** Command line over .npy files: einsum, its named relatives, and a demonstration. */
module io.github.einblas.cli {
  requires com.google.gson;
  requires info.picocli;
  requires java.management;
  requires jdk.management;
  requires io.github.einblas;
  requires me.tongfei.progressbar;

  opens io.github.einblas.cli to
      info.picocli;
}
