// Test support: the OpenBLAS that CMake found (cmake/OpenBlas.cmake).
#include "support/openblas.hpp"

#include "einblas.h"

namespace einblas_test {

const char* openblas_file() { return EINBLAS_OPENBLAS_FILE; }

int32_t open_openblas() { return einblas_openblas_open(openblas_file(), ""); }

}  // namespace einblas_test
