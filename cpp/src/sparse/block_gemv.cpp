// Driver: block_gemv, and through it block_dot and the gradient of h.
//
// A task writes the rows of one group (rows that share a target block) in a range of columns. It walks the group's
// buckets: a weight block used by r rows is read once and multiplied with r rows given by pointers, nothing gathered.
// Where few rows share a block, a task takes whole rows instead, and a row's sums stay in registers over all its
// blocks. Assumes: checked indices; o shares no byte with an operand.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
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
constexpr int64_t kColumns = 256;  // columns per task: 1 KB of each row, and tasks enough when one block has all rows
constexpr int64_t kMaxRows = kGroupRows;
// Additions to one place one after the other: sums of more go in such runs; deeper blocks in parts.
constexpr int64_t kRun = 2048, kDepth = 4096;
constexpr int64_t kList = 512, kAhead = 8;  // terms whose pointers are made at once, and those asked for
constexpr double kTaskFlops = 1 << 18;      // of a task of rows, some 5 us

template <class T>
class Gemv {
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
        h_contiguous_(g.h.stride[2] == 1 || g.source_size == 1),
        o_contiguous_(g.o.stride[2] == 1 || g.target_size == 1),
        run_(std::max<int64_t>(1, kRun / (g.source_size / kDepth + 1))),
        in_runs_((g.transposed ? p.shape().y_window : p.shape().x_window) > run_),
        apart_(!o_contiguous_ || in_runs_) {
    const int64_t vectors = (g.source_size + kernel_table().vector_bytes / int64_t{sizeof(T)} - 1) /
                            (kernel_table().vector_bytes / int64_t{sizeof(T)});
    // By instructions of a square of vectors: dots take 8.5 cycles and 30 for the sums per row, transposing 56 once and
    // then 10 per row; the sums are shared by all vectors of the depth.
    transpose_from_ = p.invariant() ? 0 : vectors <= 1 ? 2 : vectors == 2 ? 4 : 8;
    const int64_t block_bytes = g.source_size * std::min(g.target_size, kColumns) * int64_t{sizeof(T)};
    distance_ = blocks_ahead(block_bytes);
  }

  // Elements of scratch per worker: rows of o, rows of h, one block.
  int64_t scratch() const {
    const int64_t width = std::min(g_.target_size, kColumns);
    return (apart_ ? kMaxRows * width : 0) + (h_contiguous_ ? 0 : kMaxRows * g_.source_size) +
           (columns_contiguous_ ? 0 : g_.source_size * width);
  }

  int32_t run() const {
    if (by_rows()) return run_rows();
    const int64_t tasks = static_cast<int64_t>(ordering_.groups.size()) * chunks_;
    const double flops = 2.0 * static_cast<double>(ordering_.terms.size()) * static_cast<double>(g_.source_size) *
                         static_cast<double>(g_.target_size);
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
    if (invariant_ || g_.alpha == 0 || apart_ || !h_contiguous_ || g_.source_size == 0 || ordering_.terms.empty() ||
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

  static T* as(const Strided& s) { return reinterpret_cast<T*>(s.at); }

  const Place& place(const Ordering::Group& g, int64_t row) const {
    return ordering_.rows[static_cast<size_t>(g.row_begin + row)];
  }

  T* output(const Place& at, int64_t n0) const {
    return as(g_.o) + at.b * g_.o.stride[0] + at.w * g_.o.stride[1] + n0 * g_.o.stride[2];
  }

  void group(const Ordering::Group& g, int64_t n0, int64_t n, T* scratch) const {
    const int64_t rows = g.row_end - g.row_begin;
    T* c[kMaxRows];
    for (int64_t r = 0; r < rows; ++r) {
      c[r] = apart_ ? scratch + r * n : output(place(g, r), n0);
      start_row(place(g, r), g.target, n0, n, in_runs_ && o_contiguous_ ? output(place(g, r), n0) : c[r]);
      if (in_runs_) {
        if (!o_contiguous_) add_row(g, r, n0, n, c[r], false);
        std::fill_n(c[r], n, T{0});
      }
    }
    if (apart_) scratch += kMaxRows * std::min(g_.target_size, kColumns);
    const int64_t end = g_.alpha == 0 ? g.bucket_begin : g.bucket_end;  // alpha 0 reads no operand
    int32_t added[kMaxRows] = {};                                       // terms of each row's run in work
    for (int64_t b = g.bucket_begin; b < end; ++b) {
      const int64_t later = b + distance_;
      const T* ahead = later < g.bucket_end ? block(g, ordering_.buckets[static_cast<size_t>(later)], n0) : nullptr;
      Bucket part = ordering_.buckets[static_cast<size_t>(b)];
      for (const int64_t last = part.end; part.begin < last; part.begin = part.end) {
        if (in_runs_) part.end = run_end(part.begin, last, added);
        if (part.begin < part.end) {
          bucket(g, part, n0, n, c, scratch, ahead);
          ahead = nullptr;
        }
        if (part.end == last) break;
        const int32_t r = ordering_.terms[static_cast<size_t>(part.end)].target;  // whose run is full
        add_row(g, r, n0, n, c[r], true);
        std::fill_n(c[r], n, T{0});
        added[r] = 0;
      }
    }
    if (!apart_) return;
    for (int64_t r = 0; r < rows; ++r) add_row(g, r, n0, n, c[r], in_runs_);
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
  void add_row(const Ordering::Group& g, int64_t row, int64_t n0, int64_t n, const T* c, bool add) const {
    T* o = output(place(g, row), n0);
    for (int64_t i = 0; i < n; ++i) {
      T& at = o[i * g_.o.stride[2]];
      at = add ? at + c[i] : c[i];
    }
  }

  // c = beta * o + bias
  void start_row(const Place& row, int64_t target, int64_t n0, int64_t n, T* c) const {
    const int64_t so = g_.o.stride[2], sb = g_.bias.stride[1];
    const T* o = output(row, n0);
    const T* bias = g_.bias.at == nullptr ? nullptr : as(g_.bias) + target * g_.bias.stride[0] + n0 * sb;
    const T beta = static_cast<T>(g_.beta);
    if (beta == 1 && bias == nullptr && c == o) return;
    for (int64_t i = 0; i < n; ++i) {
      const T old = beta == 0 ? T{0} : beta * o[i * so];
      c[i] = bias == nullptr ? old : old + bias[i * sb];
    }
  }

  const T* block(const Ordering::Group& g, const Bucket& bucket, int64_t n0) const {
    return as(g_.w) + bucket.source * g_.w.stride[0] + g.target * g_.w.stride[1] + n0 * g_.w.stride[3];
  }

  void bucket(const Ordering::Group& g, const Bucket& bucket, int64_t n0, int64_t n, T* const* c, T* scratch,
              const T* ahead) const {
    const int64_t k = g_.source_size, sw2 = g_.w.stride[2], sw3 = g_.w.stride[3];
    const T* w = block(g, bucket, n0);
    const T alpha = static_cast<T>(g_.alpha);
    T* h_rows = scratch;
    T* turned = scratch + (h_contiguous_ ? 0 : kMaxRows * k);
    const bool dots = !columns_contiguous_ && depth_contiguous_ && bucket.end - bucket.begin < transpose_from_;
    if (!columns_contiguous_ && !dots) {
      if (depth_contiguous_) {
        kernels_.transpose_tile(n, k, turned, n, w, sw3, T{1}, T{0}, ahead, false);
      } else {
        copy_block(w, sw2, sw3, k, n, turned);
      }
      w = turned;
      ahead = nullptr;  // asked for already, or in no order that could be
    }
    const int64_t ldb = columns_contiguous_ ? sw2 : n;
    for (int64_t t = bucket.begin; t < bucket.end; t += kMaxRows) {
      const int64_t rows = std::min(kMaxRows, bucket.end - t);
      const T* a[kMaxRows];
      T* targets[kMaxRows];
      for (int64_t r = 0; r < rows; ++r) {
        const Term& term = ordering_.terms[static_cast<size_t>(t + r)];
        targets[r] = c[term.target];
        a[r] = as(g_.h) + term.b * g_.h.stride[0] + term.w * g_.h.stride[1];
        if (h_contiguous_) continue;
        for (int64_t p = 0; p < k; ++p) h_rows[r * k + p] = a[r][p * g_.h.stride[2]];
        a[r] = h_rows + r * k;
      }
      for (int64_t p = 0; p == 0 || p < k; p += kDepth) {
        const int64_t depth = std::min(kDepth, k - p);
        if (dots) {
          kernels_.block_dots(rows, a, w + p, sw3, targets, n, depth, alpha, ahead);
        } else {
          rows_(rows, a, w + p * ldb, ldb, targets, n, depth, alpha, ahead);
        }
        for (int64_t r = 0; p + depth < k && r < rows; ++r) a[r] += depth;
        ahead = nullptr;
      }
    }
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
  const bool columns_contiguous_, depth_contiguous_, h_contiguous_, o_contiguous_;
  const int64_t run_;           // terms of a row's run
  const bool in_runs_, apart_;  // sums go in runs; rows are summed in the scratch
  int64_t transpose_from_;      // rows from which transposing a block is cheaper than dots whose lanes must be summed
  int64_t distance_;            // buckets between the one in work and the one asked for
};

}  // namespace

int64_t blocks_ahead(int64_t block_bytes) noexcept {
  // At most 8: blocks of one target often lie a power of two apart, and fill the ways of the same sets of L1.
  return std::clamp<int64_t>(block_ahead / std::max<int64_t>(block_bytes, 1), 1, 8);
}

int32_t block_gemv(const Pattern& pattern, const BlockGemv& call) noexcept {
  try {
    if (call.target_size == 0) return EINBLAS_OK;
    return visit_float(call.dtype, [&](auto of) { return Gemv<typename decltype(of)::Type>(pattern, call).run(); });
  } catch (...) {
    return out_of_memory();  // only the pattern's ordering allocates
  }
}

}  // namespace einblas
