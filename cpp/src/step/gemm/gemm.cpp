// Driver: any binary contraction as a packed gemm that reads and writes tensors where they lie.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C; b, m, n, k each any number of axes of any strides.
// Panels are packed straight from the strided tensors by offsets, so no operand is transposed or copied as a whole.
// Loops: columns nc, depth kg (B packed for all workers), tasks of mc rows x a chunk of columns, depth kc (A packed by
// each worker), panels of B, panels of A.
#include <algorithm>
#include <atomic>

#include "einblas.h"
#include "layout/offsets.hpp"
#include "layout/panels.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/gemm/gemm_blocking.hpp"
#include "step/kernel.hpp"
#include "step/sum_in_parts.hpp"

namespace einblas {
namespace {

using On = UnitStride::On;

constexpr int64_t kLine = 64;  // bytes
constexpr int64_t kMostPanels = 12;
Tunable prepack_most{"GEMM_PREPACK", 1024, 0, int64_t{1} << 40,
                     "rows or columns up to which a constant factor beside them is kept packed"};

template <class T>
class GemmPlan final : public KernelPlan, private GemmBlocking {
 public:
  explicit GemmPlan(const Problem& p) : GemmBlocking(p, tiles()), kernels_(&kernel_table().typed<T>()) {}

  int32_t run(const Call& call) const noexcept override {
    const double nanos = static_cast<double>(items_) * flops_ / speed::kGemmFlops;
    const int threads = useful_threads(call.threads, tasks(), nanos);
    const Workspace shared(shared_bytes(), 1);
    const Workspace own(workspace_bytes(), threads);
    if (!shared.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    if (by_columns_) {
      for (int64_t item = 0; item < items_; ++item)
        by_columns(item_at(call, item), threads, own, reinterpret_cast<T*>(shared.of(0)));
      return EINBLAS_OK;
    }
    if (part_rows_ > 0) {
      parallel_tasks(tasks(), threads,
                     [&](int64_t t, int worker) { with_room(own, worker, [&](char* at) { part(call, t, at); }); });
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

  // Of a run, or of an item where they follow each other.
  int64_t tasks() const {
    if (part_rows_ > 0) return items_ * ceil_div(rows_, part_rows_) * column_blocks();
    return by_columns_ ? column_blocks() : by_item_ ? items_ : row_blocks() * chunks_;
  }

  std::string describe() const override {
    return "packed gemm " + std::to_string(rows_) + "x" + std::to_string(columns_) + "x" + std::to_string(depth_) +
           (items_ > 1 ? " times " + std::to_string(items_) : "") + ", tile " + std::to_string(mr_) + "x" +
           std::to_string(panel_) + ", blocks " + std::to_string(mc_) + "x" + std::to_string(kc_) +
           "; B packed by panels from where it lies" +
           (part_rows_ > 0 ? ", by each task of " + std::to_string(part_rows_) + " rows and " + std::to_string(nc_) +
                                 " columns, as memory is short"
                           : "") +
           (by_columns_ ? ", by each task of " + std::to_string(nc_) + " columns" : "") +
           (direct_ ? ", A read in place" : ", A too") +
           (g_.c_unit ? "" : ", tiles scattered: the output has no unit stride along m or n") + "; rows " +
           describe_axes(g_.m, 2) + ", columns " + describe_axes(g_.n, 2) + ", depth " + describe_axes(g_.k, 2);
  }

  int64_t workspace_bytes() const override {
    return part_rows_ > 0 ? beyond_stack(worker_bytes() + b_bytes()) : worker_bytes() + (by_item_ ? b_bytes() : 0);
  }
  int64_t shared_bytes() const override {
    if (by_columns_) return depth_blocks() * a_elements() * size();
    return by_item_ || part_rows_ > 0 ? 0 : b_bytes();
  }

  // Copies of A and B as a run packs them, for all blocks; one for all items where the batch does not move the operand.
  int64_t packed_bytes(int t) const override {
    const bool of_a = t == g_.a;
    if (part_rows_ > 0 || (of_a ? columns_ : rows_) > prepack_most || (of_a && direct_)) return 0;
    return copies(t) * (of_a ? a_copy() : b_copy()) * size();
  }

  int32_t pack(int t, const char* from, char* packed, int threads) const noexcept override {
    const int64_t blocks = t == g_.a ? row_blocks() * depth_blocks() : column_blocks() * depth_blocks();
    const int64_t tasks = copies(t) * blocks;
    const double nanos = static_cast<double>(packed_bytes(t)) / static_cast<double>(size()) / speed::kPackElements;
    threads = useful_threads(threads, tasks, nanos);
    const Workspace own(worker_bytes(), threads);
    if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t index, int worker) {
      Call call{};
      call.x[t] = from;
      const int64_t copy = index / blocks, block = index % blocks / depth_blocks(), p = index % depth_blocks() * kc_;
      const Item x = item_at(call, copy);
      Scratch s = scratch(own.of(worker));
      T* const to = reinterpret_cast<T*>(packed);
      if (t == g_.a) {
        const int64_t i0 = block * mc_, mm = std::min(mc_, rows_ - i0), kk = std::min(kc_, depth_ - p);
        fill_offsets(g_.m, g_.a, i0, mm, s.m_a);
        fill_offsets(g_.k, g_.a, p, kk, s.k_a);
        s.a = to + copy * a_copy() + a_block(block, p);
        pack_a(x, s, 0, mm, kk);
      } else {
        const int64_t j0 = block * nc_;
        const Region r{j0, std::min(nc_, columns_ - j0), p, std::min(kc_, depth_ - p)};
        pack_b(x, s, r, 0, 0, r.nn, to + copy * b_copy() + b_region(r));
      }
    });
    return EINBLAS_OK;
  }

 private:
  static GemmTiles tiles() {
    const TypedKernels<T>& kernels = kernel_table().typed<T>();
    return {kernels.gemm_vectors, kernels.gemm_rows, kernel_table().vector_bytes / size(), size()};
  }
  static constexpr int64_t size() { return static_cast<int64_t>(sizeof(T)); }
  // Packed rows of A that lie along depth: a line more than the depth, so that they do not share a set of L1.
  int64_t row_stride() const { return round_up(kc_, w_) + 64 / size(); }
  int64_t a_elements() const {
    if (direct_) return mr_ * row_stride();
    return a_rowwise_ ? mc_ * row_stride() : round_up(mc_, mr_) * kc_;
  }
  int64_t depth_blocks() const { return ceil_div(depth_, kc_); }
  int64_t row_blocks() const { return ceil_div(rows_, mc_); }
  int64_t column_blocks() const { return ceil_div(columns_, nc_); }
  // Elements of packed copies of a whole item, and where the blocks lie in them.
  int64_t a_copy() const { return row_blocks() * depth_blocks() * a_elements(); }
  int64_t a_block(int64_t block, int64_t p) const { return (block * depth_blocks() + p / kc_) * a_elements(); }
  int64_t b_copy() const { return column_blocks() * panels(nc_) * width_ * depth_; }
  int64_t copies(int t) const {
    return std::any_of(g_.batch.begin(), g_.batch.end(), [t](const Axis& a) { return a.stride[t] != 0; }) ? items_ : 1;
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
    const T *packed_a, *packed_b;  // its copies that were packed before, or null
  };
  Item item_at(const Call& call, int64_t item) const {
    // Where an operand is packed alone there are no others.
    const auto at = [&](const char* x, int t) {
      return x == nullptr ? nullptr : reinterpret_cast<const T*>(x) + offset_of(g_.batch, t, item);
    };
    return {at(call.x[g_.a], g_.a),
            at(call.x[g_.b], g_.b),
            const_cast<T*>(at(call.c, kOut)),
            factor<T>(call.alpha),
            factor<T>(call.beta),
            streaming_ && call.beta == 0 ? 1 : 0,
            packed_of(call, g_.a, item, a_copy()),
            packed_of(call, g_.b, item, b_copy())};
  }
  const T* packed_of(const Call& call, int t, int64_t item, int64_t copy) const {
    const T* const all = reinterpret_cast<const T*>(call.packed[t]);
    return all == nullptr || copies(t) == 1 ? all : all + item * copy;
  }

  // A region of the problem: columns [j0, + nn) and depth [p0, + kk), of which B is packed block of depth by block.
  struct Region {
    int64_t j0, nn, p0, kk;
  };
  T* packed_at(T* packed, const Region& r, int64_t p) const { return packed + panels(r.nn) * width_ * p; }
  const T* packed_at(const T* packed, const Region& r, int64_t p) const { return packed + panels(r.nn) * width_ * p; }
  // Where a region lies in B's copy of a whole item.
  int64_t b_region(const Region& r) const { return (r.j0 / nc_ * panels(nc_) * depth_ + panels(r.nn) * r.p0) * width_; }

  void whole_item(const Call& call, int64_t item, char* at, T* packed_b) const {
    const Item x = item_at(call, item);
    const Scratch s = scratch(at);
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      for (int64_t p0 = 0; p0 < depth_; p0 += kg_) {
        const Region r{j0, std::min(nc_, columns_ - j0), p0, std::min(kg_, depth_ - p0)};
        if (x.packed_b == nullptr)
          for (int64_t p = 0; p < r.kk; p += kc_) pack_b(x, s, r, p, 0, r.nn, packed_b);
        const T* const b = x.packed_b == nullptr ? packed_b : x.packed_b + b_region(r);
        for (int64_t i0 = 0; i0 < rows_; i0 += mc_) block(x, s, r, i0, 0, r.nn, b);
      }
    }
  }

  // Where memory is short: a block of columns of some rows of an item, over all depth, by one worker with its own B.
  void part(const Call& call, int64_t t, char* at) const {
    const int64_t down = ceil_div(rows_, part_rows_), across = ceil_div(columns_, nc_);
    const Item x = item_at(call, t / across / down);
    const Scratch s = scratch(at);
    T* const packed_b = reinterpret_cast<T*>(at + worker_bytes());
    const int64_t j0 = t / down % across * nc_, first = t % down * part_rows_;
    for (int64_t p0 = 0; p0 < depth_; p0 += kc_) {
      const Region r{j0, std::min(nc_, columns_ - j0), p0, std::min(kc_, depth_ - p0)};
      pack_b(x, s, r, 0, 0, r.nn, packed_b);
      for (int64_t i0 = first; i0 < std::min(rows_, first + part_rows_); i0 += mc_)
        block(x, s, r, i0, 0, r.nn, packed_b);
    }
  }

  void parallel_item(const Call& call, int64_t item, int threads, const Workspace& own, T* packed_b) const {
    const Item x = item_at(call, item);
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      for (int64_t p0 = 0; p0 < depth_; p0 += kg_) {
        const Region r{j0, std::min(nc_, columns_ - j0), p0, std::min(kg_, depth_ - p0)};
        const int64_t chunk = round_up(ceil_div(r.nn, chunks_), panel_);
        const int64_t step = round_up(8 * std::max(panel_, b_step()), panel_), packs = ceil_div(r.nn, step);
        const int64_t depths = ceil_div(r.kk, kc_);
        const double pack_nanos = static_cast<double>(r.nn * r.kk) / speed::kPackElements;
        const T* const b = x.packed_b == nullptr ? packed_b : x.packed_b + b_region(r);
        if (x.packed_b == nullptr)
          parallel_tasks(
              packs * depths, useful_threads(threads, packs * depths, pack_nanos), [&](int64_t t, int worker) {
                const int64_t from = t % packs * step;
                pack_b(x, scratch(own.of(worker)), r, t / packs * kc_, from, std::min(step, r.nn - from), packed_b);
              });
        parallel_tasks(row_blocks() * chunks_, threads, [&](int64_t t, int worker) {
          const int64_t from = t % chunks_ * chunk;
          if (from < r.nn)
            block(x, scratch(own.of(worker)), r, t / chunks_ * mc_, from, std::min(chunk, r.nn - from), b);
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
    T* const to = packed_at(packed, r, p) + panels(from) * width_ * kk;
    const PanelShape shape{panel_, width_ * kk, width_};
    clear_rest(to, shape, count, kk, w_);
    pack_panels(*kernels_, to, shape, x.b, {s.n_b, count, s.k_b, kk}, g_.b_unit, by_columns_);
  }

  // Rows [i0, + mc) and columns [from, + count) of the region, over its whole depth.
  void block(const Item& x, const Scratch& s, const Region& r, int64_t i0, int64_t from, int64_t count,
             const T* packed_b) const {
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
      if (x.packed_a == nullptr) pack_a(x, s, 0, mm, kk);
      all_tiles(x, s, x.packed_a == nullptr ? s.a : x.packed_a + a_block(i0 / mc_, r.p0 + p), mm, count, kk, b, beta);
    }
    // Stores past the caches are ordered with those of other threads by a fence alone.
    if (x.past_caches != 0) std::atomic_thread_fence(std::memory_order_seq_cst);
  }

  void all_tiles(const Item& x, const Scratch& s, const T* a, int64_t mm, int64_t count, int64_t kk, const T* b,
                 T beta) const {
    for (int64_t j = 0; j < count; j += panel_) {
      const int64_t n = std::min(panel_, count - j);
      const GemmColumns columns = describe_columns(x, s, j, n);
      for (int64_t i = 0; i < mm; i += mr_)
        tile(x, s, a, i, std::min(mr_, mm - i), n, kk, b + panels(j) * width_ * kk, columns, beta);
    }
  }

  // All rows by tasks of columns: A is packed once, for all; B by the task that needs it.
  void by_columns(const Item& x, int threads, const Workspace& own, T* packed_a) const {
    const T* const a = x.packed_a == nullptr ? packed_a : x.packed_a;
    const int64_t packs = x.packed_a == nullptr ? depth_blocks() : 0;
    const double pack_nanos = static_cast<double>(rows_ * depth_) / speed::kPackElements;
    parallel_tasks(packs, useful_threads(threads, packs, pack_nanos), [&](int64_t t, int worker) {
      Scratch s = scratch(own.of(worker));
      const int64_t p = t * kc_, kk = std::min(kc_, depth_ - p);
      s.a = packed_a + t * a_elements();
      fill_offsets(g_.m, g_.a, 0, rows_, s.m_a);
      fill_offsets(g_.k, g_.a, p, kk, s.k_a);
      pack_a(x, s, 0, rows_, kk);
    });
    parallel_tasks(column_blocks(), threads, [&](int64_t t, int worker) {
      const Scratch s = scratch(own.of(worker));
      T* const packed_b = s.a;
      const int64_t j0 = t * nc_, nn = std::min(nc_, columns_ - j0);
      fill_offsets(g_.m, kOut, 0, rows_, s.m_c);
      for (int64_t p = 0; p < depth_; p += kc_) {
        const Region r{j0, nn, p, std::min(kc_, depth_ - p)};
        if (x.packed_b == nullptr) pack_b(x, s, r, 0, 0, nn, packed_b);
        fill_offsets(g_.n, kOut, j0, nn, s.n_c);
        all_tiles(x, s, a + a_block(0, p), rows_, nn, r.kk, x.packed_b == nullptr ? packed_b : x.packed_b + b_region(r),
                  p == 0 ? x.beta : T{1});
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

  void tile(const Item& x, const Scratch& s, const T* packed_a, int64_t i, int64_t rows, int64_t n, int64_t kk,
            const T* b, const GemmColumns& columns, T beta) const {
    T* c[kGemmMostRows];
    for (int64_t r = 0; r < rows; ++r) c[r] = x.c + s.m_c[i + r];
    const T* a = packed_a + i * (a_rowwise_ ? row_stride() : kk);
    const int64_t rs = a_rowwise_ ? row_stride() : 1, cs = a_rowwise_ ? 1 : mr_;
    kernels_->gemm_tile(static_cast<int>(rows), static_cast<int>(ceil_div(n, w_)), kk, a, rs, cs, b, width_, c,
                        &columns, x.alpha, beta);
  }

  // Columns are described once for many tiles: what has just been written is read late, behind the stores to C.
  void rows_in_place(const Item& x, const Scratch& s, int64_t mm, int64_t count, int64_t kk, const T* b, T beta) const {
    GemmColumns known[kMostPanels];
    const int64_t panels_in = ceil_div(count, panel_);
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
    T* c[kGemmMostRows];
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
      const int r = static_cast<int>(rows), v = static_cast<int>(ceil_div(n, w_));
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

  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) { return p.operands == 2; }

bool suits(const Problem& p) { return !p.k.empty() && !p.m.empty() && !p.n.empty(); }

int64_t tasks_of(const Problem& p) {
  return visit_computed(p.dtype, [&](auto of) { return GemmPlan<typename decltype(of)::Type>(p).tasks(); });
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (!applies(p) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  return sum_in_parts(p, make_typed<GemmPlan>, depth_parts(p, tasks_of));
}

}  // namespace

extern const KernelEntry kGemmKernel;
const KernelEntry kGemmKernel = {"gemm", plan};

}  // namespace einblas
