// ISA object: every kernel compiled for avx2 (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_NAME "avx2"
#define EINBLAS_ISA_TABLE kAvx2Table
#define EINBLAS_ISA_MAPS kAvx2Maps
#include "isa/table.inl"
