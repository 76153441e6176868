// Driver: contraction with the batch label at unit stride (`nhd,khd->nkd`): the batch runs through the vector lanes.
//
// C[m, n, b] = alpha * sum_k A[m, k, b] B[n, k, b] + beta * C; b, m, n, k each any number of axes of any strides. For
// one vector of lanes (a slice) this is a small gemm whose "numbers" are vectors: a tile of 5 x 5 feeds 25 FMAs from 10
// loads. Both operands are packed slice by slice: at the stride of a whole batch row (often a power of two) the lines
// of a slice would fall into a few sets of L1 and L2. Packing costs more than the sums of a small slice, so there are
// two ways to walk:
//  - rolling: B's block stays in L2, A's next panel and B's next block are packed by the tiles themselves, a row or two
//    beside each tile's sums;
//  - chunks, where there are too few tiles for that: several slices side by side are packed at once, as runs of 256 to
//    512 bytes, then multiplied.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/offsets.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/kernel.hpp"
#include "step/lanes/lanes_blocks.hpp"
#include "step/sum_in_parts.hpp"

namespace einblas {
namespace {

// A panel of A (5 rows x 64 vectors of 64 bytes) stays in L1 while panels of B pass by.
constexpr int64_t kPanelBytes = 20 << 10;
constexpr int64_t kBlockBytes = 256 << 10;  // B's block, of which there are two, in a 1 MB L2
constexpr int64_t kChunkBytes = 256 << 10;  // packed chunks of both operands
constexpr int64_t kMaxVectors = 8;          // slices in a chunk: runs of 512 bytes
constexpr int64_t kMaxRows = 1024;          // rows in a task: bounds the tables of offsets
constexpr double kMostCopiesPerTile = 2.5;  // above, tiles cannot carry the packing
constexpr int64_t kWantedTasks = 8;
constexpr int64_t kStackBytes = 8 << 10;  // a workspace so small lies on the stack

template <class T>
class LanesPlan final : public KernelPlan {
 public:
  explicit LanesPlan(const Problem& p) : lanes_(p.batch), m_(p.m), n_(p.n), k_(p.k) {
    kernels_ = &kernel_table().typed<T>();
    mr_ = kernels_->lanes_rows;
    nr_ = kernels_->lanes_columns;
    vector_ = kernel_table().vector_bytes;
    width_ = vector_ / static_cast<int64_t>(sizeof(T));
    fill_lanes();
    slices_ = ceil_div(elements(lanes_), width_);
    rows_ = elements(m_);
    columns_ = elements(n_);
    depth_ = elements(k_);
    flops_ = 2.0 * static_cast<double>(p.outer_elements()) * static_cast<double>(depth_);
    kc_ = p.invariant ? invariant_depth(depth_)
                      : even_part(depth_, std::clamp<int64_t>(kPanelBytes / (mr_ * vector_), 32, 128));
    const LanesPanels i(rows_, mr_), j(columns_, nr_);
    const double copies = static_cast<double>(mr_) / static_cast<double>(j.count) +
                          static_cast<double>(columns_) / static_cast<double>(i.count * j.count);
    rolling_ = copies <= kMostCopiesPerTile;
    if (rolling_) {
      cut_rolling();
    } else {
      cut_chunks();
    }
    row_blocks_ = ceil_div(rows_, task_rows_);
    slice_groups_ = ceil_div(slices_, task_slices_);
    full_blocks_ = ceil_div(full_columns_, nc_);
    column_blocks_ = full_blocks_ + ceil_div(columns_ - full_columns_, nc_);
    depth_blocks_ = ceil_div(depth_, kc_);
    streaming_ = can_stream(p);
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = slice_groups_ * row_blocks_;
    const int threads = useful_threads(call.threads, tasks, flops_ / speed::kGemmFlops);
    if (threads == 1 && workspace_bytes() <= kStackBytes) {
      alignas(kAlignment) char stack[kStackBytes];
      for (int64_t t = 0; t < tasks; ++t) task(call, t, stack);
      return EINBLAS_OK;
    }
    const Workspace workspace(workspace_bytes(), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t t, int worker) { task(call, t, workspace.of(worker)); });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    std::string s = "batch in the vector lanes, " + std::to_string(slices_) + " vectors";
    if (part_ > 1) s += " (" + std::to_string(part_) + " columns joined in each)";
    s += ", " + std::to_string(rows_) + "x" + std::to_string(columns_) + "x" + std::to_string(depth_) +
         " for each, tile " + std::to_string(mr_) + "x" + std::to_string(nr_) + ", depth " + std::to_string(kc_) +
         ", columns " + std::to_string(nc_);
    s += rolling_ ? ", packed beside the sums" : ", chunks of " + std::to_string(vectors_) + " vectors packed";
    s += " because batch rows alias in the caches";
    if (streaming_) s += ", non-temporal stores";
    return s;
  }

  int64_t workspace_bytes() const override {
    return (a_elements() + b_elements() + tile_elements()) * static_cast<int64_t>(sizeof(T)) +
           8 * (2 * task_rows_ + 2 * (2 * nc_ + 2 * kc_) + 3 * width_ * kMaxVectors);
  }

 private:
  // Roles and lanes. The operand with more rows is A: it passes by while B's block stays. A batch much shorter than a
  // vector takes columns of n into the lanes too: B is gathered, A's lanes repeat. Those columns become the slowest of
  // n, so that only the last ones have fewer of them.
  void fill_lanes() {
    if (elements(m_) < elements(n_)) swap();
    const int64_t batch = elements(lanes_), fit = width_ / batch;
    if (fit >= 2) {
      Axis* best = nullptr;
      bool of_m = false;
      for (Axes* axes : {&n_, &m_})
        for (Axis& a : *axes)
          if (best == nullptr || (a.stride[kOut] == batch) > (best->stride[kOut] == batch)) {
            best = &a;
            of_m = axes == &m_;
          }
      if (best != nullptr && best->length > 1) {
        const Axis whole = *best;
        Axes& axes = of_m ? m_ : n_;
        axes.erase(axes.begin() + (best - axes.data()));
        part_ = std::min(fit, whole.length);
        Axis groups = whole, part = whole;
        groups.length = ceil_div(whole.length, part_);
        for (int64_t& s : groups.stride) s *= part_;
        part.length = part_;
        axes.insert(axes.begin(), groups);
        lanes_.insert(lanes_.begin(), part);
        if (of_m) swap();
        const int64_t rest = whole.length - (groups.length - 1) * part_;
        full_columns_ = elements(n_) / groups.length * (rest == part_ ? groups.length : groups.length - 1);
        short_lanes_ = rest * batch;
        return;
      }
    }
    full_columns_ = elements(n_);
  }

  void swap() {
    std::swap(m_, n_);
    std::swap(a_, b_);
  }

  void cut_rolling() {
    nc_ = even_part(columns_, std::max<int64_t>(nr_, kBlockBytes / (kc_ * vector_) * 5 / 4));
    // The first block of a task is packed before its first tile; more slices in a task hide the others'.
    task_slices_ = std::clamp<int64_t>(64 / rows_, 1, std::max<int64_t>(1, slices_ / 4));
    task_slices_ = std::max(task_slices_, slices_ / 256);
    const int64_t groups = ceil_div(slices_, task_slices_);
    const int64_t wanted = std::min(ceil_div(kWantedTasks, groups), std::max<int64_t>(1, rows_ / 32));
    task_rows_ = std::min(even_part(rows_, ceil_div(rows_, wanted)), kMaxRows);
    vectors_ = 1;
  }

  void cut_chunks() {
    nc_ = std::min<int64_t>(columns_, 64);
    vectors_ = std::min(slices_, kMaxVectors);
    while (vectors_ > 1 && chunk_rows() < std::min<int64_t>(rows_, 2 * mr_)) vectors_ /= 2;
    task_slices_ = vectors_;
    task_rows_ = std::max<int64_t>(std::min(rows_, 2 * static_cast<int64_t>(mr_)), std::min(rows_, chunk_rows()));
    task_rows_ = even_part(rows_, task_rows_);
  }
  int64_t chunk_rows() const { return kChunkBytes / (vectors_ * kc_ * vector_) - nc_; }

  // Whole aligned lines only: a part of a line that passes the caches costs as much as a line.
  bool can_stream(const Problem& p) const {
    if (vector_ != 64 || depth_blocks_ > 1 || part_ > 1) return false;
    if (p.outer_elements() * static_cast<int64_t>(sizeof(T)) < stream_from) return false;
    for (const Axes* axes : {&m_, &n_, &lanes_})
      for (const Axis& a : *axes)
        if (a.stride[kOut] != 1 && a.stride[kOut] % width_ != 0) return false;
    return true;
  }

  int64_t a_elements() const { return (rolling_ ? 2 * mr_ : vectors_ * task_rows_) * kc_ * width_; }
  int64_t b_elements() const { return (rolling_ ? 2 : vectors_) * nc_ * kc_ * width_; }
  int64_t tile_elements() const { return static_cast<int64_t>(mr_) * nr_ * width_; }

  struct Scratch {
    T *a, *b, *tile;
    int64_t *m_a, *m_c;
    LanesBlock block[2];
    LanesSlice lanes[kMaxVectors];
  };

  void lay_out(char* at, Scratch& s) const {
    s.a = reinterpret_cast<T*>(at);
    s.b = s.a + a_elements();
    s.tile = s.b + b_elements();
    int64_t* next = reinterpret_cast<int64_t*>(s.tile + tile_elements());
    auto take = [&](int64_t count) {
      int64_t* table = next;
      next += count;
      return table;
    };
    s.m_a = take(task_rows_);
    s.m_c = take(task_rows_);
    for (LanesBlock& b : s.block) {
      b.n_b = take(nc_);
      b.n_c = take(nc_);
      b.k_a = take(kc_);
      b.k_b = take(kc_);
    }
    for (LanesSlice& l : s.lanes) {
      l.a = take(width_);
      l.b = take(width_);
      l.c = take(width_);
    }
  }

  void task(const Call& call, int64_t index, char* memory) const {
    Scratch s;
    lay_out(memory, s);
    const int64_t i0 = index % row_blocks_ * task_rows_, mm = std::min(task_rows_, rows_ - i0);
    const int64_t first = index / row_blocks_ * task_slices_, slices = std::min(task_slices_, slices_ - first);
    fill_offsets(m_, a_, i0, mm, s.m_a);
    fill_offsets(m_, kOut, i0, mm, s.m_c);
    if (rolling_) {
      roll(call, first, slices, mm, s);
    } else {
      chunk(call, first, slices, mm, s);
    }
  }

  void set_lanes(int64_t slice, LanesSlice& l) const {
    const int64_t first = slice * width_;
    l.count = static_cast<int>(std::min(width_, elements(lanes_) - first));
    fill_offsets(lanes_, a_, first, l.count, l.a);
    fill_offsets(lanes_, b_, first, l.count, l.b);
    fill_offsets(lanes_, kOut, first, l.count, l.c);
    l.a_together = contiguous(l.a, l.count);
    l.b_together = contiguous(l.b, l.count);
    l.c_together = contiguous(l.c, l.count);
  }

  void set_block(int64_t column, int64_t deep, LanesBlock& b) const {
    const bool full = column < full_blocks_;
    const int64_t j0 = full ? column * nc_ : full_columns_ + (column - full_blocks_) * nc_;
    b.nn = std::min(nc_, (full ? full_columns_ : columns_) - j0);
    if (!full) b.lanes.count = static_cast<int>(short_lanes_);
    b.kk = std::min(kc_, depth_ - deep * kc_);
    b.first = deep == 0;
    fill_offsets(n_, b_, j0, b.nn, b.n_b);
    fill_offsets(n_, kOut, j0, b.nn, b.n_c);
    fill_offsets(k_, a_, deep * kc_, b.kk, b.k_a);
    fill_offsets(k_, b_, deep * kc_, b.kk, b.k_b);
  }

  // ---- rolling ----

  // Rows still to be packed into one place, by tiles or at once.
  struct Feed {
    const T* from = nullptr;  // null: nothing to pack
    const int64_t *rows = nullptr, *offset = nullptr, *lanes = nullptr;
    T* to = nullptr;
    int64_t kk = 0, done = 0, panel = 0;
    int count = 0;
    bool together = false;
    LanesPanels panels{1, 1};
  };

  Feed feed_a(const Call& call, const LanesBlock& b, const int64_t* rows, int64_t count, T* to) const {
    Feed f;
    f.from = reinterpret_cast<const T*>(call.x[a_]);
    f.rows = rows;
    f.offset = b.k_a;
    f.lanes = b.lanes.a;
    f.to = to;
    f.kk = b.kk;
    f.count = b.lanes.count;
    f.together = b.lanes.a_together;
    f.panels = LanesPanels(count, mr_);
    return f;
  }

  Feed feed_b(const Call& call, const LanesBlock& b, T* to) const {
    Feed f;
    f.from = reinterpret_cast<const T*>(call.x[b_]);
    f.rows = b.n_b;
    f.offset = b.k_b;
    f.lanes = b.lanes.b;
    f.to = to;
    f.kk = b.kk;
    f.count = b.lanes.count;
    f.together = b.lanes.b_together;
    f.panels = LanesPanels(b.nn, nr_);
    return f;
  }

  // Packs until `until` rows are done, the first of them as copies of the tile to come.
  void feed(Feed& f, int64_t until, bool carries, int64_t kk, LanesTile<T>& tile, int& copies) const {
    if (f.from == nullptr) return;
    carries = carries && f.together && f.count == width_ && f.kk == kk;
    const int64_t due = until - f.done;
    for (; f.done < until; ++f.done) {
      const int64_t row = f.done;
      if (row == f.panels.start(f.panel + 1)) ++f.panel;
      const int64_t start = f.panels.start(f.panel), step = f.panels.size(f.panel) * width_;
      T* to = f.to + start * f.kk * width_ + (row - start) * width_;
      if (carries && copies < kLanesCopies) {
        const int64_t ahead = row + due < f.panels.rows ? row + due : row;
        tile.copy[copies++] = {f.from + f.rows[row] + f.lanes[0], f.from + f.rows[ahead] + f.lanes[0], f.offset, to,
                               step};
      } else {
        kernels_->lanes_pack(to, step, 1, f.kk, f.from, f.rows + row, f.offset, f.lanes, f.count, f.together);
      }
    }
  }

  void roll(const Call& call, int64_t first_slice, int64_t slices, int64_t mm, Scratch& s) const {
    const int64_t steps = slices * column_blocks_ * depth_blocks_;
    const LanesPanels i_panels(mm, mr_);
    auto enter = [&](int64_t step) {
      LanesBlock& b = s.block[step & 1];
      b.lanes = s.lanes[step & 1];
      set_lanes(first_slice + step / (column_blocks_ * depth_blocks_), b.lanes);
      set_block(step / depth_blocks_ % column_blocks_, step % depth_blocks_, b);
    };
    T* const panel[2] = {s.a, s.a + mr_ * kc_ * width_};
    T* const held[2] = {s.b, s.b + nc_ * kc_ * width_};
    LanesTile<T> tile{};
    int none = 0, turn = 0;
    enter(0);
    Feed start_b = feed_b(call, s.block[0], held[0]);
    feed(start_b, s.block[0].nn, false, 0, tile, none);
    Feed start_a = feed_a(call, s.block[0], s.m_a, i_panels.size(0), panel[0]);
    feed(start_a, i_panels.size(0), false, 0, tile, none);
    for (int64_t step = 0; step < steps; ++step) {
      const LanesBlock& b = s.block[step & 1];
      const LanesBlock& next = s.block[(step + 1) & 1];
      Feed next_b;
      if (step + 1 < steps) {
        enter(step + 1);
        next_b = feed_b(call, next, held[(step + 1) & 1]);
      }
      const LanesPanels j_panels(b.nn, nr_);
      const int64_t tiles = i_panels.count * j_panels.count;
      for (int64_t i = 0; i < i_panels.count; ++i, turn ^= 1) {
        Feed next_a;
        if (i + 1 < i_panels.count) {
          next_a = feed_a(call, b, s.m_a + i_panels.start(i + 1), i_panels.size(i + 1), panel[turn ^ 1]);
        } else if (step + 1 < steps) {
          next_a = feed_a(call, next, s.m_a, i_panels.size(0), panel[turn ^ 1]);
        }
        const int mr = static_cast<int>(i_panels.size(i));
        for (int64_t j = 0; j < j_panels.count; ++j) {
          const int nr = static_cast<int>(j_panels.size(j));
          const bool carries = mr >= mr_ - 1 && nr >= nr_ - 1;
          int copies = 0;
          feed(next_a, (j + 1) * next_a.panels.rows / j_panels.count, carries, b.kk, tile, copies);
          feed(next_b, (i * j_panels.count + j + 1) * next_b.panels.rows / tiles, carries, b.kk, tile, copies);
          tile.a = panel[turn];
          tile.b = held[step & 1] + j_panels.start(j) * b.kk * width_;
          multiply(call, s, b, b.lanes, s.m_c + i_panels.start(i), b.n_c + j_panels.start(j), mr, nr, copies, tile);
        }
      }
    }
  }

  // ---- chunks ----

  void chunk(const Call& call, int64_t first_slice, int64_t slices, int64_t mm, Scratch& s) const {
    LanesBlock& b = s.block[0];
    for (int64_t v = 0; v < slices; ++v) set_lanes(first_slice + v, s.lanes[v]);
    const LanesPanels i_panels(mm, mr_);
    LanesTile<T> tile{};
    for (int64_t column = 0; column < column_blocks_; ++column)
      for (int64_t deep = 0; deep < depth_blocks_; ++deep) {
        b.lanes.count = static_cast<int>(width_);
        set_block(column, deep, b);
        for (int64_t v = 0; v < slices; ++v) s.lanes[v].count = std::min(s.lanes[v].count, b.lanes.count);
        const LanesPanels j_panels(b.nn, nr_);
        const int64_t a_apart = task_rows_ * kc_ * width_, b_apart = nc_ * kc_ * width_;
        pack_chunk(reinterpret_cast<const T*>(call.x[b_]), s.b, b_apart, j_panels, b.kk, b.n_b, b.k_b, s.lanes, slices,
                   &LanesSlice::b, &LanesSlice::b_together);
        pack_chunk(reinterpret_cast<const T*>(call.x[a_]), s.a, a_apart, i_panels, b.kk, s.m_a, b.k_a, s.lanes, slices,
                   &LanesSlice::a, &LanesSlice::a_together);
        for (int64_t i = 0; i < i_panels.count; ++i)
          for (int64_t j = 0; j < j_panels.count; ++j)
            for (int64_t v = 0; v < slices; ++v) {
              tile.a = s.a + v * a_apart + i_panels.start(i) * b.kk * width_;
              tile.b = s.b + v * b_apart + j_panels.start(j) * b.kk * width_;
              multiply(call, s, b, s.lanes[v], s.m_c + i_panels.start(i), b.n_c + j_panels.start(j),
                       static_cast<int>(i_panels.size(i)), static_cast<int>(j_panels.size(j)), 0, tile);
            }
      }
  }

  // Packs all rows for each of the slices, runs of whole slices that lie side by side together.
  void pack_chunk(const T* from, T* to, int64_t apart, const LanesPanels& panels, int64_t kk, const int64_t* rows,
                  const int64_t* offset, const LanesSlice* lanes, int64_t slices, int64_t* LanesSlice::*at,
                  bool LanesSlice::*together) const {
    for (int64_t v = 0; v < slices;) {
      const LanesSlice& l = lanes[v];
      int64_t run = 0;
      while (v + run < slices && lanes[v + run].*together && lanes[v + run].count == width_ &&
             (lanes[v + run].*at)[0] == (l.*at)[0] + run * width_)
        ++run;
      for (int64_t i = 0; i < panels.count; ++i) {
        const int64_t start = panels.start(i), size = panels.size(i);
        T* panel = to + v * apart + start * kk * width_;
        if (run > 1) {
          kernels_->lanes_pack_runs(panel, size * width_, apart, static_cast<int>(run), static_cast<int>(size), kk,
                                    from + (l.*at)[0], rows + start, offset);
        } else {
          kernels_->lanes_pack(panel, size * width_, static_cast<int>(size), kk, from, rows + start, offset, l.*at,
                               l.count, l.*together);
        }
      }
      v += std::max<int64_t>(run, 1);
    }
  }

  // ---- both ----

  // One tile into C; through a buffer where the lanes of C do not lie side by side.
  void multiply(const Call& call, const Scratch& s, const LanesBlock& b, const LanesSlice& lanes, const int64_t* m_c,
                const int64_t* n_c, int mr, int nr, int copies, LanesTile<T>& tile) const {
    T* c = reinterpret_cast<T*>(call.c);
    const T beta = b.first ? static_cast<T>(call.beta) : T{1};
    tile.k = b.kk;
    tile.alpha = static_cast<T>(call.alpha);
    if (lanes.c_together) {
      tile.c = c + lanes.c[0];
      tile.c_i = m_c;
      tile.c_j = n_c;
      tile.last = lanes.count;
      tile.beta = beta;
      tile.streaming =
          streaming_ && beta == 0 && lanes.count == width_ && reinterpret_cast<uintptr_t>(tile.c) % 64 == 0;
      kernels_->lanes_tile(mr, nr, copies, &tile);
      return;
    }
    int64_t rows[8], columns[8];
    for (int i = 0; i < mr; ++i) rows[i] = i * nr * width_;
    for (int j = 0; j < nr; ++j) columns[j] = j * width_;
    tile.c = s.tile;
    tile.c_i = rows;
    tile.c_j = columns;
    tile.last = static_cast<int>(width_);
    tile.beta = beta;
    tile.streaming = 0;
    const auto each = [&](const auto& f) {
      for (int i = 0; i < mr; ++i)
        for (int j = 0; j < nr; ++j)
          for (int l = 0; l < lanes.count; ++l) f(c[m_c[i] + n_c[j] + lanes.c[l]], s.tile[rows[i] + columns[j] + l]);
    };
    if (beta != 0) {
      std::fill_n(s.tile, mr * nr * width_, T{0});
      each([](const T& at, T& x) { x = at; });
    }
    kernels_->lanes_tile(mr, nr, copies, &tile);
    each([](T& at, const T& x) { at = x; });
  }

  Axes lanes_, m_, n_, k_;
  int a_ = 0, b_ = 1;  // the operands in the roles of A and B
  int64_t part_ = 1, full_columns_ = 0, short_lanes_ = 0;
  int64_t vector_, width_, slices_, rows_, columns_, depth_, kc_, nc_, vectors_, task_slices_, task_rows_;
  int64_t row_blocks_, slice_groups_, full_blocks_, column_blocks_, depth_blocks_;
  int mr_, nr_;
  double flops_;
  bool rolling_, streaming_;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) { return p.operands == 2 && !p.batch.empty(); }

// A batch axis has the output's unit stride, so no gemm could write vectors; and there is reuse over m and n.
bool suits(const Problem& p) {
  return !p.k.empty() && !p.m.empty() && !p.n.empty() &&
         std::any_of(p.batch.begin(), p.batch.end(), [](const Axis& a) { return a.stride[kOut] == 1; });
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (!applies(p) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  return sum_in_parts(p, make_typed<LanesPlan>);
}

}  // namespace

extern const KernelEntry kLanesKernel;
const KernelEntry kLanesKernel = {"lanes", plan};

}  // namespace einblas
