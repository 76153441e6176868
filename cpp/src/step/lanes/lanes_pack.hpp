// Drivers: how rows of an operand of the lanes kernel come into panels, in the order in which tiles ask for their
// lines.
#pragma once
#include <algorithm>
#include <cstdint>

#include "kernels/kernel_table.hpp"
#include "step/lanes/lanes_blocks.hpp"
#include "step/lanes/lanes_layout.hpp"

namespace einblas {

// Rows on their way into panels: lines are asked for by tiles, in pairs of a row and a slice, before the rows are
// packed.
template <class T>
class LanesFeed {
 public:
  LanesFeed() = default;
  // Rows [first, + rows) of the block, cut into panels of `most` rows. to: the first panel of the first slice; those of
  // the other slices follow `apart` elements after each other.
  LanesFeed(const TypedKernels<T>& kernels, const LanesBlock& block, LanesTensor side, LanesUnit unit, const T* from,
            int64_t first, int64_t rows, int64_t most, T* to, int64_t apart)
      : kernels_(&kernels),
        block_(&block),
        side_(side),
        unit_(unit),
        from_(from),
        rows_(block.rows[side] + first),
        panels_(rows, most),
        to_(to),
        apart_(apart) {}

  bool some() const { return block_ != nullptr; }

  // Before each of `parts` tiles: asks for the lines that are due, as far as the tile has room.
  void ask(int64_t parts, LanesTile<T>& tile) {
    advance(parts);
    const int64_t slices = block_->slices;
    for (asked_ = std::max(asked_, packed_ * slices); asked_ < due_; ++asked_) {
      const int64_t row = slices == 1 ? asked_ : asked_ / slices;
      const LanesSlice& slice = block_->slice[asked_ - row * slices];
      if (tile.aheads == kLanesAhead || (!slice.together[side_] && unit_ != LanesUnit::Depth)) continue;
      tile.ahead[tile.aheads++] = {from_ + rows_[row] + slice.at[side_][0], block_->line[side_]};
    }
  }
  // The same for a single slice, but the tile packs up to two rows beside its sums and asks for those that a later tile
  // packs; further rows, and all where it packs none `beside` its sums, are packed before it. kk: depth of the tile.
  void carry(int64_t parts, int64_t kk, int64_t width, bool beside, LanesTile<T>& tile) {
    advance(parts);
    const LanesSlice& s = block_->slice[0];
    const bool carries = beside && block_->kk == kk && s.together[side_] && s.count == width;
    const int64_t ask = due_ - packed_;
    const T* const from = from_ + s.at[side_][0];
    for (; carries && packed_ < due_ && tile.copies < kLanesCopies; ++packed_) {
      while (packed_ >= end_) next_panel();
      tile.copy[tile.copies++] = {from + rows_[packed_], from + rows_[std::min(packed_ + ask, panels_.rows - 1)],
                                  block_->depth[side_], to_ + (start_ * kk + packed_ - start_) * width,
                                  (end_ - start_) * width};
    }
    pack(due_, width);
  }

  // Packs the rows of which all lines were asked for.
  void pack_asked(int64_t width) {
    if (asked_ >= (packed_ + 1) * block_->slices) pack(asked_ / block_->slices, width);
  }
  void pack_all(int64_t width) { pack(panels_.rows, width); }

 private:
  // One tile of `parts` later, in pairs of rows and slices.
  void advance(int64_t parts) {
    for (rest_ += panels_.rows * block_->slices; rest_ >= parts; rest_ -= parts) ++due_;
  }
  void next_panel() {
    ++panel_;
    start_ = end_;
    end_ = panels_.start(panel_ + 1);
  }

  void pack(int64_t until, int64_t width) {
    while (packed_ < until) {
      while (packed_ >= end_) next_panel();
      const int64_t end = std::min(until, end_);
      Rows r;
      r.size = end_ - start_;
      r.first = packed_;
      r.count = end - packed_;
      r.ends = end == end_;
      r.start = start_;
      r.step = r.size * width;
      r.to = to_ + (start_ * block_->kk + packed_ - start_) * width;
      pack_rows_of(r, width);
      packed_ = end;
    }
  }

  // Rows [first, + count) of a panel that begins with row `start`.
  struct Rows {
    int64_t start, size, first, count, step;
    bool ends;
    T* to;
  };

  void pack_rows_of(const Rows& r, int64_t width) const {
    const LanesBlock& b = *block_;
    const int rows = static_cast<int>(r.count);
    if (b.runs[side_]) {
      kernels_->lanes_pack_runs(r.to, r.step, apart_, static_cast<int>(b.slices), rows, b.kk,
                                from_ + b.slice[0].at[side_][0], rows_ + r.first, b.depth[side_]);
      return;
    }
    for (int64_t v = 0; v < b.slices; ++v) {
      const LanesSlice& s = b.slice[v];
      T* const to = r.to + v * apart_;
      if (s.together[side_] || unit_ == LanesUnit::Nowhere) {
        kernels_->lanes_pack(to, r.step, rows, b.kk, from_, rows_ + r.first, b.depth[side_], s.at[side_], s.count,
                             s.together[side_]);
      } else if (unit_ == LanesUnit::Depth) {
        kernels_->lanes_pack_depth(to, r.step, rows, b.kk, from_, rows_ + r.first, b.depth[side_], s.at[side_],
                                   s.count);
      } else if (r.ends) {
        side_by_side(to - (r.first - r.start) * width, r, s, width);
      }
    }
  }

  // All rows of a panel at once, those together that follow each other in memory.
  void side_by_side(T* to, const Rows& r, const LanesSlice& s, int64_t width) const {
    const int64_t* const rows = rows_ + r.start;
    for (int64_t i = 0; i < r.size;) {
      int64_t run = 1;
      while (i + run < r.size && rows[i + run] == rows[i] + run) ++run;
      kernels_->lanes_pack_rows(to + i * width, r.step, static_cast<int>(run), block_->kk, from_ + rows[i],
                                block_->depth[side_], s.at[side_], s.count);
      i += run;
    }
  }

  const TypedKernels<T>* kernels_ = nullptr;
  const LanesBlock* block_ = nullptr;
  LanesTensor side_ = kLanesA;
  LanesUnit unit_ = LanesUnit::Nowhere;
  const T* from_ = nullptr;
  const int64_t* rows_ = nullptr;
  LanesPanels panels_{0, 1};
  int64_t rest_ = 0, due_ = 0, asked_ = 0, packed_ = 0;  // due_, asked_: pairs; packed_: rows
  int64_t panel_ = -1, start_ = 0, end_ = 0;
  T* to_ = nullptr;
  int64_t apart_ = 0;
};

}  // namespace einblas
