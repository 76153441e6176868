// The cache of extracted natives: what nobody else could have put there is run, and nothing else;
// each try is a process.
package io.github.einblas.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs({OS.LINUX, OS.MAC})
class CacheIT extends LoadProcesses {
  private static final int OTHER_USER = 65534;

  private Path home;

  @BeforeEach
  void homeOfItsOwn() throws IOException {
    home = Files.createDirectory(folder.resolve("home"));
  }

  private Result runWithHome() throws Exception {
    cache = null;
    Path temporary = folder.resolve("tmp");
    if (!Files.exists(temporary)) {
      Files.createDirectory(temporary);
    }
    return run("-Duser.home=" + home, "-Djava.io.tmpdir=" + temporary);
  }

  private static void mode(Path file, String permissions) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
  }

  private static void give(Path file, int user) throws IOException {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "root alone gives files away");
    Files.setAttribute(file, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
  }

  private Path cachedLibrary(String name) throws IOException {
    return cached().stream()
        .filter(f -> String.valueOf(f.getFileName()).contains(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whatIsMadeIsTheUsersAlone() throws Exception {
    run().extracted(true);
    try (Stream<Path> all = Files.walk(cache)) {
      for (Path file : all.filter(f -> !Files.isSymbolicLink(f)).toList()) {
        String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
        assertFalse(mode.substring(3).contains("w"), () -> file + " " + mode);
      }
    }
    run().extracted(false);
  }

  @Test
  void aFolderThatIsAskedForAndNotUsableIsAnError() throws Exception {
    Path file = Files.createFile(folder.resolve("a file"));
    cache = null;
    for (String asked : List.of("cachedir=" + file, "cacheDir=" + file + "/cache", "cachedir=")) {
      String setting = "-Dorg.bytedeco.javacpp." + asked;
      run(setting, "-Duser.home=" + home)
          .refused()
          .says(setting + " is not usable", "nobody but its user and root can change");
    }
  }

  @Test
  void aFolderThatOthersCanChangeIsRefused() throws Exception {
    run().loaded();
    mode(cache, "rwxrwxrwx");
    run().refused().says("all users may write to " + cache.toRealPath());
    run(List.of(), classPathWithout(n -> false), Map.of("EINBLAS_TRUST_CACHE", "1"))
        .extracted(false);
    mode(cache, "rwx------");
    mode(folder, "rwxrwxrwx"); // the one above: the cache could be renamed
    run().refused().says("all users may write to " + folder.toRealPath());
    Files.setAttribute(folder, "unix:mode", 01777); // sticky: it could not
    run().extracted(false);
  }

  @Test
  void anotherUsersFolderIsRefused() throws Exception {
    run().loaded();
    give(cache, OTHER_USER);
    run().refused().says(cache.toRealPath() + " belongs to", "(" + OTHER_USER + ")");
    give(cache, 0);
    Path above = Files.createDirectory(folder.resolve("above"));
    give(above, OTHER_USER);
    cache = Files.createDirectory(above.resolve("cache"));
    run().refused().says(above.toRealPath() + " belongs to");
  }

  @Test
  void anotherUsersLibraryIsReplaced() throws Exception {
    run().loaded();
    for (Path library : cached()) {
      give(library, OTHER_USER);
    }
    run().extracted(true);
    for (Path library : cached()) {
      assertEquals(0, Files.getAttribute(library, "unix:uid"));
      mode(library, "rw-rw-rw-");
    }
    run().extracted(true);
    for (Path library : cached()) {
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(library)));
    }
    run().extracted(false);
  }

  /** Same length, same time: each library in turn, also those that come from bytedeco's jars. */
  @Test
  void changedContentsAreReplaced() throws Exception {
    run().loaded();
    List<Path> libraries = cached();
    assertTrue(libraries.size() >= 5, libraries::toString);
    for (Path library : libraries) {
      FileTime time = Files.getLastModifiedTime(library);
      try (RandomAccessFile file = new RandomAccessFile(library.toFile(), "rw")) {
        file.seek(file.length() / 2);
        int before = file.read();
        file.seek(file.length() / 2);
        file.write(before ^ 1);
      }
      Files.setLastModifiedTime(library, time);
    }
    run().extracted(true);
    run().extracted(false);
  }

  @Test
  void linksInPlaceOfLibrariesAndFoldersAreNotFollowed() throws Exception {
    run().loaded();
    Path library = cachedLibrary("openblas");
    Path moved = Files.move(library, folder.resolve("moved.so"));
    Files.createSymbolicLink(library, moved);
    run().extracted(true);
    assertFalse(Files.isSymbolicLink(library));
    Path inside = library.getParent();
    Files.move(inside, folder.resolve("moved"));
    Files.createSymbolicLink(inside, folder.resolve("moved"));
    run().refused().says(inside + " is no folder");
  }

  @Test
  void withoutAWishTheUsersFolderIsTakenAndPutRight() throws Exception {
    runWithHome().extracted(true).says("cache " + home.toRealPath());
    mode(home.resolve(".javacpp"), "rwxrwxr-x");
    mode(home.resolve(".javacpp/cache"), "rwxrwxrwx");
    runWithHome().extracted(false).says("cache " + home.toRealPath());
    assertEquals(
        "rwxr-xr-x",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(home.resolve(".javacpp/cache"))));
  }

  /** Never JavaCPP's second choice, .javacpp-USER among the temporary files. */
  @Test
  void withoutAUsableOneANewFolderIsMadeAndRemoved() throws Exception {
    Files.createFile(home.resolve(".javacpp"));
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    Path guessed =
        Files.createDirectories(
            temporary.resolve(".javacpp-" + System.getProperty("user.name")).resolve("cache"));
    for (int i = 0; i < 2; i++) {
      runWithHome()
          .extracted(true)
          .says(
              "cache " + temporary.toRealPath().resolve("einblas-natives-"),
              "for this process alone, as ");
      try (Stream<Path> left = Files.list(temporary)) {
        assertEquals(List.of(guessed.getParent()), left.toList());
      }
    }
    try (Stream<Path> inside = Files.list(guessed)) {
      assertEquals(0, inside.count());
    }
  }

  @Test
  void nothingIsLeftInAnotherUsersHome() throws Exception {
    give(home, OTHER_USER);
    runWithHome()
        .extracted(true)
        .says("for this process alone, as " + home.toRealPath() + " belongs");
    try (Stream<Path> left = Files.list(home)) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void aFolderOfAProcessThatWasKilledIsRemovedByTheNext() throws Exception {
    Files.createFile(home.resolve(".javacpp"));
    Path temporary = Files.createDirectory(folder.resolve("tmp"));
    Path old = Files.createDirectory(temporary.resolve("einblas-natives-1"));
    Path alive = Files.createFile(old.resolve(".alive"));
    Files.createDirectory(old.resolve("a.jar"));
    Path young = Files.createDirectory(temporary.resolve("einblas-natives-2"));
    Files.createFile(young.resolve(".alive"));
    Files.setLastModifiedTime(alive, FileTime.fromMillis(0));
    runWithHome().loaded();
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young));
  }

  @Test
  void noFolderAtAllNamesTheSetting() throws Exception {
    cache = null;
    Path file = Files.createFile(folder.resolve("a file"));
    run("-Duser.home=" + file, "-Djava.io.tmpdir=" + file)
        .refused()
        .says("could be written", "-Dorg.bytedeco.javacpp.cachedir=DIR");
    run("-Duser.home=?", "-Djava.io.tmpdir=" + file).refused().says("user.home is '?'");
  }

  /** Waited for while there is something to extract, and not for ever. */
  @Test
  void whatKilledProcessesHalfExtractedIsRemoved() throws Exception {
    run().loaded();
    Path library = cachedLibrary("jnieinblas");
    Path left = Files.createFile(library.resolveSibling(".left.part"));
    Path others = Files.createFile(library.resolveSibling(".others.part"));
    Files.setLastModifiedTime(left, FileTime.from(Instant.now().minusSeconds(1200)));
    Files.delete(library);
    run().extracted(true);
    assertTrue(Files.notExists(left), "nobody writes it");
    assertTrue(Files.exists(others), "perhaps being written");
  }

  @Test
  void aFolderInALibrarysPlaceIsNamed() throws Exception {
    run().loaded();
    Path library = cachedLibrary("jnieinblas");
    Files.delete(library);
    Files.createDirectory(library);
    run().refused().says(library + " is a folder; remove it");
    Files.delete(library);
    run().extracted(true);
  }

  /** Another jar with the same library in it. */
  @Test
  void theTimeOfALibraryIsTheJarsAgain() throws Exception {
    run().loaded();
    Path library = cachedLibrary("jnieinblas");
    FileTime jars = Files.getLastModifiedTime(library);
    Files.setLastModifiedTime(library, FileTime.from(jars.toInstant().minusSeconds(60)));
    run().extracted(false);
    assertEquals(jars, Files.getLastModifiedTime(library));
  }

  @Test
  void aLockThatIsHeldIsWaitedForAndLeft() throws Exception {
    Files.createDirectory(cache);
    mode(cache, "rwx------");
    for (String name : List.of(".lock", ".einblas.lock")) {
      try (FileChannel channel =
              FileChannel.open(
                  cache.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        assertTrue(lock.isValid());
        Result result = run();
        result.extracted(true);
        assertEquals(
            name.contains("einblas"),
            result.text().contains("is held by another process"),
            result.text());
        run().extracted(false);
      }
      Files.delete(cachedLibrary("jnieinblas"));
    }
  }
}
