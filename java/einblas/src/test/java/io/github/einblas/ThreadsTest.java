// How many threads, and what they do to the JVM: each try is a process with its own environment.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.einblas.reference.Cgroup;
import io.github.einblas.reference.ChildJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ThreadsTest {
  @TempDir Path folder;

  private record Result(int status, String text) {}

  private Result run(
      List<String> before, Map<String, String> environment, List<String> options, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(before);
    boolean otherUser = before.contains("setpriv");
    command.addAll(otherUser ? ChildJvm.plain() : ChildJvm.counted());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(ChildJvm.classes());
    command.addAll(options);
    command.add(Child.class.getName());
    command.addAll(List.of(args));
    Path output = Files.createTempFile(folder, "output", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(k -> k.startsWith("OMP_") || k.startsWith("GOMP_"));
    builder.environment().remove("EINBLAS_THREADS");
    builder.environment().remove("EINBLAS_THREADING");
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(output.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the process hangs");
    return new Result(
        process.exitValue(), Files.readString(output, StandardCharsets.UTF_8).strip());
  }

  private void says(String expected, Map<String, String> environment, String... options)
      throws IOException, InterruptedException {
    Result result = run(List.of(), environment, List.of(options), "count");
    assertEquals(expected, result.text());
    assertEquals(0, result.status());
  }

  @Test
  void theFirstThatSaysSomethingDecides() throws Exception {
    String jvm = " by the JVM's available processors";
    says("1" + jvm, Map.of(), "-XX:ActiveProcessorCount=1");
    says("3" + jvm, Map.of(), "-XX:ActiveProcessorCount=3");
    says("5 by OMP_NUM_THREADS", Map.of("OMP_NUM_THREADS", "5,2"), "-XX:ActiveProcessorCount=3");
    says("3" + jvm, Map.of("OMP_NUM_THREADS", "0"), "-XX:ActiveProcessorCount=3");
    says("4 by EINBLAS_THREADS", Map.of("EINBLAS_THREADS", "4", "OMP_NUM_THREADS", "5"));
    Result set = run(List.of(), Map.of("EINBLAS_THREADS", "4"), List.of(), "set");
    assertEquals("7 by setThreads", set.text());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theProcessorsOfTheProcessCount() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/taskset")), "taskset is not installed");
    Result result = run(List.of("taskset", "-c", firstProcessor()), Map.of(), List.of(), "count");
    assertEquals("1 by the JVM's available processors", result.text());
  }

  private static String firstProcessor() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("Cpus_allowed_list:"))
        .map(line -> line.replaceAll("^\\D*(\\d+).*$", "$1"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-2", "two", "1e3", "1000000000", "2,2", "1025"})
  void nonsenseIsRefusedByName(String value) throws Exception {
    Result result = run(List.of(), Map.of("EINBLAS_THREADS", value), List.of(), "count");
    assertEquals(3, result.status(), result.text());
    assertTrue(
        result.text().contains("EINBLAS_THREADS is '" + value + "'; a number of threads from 1"),
        result.text());
  }

  @Test
  void anUnknownBackEndIsRefusedByName() throws Exception {
    Result result = run(List.of(), Map.of("EINBLAS_THREADING", "tbb"), List.of(), "count");
    assertEquals(3, result.status(), result.text());
    assertTrue(result.text().contains("EINBLAS_THREADING is 'tbb'; it can be pool"), result.text());
  }

  /** What OpenMP would read when it is loaded must not bind the JVM's threads. */
  @ParameterizedTest
  @EnabledOnOs(OS.LINUX)
  @CsvSource({
    "OMP_PROC_BIND,true",
    "OMP_PROC_BIND,close",
    "OMP_PROC_BIND,spread",
    "OMP_PLACES,cores",
    "OMP_PLACES,{0}",
    "GOMP_CPU_AFFINITY,0",
    "OMP_THREAD_LIMIT,1",
    "OMP_DYNAMIC,true",
    "OMP_STACKSIZE,1k",
    "OMP_WAIT_POLICY,active",
    "OMP_DISPLAY_ENV,verbose"
  })
  void theEnvironmentBindsNoThread(String name, String value) throws Exception {
    Result plain = run(List.of(), Map.of(), List.of(), "affinity");
    assertEquals(0, plain.status(), plain.text());
    assertEquals(plain, run(List.of(), Map.of(name, value), List.of(), "affinity"));
  }

  @Test
  void theJvmExitsInTheMiddleOfCalls() throws Exception {
    for (String how : List.of("exit", "return", "halt")) {
      Result result = run(List.of(), Map.of("EINBLAS_THREADS", "4"), List.of(), how);
      assertEquals("running", result.text(), how);
      assertEquals(0, result.status(), how);
    }
  }

  private void someWorkersAreMade(List<String> before, String... options) throws Exception {
    Result result = run(before, Map.of("EINBLAS_THREADS", "1024"), List.of(options), "product");
    assertEquals(0, result.status(), result.text());
    assertTrue(result.text().matches("(?s).*right, [1-3]?[0-9] workers"), result.text());
  }

  /** In a cgroup that has room for the JVM and few threads more, where one can be made. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void workersThatCannotBeMadeAreDoneWithout() throws Exception {
    String[] limit = {"pids.max", "40"};
    try (Cgroup group = Cgroup.make("pids", limit, limit)) {
      assumeTrue(group != null, "no cgroup of processes can be made");
      someWorkersAreMade(group.prefix());
    }
  }

  /**
   * The limit of a user's processes (ulimit -u). It counts all processes of the user and never
   * holds for root, so the JVM runs as a user that has no other process, which may read what root
   * may.
   */
  @Test
  @EnabledOnOs(OS.LINUX)
  void workersBeyondTheUsersLimitAreDoneWithout() throws Exception {
    Path self = Path.of("/proc/self");
    assumeTrue(Files.getAttribute(self, "unix:uid").equals(0), "only root can be another user");
    for (String tool : List.of("setpriv", "prlimit")) {
      assumeTrue(Files.isExecutable(Path.of("/usr/bin", tool)), tool + " is not installed");
    }
    int user = 40_000 + (int) (ProcessHandle.current().pid() % 20_000);
    String id = Integer.toString(user);
    List<String> limited =
        List.of(
            "setpriv",
            "--reuid=" + id,
            "--regid=" + id,
            "--clear-groups",
            "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search",
            "prlimit",
            "--nproc=40");
    List<String> nothing = new ArrayList<>(limited);
    nothing.add("true");
    assumeTrue(new ProcessBuilder(nothing).start().waitFor() == 0, "no other user can be had");
    Path home =
        Files.createTempDirectory("einblas-threads"); // outside `folder`, which is root's alone
    try {
      Files.setAttribute(home, "unix:uid", user);
      someWorkersAreMade(limited, "-Dorg.bytedeco.javacpp.cachedir=" + home, "-XX:-UsePerfData");
    } finally {
      try (Stream<Path> all = Files.walk(home)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /** A quota of one processor, whatever the machine has. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void theQuotaOfAContainerCounts() throws Exception {
    String[] first = {"cpu.cfs_quota_us", "100000"}; // of the period's 100000
    String[] second = {"cpu.max", "100000 100000"};
    try (Cgroup group = Cgroup.make("cpu", first, second)) {
      assumeTrue(group != null, "no cgroup with a quota of processor time can be made");
      Result result = run(group.prefix(), Map.of(), List.of(), "count");
      assertEquals("1 by the JVM's available processors", result.text());
      result = run(group.prefix(), Map.of(), List.of(), "product");
      assertEquals("right, 0 workers", result.text());
    }
  }

  /** The process. */
  static final class Child {
    private static void product(int size, int times) {
      float[] ones = new float[size * size];
      java.util.Arrays.fill(ones, 1);
      try (Tensor a = Tensor.of(ones, size, size)) {
        for (int i = 0; i < times; i++) {
          try (Tensor c = Einsum.einsum("ij,jk->ik", a, a)) {
            if (c.get(size - 1, size - 1) != size) {
              throw new AssertionError("wrong: " + c.get(size - 1, size - 1));
            }
          }
        }
      }
    }

    private static String affinity() throws IOException {
      StringBuilder all = new StringBuilder();
      Path self = Path.of("/proc/thread-self/status");
      Files.readAllLines(self).stream()
          .filter(line -> line.startsWith("Cpus_allowed:"))
          .forEach(all::append);
      return all + " " + Runtime.getRuntime().availableProcessors();
    }

    public static void main(String[] args) throws Exception {
      try {
        switch (args[0]) {
          case "set" -> {
            Einblas.setThreads(7);
            System.out.println(Einblas.threads() + " by " + Einblas.threadsDecidedBy());
          }
          case "count" ->
              System.out.println(Einblas.threads() + " by " + Einblas.threadsDecidedBy());
          case "affinity" -> {
            product(300, 3);
            System.out.println(affinity());
            Thread later =
                new Thread(
                    () -> {
                      try {
                        System.out.println(affinity());
                      } catch (IOException e) {
                        System.out.println(e);
                      }
                    });
            later.start();
            later.join();
          }
          case "product" -> {
            product(400, 20);
            System.out.println("right, " + Einblas.workers() + " workers");
          }
          default -> {
            java.util.concurrent.CountDownLatch begun = new java.util.concurrent.CountDownLatch(8);
            for (int t = 0; t < 8; t++) {
              Thread caller =
                  new Thread(
                      () -> {
                        begun.countDown();
                        product(300, 1_000_000);
                      });
              caller.setDaemon(true);
              caller.start();
            }
            begun.await();
            Thread.sleep(50);
            System.out.println("running");
            System.out.flush();
            if (args[0].equals("exit")) {
              System.exit(0);
            } else if (args[0].equals("halt")) {
              Runtime.getRuntime().halt(0);
            }
          }
        }
      } catch (IllegalArgumentException | IllegalStateException e) {
        System.out.println(e.getMessage());
        System.exit(3);
      }
    }
  }
}
