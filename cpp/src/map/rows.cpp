// Driver: functions of rows. A row is taken whole: where it lies, or gathered into scratch; where rows are short or lie
// across the fast axis, several of them, as lines across the rows.
#include <algorithm>
#include <cmath>
#include <cstdlib>
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

constexpr int64_t kShort = 32;              // shorter rows are worked on across
constexpr int64_t kLanes = 256;             // rows that are worked on together
constexpr int64_t kAhead = 8;               // lines that are asked for, where they lie far apart
constexpr int64_t kLeastLanes = 64;         // of long rows: whole lines of memory, and the time of a call is little
constexpr int64_t kTileElements = 1 << 16;  // of rows worked on across: what F32 has of them lies in L2
constexpr int64_t kTaskElements = 1 << 15;  // some 10 us, beside which handing a task out is little

int tensors_of(RowFunction what) {
  return what == RowFunction::SoftmaxGradient || what == RowFunction::LayerNormGradient ? 2 : 1;
}
bool finds(RowFunction what) { return what == RowFunction::ArgMost || what == RowFunction::ArgLeast; }

template <class T>
class Rows {
 public:
  Rows(const RowCall& call, const Problem& p, const int64_t* row_stride)
      : call_(call), n_(call.lengths[call.axes - 1]), tensors_(tensors_of(call.what)) {
    for (int t = 0; t < tensors_; ++t) {
      in_[t] = Mover::in(call.x[t].dtype, call.compute, call.x[t].conjugated);
      at_[t] = call.x[t].at + p.offset[t] * in_[t].size;
      along_[t] = row_stride[t];
    }
    out_ = finds(call.what) ? Mover::out(DType::I64, call.out.dtype) : Mover::out(call.compute, call.out.dtype);
    c_ = call.out.at + p.offset[kOut] * out_.size;
    along_[kOut] = row_stride[kOut];
    kept_ = p.outer;
    width_ = static_cast<int64_t>(sizeof(T));
    choose_lanes();
    lay_out();
  }

  int32_t run() const {
    const int64_t blocks = ceil_div(lanes_.length, w_), tiles = elements(kept_) * blocks;
    const int64_t per_task = std::max<int64_t>(1, kTaskElements / (n_ * w_));
    const int64_t tasks = ceil_div(tiles, per_task);
    const double nanos = call_.what == RowFunction::Softmax ? 2 : 1;
    const double all = static_cast<double>(tiles) * static_cast<double>(w_) * static_cast<double>(n_);
    const int workers = useful_threads(call_.threads, tasks, all * nanos);
    const Workspace own(room_, workers);
    const auto bytes_of = [&](const MapTensor& t) { return t.at == nullptr ? 0 : n_ * width_; };
    const Workspace weights(bytes_of(call_.weight), 1), biases(bytes_of(call_.bias), 1);
    if (!own.ok() || !weights.ok() || !biases.ok()) return EINBLAS_OUT_OF_MEMORY;
    const T* const weight = parameter(call_.weight, weights.of(0));
    const T* const bias = parameter(call_.bias, biases.of(0));
    parallel_tasks(tasks, workers, [&](int64_t task, int worker) {
      const int64_t end = std::min(tiles, (task + 1) * per_task);
      int64_t tile = task * per_task;
      Walk walk(kept_, tile / blocks);
      for (; tile < end; ++tile) {
        const int64_t block = tile % blocks;
        if (across_) {
          across(walk, block * w_, std::min(w_, lanes_.length - block * w_), own.of(worker));
        } else {
          along(walk, own.of(worker), weight, bias);
        }
        if (block == blocks - 1) walk.next();
      }
    });
    return EINBLAS_OK;
  }

 private:
  void choose_lanes() {
    if (call_.what == RowFunction::LayerNorm || call_.what == RowFunction::LayerNormGradient) return;
    size_t lane = kept_.size();
    for (size_t a = 0; a < kept_.size(); ++a)
      if (std::abs(kept_[a].stride[0]) == 1) lane = a;
    if (lane == kept_.size() && n_ <= kShort && !kept_.empty()) lane = kept_.size() - 1;
    if (lane == kept_.size() || kept_[lane].length == 1 || (along_[0] == 1 && n_ > kShort)) return;
    across_ = true;
    lanes_ = kept_[lane];
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(lane));
    w_ = std::min({lanes_.length, kLanes, std::max(kLeastLanes, kTileElements / n_)});
  }

  // Places in scratch: rows or tiles of what does not lie as it is needed, and what the function needs.
  void lay_out() {
    const int64_t tile = round_up(n_ * w_ * width_, kAlignment) + kAlignment;
    const auto take = [&](int64_t bytes) {
      const int64_t at = room_;
      room_ += round_up(bytes, kAlignment);
      return at;
    };
    const auto lies = [&](int t) { return across_ ? lanes_.stride[t] == 1 : along_[t] == 1 || n_ == 1; };
    bool scratch = false;
    for (int t = 0; t < tensors_; ++t) {
      direct_[t] = in_[t].same && lies(t);
      at_room_[t] = direct_[t] ? 0 : take(tile);
      scratch |= !direct_[t];
    }
    direct_[kOut] = !finds(call_.what) && out_.same && lies(kOut);
    if (finds(call_.what)) {
      at_room_[kOut] = take(std::max(tile, w_ * 8));
    } else if (!direct_[kOut] || (across_ && scratch)) {
      at_room_[kOut] = take(tile);
    }
    if (across_) {
      spare_ = take(2 * round_up(w_ * 8, kAlignment));
    } else if (call_.what == RowFunction::LayerNormGradient) {
      spare_ = take(2 * n_ * width_);
    } else if (call_.what == RowFunction::SoftmaxGradient) {
      spare_ = take(kPiece * width_);
    }
  }

  const T* parameter(const MapTensor& t, char* room) const {
    if (t.at == nullptr) return nullptr;
    convert_row(t.dtype, call_.compute, false)(n_, t.at, t.strides[0], room, 1);
    return reinterpret_cast<const T*>(room);
  }

  const char* place(const Walk& walk, int t, int64_t lane) const {
    return at_[t] + (walk.at(t) + lane * lanes_.stride[t]) * in_[t].size;
  }
  char* target(const Walk& walk, int64_t lane) const {
    return c_ + (walk.at(kOut) + lane * lanes_.stride[kOut]) * out_.size;
  }

  void along(const Walk& walk, char* room, const T* weight, const T* bias) const {
    const T* x[2] = {nullptr, nullptr};
    for (int t = 0; t < tensors_; ++t) {
      const char* const from = place(walk, t, 0);
      if (!direct_[t]) in_[t].row(n_, from, along_[t], room + at_room_[t], 1);
      x[t] = reinterpret_cast<const T*>(direct_[t] ? from : room + at_room_[t]);
    }
    char* const c = target(walk, 0);
    if (finds(call_.what)) {
      if constexpr (!kIsComplex<T>) {
        const int64_t at = first_place(n_, x[0], call_.what == RowFunction::ArgLeast);
        out_.row(1, reinterpret_cast<const char*>(&at), 1, c, 1);
      }
      return;
    }
    T* const to = reinterpret_cast<T*>(direct_[kOut] ? c : room + at_room_[kOut]);
    T* const spare = reinterpret_cast<T*>(room + spare_);
    if constexpr (std::is_floating_point_v<T>) {
      switch (call_.what) {
        case RowFunction::Softmax:
          Row<T>::softmax(n_, x[0], to);
          break;
        case RowFunction::SoftmaxGradient:
          Row<T>::softmax_gradient(n_, x[0], x[1], to, spare);
          break;
        case RowFunction::LayerNorm:
          Row<T>::layer_norm(n_, x[0], weight, bias, call_.scalar, to);
          break;
        case RowFunction::LayerNormGradient:
          Row<T>::layer_norm_gradient(n_, x[0], x[1], weight, call_.scalar, to, spare);
          break;
        default:
          sums_up_to(n_, x[0], to);
      }
    } else {
      sums_up_to(n_, x[0], to);
    }
    if (!direct_[kOut]) out_.row(n_, reinterpret_cast<const char*>(to), 1, c, along_[kOut]);
  }

  void store(const Walk& walk, int64_t lane, int64_t w, const T* lines, char* spare) const {
    const char* const tile = reinterpret_cast<const char*>(lines);
    char* const c = target(walk, lane);
    const int64_t sl = lanes_.stride[kOut], sr = along_[kOut];
    if (sr == 1 && sl != 1 && out_.same) return transpose(call_.compute, n_, w, c, sl, tile, w);
    if (sr == 1 && sl != 1 && spare != nullptr) {
      transpose(call_.compute, n_, w, spare, n_, tile, w);
      for (int64_t i = 0; i < w; ++i) out_.row(n_, spare + i * n_ * width_, 1, c + i * sl * out_.size, 1);
      return;
    }
    for (int64_t k = 0; k < n_; ++k) out_.row(w, tile + k * w * width_, 1, c + k * sr * out_.size, sl);
  }

  // Lines across rows: where they lie or in scratch, `step` numbers apart.
  struct Lines {
    T* at;
    int64_t step;
    T* operator[](int64_t k) const { return at + k * step; }
  };
  Lines lines(const Walk& walk, int t, int64_t lane, int64_t w, char* room, char* spare) const {
    if (direct_[t]) return {reinterpret_cast<T*>(const_cast<char*>(place(walk, t, lane))), along_[t]};
    load_lines(in_[t], call_.compute, place(walk, t, lane), n_, w, along_[t], lanes_.stride[t], room + at_room_[t],
               spare);
    return {reinterpret_cast<T*>(room + at_room_[t]), w};
  }

  void across(const Walk& walk, int64_t lane, int64_t w, char* room) const {
    char* const spare = room + at_room_[kOut];
    const Lines x = lines(walk, 0, lane, w, room, spare);
    T* const line = reinterpret_cast<T*>(room + spare_);
    if (finds(call_.what)) {
      if constexpr (!kIsComplex<T>) {
        places(w, x, reinterpret_cast<int64_t*>(spare), line);
        out_.row(w, spare, 1, target(walk, lane), lanes_.stride[kOut]);
      }
      return;
    }
    const Lines dy = tensors_ > 1 ? lines(walk, 1, lane, w, room, spare) : x;
    // The result goes over what was gathered of the operand, or, where the output is direct, there.
    const Lines out = direct_[kOut] ? Lines{reinterpret_cast<T*>(target(walk, lane)), along_[kOut]}
                      : direct_[0]  ? Lines{reinterpret_cast<T*>(room + at_room_[kOut]), w}
                                    : x;
    function(w, x, dy, out, line, reinterpret_cast<double*>(room + spare_ + round_up(w_ * 8, kAlignment)));
    if (!direct_[kOut]) store(walk, lane, w, out.at, out.at == x.at ? spare : nullptr);
  }

  // Lines far apart in memory: the processor does not see them coming.
  void ask_ahead(const Lines& x, int64_t k, int64_t w) const {
    if (k + kAhead >= n_) return;
    const char* const from = reinterpret_cast<const char*>(x[k + kAhead]);
    for (int64_t b = 0; b < w * width_; b += kAlignment) __builtin_prefetch(from + b);
  }

  void function(int64_t w, const Lines& x, const Lines& dy, const Lines& out, T* line, double* sum) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (call_.what == RowFunction::Softmax) {
        std::copy(x[0], x[0] + w, line);
        for (int64_t k = 1; k < n_; ++k) {
          ask_ahead(x, k, w);
          Row<T>::map(Map::Maximum, w, line, line, x[k]);
        }
        for (int64_t k = 0; k < n_; ++k) Row<T>::map(Map::ExpOfDifference, w, out[k], x[k], line);
        add_lines(w, out, nullptr, line, sum);
        for (int64_t i = 0; i < w; ++i) line[i] = static_cast<T>(1 / sum[i]);
        for (int64_t k = 0; k < n_; ++k) Row<T>::map(Map::Multiply, w, out[k], out[k], line);
        return;
      }
      if (call_.what == RowFunction::SoftmaxGradient) {
        add_lines(w, x, &dy, line, sum);
        T part[kLanes];
        for (int64_t i = 0; i < w; ++i) line[i] = static_cast<T>(sum[i]);
        for (int64_t k = 0; k < n_; ++k) {
          Row<T>::map(Map::Subtract, w, part, dy[k], line);
          Row<T>::map(Map::Multiply, w, out[k], x[k], part);
        }
        return;
      }
    }
    if (out.at != x.at) std::copy(x[0], x[0] + w, out[0]);
    for (int64_t k = 1; k < n_; ++k) {
      ask_ahead(x, k, w);
      const T *const before = out[k - 1], *const from = x[k];
      T* const to = out[k];
      for (int64_t i = 0; i < w; ++i) {
        if constexpr (kIsComplex<T>) {
          to[i] = {before[i].re + from[i].re, before[i].im + from[i].im};
        } else {
          to[i] = before[i] + from[i];
        }
      }
    }
  }

  // sum[i] = the sum of lines, or of products of two, at i. part has room for a line.
  void add_lines(int64_t w, const Lines& x, const Lines* y, T* part, double* sum) const {
    std::fill(sum, sum + w, 0.0);
    for (int64_t k = 0; k < n_;) {
      std::fill(part, part + w, T{});
      for (const int64_t end = std::min(n_, k + kShort); k < end; ++k) {
        if (y == nullptr) {
          Row<T>::map(Map::Add, w, part, part, x[k]);
        } else {
          Row<T>::map(Map::MultiplyAdd, w, part, x[k], (*y)[k], part);
        }
      }
      for (int64_t i = 0; i < w; ++i) sum[i] += static_cast<double>(part[i]);
    }
  }

  void places(int64_t w, const Lines& x, int64_t* at, T* best) const {
    using S = std::conditional_t<std::is_same_v<T, uint32_t>, int32_t,
                                 std::conditional_t<std::is_same_v<T, uint64_t>, int64_t, T>>;
    const auto numbers = [&](int64_t k) { return reinterpret_cast<const S*>(x[k]); };
    S* const most = reinterpret_cast<S*>(best);
    const bool least = call_.what == RowFunction::ArgLeast;
    for (int64_t i = 0; i < w; ++i) {
      most[i] = numbers(0)[i];
      at[i] = 0;
    }
    for (int64_t k = 1; k < n_; ++k) {
      const S* const s = numbers(k);
      for (int64_t i = 0; i < w; ++i) {
        const S v = s[i];
        const bool better = most[i] == most[i] && (v != v || (least ? v < most[i] : v > most[i]));
        most[i] = better ? v : most[i];
        at[i] = better ? k : at[i];
      }
    }
  }

  const RowCall& call_;
  const int64_t n_;
  const int tensors_;
  Mover in_[2], out_;
  const char* at_[2] = {nullptr, nullptr};
  char* c_ = nullptr;
  int64_t along_[4] = {0, 0, 0, 0};
  Axes kept_;
  Axis lanes_{1, {0, 0, 0, 0}};
  bool across_ = false, direct_[4] = {false, false, false, false};
  int64_t w_ = 1, width_ = 0, room_ = 0, spare_ = 0, at_room_[4] = {0, 0, 0, 0};
};

template <class T>
int32_t rows_of(const RowCall& call, const Problem& p, const int64_t* row_stride) {
  return Rows<T>(call, p, row_stride).run();
}

}  // namespace

int32_t run_rows(const RowCall& given) {
  if (given.axes < 1) return EINBLAS_INVALID_ARGUMENT;
  const int last = given.axes - 1, tensors = tensors_of(given.what);
  RowCall call = given;
  std::vector<int64_t> lengths(given.lengths, given.lengths + given.axes);
  call.lengths = lengths.data();
  // One element again and again: the first is found, and no memory holds such a row.
  if (finds(call.what) && call.x[0].strides[last] == 0) lengths.back() = std::min<int64_t>(lengths.back(), 1);
  int64_t row_stride[4] = {0, 0, 0, 0};
  std::vector<int64_t> strides;
  for (int t = 0; t < tensors; ++t) {
    strides.insert(strides.end(), call.x[t].strides, call.x[t].strides + last);
    row_stride[t] = call.x[t].strides[last];
  }
  strides.insert(strides.end(), call.out.strides, call.out.strides + last);
  row_stride[kOut] = call.out.strides[last];
  const Problem p = normalise(call.compute, tensors, last, last, call.lengths, strides.data(), /*invariant=*/false);
  if (p.empty_output || (call.lengths[last] == 0 && !finds(call.what))) return EINBLAS_OK;
  if (call.lengths[last] == 0) return EINBLAS_INVALID_ARGUMENT;
  const bool any = call.what == RowFunction::CumulativeSum;
  switch (call.compute) {
    case DType::F32:
      return rows_of<float>(call, p, row_stride);
    case DType::F64:
      return rows_of<double>(call, p, row_stride);
    case DType::I32:
      return any || finds(call.what) ? rows_of<uint32_t>(call, p, row_stride) : EINBLAS_INVALID_ARGUMENT;
    case DType::I64:
      return any || finds(call.what) ? rows_of<uint64_t>(call, p, row_stride) : EINBLAS_INVALID_ARGUMENT;
    case DType::C64:
      return any ? rows_of<Complex<float>>(call, p, row_stride) : EINBLAS_INVALID_ARGUMENT;
    case DType::C128:
      return any ? rows_of<Complex<double>>(call, p, row_stride) : EINBLAS_INVALID_ARGUMENT;
    default:
      return EINBLAS_INVALID_ARGUMENT;
  }
}

}  // namespace einblas
