// Driver: products with BSR matrices, and sampled ones, in 16-bit floats and complex numbers, by the tiles of F32 and
// F64.
//
// A task owns pieces of the result of at most 64 rows and 128 reals of columns, as bsr_product.cpp and bsr_sampled.cpp
// share them out: no atomics, the same bits for any number of threads. The sums of a piece stay in L1 and L2 until they
// are rounded into the result. 16-bit floats of both operands are widened 128 of depth at a time, of several blocks
// where those are shallow, once for each piece. Complex operands are read in place as pairs of reals, A by its real
// parts and then by its imaginary ones, and the two sums are joined; B is copied 128 of depth at a time where its pairs
// do not lie side by side. Few columns of B are copied as lines along the depth and dotted with the rows of A, where
// the depth is A's unit stride: a complex row with (re, -im) and (im, re), whose dots are the parts of the result.
// Memory beside the tensors: some 180 to 350 KB for each thread. Assumes: as bsr_product.cpp.
#include "sparse/bsr_widened.hpp"

#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "sparse/reals.hpp"

namespace einblas {
namespace {

constexpr int64_t kRows = 64, kReals = 128, kDepth = 128;  // of a piece
constexpr int64_t kDotColumns = 4;                         // reals of a row of B that are few
constexpr int64_t kSquare = 32;                            // of B, turned at once
constexpr int64_t kRun = 2048;  // passes that are added to one place one after the other: longer sums go in such runs

// A matrix of elements by address and strides.
template <class E>
struct Elements {
  const E* at;
  int64_t row, column;
};

// The sums of one piece: begin, then add products of depth, then store. By one thread.
template <class E>
class PieceSums {
  using R = Part<E>;
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(R)), parts_ = kParts<E>;
  // A line behind each row, so that rows do not share sets of L1.
  static constexpr int64_t kLine = 64 / size_, kStep = kReals + kLine, kDepthStep = kDepth + kLine;
  static constexpr int64_t kLineStep = kDepth * parts_ + kLine, kTurnedStep = kRows * parts_ + kLine;
  static_assert(kDepth * kStep >= kDotColumns * kLineStep && kDepth * kStep >= kReals / parts_ * kTurnedStep,
                "lines and a turned total lie where B is widened");
  static constexpr int64_t kSums = kRows * kStep;

 public:
  static constexpr int64_t kColumns = kReals / parts_;  // elements of a piece's row
  static constexpr int64_t bytes() {
    return ((parts_ + 1) * kSums + kDepth * kStep + (parts_ == 1 ? kDepth * (kRows + kLine) : 0)) * size_;
  }

  // conjugated: of A and B.
  PieceSums(char* memory, Conjugated conjugated)
      : conjugated_(conjugated),
        kernels_(kernel_table().typed<R>()),
        lanes_(kernel_table().vector_bytes / size_),
        sums_(reinterpret_cast<R*>(memory)),
        total_(sums_ + parts_ * kSums),
        b_(total_ + kSums),
        a_(b_ + kDepth * kStep) {}

  // dots: A's unit stride is along the depth.
  void begin(int64_t rows, int64_t columns, bool dots) {
    dots_ = dots && columns * parts_ <= kDotColumns;
    rows_ = rows;
    reals_ = columns * parts_;
    passes_ = depth_ = 0;
    flushed_ = false;
    const int64_t all = ceil_div(reals_, lanes_);
    vectors_ = std::min<int64_t>(all, 2);
    tile_rows_ = even_part(rows, kernels_.bsr_rows[vectors_]);
  }

  // A (rows, depth) times B (depth, columns).
  void add(const Elements<E>& a, const Elements<E>& b, int64_t depth) {
    for (int64_t k = 0; k < depth;) {
      const int64_t kk = std::min(kDepth - depth_, depth - k);
      const E *const from = a.at + k * a.column, *const rows = b.at + k * b.row;
      if constexpr (parts_ == 1) {
        widen_a(from, a, kk);
        widen_b(rows, b, kk);
        depth_ += kk;
        if (depth_ == kDepth) pass();
      } else if (dots_) {
        lines(rows, b, kk);
        add_dots(reinterpret_cast<const R*>(from), a.row * parts_, kk * parts_);
      } else {
        const R* right = reinterpret_cast<const R*>(rows);
        int64_t step = b.row * parts_;
        if (b.column != 1 && reals_ > parts_) {
          widen_b(rows, b, kk);
          right = b_;
          step = kStep;
        }
        for (int64_t part = 0; part < parts_; ++part)
          tiles(reinterpret_cast<const R*>(from) + part, a.row * parts_, a.column * parts_, right, step, kk,
                sums_ + part * kSums);
        count_pass();
      }
      k += kk;
    }
  }

  // c = alpha * sums + beta * c
  void store(E* c, int64_t row, int64_t column, R alpha, R beta) {
    if (depth_ > 0) pass();
    if (passes_ > 0) flush();
    if (!flushed_) std::fill(total_, total_ + rows_ * kStep, R{0});
    const int64_t columns = reals_ / parts_;
    if (row != 1 || column == 1) {
      for (int64_t i = 0; i < rows_; ++i) store_sums(columns, total_ + i * kStep, c + i * row, column, alpha, beta);
      return;
    }
    turn_total();
    for (int64_t j = 0; j < columns; ++j) store_sums(rows_, b_ + j * kTurnedStep, c + j * column, 1, alpha, beta);
  }

 private:
  // Columns of the total one after the other.
  void turn_total() {
    if constexpr (parts_ == 1) {
      kernels_.transpose_tile(rows_, reals_, b_, kTurnedStep, total_, kStep, R{1}, R{0}, nullptr, false);
    } else {
      for (int64_t j = 0; j < reals_ / 2; ++j)
        for (int64_t i = 0; i < rows_; ++i) {
          b_[j * kTurnedStep + 2 * i] = total_[i * kStep + 2 * j];
          b_[j * kTurnedStep + 2 * i + 1] = total_[i * kStep + 2 * j + 1];
        }
    }
  }

  // Whether what is widened lies along a's rows.
  bool along_rows(const Elements<E>& a) const { return a.row == 1 && a.column != 1; }

  void widen_a(const E* from, const Elements<E>& a, int64_t depth) {
    if (along_rows(a)) {
      a_row_ = 1;
      a_column_ = kRows + kLine;
      for (int64_t k = 0; k < depth; ++k) widen(rows_, from + k * a.column, 1, a_ + (depth_ + k) * a_column_);
    } else {
      a_row_ = kDepthStep;
      a_column_ = 1;
      for (int64_t i = 0; i < rows_; ++i) widen(depth, from + i * a.row, a.column, a_ + i * a_row_ + depth_);
    }
  }

  void widen_b(const E* from, const Elements<E>& b, int64_t depth) {
    const int64_t columns = reals_ / parts_;
    R* const to = b_ + (dots_ ? depth_ : depth_ * kStep);
    if (dots_) {
      for (int64_t j = 0; j < columns; ++j) widen(depth, from + j * b.column, b.row, to + j * kLineStep);
    } else if (b.row != 1 || b.column == 1) {
      for (int64_t k = 0; k < depth; ++k) widen(columns, from + k * b.row, b.column, to + k * kStep);
    } else {
      turn_b(from, b.column, columns, depth, to);
    }
  }

  // The depth is b's unit stride: squares of it are turned.
  void turn_b(const E* from, int64_t column, int64_t columns, int64_t depth, R* to) const {
    R square[kSquare * kSquare * parts_];
    for (int64_t j0 = 0; j0 < columns; j0 += kSquare)
      for (int64_t k0 = 0; k0 < depth; k0 += kSquare) {
        const int64_t jj = std::min(kSquare, columns - j0), kk = std::min(kSquare, depth - k0);
        for (int64_t j = 0; j < jj; ++j) widen(kk, from + (j0 + j) * column + k0, 1, square + j * kSquare * parts_);
        R* const at = to + k0 * kStep + j0 * parts_;
        if constexpr (parts_ == 1) {
          kernels_.transpose_tile(jj, kk, at, kStep, square, kSquare, R{1}, R{0}, nullptr, false);
        } else {
          for (int64_t k = 0; k < kk; ++k)
            for (int64_t j = 0; j < jj; ++j) {
              at[k * kStep + 2 * j] = square[(j * kSquare + k) * 2];
              at[k * kStep + 2 * j + 1] = square[(j * kSquare + k) * 2 + 1];
            }
        }
      }
  }

  // Of each column of b two lines along the depth, whose dots with a row of a are the parts of the product.
  void lines(const E* from, const Elements<E>& b, int64_t depth) {
    if constexpr (parts_ == 2) {
      const R a = conjugated_.first ? R{-1} : R{1}, x = conjugated_.second ? R{-1} : R{1}, both = -a * x;
      for (int64_t j = 0; j < reals_ / 2; ++j) {
        R *const re = b_ + 2 * j * kLineStep, *const im = re + kLineStep;
        for (int64_t k = 0; k < depth; ++k) {
          const E v = from[k * b.row + j * b.column];
          re[2 * k] = v.re;
          re[2 * k + 1] = both * v.im;
          im[2 * k] = x * v.im;
          im[2 * k + 1] = a * v.re;
        }
      }
    }
  }

  // Rows of a, in reals, with the lines.
  void add_dots(const R* a, int64_t a_row, int64_t depth) {
    const BsrTerm once{0, 0};
    R sums[kRows * kDotColumns];
    const BsrDots<R> s{&once, 1, depth, rows_, a, 0, a_row, b_, 0, kLineStep, static_cast<R*>(sums)};
    kernels_.bsr_dots(static_cast<int>(reals_), &s);
    for (int64_t i = 0; i < rows_; ++i)
      for (int64_t j = 0; j < reals_; ++j) {
        R& sum = sums_[i * kStep + j];
        sum = passes_ == 0 ? sums[i * reals_ + j] : sum + sums[i * reals_ + j];
      }
    count_pass();
  }

  // What was widened, added to the sums.
  void pass() {
    const int64_t depth = depth_;
    depth_ = 0;
    if (dots_) return add_dots(a_, a_row_, depth);
    tiles(a_, a_row_, a_column_, b_, kStep, depth, sums_);
    count_pass();
  }

  void count_pass() {
    if (++passes_ == kRun) flush();
  }

  // The sums, joined, to the total.
  void flush() {
    for (int64_t i = 0; i < rows_; ++i) {
      R *const sums = sums_ + i * kStep, *const total = total_ + i * kStep;
      if constexpr (parts_ == 2) {
        if (!dots_) join(reals_ / 2, sums, sums + kSums, conjugated_);
      }
      for (int64_t j = 0; j < reals_; ++j) total[j] = flushed_ ? total[j] + sums[j] : sums[j];
    }
    flushed_ = true;
    passes_ = 0;
  }

  void tiles(const R* a, int64_t a_row, int64_t a_column, const R* b, int64_t ldb, int64_t depth, R* sums) const {
    const BsrTerm once{0, 0};
    BsrTile<R> t{};
    t.terms = &once;
    t.count = 1;
    t.k = depth;
    t.rs = a_row;
    t.cs = a_column;
    t.ldb = ldb;
    t.ldc = kStep;
    t.alpha = R{1};
    t.beta = passes_ == 0 ? R{0} : R{1};
    const int64_t width = vectors_ * lanes_;
    for (int64_t j = 0; j < reals_; j += width) {
      const int64_t n = std::min(width, reals_ - j), vectors = ceil_div(n, lanes_);
      t.last = static_cast<int>(n - (vectors - 1) * lanes_);
      t.b = b + j;
      for (int64_t i = 0; i < rows_; i += tile_rows_) {
        t.a = a + i * a_row;
        t.c = sums + i * kStep + j;
        kernels_.bsr_tile(static_cast<int>(std::min(tile_rows_, rows_ - i)), static_cast<int>(vectors), &t);
      }
    }
  }

  const Conjugated conjugated_;
  const TypedKernels<R>& kernels_;
  const int64_t lanes_;
  R *const sums_, *const total_, *const b_, *const a_;  // sums: parts_ of them
  int64_t rows_ = 0, reals_ = 0, vectors_ = 0, tile_rows_ = 0;
  int64_t depth_ = 0;                 // that is widened and not yet added
  int64_t a_row_ = 0, a_column_ = 0;  // of what is widened
  int64_t passes_ = 0;                // that the sums have
  bool flushed_ = false;              // whether there is a total
  bool dots_ = false;
};

int64_t runs_of(const Bsr::Order& order) { return static_cast<int64_t>(order.runs.size()) - 1; }

// f(target, its terms from, to) for each target of a run.
template <class F>
void each_target(const Bsr::Order& order, int64_t run, const F& f) {
  for (int64_t i = order.runs[static_cast<size_t>(run)]; i < order.runs[static_cast<size_t>(run) + 1]; ++i)
    f(i, order.start[static_cast<size_t>(i)], order.start[static_cast<size_t>(i) + 1]);
}

template <class E>
int32_t product(const Bsr& m, const BsrProduct& call) {
  using R = Part<E>;
  const Bsr::Shape& s = m.shape();
  const Bsr::Order& order = call.transposed ? m.by_column() : m.by_row();
  const int64_t target = call.transposed ? s.c : s.r, depth = call.transposed ? s.r : s.c, n = call.columns;
  const int64_t targets = static_cast<int64_t>(order.start.size()) - 1, runs = runs_of(order);
  if (n == 0 || targets == 0) return EINBLAS_OK;
  const int64_t rows = even_part(target, kRows), columns = std::min(n, PieceSums<E>::kColumns);
  const int64_t row_pieces = ceil_div(target, rows), tasks = runs * row_pieces * ceil_div(n, columns);
  const double products = static_cast<double>(m.blocks() * s.r * s.c) * static_cast<double>(n);
  const double written = static_cast<double>(targets * target) * static_cast<double>(n * size_of(call.dtype));
  const int threads = useful_threads(
      call.threads, tasks,
      products * static_cast<double>(kParts<E> * kParts<E>) / speed::kBsrProducts + written / speed::kBsrBytes);
  const Workspace own(PieceSums<E>::bytes(), threads);
  if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
  const E *blocks = reinterpret_cast<const E*>(call.blocks), *x = reinterpret_cast<const E*>(call.x.at);
  E* const c = reinterpret_cast<E*>(call.c.at);
  const int64_t xk = call.x.stride[0], xn = call.x.stride[1], cm = call.c.stride[0], cn = call.c.stride[1];
  const Elements<E> block{blocks, call.transposed ? 1 : s.c, call.transposed ? s.c : 1};
  parallel_tasks(tasks, threads, [&](int64_t t, int worker) {
    PieceSums<E> sums(own.of(worker), call.conjugated);
    const int64_t i0 = t / runs % row_pieces * rows, j0 = t / runs / row_pieces * columns;
    const int64_t ii = std::min(rows, target - i0), jj = std::min(columns, n - j0);
    each_target(order, t % runs, [&](int64_t i, int64_t from, int64_t to) {
      sums.begin(ii, jj, block.column == 1);
      for (int64_t q = from; q < to && call.alpha != 0; ++q) {
        const BsrTerm& term = order.terms[static_cast<size_t>(q)];
        sums.add({block.at + term.block * s.r * s.c + i0 * block.row, block.row, block.column},
                 {x + term.other * depth * xk + j0 * xn, xk, xn}, depth);
      }
      sums.store(c + (i * target + i0) * cm + j0 * cn, cm, cn, static_cast<R>(call.alpha), static_cast<R>(call.beta));
    });
  });
  return EINBLAS_OK;
}

template <class E>
int32_t sampled(const Bsr& m, const BsrSampled& call) {
  using R = Part<E>;
  const Bsr::Shape& s = m.shape();
  const Bsr::Order& order = m.by_row();
  const int64_t depth = call.alpha == 0 ? 0 : call.depth, runs = runs_of(order);
  const int64_t rows = even_part(s.r, kRows), columns = std::min(s.c, PieceSums<E>::kColumns);
  const int threads = useful_threads(call.threads, runs,
                                     static_cast<double>(m.blocks() * s.r * s.c) *
                                         static_cast<double>(depth * kParts<E> * kParts<E>) / speed::kBsrProducts);
  const Workspace own(PieceSums<E>::bytes(), threads);
  if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
  const E *a = reinterpret_cast<const E*>(call.a.at), *b = reinterpret_cast<const E*>(call.b.at);
  E* const blocks = reinterpret_cast<E*>(call.blocks);
  const int64_t am = call.a.stride[0], ak = call.a.stride[1], bk = call.b.stride[0], bn = call.b.stride[1];
  parallel_tasks(runs, threads, [&](int64_t run, int worker) {
    PieceSums<E> sums(own.of(worker), call.conjugated);
    each_target(order, run, [&](int64_t i, int64_t from, int64_t to) {
      for (int64_t q = from; q < to; ++q) {
        const BsrTerm& term = order.terms[static_cast<size_t>(q)];
        for (int64_t i0 = 0; i0 < s.r; i0 += rows)
          for (int64_t j0 = 0; j0 < s.c; j0 += columns) {
            sums.begin(std::min(rows, s.r - i0), std::min(columns, s.c - j0), ak == 1);
            sums.add({a + (i * s.r + i0) * am, am, ak}, {b + (term.other * s.c + j0) * bn, bk, bn}, depth);
            sums.store(blocks + term.block * s.r * s.c + i0 * s.c + j0, s.c, 1, static_cast<R>(call.alpha),
                       static_cast<R>(call.beta));
          }
      }
    });
  });
  return EINBLAS_OK;
}

}  // namespace

int32_t bsr_product_widened(const Bsr& matrix, const BsrProduct& call) {
  return visit_multiplied(call.dtype, [&](auto of) {
    if constexpr (!is_float(decltype(of)::dtype)) return product<typename decltype(of)::Type>(matrix, call);
    return int32_t{EINBLAS_OK};
  });
}

int32_t bsr_sampled_widened(const Bsr& matrix, const BsrSampled& call) {
  return visit_multiplied(call.dtype, [&](auto of) {
    if constexpr (!is_float(decltype(of)::dtype)) return sampled<typename decltype(of)::Type>(matrix, call);
    return int32_t{EINBLAS_OK};
  });
}

}  // namespace einblas
