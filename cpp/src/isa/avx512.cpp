// ISA object: every kernel compiled for avx512 (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_NAME "avx512"
#define EINBLAS_ISA_TABLE kAvx512Table
#include "isa/table.inl"
