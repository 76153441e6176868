// Types of elements: sizes, kinds, compute types, and the table of promotions.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class DTypeTest {
  /** As numpy.result_type of arrays has it, for each pair; BF16 beside it. */
  private static final String[] PROMOTIONS = {
    "      F32  F64  I32  I64  BF16 F16  I8   U8   I16  BOOL C64  C128",
    "F32   F32  F64  F64  F64  F32  F32  F32  F32  F32  F32  C64  C128",
    "F64   F64  F64  F64  F64  F64  F64  F64  F64  F64  F64  C128 C128",
    "I32   F64  F64  I32  I64  F64  F64  I32  I32  I32  I32  C128 C128",
    "I64   F64  F64  I64  I64  F64  F64  I64  I64  I64  I64  C128 C128",
    "BF16  F32  F64  F64  F64  BF16 F32  BF16 BF16 F32  BF16 C64  C128",
    "F16   F32  F64  F64  F64  F32  F16  F16  F16  F32  F16  C64  C128",
    "I8    F32  F64  I32  I64  BF16 F16  I8   I16  I16  I8   C64  C128",
    "U8    F32  F64  I32  I64  BF16 F16  I16  U8   I16  U8   C64  C128",
    "I16   F32  F64  I32  I64  F32  F32  I16  I16  I16  I16  C64  C128",
    "BOOL  F32  F64  I32  I64  BF16 F16  I8   U8   I16  BOOL C64  C128",
    "C64   C64  C128 C128 C128 C64  C64  C64  C64  C64  C64  C64  C128",
    "C128  C128 C128 C128 C128 C128 C128 C128 C128 C128 C128 C128 C128",
  };

  @Test
  void promotionIsNumPys() {
    List<String> columns = List.of(PROMOTIONS[0].strip().split(" +"));
    assertEquals(Arrays.stream(DType.values()).map(DType::name).toList(), columns);
    for (int i = 1; i < PROMOTIONS.length; i++) {
      List<String> row = List.of(PROMOTIONS[i].split(" +"));
      DType a = DType.valueOf(row.get(0));
      for (int j = 0; j < columns.size(); j++) {
        DType b = DType.valueOf(columns.get(j));
        assertSame(DType.valueOf(row.get(j + 1)), DType.promote(a, b), a + " and " + b);
        assertSame(DType.promote(a, b), DType.promote(b, a), a + " and " + b);
      }
    }
  }

  @Test
  void aTypePromotesIntoItsKindOrOneBehind() {
    for (DType a : DType.values()) {
      for (DType b : DType.values()) {
        DType both = DType.promote(a, b);
        assertTrue(both.kind().compareTo(a.kind()) >= 0, a + " and " + b);
        assertSame(both, DType.promote(a, both), a + " and " + b);
      }
    }
  }

  @Test
  void computeTypesHoldTheirTypes() {
    for (DType type : DType.values()) {
      DType compute = type.computeType();
      assertSame(compute, DType.promote(type, compute), type.name());
      assertSame(compute, compute.computeType(), type.name());
      assertTrue(compute.bytes() >= 4, type.name());
    }
    assertSame(DType.F32, DType.BOOL.computeType());
    assertSame(DType.I32, DType.U8.computeType());
  }

  @Test
  void partsAreHalves() {
    for (DType type : DType.values()) {
      assertEquals(type.isComplex() ? 2 : 1, type.bytes() / type.partType().bytes(), type.name());
      boolean[] kinds = {type.isBool(), type.isInteger(), type.isReal(), type.isComplex()};
      for (int i = 0; i < kinds.length; i++) {
        assertEquals(DType.Kind.values()[i] == type.kind(), kinds[i], type.name());
      }
    }
    assertEquals(List.of(DType.F32, DType.F64), DType.floating());
  }
}
