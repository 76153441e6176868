// Driver: sampled CSR products in 16-bit floats and complex numbers, by the micro-kernels of F32 and F64.
//
// A row of X is widened, for complex numbers into two lines whose dots with Y's pairs are the parts of the result:
// (re, -im) and (im, re). Y's columns are read in place where they are pairs side by side, else copied as reals, in
// slabs of CSR_SAMPLED_PACKED bytes. Tasks, and parts of deep sums, as csr_sampled.cpp has them. Memory beside the
// tensors: a slab, for each thread a row of X and the sums of a task, and an F32 for each entry where 16-bit floats are
// added up over several slabs.
// Assumes: as csr_sampled.cpp.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "sparse/csr_widened.hpp"
#include "sparse/reals.hpp"

namespace einblas {
namespace {

constexpr int64_t kTaskProducts = 1 << 18;  // multiplications of a task
constexpr int64_t kMostEntries = 1 << 12;   // of a task
constexpr int64_t kLeastDepth = 64;         // of a slab
constexpr int64_t kPackColumns = 64;        // columns copied by one task
constexpr int64_t kPackDepth = 32;          // rows widened at once where they lie side by side
constexpr int64_t kPartDepth = 2048;        // additions to one lane: deeper sums go in such parts

template <class E>
class Sampled {
  using R = Part<E>;

 public:
  Sampled(const Csr& a, const CsrSample& call)
      : a_(a),
        call_(call),
        kernels_(kernel_table().typed<R>()),
        part_(kPartDepth * kernel_table().vector_bytes / size_),
        each_(std::clamp<int64_t>(kTaskProducts / std::max<int64_t>(call.depth, 1), 64, kMostEntries)),
        tasks_(ceil_div(a.entries, each_)),
        threads_(useful_threads(
            call.threads, tasks_,
            static_cast<double>(a.entries) *
                (speed::kEntryNanos + static_cast<double>(call.depth * parts_ * parts_) / speed::kBsrProducts))) {}

  int32_t run() const {
    if (a_.entries == 0) return EINBLAS_OK;
    E* const values = reinterpret_cast<E*>(call_.values);
    if (call_.depth == 0) {
      std::fill(values, values + a_.entries, E{});
      return EINBLAS_OK;
    }
    const E *x = reinterpret_cast<const E*>(call_.x.at), *y = reinterpret_cast<const E*>(call_.y.at);
    if (parts_ == 2 && (call_.y.row == 1 || call_.depth == 1))
      return pass(x, reinterpret_cast<const R*>(y), call_.y.column * parts_, call_.depth, nullptr, true, true);
    const int64_t fits = csr_sampled_limit() / (a_.columns * parts_ * size_);
    const int64_t slab = std::clamp<int64_t>(fits, std::min(kLeastDepth, call_.depth), call_.depth);
    const Workspace packed(slab * a_.columns * parts_ * size_, 1);
    const Workspace sums(parts_ == 1 && slab < call_.depth ? a_.entries * size_ : 0, 1);
    if (!packed.ok() || !sums.ok()) return EINBLAS_OUT_OF_MEMORY;
    R* const copy = reinterpret_cast<R*>(packed.of(0));
    for (int64_t k = 0; k < call_.depth; k += slab) {
      const int64_t depth = std::min(slab, call_.depth - k);
      pack(y + k * call_.y.row, depth, copy);
      const int32_t status = pass(x + k * call_.x.column, copy, depth * parts_, depth, reinterpret_cast<R*>(sums.of(0)),
                                  k == 0, k + depth == call_.depth);
      if (status != EINBLAS_OK) return status;
    }
    return EINBLAS_OK;
  }

 private:
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(R)), parts_ = kParts<E>;

  // Columns of y one after the other, in reals.
  void pack(const E* y, int64_t depth, R* to) const {
    const int64_t tasks = ceil_div(a_.columns, kPackColumns), row = call_.y.row, column = call_.y.column;
    const double nanos = static_cast<double>(a_.columns) * static_cast<double>(depth) / speed::kTransposeElements;
    parallel_tasks(tasks, useful_threads(call_.threads, tasks, nanos), [&](int64_t t, int) {
      const int64_t j0 = t * kPackColumns, n = std::min(kPackColumns, a_.columns - j0);
      const E* const from = y + j0 * column;
      R* const out = to + j0 * depth * parts_;
      if (column != 1 || row == 1) {
        for (int64_t j = 0; j < n; ++j) widen(depth, from + j * column, row, out + j * depth * parts_);
        return;
      }
      R rows[kPackDepth * kPackColumns * parts_];
      for (int64_t k0 = 0; k0 < depth; k0 += kPackDepth) {
        const int64_t kk = std::min(kPackDepth, depth - k0);
        for (int64_t k = 0; k < kk; ++k) widen(n, from + (k0 + k) * row, 1, rows + k * kPackColumns * parts_);
        if constexpr (parts_ == 1) {
          kernels_.transpose_tile(kk, n, out + k0, depth, rows, kPackColumns, R{1}, R{0}, nullptr, false);
        } else {
          for (int64_t j = 0; j < n; ++j)
            for (int64_t k = 0; k < kk; ++k)
              for (int64_t part = 0; part < parts_; ++part)
                out[(j * depth + k0 + k) * parts_ + part] = rows[(k * kPackColumns + j) * parts_ + part];
        }
      }
    });
  }

  // First row that ends behind entry p.
  int64_t row_of(int64_t p) const { return std::upper_bound(a_.indptr, a_.indptr + a_.rows, p) - a_.indptr - 1; }

  // y: column j begins at j * ldy, in reals. sums: of all entries where the values cannot hold them, or null. first:
  // there are none yet; last: the values are rounded.
  int32_t pass(const E* x, const R* y, int64_t ldy, int64_t depth, R* sums, bool first, bool last) const {
    const int64_t k = depth * parts_;
    const int64_t ahead = k * size_ > kernel_table().vector_bytes ? csr_ahead_of(a_.columns * k * size_) : 0;
    const Workspace lines(parts_ * k * size_, threads_), own(each_ * (parts_ * size_ + 8), threads_);
    if (!lines.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks_, threads_, [&](int64_t t, int worker) {
      const int64_t begin = t * each_, end = std::min(begin + each_, a_.entries);
      R* const line = reinterpret_cast<R*>(lines.of(worker));
      double* const total = reinterpret_cast<double*>(own.of(worker));
      R* const out = reinterpret_cast<R*>(total + each_);
      CsrSampled<R> s{};
      s.indptr = a_.indptr;
      s.column = a_.column;
      s.ldb = ldy;
      s.ahead = ahead;
      s.row = row_of(begin);
      for (s.from = begin; s.from < end; s.from = s.to, ++s.row) {
        s.to = std::min(end, a_.indptr[s.row + 1]);
        if (s.to <= s.from) {
          s.to = s.from;
          continue;
        }
        load_row(depth, x + s.row * call_.x.row, line);
        for (int64_t part = 0; part < parts_; ++part) {
          s.a = line + part * k;
          s.b = y;
          s.out = out + part * each_ + (s.from - begin);
          entries(s, k, total);
        }
      }
      keep(begin, end - begin, out, sums, first, last);
    });
    return EINBLAS_OK;
  }

  void load_row(int64_t depth, const E* x, R* line) const {
    if constexpr (parts_ == 1) {
      widen(depth, x, call_.x.column, line);
    } else {
      const R a = call_.conjugated.first ? R{-1} : R{1}, b = call_.conjugated.second ? R{-1} : R{1}, both = -a * b;
      R* const im = line + 2 * depth;
      for (int64_t i = 0; i < depth; ++i) {
        const E v = x[i * call_.x.column];
        line[2 * i] = v.re;
        line[2 * i + 1] = both * v.im;
        im[2 * i] = a * v.im;
        im[2 * i + 1] = b * v.re;
      }
    }
  }

  // The entries of s; sums deeper than a part in parts, which are added up in F64.
  void entries(CsrSampled<R> s, int64_t k, double* total) const {
    s.k = std::min(part_, k);
    kernels_.csr_sampled(&s);
    if (k <= part_) return;
    const int64_t n = s.to - s.from;
    for (int64_t i = 0; i < n; ++i) total[i] = static_cast<double>(s.out[i]);
    for (int64_t done = part_; done < k; done += part_) {
      s.a += part_;
      s.b += part_;
      s.k = std::min(part_, k - done);
      kernels_.csr_sampled(&s);
      for (int64_t i = 0; i < n; ++i) total[i] += static_cast<double>(s.out[i]);
    }
    for (int64_t i = 0; i < n; ++i) s.out[i] = static_cast<R>(total[i]);
  }

  // n sums from entry `at` on.
  void keep(int64_t at, int64_t n, R* out, R* sums, bool first, bool last) const {
    E* const values = reinterpret_cast<E*>(call_.values) + at;
    if constexpr (parts_ == 2) {
      for (int64_t i = 0; i < n; ++i) {
        const E x{out[i], out[each_ + i]};
        values[i] = first ? x : sum_of(values[i], x);
      }
    } else {
      if (sums != nullptr && !first)
        for (int64_t i = 0; i < n; ++i) out[i] += sums[at + i];
      if (last) return narrow(n, out, values);
      std::copy(out, out + n, sums + at);
    }
  }

  const Csr& a_;
  const CsrSample& call_;
  const TypedKernels<R>& kernels_;
  const int64_t part_, each_, tasks_;
  const int threads_;
};

}  // namespace

int32_t csr_sampled_widened(const Csr& a, const CsrSample& call) noexcept {
  return visit_multiplied(a.dtype, [&](auto of) {
    if constexpr (!is_float(decltype(of)::dtype)) return Sampled<typename decltype(of)::Type>(a, call).run();
    return int32_t{EINBLAS_OK};
  });
}

}  // namespace einblas
