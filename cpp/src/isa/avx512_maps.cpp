// ISA object: functions of elements compiled for avx512 (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_MAPS kAvx512Maps
#include "isa/maps.inl"
