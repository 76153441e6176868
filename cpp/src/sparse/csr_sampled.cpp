// Driver: the product of two dense matrices where a CSR matrix has entries (sampled dense-dense; gradient of its
// values).
//
// A task owns some entries one after the other: no atomics, the same bits for any number of threads. Sums run along k.
// An operand without unit stride there is copied first, the second in slabs of bounded size, the first row by row.
// Assumes: A as csr.hpp says; the values share no byte with an operand.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "sparse/csr.hpp"
#include "sparse/csr_widened.hpp"

namespace einblas {
namespace {

Tunable sampled_packed{"CSR_SAMPLED_PACKED", 32 << 20, 1 << 10, int64_t{1} << 36,
                       "bytes of a sampled CSR product's second operand that are copied at once"};

constexpr int64_t kTaskProducts = 1 << 18;  // multiplications of a task, some 20 us
constexpr int64_t kMostEntries = 1 << 14;   // of a task
constexpr int64_t kLeastDepth = 64;         // of a slab
constexpr int64_t kPackColumns = 64;        // columns copied by one task
constexpr int64_t kPartDepth = 2048;        // additions to one lane: deeper sums go in such parts

template <class T>
class Sampled {
 public:
  Sampled(const Csr& a, const CsrSample& call)
      : a_(a),
        call_(call),
        kernels_(kernel_table().typed<T>()),
        values_(reinterpret_cast<T*>(call.values)),
        lanes_(kernel_table().vector_bytes / size_),
        part_(kPartDepth * lanes_),
        each_(std::clamp<int64_t>(kTaskProducts / std::max<int64_t>(call.depth, 1), 64, kMostEntries)),
        tasks_(ceil_div(a.entries, each_)),
        threads_(useful_threads(
            call.threads, tasks_,
            speed::kEntryNanos * static_cast<double>(a.entries) +
                static_cast<double>(a.entries) * static_cast<double>(call.depth) / speed::kBsrProducts)) {}

  int32_t run() const {
    if (a_.entries == 0) return EINBLAS_OK;
    if (call_.depth == 0) {
      std::fill(values_, values_ + a_.entries, T{0});
      return EINBLAS_OK;
    }
    const T *x = reinterpret_cast<const T*>(call_.x.at), *y = reinterpret_cast<const T*>(call_.y.at);
    if (call_.y.row == 1 || call_.depth == 1) return pass(x, y, call_.y.column, call_.depth, false);
    const int64_t slab =
        std::clamp<int64_t>(sampled_packed / (a_.columns * size_), std::min(kLeastDepth, call_.depth), call_.depth);
    const Workspace packed(slab * a_.columns * size_, 1);
    if (!packed.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* const copy = reinterpret_cast<T*>(packed.of(0));
    for (int64_t k = 0; k < call_.depth; k += slab) {
      const int64_t depth = std::min(slab, call_.depth - k);
      pack(y + k * call_.y.row, depth, copy);
      const int32_t status = pass(x + k * call_.x.column, copy, depth, depth, k > 0);
      if (status != EINBLAS_OK) return status;
    }
    return EINBLAS_OK;
  }

 private:
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(T));

  // Columns of y one after the other.
  void pack(const T* y, int64_t depth, T* to) const {
    const int64_t tasks = ceil_div(a_.columns, kPackColumns);
    const double nanos = static_cast<double>(a_.columns) * static_cast<double>(depth) / speed::kTransposeElements;
    parallel_tasks(tasks, useful_threads(call_.threads, tasks, nanos), [&](int64_t t, int) {
      const int64_t j = t * kPackColumns, n = std::min(kPackColumns, a_.columns - j);
      const T* from = y + j * call_.y.column;
      if (call_.y.column == 1) {
        kernels_.transpose_tile(depth, n, to + j * depth, depth, from, call_.y.row, T{1}, T{0}, nullptr, false);
      } else {
        for (int64_t i = 0; i < n; ++i)
          kernels_.gather_line(depth, to + (j + i) * depth, from + i * call_.y.column, call_.y.row);
      }
    });
  }

  // First row that ends behind entry p.
  int64_t row_of(int64_t p) const { return std::upper_bound(a_.indptr, a_.indptr + a_.rows, p) - a_.indptr - 1; }

  // y: column j begins at j * ldy, unit stride along k.
  int32_t pass(const T* x, const T* y, int64_t ldy, int64_t depth, bool add) const {
    const bool gathered = call_.x.column != 1 && depth > 1, parts = depth > part_;
    // 100,000 columns of 64, F32: 18.1 ms not asked for, 13.6 asked for; of 4, F64: 4.2 and 5.9.
    const int64_t ahead = depth > lanes_ ? csr_ahead_of(a_.columns * depth * size_) : 0;
    const Workspace line(gathered ? depth * size_ : 0, threads_);
    const Workspace total(parts ? each_ * (size_ + 8) : 0, threads_);
    if (!line.ok() || !total.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks_, threads_, [&](int64_t t, int worker) {
      const int64_t last = std::min((t + 1) * each_, a_.entries);
      CsrSampled<T> s{};
      s.from = t * each_;
      s.row = row_of(s.from);
      s.indptr = a_.indptr;
      s.column = a_.column;
      s.b = y;
      s.ldb = ldy;
      s.ahead = ahead;
      if (!gathered) {
        s.to = last;
        s.a = x;
        s.lda = call_.x.row;
        return entries(s, depth, add, total.of(worker));
      }
      T* const copy = reinterpret_cast<T*>(line.of(worker));
      for (; s.from < last; s.from = s.to, ++s.row) {
        s.to = std::min(last, a_.indptr[s.row + 1]);
        if (s.to <= s.from) {
          s.to = s.from;
          continue;
        }
        kernels_.gather_line(depth, copy, x + s.row * call_.x.row, call_.x.column);
        s.a = copy;
        s.lda = 0;
        entries(s, depth, add, total.of(worker));
      }
    });
    return EINBLAS_OK;
  }

  // The entries of s; sums deeper than a part in parts, which are added up in F64.
  void entries(CsrSampled<T> s, int64_t depth, bool add, char* memory) const {
    T* const out = values_ + s.from;
    if (depth <= part_) {
      s.k = depth;
      s.out = out;
      s.add = add ? 1 : 0;
      return kernels_.csr_sampled(&s);
    }
    const int64_t n = s.to - s.from;
    double* const total = reinterpret_cast<double*>(memory);
    T* const sums = reinterpret_cast<T*>(memory + n * 8);
    for (int64_t i = 0; i < n; ++i) total[i] = add ? static_cast<double>(out[i]) : 0.0;
    s.out = sums;
    s.add = 0;
    for (int64_t k = 0; k < depth; k += part_) {
      s.k = std::min(part_, depth - k);
      kernels_.csr_sampled(&s);
      for (int64_t i = 0; i < n; ++i) total[i] += static_cast<double>(sums[i]);
      s.a += s.k;
      s.b += s.k;
    }
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(total[i]);
  }

  const Csr& a_;
  const CsrSample& call_;
  const TypedKernels<T>& kernels_;
  T* const values_;
  const int64_t lanes_, part_, each_, tasks_;
  const int threads_;
};

}  // namespace

int64_t csr_sampled_limit() noexcept { return sampled_packed; }

int32_t csr_sampled(const Csr& a, const CsrSample& call) noexcept {
  if (!is_float(a.dtype)) return csr_sampled_widened(a, call);
  return visit_float(a.dtype, [&](auto of) { return Sampled<typename decltype(of)::Type>(a, call).run(); });
}

}  // namespace einblas
