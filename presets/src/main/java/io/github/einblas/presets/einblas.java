// Binding: tells JavaCPP which header to parse and which libraries to load before ours.
package io.github.einblas.presets;

import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/**
 * Preset of the native library: {@code einblas.h} becomes {@code io.github.einblas.nativelib}.
 *
 * <p>bytedeco's OpenBLAS is preloaded rather than inherited: inheriting its preset parses all of
 * LAPACK, extracts twice as much and maps two copies of the library.
 */
@Properties(
    target = "io.github.einblas.nativelib",
    global = "io.github.einblas.nativelib.einblas",
    value = {
      @Platform(
          include = "einblas.h",
          library = "jnieinblas",
          preloadresource = "/org/bytedeco/openblas/",
          preload = {"quadmath@.0", "gfortran@.5", "openblas@.0"}),
      @Platform(value = "windows", preload = "libopenblas"),
      @Platform(
          value = "macosx",
          preload = {"gcc_s@.1.1", "quadmath@.0", "gfortran@.5", "openblas@.0"})
    })
@NoException
public class einblas implements InfoMapper {
  @Override
  public void map(InfoMap infoMap) {
    infoMap.put(new Info("EINBLAS_API").cppTypes().annotations());
  }
}
