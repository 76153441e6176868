// Command line: what the library runs on and with.
package io.github.einblas.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.github.einblas.DType;
import io.github.einblas.Einblas;
import io.github.einblas.Tuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code einblas info}. */
@Command(
    description = "Say what the library runs on: version, instruction set, OpenBLAS, memory, JVM.")
final class InfoCommand extends BaseCommand {
  private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  @Option(names = "--json", description = "print a JSON object")
  boolean json;

  InfoCommand(Streams io) {
    super(io);
  }

  @Override
  void run() {
    if (json) {
      json();
    } else {
      text();
    }
  }

  private void json() {
    JsonObject object = new JsonObject();
    object.addProperty("version", Einblas.version());
    object.addProperty("platform", platform());
    object.addProperty("isa", Einblas.isa());
    object.add("isasSupported", array(Einblas.isaSupported()));
    object.add("types", array(Arrays.stream(DType.values()).map(DType::name).toList()));
    object.add("kernels", array(Einblas.kernels()));
    try {
      Einblas.loadOpenBlas();
      object.addProperty("openBlasCore", Einblas.blasCore());
      object.addProperty("openBlasConfig", Einblas.blasConfig().strip());
    } catch (IllegalStateException e) { // einblas itself is loaded: the isa was told
      object.addProperty("openBlasFailure", e.getMessage());
    }
    object.addProperty("threads", Einblas.threads());
    object.addProperty("threadsDecidedBy", Einblas.threadsDecidedBy());
    object.addProperty("threading", Einblas.threading());
    object.addProperty("processors", Runtime.getRuntime().availableProcessors());
    object.addProperty("hugePages", hugePages());
    object.addProperty("memoryAvailable", Einblas.nativeBytesAvailable());
    object.addProperty("memoryInUse", Einblas.nativeBytesInUse());
    object.addProperty("processor", Tuning.processor());
    object.addProperty("tuningFile", Tuning.file().map(Object::toString).orElse(null));
    object.addProperty("tuning", Tuning.report());
    object.addProperty("nativesFrom", String.valueOf(Einblas.loadedFrom()));
    object.add("loaded", array(Einblas.loadReport()));
    object.addProperty("java", java());
    object.addProperty("heapLimit", Runtime.getRuntime().maxMemory());
    io.out()
        .println(new GsonBuilder().setPrettyPrinting().serializeNulls().create().toJson(object));
  }

  private static JsonArray array(List<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  private static String platform() {
    return System.getProperty("os.name") + " " + System.getProperty("os.arch");
  }

  private static String java() {
    return System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version");
  }

  private void text() {
    line("version", Einblas.version());
    line("platform", platform());
    line("isa", Einblas.isa());
    line("isas supported", String.join(" ", Einblas.isaSupported()));
    line("types", Arrays.stream(DType.values()).map(DType::name).collect(Collectors.joining(" ")));
    openBlas();
    line(
        "threads",
        Einblas.threads() + " by " + Einblas.threadsDecidedBy() + ", " + Einblas.threading());
    line("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    line("huge pages", hugePages());
    line("memory available", gigabytes(Einblas.nativeBytesAvailable()));
    line("memory in use", Einblas.nativeBytesInUse() + " bytes");
    line("processor", Tuning.processor());
    line("tuning file", Tuning.file().map(Object::toString).orElse("none"));
    line("tuning", Tuning.report());
    line("natives from", String.valueOf(Einblas.loadedFrom()));
    String name = "loaded";
    for (String text : Einblas.loadReport()) {
      line(name, text);
      name = "";
    }
    line("java", java() + ", heap up to " + gigabytes(Runtime.getRuntime().maxMemory()));
  }

  /** Loaded to tell, as nothing else asks for it here. */
  private void openBlas() {
    try {
      Einblas.loadOpenBlas();
      line("OpenBLAS core", Einblas.blasCore());
      line("OpenBLAS config", Einblas.blasConfig().strip());
    } catch (IllegalStateException e) { // einblas itself is loaded: the isa was told
      line("OpenBLAS", e.getMessage());
    }
  }

  private void line(String name, String value) {
    io.out().printf("%-17s %s%n", name, value);
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes * 1e-9);
  }

  /** The kernel's setting: the word in brackets. */
  private static String hugePages() {
    try {
      String setting = Files.readString(HUGE_PAGES);
      int open = setting.indexOf('[');
      int close = setting.indexOf(']');
      String word =
          open >= 0 && close > open ? setting.substring(open + 1, close) : setting.strip();
      return word.equals("never") ? "never (large tensors would be faster with madvise)" : word;
    } catch (IOException e) {
      return "unknown";
    }
  }
}
