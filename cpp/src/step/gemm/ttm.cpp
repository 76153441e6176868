// Driver: a large tensor times a matrix that stays in cache (TTM); the tensor is read where it lies.
//
// C[o, r] = alpha * sum_k S[o, k] F[r, k] + beta * C: S is the tensor, F the factor. Vectors run along S's unit stride,
// an axis v of o, and F alone is packed. Where C has its unit stride on v, tiles write to C. Where it has it on another
// axis u of o, sums of as many u as fit wait in L2 and are transposed on the way out: C has fewer elements than S when
// r is shorter than k, and each is moved once. The packed gemm would transpose S. Loops: tasks of o, blocks of u,
// panels of v, depth, rows of F.
#include "step/gemm/ttm.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

#include "layout/offsets.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/sum_in_parts.hpp"

namespace einblas {
namespace {

// Of gemm's speed, one thread, F32 and F64: kji,jr->kri (300, 72, 72) with 8 rows 2.0, 4.2, 24 1.3, 2.1, 64 0.97, 1.3,
// 128 0.98, 1.2; ujv,jr->vru (200, 72, 200) with 8 rows 4.5, 6.9, 64 1.5, 2.0, 128 0.94, 1.4.
Tunable most_rows{"TTM_ROWS", 96, 1, 1 << 20, "rows of a factor from which on the tensor beside it is packed"};
// In L3. kmli,ljm->kji with axes of 72, a factor of 1.5 and 3 MB: 1.3 and 1.4 times gemm's speed.
Tunable factor_bytes{"TTM_FACTOR", 4 << 20, 1 << 10, int64_t{1} << 32,
                     "bytes of a factor beside which a tensor is read in place"};
// In L2: abkc,kj->cbja with axes of 72 and 24 rows, ms with a line of each row of C (110 KB), with whole rows (220 to
// 330 KB): F32 15.9, 14.2; F64 23.3, 22.4.
Tunable stage_bytes{"TTM_STAGE", 384 << 10, 1 << 12, 1 << 26, "bytes of sums that wait to be transposed, in L2"};
// kji,jr->kri with a tensor of 1.2 MB: 1.27 and 1.32 times gemm's speed.
Tunable from_bytes{"TTM_FROM", 1 << 20, 1, int64_t{1} << 40, "bytes of a tensor from which on it is read in place"};
Tunable task_flops{"TTM_TASK", 4000000, 1000, int64_t{1} << 40, "floating-point operations worth a task"};

constexpr int64_t kLine = 64;  // bytes
// Below, gemm_items is as fast where it can run: one axis of 20^4, 30^4, 40^4, 60^4 transformed, of its speed, F32 and
// F64: 0.9, 0.96; 0.8 to 1.1, 0.95 to 1.7; 1.0 to 2.4, 0.8 to 1.4; 1.1 to 1.3, 0.9 to 1.4.
constexpr int64_t kItemsDepth = 64, kItemsBytes = 8 << 20;
constexpr int64_t kTasks = 32;      // that balance any number of threads
constexpr int64_t kWay = 64 << 10;  // bytes of a way of L2: lines that far apart share a set
constexpr int64_t kWays = 8;        // that a panel may take; else it is copied: 32^5, 24 rows 1.8 times faster

int axis_at_unit(const Axes& axes, int t) {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i].stride[t] == 1) return static_cast<int>(i);
  return -1;
}

// A step as such a product.
struct TtmShape {
  int s = 0, f = 1;
  Axes batch, rest, rows, depth;  // rest: o without u and v
  Axis v{1, {0, 0, 0, 0}}, u{1, {0, 0, 0, 0}};
  bool turned = false;  // C's unit stride is on u
};

// False where the operand `s` cannot be the tensor.
bool shape_of(const Problem& p, int s, int64_t lanes, TtmShape* shape) {
  TtmShape& g = *shape;
  g = {};
  g.s = s;
  g.f = 1 - s;
  g.batch = p.batch;
  g.rest = s == 0 ? p.m : p.n;
  g.rows = s == 0 ? p.n : p.m;
  g.depth = p.k;
  const int v = axis_at_unit(g.rest, s);
  if (v < 0 || g.rest[static_cast<size_t>(v)].length < lanes) return false;
  g.v = g.rest[static_cast<size_t>(v)];
  g.rest.erase(g.rest.begin() + v);
  if (!ttm_depth(&g.depth, s)) return false;
  if (g.v.stride[kOut] == 1) return true;
  const int u = axis_at_unit(g.rest, kOut);
  if (u < 0) return false;
  g.turned = true;
  g.u = g.rest[static_cast<size_t>(u)];
  g.rest.erase(g.rest.begin() + u);
  return true;
}

// Whether so many lines, so many bytes apart, are more than their sets of L2 hold.
bool shares_sets(int64_t apart, int64_t lines) {
  return kWay / std::gcd(apart, kWay) * kWays < std::min(lines, kTtmMostDepth);
}

int64_t lanes_of(DType dtype) { return std::max<int64_t>(kernel_table().vector_bytes / size_of(dtype), 1); }

bool find_shape(const Problem& p, TtmShape* shape) {
  return ttm_tensor(p, [&](int s) { return shape_of(p, s, lanes_of(p.dtype), shape); });
}

template <class T>
class TtmPlan final : public KernelPlan {
 public:
  explicit TtmPlan(const Problem& p) : kernels_(&kernel_table().typed<T>()) {
    find_shape(p, &g_);
    w_ = kernel_table().vector_bytes / size();
    items_ = elements(g_.batch);
    rows_ = elements(g_.rows);
    depth_ = elements(g_.depth);
    step_ = g_.depth.back().stride[g_.s];
    kc_ = even_part(depth_, kTtmMostDepth);
    vectors_ = even_part(ceil_div(g_.v.length, w_), kernels_->gemm_vectors);
    mr_ = even_part(rows_, kernels_->gemm_rows[vectors_]);
    panels_ = ceil_div(g_.v.length, vectors_ * w_);
    row_at_.resize(static_cast<size_t>(rows_));
    fill_offsets(g_.rows, kOut, 0, rows_, row_at_.data());
    factor_row_at_.resize(static_cast<size_t>(rows_));
    fill_offsets(g_.rows, g_.f, 0, rows_, factor_row_at_.data());
    flops_ = 2.0 * static_cast<double>(p.outer_elements()) * static_cast<double>(depth_);
    cut();
    copies_ = shares_sets(std::abs(step_) * size(), kc_);
    streaming_ = w_ * size() == kLine && !g_.turned && kc_ >= depth_ && p.outer_elements() * size() >= stream_from &&
                 whole_lines();
  }

  int32_t run(const Call& call) const noexcept override {
    const int threads = useful_threads(call.threads, tasks_, flops_ / speed::kGemmFlops);
    const Workspace factor(shared_bytes(), 1), own(workspace_bytes(), threads);
    if (!factor.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* const packed = reinterpret_cast<T*>(factor.of(0));
    pack_factor(call, packed,
                useful_threads(call.threads, items_ * depth_blocks(),
                               static_cast<double>(items_ * rows_ * depth_) / speed::kPackElements));
    parallel_tasks(tasks_, threads,
                   [&](int64_t t, int worker) { task(call, packed, t, reinterpret_cast<T*>(own.of(worker))); });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "tensor times matrix " + std::to_string(rows_) + "x" + std::to_string(depth_) +
           (items_ > 1 ? " times " + std::to_string(items_) : "") + ", tile " + std::to_string(mr_) + "x" +
           std::to_string(vectors_ * w_) + ", depth " + std::to_string(kc_) + "; the tensor, operand " +
           std::to_string(g_.s) + ", read in place" +
           (g_.turned
                ? ", sums of " + std::to_string(block_) + " x " + std::to_string(chunk_) + " transposed on the way out"
                : "") +
           "; " + std::to_string(tasks_) + " tasks";
  }

  int64_t workspace_bytes() const override { return stage_elements() * size() + copy_elements() * size(); }
  int64_t shared_bytes() const override { return items_ * factor_elements() * size(); }

 private:
  static constexpr int64_t size() { return static_cast<int64_t>(sizeof(T)); }
  int64_t depth_blocks() const { return ceil_div(depth_, kc_); }
  int64_t factor_elements() const { return round_up(rows_, mr_) * depth_; }
  // Sums that wait: rows of the factor by a chunk of v, for each u. An odd number of lines apart: not in one set of L1.
  int64_t stage_row() const { return round_up(std::min(chunk_, g_.v.length), w_); }
  int64_t stage_step() const {
    const int64_t line = kLine / size(), lines = ceil_div(rows_ * stage_row(), line);
    return (lines + 1 - lines % 2) * line;
  }

  int64_t stage_elements() const { return g_.turned ? block_ * stage_step() : 0; }
  int64_t copy_elements() const { return copies_ ? kc_ * vectors_ * w_ : 0; }

  // Blocks of u, chunks of v and tasks.
  void cut() {
    // Whole rows of C where a panel of their sums fits, else a line of each.
    const bool whole = g_.u.length * rows_ * vectors_ * w_ * size() <= stage_bytes;
    block_ = whole ? g_.u.length : std::min(g_.u.length, kLine / size());
    chunk_ = panels_ * vectors_ * w_;
    if (g_.turned) {
      const int64_t most = stage_bytes / (block_ * rows_ * size());
      chunk_ = even_part(panels_, std::max<int64_t>(most / (vectors_ * w_), 1)) * vectors_ * w_;
    }
    const int64_t rest = elements(g_.rest) * items_;
    const int64_t wanted =
        std::clamp<int64_t>(static_cast<int64_t>(flops_ / static_cast<double>(task_flops)), 1, kTasks);
    const int64_t blocks = ceil_div(g_.u.length, block_);
    u_task_ = blocks;
    // Neighbouring blocks of u write to the same lines of C: they stay together as long as there are tasks without.
    const int64_t chunks = ceil_div(g_.v.length, chunk_);
    if (rest * chunks < wanted)
      chunk_ = even_part(panels_, std::max<int64_t>(panels_ * rest / wanted, 1)) * vectors_ * w_;
    chunks_ = ceil_div(g_.v.length, chunk_);
    if (rest * chunks_ < wanted) u_task_ = even_part(blocks, std::max<int64_t>(blocks * rest * chunks_ / wanted, 4));
    u_tasks_ = ceil_div(blocks, u_task_);
    const int64_t units = rest * chunks_ * u_tasks_;
    group_ = std::max<int64_t>(units / std::max<int64_t>(wanted, 4 * kTasks), 1);
    tasks_ = ceil_div(units, group_);
  }

  // Whether C is written in whole lines. Not where sums are transposed: a line each of rows that lie apart took 37 ms
  // past the caches instead of 22 (abkc,kj->cbja with axes of 72, F64).
  bool whole_lines() const {
    const int64_t line = kLine / size();
    if (g_.v.length % (vectors_ * w_) != 0) return false;
    for (const Axes* axes : {&g_.batch, &g_.rest, &g_.rows})
      for (const Axis& a : *axes)
        if (a.stride[kOut] % line != 0) return false;
    return g_.v.length % line == 0;
  }

  // For each item, block of depth and tile of rows: for each step of depth a tile's elements.
  void pack_factor(const Call& call, T* packed, int threads) const {
    parallel_tasks(items_ * depth_blocks(), threads, [&](int64_t t, int) {
      const int64_t item = t / depth_blocks(), p = t % depth_blocks() * kc_, kk = std::min(kc_, depth_ - p);
      const T* const x = reinterpret_cast<const T*>(call.x[g_.f]) + offset_of(g_.batch, g_.f, item);
      T* const block = packed + item * factor_elements() + p * round_up(rows_, mr_);
      for (int64_t q = 0; q < kk; ++q) {
        const T* const from = x + offset_of(g_.depth, g_.f, p + q);
        for (int64_t i = 0; i < rows_; i += mr_) {
          T* const to = block + i * kk + q * mr_;
          const int64_t rows = std::min(mr_, rows_ - i);
          for (int64_t r = 0; r < rows; ++r) to[r] = from[factor_row_at_[static_cast<size_t>(i + r)]];
        }
      }
    });
  }

  struct Item {
    const T *s, *factor;
    T* c;
    T alpha, beta;
    bool past_caches;
    T* copy;  // of a panel, or null
  };

  void task(const Call& call, const T* packed, int64_t t, T* room) const {
    const int64_t rest = elements(g_.rest), units = items_ * rest * chunks_ * u_tasks_;
    for (int64_t unit = t * group_; unit < std::min(units, (t + 1) * group_); ++unit) {
      const int64_t u0 = unit % u_tasks_ * u_task_ * block_, v0 = unit / u_tasks_ % chunks_ * chunk_;
      const int64_t o = unit / u_tasks_ / chunks_ % rest, item = unit / u_tasks_ / chunks_ / rest;
      const int64_t un = std::min(u_task_ * block_, g_.u.length - u0), vn = std::min(chunk_, g_.v.length - v0);
      const T* const s = reinterpret_cast<const T*>(call.x[g_.s]) + offset_of(g_.batch, g_.s, item) +
                         offset_of(g_.rest, g_.s, o) + u0 * g_.u.stride[g_.s];
      T* const c = reinterpret_cast<T*>(call.c) + offset_of(g_.batch, kOut, item) + offset_of(g_.rest, kOut, o) + u0;
      const Item x{s,
                   packed + item * factor_elements(),
                   c,
                   factor<T>(call.alpha),
                   factor<T>(call.beta),
                   streaming_ && call.beta == 0 && reinterpret_cast<uintptr_t>(c) % kLine == 0,
                   copies_ ? room + stage_elements() : nullptr};
      if (g_.turned) {
        turned(x, un, v0, vn, room);
      } else {
        strip(x, x.s, v0, vn, nullptr, nullptr);
      }
      if (x.past_caches) std::atomic_thread_fence(std::memory_order_seq_cst);
    }
  }

  // u in blocks, whose sums are transposed when they are complete.
  void turned(const Item& x, int64_t un, int64_t v0, int64_t vn, T* stage) const {
    for (int64_t i0 = 0; i0 < un; i0 += block_) {
      const int64_t in = std::min(block_, un - i0);
      for (int64_t i = i0; i < i0 + in; ++i) {
        const T* const s = x.s + i * g_.u.stride[g_.s];
        strip(x, s, v0, vn, stage + (i - i0) * stage_step(), i + 1 < un ? s + g_.u.stride[g_.s] : nullptr);
      }
      // All rows for a few v: those lie closer in C.
      for (int64_t q = 0; q < vn; q += w_)
        for (int64_t r = 0; r < rows_; ++r)
          kernels_->transpose_tile(
              in, std::min(w_, vn - q), x.c + row_at_[static_cast<size_t>(r)] + (v0 + q) * g_.v.stride[kOut] + i0,
              g_.v.stride[kOut], stage + r * stage_row() + q, stage_step(), x.alpha, x.beta, nullptr, false);
    }
  }

  // All rows of the factor times [v0, + vn) of one strip of S, into the stage or into C. The last panel is whole
  // vectors that end with the axis; where they would begin before it, only its last vector is. next: the strip whose
  // lines are asked for at the end, or null.
  void strip(const Item& x, const T* s, int64_t v0, int64_t vn, T* stage, const T* next) const {
    const int64_t width = vectors_ * w_, end = v0 + vn;
    for (int64_t j = v0; j < end; j += width) {
      const int64_t n = std::min(width, end - j), vectors = ceil_div(n, w_), from = j + n - vectors * w_;
      const T* ahead = j + width < end ? s + j + width : next == nullptr ? nullptr : next + v0;
      if (from >= 0) {
        panel(x, s + from, from, j - from, vectors, v0, stage, ahead);
      } else {
        const int64_t whole = n / w_ * w_;
        panel(x, s + j, j, 0, vectors - 1, v0, stage, ahead);
        panel(x, s + end - w_, end - w_, w_ - n + whole, 1, v0, stage, nullptr);
      }
    }
  }

  // One panel over all depth. again: its first lanes, which another panel has written.
  void panel(const Item& x, const T* s, int64_t at, int64_t again, int64_t vectors, int64_t v0, T* stage,
             const T* ahead) const {
    GemmRun runs[4];
    GemmColumns columns{};
    columns.runs = 1;
    columns.last = static_cast<int32_t>(w_);
    columns.start = stage != nullptr ? at - v0 : at;
    columns.run = runs;
    columns.past_caches = stage == nullptr && x.past_caches ? 1 : 0;
    if (again > 0 && (stage == nullptr || at < v0)) {
      columns.runs = static_cast<int32_t>(vectors);
      for (int32_t v = 0; v < vectors; ++v)
        runs[v] = {v, v == 0 ? static_cast<int32_t>(again) : 0, static_cast<int32_t>(w_), columns.start + v * w_};
      if (vectors == 1) runs[columns.runs++] = {0, static_cast<int32_t>(w_), static_cast<int32_t>(w_), columns.start};
    }
    for (int64_t p = 0; p < depth_; p += kc_) {
      const int64_t kk = std::min(kc_, depth_ - p);
      const T* const factor = x.factor + p * round_up(rows_, mr_);
      const T* b = s + p * step_;
      int64_t ldb = step_;
      if (x.copy != nullptr) {
        ldb = vectors * w_;
        for (int64_t q = 0; q < kk; ++q)
          std::memcpy(x.copy + q * ldb, b + q * step_, static_cast<size_t>(ldb * size()));
        b = x.copy;
      }
      for (int64_t i = 0; i < rows_; i += mr_) {
        const int64_t rows = std::min(mr_, rows_ - i);
        T* c[kGemmMostRows];
        for (int64_t r = 0; r < rows; ++r)
          c[r] = stage != nullptr ? stage + (i + r) * stage_row() : x.c + row_at_[static_cast<size_t>(i + r)];
        const T alpha = stage != nullptr ? T{1} : x.alpha, beta = p > 0 ? T{1} : stage != nullptr ? T{0} : x.beta;
        // Two lines in each step of depth, so the lines of a panel are asked for beside two tiles.
        const int64_t line = i / mr_ * 2;
        if (ahead != nullptr && line * kLine < (vectors_ * w_) * size()) {
          const char* lines = reinterpret_cast<const char*>(ahead + p * step_) + line * kLine;
          const GemmAhead asked{lines, kLine, step_ * size(), 0};
          kernels_->gemm_tile_ahead(static_cast<int>(rows), static_cast<int>(vectors), kk, factor + i * kk, 1, mr_, b,
                                    ldb, c, &columns, alpha, beta, &asked);
        } else {
          kernels_->gemm_tile(static_cast<int>(rows), static_cast<int>(vectors), kk, factor + i * kk, 1, mr_, b, ldb, c,
                              &columns, alpha, beta);
        }
      }
    }
  }

  const TypedKernels<T>* kernels_;
  TtmShape g_;
  int64_t w_, items_, rows_, depth_;
  int64_t step_;               // S's stride along depth
  int64_t kc_, vectors_, mr_;  // depth of a block; vectors and rows of a tile
  int64_t panels_;             // along v
  int64_t block_;              // of u, whose sums wait together
  int64_t chunk_, chunks_;     // of v: elements, and how many
  int64_t u_task_, u_tasks_;   // blocks of u in a task; tasks of them
  int64_t group_, tasks_;      // units in a task
  bool copies_;                // panels, whose lines share a few sets of the caches where they lie
  bool streaming_;
  double flops_;
  std::vector<int64_t> row_at_, factor_row_at_;  // offsets of C's and the factor's rows
};

// Whether reading in place pays. A matrix without another axis is gemm's, which can keep it packed; so is one whose
// lines share sets, unless it must be transposed too: 8 x 4096 x 4096 F32 by gemm 4.5 ms, packed before 2.6, so 7.3.
bool suits(const Problem& p, const TtmShape& g) {
  if (p.shrinks > 0) return false;
  const int64_t size = size_of(p.dtype), w = lanes_of(p.dtype), depth = elements(g.depth);
  const int64_t tensor = elements(g.batch) * elements(g.rest) * g.u.length * g.v.length * depth * size;
  const int64_t factor = elements(g.batch) * elements(g.rows) * depth * size;
  return ttm_worth(elements(g.rows), factor, tensor) && 10 * g.v.length >= 7 * round_up(g.v.length, w) &&
         (g.turned || (elements(g.rest) > 1 && !shares_sets(std::abs(g.depth.back().stride[g.s]) * size, depth) &&
                       (depth > kItemsDepth || tensor >= kItemsBytes)));
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  TtmShape g;
  if (!find_shape(p, &g)) return ttm_rows(p, asked);
  if (asked == Asked::InTurn && !suits(p, g)) return nullptr;
  return sum_in_parts(p, make_typed<TtmPlan>);
}

}  // namespace

bool ttm_depth(Axes* depth, int t) {
  std::stable_sort(depth->begin(), depth->end(),
                   [t](const Axis& x, const Axis& y) { return std::abs(x.stride[t]) > std::abs(y.stride[t]); });
  for (size_t i = 0; i + 1 < depth->size(); ++i)
    if ((*depth)[i].stride[t] != (*depth)[i + 1].stride[t] * (*depth)[i + 1].length) return false;
  return depth->back().stride[t] != 0;
}

bool ttm_worth(int64_t rows, int64_t factor, int64_t tensor) {
  return rows <= most_rows && factor <= factor_bytes && tensor >= from_bytes;
}

extern const KernelEntry kTtmKernel;
const KernelEntry kTtmKernel = {"ttm", plan};

}  // namespace einblas
