// Test: on a terminal the bar says what is done, and leaves no trace beside results.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ProgressTest {
  private static final String CLEAR = "\r\u001b[K";

  private static String drawn(boolean terminal) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Streams io =
        new Streams(
            new ByteArrayInputStream(new byte[0]),
            out,
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminal);
    try (Progress progress = new Progress(io, "slices", 4)) {
      progress.now("the first");
      progress.step();
      progress.now("the second");
      progress.done();
    }
    io.out().flush();
    assertEquals(0, out.size());
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aTerminalShowsIt() {
    String drawn = drawn(true);
    assertTrue(drawn.contains("slices") && drawn.contains("1/4"), drawn);
    assertTrue(drawn.contains("the second"), drawn);
    assertTrue(drawn.endsWith(CLEAR), "the line is cleared at the end");
  }

  @Test
  void nothingElseDoes() {
    assertEquals("", drawn(false));
  }
}
