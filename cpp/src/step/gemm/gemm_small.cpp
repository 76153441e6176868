// Driver: small products, one or a batch: no packing, no allocation, the batch loop inside the kernel.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C with one axis each for m, n and k, of any strides; any
// number of batch axes. Where B has no unit stride along n its items are packed one by one into a block on the stack.
#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

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
constexpr int64_t kOneByOne = 1 << 10;  // bytes of B's items of whole vectors that are transposed one by one
constexpr double kChunkFlops = 400e3;
constexpr int64_t kDepth = 2048;  // additions to one element one after the other: deeper items go in such parts
// Operands of fewer bytes stay in L2 from call to call.
constexpr int64_t kFarBytes = 1 << 20;
// Of gemm_batch. Items of 16 cubed from memory, by bytes of packed B: up to 4 KB 132 to 195 ns in F32, 270 to 321 in
// F64; 8 KB 395 and 457.
Tunable transposed_bytes{"GEMM_SMALL_PACKED", 4 << 10, 64, 16 << 10, "bytes of small items transposed at once, in L1"};
Tunable batch_bytes{"GEMM_SMALL_BATCH", 8 << 10, 64, 16 << 10, "bytes of small products put together in L1"};
Tunable batch_ahead{"GEMM_SMALL_NEAR", 4 << 10, 64, 1 << 20, "bytes before their turn that small items are asked for"};
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
    const bool b_moves = s.b_item != 0 || std::any_of(outer_.begin(), outer_.end(),
                                                      [this](const Axis& a) { return a.stride[g_.b] != 0; });
    b_copies_ = b_moves ? s.items * elements(outer_) : 1;
    const int64_t one_item = (s.m * s.k + s.k * s.n + s.m * s.n) * static_cast<int64_t>(sizeof(T));
    s.group = std::max<int64_t>(1, std::min(s.items, group_bytes / one_item));
    packs_ = n.stride[g_.b] != 1;
    padded_ = vectors * w;
    choose_tiny(n.stride[g_.b]);
    const int64_t all_items = s.items * elements(outer_);
    const bool far = one_item * all_items * p.reads > kFarBytes;
    choose_batch(w, far);
    past_caches_ = all_items * s.m * s.n * size_ * p.writes >= stream_from && (s.stages != 0 || whole_lines(w));
    // Items that come from beyond L2, in pieces that the hardware's prefetcher hardly follows (16 x 16 F32: 13 GB/s
    // without asking ahead, 46 with).
    if (!batch_ && look_up_ == nullptr) s.ahead = far ? std::max<int64_t>(1, ahead_bytes / one_item) : 0;
    if (!batch_ && s.ahead > 0 && s.m * s.n > s.rows * s.vectors * w) s.group = 1;
    const double flops = 2.0 * static_cast<double>(s.m * s.n) * static_cast<double>(s.k);
    const double all = flops * static_cast<double>(s.items) * static_cast<double>(elements(outer_));
    run_ = std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(task_flops) / flops), 1, s.items);
    // A memory-bound item takes longer than its flops: 20 GB/s as well as 100 GFLOP/s.
    run_ = std::min(run_, std::max<int64_t>(1, 1000000 / one_item));
    // Tiny items: a task begins on a line of the result.
    if ((tiny_ != nullptr || s.stages != 0) && run_ < s.items)
      run_ = std::min(s.items, std::max(kLine, run_ / kLine * kLine));
    per_outer_ = ceil_div(s.items, run_);
    split_rows(flops);
    tasks_ = per_outer_ * elements(outer_) * chunks_;
    nanos_ = std::max(all / speed::kSmallFlops,
                      static_cast<double>(s.items * one_item * elements(outer_)) / speed::kStreamBytes);
  }

  int32_t run(const Call& call) const noexcept override {
    GemmSmall<T> s = small_;
    if (look_up_ != nullptr) s.index = reinterpret_cast<const T*>(lanes_.data() + lanes_at());
    s.a = reinterpret_cast<const T*>(call.x[g_.a]);
    s.b = reinterpret_cast<const T*>(call.x[g_.b]);
    s.c = reinterpret_cast<T*>(call.c);
    s.alpha = factor<T>(call.alpha);
    s.beta = factor<T>(call.beta);
    s.past_caches =
        past_caches_ && call.beta == 0 && (s.stages != 0 || reinterpret_cast<uintptr_t>(call.c) % kLine == 0);
    const bool packed = call.packed[g_.b] != nullptr;
    if (packed) use_packed(reinterpret_cast<const T*>(call.packed[g_.b]), s);
    if (tasks_ == 1) {
      items(s, packed);
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
      if (packed) {
        part.b += b_copies_ == 1 ? 0 : (outer * s.items + first) * s.b_item;
      } else {
        part.b += first * s.b_item + offset_of(outer_, g_.b, outer);
      }
      part.c += first * s.c_item + offset_of(outer_, kOut, outer);
      items(part, packed);
    });
    return EINBLAS_OK;
  }

  // B's items where they are transposed on the way, and rows of C are written as they are without packing.
  int64_t packed_bytes(int t) const override {
    if (t != g_.b || !packs_ || look_up_ != nullptr || small_.stages != 0) return 0;
    return b_copies_ * small_.k * padded_ * size_;
  }

  int32_t pack(int t, const char* from, char* packed, int threads) const noexcept override {
    const double nanos = static_cast<double>(packed_bytes(t)) / static_cast<double>(size_) / speed::kTransposeElements;
    parallel_tasks(b_copies_, useful_threads(threads, b_copies_, nanos), [&](int64_t copy, int) {
      const int64_t outer = copy / small_.items, item = copy % small_.items;
      pack_item(reinterpret_cast<const T*>(from) + offset_of(outer_, t, outer) + item * small_.b_item,
                reinterpret_cast<T*>(packed) + copy * small_.k * padded_);
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "small gemm " + std::to_string(small_.m) + "x" + std::to_string(small_.n) + "x" + std::to_string(small_.k) +
           ", items " + std::to_string(small_.items * elements(outer_)) + ", tile " + std::to_string(small_.rows) +
           " rows by " + std::to_string(small_.vectors) + " vectors; operands read in place" +
           (tiny_ != nullptr || look_up_ != nullptr ? ", rows or items side by side in a vector" : "") +
           (packs_ ? ", B's items transposed on the way" : "") +
           (small_.stages != 0 ? ", C's items put together in L1" : "");
  }

 private:
  // One product's rows over several tasks of whole tiles, some 4 us each.
  void split_rows(double flops) {
    const GemmSmall<T>& s = small_;
    chunk_ = s.m;
    chunks_ = 1;
    if (s.items > 1 || !outer_.empty() || packs_ || tiny_ != nullptr || look_up_ != nullptr) return;
    const int64_t tiles = ceil_div(s.m, s.rows);
    const int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(flops / kChunkFlops), 1, tiles);
    chunk_ = ceil_div(tiles, wanted) * s.rows;
    chunks_ = ceil_div(s.m, chunk_);
  }

  // Whether every row that a tile writes is whole lines, or every task's run of tiny items begins on one.
  bool whole_lines(int64_t w) const {
    const GemmSmall<T>& s = small_;
    bool whole = (batch_ || !packs_) && s.n * size_ % kLine == 0 && s.vectors * w * size_ % kLine == 0 &&
                 s.ldc * size_ % kLine == 0 && s.c_item * size_ % kLine == 0;
    whole |= tiny_ != nullptr;
    for (const Axis& a : outer_) whole &= a.stride[kOut] * size_ % kLine == 0;
    return whole;
  }

  // Items by groups: where B is transposed on the way, or where rows of C are no whole lines.
  void choose_batch(int64_t w, bool far) {
    GemmSmall<T>& s = small_;
    s.b_lane = g_.n[0].stride[g_.b];
    if (choose_look_up(w)) return;
    const bool together = s.ldc == s.n && (s.items == 1 || s.c_item == s.m * s.n) && s.n * size_ % kLine != 0;
    const int64_t share = part_of_vector(s.n, w);
    s.ldp = round_up(s.n, w / part_of_vector(std::min(s.n, s.k), w));
    // 16 cubed in F32 from memory, one by one / by groups: 4.1 / 5.0 ms on one thread, 2.0 / 3.0 on two.
    const bool one_by_one = packs_ && s.n % w == 0 && s.n * s.k * size_ >= kOneByOne;
    batch_ = tiny_ == nullptr && !one_by_one && s.k <= depth_ && s.m * s.n <= kernels_->small_batch &&
             (packs_ ? s.k * s.ldp <= kernels_->small_batch : (together || share > 1) && s.items > 1);
    if (!batch_) return;
    s.share = static_cast<int32_t>(share);
    if (share > 1) s.rows = even_part(s.m, kernels_->gemm_rows[1]);
    s.stages = together ? 1 : 0;
    s.spill = together && s.n <= s.vectors * w ? 1 : 0;
    const int64_t each = std::max(packs_ ? s.k * s.ldp : 1, together ? s.m * s.n : 1);
    s.group = std::max<int64_t>(1, std::min(s.items, (packs_ ? transposed_bytes : batch_bytes) / (each * size_)));
    s.a_lines = far ? lines(s.a_item, s.m, s.rs, s.k, s.cs) : 0;
    s.b_lines = far ? lines(s.b_item, s.n, s.b_lane, s.k, s.ldb) : 0;
    const int64_t item = (s.m + s.n) * s.k * size_;
    s.ahead = s.a_lines + s.b_lines == 0 ? 0 : std::max<int64_t>(1, batch_ahead / item);
  }

  // Whole items in a vector or two, where picking out lanes takes less time than rows of tiles: in L1, ns for each item
  // that way / by tiles / by tiles with B transposed: F32 2 cubed 0.9 / 3.0 / 7.9, 3 2.9 / 5.0 / 10.8, 4 4.7 / 6.8 /
  // 11.5, 5 11.0 / 9.5 / 15.5; F64 2 1.7 / 3.7 / 6.4, 3 8.0 / 5.4 / 10.7, 4 9.6 / 7.9 / 12.3.
  bool choose_look_up(int64_t w) {
    GemmSmall<T>& s = small_;
    const bool dense = lies_dense(s.m, s.rs, s.k, s.cs) && lies_dense(s.n, s.b_lane, s.k, s.ldb) && s.ldc == s.n;
    const bool together =
        (s.a_item == 0 || s.a_item == s.m * s.k) && (s.b_item == 0 || s.b_item == s.n * s.k) && s.c_item == s.m * s.n;
    if (tiny_ != nullptr || !dense || !(s.items == 1 ? packs_ : together)) return false;
    const double tiles = 2.5 + 0.27 * static_cast<double>(s.m * s.k * s.vectors) + (packs_ ? 4.5 : 0);
    double best = tiles;
    for (int64_t v = 1; v <= 2; ++v) {
      const int64_t room = v * w, a = s.m * s.k, b = s.n * s.k, c = s.m * s.n;
      if (kernels_->gemm_look_up[v] == nullptr || std::max({a, b, c}) > room || s.k > room) continue;
      int64_t group = room / c;
      if (s.a_item != 0) group = std::min(group, room / a);
      if (s.b_item != 0) group = std::min(group, room / b);
      const double nanos = 0.3 + 1.15 * static_cast<double>(s.k * v) / static_cast<double>(group);
      if (nanos >= best) continue;
      best = nanos;
      look_up_ = kernels_->gemm_look_up[v];
      s.group = group;
      list_lanes(v * w);
    }
    s.stages = look_up_ != nullptr ? 1 : 0;
    return look_up_ != nullptr;
  }
  static bool lies_dense(int64_t x, int64_t x_stride, int64_t y, int64_t y_stride) {
    return (x_stride == 1 && y_stride == x) || (y_stride == 1 && x_stride == y);
  }

  // For each step of depth and vector of c: which element of a, and of b, each lane takes.
  void list_lanes(int64_t room) {
    using Lane = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
    const GemmSmall<T>& s = small_;
    const int64_t w = kernel_table().vector_bytes / size_, one = s.m * s.n;
    lanes_.assign(static_cast<size_t>((2 * s.k * room + w) * size_), 0);
    Lane* to = reinterpret_cast<Lane*>(lanes_.data() + lanes_at());
    for (int64_t p = 0; p < s.k; ++p)
      for (int64_t l = 0; l < room; ++l) {
        const int64_t q = l / one, i = l % one / s.n, j = l % s.n;
        Lane* at = to + (p * room + l / w * w) * 2 + l % w;
        at[0] = static_cast<Lane>(q < s.group ? q * s.a_item + i * s.rs + p * s.cs : 0);
        at[w] = static_cast<Lane>(q < s.group ? q * s.b_item + j * s.b_lane + p * s.ldb : 0);
      }
  }
  int64_t lanes_at() const { return static_cast<int64_t>(-reinterpret_cast<uintptr_t>(lanes_.data()) % kLine); }

  // Columns fill so small a part of a vector: 1, 2 or 4 of them.
  int64_t part_of_vector(int64_t n, int64_t w) const {
    int64_t share = 1;
    while (share < kernels_->small_shares && 2 * share * n <= w) share *= 2;
    return share;
  }

  // Lines of an operand's item whose elements lie side by side; 0 where they do not, or where the item does not move.
  static int32_t lines(int64_t item, int64_t x, int64_t x_stride, int64_t y, int64_t y_stride) {
    return item != 0 && lies_dense(x, x_stride, y, y_stride) ? static_cast<int32_t>(ceil_div(x * y * size_, kLine)) : 0;
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

  // The items of B lie packed, one after the other.
  void use_packed(const T* packed, GemmSmall<T>& s) const {
    s.b = packed;
    s.ldb = padded_;
    s.b_item = b_copies_ == 1 ? 0 : s.k * padded_;
  }

  // packed: as use_packed left them.
  void items(const GemmSmall<T>& s, bool packed) const {
    if (tiny_ != nullptr) {
      tiny_(&s);
    } else if (look_up_ != nullptr) {
      look_up_(&s);
    } else if (batch_ && !packed) {
      kernels_->gemm_batch(&s);
    } else if (packs_ && !packed) {
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

  // Rows of k as tiles read them.
  void pack_item(const T* b, T* packed) const {
    int64_t lane[kPackedLength], row[kPackedLength];
    const int64_t step = g_.n[0].stride[g_.b];
    for (int64_t j = 0; j < small_.n; ++j) lane[j] = j * step;
    for (int64_t p = 0; p < small_.k; ++p) row[p] = p * small_.ldb;
    clear_rest(packed, {padded_, 0, padded_}, small_.n, small_.k, padded_);
    pack_panels(*kernels_, packed, {padded_, 0, padded_}, b, {lane, small_.n, row, small_.k}, g_.b_unit);
  }

  void packed_items(GemmSmall<T> s) const {
    alignas(64) T packed[kPackedBytes / sizeof(T)];
    const int64_t count = s.items;
    const T* b = s.b;
    s.b = packed;
    s.ldb = padded_;
    s.items = 1;
    s.ahead = 0;
    for (int64_t q = 0; q < count; ++q) {
      pack_item(b + q * s.b_item, packed);
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
  int64_t b_copies_;  // packed items of B: one where all items share it
  double nanos_;
  bool packs_, past_caches_, batch_ = false;
  void (*tiny_)(const GemmSmall<T>*) = nullptr;
  void (*look_up_)(const GemmSmall<T>*) = nullptr;
  std::vector<char> lanes_;  // from lanes_at() on, see GemmSmall::index
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
  return visit_computed(p.dtype, [&](auto of) -> std::unique_ptr<KernelPlan> {
    return std::make_unique<GemmSmallPlan<typename decltype(of)::Type>>(p, std::move(g));
  });
}

}  // namespace

extern const KernelEntry kGemmSmallKernel;
const KernelEntry kGemmSmallKernel = {"gemm_small", plan};

}  // namespace einblas
