// Public API: thresholds and tile sizes of the kernels, and the file that keeps those of this
// machine.
package io.github.einblas;

import io.github.einblas.internal.io.OutputFile;
import io.github.einblas.internal.natives.NativeInfo;
import io.github.einblas.internal.plan.PlanCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Numbers that the kernels' speed depends on: thresholds, tile sizes, task sizes.
 *
 * <p>Each has a default that was measured, replaced by the line {@code NAME value} of the {@link
 * #file() tuning file} and by the environment variable {@code EINBLAS_NAME}. The file is read once,
 * when the library is loaded, and only on the processor and instruction set that its lines {@code
 * processor} and {@code isa} name, wherever they stand. Of a number that is given twice the first
 * counts; a line that is not understood is left out, and {@link #report()} names it. What is no
 * regular file, or longer than 64 KB, is not read. {@code einblas tune} writes it. Other values
 * change speed, and results by rounding at most.
 *
 * <pre>{@code
 * Tuning.Value first = Tuning.values().get(0);
 * Tuning.set(first.name(), first.least()); // for this process, from now on
 * Tuning.set(first.name(), first.value());
 * }</pre>
 */
public final class Tuning {
  private static final int VALUE = 0;
  private static final int DEFAULT = 1;
  private static final int LEAST = 2;
  private static final int MOST = 3;

  private Tuning() {}

  /**
   * One number.
   *
   * @param name as in the tuning file
   * @param meaning for people, with its unit
   * @param value in force for plans made now
   * @param defaultValue without any override
   * @param least smallest value that is taken
   * @param most largest value that is taken
   */
  public record Value(
      String name, String meaning, long value, long defaultValue, long least, long most) {}

  /** {@return all of them, by name} */
  public static List<Value> values() {
    return IntStream.range(0, NativeInfo.tunables())
        .mapToObj(
            i ->
                new Value(
                    NativeInfo.tunableName(i),
                    NativeInfo.tunableMeaning(i),
                    NativeInfo.tunable(i, VALUE),
                    NativeInfo.tunable(i, DEFAULT),
                    NativeInfo.tunable(i, LEAST),
                    NativeInfo.tunable(i, MOST)))
        .toList();
  }

  /**
   * Sets one for plans made from now on; plans that exist keep theirs, and those behind {@link
   * Einsum#einsum} are made anew.
   *
   * @param name as in the tuning file
   * @param value within its range
   * @throws IllegalArgumentException if there is none of that name, or the value is out of bounds
   */
  public static void set(String name, long value) {
    Objects.requireNonNull(name, "name");
    List<Value> all = values();
    for (int i = 0; i < all.size(); i++) {
      Value known = all.get(i);
      if (known.name().equals(name)) {
        if (!NativeInfo.setTunable(i, value)) {
          throw new IllegalArgumentException(
              name + " must be from " + known.least() + " to " + known.most() + ", got " + value);
        }
        PlanCache.clear();
        return;
      }
    }
    throw new IllegalArgumentException(
        "there is no tunable number '"
            + name
            + "'; there are "
            + String.join(", ", all.stream().map(Value::name).toList()));
  }

  /**
   * {@return the file that is read when the library is loaded, whether it exists or not, if there
   * is one}
   */
  public static Optional<Path> file() {
    String file = NativeInfo.tuningFile();
    try {
      return file.isEmpty() ? Optional.empty() : Optional.of(Path.of(file));
    } catch (InvalidPathException e) {
      return Optional.empty(); // a name that Java's file names cannot say, as in the locale C
    }
  }

  /**
   * {@return what was taken from the file and the environment when the library was loaded, for
   * people}
   */
  public static String report() {
    return NativeInfo.tuningReport();
  }

  /** {@return the processor's name, as the machine gives it} */
  public static String processor() {
    return NativeInfo.processor();
  }

  /**
   * Writes the values that differ from their defaults, with this processor and instruction set, to
   * a file that {@code EINBLAS_TUNING} or {@link #file()} names. A file that exists is replaced as
   * a whole or not at all, and keeps its mode; of a symbolic link, the file that it leads to;
   * missing folders are made.
   *
   * @param file path of the file
   * @throws IOException if it cannot be written, or what is there is no regular file
   */
  public static void save(Path file) throws IOException {
    Path target = Objects.requireNonNull(file, "file").toAbsolutePath();
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      throw new IOException(file + " is no regular file; it is left as it is");
    }
    StringBuilder text =
        new StringBuilder("# Written by einblas tune; empty or no file: measured defaults.\n");
    text.append("processor ").append(processor()).append('\n');
    text.append("isa ").append(Einblas.isa()).append('\n');
    for (Value v : values()) {
      if (v.value() != v.defaultValue()) {
        text.append(v.name()).append(' ').append(v.value()).append('\n');
      }
    }
    Files.createDirectories(target.getParent());
    OutputFile.write(
        file, true, out -> out.write(text.toString().getBytes(StandardCharsets.UTF_8)));
  }
}
