// ISA object: every kernel compiled for avx512 (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_NAME "avx512"
#define EINBLAS_ISA_TABLE kAvx512Table
#define EINBLAS_ISA_MAPS kAvx512Maps
#include "isa/table.inl"
