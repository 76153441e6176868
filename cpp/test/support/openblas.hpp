// Test support: the OpenBLAS that CMake found, for programs without Java.
#pragma once
#include <cstdint>

namespace einblas_test {

// As einblas_openblas_open takes it.
const char* openblas_file();
// The status of opening it.
int32_t open_openblas();

}  // namespace einblas_test
