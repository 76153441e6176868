// Drivers: how a packed gemm is cut for the caches, the register tiles and the threads.
#include "step/gemm/gemm_blocking.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/tuning.hpp"

namespace einblas {
namespace {

using On = UnitStride::On;

// Depth of a block, 512 with three vectors of 64 bytes: the panel comes from L2 then, but C is read and written less
// often. Cubes of 512, 1024, 1536 with 36, 72, 96 KB on one thread, GFLOP/s of OpenBLAS's: F32 1.07, 1.05, 0.98; 1.09,
// 1.12, 1.02; 1.13, 1.07, 1.03; F64 1.01, 0.94, 0.96; 1.03, 1.01, 0.99; 1.05, 1.01, 0.99.
Tunable panel_bytes{"GEMM_PANEL", 96 << 10, 1 << 10, 1 << 20, "bytes of a packed panel of B, a part of L2"};
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
// Of few rows A may come from L3: each task reads all of it beside its columns of B, which are more bytes. Else depth
// goes through packed B in L3, and fewer than 1024 columns are one task. Zen 3, two threads, F64 / F32: 12 x 20736 x
// 144 8.5 and 4.8 ms / 1.4 and 1.2, 32 x 20736 x 512 36 and 24 / 21 and 10; 64 x 20736 x 512 53 and 28 / 26 and 15; 96
// x 20736 x 1024 the same / 34 and 39. On one thread as fast or up to 1.4 times so.
Tunable few_rows{"GEMM_FEW_ROWS", 64, 0, 1 << 20, "rows beside which workers pack their own B, however deep it is"};
Tunable wide_from{"GEMM_WIDE_FROM", 4 << 20, 1, int64_t{1} << 40, "bytes of B from which on workers pack their own"};
Tunable chunk_bytes{"GEMM_WIDE_CHUNK", 512 << 10, 1 << 12, 1 << 26, "bytes of B that a worker packs for itself, in L2"};
// A task of less work (20..40 us) is not worth the hand-out; more of them than this balance any number of threads.
Tunable task_flops{"GEMM_TASK", 4000000, 1000, int64_t{1} << 40, "floating-point operations worth a task"};
Tunable most_tasks{"GEMM_TASKS", 32, 1, 4096, "tasks that balance any number of threads"};
// A task has at least so many rows (a B panel is fetched from L3 once for them) and columns (for them A is packed).
Tunable least_rows{"GEMM_ROWS", 128, 1, 1 << 20, "least rows of a task"};
Tunable least_chunk{"GEMM_CHUNK", 512, 16, 1 << 20, "least columns of a task"};

// Parts of a deep sum as tasks, where a small result gives fewer than eight. Each has a result of its own, written once
// for so many terms.
Tunable depth_tasks{"GEMM_DEPTH_TASKS", 16, 1, 4096, "parts of a deep sum that are tasks where its result gives few"};
Tunable depth_result{"GEMM_DEPTH_RESULT", 512 << 10, 0, int64_t{1} << 32, "bytes of a part's result, in L2"};
Tunable depth_least{"GEMM_DEPTH", 512, 1, 1 << 20, "least terms of a part of a sum"};

constexpr int64_t kFewTasks = 8;
constexpr double kTaskBytes = 1 << 20;  // of operands, which take as long as GEMM_TASK where they are thin
constexpr int64_t kLine = 64;           // bytes
constexpr int64_t kMostA = 32 << 20;    // bytes of A that few rows have at most, as all of it is packed
// Where memory is short: panels of packed B, and the rows that it is packed for at least.
constexpr int64_t kShrunkPanels = 4;
constexpr int64_t kPartRows = 256;
constexpr int64_t kMostDepth = 512;  // of a block; with narrower tiles too, so that rows of A stay in L1
constexpr int64_t kFewBlocks = 16;   // of rows, from which on the last ones are a small part

}  // namespace

int64_t depth_parts(const Problem& p, int64_t (*tasks)(const Problem&)) {
  const int64_t outer = p.outer_elements(), depth = p.reduced_elements(), size = size_of(p.dtype);
  if (p.invariant || p.shrinks > 0 || outer * size > depth_result) return 1;
  const double terms = static_cast<double>(elements(p.batch)) * static_cast<double>(depth);
  const double flops = 2.0 * static_cast<double>(outer) * static_cast<double>(depth);
  const double bytes = static_cast<double>((elements(p.m) + elements(p.n)) * size) * terms;
  const double worth = std::max(flops / static_cast<double>(task_flops), bytes / kTaskBytes);
  const int64_t parts =
      std::min({int64_t{depth_tasks}, depth / depth_least, static_cast<int64_t>(std::min(worth, 1e6))});
  return parts > 1 && tasks(p) < std::min(parts, kFewTasks) ? parts : 1;
}

// Their values when a plan is made.
struct GemmTuning {
  int64_t panel_bytes = einblas::panel_bytes, block_bytes = einblas::block_bytes, shared_bytes = einblas::shared_bytes,
          columns = most_columns, task_flops = einblas::task_flops, tasks = most_tasks, rows = least_rows,
          chunk = least_chunk, skinny = skinny_bytes, wide = wide_bytes, wide_from = einblas::wide_from,
          few_rows = einblas::few_rows, wide_chunk = chunk_bytes, tables = INT64_MAX;

  // B shrinks first; then A, and the depth, so that B's block has some panels side by side.
  void shrink(int shrinks, int64_t size) {
    if (shrinks == 0) return;
    const int64_t b = shrunk(shared_bytes, shrinks, 1 << 10);
    shared_bytes = b;
    block_bytes = std::min(block_bytes, b / kShrunkPanels);
    panel_bytes = std::min(panel_bytes, b / kShrunkPanels);
    skinny = std::min(skinny, b);
    wide = 0;
    few_rows = 0;
    tables = std::max<int64_t>(b / 64, 1);
    shrunk_b = b / size;
  }
  int64_t shrunk_b = 0;  // elements of packed B where memory is short
};

GemmBlocking::GemmBlocking(const Problem& p, const GemmTiles& tiles)
    : g_(gemm_layout(p)),
      w_(tiles.w),
      size_(tiles.size),
      items_(elements(g_.batch)),
      rows_(elements(g_.m)),
      columns_(elements(g_.n)),
      depth_(elements(g_.k)),
      flops_(2.0 * static_cast<double>(rows_) * static_cast<double>(columns_) * static_cast<double>(depth_)),
      invariant_(p.invariant) {
  GemmTuning tune;
  tune.shrink(p.shrinks, size_);
  most_columns_ = tune.columns;
  choose_tile(tiles);
  cut_at_runs(tiles);
  const int64_t wanted =
      std::clamp<int64_t>(static_cast<int64_t>(flops_ / static_cast<double>(tune.task_flops)), 1, tune.tasks);
  cut_rows_and_depth(tiles, tune, wanted);
  if (tune.shrunk_b > 0) tune.columns = std::clamp(tune.shrunk_b / kc_ / panel_ * panel_, panel_, tune.columns);
  cut_columns_and_groups(tune);
  if (tune.shrunk_b > 0) cut_parts(wanted);
  chunks_ = by_columns_ ? 1
                        : std::max<int64_t>(1, std::min(ceil_div(wanted, ceil_div(rows_, mc_)),
                                                        std::min(columns_, nc_) / tune.chunk));
  streaming_ =
      w_ * size_ == kLine && kc_ >= depth_ && p.outer_elements() * size_ * p.writes >= stream_from && whole_lines();
  by_item_ = items_ > 1 && !by_columns_ && (flops_ < 16e6 || items_ >= 64);
}

// Each part of rows packs B again: they are long.
void GemmBlocking::cut_parts(int64_t wanted) {
  kg_ = kc_;
  const int64_t down = ceil_div(wanted, items_ * ceil_div(columns_, nc_));
  part_rows_ = round_up(std::max(ceil_div(rows_, down), std::min(rows_, kPartRows)), mc_);
}

void GemmBlocking::choose_tile(const GemmTiles& tiles) {
  const int64_t vectors = ceil_div(columns_, w_);
  // Panels of 3 vectors where they come out even, else of 2.
  vectors_ = std::min(tiles.vectors, vectors);
  if (vectors_ == 3 && vectors % 3 != 0 && vectors < 24) vectors_ = 2;
  // Rows of A that lie along depth are read where they are if few columns would repay a copy.
  a_rowwise_ = g_.a_unit.on == On::Depth;
  direct_ = a_rowwise_ && g_.k.size() == 1 && columns_ <= 4 * vectors_ * w_;
  // All columns in one tile: A is then read once. F64 49980x784x30: 6 x 4 21.4 ms, 12 x 2 twice 23.9 (one thread).
  if (direct_ && vectors == 4 && tiles.rows[4] > 0) vectors_ = 4;
  width_ = vectors_ * w_;
  panel_ = width_;
}

// Where C has short runs along its unit stride, no whole vectors, a panel holds whole runs. Rows of C that follow
// each other as the runs do (panels of them are put together before they are written) let a panel hold several; else
// it is one run: idle lanes cost less than masked pieces of vectors (runs of 24 F32: 31 % of P in pieces, 46 % so; of
// 40 the pieces are faster).
void GemmBlocking::cut_at_runs(const GemmTiles& tiles) {
  if (!g_.c_unit || g_.n.size() < 2) return;
  const int64_t run = g_.n.back().length, whole = round_up(run, w_);
  if (run == whole || g_.n[g_.n.size() - 2].stride[kOut] == run) return;  // runs that lie one after the other
  const int64_t most = tiles.vectors * w_;
  if (run >= w_ && run <= most && !g_.m.empty() && g_.m.back().stride[kOut] == run && vectors_ <= tiles.vectors) {
    const int64_t runs = most / run, fewer = (most - w_) / run;
    // Two vectors where they are filled as well as three.
    vectors_ = most > w_ && fewer * most >= runs * (most - w_) ? most / w_ - 1 : most / w_;
    panel_ = vectors_ * w_ / run * run;
    vectors_ = ceil_div(panel_, w_);
    width_ = vectors_ * w_;
    block_ = run;
    return;
  }
  if (10 * run < 6 * whole || run > 2 * w_ || whole > most) return;
  panel_ = run;
  width_ = whole;
  vectors_ = whole / w_;
}

// Blocks of A and tasks of rows.
void GemmBlocking::cut_rows_and_depth(const GemmTiles& tiles, const GemmTuning& tune, int64_t wanted) {
  const int64_t depth_step =
      std::max(g_.a_unit.on == On::Depth ? g_.a_unit.step : 1, g_.b_unit.on == On::Depth ? g_.b_unit.step : 1);
  const int64_t deep = std::min(tune.panel_bytes / (width_ * size_), kMostDepth);
  const bool whole_runs = depth_step < (tune.shrunk_b > 0 ? deep : 512);
  kc_ = std::min(depth_, even_part(depth_, deep, whole_runs ? depth_step : 1));
  if (invariant_) kc_ = invariant_depth(depth_);
  const int64_t most = tiles.rows[vectors_];
  const int64_t row_step = g_.a_unit.on == On::Own && g_.a_unit.step < 2048 ? g_.a_unit.step : 1;
  mc_ = std::min(tune.block_bytes / (kc_ * size_), std::max(ceil_div(rows_, wanted), tune.rows));
  mc_ = std::min(rows_, even_part(rows_, mc_, row_step > 1 ? row_step : most));
  mc_ = std::min(mc_, std::max(tune.tables / most * most, most));
  if (row_step == 1 && wanted > 1) balance_rows(tune, most);
  if (direct_) cut_for_rows_in_place(tiles, tune);
  const int64_t a_bytes = rows_ * depth_ * size_;
  const bool wide = columns_ >= 8 * rows_ && a_bytes <= tune.wide;
  const bool few = columns_ >= 4 * rows_ && rows_ <= tune.few_rows && a_bytes <= kMostA;
  by_columns_ = !direct_ && (wide || few) && columns_ * depth_ * size_ >= tune.wide_from;
  if (by_columns_) mc_ = rows_;
  // Panels of equal height: 64 rows are 6 panels of 11 and less, not 5 of 12 and one of 4.
  mr_ = even_part(mc_, most);
}

// Few blocks of rows that are no multiple of four leave threads without a task at the end.
void GemmBlocking::balance_rows(const GemmTuning& tune, int64_t most) {
  const int64_t blocks = ceil_div(rows_, mc_);
  if (blocks < 3 || blocks > kFewBlocks) return;
  for (const int64_t step : {4, 2}) {
    const int64_t rows = even_part(rows_, ceil_div(rows_, round_up(blocks, step)), most);
    if (rows < tune.rows / 2) continue;
    mc_ = rows;
    return;
  }
}

// What of B is packed at once.
void GemmBlocking::cut_columns_and_groups(const GemmTuning& tune) {
  kg_ = std::clamp(tune.shared_bytes / (std::min(columns_, tune.columns) * size_) / kc_, int64_t{1},
                   ceil_div(depth_, kc_)) *
        kc_;
  int64_t step = g_.b_unit.on == On::Own && g_.b_unit.step > 1 && g_.b_unit.step < tune.columns ? g_.b_unit.step : 1;
  if (block_ != 0 || panel_ != width_ || tune.shrunk_b > 0) step = near_multiple(step, tune.columns);
  nc_ = even_part(columns_, tune.columns, step);
  if (by_columns_) cut_columns(tune, step);
}

// All depth that B's columns leave room for, in tasks that need not fit a cache: A passes by.
void GemmBlocking::cut_for_rows_in_place(const GemmTiles& tiles, const GemmTuning& tune) {
  const int64_t most = tiles.rows[vectors_];
  kc_ = even_part(depth_, tune.skinny / (panels(columns_) * width_ * size_), 1);
  kc_ = invariant_ ? invariant_depth(depth_) : std::min(kc_, depth_);
  const int64_t rows = std::min(std::max(ceil_div(rows_, 2 * tune.tasks), tune.rows), std::max(tune.tables, most));
  mc_ = std::min(rows_, even_part(rows_, rows, most));
}

// Columns of a task: their B stays in L2, and where its unit stride lies on a slower axis, whole lines of it.
void GemmBlocking::cut_columns(const GemmTuning& tune, int64_t step) {
  kg_ = kc_;
  const int64_t most = std::min(tune.wide_chunk / (kc_ * size_), std::max(columns_ / tune.tasks, 8 * panel_));
  if (g_.b_unit.on == On::Own && g_.b_unit.step > 1 && step % g_.b_unit.step == 0) {
    const int64_t units = std::max(tune.wide_chunk / (kc_ * size_) / step, int64_t{1});
    nc_ = even_part(std::min(g_.b_unit.length, columns_ / step), units, 1) * step;
  } else {
    const int64_t run = g_.b_unit.on == On::Own && g_.b_unit.length <= most ? g_.b_unit.length : panel_;
    const int64_t part = block_ != 0 || panel_ != width_ ? near_multiple(run, most) : run;
    nc_ = even_part(columns_, most, part);
    // Of three tasks one is left over for two threads.
    if (ceil_div(columns_, nc_) == 3) nc_ = even_part(columns_, ceil_div(columns_, 4), part);
  }
  nc_ = std::min(nc_, columns_);
}

// Whole panels that are also a multiple of step, if there is one below most.
int64_t GemmBlocking::near_multiple(int64_t step, int64_t most) const {
  const int64_t both = std::lcm(step, panel_);
  return both <= most ? both : panel_;
}

// Whether C is written in whole lines, or put together in L1 in pieces of eight and more: rows of 72 F32, of which
// every other one begins on a line, became slower by 1.4x past the caches.
bool GemmBlocking::whole_lines() const {
  if (!g_.c_unit) return false;
  if (block_ != 0) return mr_ * block_ * size_ >= 8 * kLine;
  const int64_t line = kLine / size_;
  for (const Axes* axes : {&g_.batch, &g_.m, &g_.n})
    for (const Axis& a : *axes)
      if ((a.stride[kOut] == 1 ? a.length : a.stride[kOut]) % line != 0) return false;
  return true;
}

}  // namespace einblas
