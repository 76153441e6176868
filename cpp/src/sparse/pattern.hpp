// Block-sparse products: the (b, i, j) terms of two index matrices, bucketed by weight block.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace einblas {

// x (batch, x_window) and y (batch, y_window) name a block for each window place; term (b, i, j) uses weight block
// (x[b, i], y[b, j]).
struct PatternShape {
  int64_t batch, x_window, y_window, x_blocks, y_blocks;
};

struct Place {
  int32_t b, w;  // batch item and window place
};

struct Term {
  int32_t target;  // index of the target row in its group
  int32_t b, w;    // the source row: batch item and window place on the source side
};

struct Bucket {
  int32_t source;      // block on the source side; the group has the target side's
  int64_t begin, end;  // its terms
};

// Rows per group: enough that a weight block used by many rows is read once for all of them, few enough that their
// pointers fit the stack and 256 columns of them (256 KB of floats) the second-level cache.
constexpr int64_t kGroupRows = 256;

// The terms ordered for products that write rows of one side ("target") and read rows of the other ("source").
// A group is what one task writes: up to kGroupRows rows that share a target block. Groups share no target row, so
// tasks need no atomics, and the order of additions to a row depends on the pattern alone: same bits for any number of
// threads.
struct Ordering {
  struct Group {
    int32_t target;  // block on the target side
    int64_t row_begin, row_end;
    int64_t bucket_begin, bucket_end;
  };
  std::vector<Group> groups;
  std::vector<Place> rows;  // target rows, by group
  std::vector<Bucket> buckets;
  std::vector<Term> terms;
};

class Pattern {
 public:
  // Copies the indices; null where one of the copies is no block. Every dimension fits 31 bits. May throw bad_alloc.
  // invariant: block_gemv gives the rows of a batch item the same bits whatever items are beside it.
  static std::unique_ptr<Pattern> of(const PatternShape& shape, const int64_t* x, const int64_t* y, bool invariant);

  const PatternShape& shape() const { return shape_; }
  bool invariant() const { return invariant_; }
  // Targets on the y side (gemv, outer) or on the x side (gradient of h). Built on first use; may throw bad_alloc.
  const Ordering& to_y() const;
  const Ordering& to_x() const;
  // Block of each window place: x (batch, x_window), y (batch, y_window).
  const int32_t* x() const { return x_.data(); }
  const int32_t* y() const { return y_.data(); }

 private:
  Pattern(const PatternShape& shape, bool invariant) : shape_(shape), invariant_(invariant) {}

  PatternShape shape_;
  bool invariant_;
  std::vector<int32_t> x_, y_;
  mutable std::once_flag y_built_, x_built_;
  mutable Ordering to_y_, to_x_;
};

}  // namespace einblas
