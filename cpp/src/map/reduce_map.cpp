// Driver: the largest and smallest elements, and logarithms of sums of exponentials, over any axes.
//
// Two ways through an operand. Along: the reduced axis is the fast one, and a line of it goes to one result. Across: a
// kept axis is the fast one, and lines of it are joined element by element. Long reductions are cut into parts whose
// borders depend on the problem alone.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "einblas.h"
#include "layout/walk.hpp"
#include "map/lines.hpp"
#include "map/map.hpp"
#include "map/row.hpp"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"
#include "step/problem.hpp"

namespace einblas {
namespace {

constexpr int64_t kLine = 2048;             // elements of a line that are looked at together
constexpr int64_t kLanes = 512;             // results that are worked on together, across
constexpr int64_t kAhead = 8;               // lines that are asked for, where they lie far apart
constexpr int64_t kTogether = 64;           // lines, across, whose exponentials are added up before they join others
constexpr int64_t kShort = 32;              // shorter reduced axes are read across
constexpr int64_t kPartElements = 1 << 18;  // some 50 us of reading

// What is known of a part: its largest element, and of exponentials the sum of e^(x - most).
template <class T>
struct State {
  T most{};
  double sum = 0;
};

template <class T>
bool finite(T x) {
  return x - x == 0;
}

template <class T>
class Reducer {
 public:
  Reducer(const ReduceCall& call, const Problem& p)
      : call_(call), p_(p), in_(Mover::in(call.x.dtype, call.compute, false)) {
    out_ = Mover::out(call.compute, call.out.dtype);
    at_ = call.x.at + p.offset[0] * in_.size;
    c_ = call.out.at + p.offset[kOut] * out_.size;
    reduced_ = p.reduced;
    if (!reduced_.empty()) {
      line_ = reduced_.back();
      reduced_.pop_back();
    }
    kept_ = p.outer;
    size_t lane = kept_.size();
    for (size_t a = 0; a < kept_.size(); ++a)
      if (std::abs(kept_[a].stride[0]) == 1) lane = a;
    if (lane == kept_.size() && line_.length <= kShort && !kept_.empty()) lane = kept_.size() - 1;
    across_ =
        lane < kept_.size() && (std::abs(line_.stride[0]) != 1 || line_.length <= kShort) && kept_[lane].length > 1;
    if (across_) {
      lanes_ = kept_[lane];
      kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(lane));
    }
    w_ = std::min(lanes_.length, kLanes);
    blocks_ = ceil_div(lanes_.length, w_);
    // Lines go one by one; a part is so many of them, or of their pieces.
    pieces_ = across_ ? line_.length : ceil_div(line_.length, kLine);
    const int64_t piece = across_ ? w_ : std::min(line_.length, kLine);
    lines_ = elements(reduced_) * pieces_;
    part_ = std::max<int64_t>(1, kPartElements / piece);
    parts_ = ceil_div(lines_, part_);
    together_ = across_ ? std::min(line_.length, kTogether) : 1;
    direct_ = across_ && in_.same && lanes_.stride[0] == 1;
  }

  int32_t run() const {
    const int64_t results = elements(kept_) * blocks_, tasks = results * parts_;
    const double all = static_cast<double>(p_.outer_elements()) * static_cast<double>(p_.reduced_elements());
    const double nanos = call_.what == Reduction::LogSumExp ? 2 : 0.4;
    // Of small results many go into one task.
    const int64_t per_task =
        std::max<int64_t>(1, parts_ > 1 ? 1 : kPartElements / 8 / std::max<int64_t>(1, w_ * elements(p_.reduced)));
    const int64_t groups = ceil_div(tasks, per_task);
    const int workers = useful_threads(call_.threads, groups, all * nanos);
    const int64_t line_bytes = round_up(std::max(kLine, 2 * w_ + (direct_ ? 0 : w_ * together_)) * 8, kAlignment);
    const Workspace own(3 * line_bytes + round_up(w_ * 8, kAlignment) + round_up(w_ * 16, kAlignment), workers);
    if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
    std::vector<State<T>> states;
    if (parts_ > 1) states.resize(static_cast<size_t>(tasks * w_));
    parallel_tasks(groups, workers, [&](int64_t group, int worker) {
      char* const room = own.of(worker);
      for (int64_t task = group * per_task; task < std::min(tasks, (group + 1) * per_task); ++task) {
        State<T>* const state =
            parts_ > 1 ? &states[static_cast<size_t>(task * w_)] : reinterpret_cast<State<T>*>(room + 3 * line_bytes);
        const int64_t result = task / parts_, first = task % parts_ * part_;
        part(result, first, std::min(lines_, first + part_), state, room, line_bytes);
        if (parts_ == 1) write(result, state, room);
      }
    });
    for (int64_t result = 0; parts_ > 1 && result < results; ++result) {
      State<T>* const state = &states[static_cast<size_t>(result * parts_ * w_)];
      for (int64_t q = 1; q < parts_; ++q)
        for (int64_t l = 0; l < w_; ++l) join(state[l], state[q * w_ + l]);
      write(result, state, own.of(0));
    }
    return EINBLAS_OK;
  }

 private:
  bool exponentials() const { return call_.what == Reduction::LogSumExp; }
  T most_of(T a, T b) const {
    T m;
    Row<T>::map(which(), 1, &m, &a, &b);
    return m;
  }
  Map which() const { return call_.what == Reduction::Least ? Map::Minimum : Map::Maximum; }

  // What exponents are taken from: 0 in place of an infinity or NaN, from which nothing can be taken.
  static T base(T most) { return finite(most) ? most : T{}; }
  static double scaled(double sum, T from, T to) {
    return sum == 0 ? 0 : sum * std::exp(static_cast<double>(base(from)) - static_cast<double>(base(to)));
  }
  void join(State<T>& a, const State<T>& b) const {
    const T most = most_of(a.most, b.most);
    if (exponentials()) a.sum = joined(a, b, most);
    a.most = most;
  }
  static double joined(const State<T>& a, const State<T>& b, T most) {
    if (!finite(most)) return a.sum + b.sum;  // infinity or NaN whatever the sum is, or nothing but -infinity
    return (finite(a.most) ? scaled(a.sum, a.most, most) : 0) + (finite(b.most) ? scaled(b.sum, b.most, most) : 0);
  }

  int64_t lanes_of(int64_t block) const { return std::min(w_, lanes_.length - block * w_); }

  void part(int64_t result, int64_t first, int64_t end, State<T>* state, char* room, int64_t line_bytes) const {
    const Walk kept(kept_, result / blocks_);
    const int64_t block = result % blocks_;
    const char* const at = at_ + (kept.at(0) + block * w_ * lanes_.stride[0]) * in_.size;
    if (across_) {
      across(at, lanes_of(block), first, end, state, room, line_bytes);
    } else {
      along(at, first, end, state, room);
    }
  }

  void along(const char* at, int64_t first, int64_t end, State<T>* state, char* room) const {
    Walk walk(reduced_, first / pieces_);
    for (int64_t l = first; l < end; ++l) {
      const int64_t from = l % pieces_ * kLine, n = std::min(kLine, line_.length - from);
      const char* x = at + (walk.at(0) + from * line_.stride[0]) * in_.size;
      if (!in_.same || line_.stride[0] != 1) {
        in_.row(n, x, line_.stride[0], room, 1);
        x = room;
      }
      const T* const line = reinterpret_cast<const T*>(x);
      State<T> own;
      own.most =
          call_.what == Reduction::Least ? Row<T>::kernels().line_least(n, line) : Row<T>::kernels().line_most(n, line);
      if constexpr (std::is_floating_point_v<T>) {
        if (exponentials()) own.sum = Row<T>::kernels().line_exp_sum(n, line, base(own.most), nullptr);
      }
      if (l == first) {
        *state = own;
      } else {
        join(*state, own);
      }
      if (l % pieces_ == pieces_ - 1) walk.next();
    }
  }

  void across(const char* at, int64_t w, int64_t first, int64_t end, State<T>* state, char* room,
              int64_t line_bytes) const {
    T* const tile = reinterpret_cast<T*>(room);
    char* const spare = room + line_bytes;
    T* const sum = reinterpret_cast<T*>(room + 2 * line_bytes);
    T* const most = sum + w_;
    bool begun = false;
    for (int64_t l = first; l < end;) {
      const int64_t k0 = l % line_.length, n = std::min({together_, line_.length - k0, end - l});
      const Walk walk(reduced_, l / line_.length);
      const char* const from = at + (walk.at(0) + k0 * line_.stride[0]) * in_.size;
      if (!direct_) load_lines(in_, call_.compute, from, n, w, line_.stride[0], lanes_.stride[0], room, spare);
      const T* const x = direct_ ? reinterpret_cast<const T*>(from) : tile;
      const int64_t step = direct_ ? line_.stride[0] : w;
      std::copy(x, x + w, most);
      for (int64_t k = 1; k < n; ++k) {
        if (direct_ && k + kAhead < n)
          for (int64_t b = 0; b < w; b += kAlignment / static_cast<int64_t>(sizeof(T)))
            __builtin_prefetch(x + (k + kAhead) * step + b);
        Row<T>::map(which(), w, most, most, x + k * step);
      }
      if constexpr (std::is_floating_point_v<T>) {
        if (exponentials()) {
          T* const off = reinterpret_cast<T*>(spare);
          T* const e = off + w;
          for (int64_t i = 0; i < w; ++i) off[i] = base(most[i]);
          std::fill(sum, sum + w, T{});
          for (int64_t k = 0; k < n; ++k) {
            Row<T>::map(Map::ExpOfDifference, w, e, x + k * step, off);
            Row<T>::map(Map::Add, w, sum, sum, e);
          }
        }
      }
      for (int64_t i = 0; i < w; ++i) {
        const State<T> own{most[i], exponentials() ? static_cast<double>(sum[i]) : 0};
        if (!begun) {
          state[i] = own;
        } else if (exponentials()) {
          join(state[i], own);
        }
      }
      if (begun && !exponentials()) join_lines(w, state, most, sum);
      begun = true;
      l += n;
    }
  }

  void join_lines(int64_t w, State<T>* state, const T* most, T* room) const {
    for (int64_t i = 0; i < w; ++i) room[i] = state[i].most;
    Row<T>::map(which(), w, room, room, most);
    for (int64_t i = 0; i < w; ++i) state[i].most = room[i];
  }

  void write(int64_t result, const State<T>* state, char* room) const {
    const Walk kept(kept_, result / blocks_);
    const int64_t block = result % blocks_, w = lanes_of(block);
    T* const value = reinterpret_cast<T*>(room);
    for (int64_t i = 0; i < w; ++i) {
      value[i] = state[i].most;
      if constexpr (std::is_floating_point_v<T>) {
        if (exponentials() && finite(state[i].most))
          value[i] = static_cast<T>(static_cast<double>(state[i].most) + std::log(state[i].sum * p_.multiplier));
      }
    }
    out_.row(w, room, 1, c_ + (kept.at(kOut) + block * w_ * lanes_.stride[kOut]) * out_.size,
             across_ ? lanes_.stride[kOut] : 1);
  }

  const ReduceCall& call_;
  const Problem& p_;
  const Mover in_;
  Mover out_;
  const char* at_;
  char* c_;
  Axes reduced_, kept_;
  Axis line_{1, {0, 0, 0, 0}}, lanes_{1, {0, 0, 0, 0}};
  bool across_ = false, direct_ = false;
  int64_t w_ = 1, blocks_ = 1, pieces_ = 1, lines_ = 1, part_ = 1, parts_ = 1, together_ = 1;
};

}  // namespace

int32_t run_reduction(const ReduceCall& call) {
  const bool whole = call.compute == DType::I32 || call.compute == DType::I64;
  if (!is_computed(call.compute) || (whole && call.what == Reduction::LogSumExp)) return EINBLAS_INVALID_ARGUMENT;
  std::vector<int64_t> strides(call.x.strides, call.x.strides + call.axes);
  strides.insert(strides.end(), call.out.strides, call.out.strides + call.outer);
  strides.resize(2 * static_cast<size_t>(call.axes));
  const Problem p =
      normalise(call.compute, 1, call.axes, call.outer, call.lengths, strides.data(), /*invariant=*/false);
  if (p.empty_output) return EINBLAS_OK;
  if (p.empty_sum) return EINBLAS_INVALID_ARGUMENT;  // of nothing there is no largest
  return visit_computed(call.compute, [&](auto of) { return Reducer<typename decltype(of)::Type>(call, p).run(); });
}

}  // namespace einblas
