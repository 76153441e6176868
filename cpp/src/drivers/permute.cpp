// Driver: permutation (unary, nothing summed) whose operand runs fastest along another axis than the output.
//
// C[o] = alpha * X[o] + beta * C[o]. The axes are cut into tiles whose rows, in X and in C, fill several cache lines
// each; planes of a tile are transposed in registers. Results larger than the caches are put together in a buffer and
// leave it with non-temporal stores. Assumes nothing of the strides; planes without two unit strides go element by
// element.
#include <algorithm>
#include <cstdlib>

#include "../dispatch.hpp"
#include "../kernel.hpp"
#include "../memory.hpp"
#include "../threads.hpp"
#include "../tuning.hpp"
#include "../walk.hpp"
#include "einblas.h"

namespace einblas {
namespace {

Tunable row_elements{"PERMUTE_ROW", 128, 8, 1 << 16, "elements of a tile's row, in the operand and in the output"};
Tunable tile_elements{"PERMUTE_TILE", 8192, 64, 1 << 20, "elements of a tile at least"};
Tunable task_bytes{"PERMUTE_TASK", 256 << 10, 1 << 10, 1 << 30, "bytes that a task writes"};
Tunable x_order{"PERMUTE_ORDER", 1, 1, 2, "x"};

struct Dim {
  int64_t length, x, c;  // strides in the operand and in the output
  int64_t block = 1;     // length of a tile
  int64_t s = 0;         // stride in the buffer

  int64_t tiles() const { return (length + block - 1) / block; }
};

// Lets blocks grow along the axes of falling closeness in one tensor (stride given by `member`) until a tile's rows
// have `target` elements there.
void grow(std::vector<Dim>& dims, int64_t Dim::*member, int64_t target) {
  std::vector<Dim*> near;
  for (Dim& d : dims) near.push_back(&d);
  std::stable_sort(near.begin(), near.end(),
                   [&](const Dim* a, const Dim* b) { return std::abs(a->*member) < std::abs(b->*member); });
  int64_t row = 1;
  for (Dim* d : near) {
    if (row >= target) return;
    const int64_t wanted = std::max(d->block, (target + row - 1) / row);
    const int64_t tiles = std::max<int64_t>(1, d->length / wanted);
    d->block = (d->length + tiles - 1) / tiles;
    row *= d->block;
  }
}

int64_t volume(const std::vector<Dim>& dims) {
  int64_t v = 1;
  for (const Dim& d : dims) v *= d.block;
  return v;
}

template <class T>
class PermutePlan final : public KernelPlan {
 public:
  explicit PermutePlan(const Problem& p) {
    for (const Axis& a : p.outer) dims_.push_back({a.length, a.stride[0], a.stride[kOut]});
    to_ = dims_.size() - 1;
    from_ = to_;
    for (size_t d = 0; d < dims_.size(); ++d)
      if (dims_[d].x != 0 && std::abs(dims_[d].x) < std::abs(dims_[from_].x)) from_ = d;
    bytes_ = p.outer_elements() * static_cast<int64_t>(sizeof(T));
    kernels_ = &kernel_table().typed<T>();
    cut();
    units_ = dims_[to_].c == 1 && dims_[from_].x == 1;
    lay_out_buffer();
  }

  int32_t run(const Call& call) const noexcept override {
    const bool streaming = streaming_ && call.beta == 0;
    const int64_t tasks = (tiles_ + per_task_ - 1) / per_task_;
    const int threads = useful_threads(call.threads, tasks, static_cast<double>(bytes_) / 10);
    const Workspace buffers(streaming ? buffer_ * static_cast<int64_t>(sizeof(T)) : 0, threads);
    if (!buffers.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      T* buffer = streaming ? reinterpret_cast<T*>(buffers.of(worker)) : nullptr;
      for (int64_t t = task * per_task_; t < std::min(tiles_, (task + 1) * per_task_); ++t) tile(call, t, buffer);
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
    const int64_t least = tile_elements;
    grow(dims_, &Dim::c, row_elements);
    grow(dims_, &Dim::x, row_elements);
    for (int64_t row = row_elements; volume(dims_) < least && row < least; row *= 2) grow(dims_, &Dim::c, row);
    tiles_ = 1;
    for (size_t d = 0; d < dims_.size(); ++d) {
      tiles_ *= dims_[d].tiles();
      if (dims_[d].tiles() > 1) order_.push_back(d);
      if (dims_[d].block > 1 && d != to_ && d != from_) planes_.push_back(d);
    }
    if (x_order == 2)
      std::stable_sort(order_.begin(), order_.end(),
                       [&](size_t a, size_t b) { return std::abs(dims_[a].x) > std::abs(dims_[b].x); });
    per_task_ = std::max<int64_t>(1, task_bytes / (volume(dims_) * static_cast<int64_t>(sizeof(T))));
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
    streaming_ = bytes_ >= stream_from && segment_ * static_cast<int64_t>(sizeof(T)) >= 256;
    if (!streaming_) buffer_ = 0;
  }

  void tile(const Call& call, int64_t index, T* buffer) const {
    int64_t n[kMaxWalkAxes], x_at = 0, c_at = 0;
    for (size_t d = 0; d < dims_.size(); ++d) n[d] = dims_[d].block;
    for (size_t o = order_.size(); o-- > 0;) {
      const Dim& d = dims_[order_[o]];
      const int64_t start = index % d.tiles() * d.block;
      index /= d.tiles();
      n[order_[o]] = std::min(d.block, d.length - start);
      x_at += start * d.x;
      c_at += start * d.c;
    }
    const T* x = reinterpret_cast<const T*>(call.x[0]) + x_at;
    T* c = reinterpret_cast<T*>(call.c) + c_at;
    const T alpha = static_cast<T>(call.alpha), beta = static_cast<T>(call.beta);
    if (buffer == nullptr) return planes(0, n, x, c, false, alpha, beta);
    planes(0, n, x, buffer, true, T{1}, T{0});
    int64_t line = 1;
    for (size_t d = joined_; d < dims_.size(); ++d) line *= n[d];
    lines(rows_.size(), n, line, c, buffer, alpha);
  }

  // Every plane of the tile, at the level'th of the axes around them.
  void planes(size_t level, const int64_t* n, const T* x, T* to, bool buffered, T alpha, T beta) const {
    if (level < planes_.size()) {
      const Dim& d = dims_[planes_[level]];
      const int64_t step = buffered ? d.s : d.c;
      for (int64_t i = 0; i < n[planes_[level]]; ++i)
        planes(level + 1, n, x + i * d.x, to + i * step, buffered, alpha, beta);
      return;
    }
    const Dim &t = dims_[to_], &f = dims_[from_];
    const int64_t across = buffered ? f.s : f.c;
    if (units_) return kernels_->transpose_tile(n[to_], n[from_], to, across, x, t.x, alpha, beta);
    const int64_t along = buffered ? t.s : t.c;
    for (int64_t q = 0; q < n[from_]; ++q)
      for (int64_t i = 0; i < n[to_]; ++i) {
        T& out = to[q * across + i * along];
        const T v = alpha * x[q * f.x + i * t.x];
        out = beta == 0 ? v : v + beta * out;
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

  std::vector<Dim> dims_;     // in the output's order, fastest last
  size_t to_ = 0, from_ = 0;  // the fastest axis of the output, and of the operand
  std::vector<size_t> order_, planes_, rows_;
  size_t joined_ = 0;  // axes from here on lie in a segment
  int64_t bytes_ = 0, tiles_ = 1, per_task_ = 1, segment_ = 1, buffer_ = 0;
  bool units_ = false, streaming_ = false;
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

std::unique_ptr<KernelPlan> make(const Problem& p) {
  if (p.dtype == DType::F32) return std::make_unique<PermutePlan<float>>(p);
  return std::make_unique<PermutePlan<double>>(p);
}

}  // namespace

extern const KernelEntry kPermuteKernel;
const KernelEntry kPermuteKernel = {"permute", applies, suits, make};

}  // namespace einblas
