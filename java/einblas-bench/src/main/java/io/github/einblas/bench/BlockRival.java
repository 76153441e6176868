// Benchmarks: what an implementation of the block-sparse products must offer to be measured beside
// einblas.
package io.github.einblas.bench;

import io.github.einblas.DType;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * One implementation. Operands hold {@link Values} (W is number 0, h 1, o 2); gemv and its gradient
 * write the product alone (beta = 0), outer adds to blocks that begin with zeros. Results are
 * compared after the first call.
 */
public interface BlockRival {
  /** The benchmark's parameter {@code implementation}. */
  String name();

  /** Sets the threads of each call from now on. */
  void setThreads(int threads);

  /** A case ready to run. */
  Rival.Job job(BlockCase c, DType dtype);

  /** The implementation of that name on the class path. */
  static BlockRival named(String name) {
    Stream<BlockRival> others =
        ServiceLoader.load(BlockRival.class).stream().map(ServiceLoader.Provider::get);
    List<BlockRival> all = Stream.concat(Stream.of(new EinblasBlocks()), others).toList();
    return all.stream()
        .filter(r -> r.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no implementation "
                        + name
                        + " of block-sparse products on the class path, which has "
                        + all.stream().map(BlockRival::name).toList()));
  }
}
