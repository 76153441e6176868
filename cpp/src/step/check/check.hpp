// Checks of integers: whether a step's result, as whole numbers, fits into the type of its output.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "layout/dtype.hpp"
#include "layout/strided.hpp"
#include "step/check/bounds.hpp"
#include "step/check/wide.hpp"
#include "step/kernel.hpp"

namespace einblas {

// A step as it was given: its axes in the caller's order, by the strides of operands 0..2 and of the output.
struct CheckedStep {
  int operands = 0;
  DType held[4] = {};  // integers; operands may be truth values
  Axes outer, reduced;
};

// What a run would be given. alpha and beta are whole, at most 2^53; addresses are of element [0,0,...].
struct CheckedRun {
  const char* x[kMaxOperands];
  const char* c;
  double alpha, beta;
  int threads;
};

// Three ways, each where the one before does not decide:
// 1. From the least and the largest element of each tensor follow bounds of the result.
// 2. The step in F64, and a bound of its error: an element farther than that from the borders of the range is decided.
// 3. The element as a whole number, term by term.
// Immutable: many threads run it at once.
class Check {
 public:
  // bytes: what a run may take. May throw bad_alloc.
  Check(CheckedStep step, int64_t bytes);

  // The first element, in C order of the outer axes, that does not fit; -1 where all do. -2 - status: it could not be
  // told. Does not depend on the threads.
  int64_t first(const CheckedRun& run) const noexcept;
  // alpha * sum + beta * C of an element. False where it has more than 512 bits.
  bool value(const CheckedRun& run, int64_t index, Wide& v) const noexcept;
  // Bytes that a run takes at most.
  int64_t memory(int threads) const;

 private:
  // The step in F64 over some indices of outer axis `axis_` and all of those behind it.
  struct Piece {
    int64_t elements = 0;
    Problem problem;
    std::unique_ptr<KernelPlan> plan;
  };
  struct Bound;  // what a run's tensors say of its result

  void cut(int64_t bytes);
  Piece piece(int64_t length, int64_t bytes) const;
  // Of sums, of the result and of the error of F64.
  Bound bound(const CheckedRun& run) const noexcept;
  int64_t by_pieces(const CheckedRun& run, const Bound& bound) const noexcept;
  // Among `count` elements from `from` on, of which `near` are the sums in F64, or null.
  int64_t scan(const CheckedRun& run, const Bound& bound, int64_t from, int64_t count,
               const double* near) const noexcept;
  bool fits(const CheckedRun& run, const Bound& bound, int64_t index) const noexcept;
  template <class S>
  S sum(const CheckedRun& run, size_t axis, const int64_t* at) const noexcept;
  template <class S>
  S element(const CheckedRun& run, int64_t index) const noexcept;
  bool reads(const CheckedRun& run) const { return run.alpha != 0 && !empty_sum_; }

  CheckedStep s_;
  Axes summed_;          // those that some operand has
  double terms_ = 1;     // of theirs
  Wide times_ = 1;       // by which a sum is multiplied: axes that no operand has; at most 2^128
  bool beyond_ = false;  // it would be more
  bool empty_sum_ = false, empty_output_ = false;
  int64_t outputs_ = 1;
  int64_t size_[4];
  ReadInteger read_[4];
  OwnAxes own_[4];
  Interval range_;

  size_t axis_ = 0;    // that the pieces cut
  int64_t chunk_ = 0;  // its part; 0: no step in F64
  Piece whole_, rest_;
};

}  // namespace einblas
