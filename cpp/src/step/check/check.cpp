// Checks of integers: whether a step's result, as whole numbers, fits into the type of its output.
//
// Error of the step in F64: an operand is rounded at most once, and a sum of T products of p operands, in any order,
// each product and addition rounded, is off by at most (T + 2 p) u / (1 - (T + 2 p) u) times the sum of the products'
// magnitudes, u = 2^-53 (Higham, Accuracy and Stability, 3.1).
#include "step/check/check.hpp"

#include <algorithm>
#include <atomic>
#include <type_traits>
#include <utility>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/offsets.hpp"
#include "layout/walk.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

using Whole128 = unsigned __int128;  // modulo 2^128, as sums are whose result fits

constexpr int64_t kPieceElements = 4 << 20;  // of a result in F64, 32 MB
constexpr int64_t kLeastElements = 256;      // a smaller piece is no better than plain loops
constexpr int64_t kScanElements = 1 << 13;   // of a task that compares
constexpr int64_t kScanTerms = 1 << 16;      // of a task of plain loops
constexpr double kUnit = 0x1p-53;
constexpr double kSlack = 0x1p-46;     // of all else that is rounded: factors, what is added, borders
constexpr double kMostTerms = 0x1p40;  // beyond, F64 is not asked
constexpr double kNanos = 1;           // of an element that is compared

template <class S>
S times_of(const Wide& w) {
  if constexpr (std::is_same_v<S, Wide>) {
    return w;
  } else {
    return static_cast<S>(static_cast<Whole128>(w.word[1]) << 64 | w.word[0]);
  }
}
template <class S>
S number(int64_t v) {
  if constexpr (std::is_same_v<S, Wide>) {
    return Wide(v);
  } else {
    return static_cast<S>(static_cast<__int128>(v));
  }
}

}  // namespace

struct Check::Bound {
  bool proven = false;    // everything fits
  bool in_words = false;  // sums have 64 bits
  bool in_pairs = false;  // sums and results have 128
  double error = 0;       // of a result in F64; less than half of the range where that is worth asking
  bool near = false;      // whether it is
};

Check::Check(CheckedStep step, int64_t bytes) : s_(std::move(step)) {
  Axes outer;
  for (const Axis& a : s_.outer) {
    empty_output_ |= a.length == 0;
    if (a.length != 1) outer.push_back(a);
  }
  s_.outer = outer;
  for (const Axis& a : s_.reduced) {
    if (a.length == 0) empty_sum_ = true;
    if (a.length == 1) continue;
    const bool own = std::any_of(a.stride, a.stride + kMaxOperands, [](int64_t stride) { return stride != 0; });
    if (own) {
      summed_.push_back(a);
      terms_ *= static_cast<double>(a.length);
      continue;
    }
    Wide most;
    most.word[2] = 1;
    if (!beyond_) times_ = times_ * Wide(a.length);
    beyond_ |= most < times_;
    if (beyond_) times_ = most;
  }
  Axes all = s_.outer;
  all.insert(all.end(), summed_.begin(), summed_.end());
  for (int t = 0; t < 4; ++t) {
    size_[t] = size_of(s_.held[t]);
    read_[t] = integer_reader(s_.held[t]);
    own_[t] = OwnAxes(all, t);
  }
  const Bounds range = range_of(s_.held[kOut]);
  range_ = {range.low, range.high};
  if (empty_output_) return;
  outputs_ = elements(s_.outer);
  if (!empty_sum_) cut(bytes);
}

void Check::cut(int64_t bytes) {
  if (s_.operands < 1 || s_.operands > 2 || terms_ > kMostTerms) return;
  const int64_t most = std::min(kPieceElements, bytes / 4 / int64_t{sizeof(double)});
  if (most < std::min(kLeastElements, outputs_)) return;
  int64_t behind = outputs_;
  chunk_ = 1;
  for (axis_ = 0; axis_ < s_.outer.size(); ++axis_) {
    behind /= s_.outer[axis_].length;
    if (behind > most) continue;
    chunk_ = std::min(s_.outer[axis_].length, most / behind);
    break;
  }
  const int64_t room = bytes == INT64_MAX ? bytes : bytes - bytes / 4;
  whole_ = piece(chunk_, room);
  if (axis_ < s_.outer.size()) rest_ = piece(s_.outer[axis_].length % chunk_, room);
  if (memory(1) <= bytes) return;
  chunk_ = 0;  // no kernel is that small
  whole_ = Piece();
  rest_ = Piece();
}

Check::Piece Check::piece(int64_t length, int64_t bytes) const {
  Piece made;
  if (length == 0) return made;
  Axes axes(s_.outer.begin() + static_cast<std::ptrdiff_t>(axis_), s_.outer.end());
  if (!axes.empty()) axes[0].length = length;
  made.elements = 1;
  for (size_t a = axes.size(); a-- > 0;) {
    axes[a].stride[kOut] = made.elements;
    made.elements *= axes[a].length;
  }
  const int outer = static_cast<int>(axes.size());
  axes.insert(axes.end(), summed_.begin(), summed_.end());
  std::vector<int64_t> lengths, strides;
  for (const Axis& a : axes) lengths.push_back(a.length);
  for (int t = 0; t < s_.operands; ++t)
    for (const Axis& a : axes) strides.push_back(a.stride[t]);
  for (const Axis& a : axes) strides.push_back(a.stride[kOut]);
  Problem& p = made.problem;
  p = normalise(DType::F64, s_.operands, static_cast<int>(axes.size()), outer, lengths.data(), strides.data(), false);
  p.mixed = true;
  for (int t = 0; t < 4; ++t) p.held[t] = t < s_.operands ? s_.held[t] : DType::F64;
  made.plan = choose(p, nullptr, bytes).plan;
  return made;
}

int64_t Check::memory(int threads) const {
  int64_t most = 0;
  for (const Piece* p : {&whole_, &rest_})
    if (p->plan != nullptr) most = std::max(most, memory_of(*p->plan, threads));
  return chunk_ == 0 ? 0 : most + round_up(whole_.elements * int64_t{sizeof(double)}, kAlignment);
}

Check::Bound Check::bound(const CheckedRun& run) const noexcept {
  Bound b;
  Interval sums{0, 0}, old{0, 0};
  if (reads(run)) {
    sums = {1, 1};
    for (int t = 0; t < s_.operands; ++t) {
      const Bounds own = bounds_of(s_.held[t], own_[t], run.x[t], run.threads);
      sums = sums * Interval{own.low, own.high};
    }
    for (const Axis& a : summed_) sums = sums * Interval{a.length, a.length};
  }
  if (run.beta != 0) {
    const Bounds own = bounds_of(s_.held[kOut], own_[kOut], run.c, run.threads);
    old = {own.low, own.high};
  }
  const Wide alpha = static_cast<int64_t>(run.alpha), beta = static_cast<int64_t>(run.beta), factor = alpha * times_;
  const Interval scaled = sums * Interval{factor, factor}, kept = old * Interval{beta, beta}, result = scaled + kept;
  b.proven = inside(result, range_);
  if (b.proven) return b;
  Wide most;
  most.word[1] = uint64_t{1} << 62;
  const Wide word = INT64_MAX;
  b.in_words = !(word < magnitude_of(sums));
  b.in_pairs = magnitude_of(sums) < most && magnitude_of(scaled) < most && magnitude_of(kept) < most;
  const double size = magnitude(magnitude_of(scaled)), width = magnitude(range_.high + -range_.low);
  b.error =
      (1.01 * (terms_ + 2 * s_.operands) * kUnit + kSlack) * size + kSlack * (magnitude(magnitude_of(kept)) + width);
  b.near = reads(run) && chunk_ > 0 && 2 * b.error < width;
  return b;
}

template <class S>
S Check::sum(const CheckedRun& run, size_t axis, const int64_t* at) const noexcept {
  if (axis == summed_.size()) {
    S product = number<S>(1);
    for (int t = 0; t < s_.operands; ++t) product = product * number<S>(read_[t](run.x[t] + at[t] * size_[t]));
    return product;
  }
  const Axis& a = summed_[axis];
  int64_t here[kMaxOperands] = {at[0], at[1], at[2]};
  S all = number<S>(0);
  for (int64_t i = 0; i < a.length; ++i) {
    all = all + sum<S>(run, axis + 1, here);
    for (int t = 0; t < kMaxOperands; ++t) here[t] += a.stride[t];
  }
  return all;
}

template <class S>
S Check::element(const CheckedRun& run, int64_t index) const noexcept {
  int64_t at[kMaxOperands] = {0, 0, 0};
  if (!reads(run)) return number<S>(0);
  for (int t = 0; t < s_.operands; ++t) at[t] = offset_of(s_.outer, t, index);
  return sum<S>(run, 0, at);
}

bool Check::value(const CheckedRun& run, int64_t index, Wide& v) const noexcept {
  const Wide sum = element<Wide>(run, index);
  v = sum * times_ * Wide(static_cast<int64_t>(run.alpha));
  if (run.beta != 0) {
    const int64_t old = read_[kOut](run.c + offset_of(s_.outer, kOut, index) * size_[kOut]);
    v = v + Wide(old) * Wide(static_cast<int64_t>(run.beta));
  }
  return !beyond_ || (!(sum < Wide(0)) && !(Wide(0) < sum));
}

bool Check::fits(const CheckedRun& run, const Bound& b, int64_t index) const noexcept {
  if (!b.in_pairs) {
    Wide v;
    value(run, index, v);
    return inside({v, v}, range_);
  }
  const Whole128 all = b.in_words ? number<Whole128>(static_cast<int64_t>(element<uint64_t>(run, index)))
                                  : element<Whole128>(run, index);
  Whole128 v = all * times_of<Whole128>(times_) * number<Whole128>(static_cast<int64_t>(run.alpha));
  if (run.beta != 0) {
    const int64_t old = read_[kOut](run.c + offset_of(s_.outer, kOut, index) * size_[kOut]);
    v += number<Whole128>(old) * number<Whole128>(static_cast<int64_t>(run.beta));
  }
  const __int128 whole = static_cast<__int128>(v);
  return whole >= static_cast<__int128>(times_of<Whole128>(range_.low)) &&
         whole <= static_cast<__int128>(times_of<Whole128>(range_.high));
}

int64_t Check::scan(const CheckedRun& run, const Bound& b, int64_t from, int64_t count,
                    const double* near) const noexcept {
  const int64_t own =
      near != nullptr
          ? kScanElements
          : std::max<int64_t>(1, kScanTerms / std::max<int64_t>(1, static_cast<int64_t>(std::min(terms_, 1e15))));
  const int64_t tasks = ceil_div(count, own);
  const double nanos = static_cast<double>(count) * (near != nullptr ? kNanos : terms_ * speed::kLoopNanos);
  const double factor = run.alpha * magnitude(times_);
  const double low = (range_.low.negative() ? -magnitude(range_.low) : 0) + b.error,
               high = magnitude(range_.high) - b.error;
  std::atomic<int64_t> first{INT64_MAX};
  parallel_tasks(tasks, useful_threads(run.threads, tasks, nanos), [&](int64_t task, int) {
    const int64_t end = std::min(count, (task + 1) * own);
    if (from + task * own > first.load(std::memory_order_relaxed)) return;
    Walk at(s_.outer, from + task * own);
    for (int64_t i = task * own; i < end; ++i) {
      bool fine = false;
      if (near != nullptr) {
        double v = factor * near[i];
        if (run.beta != 0) v += run.beta * static_cast<double>(read_[kOut](run.c + at.at(kOut) * size_[kOut]));
        fine = v >= low && v <= high;
      }
      if (!fine && !fits(run, b, from + i)) {
        int64_t known = first.load();
        while (from + i < known && !first.compare_exchange_weak(known, from + i)) {
        }
        return;
      }
      if (run.beta != 0) at.next();
    }
  });
  const int64_t found = first.load();
  return found == INT64_MAX ? -1 : found;
}

int64_t Check::by_pieces(const CheckedRun& run, const Bound& b) const noexcept {
  const Workspace room(whole_.elements * int64_t{sizeof(double)}, 1);
  if (!room.ok()) return -2 - EINBLAS_OUT_OF_MEMORY;
  const bool cut = axis_ < s_.outer.size();
  const int64_t length = cut ? s_.outer[axis_].length : 1;
  for (int64_t done = 0; done < outputs_;) {
    const int64_t along = cut ? done / (whole_.elements / chunk_) % length : 0;
    const Piece& p = length - along < chunk_ ? rest_ : whole_;
    Call call{{nullptr, nullptr, nullptr},
              room.of(0) + p.problem.offset[kOut] * int64_t{sizeof(double)},
              p.problem.multiplier,
              0,
              run.threads};
    for (int t = 0; t < s_.operands; ++t)
      call.x[t] = run.x[t] + (offset_of(s_.outer, t, done) + p.problem.offset[t]) * size_[t];
    const int32_t status = p.plan->run(call);
    if (status != EINBLAS_OK) return -2 - status;
    const int64_t found = scan(run, b, done, p.elements, reinterpret_cast<const double*>(room.of(0)));
    if (found != -1) return found;
    done += p.elements;
  }
  return -1;
}

int64_t Check::first(const CheckedRun& run) const noexcept {
  if (empty_output_ || (!reads(run) && (run.beta == 0 || run.beta == 1))) return -1;
  const Bound b = bound(run);
  if (b.proven) return -1;
  return b.near ? by_pieces(run, b) : scan(run, b, 0, outputs_, nullptr);
}

}  // namespace einblas
