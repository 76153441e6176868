// Test: what the library runs on, as text and JSON.
package io.github.einblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InfoTest {
  @TempDir Path folder;

  @Test
  void infoNamesWhatItRunsOn() {
    String out = new Program(folder).done("info").out();
    for (String key :
        List.of(
            "version",
            "platform",
            "isa",
            "isas supported",
            "types",
            "OpenBLAS core",
            "OpenBLAS config",
            "threads",
            "huge pages",
            "memory available",
            "natives from",
            "java")) {
      assertTrue(out.lines().anyMatch(l -> l.startsWith(key + " ")), key + " in " + out);
    }
    assertTrue(out.contains(Einblas.isa()) && out.contains("0.3.31"), out);
  }

  @Test
  void infoAsJson() {
    JsonObject info =
        JsonParser.parseString(new Program(folder).done("info", "--json").out()).getAsJsonObject();
    assertEquals(Einblas.version(), info.get("version").getAsString());
    assertEquals(Einblas.isa(), info.get("isa").getAsString());
    assertEquals(Einblas.threads(), info.get("threads").getAsInt());
    assertTrue(info.get("memoryAvailable").getAsLong() > 0);
    assertTrue(info.getAsJsonArray("loaded").size() > 0, info::toString);
    assertEquals(DType.values().length, info.getAsJsonArray("types").size());
  }
}
