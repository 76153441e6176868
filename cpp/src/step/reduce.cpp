// Driver: sums of one operand and dot-like products of two (gemv, dot, batched dot), bound by the bytes read.
//
// C[o] = alpha * sum_r X0[o, r] (* X1[o, r]) + beta * C[o]. The larger operand is read once along its unit stride, the
// line. Line summed ("across"): dot products along it. Line in the output ("down"): a strip of accumulators in L1, rows
// added in. Outputs side by side whose lines are one stride apart go to the kernel together, as do short lines that are
// summed down in registers. Few outputs and long sums: the sum is cut into parts, whose results are added in their
// order; parts depend on the problem alone, so the bits do not depend on the threads.
#include <algorithm>
#include <cstdlib>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/kernel.hpp"
#include "step/reduce_complex.hpp"
#include "step/reduce_short.hpp"

namespace einblas {
namespace {

constexpr int64_t kStrip = 8192;          // accumulators of a strip: 32 or 64 KB (rows of 10000: 33 GB/s, of 2048 29)
constexpr int64_t kPiece = 16384;         // elements of a line handled at once: operand pieces stay in L2
constexpr int64_t kLeastPiece = 1024;     // of both where memory is short
constexpr int64_t kTaskElements = 65536;  // elements per task: some 10 us at memory speed
constexpr int64_t kWantedTasks = 64;      // parts are made until so many tasks exist
constexpr int64_t kRows = 512;            // outputs computed at once: their sums stay in L1
constexpr int64_t kRun = 2048;            // units added to one place one after the other: longer sums go in such runs
constexpr int64_t kShortVectors = 4;      // a line of so many vectors is summed down in registers
// Operands beyond the caches whose rows are so short: the next ones are asked for (rows of 400 F32: 19 GB/s without, 25
// with; rows of 10000: 30 without, 26 with).
constexpr double kFarBytes = 4 << 20;
constexpr int64_t kNearLine = 1024;

template <class T>
class ReducePlan final : public KernelPlan {
  using Long = std::conditional_t<std::is_integral_v<T>, T, double>;  // sums of many runs

 public:
  explicit ReducePlan(const Problem& p)
      : operands_(p.operands),
        outer_(p.outer),
        rest_(p.reduced),
        strip_(shrunk(kStrip, p.shrinks, kLeastPiece)),
        piece_(shrunk(kPiece, p.shrinks, kLeastPiece)) {
    main_ = main_operand(p);
    other_ = 1 - main_;
    take_line();
    sums_ = elements(rest_);
    outputs_ = elements(outer_);
    kernels_ = &kernel_table().typed<T>();
    const int64_t strips = ceil_div(line_.length, strip_);
    pieces_ = across_ ? ceil_div(line_.length, piece_) : 1;
    units_ = sums_ * pieces_;  // summed in turn for each output (across) or strip (down)
    points_ = across_ ? outputs_ : outputs_ * strips;
    const int64_t unit = across_ ? std::min(line_.length, piece_) : std::min(line_.length, strip_);
    const int64_t wanted = std::max<int64_t>(1, units_ * unit / kTaskElements);
    parts_ =
        points_ >= kWantedTasks ? 1 : shrunk(std::min({wanted, units_, ceil_div(kWantedTasks, points_)}), p.shrinks, 1);
    per_task_ = std::max<int64_t>(1, kTaskElements / std::max<int64_t>(1, units_ * unit));
    const bool plain = line_.stride[main_] == 1;
    const int64_t along = operands_ == 2 ? line_.stride[other_] : across_ ? 1 : 0;
    const int64_t lanes = kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
    rows_ = across_ && plain && along == 1 && pieces_ == 1 && parts_ == 1 && !outer_.empty();
    columns_ = !across_ && plain && along <= 1 && along >= 0 && line_.length <= kShortVectors * lanes && !rest_.empty();
    follow_ = rows_ && one_after_the_other(main_) &&
              (operands_ == 1 || outer_.back().stride[other_] == 0 || one_after_the_other(other_));
    groups_ = follow_ && operands_ == 2 && outer_.size() == 2 && outer_[1].stride[other_] == 0 &&
              outer_[0].stride[other_] != 0;
    elements_ = static_cast<double>(points_) * static_cast<double>(units_) * static_cast<double>(unit);
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t groups = parts_ > 1 ? points_ : ceil_div(points_, per_task_);
    const int64_t tasks = groups * parts_;
    const int threads =
        useful_threads(call.threads, tasks, elements_ * static_cast<double>(sizeof(T)) / speed::kStreamBytes);
    const Workspace own(workspace_bytes(), threads);
    const Workspace partial(shared_bytes(), 1);
    if (!own.ok() || !partial.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* results = parts_ > 1 ? reinterpret_cast<T*>(partial.of(0)) : nullptr;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      const int64_t first = task * per_task_, last = std::min(points_, first + per_task_);
      if (rows_) return rows(call, first, last);
      with_room(own, worker, [&](char* room) {
        T* scratch = reinterpret_cast<T*>(room);
        if (parts_ > 1) return point(call, task / parts_, task % parts_, results, scratch);
        for (int64_t i = first; i < last; ++i) point(call, i, 0, nullptr, scratch);
      });
    });
    for (int64_t i = 0; parts_ > 1 && i < points_; ++i) combine(call, i, results);
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return std::string(across_ ? "sums along lines of " : "sums down lines of ") + std::to_string(line_.length) +
           ", operand " + std::to_string(main_) + " read once" +
           (parts_ > 1 ? ", sum cut into " + std::to_string(parts_) + " parts" : "") +
           (line_.stride[main_] == 1 ? ""
                                     : ", its lines gathered (stride " + std::to_string(line_.stride[main_]) + ")");
  }
  int64_t workspace_bytes() const override {
    return rows_ ? 0 : beyond_stack(worker_elements() * static_cast<int64_t>(sizeof(T)));
  }
  int64_t shared_bytes() const override {
    return parts_ > 1 ? parts_ * result_elements() * static_cast<int64_t>(sizeof(T)) : 0;
  }

 private:
  // All outputs' lines lie along the last axis.
  bool one_after_the_other(int t) const {
    for (size_t a = 1; a < outer_.size(); ++a)
      if (outer_[a - 1].stride[t] != outer_[a].stride[t] * outer_[a].length) return false;
    return true;
  }

  // The line: the main operand's axis of smallest stride, among the summed ones where there is a tie.
  void take_line() {
    Axes* from = nullptr;
    size_t index = 0;
    for (Axes* axes : {&rest_, &outer_})
      for (size_t i = 0; i < axes->size(); ++i) {
        const int64_t s = std::abs((*axes)[i].stride[main_]);
        if (s == 0 || (from != nullptr && s >= std::abs((*from)[index].stride[main_]))) continue;
        from = axes;
        index = i;
      }
    if (from == nullptr) {  // the main operand is one value
      from = &rest_;
      index = rest_.size() - 1;
    }
    across_ = from == &rest_;
    line_ = (*from)[index];
    from->erase(from->begin() + static_cast<std::ptrdiff_t>(index));
  }

  int64_t piece() const { return across_ ? std::min(line_.length, piece_) : std::min(line_.length, strip_); }
  // Gathered pieces of both operands (4 rows down), a strip, and one for the run in work.
  int64_t worker_elements() const {
    const int64_t gathered = (line_.stride[main_] == 1 ? 0 : 1) + (operands_ == 2 && !other_direct() ? 1 : 0);
    return piece() * (gathered * (across_ ? 1 : 4) + (across_ ? 0 : 1) + (in_runs() ? 1 : 0));
  }
  bool in_runs() const { return !across_ && ceil_div(units_, parts_) > kRun; }
  int64_t result_elements() const { return across_ ? points_ : outputs_ * line_.length; }
  bool other_direct() const { return line_.stride[other_] == 1 || line_.stride[other_] == 0; }

  const T* line_at(int t, const T* from, int64_t n, T*& scratch) const {
    if (line_.stride[t] == 1) return from;
    kernels_->gather_line(n, scratch, from, line_.stride[t]);
    const T* line = scratch;
    scratch += piece();
    return line;
  }

  // Outputs first to last, as many at a time as lie along one axis; all of them where their lines do so and the other
  // operand's lines serve groups of them. Plain sums go straight to C.
  void rows(const Call& call, int64_t first, int64_t last) const {
    const Axis& axis = outer_.back();
    const bool dense = one_after_the_other(kOut);
    const bool straight = sums_ == 1 && axis.stride[kOut] == 1 && call.alpha == 1 && call.beta == 0;
    T kept[kRows];
    ReduceDots<T> d{};
    d.n = line_.length;
    d.sx = axis.stride[main_];
    d.group = groups_ ? axis.length : 1;
    if (operands_ == 2) d.sy = groups_ ? outer_[outer_.size() - 2].stride[other_] : axis.stride[other_];
    Walk outer(outer_, first);
    for (int64_t i = first; i < last; i += d.rows) {
      const bool across_axes = groups_ && dense;
      d.rows = std::min({last - i, across_axes ? last : outer.left(), straight ? last : kRows});
      d.beyond = follow_ ? outputs_ - i - d.rows : outer.left() - d.rows;
      d.y_left = groups_ ? outer.left() : 1;
      T* c = reinterpret_cast<T*>(call.c) + outer.at(kOut);
      d.out = straight ? c : kept;
      Walk rest(rest_, 0);
      Long before[kRows];  // of the runs before
      for (int64_t u = 0; u < sums_; ++u, rest.next()) {
        if (u > 0 && u % kRun == 0)
          for (int64_t r = 0; r < d.rows; ++r) before[r] = (u == kRun ? 0 : before[r]) + static_cast<Long>(kept[r]);
        d.x = base(call, main_, outer, rest, 0);
        if (operands_ == 2) d.y = base(call, other_, outer, rest, 0);
        d.add = u % kRun > 0;
        kernels_->reduce_dots(&d);
      }
      if (sums_ > kRun)
        for (int64_t r = 0; r < d.rows; ++r) kept[r] = static_cast<T>(before[r] + static_cast<Long>(kept[r]));
      for (int64_t r = 0; !straight && r < d.rows; ++r) finish(call, c + r * axis.stride[kOut], kept[r]);
      for (int64_t left = d.rows; left > 0;) {
        const int64_t step = std::min(left, outer.left());
        const bool end = step == outer.left();
        outer.skip(step - (end ? 1 : 0));
        if (end) outer.next();
        left -= step;
      }
    }
  }

  // The short line's sums over units first to last.
  void columns(const Call& call, const Walk& outer, int64_t first, int64_t last, T* acc) const {
    const Axis& axis = rest_.back();
    for (int64_t u = first; u < last;) {
      const int64_t run = std::min(last - u, axis.length - u % axis.length);
      const Walk rest(rest_, u);
      kernels_->reduce_columns(run, line_.length, acc, base(call, main_, outer, rest, 0), axis.stride[main_],
                               operands_ == 2 ? base(call, other_, outer, rest, 0) : nullptr,
                               operands_ == 2 ? axis.stride[other_] : 0, operands_ == 2 && line_.stride[other_] != 0,
                               u > first);
      u += run;
    }
  }

  // Sums part `part` of the units of one output (across) or strip (down) and stores it, or keeps it among the results.
  void point(const Call& call, int64_t i, int64_t part, T* results, T* scratch) const {
    const int64_t first = units_ * part / parts_, last = units_ * (part + 1) / parts_;
    if (across_) {
      const Walk outer(outer_, i);
      const T s = across(call, outer, first, last, scratch);
      if (results != nullptr) {
        results[i * parts_ + part] = s;
      } else {
        finish(call, reinterpret_cast<T*>(call.c) + outer.at(kOut), s);
      }
      return;
    }
    const int64_t strips = ceil_div(line_.length, strip_);
    const int64_t from = i % strips * strip_, n = std::min(strip_, line_.length - from);
    const Walk outer(outer_, i / strips);
    T* acc = results != nullptr ? results + part * result_elements() + i / strips * line_.length + from : scratch;
    runs(call, outer, from, n, first, last, acc, results != nullptr ? scratch : scratch + piece());
    if (results == nullptr) store_strip(call, outer, from, n, acc);
  }

  T across(const Call& call, const Walk& outer, int64_t first, int64_t last, T* scratch) const {
    Walk rest(rest_, first / pieces_);
    int64_t p = first % pieces_;
    Long total = 0;
    for (int64_t u = first; u < last; ++u) {
      T* free = scratch;
      const int64_t from = p * piece_, n = std::min(piece_, line_.length - from);
      const T* x = line_at(main_, base(call, main_, outer, rest, from), n, free);
      if (operands_ == 1) {
        total += static_cast<Long>(kernels_->reduce_dot(n, x, nullptr));
      } else {
        const T* y = base(call, other_, outer, rest, from);
        if (line_.stride[other_] == 0) {
          total += static_cast<Long>(kernels_->reduce_dot(n, x, nullptr) * *y);
        } else {
          total += static_cast<Long>(kernels_->reduce_dot(n, x, line_at(other_, y, n, free)));
        }
      }
      if (++p == pieces_) {
        p = 0;
        rest.next();
      }
    }
    return static_cast<T>(total);
  }

  // The strip's sums over units first to last, run by run.
  void runs(const Call& call, const Walk& outer, int64_t from, int64_t n, int64_t first, int64_t last, T* acc,
            T* scratch) const {
    T* more = scratch;
    if (in_runs()) scratch += piece();
    down(call, outer, from, n, first, std::min(last, first + kRun), acc, scratch);
    for (int64_t u = first + kRun; u < last; u += kRun) {
      down(call, outer, from, n, u, std::min(last, u + kRun), more, scratch);
      for (int64_t j = 0; j < n; ++j) acc[j] += more[j];
    }
  }

  void down(const Call& call, const Walk& outer, int64_t from, int64_t n, int64_t first, int64_t last, T* acc,
            T* scratch) const {
    if (columns_) return columns(call, outer, first, last, acc);
    Walk rest(rest_, first);
    const bool ahead =
        line_.stride[main_] == 1 && line_.length <= kNearLine && elements_ * static_cast<double>(sizeof(T)) > kFarBytes;
    // Rows of this pass and, one ahead, of the next.
    const T *next_x[4] = {}, *next_y[4] = {};
    const auto find = [&](int64_t u) {
      for (int r = 0; r < 4 && u + r < last; ++r, rest.next()) {
        next_x[r] = base(call, main_, outer, rest, from);
        if (operands_ == 2) next_y[r] = base(call, other_, outer, rest, from);
      }
    };
    find(first);
    for (int64_t u = first; u < last;) {
      const int rows = static_cast<int>(std::min<int64_t>(4, last - u));
      const T *x[4], *y[4];
      T* free = scratch;
      for (int r = 0; r < rows; ++r) {
        x[r] = line_at(main_, next_x[r], n, free);
        if (operands_ == 1) continue;
        y[r] = line_.stride[other_] == 0 ? next_y[r] : line_at(other_, next_y[r], n, free);
      }
      find(u + rows);
      kernels_->reduce_rows(rows, n, acc, x, operands_ == 1 ? nullptr : y, line_.stride[other_] != 0, u > first,
                            ahead ? next_x : nullptr);
      u += rows;
    }
  }

  const T* base(const Call& call, int t, const Walk& outer, const Walk& rest, int64_t from) const {
    return reinterpret_cast<const T*>(call.x[t]) + outer.at(t) + rest.at(t) + from * line_.stride[t];
  }

  static void finish(const Call& call, T* c, T s) {
    const T alpha = factor<T>(call.alpha), beta = factor<T>(call.beta);
    *c = beta == 0 ? alpha * s : alpha * s + beta * *c;
  }

  void store_strip(const Call& call, const Walk& outer, int64_t from, int64_t n, const T* acc) const {
    T* c = reinterpret_cast<T*>(call.c) + outer.at(kOut) + from * line_.stride[kOut];
    for (int64_t j = 0; j < n; ++j) finish(call, c + j * line_.stride[kOut], acc[j]);
  }

  void combine(const Call& call, int64_t i, T* results) const {
    if (across_) {
      T s = results[i * parts_];
      for (int64_t part = 1; part < parts_; ++part) s += results[i * parts_ + part];
      finish(call, reinterpret_cast<T*>(call.c) + Walk(outer_, i).at(kOut), s);
      return;
    }
    const int64_t strips = ceil_div(line_.length, strip_);
    const int64_t from = i % strips * strip_, n = std::min(strip_, line_.length - from);
    T* acc = results + i / strips * line_.length + from;
    for (int64_t part = 1; part < parts_; ++part) {
      const T* more = acc + part * result_elements();
      for (int64_t j = 0; j < n; ++j) acc[j] += more[j];
    }
    store_strip(call, Walk(outer_, i / strips), from, n, acc);
  }

  const int operands_;
  Axes outer_, rest_;
  Axis line_;
  int main_, other_;
  bool across_, rows_, columns_, follow_, groups_;
  const int64_t strip_, piece_;
  int64_t sums_, outputs_, pieces_, units_, points_, parts_, per_task_;
  double elements_;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) {
  return (p.operands == 1 || p.operands == 2) && !p.reduced.empty() && p.outer.size() < kMaxWalkAxes &&
         p.reduced.size() < kMaxWalkAxes;
}

// With an axis of its own on each side there is reuse: that is a gemm.
bool suits(const Problem& p) { return p.operands == 1 || p.m.empty() || p.n.empty(); }

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (!applies(p) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  if (!p.plain()) return complex_sums_down(p);
  if (auto down = sums_down_short_rows(p)) return down;
  if (auto items = sums_of_items(p)) return items;
  return make_typed<ReducePlan>(p);
}

}  // namespace

extern const KernelEntry kReduceKernel;
const KernelEntry kReduceKernel = {"reduce", plan, true};

}  // namespace einblas
