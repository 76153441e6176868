package io.github.einblas.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A control group of the test's own, for processes that it starts; where the machine allows one.
 */
public final class Cgroup implements AutoCloseable {
  private final Path folder;

  private Cgroup(Path folder) {
    this.folder = folder;
  }

  /**
   * A new group under this process's own, with a limit; null where none can be made.
   *
   * @param controller for example "pids"
   * @param first the limit's file in version 1, what to write there
   * @param second the same in version 2
   */
  public static Cgroup make(String controller, String[] first, String[] second) throws IOException {
    Path own = Path.of("/proc/self/cgroup");
    if (!Files.isReadable(own)) {
      return null;
    }
    for (String line : Files.readAllLines(own)) {
      String[] parts = line.split(":", 3);
      boolean one = List.of(parts[1].split(",")).contains(controller);
      if (!one && !parts[1].isEmpty()) {
        continue;
      }
      String[] limit = one ? first : second;
      Path parent = Path.of("/sys/fs/cgroup" + (one ? "/" + controller : "") + parts[2]);
      Path made = parent.resolve("einblas-test-" + ProcessHandle.current().pid());
      try {
        Files.createDirectory(made);
        Files.writeString(made.resolve(limit[0]), limit[1]);
        return new Cgroup(made);
      } catch (IOException e) {
        Files.deleteIfExists(made);
      }
    }
    return null;
  }

  /** What to put before a command that is to run in the group. */
  public List<String> prefix() {
    return List.of("sh", "-c", "echo $$ > \"$0\"/cgroup.procs && exec \"$@\"", folder.toString());
  }

  /** Removes the group; its processes have ended, and the kernel may take a moment to notice. */
  @Override
  public void close() throws IOException {
    for (int i = 0; ; i++) {
      try {
        Files.deleteIfExists(folder);
        return;
      } catch (IOException e) {
        if (i == 100) {
          throw e;
        }
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
