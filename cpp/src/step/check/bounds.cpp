// Checks of integers: the least and the largest element of a tensor.
#include "step/check/bounds.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <type_traits>

#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

constexpr int64_t kTask = 1 << 16;     // elements
constexpr double kElementNanos = 0.3;  // of an element that is compared
constexpr Bounds kNone{INT64_MAX, INT64_MIN};

Bounds both(Bounds a, Bounds b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

template <class T>
Bounds row(const T* x, int64_t stride, int64_t n) {
  if (stride != 1) {
    auto low = number_of(x[0]), high = low;
    for (int64_t i = 1; i < n; ++i) {
      const auto v = number_of(x[i * stride]);
      low = std::min(low, v);
      high = std::max(high, v);
    }
    return {low, high};
  }
  auto low = number_of(x[0]), high = low;
  for (int64_t i = 0; i < n; ++i) {
    const auto v = number_of(x[i]);
    low = v < low ? v : low;
    high = v > high ? v : high;
  }
  return {low, high};
}

template <class T>
Bounds bounds(const Axes& own, const T* x, int threads) {
  const int64_t all = elements(own), tasks = ceil_div(all, kTask);
  Bounds found = kNone;
  std::mutex noted;
  parallel_tasks(tasks, useful_threads(threads, tasks, kElementNanos * static_cast<double>(all)),
                 [&](int64_t task, int) {
                   Bounds here = kNone;
                   const int64_t last = std::min(all, (task + 1) * kTask);
                   Walk at(own, task * kTask);
                   for (int64_t i = task * kTask; i < last;) {
                     const int64_t n = std::min(at.left(), last - i);
                     here = both(here, row(x + at.at(0), own.empty() ? 1 : own.back().stride[0], n));
                     at.skip(n - 1);
                     at.next();
                     i += n;
                   }
                   const std::lock_guard<std::mutex> lock(noted);
                   found = both(found, here);
                 });
  return found;
}

// f(Of<T, dtype>) for a type of whole numbers. Assumes: it is one.
template <class F>
auto visit_whole(DType type, const F& f) {
  return visit(type, [&](auto of) {
    using T = typename decltype(of)::Type;
    if constexpr (std::is_integral_v<decltype(number_of(T{}))>) {
      return f(of);
    } else {
      return f(Of<int64_t, DType::I64>{});
    }
  });
}

}  // namespace

OwnAxes::OwnAxes(const Axes& all, int t) {
  for (const Axis& a : all) {
    if (a.stride[t] == 0 || a.length == 1) continue;
    if (a.stride[t] < 0) first += (a.length - 1) * a.stride[t];
    axes.push_back({a.length, {std::abs(a.stride[t]), 0, 0, 0}});
  }
  std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) { return a.stride[0] > b.stride[0]; });
  for (size_t i = axes.size(); i-- > 1;) {
    if (axes[i - 1].stride[0] != axes[i].stride[0] * axes[i].length) continue;
    axes[i - 1] = {axes[i].length * axes[i - 1].length, {axes[i].stride[0], 0, 0, 0}};
    axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

Bounds bounds_of(DType type, const OwnAxes& own, const char* x, int threads) noexcept {
  return visit_whole(type, [&](auto of) {
    using T = typename decltype(of)::Type;
    return bounds(own.axes, reinterpret_cast<const T*>(x) + own.first, threads);
  });
}

ReadInteger integer_reader(DType type) {
  return visit_whole(type, [](auto of) -> ReadInteger {
    using T = typename decltype(of)::Type;
    return [](const char* at) { return static_cast<int64_t>(number_of(*reinterpret_cast<const T*>(at))); };
  });
}

Bounds range_of(DType type) {
  return visit_whole(type, [](auto of) -> Bounds {
    using T = decltype(number_of(typename decltype(of)::Type{}));
    return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
  });
}

}  // namespace einblas
