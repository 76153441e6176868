// Binding: tells JavaCPP which header to parse and how the library is called.
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
 * <p>It needs no other library. OpenBLAS is opened later, when something asks for it; its folder is
 * named for {@code org.bytedeco.javacpp.Loader.findLibrary}.
 */
@Properties(
    target = "io.github.einblas.nativelib",
    global = "io.github.einblas.nativelib.einblas",
    value =
        @Platform(
            include = "einblas.h",
            library = "jnieinblas",
            preloadresource = "/org/bytedeco/openblas/"))
@NoException
public class einblas implements InfoMapper {
  @Override
  public void map(InfoMap infoMap) {
    infoMap.put(new Info("EINBLAS_API").cppTypes().annotations());
  }
}
