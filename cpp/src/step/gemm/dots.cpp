// Driver: products of narrow numbers by instructions that multiply groups of them and add up in 32 bits.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C: BF16 in pairs to F32, I16 in pairs and I8 in fours to
// I32. Blocks of A and B are put together as groups along k, each as wide as a sum and moved as one; then this is a
// gemm of half or a quarter of the depth. Sums stay wide over the whole of k; C is rounded, or cut, once. Loops: tasks
// are blocks of C; blocks of depth; panels of columns; tiles of rows. Their borders depend on the problem alone.
#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "layout/offsets.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/gemm/gemm_layout.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int64_t kMostGroups = 256;  // of a block's depth: a panel of three vectors is 48 KB
constexpr int64_t kMostEdge = 384;    // rows and columns of a block: two such of that depth fit L2
constexpr int64_t kTasks = 16;        // wanted, as long as each has so much work:
constexpr double kTaskFlops = 4e7;    // each packs its own operands
constexpr double kItemNanos = 20000;  // of small items that are one task
constexpr double kFlops = 200;        // in a nanosecond, one thread

// Numbers, by the bits that they are moved as, in groups as wide as a sum.
template <class N, class S>
struct Groups {
  using Number = N;
  using Sum = S;
  static constexpr int64_t kGroup = sizeof(S) / sizeof(N);
};
struct Bf16Pairs : Groups<uint16_t, float> {
  static const DotKernels<float, uint16_t>* kernels() { return kernel_table().bf16; }
};
struct I16Pairs : Groups<uint16_t, uint32_t> {
  static const DotKernels<uint32_t, uint16_t>* kernels() {
    return kernel_table().integers == nullptr ? nullptr : &kernel_table().integers->words;
  }
};
struct I8Fours : Groups<uint8_t, uint32_t> {
  static const DotKernels<uint32_t, uint8_t>* kernels() {
    return kernel_table().integers == nullptr ? nullptr : &kernel_table().integers->bytes;
  }
};

template <class Of>
class DotsPlan final : public KernelPlan {
  using Number = typename Of::Number;
  using Sum = typename Of::Sum;
  static constexpr int64_t kGroup = Of::kGroup;

 public:
  explicit DotsPlan(const Problem& p)
      : kernels_(&kernel_table().typed<Sum>()),
        dots_(Of::kernels()),
        g_(gemm_layout(p)),
        out_(p.type(kOut)),
        // The instruction takes unsigned numbers of A: 128 is added to signed ones, and comes off the sums.
        lifted_(std::is_same_v<Of, I8Fours> && p.type(g_.a) == DType::I8),
        items_(elements(g_.batch)),
        rows_(elements(g_.m)),
        columns_(elements(g_.n)),
        depth_(elements(g_.k)),
        w_(kernel_table().vector_bytes / static_cast<int64_t>(sizeof(Sum))) {
    const double item = 2.0 * static_cast<double>(rows_) * static_cast<double>(columns_) * static_cast<double>(depth_);
    flops_ = item * static_cast<double>(items_);
    kc_ = even_part(depth_, kMostGroups * kGroup, kGroup);
    vectors_ = even_part(ceil_div(columns_, w_), kernels_->gemm_vectors);
    width_ = vectors_ * w_;
    mr_ = even_part(rows_, kernels_->gemm_rows[vectors_]);
    mc_ = even_part(rows_, kMostEdge, mr_);
    nc_ = even_part(columns_, kMostEdge, width_);
    const auto wanted = static_cast<int64_t>(std::clamp(item / kTaskFlops, 1.0, static_cast<double>(kTasks)));
    while (blocks() < wanted && (mc_ > 4 * mr_ || nc_ > width_)) {
      const bool rows = mc_ > 4 * mr_ && (mc_ >= nc_ || nc_ <= width_);
      int64_t& longer = rows ? mc_ : nc_;
      longer = even_part(longer, longer / 2, rows ? mr_ : width_);
    }
    group_ = blocks() > 1 ? 1 : std::max<int64_t>(static_cast<int64_t>(kItemNanos * kFlops / item), 1);
    tasks_ = ceil_div(items_ * blocks(), group_);
    for (int64_t i = 0; i < width_; ++i) row_at_.push_back(i * row_stride());
    in_place_ = (out_ == DType::F32 || out_ == DType::I32) && !lifted_ && g_.n.size() == 1 && g_.n[0].stride[kOut] == 1;
  }

  int32_t run(const Call& call) const noexcept override {
    const int threads = useful_threads(call.threads, tasks_, flops_ / kFlops);
    const Workspace own(workspace_bytes(), threads);
    if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks_, threads, [&](int64_t t, int worker) {
      const Room room = room_at(own.of(worker));
      for (int64_t i = t * group_; i < std::min(items_ * blocks(), (t + 1) * group_); ++i) block(call, i, room);
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "dot products of " + std::to_string(kGroup) + " " + (std::is_same_v<Of, Bf16Pairs> ? "BF16 " : "integers ") +
           std::to_string(rows_) + "x" + std::to_string(columns_) + "x" + std::to_string(depth_) +
           (items_ > 1 ? " times " + std::to_string(items_) : "") + ", tile " + std::to_string(mr_) + "x" +
           std::to_string(width_) + ", blocks " + std::to_string(mc_) + "x" + std::to_string(nc_) + "x" +
           std::to_string(kc_) + ", packed by each task" + (in_place_ ? "" : "; sums wait in 32 bits") + "; " +
           std::to_string(tasks_) + " tasks";
  }

  int64_t workspace_bytes() const override {
    const int64_t sizes[] = {a_elements(), b_elements(), width_ * row_stride(), sums(), round_up(nc_, width_)};
    int64_t bytes = 8 * (2 * std::min(mc_, rows_) + 2 * std::min(nc_, columns_) + 2 * kc_);
    for (int64_t size : sizes) bytes += round_up(4 * size, kAlignment);
    return bytes;
  }

 private:
  int64_t blocks() const { return ceil_div(rows_, mc_) * ceil_div(columns_, nc_); }
  static int64_t groups(int64_t depth) { return ceil_div(depth, kGroup); }
  // A line more than the depth: rows do not share a set of L1.
  int64_t row_stride() const { return round_up(groups(kc_), w_) + w_; }
  int64_t a_columns() const { return round_up(mc_, w_) + w_; }
  int64_t a_elements() const { return std::max(mc_ * row_stride(), groups(kc_) * a_columns()); }
  int64_t b_elements() const { return round_up(nc_, width_) * groups(kc_); }
  int64_t sums() const { return in_place_ ? 0 : mc_ * sums_row(); }
  int64_t sums_row() const { return round_up(nc_, width_) + w_; }

  // A worker's memory: blocks of A and B, rows that wait to be transposed, sums, and what comes off those of a column.
  struct Room {
    Sum *a, *b, *rows, *sums, *lift;
    int64_t *m_a, *m_c, *n_b, *n_c, *k_a, *k_b;
  };
  Room room_at(char* at) const {
    Room r{};
    const auto take = [&at](int64_t count) {
      Sum* const here = reinterpret_cast<Sum*>(at);
      at += round_up(4 * count, kAlignment);
      return here;
    };
    r.a = take(a_elements());
    r.b = take(b_elements());
    r.rows = take(width_ * row_stride());
    r.sums = take(sums());
    r.lift = take(round_up(nc_, width_));
    r.m_a = reinterpret_cast<int64_t*>(at);
    r.m_c = r.m_a + std::min(mc_, rows_);
    r.n_b = r.m_c + std::min(mc_, rows_);
    r.n_c = r.n_b + std::min(nc_, columns_);
    r.k_a = r.n_c + std::min(nc_, columns_);
    r.k_b = r.k_a + kc_;
    return r;
  }

  void block(const Call& call, int64_t index, const Room& room) const {
    const int64_t item = index / blocks(), b = index % blocks(), across = ceil_div(columns_, nc_);
    const int64_t i0 = b / across * mc_, j0 = b % across * nc_;
    const int64_t mm = std::min(mc_, rows_ - i0), nn = std::min(nc_, columns_ - j0);
    const Number* const xa = reinterpret_cast<const Number*>(call.x[g_.a]) + offset_of(g_.batch, g_.a, item);
    const Number* const xb = reinterpret_cast<const Number*>(call.x[g_.b]) + offset_of(g_.batch, g_.b, item);
    const int64_t at_c = offset_of(g_.batch, kOut, item);
    fill_offsets(g_.m, g_.a, i0, mm, room.m_a);
    fill_offsets(g_.m, kOut, i0, mm, room.m_c);
    fill_offsets(g_.n, g_.b, j0, nn, room.n_b);
    fill_offsets(g_.n, kOut, j0, nn, room.n_c);
    Sum* const c = reinterpret_cast<Sum*>(call.c) + at_c;  // where it is of sums
    for (int64_t p0 = 0; p0 < depth_; p0 += kc_) {
      const int64_t kk = std::min(kc_, depth_ - p0);
      fill_offsets(g_.k, g_.a, p0, kk, room.k_a);
      fill_offsets(g_.k, g_.b, p0, kk, room.k_b);
      pack_a(room, xa, mm, kk);
      pack_b(room, xb, nn, kk);
      tiles(call, room, c, mm, nn, groups(kk), p0 == 0);
    }
    if (!in_place_) visit(out_, [&](auto of) { write<typename decltype(of)::Type>(call, at_c, room, mm, nn); });
  }

  void tiles(const Call& call, const Room& room, Sum* c, int64_t mm, int64_t nn, int64_t depth, bool first) const {
    const bool across = lanes_of_a();
    const int64_t rs = across ? 1 : row_stride(), cs = across ? a_columns() : 1;
    const Sum alpha = in_place_ ? factor<Sum>(call.alpha) : Sum{1};
    const Sum beta = !first ? Sum{1} : in_place_ ? factor<Sum>(call.beta) : Sum{0};
    for (int64_t j = 0; j < nn; j += width_) {
      const int64_t n = std::min(width_, nn - j);
      const int vectors = static_cast<int>(ceil_div(n, w_));
      const Sum* const panel = room.b + j * depth;
      GemmColumns columns{};
      columns.runs = 1;
      columns.last = static_cast<int32_t>((n - 1) % w_ + 1);
      columns.start = j;
      if (lifted_) {  // 128 times the sums of B's columns, which a row of ones gives
        static const Sum ones = static_cast<Sum>(0x01010101);
        Sum* const lift = room.lift;
        dots_->tile(1, vectors, depth, &ones, 0, 0, panel, width_, &lift, &columns, static_cast<Sum>(-128),
                    first ? Sum{0} : Sum{1});
      }
      if (in_place_) columns.start = room.n_c[j];
      for (int64_t i = 0; i < mm; i += mr_) {
        const int64_t rows = std::min(mr_, mm - i);
        Sum* to[kGemmMostRows];
        for (int64_t r = 0; r < rows; ++r) to[r] = in_place_ ? c + room.m_c[i + r] : room.sums + (i + r) * sums_row();
        dots_->tile(static_cast<int>(rows), vectors, depth, room.a + i * rs, rs, cs, panel, width_, to, &columns, alpha,
                    beta);
      }
    }
  }

  // Whether A's rows lie side by side: then a group of depth is a row of them.
  bool lanes_of_a() const { return g_.a_unit.on == UnitStride::On::Own; }

  void pack_a(const Room& room, const Number* x, int64_t mm, int64_t kk) const {
    const bool across = lanes_of_a();
    if (across) {
      interleaved(room.a, a_columns(), a_columns(), 0, x, room.m_a, mm, room.k_a, kk);
    } else {
      rows_of_groups(room.a, x, room.m_a, mm, room.k_a, kk);
    }
    if (!lifted_) return;
    const int64_t lines = across ? groups(kk) : mm, length = across ? mm : groups(kk),
                  apart = across ? a_columns() : row_stride();
    uint32_t* const bits = reinterpret_cast<uint32_t*>(room.a);
    for (int64_t i = 0; i < lines; ++i)
      for (int64_t j = 0; j < length; ++j) bits[i * apart + j] ^= 0x80808080U;
  }

  // to[g * stride + j] = the group g of lane j; lanes in panels of `width`, `panel` apart.
  void interleaved(Sum* to, int64_t width, int64_t stride, int64_t panel, const Number* x, const int64_t* lane,
                   int64_t lanes, const int64_t* k, int64_t depth) const {
    for (int64_t p = 0; p < depth; p += kGroup, to += stride) {
      for (int64_t j = 0; j < lanes;) {
        const int64_t most = std::min(width - j % width, lanes - j);
        int64_t run = 1;
        while (run < most && lane[j + run] == lane[j] + run) ++run;
        const Number* rows[kGroup];
        for (int64_t q = 0; q < kGroup; ++q) rows[q] = p + q < depth ? x + k[p + q] + lane[j] : nullptr;
        dots_->interleave(to + j / width * panel + j % width, rows, run);
        j += run;
      }
    }
  }

  // to[i * row_stride() + g] = the group g of row i.
  void rows_of_groups(Sum* to, const Number* x, const int64_t* row, int64_t rows, const int64_t* k,
                      int64_t depth) const {
    const bool side_by_side = contiguous(k, depth);
    for (int64_t i = 0; i < rows; ++i) {
      Number* const out = reinterpret_cast<Number*>(to + i * row_stride());
      const Number* const from = x + row[i];
      if (side_by_side) {
        std::memcpy(out, from + k[0], static_cast<size_t>(depth) * sizeof(Number));
      } else {
        for (int64_t p = 0; p < depth; ++p) out[p] = from[k[p]];
      }
      for (int64_t p = depth; p < groups(depth) * kGroup; ++p) out[p] = 0;
    }
  }

  // Panels of columns: group by group where columns lie side by side, else by rows of groups that are transposed.
  void pack_b(const Room& room, const Number* x, int64_t nn, int64_t kk) const {
    const int64_t depth = groups(kk), panel = width_ * depth;
    if (g_.b_unit.on == UnitStride::On::Own) {
      interleaved(room.b, width_, width_, panel, x, room.n_b, nn, room.k_b, kk);
      return;
    }
    for (int64_t j = 0; j < nn; j += width_) {
      const int64_t n = std::min(width_, nn - j);
      rows_of_groups(room.rows, x, room.n_b + j, n, room.k_b, kk);
      kernels_->pack_transposed(room.b + j * depth, width_, panel, width_, 0, n, 0, depth, 0, 1, room.rows,
                                row_at_.data(), nullptr);
    }
  }

  // C of a type from sums that are complete.
  template <class C>
  void write(const Call& call, int64_t at, const Room& room, int64_t mm, int64_t nn) const {
    const Sum alpha = factor<Sum>(call.alpha), beta = factor<Sum>(call.beta);
    if (lifted_)
      for (int64_t i = 0; i < mm; ++i)
        for (int64_t j = 0; j < nn; ++j) room.sums[i * sums_row() + j] += room.lift[j];
    for (int64_t i = 0; i < mm; ++i) {
      const Sum* const from = room.sums + i * sums_row();
      for (int64_t j = 0; j < nn;) {
        int64_t run = 1;
        while (j + run < nn && room.n_c[j + run] == room.n_c[j] + run) ++run;
        write_run(reinterpret_cast<C*>(call.c) + at + room.m_c[i] + room.n_c[j], from + j, run, alpha, beta);
        j += run;
      }
    }
  }
  template <class C>
  static void write_run(C* to, const Sum* from, int64_t n, Sum alpha, Sum beta) {
    if constexpr (std::is_same_v<C, Bf16> && std::is_same_v<Sum, float>) {
      constexpr int64_t kPiece = 256;
      float sums[kPiece];
      for (int64_t j = 0; j < n; j += kPiece) {
        const int64_t m = std::min(kPiece, n - j);
        for (int64_t l = 0; l < m; ++l) sums[l] = alpha * from[j + l];
        for (int64_t l = 0; l < m && beta != 0; ++l) sums[l] += beta * to_float(to[j + l]);
        kernel_table().f32_to_bf16(m, sums, reinterpret_cast<uint16_t*>(to + j));
      }
    } else if constexpr (std::is_same_v<C, float> && std::is_same_v<Sum, float>) {
      for (int64_t j = 0; j < n; ++j) to[j] = beta == 0 ? alpha * from[j] : alpha * from[j] + beta * to[j];
    } else if constexpr (std::is_integral_v<C> && std::is_integral_v<Sum> && sizeof(C) <= sizeof(Sum)) {
      for (int64_t j = 0; j < n; ++j)
        to[j] = static_cast<C>(alpha * from[j] + (beta == 0 ? 0 : beta * static_cast<Sum>(to[j])));
    }
  }

  const TypedKernels<Sum>* kernels_;
  const DotKernels<Sum, Number>* dots_;
  GemmLayout g_;
  DType out_;
  bool lifted_, in_place_ = false;
  int64_t items_, rows_, columns_, depth_;
  int64_t w_;  // sums in a vector
  double flops_;
  int64_t kc_, mc_, nc_;          // depth, rows and columns of a block
  int64_t vectors_, width_, mr_;  // of a tile
  int64_t group_, tasks_;         // blocks or items of a task
  std::vector<int64_t> row_at_;   // of groups that wait to be transposed
};

template <class Of>
std::unique_ptr<KernelPlan> plan_of(const Problem& p) {
  return Of::kernels() == nullptr ? nullptr : std::make_unique<DotsPlan<Of>>(p);
}

// Both operands have neighbours along the depth or beside it: others are gathered number by number. Putting together a
// small item takes longer than its products: of convert's speed, items of 32 x 32 x 32 0.5 to 0.7, 512 x 512 x 512 1.3.
constexpr double kLeastFlops = 4e6;
bool suits(const Problem& p, const GemmLayout& g) {
  using On = UnitStride::On;
  const double flops = 2.0 * static_cast<double>(elements(g.m)) * static_cast<double>(elements(g.n)) *
                       static_cast<double>(elements(g.k));
  if (flops < kLeastFlops) return false;
  return !p.k.empty() && !p.m.empty() && !p.n.empty() && p.shrinks == 0 && g.a_unit.on != On::Nothing &&
         g.b_unit.on != On::Nothing;
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (p.operands != 2 || p.invariant || !p.mixed || p.conjugated != 0) return nullptr;
  const GemmLayout g = gemm_layout(p);
  if (asked == Asked::InTurn && !suits(p, g)) return nullptr;
  const DType a = p.type(g.a), b = p.type(g.b), c = p.type(kOut);
  if (p.dtype == DType::F32) {
    const bool all = a == DType::BF16 && b == DType::BF16 && (c == DType::BF16 || c == DType::F32);
    return all ? plan_of<Bf16Pairs>(p) : nullptr;
  }
  if (p.dtype != DType::I32 || (c != DType::I8 && c != DType::U8 && c != DType::I16 && c != DType::I32)) return nullptr;
  if (a == DType::I16 && b == DType::I16) return plan_of<I16Pairs>(p);
  return b == DType::I8 && (a == DType::I8 || a == DType::U8) ? plan_of<I8Fours>(p) : nullptr;
}

}  // namespace

extern const KernelEntry kDotsKernel;
const KernelEntry kDotsKernel = {"dots", plan, true};

}  // namespace einblas
