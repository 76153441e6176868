// Test: tunable numbers: listed, set within bounds, saved as a file that the library takes.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.einblas.reference.ChildJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TuningTest {
  @TempDir Path folder;

  private static Tuning.Value rows() {
    return Tuning.values().stream()
        .filter(v -> v.name().equals("GEMM_ROWS"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void wrongNamesAndValuesAreRefused() {
    Tuning.Value before = rows();
    String unknown =
        assertThrows(IllegalArgumentException.class, () -> Tuning.set("NOTHING", 1)).getMessage();
    assertTrue(unknown.contains("NOTHING") && unknown.contains("GEMM_ROWS"), unknown);
    String small =
        assertThrows(IllegalArgumentException.class, () -> Tuning.set("GEMM_ROWS", 0)).getMessage();
    assertTrue(small.contains("from " + before.least() + " to " + before.most()), small);
    assertEquals(before, rows());
  }

  /** Another process takes what is saved, refuses what is not understood, and says so. */
  @Test
  void aSavedFileIsTakenByTheNextProcess() throws Exception {
    Path file = folder.resolve("new").resolve("tuning");
    Tuning.Value before = rows();
    Tuning.set("GEMM_ROWS", before.defaultValue() * 2);
    try {
      Tuning.save(file);
    } finally {
      Tuning.set("GEMM_ROWS", before.value());
    }
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList());
    }
    long expected = before.defaultValue() * 2;
    assertEquals(List.of("1 values taken", "" + expected), child(file));

    String saved = Files.readString(file);
    Files.writeString(file, saved + "GEMM_ROWS none\nNOTHING 3\nGEMM_COLUMNS 0\n\u0000\n");
    List<String> lines = child(file);
    assertTrue(
        lines.get(0).contains("1 values taken; not understood: line 5, line 6, line 7"),
        lines.get(0));
    assertEquals("" + expected, lines.get(1));

    Files.writeString(file, saved.replaceAll("isa .*", "isa other"));
    lines = child(file);
    assertTrue(lines.get(0).contains("made for the isa 'other'"), lines.get(0));
    assertEquals("" + before.defaultValue(), lines.get(1));
  }

  @Test
  void aFolderOrNothingInItsPlaceIsNoFailure() throws Exception {
    assertEquals("" + rows().defaultValue(), child(folder).get(1));
    assertEquals("" + rows().defaultValue(), child(folder.resolve("missing")).get(1));
    assertEquals(List.of("no file", "" + rows().defaultValue()), child(null));
  }

  @Test
  void aFileThatCannotBeWrittenIsAnIoException() throws IOException {
    Path plain = Files.writeString(folder.resolve("plain"), "x");
    assertThrows(IOException.class, () -> Tuning.save(plain.resolve("tuning")));
    assertEquals("x", Files.readString(plain));
  }

  @Test
  void whatIsNoRegularFileIsNotReplaced() throws Exception {
    assertThrows(IOException.class, () -> Tuning.save(folder));
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mkfifo")), "no FIFOs here");
    Path fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("/usr/bin/mkfifo", fifo.toString()).start().waitFor());
    String text = assertThrows(IOException.class, () -> Tuning.save(fifo)).getMessage();
    assertTrue(text.contains("no regular file"), text);
    assertTrue(Files.exists(fifo) && !Files.isRegularFile(fifo));
    Path file = Files.writeString(folder.resolve("tuning"), "old");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    Tuning.save(link);
    assertTrue(Files.isSymbolicLink(link) && Files.readString(file).contains("isa "));
    assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    List<String> lines = child(fifo); // which nobody writes to
    assertEquals(List.of("not taken: it is no regular file", "" + rows().defaultValue()), lines);
  }

  /** What a new process reports with that tuning file, and its value of GEMM_ROWS. */
  private static List<String> child(Path file) throws Exception {
    List<String> command = ChildJvm.counted();
    command.addAll(ChildJvm.classes());
    command.add(Child.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("EINBLAS_TUNING", file == null ? "" : file.toString());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertEquals(0, process.waitFor());
    assertFalse(lines.isEmpty());
    return lines;
  }

  /** The process. */
  static final class Child {
    public static void main(String[] args) {
      System.out.println(Tuning.report());
      System.out.println(rows().value());
    }
  }
}
