// Which room of the module may use which: docs/spark.md.
package io.github.einblas.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SparkRoomsTest {
  private static final String INTERNAL = "io.github.einblas.spark.internal.";
  private static final Map<String, List<String>> USES =
      Map.of(
          "executor", List.of(),
          "storage", List.of(),
          "plan", List.of("executor"),
          "data", List.of("plan", "storage"),
          "run", List.of("data", "plan", "executor"));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.github.einblas.spark");

  @Test
  void roomsUseThoseThatThePageNames() {
    for (Map.Entry<String, List<String>> room : USES.entrySet()) {
      assertTrue(CLASSES.containPackage(INTERNAL + room.getKey()), room.getKey());
      List<String> others = new ArrayList<>(USES.keySet());
      others.remove(room.getKey());
      others.removeAll(room.getValue());
      noClasses()
          .that()
          .resideInAPackage(INTERNAL + room.getKey())
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(others.stream().map(o -> INTERNAL + o).toArray(String[]::new))
          .check(CLASSES);
    }
  }

  @Test
  void nothingReachesIntoTheRoomsOfTheCore() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.github.einblas.internal..")
        .check(CLASSES);
  }
}
