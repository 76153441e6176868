// Driver: functions of elements.
//
// Axes are folded and sorted by the output's strides. Elements go in tiles of two axes: the output's fastest one, and
// one along which an operand is faster, which is transposed in cache. What has the type in which the function computes
// and lies side by side is read and written where it lies; the rest passes scratch.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "einblas.h"
#include "layout/walk.hpp"
#include "map/lines.hpp"
#include "map/map.hpp"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"
#include "step/problem.hpp"

namespace einblas {
namespace {

constexpr int64_t kScratchElements = 1024;  // of a tile that passes scratch: four such lie in L1
constexpr int64_t kDirectElements = 8192;   // of a line that does not
constexpr int64_t kShortLine = 32;          // shorter ones are joined in scratch
constexpr int64_t kSide = 64;       // bytes of a line of memory: of what is transposed, no more is taken at a time
constexpr int64_t kAcross = 256;    // lines that are transposed into so long ones of the output
constexpr int64_t kRows = 16;       // that are transposed together
constexpr int64_t kStreamed = 512;  // shorter lines are not written past the caches
constexpr int64_t kTaskElements = 1 << 15;

class MapPlan {
 public:
  MapPlan(const MapCall& call, const Problem& p) : call_(call), arity_(arity_of(call.what)) {
    for (int t = 0; t < arity_; ++t) {
      at_[t] = call.x[t].at + p.offset[t] * size_of(call.x[t].dtype);
      in_[t] = Mover::in(call.x[t].dtype, call.compute, call.x[t].conjugated);
    }
    out_ = Mover::out(call.compute, call.out.dtype);
    c_ = call.out.at + p.offset[kOut] * out_.size;
    width_ = size_of(call.compute);
    run_ = map_run(call.what, call.compute);
    choose_axes(p);
    choose_tile(p);
  }

  int32_t run() const {
    const int64_t tiles = elements(rest_) * i_blocks_ * j_blocks_;
    const int64_t per_task = std::max<int64_t>(1, kTaskElements / (bi_ * bj_));
    const int64_t tasks = ceil_div(tiles, per_task);
    const double all = static_cast<double>(tiles) * static_cast<double>(bi_ * bj_);
    const int workers = useful_threads(call_.threads, tasks, all * nanos_of(call_.what, call_.compute));
    const Workspace own(scratch_, workers);
    if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, workers, [&](int64_t task, int worker) {
      int64_t tile = task * per_task;
      const int64_t end = std::min(tiles, tile + per_task);
      Walk walk(rest_, tile / (i_blocks_ * j_blocks_));
      for (; tile < end; ++tile) {
        const int64_t in = tile % (i_blocks_ * j_blocks_);
        run_tile(walk, in / j_blocks_ * bi_, in % j_blocks_ * bj_, own.of(worker));
        if (in == i_blocks_ * j_blocks_ - 1) walk.next();
      }
    });
    return EINBLAS_OK;
  }

 private:
  void choose_axes(const Problem& p) {
    rest_ = p.outer;
    if (rest_.empty()) return;
    j_ = rest_.back();
    rest_.pop_back();
    if (rest_.empty()) return;
    size_t other = rest_.size();
    for (int t = 0; t < arity_ && other == rest_.size(); ++t) {
      if (std::abs(j_.stride[t]) <= 1) continue;
      for (size_t a = 0; a < rest_.size(); ++a)
        if (std::abs(rest_[a].stride[t]) == 1) other = a;
    }
    across_ = other < rest_.size();
    if (!across_) other = rest_.size() - 1;
    i_ = rest_[other];
    rest_.erase(rest_.begin() + static_cast<std::ptrdiff_t>(other));
  }

  void choose_tile(const Problem& p) {
    by_line_ = j_.length >= kShortLine || i_.length == 1;
    bool scratch = !direct_out();
    for (int t = 0; t < arity_; ++t) scratch |= !fixed(t) && !direct_in(t);
    if (across_) {
      bi_ = std::min(i_.length, kSide / size_of(call_.compute));
      bj_ = std::min(j_.length, kAcross);
    } else {
      bj_ = std::min(j_.length, scratch ? kScratchElements : kDirectElements);
      bi_ = std::min(i_.length, std::max<int64_t>(1, (scratch ? kScratchElements : kDirectElements) / bj_));
    }
    i_blocks_ = ceil_div(i_.length, bi_);
    j_blocks_ = ceil_div(j_.length, bj_);
    room_ = round_up(bi_ * bj_ * width_, kAlignment) + kAlignment;
    if (scratch) scratch_ = room_ * (arity_ + 1);
    bool in_place = false;
    for (int t = 0; t < arity_; ++t) in_place |= call_.x[t].at == call_.out.at;
    past_caches_ = !in_place && direct_out() && (by_line_ ? bj_ : bi_ * bj_) >= kStreamed &&
                   p.outer_elements() * out_.size >= stream_from;
  }

  bool fixed(int t) const { return j_.stride[t] == 0 && i_.stride[t] == 0; }
  // One value for each line.
  bool by_row(int t) const { return by_line_ && j_.stride[t] == 0; }
  // Whether short lines follow one another without a gap, so that a tile is one line.
  bool dense(int t) const { return j_.stride[t] == 1 && i_.stride[t] == j_.length; }
  bool direct_in(int t) const { return in_[t].same && (by_line_ ? j_.stride[t] == 1 : dense(t)); }
  bool direct_out() const { return out_.same && (by_line_ ? j_.stride[kOut] == 1 || j_.length == 1 : dense(kOut)); }

  // Rows of ni x nj elements side by side, from where operand t has them.
  void gather(int t, const char* from, int64_t ni, int64_t nj, char* to, char* spare) const {
    const int64_t si = i_.stride[t], sj = j_.stride[t];
    const Mover& m = in_[t];
    if (sj != 1 && sj != 0 && si == 1 && ni > 1) {
      if (m.same) {
        // A few rows at a time: where they lie a power of two apart, more would not stay in a set of L1.
        for (int64_t j = 0; j < nj; j += kRows)
          transpose(call_.compute, std::min(kRows, nj - j), ni, to + j * width_, nj, from + j * sj * m.size, sj);
        return;
      }
      for (int64_t j = 0; j < nj; ++j) m.row(ni, from + j * sj * m.size, 1, spare + j * ni * width_, 1);
      return transpose(call_.compute, nj, ni, to, nj, spare, ni);
    }
    if (!by_line_ && dense(t)) {
      m.row(ni * nj, from, 1, to, 1);
    } else if (!by_line_ && si == 0) {  // the same line again and again
      const size_t bytes = static_cast<size_t>(nj * width_), all = static_cast<size_t>(ni) * bytes;
      m.row(nj, from, sj, to, 1);
      for (size_t done = bytes; done < all;) {
        const size_t more = std::min(done, all - done);
        std::memcpy(to + done, to, more);
        done += more;
      }
    } else {
      for (int64_t i = 0; i < ni; ++i) m.row(nj, from + i * si * m.size, sj, to + i * nj * width_, 1);
    }
  }

  void run_tile(const Walk& walk, int64_t i0, int64_t j0, char* room) const {
    const int64_t ni = std::min(bi_, i_.length - i0), nj = std::min(bj_, j_.length - j0);
    const char* from[3] = {nullptr, nullptr, nullptr};
    alignas(16) char value[3][16];
    int step[3] = {0, 0, 0};
    int64_t by_i[3] = {0, 0, 0};
    const char* x[3] = {nullptr, nullptr, nullptr};
    char* const out_room = room == nullptr ? nullptr : room + arity_ * room_;
    for (int t = 0; t < arity_; ++t) {
      from[t] = at_[t] + (walk.at(t) + i0 * i_.stride[t] + j0 * j_.stride[t]) * in_[t].size;
      if (fixed(t)) {
        in_[t].row(1, from[t], 1, value[t], 1);
        x[t] = value[t];
      } else if (by_row(t)) {
        x[t] = value[t];
      } else {
        step[t] = 1;
        if (direct_in(t)) {
          x[t] = from[t];
          by_i[t] = i_.stride[t] * in_[t].size;
        } else {
          char* const to = room + t * room_;
          gather(t, from[t], ni, nj, to, out_room);
          x[t] = to;
          by_i[t] = nj * width_;
        }
      }
    }
    char* const c = c_ + (walk.at(kOut) + i0 * i_.stride[kOut] + j0 * j_.stride[kOut]) * out_.size;
    const bool direct = direct_out();
    char* to = direct ? c : out_room;
    const int64_t to_i = direct ? i_.stride[kOut] * out_.size : nj * width_;
    if (!by_line_) {
      run_(call_.what, ni * nj, to, x, step, call_.scalars, past_caches_ ? 1 : 0);
    } else {
      for (int64_t i = 0; i < ni; ++i) {
        for (int t = 0; t < arity_; ++t)
          if (by_row(t) && !fixed(t)) in_[t].row(1, from[t] + i * i_.stride[t] * in_[t].size, 1, value[t], 1);
        run_(call_.what, nj, to, x, step, call_.scalars, past_caches_ ? 1 : 0);
        to += to_i;
        for (int t = 0; t < arity_; ++t) x[t] += by_i[t];
      }
    }
    if (direct) return;
    if (!by_line_ && dense(kOut)) return void(out_.row(ni * nj, out_room, out_.parts, c, 1));
    for (int64_t i = 0; i < ni; ++i)
      out_.row(nj, out_room + i * nj * width_, out_.parts, c + i * i_.stride[kOut] * out_.size, j_.stride[kOut]);
  }

  const MapCall& call_;
  const int arity_;
  Axes rest_;
  Axis i_{1, {0, 0, 0, 0}}, j_{1, {0, 0, 0, 0}};
  bool across_ = false, by_line_ = true, past_caches_ = false;
  int64_t bi_ = 1, bj_ = 1, i_blocks_ = 1, j_blocks_ = 1;
  int64_t width_ = 0, room_ = 0, scratch_ = 0;
  Mover in_[3], out_;
  const char* at_[3] = {nullptr, nullptr, nullptr};
  char* c_ = nullptr;
  MapRun run_ = nullptr;
};

}  // namespace

int32_t run_map(const MapCall& call) {
  const int arity = arity_of(call.what);
  if (map_run(call.what, call.compute) == nullptr) return EINBLAS_INVALID_ARGUMENT;
  std::vector<int64_t> strides;
  for (int t = 0; t < arity; ++t) strides.insert(strides.end(), call.x[t].strides, call.x[t].strides + call.axes);
  strides.insert(strides.end(), call.out.strides, call.out.strides + call.axes);
  const Problem p =
      normalise(call.compute, arity, call.axes, call.axes, call.lengths, strides.data(), /*invariant=*/false);
  if (p.empty_output) return EINBLAS_OK;
  return MapPlan(call, p).run();
}

}  // namespace einblas
