// Driver: contraction with the batch label at unit stride (`nhd,khd->nkd`): the batch runs through the vector lanes.
//
// C[m, n, b] = alpha * sum_k A[m, k, b] B[n, k, b] + beta * C; b, m, n, k each any number of axes of any strides. For
// one vector of lanes (a slice) this is a small gemm whose "numbers" are vectors: a tile of 5 x 5 feeds 25 FMAs from 10
// loads. Both operands are packed: at the stride of a whole batch row (often a power of two) the lines of a slice would
// fall into a few sets of L1 and L2. Packing waits for memory, so the tiles prepare A's next panel and B's next block:
// they pack a row or two beside their sums (carry), or ask for the lines of rows that are packed after them (ask).
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
#include "step/lanes/lanes_layout.hpp"
#include "step/lanes/lanes_pack.hpp"
#include "step/sum_in_parts.hpp"

namespace einblas {
namespace {

// lhn,shn->lsh of 256, 256, 128 (depth), 128 in F32, one thread: 128 deep 28 ms, 64 deep 33.
Tunable depth_most{"LANES_DEPTH", 128, 1, 1 << 20, "depth that one pass of tiles takes with the batch in the lanes"};
Tunable block_bytes{"LANES_BLOCK", 256 << 10, 1 << 10, 1 << 26,
                    "bytes of a packed block of B with the batch in the lanes, in L2"};
Tunable sums_bytes{"LANES_SUMS", 256 << 10, 1 << 10, 1 << 26, "bytes of sums that wait for further depth, in L2"};
// nhd,khd->nkd of 8, 8, 16, 4096 in F32, one thread: groups of 8 263 us, single slices 288.
Tunable near_bytes{"LANES_NEAR", 192 << 10, 0, 1 << 26, "bytes of the panels of slices that are packed together"};
// Two threads: from 1 MB on results of 2 to 5 MB took 1.1 to 1.4 times as long.
Tunable fetch_from{"LANES_FETCH", 8 << 20, 0, int64_t{1} << 40, "bytes of a result whose lines are asked for ahead"};
// F32, one thread, asked for / carried: 16 MB (128, 128, 64, 256) 6.9 / 7.2 ms, 3 MB (100, 60, 50, 100) 984 / 894 us.
Tunable far_bytes{"LANES_FAR", 6 << 20, 0, int64_t{1} << 40,
                  "bytes of both operands from which on tiles ask for lines and do not pack them"};
Tunable prepack_most{"LANES_PREPACK", 1024, 0, int64_t{1} << 40,
                     "rows or columns up to which a constant factor beside them is kept packed"};
constexpr double kMostCopiesPerTile = 2.5;  // above, tiles cannot carry the packing
constexpr int64_t kMaxRows = 1024;          // rows in a task: bounds the tables of offsets
constexpr int64_t kWantedTasks = 8;
constexpr int kBlocksFirst = 6;  // where memory is short: blocks of B shrink so often before the depth does

template <class T>
class LanesPlan final : public KernelPlan, private LanesLayout {
 public:
  explicit LanesPlan(const Problem& p)
      : LanesLayout(p, kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T))),
        vector_(kernel_table().vector_bytes) {
    kernels_ = &kernel_table().typed<T>();
    mr_ = kernels_->lanes_rows;
    nr_ = kernels_->lanes_columns;
    slices_ = ceil_div(elements(lanes_), width_);
    rows_ = elements(m_);
    columns_ = elements(n_);
    depth_ = elements(k_);
    flops_ = 2.0 * static_cast<double>(p.outer_elements()) * static_cast<double>(depth_);
    shrinks_ = p.shrinks;
    kc_ = p.invariant ? invariant_depth(depth_) : even_part(depth_, shrunk(depth_most, shrinks_ - kBlocksFirst, 8));
    depth_blocks_ = ceil_div(depth_, kc_);
    cut();
    row_blocks_ = ceil_div(rows_, task_rows_);
    full_blocks_ = ceil_div(full_columns_, nc_);
    column_blocks_ = full_blocks_ + ceil_div(columns_ - full_columns_, nc_);
    const int64_t bytes = p.outer_elements() * static_cast<int64_t>(sizeof(T)) * p.writes;
    streaming_ = bytes >= stream_from && whole_lines() && (depth_blocks_ == 1 || !sums_in_c());
    fetches_ = bytes >= fetch_from;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = ceil_div(groups_, task_groups_) * row_blocks_;
    const int threads = useful_threads(call.threads, tasks, flops_ / speed::kGemmFlops);
    const Workspace workspace(workspace_bytes(), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t t, int worker) {
      with_room(workspace, worker, [&](char* room) { task(call, t, room); });
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    std::string s = "batch in the vector lanes, " + std::to_string(slices_) + " vectors";
    if (part_ > 1) s += " (" + std::to_string(part_) + " columns joined in each)";
    s += ", " + std::to_string(rows_) + "x" + std::to_string(columns_) + "x" + std::to_string(depth_) +
         " for each, tile " + std::to_string(mr_) + "x" + std::to_string(nr_) + ", depth " + std::to_string(kc_) +
         ", columns " + std::to_string(nc_) + ", packed by groups of " + std::to_string(vectors_) +
         " vectors because batch rows alias in the caches";
    if (unit_[0] != LanesUnit::Nowhere || unit_[1] != LanesUnit::Nowhere) s += ", transposed on the way";
    if (streaming_) s += ", non-temporal stores";
    return s;
  }

  int64_t workspace_bytes() const override {
    return beyond_stack((buffers() * (a_elements() + b_elements()) + sum_elements() + tile_elements()) *
                            static_cast<int64_t>(sizeof(T)) +
                        8 * (2 * task_rows_ + (nr_ + 1) * mr_ + nr_ + 2 * (2 * nc_ + 4 * kc_ + 3 * width_ * vectors_)));
  }

  // Panels of A and blocks of B as tasks pack them, of all slices.
  int64_t packed_bytes(int t) const override {
    const bool of_a = t == operand_[0];
    if (shrinks_ > 0 || (of_a ? columns_ : rows_) > prepack_most) return 0;
    return groups_ * depth_blocks_ * (of_a ? row_blocks_ * a_panels() * a_elements() : column_blocks_ * b_elements()) *
           static_cast<int64_t>(sizeof(T));
  }

  int32_t pack(int t, const char* from, char* packed, int threads) const noexcept override {
    const double nanos = static_cast<double>(packed_bytes(t)) / static_cast<double>(sizeof(T)) / speed::kPackElements;
    threads = useful_threads(threads, groups_, nanos);
    const Workspace workspace(workspace_bytes(), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    Call call{};
    call.x[t] = from;
    call.packed[t] = packed;
    parallel_tasks(groups_, threads, [&](int64_t group, int worker) {
      with_room(workspace, worker, [&](char* room) {
        Scratch s;
        lay_out(room, s);
        if (t == operand_[0]) {
          pack_rows(call, group, s);
        } else {
          pack_columns(call, group, s);
        }
      });
    });
    return EINBLAS_OK;
  }

 private:
  void cut() {
    const int64_t fit = std::max<int64_t>(nr_, shrunk(block_bytes, shrinks_, 1) / (kc_ * vector_));
    nc_ = shrinks_ == 0 ? even_part(columns_, fit) : std::min(columns_, even_part(columns_, fit / nr_ * nr_, nr_));
    // Where tiles are too few to pack beside their sums, slices are packed together, as longer runs of memory.
    const LanesPanels i(rows_, mr_), j(nc_, nr_);
    const double copies = static_cast<double>(mr_) / static_cast<double>(j.count) +
                          static_cast<double>(nc_) / static_cast<double>(i.count * j.count);
    vectors_ = 1;
    while (copies > kMostCopiesPerTile && 2 * vectors_ <= std::min(kLanesSlices, slices_ / kWantedTasks) &&
           2 * vectors_ * (nc_ + mr_) * kc_ * vector_ <= shrunk(near_bytes, shrinks_, 0))
      vectors_ *= 2;
    carries_ = vectors_ == 1 && buffers() == 2 && unit_[0] == LanesUnit::Nowhere && unit_[1] == LanesUnit::Nowhere &&
               slices_ * (rows_ + columns_) * depth_ * vector_ < far_bytes;
    groups_ = ceil_div(slices_, vectors_);
    // The first panels of a task are not asked for ahead: more slices in a task make up for them.
    task_groups_ = std::clamp<int64_t>(64 / (rows_ * vectors_), 1, std::max<int64_t>(1, groups_ / 4));
    task_groups_ = std::max(task_groups_, groups_ / 256);
    const int64_t tasks = ceil_div(groups_, task_groups_);
    const int64_t wanted = std::min(ceil_div(kWantedTasks, tasks), std::max<int64_t>(1, rows_ / 32));
    int64_t most = std::min(ceil_div(rows_, wanted), shrunk(kMaxRows, shrinks_ - kBlocksFirst, 2 * mr_));
    if (depth_blocks_ > 1 && !sums_in_c())
      most = std::min(most, std::max<int64_t>(2 * mr_, sums_bytes / (vectors_ * nc_ * vector_)));
    task_rows_ = even_part(rows_, most);
  }

  // Whole aligned lines only: a part of a line that passes the caches costs as much as a line.
  bool whole_lines() const {
    if (vector_ != 64 || part_ > 1) return false;
    for (const Axes* axes : {&m_, &n_, &lanes_})
      for (const Axis& a : *axes)
        if (a.stride[kOut] != 1 && a.stride[kOut] % width_ != 0) return false;
    return true;
  }

  // Elements of the panels of one slice, and of all slices of a group.
  int64_t a_apart() const { return mr_ * kc_ * width_; }
  int64_t b_apart() const { return nc_ * kc_ * width_; }
  int64_t a_elements() const { return vectors_ * a_apart(); }
  int64_t b_elements() const { return vectors_ * b_apart(); }
  int64_t a_panels() const { return ceil_div(task_rows_, mr_); }  // of a task, at most
  int64_t tile_elements() const { return mr_ * nr_ * width_; }
  int64_t sum_elements() const {
    if (depth_blocks_ == 1 || sums_in_c()) return 0;
    return vectors_ * ceil_div(task_rows_, mr_) * ceil_div(nc_, nr_) * tile_elements();
  }

  // Packed blocks of A and of B each: with one, what comes next is packed between tiles.
  int64_t buffers() const { return shrinks_ > kBlocksFirst ? 1 : 2; }
  // Sums wait in C for further depth where memory is short; the bits are the same.
  bool sums_in_c() const { return shrinks_ > 0; }

  struct Scratch {
    T *a[2], *b[2], *sums, *tile;
    int64_t *m_a, *m_c, *rows, *columns;  // the last two: offsets of the tile's buffer, rows for each width of a tile
    LanesBlock block[2];
  };

  void lay_out(char* at, Scratch& s) const {
    s.a[0] = reinterpret_cast<T*>(at);
    s.a[1] = s.a[0] + (buffers() - 1) * a_elements();
    s.b[0] = s.a[1] + a_elements();
    s.b[1] = s.b[0] + (buffers() - 1) * b_elements();
    s.sums = s.b[1] + b_elements();
    s.tile = s.sums + sum_elements();
    int64_t* next = reinterpret_cast<int64_t*>(s.tile + tile_elements());
    auto take = [&](int64_t count) {
      int64_t* table = next;
      next += count;
      return table;
    };
    s.m_a = take(task_rows_);
    s.m_c = take(task_rows_);
    s.rows = take((nr_ + 1) * mr_);
    s.columns = take(nr_);
    for (int64_t j = 0; j < nr_; ++j) s.columns[j] = j * width_;
    for (int64_t i = 0; i < mr_ * (nr_ + 1); ++i) s.rows[i] = i % mr_ * (i / mr_) * width_;
    for (LanesBlock& b : s.block) {
      b.rows[kLanesA] = s.m_a;
      b.rows[kLanesB] = take(nc_);
      b.n_c = take(nc_);
      for (int side : {0, 1}) {
        b.depth[side] = take(kc_);
        b.line[side] = take(kc_);
      }
      for (int64_t v = 0; v < vectors_; ++v)
        for (int64_t*& lanes : b.slice[v].at) lanes = take(width_);
    }
  }

  void task(const Call& call, int64_t index, char* memory) const {
    Scratch s;
    lay_out(memory, s);
    const int64_t i0 = index % row_blocks_ * task_rows_, mm = std::min(task_rows_, rows_ - i0);
    const int64_t first = index / row_blocks_ * task_groups_, groups = std::min(task_groups_, groups_ - first);
    fill_offsets(m_, operand_[0], i0, mm, s.m_a);
    fill_offsets(m_, kOut, i0, mm, s.m_c);
    roll(call, first, groups, index % row_blocks_, mm, s);
  }

  void set_slices(int64_t group, LanesBlock& b) const {
    b.slices = std::min(vectors_, slices_ - group * vectors_);
    b.runs[0] = b.runs[1] = b.slices > 1;
    for (int64_t v = 0; v < b.slices; ++v) {
      LanesSlice& l = b.slice[v];
      const int64_t first = (group * vectors_ + v) * width_;
      l.count = static_cast<int>(std::min(width_, elements(lanes_) - first));
      for (int t : {kLanesA, kLanesB, kLanesC}) {
        fill_offsets(lanes_, t == kLanesC ? kOut : operand_[t], first, l.count, l.at[t]);
        l.together[t] = contiguous(l.at[t], l.count);
      }
      for (int side : {0, 1})
        b.runs[side] &= l.together[side] && l.count == width_ && l.at[side][0] == b.slice[0].at[side][0] + v * width_;
    }
  }

  void set_block(int64_t column, int64_t deep, LanesBlock& b) const {
    const bool full = column < full_blocks_;
    const int64_t j0 = full ? column * nc_ : full_columns_ + (column - full_blocks_) * nc_;
    b.nn = std::min(nc_, (full ? full_columns_ : columns_) - j0);
    for (int64_t v = 0; v < b.slices && !full; ++v) {
      b.slice[v].count = std::min(b.slice[v].count, static_cast<int>(short_lanes_));
      b.runs[0] = b.runs[1] = false;
    }
    b.kk = std::min(kc_, depth_ - deep * kc_);
    b.first = deep == 0;
    b.last = deep == depth_blocks_ - 1;
    fill_offsets(n_, operand_[1], j0, b.nn, b.rows[kLanesB]);
    fill_offsets(n_, kOut, j0, b.nn, b.n_c);
    for (int side : {0, 1}) {
      fill_offsets(k_, operand_[side], deep * kc_, b.kk, b.depth[side]);
      set_lines(side, b);
    }
  }

  // Lines of a row: a vector at each depth, or where depth has the unit stride those of each lane in turn; as many as
  // the deepest tile has steps.
  void set_lines(int side, LanesBlock& b) const {
    if (carries_) return;
    const LanesSlice& l = b.slice[0];
    const bool deep = !l.together[side] && unit_[side] == LanesUnit::Depth;
    int64_t* const line = b.line[side];
    for (int64_t p = 0; p < b.kk; p += width_)
      for (int64_t lane = 0; lane < width_ && p + lane < b.kk; ++lane)
        line[p + lane] = deep ? b.depth[side][p] + l.at[side][std::min<int64_t>(lane, l.count - 1)] - l.at[side][0]
                              : b.depth[side][p + lane];
    for (int64_t p = b.kk; p < kc_; ++p) line[p] = line[p - 1];
  }

  LanesFeed<T> feed_a(const Call& call, const LanesBlock& b, const LanesPanels& panels, int64_t i, T* to) const {
    return {*kernels_,      b,   kLanesA, unit_[0], reinterpret_cast<const T*>(call.x[operand_[0]]), panels.start(i),
            panels.size(i), mr_, to,      a_apart()};
  }
  LanesFeed<T> feed_b(const Call& call, const LanesBlock& b, T* to) const {
    return {*kernels_, b,    kLanesB, unit_[1], reinterpret_cast<const T*>(call.x[operand_[1]]),
            0,         b.nn, nr_,     to,       b_apart()};
  }

  // Where panels lie that were packed before; null where they were not.
  T* packed_a(const Call& call, int64_t group, int64_t deep, int64_t row_block, int64_t panel) const {
    T* const all = reinterpret_cast<T*>(const_cast<char*>(call.packed[operand_[0]]));
    if (all == nullptr) return nullptr;
    return all + (((group * depth_blocks_ + deep) * row_blocks_ + row_block) * a_panels() + panel) * a_elements();
  }
  T* packed_b(const Call& call, int64_t group, int64_t column, int64_t deep) const {
    T* const all = reinterpret_cast<T*>(const_cast<char*>(call.packed[operand_[1]]));
    return all == nullptr ? nullptr : all + ((group * column_blocks_ + column) * depth_blocks_ + deep) * b_elements();
  }

  void pack_rows(const Call& call, int64_t group, Scratch& s) const {
    LanesBlock& b = s.block[0];
    for (int64_t block = 0; block < row_blocks_; ++block) {
      const int64_t i0 = block * task_rows_;
      const LanesPanels panels(std::min(task_rows_, rows_ - i0), mr_);
      fill_offsets(m_, operand_[0], i0, panels.rows, s.m_a);
      for (int64_t deep = 0; deep < depth_blocks_; ++deep) {
        set_slices(group, b);
        set_block(0, deep, b);
        for (int64_t i = 0; i < panels.count; ++i)
          feed_a(call, b, panels, i, packed_a(call, group, deep, block, i)).pack_all(width_);
      }
    }
  }
  void pack_columns(const Call& call, int64_t group, Scratch& s) const {
    LanesBlock& b = s.block[0];
    for (int64_t column = 0; column < column_blocks_; ++column)
      for (int64_t deep = 0; deep < depth_blocks_; ++deep) {
        set_slices(group, b);
        set_block(column, deep, b);
        feed_b(call, b, packed_b(call, group, column, deep)).pack_all(width_);
      }
  }

  // Tiles of one task: those of a block of rows for each group of slices.
  void roll(const Call& call, int64_t first_group, int64_t groups, int64_t row_block, int64_t mm, Scratch& s) const {
    const int64_t steps = groups * column_blocks_ * depth_blocks_;
    const LanesPanels i_panels(mm, mr_);
    auto enter = [&](int64_t step) {
      LanesBlock& b = s.block[step & 1];
      set_slices(first_group + step / (column_blocks_ * depth_blocks_), b);
      set_block(step / depth_blocks_ % column_blocks_, step % depth_blocks_, b);
    };
    const bool packs_a = call.packed[operand_[0]] == nullptr, packs_b = call.packed[operand_[1]] == nullptr;
    enter(0);
    if (packs_b) feed_b(call, s.block[0], s.b[0]).pack_all(width_);
    if (packs_a) feed_a(call, s.block[0], i_panels, 0, s.a[0]).pack_all(width_);
    int turn = 0;
    LanesTile<T> tile{};
    for (int64_t step = 0; step < steps; ++step) {
      const LanesBlock& b = s.block[step & 1];
      const LanesBlock* const next = step + 1 < steps ? &s.block[(step + 1) & 1] : nullptr;
      LanesFeed<T> next_b;
      if (next != nullptr) {
        enter(step + 1);
        if (packs_b) next_b = feed_b(call, *next, s.b[(step + 1) & 1]);
      }
      if (b.slices == 1) set_tile(call, b, b.slice[0], tile);
      const int64_t group = first_group + step / (column_blocks_ * depth_blocks_), deep = step % depth_blocks_;
      const T* const block_b =
          packs_b ? s.b[step & 1] : packed_b(call, group, step / depth_blocks_ % column_blocks_, deep);
      const LanesPanels j_panels(b.nn, nr_);
      const int64_t row = j_panels.count * b.slices, all = i_panels.count * row;
      for (int64_t i = 0; i < i_panels.count; ++i, turn ^= 1) {
        LanesFeed<T> next_a;
        const T* const panel_a = packs_a ? s.a[turn] : packed_a(call, group, deep, row_block, i);
        if (!packs_a) {
          // Nothing to prepare.
        } else if (i + 1 < i_panels.count) {
          next_a = feed_a(call, b, i_panels, i + 1, s.a[turn ^ 1]);
        } else if (next != nullptr) {
          next_a = feed_a(call, *next, i_panels, 0, s.a[turn ^ 1]);
        }
        const int mr = static_cast<int>(i_panels.size(i));
        for (int64_t j = 0; j < j_panels.count; ++j) {
          const int nr = static_cast<int>(j_panels.size(j));
          const bool beside = mr >= mr_ - 1 && nr >= nr_ - 1;
          for (int64_t v = 0; v < b.slices; ++v) {
            tile.aheads = tile.copies = 0;
            if (carries_) {
              if (next_a.some()) next_a.carry(row, b.kk, width_, beside, tile);
              if (next_b.some()) next_b.carry(all, b.kk, width_, beside, tile);
            } else {
              if (next_a.some()) next_a.ask(row, tile);
              if (next_b.some()) next_b.ask(all, tile);
            }
            if (b.slices > 1) set_tile(call, b, b.slice[v], tile);
            tile.a = panel_a + v * a_apart();
            tile.b = block_b + v * b_apart() + j_panels.start(j) * b.kk * width_;
            T* const sums = s.sums + ((v * i_panels.count + i) * ceil_div(nc_, nr_) + j) * tile_elements();
            multiply(call, s, b, b.slice[v], s.m_c + i_panels.start(i), b.n_c + j_panels.start(j), mr, nr, sums, tile);
          }
          if (buffers() == 1) continue;
          if (next_a.some()) next_a.pack_asked(width_);
          if (next_b.some()) next_b.pack_asked(width_);
        }
        if (buffers() == 1 && next_a.some()) next_a.pack_all(width_);
      }
      if (buffers() == 1 && next_b.some()) next_b.pack_all(width_);
    }
  }

  // What the tiles of a block and a slice have in common.
  void set_tile(const Call& call, const LanesBlock& b, const LanesSlice& lanes, LanesTile<T>& tile) const {
    T* const c = reinterpret_cast<T*>(call.c) + lanes.at[kLanesC][0];
    tile.k = b.kk;
    tile.alpha = factor<T>(call.alpha);
    tile.beta = b.first ? factor<T>(call.beta) : T{1};
    tile.last = lanes.count;
    tile.c = c;
    tile.old = c;
    const bool in_place = b.last && lanes.together[kLanesC];
    tile.streaming = in_place && streaming_ && call.beta == 0 && lanes.count == width_ &&
                     reinterpret_cast<uintptr_t>(c) % kAlignment == 0;
    tile.fetch = in_place && fetches_ && tile.streaming == 0;
  }

  // One tile, set for its block and slice. Its sums wait in `sums` for further depth; C is reached through a buffer
  // where its lanes lie apart.
  void multiply(const Call& call, const Scratch& s, const LanesBlock& b, const LanesSlice& lanes, const int64_t* m_c,
                const int64_t* n_c, int mr, int nr, T* sums, LanesTile<T>& tile) const {
    const bool together = lanes.together[kLanesC];
    tile.c_i = tile.old_i = m_c;
    tile.c_j = tile.old_j = n_c;
    if (together && (sums_in_c() || (b.first && b.last))) {
      kernels_->lanes_tile(mr, nr, &tile);
      return;
    }
    T* const c = reinterpret_cast<T*>(call.c);
    const int64_t* const at = lanes.at[kLanesC];
    const int64_t* const rows = s.rows + nr * mr_;
    const auto each = [&](const auto& f) {
      for (int i = 0; i < mr; ++i)
        for (int j = 0; j < nr; ++j)
          for (int l = 0; l < lanes.count; ++l) f(c[m_c[i] + n_c[j] + at[l]], s.tile[rows[i] + s.columns[j] + l]);
    };
    tile.c = c + at[0];
    tile.old = c + at[0];
    const bool to_c = b.last || sums_in_c(), from_c = b.first || sums_in_c();
    if (!to_c || !together) {
      tile.c = to_c ? s.tile : sums;
      tile.c_i = rows;
      tile.c_j = s.columns;
    }
    if (!from_c || !together) {
      tile.old = from_c ? s.tile : sums;
      tile.old_i = rows;
      tile.old_j = s.columns;
      if (from_c && tile.beta != 0) each([](const T& from, T& x) { x = from; });
    }
    kernels_->lanes_tile(mr, nr, &tile);
    if (to_c && !together) each([](T& to, const T& x) { to = x; });
  }

  int64_t vector_, slices_, rows_, columns_, depth_, kc_, nc_;
  int64_t vectors_, groups_;  // slices that are packed together, and how many such groups there are
  int64_t task_groups_, task_rows_, row_blocks_, full_blocks_, column_blocks_, depth_blocks_;
  int64_t mr_, nr_;
  int shrinks_;
  double flops_;
  bool streaming_, fetches_, carries_;
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
