// Driver: block_gemv, and through it block_dot and the gradient of h.
//
// A task writes the rows of one group (rows that share a target block) in a range of columns. It walks the group's
// buckets: a weight block used by r rows is read once and multiplied with r rows given by pointers, nothing gathered.
// Where few rows share a block, a task takes whole rows instead, and a row's sums stay in registers over all its
// blocks.
//
// Kernels multiply F32 and F64. Other elements become real numbers on the way: a block in the scratch, where its rows
// find it in cache; 16-bit floats as F32; a complex block as a real one of twice the depth and columns, ((re, im),
// (-im, re)) for each element (BLIS's 1m), between rows that lie as pairs of real numbers anyway.
// Assumes: checked indices; o shares no byte with an operand.
#include <algorithm>
#include <type_traits>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/rows.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "sparse/block.hpp"

namespace einblas {
namespace {

// Some 100 ns of work, and not so much that L1 loses the lines again.
Tunable block_ahead{"BLOCK_AHEAD", 8 << 10, 64, 1 << 20,
                    "bytes of weight blocks before their turn that a block is asked for"};

// F32, 16 x 16: 1.8 rows to a block 220 us one by one, 301 together; 4 rows 205, 187. 32 x 32: 2.3 rows 62, 60.
Tunable block_by_rows{"BLOCK_BY_ROWS", 200, 0, 1 << 20,
                      "hundredths of rows that share a weight block, up to which rows are summed one by one"};
// Dots save the sums of lanes. Rows to a block, us one by one and together: F32 16 x 16 4 rows 153, 304; 32 x 32 8 rows
// 207, 237. F64 16 x 16 1.8 rows 328, 457; 32 x 32 4.3 rows 324, 235. F32 16 x 16 32 rows: 78, 55.
Tunable block_dot_bytes{"BLOCK_DOT_BYTES", 32 << 10, 0, 1 << 30,
                        "the same where a block's depth has unit stride: by rows times bytes of the block"};
constexpr int64_t kMostRows = 8;
constexpr int64_t kBlockBytes = 16 << 10;  // of such a block: beyond, L1 loses what was asked for
constexpr int64_t kTaskColumns = 256;      // numbers per row: 1 KB, and tasks enough when one block has all rows
constexpr int64_t kMaxRows = kGroupRows;
// Additions to one place one after the other: sums of more go in such runs; deeper blocks in parts.
constexpr int64_t kRun = 2048, kDepth = 4096;
constexpr int64_t kList = 512, kAhead = 8;  // terms whose pointers are made at once, and those asked for
constexpr double kTaskFlops = 1 << 18;      // of a task of rows, some 5 us

// E: the elements; T: the real numbers that are multiplied. Lengths k, n and widths count real numbers.
template <class E>
class Gemv {
  using T = Part<E>;
  static constexpr bool kDirect = std::is_same_v<E, T>;  // elements are what is multiplied
  static constexpr int64_t parts_ = kParts<E>;
  static constexpr int64_t kColumns = kTaskColumns / parts_;  // elements

 public:
  Gemv(const Pattern& p, const BlockGemv& g)
      : g_(g),
        ordering_(g.transposed ? p.to_x() : p.to_y()),
        source_(g.transposed ? p.y() : p.x()),
        target_(g.transposed ? p.x() : p.y()),
        target_window_(g.transposed ? p.shape().x_window : p.shape().y_window),
        invariant_(p.invariant()),
        kernels_(kernel_table().typed<T>()),
        rows_(p.invariant() ? kernels_.block_rows_alike : kernels_.block_rows),
        chunks_(ceil_div(g.target_size, kColumns)),
        columns_contiguous_(g.w.stride[3] == 1 || g.target_size == 1),
        depth_contiguous_(g.w.stride[2] == 1),
        h_in_place_((g.h.stride[2] == 1 || g.source_size == 1) && (kDirect || (kIsComplex<E> && !g.conjugated.first))),
        o_contiguous_(kDirect && (g.o.stride[2] == 1 || g.target_size == 1)),
        k_(g.source_size * parts_),
        run_(std::max<int64_t>(1, kRun / (k_ / kDepth + 1))),
        in_runs_((g.transposed ? p.shape().y_window : p.shape().x_window) > run_),
        apart_(!o_contiguous_ || in_runs_),
        width_(std::min(g.target_size, kColumns) * parts_) {
    const int64_t lanes = kernel_table().vector_bytes / int64_t{sizeof(T)};
    const int64_t vectors = ceil_div(k_, lanes);
    // By instructions of a square of vectors: dots take 8.5 cycles and 30 for the sums per row, transposing 56 once and
    // then 10 per row; the sums are shared by all vectors of the depth.
    transpose_from_ = p.invariant() ? 0 : vectors <= 1 ? 2 : vectors == 2 ? 4 : 8;
    const int64_t block_bytes = g.source_size * std::min(g.target_size, kColumns) * int64_t{sizeof(E)};
    distance_ = blocks_ahead(block_bytes);
    if constexpr (kIsComplex<E>) {
      block_row_ = form_row(Form::Full, g.dtype, real_of(g.dtype), g.conjugated.second);
      h_row_ = form_row(Form::Apart, g.dtype, real_of(g.dtype), g.conjugated.first);
    }
  }

  // Numbers of scratch per worker: rows of o, their totals over runs, rows of h, one block read and one turned.
  int64_t scratch() const {
    return (apart_ ? kMaxRows * width_ : 0) + (totals() ? kMaxRows * width_ : 0) + (h_in_place_ ? 0 : kMaxRows * k_) +
           (kDirect ? 0 : k_ * width_) + (columns_contiguous_ ? 0 : k_ * width_);
  }

  int32_t run() const {
    if constexpr (kDirect) {
      if (by_rows()) return run_rows();
    }
    const int64_t tasks = static_cast<int64_t>(ordering_.groups.size()) * chunks_;
    const double flops = 2.0 * static_cast<double>(ordering_.terms.size()) * static_cast<double>(k_) *
                         static_cast<double>(g_.target_size * parts_);
    const int threads = useful_threads(g_.threads, tasks, flops / speed::kGemvFlops);
    const Workspace workspace(scratch() * static_cast<int64_t>(sizeof(T)), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      const int64_t n0 = task % chunks_ * kColumns;
      group(ordering_.groups[static_cast<size_t>(task / chunks_)], n0, std::min(kColumns, g_.target_size - n0),
            reinterpret_cast<T*>(workspace.of(worker)));
    });
    return EINBLAS_OK;
  }

 private:
  // Whether rows are summed one by one, their sums in registers: where few share a block, which then comes again from
  // L2. An invariant pattern's rows would be summed in another order beside other rows.
  bool by_rows() const {
    if (invariant_ || g_.alpha == 0 || apart_ || !h_in_place_ || g_.source_size == 0 || ordering_.terms.empty() ||
        (!columns_contiguous_ && !depth_contiguous_))
      return false;
    const int64_t bytes = g_.source_size * g_.target_size * int64_t{sizeof(T)};
    const int64_t terms = static_cast<int64_t>(ordering_.terms.size());
    const int64_t blocks = static_cast<int64_t>(ordering_.buckets.size());
    if (bytes > kBlockBytes) return false;
    if (columns_contiguous_) return 100 * terms <= block_by_rows * blocks;
    return terms <= kMostRows * blocks && terms * bytes <= block_dot_bytes * blocks;
  }

  // Rows one by one, each over all its terms.
  int32_t run_rows() const {
    const int64_t window = static_cast<int64_t>(ordering_.terms.size() / ordering_.rows.size());
    const int64_t count = static_cast<int64_t>(ordering_.rows.size());
    const double row_flops =
        2.0 * static_cast<double>(window) * static_cast<double>(g_.source_size) * static_cast<double>(g_.target_size);
    const int64_t each =
        std::clamp<int64_t>(static_cast<int64_t>(kTaskFlops / row_flops), 1, std::max<int64_t>(1, kList / window));
    const int64_t tasks = ceil_div(count, each);
    const int threads = useful_threads(g_.threads, tasks, row_flops * static_cast<double>(count) / speed::kGemvFlops);
    parallel_tasks(tasks, threads,
                   [&](int64_t task, int) { some_rows(task * each, std::min(count, (task + 1) * each), window); });
    return EINBLAS_OK;
  }

  void some_rows(int64_t begin, int64_t end, int64_t window) const {
    const T *a[kList], *b[kList + kAhead];
    const auto kernel = columns_contiguous_ ? kernels_.block_terms : kernels_.block_terms_dots;
    const int64_t ldb = columns_contiguous_ ? g_.w.stride[2] : g_.w.stride[3];
    const int64_t most = std::clamp<int64_t>(kDepth / g_.source_size, 1, kList);
    const int64_t last = end * window - 1;
    for (int64_t first = begin * window; first <= last; first += kList) {
      const int64_t count = std::min(kList, last + 1 - first);
      for (int64_t t = 0; t < count + distance_; ++t) {
        const int64_t at = std::min(first + t, last), w = at % window;
        const Place& row = ordering_.rows[static_cast<size_t>(at / window)];
        const int64_t source = source_[row.b * window + w], target = target_[row.b * target_window_ + row.w];
        b[t] = as(g_.w) + source * g_.w.stride[0] + target * g_.w.stride[1];
        if (t < count) a[t] = as(g_.h) + row.b * g_.h.stride[0] + w * g_.h.stride[1];
      }
      for (int64_t t = 0; t < count;) {
        const int64_t row = (first + t) / window, w = (first + t) % window;
        const Place& place = ordering_.rows[static_cast<size_t>(row)];
        T* c = output(place, 0);
        if (w == 0) start_row(place, target_[place.b * target_window_ + place.w], 0, g_.target_size, c);
        const int64_t terms = std::min({count - t, window - w, most});
        kernel(terms, a + t, b + t, ldb, c, g_.target_size, g_.source_size, static_cast<T>(g_.alpha), distance_);
        t += terms;
      }
    }
  }

  static E* as(const Strided& s) { return reinterpret_cast<E*>(s.at); }

  // Whether sums over runs are kept beside the output, which would round each.
  bool totals() const { return !kDirect && in_runs_; }

  const Place& place(const Ordering::Group& g, int64_t row) const {
    return ordering_.rows[static_cast<size_t>(g.row_begin + row)];
  }

  E* output(const Place& at, int64_t n0) const {
    return as(g_.o) + at.b * g_.o.stride[0] + at.w * g_.o.stride[1] + n0 * g_.o.stride[2];
  }

  // Columns n0 .. n0 + n of the rows of a group.
  void group(const Ordering::Group& g, int64_t n0, int64_t n, T* scratch) const {
    const int64_t rows = g.row_end - g.row_begin;
    T *c[kMaxRows], *totals_at = scratch + (apart_ ? kMaxRows * width_ : 0);
    for (int64_t r = 0; r < rows; ++r) {
      E* o = output(place(g, r), n0);
      T* total = totals_at + r * width_;
      if constexpr (kDirect) {
        c[r] = apart_ ? scratch + r * n : o;
        start_row(place(g, r), g.target, n0, n, in_runs_ && o_contiguous_ ? o : c[r]);
        if (in_runs_ && !o_contiguous_) add_row(o, n, c[r], false);
      } else {
        c[r] = scratch + r * width_;
        start_row(place(g, r), g.target, n0, n, in_runs_ ? total : c[r]);
      }
      if (in_runs_) std::fill_n(c[r], n * parts_, T{0});
    }
    const auto end_run = [&](int64_t r) {
      if constexpr (kDirect) {
        add_row(output(place(g, r), n0), n, c[r], true);
      } else {
        for (int64_t i = 0; i < n * parts_; ++i) totals_at[r * width_ + i] += c[r][i];
      }
    };
    T* rest = totals_at + (totals() ? kMaxRows * width_ : 0);
    const int64_t end = g_.alpha == 0 ? g.bucket_begin : g.bucket_end;  // alpha 0 reads no operand
    int32_t added[kMaxRows] = {};                                       // terms of each row's run in work
    for (int64_t b = g.bucket_begin; b < end; ++b) {
      const int64_t later = b + distance_;
      const E* ahead = later < g.bucket_end ? block(g, ordering_.buckets[static_cast<size_t>(later)], n0) : nullptr;
      Bucket part = ordering_.buckets[static_cast<size_t>(b)];
      for (const int64_t last = part.end; part.begin < last; part.begin = part.end) {
        if (in_runs_) part.end = run_end(part.begin, last, added);
        if (part.begin < part.end) {
          bucket(g, part, n0, n, c, rest, ahead);
          ahead = nullptr;
        }
        if (part.end == last) break;
        const int32_t r = ordering_.terms[static_cast<size_t>(part.end)].target;  // whose run is full
        end_run(r);
        std::fill_n(c[r], n * parts_, T{0});
        added[r] = 0;
      }
    }
    if (!apart_) return;
    for (int64_t r = 0; r < rows; ++r) {
      if constexpr (kDirect) {
        add_row(output(place(g, r), n0), n, c[r], in_runs_);
      } else {
        if (in_runs_) end_run(r);
        const T* sums = in_runs_ ? totals_at + r * width_ : c[r];
        E* o = output(place(g, r), n0);
        for (int64_t i = 0; i < n; ++i) o[i * g_.o.stride[2]] = element_of_parts<E>(sums + i * parts_);
      }
    }
  }

  // The first term from `begin` on whose row has a full run, or `last`; counts the terms before it. A row's runs depend
  // on its own terms alone.
  int64_t run_end(int64_t begin, int64_t last, int32_t* added) const {
    for (; begin < last; ++begin) {
      int32_t& of_row = added[ordering_.terms[static_cast<size_t>(begin)].target];
      if (of_row == run_) return begin;
      ++of_row;
    }
    return last;
  }

  // o = c, or o += c
  void add_row(E* o, int64_t n, const T* c, bool add) const {
    for (int64_t i = 0; i < n; ++i) {
      E& at = o[i * g_.o.stride[2]];
      at = add ? at + c[i] : c[i];
    }
  }

  // c = beta * o + bias
  void start_row(const Place& row, int64_t target, int64_t n0, int64_t n, T* c) const {
    const int64_t so = g_.o.stride[2], sb = g_.bias.stride[1];
    const E* o = output(row, n0);
    const E* bias = g_.bias.at == nullptr ? nullptr : as(g_.bias) + target * g_.bias.stride[0] + n0 * sb;
    const T beta = static_cast<T>(g_.beta);
    if constexpr (kDirect) {
      if (beta == 1 && bias == nullptr && c == o) return;
    }
    for (int64_t i = 0; i < n; ++i)
      for (int q = 0; q < parts_; ++q) {
        const T old = beta == 0 ? T{0} : beta * part_of(o[i * so], q, false);
        c[i * parts_ + q] = bias == nullptr ? old : old + part_of(bias[i * sb], q, g_.bias_conjugated);
      }
  }

  const E* block(const Ordering::Group& g, const Bucket& bucket, int64_t n0) const {
    return as(g_.w) + bucket.source * g_.w.stride[0] + g.target * g_.w.stride[1] + n0 * g_.w.stride[3];
  }

  // A block of real numbers: by its address and strides of depth and column, one of which is 1.
  struct Numbers {
    const T* at;
    int64_t depth, column;
  };

  // The block as numbers, in `to`: its closest axis stays that. Asks for the lines of `ahead`.
  Numbers numbers(const E* w, int64_t columns, T* to, const E* ahead) const {
    const bool turned = !columns_contiguous_ && depth_contiguous_;
    const int64_t rows = turned ? columns : g_.source_size, length = turned ? g_.source_size : columns;
    const int64_t row = g_.w.stride[turned ? 3 : 2], along = g_.w.stride[turned ? 2 : 3], ld = length * parts_;
    if (kIsComplex<E> || row != length || along != 1) {
      for (int64_t r = 0; r < rows; ++r) {
        if (ahead != nullptr && along == 1)
          for (int64_t e = 0; e < length; e += 64 / int64_t{sizeof(E)}) __builtin_prefetch(ahead + r * row + e);
        T* line = to + r * parts_ * ld;
        if constexpr (kIsComplex<E>) {
          block_row_(length, reinterpret_cast<const char*>(w + r * row), along, reinterpret_cast<char*>(line), parts_,
                     turned ? 1 : ld, turned ? ld : 1);
        } else {
          widen(length, w + r * row, along, line);
        }
      }
    } else if constexpr (!kIsComplex<E>) {
      widen(rows * length, w, 1, to);
      for (int64_t e = 0; ahead != nullptr && e < rows * length; e += 64 / int64_t{sizeof(E)})
        __builtin_prefetch(ahead + e);
    }
    return turned ? Numbers{to, 1, ld} : Numbers{to, ld, 1};
  }

  void bucket(const Ordering::Group& g, const Bucket& bucket, int64_t n0, int64_t columns, T* const* c, T* scratch,
              const E* next) const {
    const int64_t n = columns * parts_;
    T* h_rows = scratch;
    T* own = scratch + (h_in_place_ ? 0 : kMaxRows * k_);
    T* turned = own + (kDirect ? 0 : k_ * width_);
    Numbers w;
    const T* ahead = nullptr;
    if constexpr (kDirect) {
      w = {block(g, bucket, n0), g_.w.stride[2], g_.w.stride[3]};
      ahead = next;
    } else {
      w = numbers(block(g, bucket, n0), columns, own, next);
    }
    const bool in_columns = columns_contiguous_ || (!kDirect && !depth_contiguous_);
    const bool dots = !in_columns && depth_contiguous_ && bucket.end - bucket.begin < transpose_from_;
    if (!in_columns && !dots) {
      if (depth_contiguous_) {
        kernels_.transpose_tile(n, k_, turned, n, w.at, w.column, T{1}, T{0}, ahead, false);
      } else {
        copy_block(w.at, w.depth, w.column, k_, n, turned);
      }
      w = {turned, n, 1};
      ahead = nullptr;  // asked for already, or in no order that could be
    }
    const T alpha = static_cast<T>(g_.alpha);
    for (int64_t t = bucket.begin; t < bucket.end; t += kMaxRows) {
      const int64_t rows = std::min(kMaxRows, bucket.end - t);
      const T* a[kMaxRows];
      T* targets[kMaxRows];
      for (int64_t r = 0; r < rows; ++r) {
        const Term& term = ordering_.terms[static_cast<size_t>(t + r)];
        targets[r] = c[term.target];
        const E* h = as(g_.h) + term.b * g_.h.stride[0] + term.w * g_.h.stride[1];
        a[r] = h_in_place_ ? reinterpret_cast<const T*>(h) : h_numbers(h, h_rows + r * k_);
      }
      for (int64_t p = 0; p == 0 || p < k_; p += kDepth) {
        const int64_t depth = std::min(kDepth, k_ - p);
        if (dots) {
          kernels_.block_dots(rows, a, w.at + p, w.column, targets, n, depth, alpha, ahead);
        } else {
          rows_(rows, a, w.at + p * w.depth, w.depth, targets, n, depth, alpha, ahead);
        }
        for (int64_t r = 0; p + depth < k_ && r < rows; ++r) a[r] += depth;
        ahead = nullptr;
      }
    }
  }

  // A row of h as numbers, in `to`.
  const T* h_numbers(const E* h, T* to) const {
    if constexpr (kIsComplex<E>) {
      h_row_(g_.source_size, reinterpret_cast<const char*>(h), g_.h.stride[2], reinterpret_cast<char*>(to), 2, 0, 1);
    } else if constexpr (kDirect) {
      for (int64_t p = 0; p < k_; ++p) to[p] = h[p * g_.h.stride[2]];
    } else {
      widen(k_, h, g_.h.stride[2], to);
    }
    return to;
  }

  // block[p * n + j] = w[p * s_depth + j * s_column]
  static void copy_block(const T* w, int64_t s_depth, int64_t s_column, int64_t k, int64_t n, T* block) {
    constexpr int64_t kTile = 16;  // 16 x 16 floats: both sides stay in L1 lines
    for (int64_t p0 = 0; p0 < k; p0 += kTile)
      for (int64_t j0 = 0; j0 < n; j0 += kTile)
        for (int64_t j = j0; j < std::min(n, j0 + kTile); ++j)
          for (int64_t p = p0; p < std::min(k, p0 + kTile); ++p) block[p * n + j] = w[p * s_depth + j * s_column];
  }

  const BlockGemv& g_;
  const Ordering& ordering_;
  const int32_t *const source_, *const target_;  // blocks of the window places
  const int64_t target_window_;
  const bool invariant_;
  const TypedKernels<T>& kernels_;
  const decltype(TypedKernels<T>::block_rows) rows_;
  const int64_t chunks_;
  const bool columns_contiguous_, depth_contiguous_, h_in_place_, o_contiguous_;
  const int64_t k_;             // depth, in real numbers
  const int64_t run_;           // terms of a row's run
  const bool in_runs_, apart_;  // sums go in runs; rows are summed in the scratch
  const int64_t width_;         // of a row in the scratch
  FormRow block_row_ = nullptr, h_row_ = nullptr;
  int64_t transpose_from_;  // rows from which transposing a block is cheaper than dots whose lanes must be summed
  int64_t distance_;        // buckets between the one in work and the one asked for
};

}  // namespace

int64_t blocks_ahead(int64_t block_bytes) noexcept {
  // At most 8: blocks of one target often lie a power of two apart, and fill the ways of the same sets of L1.
  return std::clamp<int64_t>(block_ahead / std::max<int64_t>(block_bytes, 1), 1, 8);
}

int32_t block_gemv(const Pattern& pattern, const BlockGemv& call) noexcept {
  try {
    if (call.target_size == 0) return EINBLAS_OK;
    return visit_multiplied(call.dtype,
                            [&](auto of) { return Gemv<typename decltype(of)::Type>(pattern, call).run(); });
  } catch (...) {
    return out_of_memory();  // only the pattern's ordering allocates
  }
}

}  // namespace einblas
