// Driver: permutation (unary, nothing summed) whose operand runs fastest along another axis than the output.
//
// C[o] = alpha * X[o] + beta * C[o]. The axes are cut into tiles whose rows, in X and in C, fill several cache lines
// each; planes of a tile are transposed in registers. Results larger than the caches are put together in a buffer and
// leave it with non-temporal stores. Assumes nothing of the strides; planes without two unit strides go element by
// element.
#include <algorithm>
#include <cstdlib>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/kernel.hpp"
#include "step/permute_rows.hpp"

namespace einblas {
namespace {

// A tile's rows: short ones leave lines half used and DRAM pages half read. Measured for 200 MB transposes on one
// thread, ms: 64 out and 64 elements in 13.8, 256 and 64 8.2, 256 and 128 8.1, 1024 and 64 8.1, 1024 and 128 9.0.
Tunable out_elements{"PERMUTE_OUT", 256, 8, 1 << 16, "elements of a tile's row in the output"};
Tunable in_bytes{"PERMUTE_IN", 512, 64, 1 << 20, "bytes of a tile's row in the operand"};
Tunable tile_elements{"PERMUTE_TILE", 8192, 64, 1 << 20, "elements of a tile at least"};
// Of the next tile lines are asked for beside this one's work, which ends with a task: few, long tasks.
Tunable task_bytes{"PERMUTE_TASK", 4 << 20, 1 << 10, 1 << 30, "bytes that a task writes"};
constexpr int64_t kLine = 64;
constexpr int64_t kShrunkRow = 64;          // elements of a tile's row in the output where memory is short
constexpr int64_t kLanes = 16;              // of the widest vector: tiles begin on a line where rows do
constexpr int64_t kCachedTask = 128 << 10;  // the same where the caches hold the result

struct Dim {
  int64_t length, x, c;  // strides in the operand and in the output
  int64_t block = 1;     // length of a tile
  int64_t s = 0;         // stride in the buffer

  int64_t tiles() const { return ceil_div(length, block); }
};

// Lets blocks grow along the axes of falling closeness in one tensor (stride given by `member`) until a tile's rows
// have `target` elements there.
void grow(std::vector<Dim>& dims, int64_t Dim::*member, int64_t target) {
  std::vector<Dim*> near;
  near.reserve(dims.size());
  for (Dim& d : dims) near.push_back(&d);
  std::stable_sort(near.begin(), near.end(),
                   [&](const Dim* a, const Dim* b) { return std::abs(a->*member) < std::abs(b->*member); });
  int64_t row = 1;
  for (Dim* d : near) {
    if (row >= target) return;
    const int64_t wanted = std::max(d->block, ceil_div(target, row));
    d->block = ceil_div(d->length, std::max<int64_t>(1, d->length / wanted));
    row *= d->block;
  }
}

int64_t volume(const std::vector<Dim>& dims) {
  int64_t v = 1;
  for (const Dim& d : dims) v *= d.block;
  return v;
}

// Where a tile is written: the output, the output past the caches in whole lines, or a buffer that leaves later.
enum class Target { Output, PastCaches, Buffer };

template <class T>
class PermutePlan final : public KernelPlan {
 public:
  explicit PermutePlan(const Problem& p) : shrinks_(p.shrinks) {
    for (const Axis& a : p.outer) dims_.push_back({a.length, a.stride[0], a.stride[kOut]});
    to_ = dims_.size() - 1;
    from_ = to_;
    for (size_t d = 0; d < dims_.size(); ++d)
      if (dims_[d].x != 0 && std::abs(dims_[d].x) < std::abs(dims_[from_].x)) from_ = d;
    if (from_ == to_) from_ = to_ - 1;  // forced: one axis is the fastest of both; a plane needs two
    bytes_ = p.outer_elements() * static_cast<int64_t>(sizeof(T));
    kernels_ = &kernel_table().typed<T>();
    cut();
    units_ = dims_[to_].c == 1 && dims_[from_].x == 1;
    lay_out_buffer();
  }

  int32_t run(const Call& call) const noexcept override {
    const bool streaming = streaming_ && call.beta == 0;
    const Target target = !streaming                                                    ? Target::Output
                          : direct_ && reinterpret_cast<uintptr_t>(call.c) % kLine == 0 ? Target::PastCaches
                                                                                        : Target::Buffer;
    const int64_t tasks = ceil_div(tiles_, per_task_);
    const int threads = useful_threads(call.threads, tasks, static_cast<double>(bytes_) / speed::kPermuteBytes);
    const Workspace buffers(target == Target::Buffer ? buffer_ * static_cast<int64_t>(sizeof(T)) : 0, threads);
    if (!buffers.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      T* buffer = target == Target::Buffer ? reinterpret_cast<T*>(buffers.of(worker)) : nullptr;
      const int64_t end = std::min(tiles_, (task + 1) * per_task_);
      for (int64_t t = task * per_task_; t < end; ++t) tile(call, t, t + 1 < end ? t + 1 : -1, buffer, target);
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    std::string s = std::to_string(tiles_) + " tiles of ";
    for (size_t d = 0; d < dims_.size(); ++d) s += (d == 0 ? "" : "x") + std::to_string(dims_[d].block);
    s += units_ ? ", transposed in registers" : ", element by element";
    return s + (streaming_ ? ", non-temporal stores of " + std::to_string(segment_) + " elements" : "");
  }
  int64_t workspace_bytes() const override { return buffer_ * static_cast<int64_t>(sizeof(T)); }

 private:
  // Tiles, and the order in which they are walked.
  void cut() {
    const int64_t least = shrunk(tile_elements, shrinks_, 64), out = shrunk(out_elements, shrinks_, kShrunkRow);
    grow(dims_, &Dim::c, out);
    grow(dims_, &Dim::x, shrunk(in_bytes, shrinks_, kLine) / static_cast<int64_t>(sizeof(T)));
    for (int64_t row = out; volume(dims_) < least && row < least; row *= 2) grow(dims_, &Dim::c, row);
    Dim& fastest = dims_[to_];
    if (fastest.block < fastest.length) fastest.block = std::min(fastest.length, round_up(fastest.block, kLanes));
    tiles_ = 1;
    for (size_t d = 0; d < dims_.size(); ++d) {
      tiles_ *= dims_[d].tiles();
      if (dims_[d].tiles() > 1) order_.push_back(d);
      if (dims_[d].block > 1 && d != to_ && d != from_) planes_.push_back(d);
    }
    // As the operand lies: reading in order is worth more than writing in order (8.1 against 9.1 ms).
    std::stable_sort(order_.begin(), order_.end(),
                     [&](size_t a, size_t b) { return std::abs(dims_[a].x) > std::abs(dims_[b].x); });
    const int64_t wanted = bytes_ >= stream_from ? task_bytes : kCachedTask;
    per_task_ = std::max<int64_t>(1, wanted / (volume(dims_) * static_cast<int64_t>(sizeof(T))));
  }

  // The buffer holds a tile in the output's order: segments contiguous in C, each at a pitch that spreads the sets
  // of L1.
  void lay_out_buffer() {
    segment_ = 1;
    size_t d = dims_.size();
    while (d > 0 && dims_[d - 1].c == segment_) {
      Dim& a = dims_[--d];
      a.s = segment_;
      segment_ *= a.block;
      if (a.block < a.length) break;
    }
    joined_ = d;
    buffer_ = (segment_ + 15) / 16 * 16 + 16;
    for (; d > 0; --d) {
      dims_[d - 1].s = buffer_;
      if (dims_[d - 1].block > 1) rows_.push_back(d - 1);
      buffer_ *= dims_[d - 1].block;
    }
    streaming_ = bytes_ >= stream_from && shrinks_ < kMostShrinks && segment_ * static_cast<int64_t>(sizeof(T)) >= 256;
    direct_ = streaming_ && units_ && kernel_table().vector_bytes == kLine;
    for (size_t i = 0; i < dims_.size(); ++i)
      direct_ &= i == to_ || dims_[i].c * static_cast<int64_t>(sizeof(T)) % kLine == 0;
    if (!streaming_) buffer_ = 0;
  }

  // Lengths of a tile, and where it begins.
  struct Place {
    int64_t n[kMaxWalkAxes], x = 0, c = 0;
  };
  Place place(int64_t index) const {
    Place p;
    for (size_t d = 0; d < dims_.size(); ++d) p.n[d] = dims_[d].block;
    for (size_t o = order_.size(); o-- > 0;) {
      const Dim& d = dims_[order_[o]];
      const int64_t start = index % d.tiles() * d.block;
      index /= d.tiles();
      p.n[order_[o]] = std::min(d.block, d.length - start);
      p.x += start * d.x;
      p.c += start * d.c;
    }
    return p;
  }

  void tile(const Call& call, int64_t index, int64_t after, T* buffer, Target target) const {
    const Place p = place(index);
    const T* x = reinterpret_cast<const T*>(call.x[0]);
    T* c = reinterpret_cast<T*>(call.c) + p.c;
    const T alpha = factor<T>(call.alpha), beta = factor<T>(call.beta);
    const int64_t ahead = after >= 0 && bytes_ >= stream_from ? place(after).x - p.x : 0;
    x += p.x;
    if (buffer == nullptr) return planes(0, p.n, x, c, target, alpha, beta, ahead);
    planes(0, p.n, x, buffer, target, T{1}, T{0}, ahead);
    int64_t line = 1;
    for (size_t d = joined_; d < dims_.size(); ++d) line *= p.n[d];
    lines(rows_.size(), p.n, line, c, buffer, alpha);
  }

  // Every plane of the tile, at the level'th of the axes around them.
  void planes(size_t level, const int64_t* n, const T* x, T* to, Target target, T alpha, T beta, int64_t ahead) const {
    const bool buffered = target == Target::Buffer;
    if (level < planes_.size()) {
      const Dim& d = dims_[planes_[level]];
      const int64_t step = buffered ? d.s : d.c;
      for (int64_t i = 0; i < n[planes_[level]]; ++i)
        planes(level + 1, n, x + i * d.x, to + i * step, target, alpha, beta, ahead);
      return;
    }
    const Dim &t = dims_[to_], &f = dims_[from_];
    const int64_t across = buffered ? f.s : f.c;
    if (units_)
      return kernels_->transpose_tile(n[to_], n[from_], to, across, x, t.x, alpha, beta,
                                      ahead == 0 ? nullptr : x + ahead, target == Target::PastCaches);
    const int64_t along = buffered ? t.s : t.c;
    for (int64_t q = 0; q < n[from_]; ++q) {
      if (beta != 0 && beta != 1) {  // rounded as elsewhere
        const int64_t stride[4] = {t.x, 0, 0, along};
        const T* from[3] = {x + q * f.x, nullptr, nullptr};
        const int step[3] = {1, 0, 0};
        kernels_->product_lines(1, n[to_], stride, 1, to + q * across, from, step, alpha, beta, 0);
        continue;
      }
      for (int64_t i = 0; i < n[to_]; ++i) {
        T& out = to[q * across + i * along];
        const T v = alpha * x[q * f.x + i * t.x];
        out = beta == 0 ? v : v + out;
      }
    }
  }

  // Buffered segments to the output; rows_ lists the axes between segments, the fastest first.
  void lines(size_t level, const int64_t* n, int64_t line, T* c, const T* from, T alpha) const {
    if (level > 1) {
      const Dim& d = dims_[rows_[level - 1]];
      for (int64_t i = 0; i < n[rows_[level - 1]]; ++i) lines(level - 1, n, line, c + i * d.c, from + i * d.s, alpha);
      return;
    }
    const Dim none{1, 0, 0};
    const Dim& d = rows_.empty() ? none : dims_[rows_[0]];
    const int64_t stride[4] = {d.s, 0, 0, d.c};
    const T* const x[3] = {from, nullptr, nullptr};
    const int step[3] = {1, 0, 0};
    kernels_->product_lines(1, rows_.empty() ? 1 : n[rows_[0]], stride, line, c, x, step, alpha, T{0}, 1);
  }

  const int shrinks_;
  std::vector<Dim> dims_;     // in the output's order, fastest last
  size_t to_ = 0, from_ = 0;  // the fastest axis of the output, and of the operand
  std::vector<size_t> order_, planes_, rows_;
  size_t joined_ = 0;  // axes from here on lie in a segment
  int64_t bytes_ = 0, tiles_ = 1, per_task_ = 1, segment_ = 1, buffer_ = 0;
  bool units_ = false, streaming_ = false, direct_ = false;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) {
  return p.operands == 1 && p.reduced.empty() && p.outer.size() > 1 && p.outer.size() < kMaxWalkAxes;
}

// Some other axis lies closer together in the operand than the output's fastest one.
bool suits(const Problem& p) {
  const int64_t line = std::abs(p.outer.back().stride[0]);
  return line != 0 && std::any_of(p.outer.begin(), p.outer.end() - 1,
                                  [&](const Axis& a) { return a.stride[0] != 0 && std::abs(a.stride[0]) < line; });
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (!applies(p) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  if (auto rows = permute_rows(p)) return rows;
  return make_typed<PermutePlan>(p);
}

}  // namespace

extern const KernelEntry kPermuteKernel;
const KernelEntry kPermuteKernel = {"permute", plan};

}  // namespace einblas
