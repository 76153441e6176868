// Driver: the product of two dense matrices where a BSR matrix has blocks (sampled dense-dense; gradient of its
// values).
//
// D[i, j, m, n] = alpha * sum_k A[i, m, k] B[k, j, n] + beta * D for live blocks (i, j). A task owns the blocks of one
// run of block rows: no atomics, the same bits for any number of threads. Vectors run along n; along k (dots) where k
// is the unit stride of both operands and blocks are narrow. Assumes: the blocks share no byte with an operand.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/panels.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "sparse/bsr.hpp"
#include "sparse/bsr_widened.hpp"

namespace einblas {
namespace {

Tunable sampled_depth{"BSR_SAMPLED_DEPTH", 256, 1, 1 << 20, "depth of a sampled product that one pass of tiles takes"};
Tunable sampled_packed{"BSR_SAMPLED_PACKED", 32 << 20, 1 << 10, int64_t{1} << 36,
                       "bytes of a sampled product's second operand packed at once"};

constexpr int64_t kLanes = 64;       // columns packed by one task
constexpr int64_t kPackDepth = 128;  // rows packed by one task
constexpr int64_t kDotRows = 64, kDotColumns = 4;
constexpr int64_t kDotDepth = 2048;  // additions to one lane of a dot: deeper ones go in such parts

template <class T>
class Sampled {
 public:
  Sampled(const Bsr& m, const BsrSampled& call)
      : call_(call),
        order_(m.by_row()),
        kernels_(kernel_table().typed<T>()),
        lanes_(kernel_table().vector_bytes / size_),
        r_(m.shape().r),
        c_(m.shape().c),
        columns_(m.shape().block_columns * m.shape().c),
        depth_(call.alpha == 0 ? 0 : call.depth),
        threads_(useful_threads(call.threads, runs(),
                                static_cast<double>(m.blocks() * r_ * c_ * depth_) / speed::kBsrProducts)) {
    const int64_t all = ceil_div(c_, lanes_);
    vectors_ = std::min<int64_t>(all, kernels_.bsr_rows[3] >= 8 && r_ % 12 != 0 ? 3 : 2);
    vectors_ = even_part(all, vectors_);
    tile_rows_ = even_part(r_, kernels_.bsr_rows[vectors_]);
  }

  int32_t run() const {
    const T *a = reinterpret_cast<const T*>(call_.a.at), *b = reinterpret_cast<const T*>(call_.b.at);
    const int64_t k_a = call_.a.stride[1], k_b = call_.b.stride[0], n_b = call_.b.stride[1];
    if (depth_ == 0) return pass(a, b, c_ * n_b, k_b, 0, static_cast<T>(call_.beta));
    if (k_a == 1 && k_b == 1 && (4 * c_ <= lanes_ || (2 * c_ <= lanes_ && depth_ >= 32 * lanes_))) return dots(a, b);
    if (n_b == 1 || c_ == 1) return pass(a, b, c_ * n_b, k_b, depth_, static_cast<T>(call_.beta));
    const int64_t slab = std::clamp<int64_t>(sampled_packed / (columns_ * size_), 16, std::max<int64_t>(16, depth_));
    const Workspace packed(std::min(slab, depth_) * columns_ * size_, 1);
    if (!packed.ok()) return EINBLAS_OUT_OF_MEMORY;
    for (int64_t k = 0; k < depth_; k += slab) {
      const int64_t kk = std::min(slab, depth_ - k);
      pack(b + k * k_b, kk, reinterpret_cast<T*>(packed.of(0)));
      pass(a + k * k_a, reinterpret_cast<const T*>(packed.of(0)), kk * c_, c_, kk,
           k == 0 ? static_cast<T>(call_.beta) : T{1});
    }
    return EINBLAS_OK;
  }

 private:
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(T));
  int64_t runs() const { return static_cast<int64_t>(order_.runs.size()) - 1; }

  // f(block row, its blocks from, to) for each block row of each run, in parallel.
  template <class F>
  void each_row(const F& f) const {
    parallel_tasks(runs(), threads_, [&](int64_t run, int) {
      for (int64_t i = order_.runs[static_cast<size_t>(run)]; i < order_.runs[static_cast<size_t>(run) + 1]; ++i)
        f(i, order_.start[static_cast<size_t>(i)], order_.start[static_cast<size_t>(i) + 1]);
    });
  }

  // b: block column j begins j * b_block after its address, rows ldb apart, unit stride along n.
  int32_t pass(const T* a, const T* b, int64_t b_block, int64_t ldb, int64_t depth, T beta) const {
    const int64_t chunk = std::max<int64_t>(1, std::min<int64_t>(sampled_depth, depth));
    each_row([&](int64_t i, int64_t from, int64_t to) {
      BsrTile<T> t{};
      const BsrTerm once{0, 0};
      t.terms = &once;
      t.count = 1;
      t.rs = call_.a.stride[0];
      t.cs = call_.a.stride[1];
      t.ldb = ldb;
      t.ldc = c_;
      t.alpha = static_cast<T>(call_.alpha);
      int64_t k = 0;
      do {  // once for a depth of 0
        t.k = std::min(chunk, depth - k);
        t.beta = k == 0 ? beta : T{1};
        for (int64_t q = from; q < to; ++q) {
          const BsrTerm& term = order_.terms[static_cast<size_t>(q)];
          block(t, a + i * r_ * t.rs + k * t.cs, b + term.other * b_block + k * ldb,
                reinterpret_cast<T*>(call_.blocks) + term.block * r_ * c_);
        }
        k += chunk;
      } while (k < depth);
    });
    return EINBLAS_OK;
  }

  void block(BsrTile<T> t, const T* a, const T* b, T* d) const {
    const int64_t width = vectors_ * lanes_;
    for (int64_t j = 0; j < c_; j += width) {
      const int64_t n = std::min(width, c_ - j), vectors = ceil_div(n, lanes_);
      t.last = static_cast<int>(n - (vectors - 1) * lanes_);
      t.b = b + j;
      for (int64_t i = 0; i < r_; i += tile_rows_) {
        t.a = a + i * t.rs;
        t.c = d + i * c_ + j;
        kernels_.bsr_tile(static_cast<int>(std::min(tile_rows_, r_ - i)), static_cast<int>(vectors), &t);
      }
    }
  }

  // Narrow blocks, k the unit stride of both operands.
  int32_t dots(const T* a, const T* b) const {
    each_row([&](int64_t i, int64_t from, int64_t to) {
      for (int64_t q = from; q < to; ++q) {
        const BsrTerm& term = order_.terms[static_cast<size_t>(q)];
        T* d = reinterpret_cast<T*>(call_.blocks) + term.block * r_ * c_;
        for (int64_t m = 0; m < r_; m += kDotRows)
          for (int64_t n = 0; n < c_; n += kDotColumns)
            dots_of(a + (i * r_ + m) * call_.a.stride[0], std::min(kDotRows, r_ - m),
                    b + (term.other * c_ + n) * call_.b.stride[1], std::min(kDotColumns, c_ - n), d + m * c_ + n);
      }
    });
    return EINBLAS_OK;
  }

  void dots_of(const T* a, int64_t rows, const T* b, int64_t columns, T* d) const {
    const BsrTerm once{0, 0};
    T sums[kDotRows * kDotColumns];
    const int64_t part = kDotDepth * lanes_, n = rows * columns;
    BsrDots<T> s{&once, 1, std::min(part, depth_), rows, a, 0, call_.a.stride[0], b, 0, call_.b.stride[1], sums};
    kernels_.bsr_dots(static_cast<int>(columns), &s);
    if (depth_ > part) {
      double total[kDotRows * kDotColumns];
      for (int64_t i = 0; i < n; ++i) total[i] = static_cast<double>(sums[i]);
      for (int64_t k = part; k < depth_; k += part) {
        s.k = std::min(part, depth_ - k);
        s.w = a + k;
        s.x = b + k;
        kernels_.bsr_dots(static_cast<int>(columns), &s);
        for (int64_t i = 0; i < n; ++i) total[i] += static_cast<double>(sums[i]);
      }
      for (int64_t i = 0; i < n; ++i) sums[i] = static_cast<T>(total[i]);
    }
    const T alpha = static_cast<T>(call_.alpha), beta = static_cast<T>(call_.beta);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        const T value = alpha * sums[i * columns + j];
        d[i * c_ + j] = beta == 0 ? value : value + beta * d[i * c_ + j];
      }
  }

  // Column j * c + l of B, row k, goes to to[(j * depth + k) * c + l].
  void pack(const T* b, int64_t depth, T* to) const {
    const int64_t k_b = call_.b.stride[0], n_b = call_.b.stride[1];
    const UnitStride unit{k_b == 1 ? UnitStride::On::Depth : UnitStride::On::Nothing, 1, 1};
    const int64_t step = std::max<int64_t>(1, kLanes / c_) * c_;  // whole block columns
    const int64_t columns = ceil_div(columns_, step);
    const int threads =
        useful_threads(threads_, columns, static_cast<double>(columns_ * depth) / speed::kTransposeElements);
    parallel_tasks(columns * ceil_div(depth, kPackDepth), threads, [&](int64_t t, int) {
      const int64_t k0 = t / columns * kPackDepth, end = std::min(columns_, (t % columns + 1) * step);
      const int64_t rows = std::min(kPackDepth, depth - k0);
      int64_t lane[kLanes], row[kPackDepth];
      for (int64_t k = 0; k < rows; ++k) row[k] = (k0 + k) * k_b;
      for (int64_t j0 = t % columns * step; j0 < end;) {
        // Within one block column where it is wider than the table of lanes, else whole block columns.
        const int64_t count = std::min(c_ > kLanes ? std::min(kLanes, c_ - j0 % c_) : step, end - j0);
        for (int64_t j = 0; j < count; ++j) lane[j] = (j0 + j) * n_b;
        T* at = to + j0 / c_ * depth * c_ + k0 * c_ + j0 % c_;
        pack_panels(kernels_, at, {c_, depth * c_, c_}, b, {lane, count, row, rows}, unit);
        j0 += count;
      }
    });
  }

  const BsrSampled& call_;
  const Bsr::Order& order_;
  const TypedKernels<T>& kernels_;
  const int64_t lanes_, r_, c_, columns_, depth_;
  const int threads_;
  int64_t vectors_, tile_rows_;
};

}  // namespace

namespace {

// Depths of more go in such parts, each summed by itself.
constexpr int64_t kDepth = 1 << 17;

// The blocks are written at the end, when nothing can fail any more.
template <class T>
int32_t in_parts(const Bsr& matrix, const BsrSampled& call) {
  const int64_t n = matrix.blocks() * matrix.shape().r * matrix.shape().c;
  const Workspace sums(2 * n * static_cast<int64_t>(sizeof(T)), 1);
  if (!sums.ok()) return EINBLAS_OUT_OF_MEMORY;
  T *total = reinterpret_cast<T*>(sums.of(0)), *more = total + n;
  for (int64_t k = 0; k < call.depth; k += kDepth) {
    BsrSampled part = call;
    part.depth = std::min(kDepth, call.depth - k);
    part.a.at += k * call.a.stride[1] * static_cast<int64_t>(sizeof(T));
    part.b.at += k * call.b.stride[0] * static_cast<int64_t>(sizeof(T));
    part.blocks = reinterpret_cast<char*>(k == 0 ? total : more);
    part.beta = 0;
    const int32_t status = Sampled<T>(matrix, part).run();
    if (status != EINBLAS_OK) return status;
    for (int64_t i = 0; k > 0 && i < n; ++i) total[i] += more[i];
  }
  T* d = reinterpret_cast<T*>(call.blocks);
  const T beta = static_cast<T>(call.beta);
  for (int64_t i = 0; i < n; ++i) d[i] = beta == 0 ? total[i] : total[i] + beta * d[i];
  return EINBLAS_OK;
}

}  // namespace

int32_t bsr_sampled(const Bsr& matrix, const BsrSampled& call) noexcept {
  try {
    if (matrix.blocks() == 0) return EINBLAS_OK;
    if (!is_float(call.dtype)) return bsr_sampled_widened(matrix, call);
    const bool parts = digits_of(call.dtype) <= kSingleDigits && call.alpha != 0 && call.depth > kDepth;
    return visit_float(call.dtype, [&](auto of) {
      using T = typename decltype(of)::Type;
      return parts ? in_parts<T>(matrix, call) : Sampled<T>(matrix, call).run();
    });
  } catch (...) {
    return out_of_memory();
  }
}

}  // namespace einblas
