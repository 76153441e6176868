// ISA object: functions of elements compiled for base (flags in CMakeLists.txt). Exports one symbol.
#define EINBLAS_ISA_MAPS kBaseMaps
#include "isa/maps.inl"
