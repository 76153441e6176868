// Kronecker driver: the steps of a pass as the kernels take them.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/kernel_table.hpp"

namespace einblas {

enum class KronKind { Lines, Short, Rows, Tiny };

inline int kron_log2(int64_t v) { return v == 2 ? 1 : v == 4 ? 2 : v == 8 ? 3 : 0; }

// A step with the offsets of its panels; pointers come when it runs.
template <class T>
struct KronPrepared {
  KronStep<T> step;
  KronKind kind;
  int pack;
  std::vector<int64_t> from, to;
};

// A pass's steps for blocks of one shape.
template <class T>
struct KronBlock {
  int64_t rows = 0, columns = 0;
  std::vector<KronPrepared<T>> steps;
};

struct KronDim {
  int64_t length, x, y;
};

}  // namespace einblas
