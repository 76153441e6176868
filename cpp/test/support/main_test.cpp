// Test entry: a run whose EINBLAS_ISA this machine lacks is skipped (exit 77), any other refusal is a failure.
#include <gtest/gtest.h>

#include <cstdio>

#include "einblas.h"
#include "support/openblas.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const int32_t status = einblas_init();
  if (status == EINBLAS_UNSUPPORTED_ISA) {
    std::printf("this machine lacks the instruction set; it has: %s\n", einblas_isa_supported());
    return 77;
  }
  if (status != EINBLAS_OK) {
    std::printf("einblas_init: status %d; instruction sets compiled in: %s\n", status, einblas_isa_compiled());
    return 1;
  }
  if (einblas_test::open_openblas() != EINBLAS_OK) {
    std::printf("OpenBLAS: %s\n", einblas_openblas_failure());
    return 1;
  }
  std::printf("isa %s\n", einblas_isa());
  return RUN_ALL_TESTS();
}
