// ISA object: functions of elements compiled for neon (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_MAPS kNeonMaps
#include "isa/maps.inl"
