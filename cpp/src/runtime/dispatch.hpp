// Dispatch: which ISA's kernel table is used; chosen once per process.
#pragma once
#include <cstdint>

#include "kernels/kernel_table.hpp"

namespace einblas {

// Chooses the table: EINBLAS_ISA, else the best that this machine runs. Idempotent; returns a status.
int32_t dispatch_init() noexcept;
// The chosen table. Assumes dispatch_init returned OK.
const KernelTable& kernel_table() noexcept;
// null before a successful dispatch_init.
const char* isa_name() noexcept;
// Names separated by spaces, best first.
const char* isas_compiled() noexcept;
const char* isas_supported() noexcept;

}  // namespace einblas
