// Driver: a vector times a matrix of complex numbers, and the like, where A's lines are the result's: A is read once,
// where it lies.
//
// C[o, j] = alpha * sum over r of A[o, r, j] * x[o, r] (or x[o, r, j]) + beta * C[o, j]
//
// A strip of a line is added up in L2 by the kernel that multiplies lines (product.cpp): sums += x * line. Every kTerms
// lines the sums go on to others, so that long ones stay exact. Where there are few strips, the sum is cut into parts
// that are joined in order. All borders depend on the problem alone.
// Assumes: nothing of the strides but the line's.
#include "step/reduce_complex.hpp"

#include <algorithm>
#include <cstring>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

// Bytes of sums: a row of A in one go, as the hardware's prefetcher likes it. 5000 x 10000 in C64, one thread of Zen 5:
// 25 ms in strips of 16 KB, 22 of 64, 15 of 128.
constexpr int64_t kStrip = 128 << 10;
constexpr int64_t kTerms = 256;          // added one after the other: the error of a sum grows with these
constexpr int64_t kFewTasks = 16;        // of strips, from which on the sum is not cut: enough for all threads
constexpr int64_t kPartBytes = 1 << 20;  // of A in a part and a task at least: some 30 us
constexpr int64_t kLeastLine = 4;        // complex numbers in half a vector; shorter lines are left to convert.cpp

template <class E>
class ComplexSums final : public KernelPlan {
  using R = Part<E>;

 public:
  explicit ComplexSums(const Problem& p)
      : outer_(p.outer), reduced_(p.reduced), line_(p.outer.back()), conjugated_(p.conjugated) {
    outer_.pop_back();
    terms_ = elements(reduced_);
    const int64_t strip = shrunk(kStrip / kSize, p.shrinks, kLeastLine);
    strip_ = line_.length <= strip ? line_.length : even_part(line_.length, strip);
    strips_ = elements(outer_) * ceil_div(line_.length, strip_);
    const int64_t part_bytes = terms_ * strip_ * kSize;
    if (strips_ < kFewTasks && p.shrinks == 0)
      parts_ = std::clamp<int64_t>(std::min(part_bytes / kPartBytes, terms_ / kTerms), 1, kFewTasks / strips_);
    per_task_ = std::max<int64_t>(1, kPartBytes / part_bytes);
    nanos_ = static_cast<double>(strips_) * static_cast<double>(part_bytes) / speed::kStreamBytes;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t all = strips_ * parts_, tasks = ceil_div(all, per_task_);
    const int threads = useful_threads(call.threads, tasks, nanos_);
    const Workspace shared(shared_bytes(), 1), own(workspace_bytes(), threads);
    if (!shared.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    E* const parts = reinterpret_cast<E*>(shared.of(0));
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      E* const sums = reinterpret_cast<E*>(own.of(worker));
      for (int64_t i = task * per_task_; i < std::min(all, (task + 1) * per_task_); ++i) {
        const int64_t strip = i % strips_, part = i / strips_;
        const int64_t n = add_up(call, strip, ends(part), ends(part + 1), sums);
        if (parts == nullptr) {
          finish(call, strip, n, sums);
        } else {
          std::memcpy(parts + i * strip_, sums, static_cast<size_t>(n * kSize));
        }
      }
    });
    for (int64_t strip = 0; parts != nullptr && strip < strips_; ++strip) {
      const int64_t n = length(strip);
      E* const sums = parts + strip * strip_;
      for (int64_t part = 1; part < parts_; ++part) scaled(n, sums, parts + (part * strips_ + strip) * strip_, 1, 1);
      finish(call, strip, n, sums);
    }
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "sums of complex numbers down lines of " + std::to_string(line_.length) + ", strips of " +
           std::to_string(strip_) + (parts_ > 1 ? ", sum cut into " + std::to_string(parts_) + " parts" : "");
  }
  int64_t workspace_bytes() const override { return 2 * strip_ * kSize; }
  int64_t shared_bytes() const override { return parts_ > 1 ? parts_ * strips_ * strip_ * kSize : 0; }

 private:
  int64_t per_line() const { return ceil_div(line_.length, strip_); }
  int64_t length(int64_t strip) const { return std::min(strip_, line_.length - strip % per_line() * strip_); }
  int64_t ends(int64_t part) const { return part * terms_ / parts_; }

  // Terms [first, last) of a strip into `sums`, behind which there is room for as many; returns its length.
  int64_t add_up(const Call& call, int64_t strip, int64_t first, int64_t last, E* sums) const {
    const Walk outer(outer_, strip / per_line());
    const int64_t j = strip % per_line() * strip_, n = length(strip);
    E* const block = sums + strip_;
    std::memset(sums, 0, static_cast<size_t>(n * kSize));
    Walk at(reduced_, first);
    for (int64_t r = first; r < last;) {
      const int64_t end = std::min(last, r + kTerms);
      std::memset(block, 0, static_cast<size_t>(n * kSize));
      while (r < end) {
        const int64_t count = std::min(end - r, at.left());
        const R* x[3] = {};
        int step[3] = {};
        int64_t stride[4] = {};
        for (int t = 0; t < 2; ++t) {
          step[t] = static_cast<int>(line_.stride[t]);
          stride[t] = reduced_.back().stride[t];
          x[t] = reinterpret_cast<const R*>(reinterpret_cast<const E*>(call.x[t]) + outer.at(t) + at.at(t) +
                                            j * line_.stride[t]);
        }
        kernel_table().typed<R>().complex_lines(2, count, stride, n, reinterpret_cast<R*>(block), x, step, R{1}, R{1},
                                                0, conjugated_);
        r += count;
        at.skip(count - 1);
        at.next();
      }
      scaled(n, sums, block, 1, 1);
    }
    return n;
  }

  // to = alpha * from + beta * to.
  static void scaled(int64_t n, E* to, const E* from, R alpha, R beta) {
    static const int64_t nowhere[4] = {};
    static const int step[3] = {1, 0, 0};
    const R* const x[3] = {reinterpret_cast<const R*>(from), nullptr, nullptr};
    kernel_table().typed<R>().complex_lines(1, 1, nowhere, n, reinterpret_cast<R*>(to), x, step, alpha, beta, 0, 0);
  }

  void finish(const Call& call, int64_t strip, int64_t n, const E* sums) const {
    E* const c = reinterpret_cast<E*>(call.c) + Walk(outer_, strip / per_line()).at(kOut) + strip % per_line() * strip_;
    scaled(n, c, sums, factor<R>(call.alpha), factor<R>(call.beta));
  }

  static constexpr int64_t kSize = sizeof(E);
  Axes outer_, reduced_;
  const Axis line_;
  const int32_t conjugated_;
  int64_t terms_ = 0, strip_ = 0, strips_ = 0, parts_ = 1, per_task_ = 1;
  double nanos_ = 0;
};

}  // namespace

std::unique_ptr<KernelPlan> complex_sums_down(const Problem& p) {
  if (p.operands != 2 || !is_complex(p.dtype) || p.mixed || p.invariant || p.outer.empty()) return nullptr;
  const Axis& line = p.outer.back();
  const int64_t a = line.stride[0], b = line.stride[1];
  const bool lines = line.stride[kOut] == 1 && (a == 1 || a == 0) && (b == 1 || b == 0) && a + b > 0;
  if (!lines || line.length < kLeastLine) return nullptr;
  if (p.dtype == DType::C64) return std::make_unique<ComplexSums<Complex<float>>>(p);
  return std::make_unique<ComplexSums<Complex<double>>>(p);
}

}  // namespace einblas
