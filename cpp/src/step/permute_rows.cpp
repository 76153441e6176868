// Driver: permutation past the caches whose rows are long on both sides.
//
// C[o] = alpha * X[o] + beta * C[o]. Axes side by side in C are walked as one, its rows; axes side by side in X as
// another, its columns. So the permutation is a batch of transposed matrices, whose rows are found by offsets. Tiles of
// them are transposed in registers and leave by whole lines with non-temporal stores, wherever C's rows begin: what two
// tiles share of a line waits in a vector. Assumes a vector of one line, and unit strides on both sides.
#include "step/permute_rows.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/offsets.hpp"
#include "layout/walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int64_t kMost = 1024;  // rows and columns of a tile at most: their offsets lie on the stack
// 5000 x 5000 F32, one thread, ms: 512 elements and 128 bytes 8.3, 256 and 128 8.1, 256 and 64 9.5, 256 and 256 8.5,
// 1024 and 128 8.9; tiles through a buffer 13.2.
Tunable out_elements{"PERMUTE_ROWS_OUT", 512, 16, kMost, "elements of a tile's row in the output, long rows"};
Tunable in_bytes{"PERMUTE_ROWS_IN", 128, 64, 4096, "bytes of a tile's row in the operand, long rows"};
Tunable panel_bytes{"PERMUTE_ROWS_PANEL", 1024, 64, 1 << 20, "bytes of the operand's rows that a task walks down"};
constexpr int64_t kTaskBytes = 4 << 20;  // few, long tasks: lines are asked for ahead within a task
constexpr int64_t kLine = 64;
constexpr int64_t kLanes = 16;      // of the widest vector: tiles begin on a line where rows do
constexpr int64_t kLongRow = 2048;  // bytes of C's rows, whose two ends are seldom whole lines
// Bytes of X's rows: of 280 (70 F32) it takes 15 ms where tiles in a buffer take 13.
constexpr int64_t kLongLine = 1024;

// One side of the matrix: its axes, the fastest last, and how its length is cut into chunks of blocks.
struct Side {
  Axes axes;
  int64_t length = 1, block = 1, chunk = 1;

  void add(const Axis& a) {
    axes.insert(axes.begin(), a);
    length *= a.length;
  }
  void cut(int64_t most_block, int64_t most_chunk) {
    block = std::min(length, even_part(length, std::min(most_block, kMost), kLanes));
    block = std::min(block, kMost);
    chunk = block * std::max<int64_t>(1, most_chunk / block);
    chunk = block * ceil_div(even_part(length, chunk), block);
  }
  int64_t chunks() const { return ceil_div(length, chunk); }
  int64_t blocks() const { return chunk / block; }  // of a chunk
};

template <class T>
class PermuteRows final : public KernelPlan {
 public:
  explicit PermuteRows(const Problem& p) : shrinks_(p.shrinks), outer_(p.outer), bytes_(p.outer_elements() * kSize) {
    kernels_ = &kernel_table().typed<T>();
    take_sides();
    cut();
  }

  bool suits() const {
    return units_ && bytes_ >= stream_from && kernel_table().vector_bytes == kLine &&
           rows_.length * kSize >= kLongRow && columns_.length * kSize >= kLongLine;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = ceil_div(items_, per_task_);
    const int threads = useful_threads(call.threads, tasks, static_cast<double>(bytes_) / speed::kPermuteBytes);
    const Workspace carry(call.beta == 0 ? workspace_bytes() : 0, threads);
    if (!carry.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      const int64_t end = std::min(items_, (task + 1) * per_task_);
      if (call.beta != 0) return walk(call, task * per_task_, end, nullptr);
      with_room(carry, worker, [&](char* room) { walk(call, task * per_task_, end, reinterpret_cast<T*>(room)); });
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return std::to_string(elements(outer_)) + " matrices of " + std::to_string(columns_.length) + "x" +
           std::to_string(rows_.length) + ", tiles of " + std::to_string(columns_.block) + "x" +
           std::to_string(rows_.block) + ", transposed in registers, non-temporal stores";
  }
  int64_t workspace_bytes() const override { return beyond_stack(columns_.chunk * kLine); }

 private:
  static constexpr int64_t kSize = static_cast<int64_t>(sizeof(T));

  void take(Side& side, size_t d) {
    side.add(outer_[d]);
    outer_.erase(outer_.begin() + static_cast<std::ptrdiff_t>(d));
  }
  // The axis of what is left that continues `length` elements side by side in a tensor; -1 where there is none.
  int next(int64_t length, int tensor) const {
    for (size_t d = 0; d < outer_.size(); ++d)
      if (outer_[d].stride[tensor] == length) return static_cast<int>(d);
    return -1;
  }
  // The axes of both sides, the shorter side first.
  void take_sides() {
    size_t to = outer_.size() - 1, from = to;
    const auto x = [&](size_t d) { return std::abs(outer_[d].stride[0]); };
    for (size_t d = 0; d < outer_.size(); ++d)
      if (x(d) != 0 && x(d) < x(from)) from = d;
    if (from == to) return;  // forced: one axis is the fastest of both
    take(rows_, to);
    take(columns_, from);
    units_ = rows_.axes[0].stride[kOut] == 1 && columns_.axes[0].stride[0] == 1;
    while (units_) {
      const int r = next(rows_.length, kOut), c = next(columns_.length, 0);
      if (r < 0 && c < 0) break;
      if (r >= 0 && (c < 0 || rows_.length <= columns_.length)) {
        take(rows_, static_cast<size_t>(r));
      } else {
        take(columns_, static_cast<size_t>(c));
      }
    }
    std::stable_sort(outer_.begin(), outer_.end(),
                     [](const Axis& a, const Axis& b) { return std::abs(a.stride[0]) > std::abs(b.stride[0]); });
  }

  void cut() {
    columns_.cut(in_bytes / kSize, shrunk(panel_bytes, shrinks_, 1) / kSize);
    rows_.cut(out_elements, std::max(int64_t{out_elements}, kTaskBytes / kSize / columns_.chunk));
    items_ = elements(outer_) * rows_.chunks() * columns_.chunks();
    per_task_ = std::max<int64_t>(1, kTaskBytes / (rows_.chunk * columns_.chunk * kSize));
  }

  // A tile, and where it lies. Offsets of its rows in X are kept while they stay the same.
  struct Tile {
    int64_t i = 0, ni = 0, q = 0, nq = 0, x = 0, c = 0;
    bool first = false, last = false;
    const int64_t* from = nullptr;
  };
  struct Offsets {
    int64_t first = -1, count = 0, at[kMost];
  };

  // False where the last chunks have less tiles.
  bool locate(int64_t index, Tile* t) const {
    const int64_t blocks = rows_.blocks() * columns_.blocks();
    int64_t item = index / blocks;
    const int64_t block = index % blocks;
    const int64_t i = block / columns_.blocks() * rows_.block, q = block % columns_.blocks() * columns_.block;
    t->q = item % columns_.chunks() * columns_.chunk + q;
    item /= columns_.chunks();
    const int64_t start = item % rows_.chunks() * rows_.chunk;
    const int64_t end = std::min(rows_.length, start + rows_.chunk);
    item /= rows_.chunks();
    t->i = start + i;
    t->ni = std::min(rows_.block, end - t->i);
    t->nq = std::min(columns_.block, columns_.length - t->q);
    if (t->ni <= 0 || t->nq <= 0) return false;
    t->first = i == 0;
    t->last = t->i + t->ni == end;
    t->x = offset_of(outer_, 0, item);
    t->c = offset_of(outer_, kOut, item) + t->i * rows_.axes.back().stride[kOut];
    return true;
  }

  // The next tile of [index, end) from index on; returns the index behind it, or 0 where there is none.
  int64_t advance(int64_t index, int64_t end, Tile* t, Offsets* free, const Offsets* used) const {
    while (index < end && !locate(index, t)) ++index;
    if (index >= end) return 0;
    if (used->first == t->i && used->count >= t->ni) {
      t->from = used->at;
    } else {
      if (free->first != t->i || free->count < t->ni) {
        fill_offsets(rows_.axes, 0, t->i, t->ni, free->at);
        free->first = t->i;
        free->count = t->ni;
      }
      t->from = free->at;
    }
    return index + 1;
  }

  void walk(const Call& call, int64_t first, int64_t last, T* carry) const {
    const int64_t blocks = rows_.blocks() * columns_.blocks();
    Offsets offsets[2];
    Tile tile, after;
    int64_t next = advance(first * blocks, last * blocks, &after, &offsets[0], &offsets[1]);
    while (next > 0) {
      tile = after;
      const int used = tile.from == offsets[0].at ? 0 : 1;
      next = advance(next, last * blocks, &after, &offsets[1 - used], &offsets[used]);
      transpose(call, tile, next > 0 ? &after : nullptr, carry);
    }
  }

  void transpose(const Call& call, const Tile& t, const Tile* after, T* carry) const {
    int64_t to[kMost];
    fill_offsets(columns_.axes, kOut, t.q, t.nq, to);
    TransposeRows<T> rows{};
    rows.ni = t.ni;
    rows.nq = t.nq;
    rows.to = reinterpret_cast<T*>(call.c) + t.c;
    rows.to_offset = to;
    rows.from = reinterpret_cast<const T*>(call.x[0]) + t.x + t.q;
    rows.from_offset = t.from;
    rows.alpha = factor<T>(call.alpha);
    rows.beta = factor<T>(call.beta);
    if (after != nullptr) {
      rows.ahead = reinterpret_cast<const T*>(call.x[0]) + after->x + after->q;
      rows.ahead_offset = after->from;
      rows.ahead_rows = after->ni;
    }
    if (carry != nullptr) rows.carry = carry + t.q % columns_.chunk * (kLine / kSize);
    rows.first = t.first ? 1 : 0;
    rows.last = t.last ? 1 : 0;
    kernels_->transpose_rows(&rows);
  }

  const int shrinks_;
  Axes outer_;           // around the matrices
  Side rows_, columns_;  // axes side by side in C, and in X
  int64_t bytes_ = 0, items_ = 1, per_task_ = 1;
  bool units_ = false;
  const TypedKernels<T>* kernels_;
};

}  // namespace

std::unique_ptr<KernelPlan> permute_rows(const Problem& p) {
  return visit_computed(p.dtype, [&](auto of) -> std::unique_ptr<KernelPlan> {
    auto plan = std::make_unique<PermuteRows<typename decltype(of)::Type>>(p);
    if (!plan->suits()) return nullptr;
    return plan;
  });
}

}  // namespace einblas
