// ISA object: every kernel compiled for neon (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_NAME "neon"
#define EINBLAS_ISA_TABLE kNeonTable
#define EINBLAS_ISA_MAPS kNeonMaps
#include "isa/table.inl"
