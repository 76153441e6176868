// Drivers: tasks by OpenMP, for comparison (EINBLAS_THREADING=openmp).
#pragma once
#include <cstdint>

#include "runtime/pool.hpp"

namespace einblas {

// Whether there is an OpenMP runtime; asked once, before the first run. Without one in the build, the system's libgomp
// is opened: it reads OMP_* and binds threads when it is loaded, so it is not linked.
bool openmp_ready() noexcept;
void openmp_run(int64_t tasks, int threads, TaskBody body, const void* f) noexcept;

}  // namespace einblas
