// Storage: how the chunks of a Zarr array are compressed that is written.
package io.github.einblas.spark.internal.storage;

/** Compressions that zarr-python reads without any package more. */
public enum ZarrCodec {
  /** None. */
  RAW(null),
  /** As {@code gzip -5}: slow, read everywhere. */
  GZIP(ByteCodec.GZIP),
  /** Zstandard, level 3. */
  ZSTD(ByteCodec.ZSTD);

  private final ByteCodec codec;

  ZarrCodec(ByteCodec codec) {
    this.codec = codec;
  }

  /** Null where there is none. */
  ByteCodec codec() {
    return codec;
  }
}
