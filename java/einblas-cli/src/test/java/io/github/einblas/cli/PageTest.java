// Test: --html writes a page, whole or not at all, where nothing else goes.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PageTest {
  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void files() throws IOException {
    program = new Program(folder);
    program.put("a.npy", Tensor.of(new double[] {1, 2, 3, 4}, 2, 2));
  }

  private String page() throws IOException {
    String page = Files.readString(program.path("p.html"));
    assertTrue(page.startsWith("<!DOCTYPE html>") && page.endsWith("</html>\n"), page);
    return page;
  }

  @Test
  void ofAPlanAndOfAProfile() throws IOException {
    String[] explain = {"explain", "ij,jk,kl->il", "2x3", "3x4", "4x5"};
    assertEquals("", program.done(with(explain, "--html", "@p.html")).out());
    assertTrue(page().contains("ij,jk,kl-&gt;il"));
    assertFalse(page().contains("<th>measured</th>"));
    assertTrue(program.done(with(explain, "--html", "-")).out().startsWith("<!DOCTYPE"));
    String[] einsum = {"einsum", "ij,jk->ik", "@a.npy", "@a.npy", "-o", "@c.npy"};
    program.done(with(einsum, "--html", "@p.html"));
    assertFalse(page().contains("<th>measured</th>"));
    assertEquals(0, program.run(with(einsum, "--profile", "--html", "@p.html")).status());
    assertTrue(page().contains("<th>measured</th>"));
    assertArrayEquals(new double[] {7, 10, 15, 22}, program.get("c.npy"));
    program.done("kron", "@a.npy", "@a.npy", "-o", "@c.npy", "--html", "@p.html");
    assertArrayEquals(new long[] {4, 4}, program.shapeOf("c.npy"));
    page();
  }

  private static String[] with(String[] arguments, String... more) {
    String[] all = Arrays.copyOf(arguments, arguments.length + more.length);
    System.arraycopy(more, 0, all, arguments.length, more.length);
    return all;
  }

  @Test
  void wherePagesCannotGo() throws IOException {
    String[] einsum = {"einsum", "ij->ji", "@a.npy"};
    program.refused("cannot both", with(einsum, "-o", "-", "--html", "-"));
    program.refused("cannot both", with(einsum, "--html", "-"));
    program.refused("cannot both", with(einsum, "-o", "@x.html", "--html", "@x.html"));
    program.refused("--force", with(einsum, "-o", "@c.npy", "--html", "@a.npy"));
    program.refused("no directory", with(einsum, "-o", "@c.npy", "--html", "@no/p.html"));
    program.refused("--json", "explain", "ij", "2x2", "--html", "@p.html", "--json");
    program.refused("'j'", "explain", "ij,jk", "2x2", "3x3", "--html", "@p.html");
  }
}
