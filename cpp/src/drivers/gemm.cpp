// Driver: any binary contraction as a packed gemm that reads and writes tensors where they lie.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C; b, m, n, k each any number of axes of any strides.
// Panels are packed straight from the strided tensors by offsets, so no operand is transposed or copied as a whole.
// Loops: columns nc, depth kg (B packed for all workers), tasks of mc rows x a chunk of columns, depth kc (A packed by
// each worker), panels of B, panels of A.
#include <algorithm>
#include <atomic>
#include <numeric>

#include "../dispatch.hpp"
#include "../kernel.hpp"
#include "../memory.hpp"
#include "../offsets.hpp"
#include "../threads.hpp"
#include "../tuning.hpp"
#include "einblas.h"
#include "gemm_layout.hpp"
#include "gemm_pack.hpp"

namespace einblas {
namespace {

using On = UnitStride::On;

// Depth of a block: a B panel of 3 vectors (192 bytes) x 192 is 36 KB, of 2 x 256 32 KB: both stay in a 48 KB L1.
Tunable panel_bytes{"GEMM_PANEL", 36 << 10, 1 << 10, 1 << 20, "bytes of a packed panel of B, in L1"};
Tunable block_bytes{"GEMM_BLOCK", 256 << 10, 1 << 12, 1 << 26, "bytes of a packed block of A, a part of L2"};
// Packed B: in L3, of which a core has 2 MB and more.
Tunable shared_bytes{"GEMM_SHARED", 8 << 20, 1 << 14, int64_t{1} << 32, "bytes of packed B for all workers, in L3"};
Tunable most_columns{"GEMM_COLUMNS", 4096, 64, 1 << 20, "columns packed at once"};
// B of a product with few columns, packed as deep as this allows, in L2: rows of A are then read once, from end to end.
Tunable skinny_bytes{"GEMM_SKINNY", 256 << 10, 1 << 12, 1 << 24,
                     "bytes of packed B beside which rows of A are read in place"};
// Rows so few that packed A stays in L2 of every worker: tasks are columns, whose B each worker packs for itself in L2.
Tunable wide_bytes{"GEMM_WIDE", 1 << 20, 0, int64_t{1} << 32,
                   "bytes of packed A beside which workers pack their own B"};
Tunable wide_from{"GEMM_WIDE_FROM", 4 << 20, 1, int64_t{1} << 40, "bytes of B from which on workers pack their own"};
Tunable chunk_bytes{"GEMM_WIDE_CHUNK", 512 << 10, 1 << 12, 1 << 26, "bytes of B that a worker packs for itself, in L2"};
// A task of less work (20..40 us) is not worth the hand-out; more of them than this balance any number of threads.
Tunable task_flops{"GEMM_TASK", 4000000, 1000, int64_t{1} << 40, "floating-point operations worth a task"};
Tunable most_tasks{"GEMM_TASKS", 32, 1, 4096, "tasks that balance any number of threads"};
// A task has at least so many rows (a B panel is fetched from L3 once for them) and columns (for them A is packed).
Tunable least_rows{"GEMM_ROWS", 128, 1, 1 << 20, "least rows of a task"};
Tunable least_chunk{"GEMM_CHUNK", 512, 16, 1 << 20, "least columns of a task"};

// Their values when a plan is made.
struct Tuning {
  int64_t panel_bytes = einblas::panel_bytes, block_bytes = einblas::block_bytes, shared_bytes = einblas::shared_bytes,
          columns = most_columns, task_flops = einblas::task_flops, tasks = most_tasks, rows = least_rows,
          chunk = least_chunk, skinny = skinny_bytes, wide = wide_bytes, wide_chunk = chunk_bytes;
};

constexpr int kMostRows = 12;
constexpr int64_t kLine = 64;
constexpr int64_t kMostPanels = 12;

int64_t round_up(int64_t v, int64_t step) { return (v + step - 1) / step * step; }
int64_t blocks_of(int64_t length, int64_t block) { return (length + block - 1) / block; }
// Block length near `most` that cuts `length` evenly, in multiples of step.
int64_t even(int64_t length, int64_t most, int64_t step) {
  most = std::max(most, step);
  return round_up(blocks_of(length, blocks_of(length, most)), step);
}

template <class T>
class GemmPlan final : public KernelPlan {
 public:
  explicit GemmPlan(const Problem& p) : g_(gemm_layout(p)) {
    items_ = elements(g_.batch);
    rows_ = elements(g_.m);
    columns_ = elements(g_.n);
    depth_ = elements(g_.k);
    const Tuning tune;
    most_columns_ = tune.columns;
    kernels_ = &kernel_table().typed<T>();
    w_ = kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
    const int64_t vectors = blocks_of(columns_, w_);
    // Panels of 3 vectors where they come out even, else of 2.
    vectors_ = std::min<int64_t>(kernels_->gemm_vectors, vectors);
    if (vectors_ == 3 && vectors % 3 != 0 && vectors < 24) vectors_ = 2;
    // Rows of A that lie along depth are read where they are if few columns would repay a copy.
    a_rowwise_ = g_.a_unit.on == On::Depth;
    direct_ = a_rowwise_ && g_.k.size() == 1 && columns_ <= 4 * vectors_ * w_;
    // All columns in one tile: A is then read once. F64 49980x784x30: 6 x 4 21.4 ms, 12 x 2 twice 23.9 (one thread).
    if (direct_ && vectors == 4 && kernels_->gemm_rows[4] > 0) vectors_ = 4;
    width_ = vectors_ * w_;
    panel_ = width_;
    cut_at_runs();
    const int64_t depth_step =
        std::max(g_.a_unit.on == On::Depth ? g_.a_unit.step : 1, g_.b_unit.on == On::Depth ? g_.b_unit.step : 1);
    kc_ = std::min(depth_, even(depth_, tune.panel_bytes / (width_ * size()), depth_step < 512 ? depth_step : 1));
    const int64_t most = kernels_->gemm_rows[vectors_];
    const int64_t row_step = g_.a_unit.on == On::Own && g_.a_unit.step < 2048 ? g_.a_unit.step : 1;
    flops_ = 2.0 * static_cast<double>(rows_) * static_cast<double>(columns_) * static_cast<double>(depth_);
    const int64_t wanted =
        std::clamp<int64_t>(static_cast<int64_t>(flops_ / static_cast<double>(tune.task_flops)), 1, tune.tasks);
    mc_ = std::min(tune.block_bytes / (kc_ * size()), std::max(blocks_of(rows_, wanted), tune.rows));
    mc_ = std::min(rows_, even(rows_, mc_, row_step > 1 ? row_step : most));
    if (direct_) cut_for_rows_in_place(tune);
    by_columns_ = !direct_ && columns_ >= 8 * rows_ && rows_ * depth_ * size() <= tune.wide &&
                  columns_ * depth_ * size() >= wide_from;
    if (by_columns_) mc_ = rows_;
    // Panels of equal height: 64 rows are 6 panels of 11 and less, not 5 of 12 and one of 4.
    mr_ = blocks_of(mc_, blocks_of(mc_, most));
    kg_ = std::clamp(tune.shared_bytes / (std::min(columns_, tune.columns) * size()) / kc_, int64_t{1},
                     blocks_of(depth_, kc_)) *
          kc_;
    int64_t column_step =
        g_.b_unit.on == On::Own && g_.b_unit.step > 1 && g_.b_unit.step < tune.columns ? g_.b_unit.step : 1;
    if (block_ != 0 || panel_ != width_) column_step = near_multiple(column_step, tune.columns);
    nc_ = even(columns_, tune.columns, column_step);
    if (by_columns_) cut_columns(tune, column_step);
    chunks_ =
        std::max<int64_t>(1, std::min(blocks_of(wanted, blocks_of(rows_, mc_)), std::min(columns_, nc_) / tune.chunk));
    streaming_ = kernel_table().vector_bytes == kLine && kc_ >= depth_ && p.outer_elements() * size() >= stream_from &&
                 whole_lines();
    if (by_columns_) chunks_ = 1;
    by_item_ = items_ > 1 && !by_columns_ && (flops_ < 16e6 || items_ >= 64);
  }

  int32_t run(const Call& call) const noexcept override {
    const double nanos = static_cast<double>(items_) * flops_ / 60;
    const int64_t tasks = by_columns_ ? blocks_of(columns_, nc_) : by_item_ ? items_ : blocks_of(rows_, mc_) * chunks_;
    const int threads = useful_threads(call.threads, tasks, nanos);
    const Workspace shared(shared_bytes(), 1);
    const Workspace own(workspace_bytes(), threads);
    if (!shared.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    if (by_columns_) {
      for (int64_t item = 0; item < items_; ++item)
        by_columns(item_at(call, item), threads, own, reinterpret_cast<T*>(shared.of(0)));
      return EINBLAS_OK;
    }
    if (by_item_) {
      parallel_tasks(items_, threads, [&](int64_t item, int worker) {
        char* at = own.of(worker);
        whole_item(call, item, at, reinterpret_cast<T*>(at + worker_bytes()));
      });
      return EINBLAS_OK;
    }
    for (int64_t item = 0; item < items_; ++item)
      parallel_item(call, item, threads, own, reinterpret_cast<T*>(shared.of(0)));
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "packed gemm " + std::to_string(rows_) + "x" + std::to_string(columns_) + "x" + std::to_string(depth_) +
           (items_ > 1 ? " times " + std::to_string(items_) : "") + ", tile " + std::to_string(mr_) + "x" +
           std::to_string(panel_) + ", blocks " + std::to_string(mc_) + "x" + std::to_string(kc_) +
           "; B packed by panels from where it lies" +
           (by_columns_ ? ", by each task of " + std::to_string(nc_) + " columns" : "") +
           (direct_ ? ", A read in place" : ", A too") +
           (g_.c_unit ? "" : ", tiles scattered: the output has no unit stride along m or n") + "; rows " +
           describe_axes(g_.m, 2) + ", columns " + describe_axes(g_.n, 2) + ", depth " + describe_axes(g_.k, 2);
  }

  int64_t workspace_bytes() const override { return worker_bytes() + (by_item_ ? b_bytes() : 0); }
  int64_t shared_bytes() const override {
    if (by_columns_) return blocks_of(depth_, kc_) * a_elements() * size();
    return by_item_ ? 0 : b_bytes();
  }

 private:
  // Where C has short runs along its unit stride, no whole vectors, a panel holds whole runs. Rows of C that follow
  // each other as the runs do (panels of them are put together before they are written) let a panel hold several; else
  // it is one run: idle lanes cost less than masked pieces of vectors (runs of 24 F32: 31 % of P in pieces, 46 % so; of
  // 40 the pieces are faster).
  void cut_at_runs() {
    if (!g_.c_unit || g_.n.size() < 2) return;
    const int64_t run = g_.n.back().length, whole = round_up(run, w_);
    if (run == whole || g_.n[g_.n.size() - 2].stride[kOut] == run) return;  // runs that lie one after the other
    const int64_t most = kernels_->gemm_vectors * w_;
    if (run >= w_ && run <= most && !g_.m.empty() && g_.m.back().stride[kOut] == run &&
        vectors_ <= kernels_->gemm_vectors) {
      const int64_t runs = most / run, fewer = (most - w_) / run;
      // Two vectors where they are filled as well as three.
      vectors_ = most > w_ && fewer * most >= runs * (most - w_) ? most / w_ - 1 : most / w_;
      panel_ = vectors_ * w_ / run * run;
      vectors_ = blocks_of(panel_, w_);
      width_ = vectors_ * w_;
      block_ = run;
      return;
    }
    if (10 * run < 6 * whole || run > 2 * w_ || whole > most) return;
    panel_ = run;
    width_ = whole;
    vectors_ = whole / w_;
  }
  // Whether C is written in whole lines, or put together in L1 in pieces of eight and more: rows of 72 F32, of which
  // every other one begins on a line, became slower by 1.4x past the caches.
  bool whole_lines() const {
    if (!g_.c_unit) return false;
    if (block_ != 0) return mr_ * block_ * size() >= 8 * kLine;
    const int64_t line = kLine / size();
    for (const Axes* axes : {&g_.batch, &g_.m, &g_.n})
      for (const Axis& a : *axes)
        if ((a.stride[kOut] == 1 ? a.length : a.stride[kOut]) % line != 0) return false;
    return true;
  }
  // All depth that B's columns leave room for, in tasks that need not fit a cache: A passes by.
  void cut_for_rows_in_place(const Tuning& tune) {
    const int64_t most = kernels_->gemm_rows[vectors_];
    kc_ = even(depth_, tune.skinny / (panels(columns_) * width_ * size()), 1);
    kc_ = std::min(kc_, depth_);
    mc_ = std::min(rows_, even(rows_, std::max(blocks_of(rows_, 2 * tune.tasks), tune.rows), most));
  }
  // Columns of a task: their B stays in L2, and where its unit stride lies on a slower axis, whole lines of it.
  void cut_columns(const Tuning& tune, int64_t step) {
    kg_ = kc_;
    const int64_t most = std::min(tune.wide_chunk / (kc_ * size()), std::max(columns_ / tune.tasks, 8 * panel_));
    if (g_.b_unit.on == On::Own && g_.b_unit.step > 1 && step % g_.b_unit.step == 0) {
      const int64_t units = std::max(tune.wide_chunk / (kc_ * size()) / step, int64_t{1});
      nc_ = even(std::min(g_.b_unit.length, columns_ / step), units, 1) * step;
    } else {
      const int64_t run = g_.b_unit.on == On::Own && g_.b_unit.length <= most ? g_.b_unit.length : panel_;
      nc_ = even(columns_, most, block_ != 0 || panel_ != width_ ? near_multiple(run, most) : run);
    }
    nc_ = std::min(nc_, columns_);
  }
  // Whole panels that are also a multiple of step, if there is one below most.
  int64_t near_multiple(int64_t step, int64_t most) const {
    const int64_t both = std::lcm(step, panel_);
    return both <= most ? both : panel_;
  }
  int64_t panels(int64_t columns) const { return blocks_of(columns, panel_); }

  static constexpr int64_t size() { return static_cast<int64_t>(sizeof(T)); }
  // Packed rows of A that lie along depth: a line more than the depth, so that they do not share a set of L1.
  int64_t row_stride() const { return round_up(kc_, w_) + 64 / size(); }
  int64_t a_elements() const {
    if (direct_) return mr_ * row_stride();
    return a_rowwise_ ? mc_ * row_stride() : round_up(mc_, mr_) * kc_;
  }
  int64_t b_elements() const { return panels(std::min(nc_, columns_)) * width_ * std::min(kg_, round_up(depth_, kc_)); }
  int64_t b_bytes() const { return round_up(b_elements() * size(), 64); }
  // Packed A of a worker, or its packed B where A is shared.
  int64_t front_bytes() const { return by_columns_ ? b_bytes() : round_up(a_elements() * size(), 64); }
  int64_t worker_bytes() const {
    return front_bytes() + round_up(8 * (2 * mc_ + 2 * kc_ + nc_ + width_), 64) +
           round_up(width_ * static_cast<int64_t>(sizeof(GemmRun)), 64);
  }

  // One worker's memory: packed A, and the offsets of one block.
  struct Scratch {
    T* a;
    int64_t *m_a, *m_c, *k_a, *k_b, *n_b, *n_c;
    GemmRun* runs;
  };
  Scratch scratch(char* at) const {
    Scratch s;
    s.a = reinterpret_cast<T*>(at);
    s.m_a = reinterpret_cast<int64_t*>(at + front_bytes());
    s.m_c = s.m_a + mc_;
    s.k_a = s.m_c + mc_;
    s.k_b = s.k_a + kc_;
    s.n_b = s.k_b + kc_;
    s.n_c = s.n_b;
    s.runs =
        reinterpret_cast<GemmRun*>(at + worker_bytes() - round_up(width_ * static_cast<int64_t>(sizeof(GemmRun)), 64));
    return s;
  }

  struct Item {
    const T *a, *b;
    T* c;
    T alpha, beta;
    int32_t past_caches;
  };
  Item item_at(const Call& call, int64_t item) const {
    return {reinterpret_cast<const T*>(call.x[g_.a]) + offset_of(g_.batch, g_.a, item),
            reinterpret_cast<const T*>(call.x[g_.b]) + offset_of(g_.batch, g_.b, item),
            reinterpret_cast<T*>(call.c) + offset_of(g_.batch, kOut, item),
            static_cast<T>(call.alpha),
            static_cast<T>(call.beta),
            streaming_ && call.beta == 0 ? 1 : 0};
  }

  // A region of the problem: columns [j0, + nn) and depth [p0, + kk), of which B is packed block of depth by block.
  struct Region {
    int64_t j0, nn, p0, kk;
  };
  T* packed_at(T* packed, const Region& r, int64_t p) const { return packed + panels(r.nn) * width_ * p; }

  void whole_item(const Call& call, int64_t item, char* at, T* packed_b) const {
    const Item x = item_at(call, item);
    const Scratch s = scratch(at);
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      for (int64_t p0 = 0; p0 < depth_; p0 += kg_) {
        const Region r{j0, std::min(nc_, columns_ - j0), p0, std::min(kg_, depth_ - p0)};
        for (int64_t p = 0; p < r.kk; p += kc_) pack_b(x, s, r, p, 0, r.nn, packed_b);
        for (int64_t i0 = 0; i0 < rows_; i0 += mc_) block(x, s, r, i0, 0, r.nn, packed_b);
      }
    }
  }

  void parallel_item(const Call& call, int64_t item, int threads, const Workspace& own, T* packed_b) const {
    const Item x = item_at(call, item);
    const int64_t row_blocks = blocks_of(rows_, mc_);
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      for (int64_t p0 = 0; p0 < depth_; p0 += kg_) {
        const Region r{j0, std::min(nc_, columns_ - j0), p0, std::min(kg_, depth_ - p0)};
        const int64_t chunk = round_up(blocks_of(r.nn, chunks_), panel_);
        const int64_t step = round_up(8 * std::max(panel_, b_step()), panel_), packs = blocks_of(r.nn, step);
        const int64_t depths = blocks_of(r.kk, kc_);
        const double pack_nanos = static_cast<double>(r.nn * r.kk) / 4;
        parallel_tasks(packs * depths, useful_threads(threads, packs * depths, pack_nanos), [&](int64_t t, int worker) {
          const int64_t from = t % packs * step;
          pack_b(x, scratch(own.of(worker)), r, t / packs * kc_, from, std::min(step, r.nn - from), packed_b);
        });
        parallel_tasks(row_blocks * chunks_, threads, [&](int64_t t, int worker) {
          const int64_t from = t % chunks_ * chunk;
          if (from < r.nn)
            block(x, scratch(own.of(worker)), r, t / chunks_ * mc_, from, std::min(chunk, r.nn - from), packed_b);
        });
      }
    }
  }
  int64_t b_step() const { return g_.b_unit.on == On::Own && g_.b_unit.step < most_columns_ ? g_.b_unit.step : 1; }

  // Packs columns [from, + count) of the region's block of depth at p. from is a multiple of panel_.
  void pack_b(const Item& x, const Scratch& s, const Region& r, int64_t p, int64_t from, int64_t count,
              T* packed) const {
    const int64_t kk = std::min(kc_, r.kk - p);
    fill_offsets(g_.k, g_.b, r.p0 + p, kk, s.k_b);
    fill_offsets(g_.n, g_.b, r.j0 + from, count, s.n_b);
    pack_panels(*kernels_, packed_at(packed, r, p) + panels(from) * width_ * kk, {panel_, width_ * kk, width_}, x.b,
                {s.n_b, count, s.k_b, kk}, g_.b_unit, by_columns_);
  }

  // Rows [i0, + mc) and columns [from, + count) of the region, over its whole depth.
  void block(const Item& x, const Scratch& s, const Region& r, int64_t i0, int64_t from, int64_t count,
             T* packed_b) const {
    const int64_t mm = std::min(mc_, rows_ - i0);
    fill_offsets(g_.m, g_.a, i0, mm, s.m_a);
    fill_offsets(g_.m, kOut, i0, mm, s.m_c);
    fill_offsets(g_.n, kOut, r.j0 + from, count, s.n_c);
    for (int64_t p = 0; p < r.kk; p += kc_) {
      const int64_t kk = std::min(kc_, r.kk - p);
      fill_offsets(g_.k, g_.a, r.p0 + p, kk, s.k_a);
      const T* b = packed_at(packed_b, r, p) + panels(from) * width_ * kk;
      const T beta = r.p0 + p == 0 ? x.beta : T{1};
      if (direct_) {
        rows_in_place(x, s, mm, count, kk, b, beta);
        continue;
      }
      pack_a(x, s, 0, mm, kk);
      all_tiles(x, s, mm, count, kk, b, beta);
    }
    // Stores past the caches are ordered with those of other threads by a fence alone.
    if (x.past_caches != 0) std::atomic_thread_fence(std::memory_order_seq_cst);
  }

  void all_tiles(const Item& x, const Scratch& s, int64_t mm, int64_t count, int64_t kk, const T* b, T beta) const {
    for (int64_t j = 0; j < count; j += panel_) {
      const int64_t n = std::min(panel_, count - j);
      const GemmColumns columns = describe_columns(x, s, j, n);
      for (int64_t i = 0; i < mm; i += mr_)
        tile(x, s, i, std::min(mr_, mm - i), n, kk, b + panels(j) * width_ * kk, columns, beta);
    }
  }

  // All rows by tasks of columns: A is packed once, for all; B by the task that needs it.
  void by_columns(const Item& x, int threads, const Workspace& own, T* packed_a) const {
    parallel_tasks(blocks_of(depth_, kc_), flops_ < 1e8 ? 1 : threads, [&](int64_t t, int worker) {
      Scratch s = scratch(own.of(worker));
      const int64_t p = t * kc_, kk = std::min(kc_, depth_ - p);
      s.a = packed_a + t * a_elements();
      fill_offsets(g_.m, g_.a, 0, rows_, s.m_a);
      fill_offsets(g_.k, g_.a, p, kk, s.k_a);
      pack_a(x, s, 0, rows_, kk);
    });
    parallel_tasks(blocks_of(columns_, nc_), threads, [&](int64_t t, int worker) {
      Scratch s = scratch(own.of(worker));
      T* b = s.a;
      const int64_t j0 = t * nc_, nn = std::min(nc_, columns_ - j0);
      fill_offsets(g_.m, kOut, 0, rows_, s.m_c);
      for (int64_t p = 0; p < depth_; p += kc_) {
        const Region r{j0, nn, p, std::min(kc_, depth_ - p)};
        pack_b(x, s, r, 0, 0, nn, b);
        fill_offsets(g_.n, kOut, j0, nn, s.n_c);
        s.a = packed_a + p / kc_ * a_elements();
        all_tiles(x, s, rows_, nn, r.kk, b, p == 0 ? x.beta : T{1});
      }
      if (x.past_caches != 0) std::atomic_thread_fence(std::memory_order_seq_cst);
    });
  }

  // Packs rows [i, + count) of the block, or of one tile when A is read in place elsewhere.
  void pack_a(const Item& x, const Scratch& s, int64_t i, int64_t count, int64_t kk) const {
    if (a_rowwise_) {
      const UnitStride lanes{On::Own, g_.a_unit.step, g_.a_unit.length};
      pack_panels(*kernels_, s.a + (direct_ ? 0 : i * row_stride()), {kk, 0, row_stride()}, x.a,
                  {s.k_a, kk, s.m_a + i, count}, lanes);
    } else {
      pack_panels(*kernels_, s.a + i * kk, {mr_, mr_ * kk, mr_}, x.a, {s.m_a + i, count, s.k_a, kk}, g_.a_unit);
    }
  }

  void tile(const Item& x, const Scratch& s, int64_t i, int64_t rows, int64_t n, int64_t kk, const T* b,
            const GemmColumns& columns, T beta) const {
    T* c[kMostRows];
    for (int64_t r = 0; r < rows; ++r) c[r] = x.c + s.m_c[i + r];
    const T* a = a_rowwise_ ? s.a + i * row_stride() : s.a + i * kk;
    const int64_t rs = a_rowwise_ ? row_stride() : 1, cs = a_rowwise_ ? 1 : mr_;
    kernels_->gemm_tile(static_cast<int>(rows), static_cast<int>(blocks_of(n, w_)), kk, a, rs, cs, b, width_, c,
                        &columns, x.alpha, beta);
  }

  // Columns are described once for many tiles: what has just been written is read late, behind the stores to C.
  void rows_in_place(const Item& x, const Scratch& s, int64_t mm, int64_t count, int64_t kk, const T* b, T beta) const {
    GemmColumns known[kMostPanels];
    const int64_t panels_in = blocks_of(count, panel_);
    const bool once = panels_in == 1 || (panels_in <= kMostPanels && g_.c_unit && g_.n.size() == 1);
    if (once)
      for (int64_t q = 0; q < panels_in; ++q)
        known[q] = describe_columns(x, s, q * panel_, std::min(panel_, count - q * panel_));
    for (int64_t i = 0; i < mm; i += mr_) row_tiles(x, s, i, mm, count, kk, b, beta, once ? known : nullptr);
  }

  // The tiles of rows [i, + mr) with A read in place, or copied where its rows do not lie evenly; the next tiles' rows
  // are asked for.
  void row_tiles(const Item& x, const Scratch& s, int64_t i, int64_t mm, int64_t count, int64_t kk, const T* b, T beta,
                 const GemmColumns* known) const {
    T* c[kMostRows];
    const int64_t rows = std::min(mr_, mm - i);
    for (int64_t r = 0; r < rows; ++r) c[r] = x.c + s.m_c[i + r];
    int64_t rs = rows > 1 ? s.m_a[i + 1] - s.m_a[i] : kk;
    bool in_place = true;
    for (int64_t r = 2; r < rows; ++r) in_place &= s.m_a[i + r] - s.m_a[i + r - 1] == rs;
    const T* a = x.a + s.m_a[i] + s.k_a[0];
    GemmAhead ahead{};
    const bool asks = in_place && i + rows < mm;
    if (asks) ahead = next_rows(x.a + s.m_a[i + rows] + s.k_a[0], rs);
    if (!in_place) {
      pack_a(x, s, i, rows, kk);
      a = s.a;
      rs = row_stride();
    }
    for (int64_t j = 0; j < count; j += panel_) {
      const int64_t n = std::min(panel_, count - j);
      GemmColumns own;
      if (known == nullptr) own = describe_columns(x, s, j, n);
      const GemmColumns& columns = known != nullptr ? known[j / panel_] : own;
      const int r = static_cast<int>(rows), v = static_cast<int>(blocks_of(n, w_));
      const T* panel = b + panels(j) * width_ * kk;
      if (asks && j == 0) {
        kernels_->gemm_tile_ahead(r, v, kk, a, rs, 1, panel, width_, c, &columns, x.alpha, beta, &ahead);
      } else {
        kernels_->gemm_tile(r, v, kk, a, rs, 1, panel, width_, c, &columns, x.alpha, beta);
      }
    }
  }

  // How a tile asks for the rows at `at`: a line of each row in turn.
  GemmAhead next_rows(const T* at, int64_t rs) const {
    const int64_t line = kLine / size(), row = rs * size();
    return {reinterpret_cast<const char*>(at), mr_ > line ? line * row : 0, row, kLine - line * row};
  }

  // Where n columns from j of the block's chunk lie in C.
  GemmColumns describe_columns(const Item& x, const Scratch& s, int64_t j, int64_t n) const {
    const int64_t* at = s.n_c + j;
    GemmColumns c{};
    c.last = static_cast<int32_t>((n - 1) % w_ + 1);
    c.start = at[0];
    c.run = s.runs;
    c.past_caches = x.past_caches;
    if (block_ != 0) {
      c.block = static_cast<int32_t>(block_);
      for (int64_t l = 0; l < n; l += block_) s.runs[c.runs++].offset = at[l];
      for (int64_t v = 0; v < vectors_; ++v)
        c.part[v] = {static_cast<int32_t>(v * w_ / block_), static_cast<int32_t>(v * w_ % block_),
                     static_cast<int32_t>(std::min(w_, block_ - v * w_ % block_))};
      return c;
    }
    if (contiguous(at, n)) {
      c.runs = 1;
      return c;
    }
    for (int64_t l = 0; l < n;) {
      const int64_t vector = l / w_, first = l % w_;
      int64_t end = first + 1;
      while (end < w_ && vector * w_ + end < n && at[vector * w_ + end] == at[l] + end - first) ++end;
      s.runs[c.runs++] = {static_cast<int32_t>(vector), static_cast<int32_t>(first), static_cast<int32_t>(end),
                          at[l] - first};
      l += end - first;
    }
    return c;
  }

  GemmLayout g_;
  int64_t items_, rows_, columns_, depth_, w_, vectors_, width_, panel_, kc_, kg_, mc_, nc_, mr_, chunks_,
      most_columns_;
  double flops_;
  int64_t block_ = 0;  // elements of C's runs where panels hold whole ones and rows follow each other
  bool by_item_, by_columns_, direct_, a_rowwise_, streaming_;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) { return p.operands == 2; }

bool suits(const Problem& p) { return !p.k.empty() && !p.m.empty() && !p.n.empty(); }

std::unique_ptr<KernelPlan> make(const Problem& p) {
  if (p.dtype == DType::F32) return std::make_unique<GemmPlan<float>>(p);
  return std::make_unique<GemmPlan<double>>(p);
}

}  // namespace

extern const KernelEntry kGemmKernel;
const KernelEntry kGemmKernel = {"gemm", applies, suits, make};

}  // namespace einblas
