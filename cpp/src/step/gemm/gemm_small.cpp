// Driver: small products, one or a batch: no packing, no allocation, the batch loop inside the kernel.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C with one axis each for m, n and k, of any strides; any
// number of batch axes. Where B has no unit stride along n its items are packed one by one into a block on the stack.
#include <algorithm>
#include <utility>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/offsets.hpp"
#include "layout/panels.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/gemm/gemm_layout.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

// An item of more bytes is packed (step/gemm/gemm.cpp). On one thread, GFLOP/s in place / packed: F32 100 cubed 211 /
// 187, 128 249 / 234, 160 235 / 206; F64 64 123 / 100, 100 117 / 101, 128 119 / 110; a batch of 64 cubes in F64 110
// / 55.
Tunable item_bytes{"GEMM_SMALL_BYTES", 512 << 10, 64, 1 << 24, "bytes of one product from which on it is packed"};
// Items that are walked tile by tile together: half of a 48 KB L1.
Tunable group_bytes{"GEMM_SMALL_GROUP", 24 << 10, 64, 1 << 24, "bytes of the products that are walked together"};
// Items of one task: some 50 us of work.
Tunable task_flops{"GEMM_SMALL_TASK", 4000000, 1000, int64_t{1} << 40, "floating-point operations of a task"};

// B's items that have to be packed are at most so large.
constexpr int64_t kPackedBytes = 32 << 10;
constexpr int64_t kPackedLength = 128;
constexpr int64_t kLine = 64;
constexpr double kChunkFlops = 400e3;
constexpr int64_t kDepth = 2048;  // additions to one element one after the other: deeper items go in such parts
// Operands of fewer bytes stay in L2 from call to call.
constexpr int64_t kFarBytes = 1 << 20;
Tunable ahead_bytes{"GEMM_SMALL_AHEAD", 16384, 64, 1 << 20, "bytes before their turn that operands are asked for"};

template <class T>
class GemmSmallPlan final : public KernelPlan {
  static constexpr int64_t size_ = sizeof(T);

 public:
  GemmSmallPlan(const Problem& p, GemmLayout g) : g_(std::move(g)) {
    depth_ = p.invariant ? invariant_depth(elements(g_.k)) : kDepth;
    kernels_ = &kernel_table().typed<T>();
    const int64_t w = kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
    const Axis &m = g_.m[0], &n = g_.n[0], &k = g_.k[0];
    GemmSmall<T>& s = small_;
    s.m = m.length;
    s.n = n.length;
    s.k = k.length;
    s.rs = m.stride[g_.a];
    s.cs = k.stride[g_.a];
    s.ldb = k.stride[g_.b];
    s.ldc = m.stride[kOut];
    s.items = 1;
    s.a_item = s.b_item = s.c_item = 0;
    if (!g_.batch.empty()) {
      const Axis& inner = g_.batch.back();
      s.items = inner.length;
      s.a_item = inner.stride[g_.a];
      s.b_item = inner.stride[g_.b];
      s.c_item = inner.stride[kOut];
      outer_ = g_.batch;
      outer_.pop_back();
    }
    const int64_t vectors = ceil_div(s.n, w);
    s.vectors = static_cast<int32_t>(std::min<int64_t>(kernels_->gemm_vectors, vectors));
    if (s.vectors == 3 && vectors % 3 != 0) s.vectors = 2;
    const int64_t most = kernels_->gemm_rows[s.vectors];
    s.rows = even_part(s.m, most);
    const int64_t one_item = (s.m * s.k + s.k * s.n + s.m * s.n) * static_cast<int64_t>(sizeof(T));
    s.group = std::max<int64_t>(1, std::min(s.items, group_bytes / one_item));
    packs_ = n.stride[g_.b] != 1;
    padded_ = vectors * w;
    choose_tiny(n.stride[g_.b]);
    const int64_t all_items = s.items * elements(outer_);
    past_caches_ = all_items * s.m * s.n * size_ >= stream_from && whole_lines(w);
    // Items that come from beyond L2, in pieces that the hardware's prefetcher hardly follows (16 x 16 F32: 13 GB/s
    // without asking ahead, 46 with).
    s.ahead = one_item * all_items > kFarBytes ? std::max<int64_t>(1, ahead_bytes / one_item) : 0;
    if (s.ahead > 0 && s.m * s.n > s.rows * s.vectors * w) s.group = 1;
    const double flops = 2.0 * static_cast<double>(s.m * s.n) * static_cast<double>(s.k);
    const double all = flops * static_cast<double>(s.items) * static_cast<double>(elements(outer_));
    run_ = std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(task_flops) / flops), 1, s.items);
    // A memory-bound item takes longer than its flops: 20 GB/s as well as 100 GFLOP/s.
    run_ = std::min(run_, std::max<int64_t>(1, 1000000 / one_item));
    // Tiny items: a task begins on a line of the result.
    if (tiny_ != nullptr && run_ < s.items) run_ = std::min(s.items, std::max(kLine, run_ / kLine * kLine));
    per_outer_ = ceil_div(s.items, run_);
    split_rows(flops);
    tasks_ = per_outer_ * elements(outer_) * chunks_;
    nanos_ = std::max(all / speed::kSmallFlops,
                      static_cast<double>(s.items * one_item * elements(outer_)) / speed::kStreamBytes);
  }

  int32_t run(const Call& call) const noexcept override {
    GemmSmall<T> s = small_;
    s.a = reinterpret_cast<const T*>(call.x[g_.a]);
    s.b = reinterpret_cast<const T*>(call.x[g_.b]);
    s.c = reinterpret_cast<T*>(call.c);
    s.alpha = static_cast<T>(call.alpha);
    s.beta = static_cast<T>(call.beta);
    s.past_caches = past_caches_ && call.beta == 0 && reinterpret_cast<uintptr_t>(call.c) % kLine == 0 ? 1 : 0;
    if (tasks_ == 1) {
      items(s);
      return EINBLAS_OK;
    }
    parallel_tasks(tasks_, useful_threads(call.threads, tasks_, nanos_), [&](int64_t t, int) {
      GemmSmall<T> part = s;
      const int64_t row = t % chunks_ * chunk_, run = t / chunks_;
      const int64_t first = run % per_outer_ * run_, outer = run / per_outer_;
      part.items = std::min(run_, s.items - first);
      part.m = std::min(chunk_, s.m - row);
      part.a += row * s.rs;
      part.c += row * s.ldc;
      part.a += first * s.a_item + offset_of(outer_, g_.a, outer);
      part.b += first * s.b_item + offset_of(outer_, g_.b, outer);
      part.c += first * s.c_item + offset_of(outer_, kOut, outer);
      items(part);
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "small gemm " + std::to_string(small_.m) + "x" + std::to_string(small_.n) + "x" + std::to_string(small_.k) +
           ", items " + std::to_string(small_.items * elements(outer_)) + ", tile " + std::to_string(small_.rows) +
           " rows by " + std::to_string(small_.vectors) + " vectors; operands read in place" +
           (tiny_ != nullptr ? ", rows or items side by side in a vector" : "") +
           (packs_ ? ", B's items transposed on the way" : "");
  }

 private:
  // One product's rows over several tasks of whole tiles, some 4 us each.
  void split_rows(double flops) {
    const GemmSmall<T>& s = small_;
    chunk_ = s.m;
    chunks_ = 1;
    if (s.items > 1 || !outer_.empty() || packs_ || tiny_ != nullptr) return;
    const int64_t tiles = ceil_div(s.m, s.rows);
    const int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(flops / kChunkFlops), 1, tiles);
    chunk_ = ceil_div(tiles, wanted) * s.rows;
    chunks_ = ceil_div(s.m, chunk_);
  }

  // Whether every row that a tile writes is whole lines, or every task's run of tiny items begins on one.
  bool whole_lines(int64_t w) const {
    const GemmSmall<T>& s = small_;
    bool whole = !packs_ && s.n * size_ % kLine == 0 && s.vectors * w * size_ % kLine == 0 &&
                 s.ldc * size_ % kLine == 0 && s.c_item * size_ % kLine == 0;
    whole |= tiny_ != nullptr;
    for (const Axis& a : outer_) whole &= a.stride[kOut] * size_ % kLine == 0;
    return whole;
  }

  // Squares of a small power of two, items and rows side by side, go several rows or items to a vector.
  void choose_tiny(int64_t b_step) {
    const GemmSmall<T>& s = small_;
    const int64_t order = s.n, item = order * order;
    if (order != 2 && order != 4 && order != 8) return;
    if (s.m != order || s.k != order || s.rs != order || s.cs != 1 || b_step != 1 || s.ldb != order || s.ldc != order)
      return;
    if (s.items > 1 && (s.a_item != item || s.b_item != item || s.c_item != item)) return;
    tiny_ = kernels_->gemm_tiny[order == 2 ? 1 : order == 4 ? 2 : 3];
  }

  void items(const GemmSmall<T>& s) const {
    if (tiny_ != nullptr) {
      tiny_(&s);
    } else if (packs_) {
      packed_items(s);
    } else if (s.k > depth_) {
      deep_items(s);
    } else {
      kernels_->gemm_small(&s);
    }
  }

  void deep_items(GemmSmall<T> s) const {
    const int64_t depth = s.k;
    s.past_caches = 0;
    for (int64_t p = 0; p < depth; p += depth_) {
      s.k = std::min(depth_, depth - p);
      kernels_->gemm_small(&s);
      s.a += s.k * s.cs;
      s.b += s.k * s.ldb;
      s.beta = T{1};
    }
  }

  void packed_items(GemmSmall<T> s) const {
    alignas(64) T packed[kPackedBytes / sizeof(T)];
    int64_t lane[kPackedLength], row[kPackedLength];
    const int64_t step = g_.n[0].stride[g_.b], count = s.items;
    for (int64_t j = 0; j < s.n; ++j) lane[j] = j * step;
    for (int64_t p = 0; p < s.k; ++p) row[p] = p * s.ldb;
    const T* b = s.b;
    s.b = packed;
    s.ldb = padded_;
    s.items = 1;
    s.ahead = 0;
    for (int64_t q = 0; q < count; ++q) {
      pack_panels(*kernels_, packed, {padded_, 0, padded_}, b + q * s.b_item, {lane, s.n, row, s.k}, g_.b_unit);
      kernels_->gemm_small(&s);
      s.a += s.a_item;
      s.c += s.c_item;
    }
  }

  GemmLayout g_;
  Axes outer_;
  GemmSmall<T> small_{};
  int64_t depth_;  // of a part
  int64_t run_, per_outer_, tasks_, padded_, chunk_, chunks_;
  double nanos_;
  bool packs_, past_caches_;
  void (*tiny_)(const GemmSmall<T>*) = nullptr;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p, const GemmLayout& g) {
  const int64_t lanes = kernel_table().vector_bytes / size_of(p.dtype);
  const int64_t n = round_up(g.n[0].length, lanes);
  return g.c_unit && g.k[0].stride[g.a] != 0 && g.k[0].stride[g.b] != 0 &&
         (g.n[0].stride[g.b] == 1 || (n <= kPackedLength && g.k[0].length <= kPackedLength &&
                                      n * g.k[0].length * size_of(p.dtype) <= kPackedBytes));
}

bool suits(const Problem& p) {
  const double m = static_cast<double>(p.m[0].length), n = static_cast<double>(p.n[0].length),
               k = static_cast<double>(p.k[0].length);
  return (m * n + m * k + n * k) * static_cast<double>(size_of(p.dtype)) <= static_cast<double>(item_bytes);
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (p.operands != 2 || p.m.size() != 1 || p.n.size() != 1 || p.k.size() != 1) return nullptr;
  GemmLayout g = gemm_layout(p);
  if (!applies(p, g) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  return visit_float(p.dtype, [&](auto of) -> std::unique_ptr<KernelPlan> {
    return std::make_unique<GemmSmallPlan<typename decltype(of)::Type>>(p, std::move(g));
  });
}

}  // namespace

extern const KernelEntry kGemmSmallKernel;
const KernelEntry kGemmSmallKernel = {"gemm_small", plan};

}  // namespace einblas
