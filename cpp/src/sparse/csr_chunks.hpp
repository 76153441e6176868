// CSR products: chunks of rows of about equal weight, and the rows that are cut.
#pragma once
#include <algorithm>
#include <cstdint>

#include "layout/arithmetic.hpp"
#include "sparse/csr.hpp"

namespace einblas {

// What a row costs beside its entries: the sums' end, the output.
constexpr int64_t kRowWeight = 4;
// Chunks at most: bounds the sums of cut rows, and is plenty for any number of threads.
constexpr int64_t kMostChunks = 4096;
// Rows longer than so many chunks are cut.
constexpr int64_t kCutFrom = 4;

// A chunk has the rows that begin in its weight; entries weigh 1. A row much longer than a chunk is cut: each later
// chunk that it reaches has a piece of it. Borders depend on the matrix and the weight alone.
class CsrChunks {
 public:
  struct Piece {  // of a row that began in an earlier chunk
    int64_t row, begin, end;
    bool empty() const { return begin >= end; }
  };

  static int64_t total(const Csr& a) { return a.entries + kRowWeight * a.rows; }
  // cuts: whether long rows are cut.
  CsrChunks(const Csr& a, int64_t weight, bool cuts)
      : a_(a),
        weight_(std::max(weight, total(a) / kMostChunks + 1)),
        count_(ceil_div(total(a), weight_)),
        cuts_(cuts && a.longest > kCutFrom * weight_) {}

  int64_t count() const { return count_; }
  bool cuts() const { return cuts_; }
  int64_t first_row(int64_t chunk) const { return row_at(chunk * weight_); }
  bool is_cut(int64_t row) const { return cuts_ && a_.indptr[row + 1] - a_.indptr[row] > kCutFrom * weight_; }
  // Where the part of a cut row ends that is in the chunk in which it begins.
  int64_t head_end(int64_t chunk, int64_t row) const { return (chunk + 1) * weight_ - kRowWeight * row; }

  // The piece that a chunk, whose first whole row is `first`, has of the row before; empty when there is none.
  Piece carried(int64_t chunk, int64_t first) const {
    if (first == 0 || !is_cut(first - 1)) return {0, 0, 0};
    const int64_t row = first - 1, begin = chunk * weight_ - kRowWeight * row;
    return {row, begin, std::min(a_.indptr[row + 1], begin + weight_)};
  }

 private:
  // First row that begins at this weight or later.
  int64_t row_at(int64_t weight) const {
    int64_t low = 0, high = a_.rows;
    while (low < high) {
      const int64_t mid = low + (high - low) / 2;
      if (a_.indptr[mid] + kRowWeight * mid < weight) {
        low = mid + 1;
      } else {
        high = mid;
      }
    }
    return low;
  }

  const Csr& a_;
  int64_t weight_, count_;
  bool cuts_;
};

}  // namespace einblas
