// ISA object: functions of elements compiled for avx2 (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_MAPS kAvx2Maps
#include "isa/maps.inl"
