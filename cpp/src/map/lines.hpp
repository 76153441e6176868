// Lines of elements for the drivers of this room: converted into the type in which a function computes and back, and
// the micro-kernels of that type.
#pragma once
#include <cstdint>

#include "kernels/kernel_table.hpp"
#include "layout/dtype.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/rows.hpp"

namespace einblas {

// A map of one line in a compute type, whatever that is; null where the type has no such function.
using MapRun = void (*)(Map what, int64_t n, char* out, const char* const* x, const int* step, const double* scalars,
                        int past_caches);
MapRun map_run(Map what, DType compute);
// Operands that a map reads.
int arity_of(Map what);
// Nanoseconds that an element takes on one thread, at least.
double nanos_of(Map what, DType compute);

// to[i * to_stride] = from[i * from_stride] between a tensor's type and that of computing.
struct Mover {
  ConvertRow row = nullptr;
  bool same = false;  // the types are one: rows may be used where they lie
  int64_t size = 0;   // bytes of an element of the tensor
  int64_t parts = 1;  // 2: of complex numbers the real parts alone are moved out; strides of theirs count reals

  static Mover in(DType tensor, DType compute, bool conjugated);
  static Mover out(DType compute, DType tensor);
};

// A tile of `rows` rows of unit stride as columns: to[q * to_stride + i] = from[i * from_stride + q], both of
// `compute`.
void transpose(DType compute, int64_t rows, int64_t n, char* to, int64_t to_stride, const char* from,
               int64_t from_stride);

// n lines of w numbers side by side, of `compute`, from where a tensor has them: lines are line_stride apart, the
// numbers of one lane_stride. spare: as much room again, for lines that are fast along the other axis and of another
// type.
void load_lines(const Mover& in, DType compute, const char* from, int64_t n, int64_t w, int64_t line_stride,
                int64_t lane_stride, char* to, char* spare);

}  // namespace einblas
