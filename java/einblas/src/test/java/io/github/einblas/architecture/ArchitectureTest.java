// Who may use whom, checked on the class files. docs/design.md shows the rooms.
package io.github.einblas.architecture;

import static io.github.einblas.architecture.House.INTERNAL;
import static io.github.einblas.architecture.House.ROOT;
import static io.github.einblas.architecture.House.packageOf;
import static io.github.einblas.architecture.House.simple;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import io.github.einblas.architecture.House.Arrow;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rules. What a list allows must be there: an entry that nothing needs is an error. Classes are
 * named without their packages.
 */
@AnalyzeClasses(packages = ROOT, importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  /** Rooms from the cellar up: a room may use those of the rows above it, none of its own row. */
  private static final List<Set<String>> ROOMS =
      List.of(
          Set.of("equation", "natives"),
          Set.of("path", "tensor"),
          Set.of("io"),
          Set.of("plan"),
          Set.of("map"),
          Set.of("report"),
          Set.of("sparse"),
          Set.of("kronecker"),
          Set.of("operator"));

  /** Public types without knowledge of others: every room may use them. */
  private static final Set<String> VOCABULARY =
      Set.of(
          "DType",
          "Epilogue",
          "PlanOptions",
          "SearchProgress",
          "Verification",
          "WriteOption",
          "IntegerOverflowException",
          "MemoryLimitException",
          "NativeMemoryException",
          "NpyFormatException");

  /** Users of JavaCPP outside natives: what wraps a caller's pointer. */
  private static final Set<String> WRAP_POINTERS = Set.of("Tensor", "Wrapped");

  /** Types that the public package may have, nested ones not counted. */
  private static final int PUBLIC_TYPES = 32;

  @ArchTest
  static void useGoesDownhill(JavaClasses classes) {
    Set<String> wrong = new TreeSet<>();
    for (Arrow arrow : new House(classes).arrows()) {
      if (!downhill(arrow)) {
        wrong.add(arrow.toString());
      }
    }
    assertEquals(Set.of(), wrong, "arrows upwards (ROOMS has the order of the packages)");
  }

  @ArchTest
  static void vocabularyIsUsedByRooms(JavaClasses classes) {
    Set<String> unused = new TreeSet<>(VOCABULARY);
    for (Arrow arrow : new House(classes).arrows()) {
      if (!packageOf(arrow.from()).equals(ROOT) && packageOf(arrow.to()).equals(ROOT)) {
        unused.remove(simple(arrow.to()));
      }
    }
    assertEquals(Set.of(), unused, "in VOCABULARY, but no room uses them");
  }

  @ArchTest
  static void everyRoomHasClasses(JavaClasses classes) {
    Set<String> empty = new TreeSet<>();
    ROOMS.forEach(empty::addAll);
    for (String name : new House(classes).classes()) {
      empty.remove(room(name));
    }
    assertEquals(Set.of(), empty, "in ROOMS, but without classes");
  }

  private static boolean downhill(Arrow arrow) {
    if (isVocabulary(arrow.to())) {
      return true;
    }
    if (packageOf(arrow.from()).equals(ROOT)) {
      return !isVocabulary(arrow.from());
    }
    if (packageOf(arrow.to()).equals(ROOT)) {
      return false;
    }
    if (packageOf(arrow.from()).equals(packageOf(arrow.to()))) {
      return true;
    }
    int to = floor(arrow.to());
    return to >= 0 && to < floor(arrow.from());
  }

  private static boolean isVocabulary(String name) {
    return packageOf(name).equals(ROOT) && VOCABULARY.contains(simple(name));
  }

  /** The room of a class, or an empty name. */
  private static String room(String name) {
    String of = packageOf(name);
    return of.startsWith(INTERNAL + ".") ? of.substring(INTERNAL.length() + 1) : "";
  }

  /** The row of a class's room; -1 where that is none of ROOMS. */
  private static int floor(String name) {
    String room = room(name);
    for (int i = 0; i < ROOMS.size(); i++) {
      if (ROOMS.get(i).contains(room)) {
        return i;
      }
    }
    return -1;
  }

  @ArchTest
  static void everyClassHasARoomOrIsADoor(JavaClasses classes) {
    Set<String> wrong = new TreeSet<>();
    for (String name : new House(classes).classes()) {
      boolean placed =
          packageOf(name).equals(ROOT) ? isPublic(classes.get(name)) : floor(name) >= 0;
      if (!placed) {
        wrong.add(simple(name));
      }
    }
    assertEquals(Set.of(), wrong, "neither a public type nor in a room of ROOMS");
  }

  private static boolean isPublic(JavaClass c) {
    return c.getModifiers().contains(JavaModifier.PUBLIC);
  }

  @ArchTest
  static void thereAreNoCircles(JavaClasses classes) {
    assertEquals(List.of(), new House(classes).circles());
  }

  @ArchTest
  static void roomsAreInNoCircle(JavaClasses classes) {
    assertEquals(List.of(), new House(classes).circlesOfRooms());
  }

  @ArchTest
  static void theBindingHasOneDoor(JavaClasses classes) {
    onlyNatives(classes, ROOT + ".nativelib", Set.of());
    onlyNatives(classes, ROOT + ".presets", Set.of());
    onlyNatives(classes, "org.bytedeco", WRAP_POINTERS);
  }

  /** Only the room natives, and who is named, uses a package and those below it. */
  private static void onlyNatives(JavaClasses classes, String used, Set<String> named) {
    Set<String> wrong = new TreeSet<>();
    Set<String> unused = new TreeSet<>(named);
    for (JavaClass c : classes) {
      boolean uses =
          c.getDirectDependenciesFromSelf().stream()
              .map(d -> d.getTargetClass().getBaseComponentType().getPackageName())
              .anyMatch(p -> p.equals(used) || p.startsWith(used + "."));
      String from = simple(House.topLevel(c));
      if (uses) {
        unused.remove(from);
      }
      if (uses
          && House.ours(c.getPackageName())
          && !c.getPackageName().equals(INTERNAL + ".natives")
          && !named.contains(from)) {
        wrong.add(from);
      }
    }
    assertEquals(Set.of(), wrong, "use " + used + " and are not in natives");
    assertEquals(Set.of(), unused, "allowed to use " + used + ", but do not");
  }

  @ArchTest
  static void publicTypesAreFew(JavaClasses classes) {
    Set<String> types = new TreeSet<>();
    for (JavaClass c : classes) {
      if (c.getPackageName().equals(ROOT) && c.isTopLevelClass() && isPublic(c)) {
        types.add(c.getSimpleName());
      }
    }
    assertTrue(types.contains("Tensor"), "the classes were not found");
    assertTrue(types.size() <= PUBLIC_TYPES, () -> types.size() + " public types: " + types);
  }
}
