// Drivers: how a packed gemm is cut: register tiles, panels, blocks of depth, rows and columns, and its tasks; all by
// the problem and the instruction set alone, decided when a plan is made.
#pragma once
#include <cstdint>

#include "layout/arithmetic.hpp"
#include "step/gemm/gemm_layout.hpp"

namespace einblas {

// What an instruction set offers for an element type.
struct GemmTiles {
  int64_t vectors;  // vectors of a tile's columns at most, or 4 where rows[4] is not 0
  const int* rows;  // rows of a tile at most, by its vectors
  int64_t w;        // elements of a vector
  int64_t size;     // bytes of an element
};

// Parts of a sum that had better be tasks, or 1: the depth is worth some, and the result gives few. tasks: what a plan
// of the whole problem gives.
int64_t depth_parts(const Problem& p, int64_t (*tasks)(const Problem&));

struct GemmTuning;

struct GemmBlocking {
  GemmBlocking(const Problem& p, const GemmTiles& tiles);

  int64_t panels(int64_t columns) const { return ceil_div(columns, panel_); }

  GemmLayout g_;
  int64_t w_, size_;
  int64_t items_, rows_, columns_, depth_;
  double flops_;
  int64_t vectors_, width_;  // vectors and elements of a tile's columns
  int64_t panel_;            // columns of C in a panel: width_, or whole runs of C
  int64_t block_ = 0;        // elements of C's runs where panels hold whole ones and rows follow each other
  int64_t mr_;               // rows of a tile
  int64_t kc_, mc_;          // depth and rows of a block of A
  int64_t kg_, nc_;          // depth and columns of B that are packed at once
  int64_t chunks_;           // tasks along the columns for each block of rows
  int64_t most_columns_;
  int64_t part_rows_ = 0;  // rows of a task that packs its own B as memory is short; 0: it is not
  bool a_rowwise_;         // rows of A lie along depth
  bool direct_;            // A is read in place
  bool by_columns_;        // tasks are columns, and pack their own B
  bool by_item_;           // tasks are items of the batch
  bool invariant_;         // blocks of depth by the depth alone
  bool streaming_;         // C is written past the caches

 private:
  void choose_tile(const GemmTiles& tiles);
  void cut_at_runs(const GemmTiles& tiles);
  void cut_rows_and_depth(const GemmTiles& tiles, const GemmTuning& tune, int64_t wanted);
  void balance_rows(const GemmTuning& tune, int64_t most);
  void cut_for_rows_in_place(const GemmTiles& tiles, const GemmTuning& tune);
  void cut_columns_and_groups(const GemmTuning& tune);
  void cut_parts(int64_t wanted);
  void cut_columns(const GemmTuning& tune, int64_t step);
  int64_t near_multiple(int64_t step, int64_t most) const;
  bool whole_lines() const;
};

}  // namespace einblas
