// Drivers: sums whose line is short, by kernels that add up in registers (kernels/reduce_columns.inl).
//
// Down short rows: the main operand's closest axes, without gaps, are a row of at most a vector; a long summed axis
// leads from row to row, and as many rows as fit share a vector. Its lanes are added at the end: those of one row to
// the next, and those along summed axes of the row. Of items: few rows for each item, summed in registers and written
// at once.
#include "step/reduce_short.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

constexpr int64_t kTaskElements = 65536;  // elements per task: some 10 us at memory speed
constexpr int64_t kWantedTasks = 64;      // parts are made until so many tasks exist
constexpr int64_t kRun = 16384;           // rows in a run: 2048 terms in each of eight accumulators (decision 007)
constexpr int64_t kMostLanes = 16;
// Shorter sums are not worth the lanes' additions at the end, some 50 ns. Like kFewRows no Tunable: both kernels beside
// the border are within 20 %.
constexpr int64_t kLongSum = 64;
// So many rows of an item are summed at once; more of them are more streams than the hardware follows.
constexpr int64_t kFewRows = 32;
constexpr int64_t kStrip = 8192;  // elements of a long line in a task

template <class T>
T finished(const Call& call, const T* c, T s) {
  const T alpha = factor<T>(call.alpha), beta = factor<T>(call.beta);
  return beta == 0 ? alpha * s : alpha * s + beta * *c;
}

// Takes the axis at `index` out of `axes`.
Axis take(Axes& axes, size_t index) {
  const Axis a = axes[index];
  axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(index));
  return a;
}

// A problem as long sums down short rows.
struct ShortRows {
  explicit ShortRows(const Problem& p, int64_t lanes) : outer(p.outer), rest(p.reduced) {
    main = main_operand(p);
    other = 1 - main;
    take_row(lanes);
    if (n < 2 || !take_down()) return;
    together = down.stride[main] == n ? lanes / n : 1;
    ok = p.operands == 1 || find_picks(lanes);
  }

  // The closest axes without gaps.
  void take_row(int64_t lanes) {
    for (bool more = true; more;) {
      more = false;
      for (Axes* axes : {&rest, &outer})
        for (size_t i = 0; i < axes->size() && !more; ++i) {
          const Axis& a = (*axes)[i];
          if (a.stride[main] != n || a.length > lanes / n) continue;
          const bool summed = axes == &rest;
          for (int64_t l = 0; l < n * a.length; ++l) {
            of_other[l] = of_other[l % n] + l / n * a.stride[other];
            of_out[l] = of_out[l % n] + (summed ? 0 : l / n * a.stride[kOut]);
          }
          n *= a.length;
          take(*axes, i);
          more = true;
        }
    }
  }
  // The longest summed axis.
  bool take_down() {
    size_t best = rest.size();
    for (size_t i = 0; i < rest.size(); ++i)
      if (rest[i].stride[main] >= n && (best == rest.size() || rest[i].length > rest[best].length)) best = i;
    if (best == rest.size() || rest[best].length < kLongSum) return false;
    down = take(rest, best);
    return true;
  }
  // Which elements of the other operand a vector takes.
  bool find_picks(int64_t lanes) {
    const int64_t sy = down.stride[other];
    alike = sy == down.stride[main];
    for (int64_t l = 0; l < n; ++l) {
      if (of_other[l] < 0 || sy < 0) return false;
      alike = alike && of_other[l] == l;
      reach = std::max(reach, of_other[l] + 1);
    }
    if (alike) return true;
    if ((together - 1) * sy + reach > lanes) return false;
    for (int64_t l = 0; l < together * n; ++l) pick[l] = static_cast<int32_t>(l / n * sy + of_other[l % n]);
    return true;
  }

  Axes outer, rest;  // without the row and the axis down
  Axis down{};
  int main, other;
  int64_t n = 1, together = 1, reach = 0;
  int64_t of_other[kMostLanes] = {}, of_out[kMostLanes] = {};  // of each element of a row: its place in the tensors
  int32_t pick[kMostLanes] = {};
  bool ok = false, alike = false;
};

template <class T>
class DownPlan final : public KernelPlan {
 public:
  DownPlan(const Problem& p, const ShortRows& s) : operands_(p.operands), s_(s), kernels_(&kernel_table().typed<T>()) {
    points_ = elements(s_.outer);
    rows_ = elements(s_.rest) * s_.down.length;
    const int64_t wanted = std::max<int64_t>(1, rows_ * s_.n / kTaskElements);
    parts_ = points_ >= kWantedTasks ? 1 : std::min({wanted, rows_, ceil_div(kWantedTasks, points_)});
    per_task_ = parts_ > 1 ? 1 : std::max<int64_t>(1, kTaskElements / (rows_ * s_.n));
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = ceil_div(points_, per_task_) * parts_;
    const double bytes = static_cast<double>(points_) * static_cast<double>(rows_ * s_.n) * sizeof(T);
    const int threads = useful_threads(call.threads, tasks, bytes / speed::kStreamBytes);
    const Workspace partial(shared_bytes(), 1);
    if (!partial.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* results = parts_ > 1 ? reinterpret_cast<T*>(partial.of(0)) : nullptr;
    parallel_tasks(tasks, threads, [&](int64_t task, int) {
      if (parts_ > 1) {
        const int64_t part = task % parts_;
        return sum(call, Walk(s_.outer, task / parts_), rows_ * part / parts_, rows_ * (part + 1) / parts_,
                   results + task * s_.n);
      }
      const int64_t last = std::min(points_, (task + 1) * per_task_);
      Walk outer(s_.outer, task * per_task_);
      for (int64_t i = task * per_task_; i < last; ++i, outer.next()) {
        T acc[kMostLanes];
        sum(call, outer, 0, rows_, acc);
        store(call, outer, acc);
      }
    });
    for (int64_t i = 0; parts_ > 1 && i < points_; ++i) {
      T* acc = results + i * parts_ * s_.n;
      for (int64_t part = 1; part < parts_; ++part)
        for (int64_t j = 0; j < s_.n; ++j) acc[j] += acc[part * s_.n + j];
      store(call, Walk(s_.outer, i), acc);
    }
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "sums down rows of " + std::to_string(s_.n) + ", operand " + std::to_string(s_.main) + " read once" +
           (s_.together > 1 ? ", " + std::to_string(s_.together) + " rows in a vector" : "") +
           (parts_ > 1 ? ", sum cut into " + std::to_string(parts_) + " parts" : "");
  }
  int64_t shared_bytes() const override {
    return parts_ > 1 ? points_ * parts_ * s_.n * static_cast<int64_t>(sizeof(T)) : 0;
  }

 private:
  // The sums of the row's elements over rows first to last.
  void sum(const Call& call, const Walk& outer, int64_t first, int64_t last, T* acc) const {
    ReduceDown<T> d{};
    d.n = s_.n;
    d.sx = s_.down.stride[s_.main];
    d.sy = s_.down.stride[s_.other];
    d.pick = s_.alike ? nullptr : s_.pick;
    d.reach = s_.reach;
    T more[kMostLanes];
    for (int64_t u = first; u < last; u += d.rows) {
      const int64_t at = u % s_.down.length;
      const Walk rest(s_.rest, u / s_.down.length);
      d.rows = std::min({last - u, s_.down.length - at, kRun});
      d.x = reinterpret_cast<const T*>(call.x[s_.main]) + outer.at(s_.main) + rest.at(s_.main) + at * d.sx;
      if (operands_ == 2)
        d.y = reinterpret_cast<const T*>(call.x[s_.other]) + outer.at(s_.other) + rest.at(s_.other) + at * d.sy;
      d.acc = u == first ? acc : more;
      kernels_->reduce_down(&d);
      for (int64_t j = 0; u > first && j < s_.n; ++j) acc[j] += more[j];
    }
  }

  // Adds what lies along summed axes of the row, and writes the outputs.
  void store(const Call& call, const Walk& outer, const T* acc) const {
    T* c = reinterpret_cast<T*>(call.c) + outer.at(kOut);
    bool done[kMostLanes] = {};
    for (int64_t j = 0; j < s_.n; ++j) {
      if (done[j]) continue;
      T s = acc[j];
      for (int64_t l = j + 1; l < s_.n; ++l) {
        if (s_.of_out[l] != s_.of_out[j]) continue;
        s += acc[l];
        done[l] = true;
      }
      c[s_.of_out[j]] = finished(call, c + s_.of_out[j], s);
    }
  }

  const int operands_;
  const ShortRows s_;
  int64_t points_, rows_, parts_, per_task_;
  const TypedKernels<T>* kernels_;
};

// A problem as sums down the few rows of each item: of the output's axes the line, at unit stride in the main operand
// and in the output, and the items.
struct Items {
  explicit Items(const Problem& p) : outer(p.outer) {
    main = main_operand(p);
    other = 1 - main;
    if (p.reduced.size() != 1 || p.reduced[0].length > kFewRows) return;
    down = p.reduced[0];
    const auto line_at = std::find_if(outer.begin(), outer.end(),
                                      [&](const Axis& a) { return a.stride[main] == 1 && a.stride[kOut] == 1; });
    if (line_at == outer.end() || down.stride[main] == 0 || (p.operands == 2 && line_at->stride[other] != 0)) return;
    line = take(outer, static_cast<size_t>(line_at - outer.begin()));
    ok = true;
  }

  Axes outer;  // without the line
  Axis down{}, line{};
  int main, other;
  bool ok = false;
};

template <class T>
class ItemsPlan final : public KernelPlan {
 public:
  ItemsPlan(const Problem& p, const Items& s) : operands_(p.operands), s_(s), kernels_(&kernel_table().typed<T>()) {
    strips_ = ceil_div(s_.line.length, kStrip);
    points_ = elements(s_.outer) * strips_;
    per_task_ = std::max<int64_t>(1, kTaskElements / (std::min(s_.line.length, kStrip) * s_.down.length));
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = ceil_div(points_, per_task_);
    const double bytes =
        static_cast<double>(elements(s_.outer)) * static_cast<double>(s_.line.length * s_.down.length) * sizeof(T);
    const int threads = useful_threads(call.threads, tasks, bytes / speed::kStreamBytes);
    parallel_tasks(tasks, threads, [&](int64_t task, int) {
      items(call, task * per_task_, std::min(points_, (task + 1) * per_task_));
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "sums down " + std::to_string(s_.down.length) + " rows of " + std::to_string(s_.line.length) +
           " for each item, operand " + std::to_string(s_.main) + " read once";
  }

 private:
  void items(const Call& call, int64_t first, int64_t last) const {
    const Axis none{1, {0, 0, 0, 0}};
    const Axis& axis = s_.outer.empty() ? none : s_.outer.back();
    ReduceItems<T> t{};
    t.rows = s_.down.length;
    t.sx = s_.down.stride[s_.main];
    t.x_item = axis.stride[s_.main];
    t.c_item = axis.stride[kOut];
    if (operands_ == 2) {
      t.sy = s_.down.stride[s_.other];
      t.y_item = axis.stride[s_.other];
    }
    t.alpha = factor<T>(call.alpha);
    t.beta = factor<T>(call.beta);
    for (int64_t i = first; i < last; i += t.items) {
      const Walk outer(s_.outer, i / strips_);
      const int64_t from = i % strips_ * kStrip;
      t.n = std::min(kStrip, s_.line.length - from);
      t.items = strips_ > 1 ? 1 : std::min(last - i, outer.left());
      t.x = reinterpret_cast<const T*>(call.x[s_.main]) + outer.at(s_.main) + from;
      if (operands_ == 2) t.y = reinterpret_cast<const T*>(call.x[s_.other]) + outer.at(s_.other);
      t.c = reinterpret_cast<T*>(call.c) + outer.at(kOut) + from;
      kernels_->reduce_items(&t);
    }
  }

  const int operands_;
  const Items s_;
  int64_t strips_, points_, per_task_;
  const TypedKernels<T>* kernels_;
};

int64_t elements_of(const Problem& p, int t) {
  int64_t n = 1;
  for (const Axes* axes : {&p.outer, &p.reduced})
    for (const Axis& a : *axes)
      if (a.stride[t] != 0) n *= a.length;
  return n;
}

}  // namespace

int main_operand(const Problem& p) { return p.operands == 2 && elements_of(p, 1) > elements_of(p, 0) ? 1 : 0; }

std::unique_ptr<KernelPlan> sums_down_short_rows(const Problem& p) {
  return visit_computed(p.dtype, [&](auto of) -> std::unique_ptr<KernelPlan> {
    using T = typename decltype(of)::Type;
    const int64_t lanes = kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
    const ShortRows s(p, lanes);
    const bool picks = p.operands == 2 && !s.alike;
    if (!s.ok || (picks && kernel_table().typed<T>().reduce_picks == 0)) return nullptr;
    return std::make_unique<DownPlan<T>>(p, s);
  });
}

std::unique_ptr<KernelPlan> sums_of_items(const Problem& p) {
  const Items s(p);
  if (!s.ok) return nullptr;
  return visit_computed(p.dtype, [&](auto of) -> std::unique_ptr<KernelPlan> {
    return std::make_unique<ItemsPlan<typename decltype(of)::Type>>(p, s);
  });
}

}  // namespace einblas
