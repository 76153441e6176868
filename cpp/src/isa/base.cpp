// ISA object: every kernel compiled for base (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_NAME "base"
#define EINBLAS_ISA_TABLE kBaseTable
#define EINBLAS_ISA_MAPS kBaseMaps
#include "isa/table.inl"
