// Driver: block_outer, and through it the gradient of W.
//
// A task owns every target block of one block row (or column) and a range of its rows, so no two tasks write one block.
// Each bucket is a product of r terms, x and y rows given by pointers.
//
// Kernels multiply F32 and F64. Rows of other elements are copied as real numbers: 16-bit floats as F32; a complex term
// is two, re(x) times (re, im) of y and im(x) times (-im, re). Sums of 16-bit floats stay in the scratch, beside the
// target's block, and are rounded once.
// Assumes: checked indices; o shares no byte with an operand; o's strides address each element once.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/rows.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "sparse/block.hpp"

namespace einblas {
namespace {

constexpr int64_t kRows = 128;   // rows of a target block per task, so that one popular block makes several tasks
constexpr int64_t kTerms = 256;  // terms per kernel call: their pointers fit the stack
constexpr int64_t kRun = 4096;   // terms of a block that are added to it one after the other: more go in such runs

// E: the elements; T: the real numbers that are multiplied.
template <class E>
class Outer {
  using T = Part<E>;
  static constexpr bool kDirect = std::is_same_v<E, T>;  // elements are what is multiplied
  static constexpr bool kRounds = !kDirect && !kIsComplex<E>;
  static constexpr int64_t parts_ = kParts<E>;

 public:
  Outer(const Pattern& p, const BlockOuter& c) : kernels_(kernel_table().typed<T>()), threads_(c.threads) {
    alpha_ = static_cast<T>(c.alpha);
    // The block's unit stride must lie along the vectors' axis: swap x and y where it lies along x.
    m_ = {c.x, c.x_size, c.o.stride[0], c.o.stride[2], c.conjugated.first};
    n_ = {c.y, c.y_size, c.o.stride[1], c.o.stride[3], c.conjugated.second};
    const bool swap = c.o.stride[3] != 1 && c.o.stride[2] == 1;
    if (swap) std::swap(m_, n_);
    // Tasks go by target block of one side; the side with more different blocks makes more tasks.
    const bool by_y = p.shape().y_blocks >= p.shape().x_blocks;
    ordering_ = by_y ? &p.to_y() : &p.to_x();
    target_is_n_ = by_y != swap;
    o_ = reinterpret_cast<E*>(c.o.at);
    const int64_t block_bytes = std::min(kRows, m_.size) * n_.size * int64_t{sizeof(E)};
    distance_ = blocks_ahead(block_bytes);
    if constexpr (kIsComplex<E>) {
      m_row_ = form_row(Form::Apart, c.dtype, real_of(c.dtype), m_.conjugated);
      n_row_ = form_row(Form::Full, c.dtype, real_of(c.dtype), n_.conjugated);
    }
    const auto& groups = ordering_->groups;
    for (size_t g = 0; g < groups.size(); ++g)
      if (g == 0 || groups[g].target != groups[g - 1].target) starts_.push_back(g);
    starts_.push_back(groups.size());
  }

  int32_t run() const {
    const int64_t chunks = ceil_div(m_.size, kRows);
    const int64_t tasks = static_cast<int64_t>(starts_.size() - 1) * chunks;
    const double flops =
        2.0 * static_cast<double>(ordering_->terms.size()) * static_cast<double>(m_.size * n_.size * parts_ * parts_);
    const int threads = useful_threads(threads_, tasks, flops / speed::kOuterFlops);
    const int64_t rows = std::min(kRows, m_.size);
    const int64_t x_copy = in_place(m_) ? 0 : kTerms * rows;
    const int64_t y_copy = in_place(n_) ? 0 : kTerms * n_.size * parts_;
    const bool in_runs = static_cast<int64_t>(ordering_->terms.size()) > kRun;
    const int64_t block = direct() && !in_runs ? 0 : rows * n_.size * parts_,
                  block_copy = kRounds && in_runs ? 2 * block : block;
    const Workspace workspace((x_copy + y_copy + block_copy) * static_cast<int64_t>(sizeof(T)), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      T* scratch = reinterpret_cast<T*>(workspace.of(worker));
      const int64_t m0 = task % chunks * kRows;
      const size_t run = static_cast<size_t>(task / chunks);
      for (size_t g = starts_[run]; g < starts_[run + 1]; ++g)
        for (int64_t b = ordering_->groups[g].bucket_begin; b < ordering_->groups[g].bucket_end; ++b)
          bucket(ordering_->groups[g], b, m0, scratch, scratch + x_copy, scratch + x_copy + y_copy,
                 scratch + x_copy + y_copy + block);
    });
    return EINBLAS_OK;
  }

 private:
  // One side of the outer product: its rows, their length, and the strides of the target over blocks and within one.
  struct Side {
    Strided rows;
    int64_t size, blocks_stride, block_stride;
    bool conjugated;
  };

  // Whether kernels add to the target where it lies.
  bool direct() const { return !kRounds && (n_.block_stride == 1 || n_.size == 1); }

  // Whether they read the rows where they lie.
  static bool in_place(const Side& s) { return kDirect && contiguous(s); }

  static bool contiguous(const Side& s) { return s.rows.stride[2] == 1 || s.size == 1; }

  static const E* row(const Side& s, int64_t b, int64_t w) {
    return reinterpret_cast<const E*>(s.rows.at) + b * s.rows.stride[0] + w * s.rows.stride[1];
  }

  // A row's numbers in `to`, as of either side: parts_ rows of count numbers each for m, of parts_ * count for n.
  void numbers(const Side& s, const E* from, int64_t count, T* to) const {
    const int64_t stride = s.rows.stride[2];
    [[maybe_unused]] const auto at = reinterpret_cast<const char*>(from);
    if constexpr (kDirect) {
      for (int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
    } else if constexpr (kRounds) {
      widen(count, from, stride, to);
    } else if (&s == &m_) {
      m_row_(count, at, stride, reinterpret_cast<char*>(to), 1, 0, count);
    } else {
      n_row_(count, at, stride, reinterpret_cast<char*>(to), 2, 2 * count, 1);
    }
  }

  E* target_of(const Ordering::Group& g, const Bucket& bucket, int64_t m0) const {
    const int32_t m_block = target_is_n_ ? bucket.source : g.target, n_block = target_is_n_ ? g.target : bucket.source;
    return o_ + m_block * m_.blocks_stride + n_block * n_.blocks_stride + m0 * m_.block_stride;
  }

  void bucket(const Ordering::Group& g, int64_t at, int64_t m0, T* x_copy, T* y_copy, T* block, T* total) const {
    const Bucket& bucket = ordering_->buckets[static_cast<size_t>(at)];
    const int64_t m = std::min(kRows, m_.size - m0), n = n_.size * parts_;
    E* target = target_of(g, bucket, m0);
    const int64_t later = at + distance_;
    const T* ahead = nullptr;
    if (later < g.bucket_end)
      ahead = reinterpret_cast<const T*>(target_of(g, ordering_->buckets[static_cast<size_t>(later)], m0));
    const int64_t count = bucket.end - bucket.begin;
    const bool in_place_target = direct() && count <= kRun;
    for (int64_t t = bucket.begin; t < bucket.end; t += kTerms / parts_) {
      const int64_t terms = std::min(kTerms / parts_, bucket.end - t);
      const T *x[kTerms], *y[kTerms];
      for (int64_t r = 0; r < terms; ++r) {
        const Term& term = ordering_->terms[static_cast<size_t>(t + r)];
        const Place& place = ordering_->rows[static_cast<size_t>(g.row_begin + term.target)];
        const int64_t source_w = term.w, target_w = place.w;
        const E* of_m = row(m_, term.b, target_is_n_ ? source_w : target_w) + m0 * m_.rows.stride[2];
        const E* of_n = row(n_, term.b, target_is_n_ ? target_w : source_w);
        if (!in_place(m_)) numbers(m_, of_m, m, x_copy + r * parts_ * m);
        if (!in_place(n_)) numbers(n_, of_n, n_.size, y_copy + r * parts_ * n);
        for (int64_t q = 0; q < parts_; ++q) {
          x[r * parts_ + q] = in_place(m_) ? reinterpret_cast<const T*>(of_m) : x_copy + (r * parts_ + q) * m;
          y[r * parts_ + q] = in_place(n_) ? reinterpret_cast<const T*>(of_n) : y_copy + (r * parts_ + q) * n;
        }
      }
      if (in_place_target) {
        kernels_.block_target(terms * parts_, x, y, reinterpret_cast<T*>(target), m_.block_stride * parts_, m, n,
                              alpha_, T{1}, ahead);
        ahead = nullptr;
        continue;
      }
      const int64_t done = (t - bucket.begin) % kRun;
      kernels_.block_target(terms * parts_, x, y, block, n, m, n, alpha_, done > 0 ? T{1} : T{0}, nullptr);
      if (done + terms < kRun && t + terms < bucket.end) continue;
      if (kRounds && count > kRun) {
        const bool first = t - bucket.begin < kRun;
        for (int64_t i = 0; i < m * n; ++i) total[i] = first ? block[i] : total[i] + block[i];
        if (t + terms == bucket.end) add(m, total, target);
      } else {
        add(m, block, target);
      }
    }
  }

  // target += sums
  void add(int64_t m, const T* sums, E* target) const {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n_.size; ++j) {
        E& at = target[i * m_.block_stride + j * n_.block_stride];
        T parts[parts_];
        for (int q = 0; q < parts_; ++q) parts[q] = part_of(at, q, false) + sums[(i * n_.size + j) * parts_ + q];
        at = element_of_parts<E>(parts);
      }
  }

  const TypedKernels<T>& kernels_;
  const int threads_;
  T alpha_;
  E* o_;
  Side m_, n_;
  FormRow m_row_ = nullptr, n_row_ = nullptr;
  const Ordering* ordering_;
  bool target_is_n_;
  int64_t distance_;            // buckets between the one in work and the one asked for
  std::vector<size_t> starts_;  // first group of each run of equal targets
};

}  // namespace

int32_t block_outer(const Pattern& pattern, const BlockOuter& call) noexcept {
  try {
    if (call.x_size == 0 || call.y_size == 0 || call.alpha == 0) return EINBLAS_OK;
    return visit_multiplied(call.dtype,
                            [&](auto of) { return Outer<typename decltype(of)::Type>(pattern, call).run(); });
  } catch (...) {
    return out_of_memory();
  }
}

}  // namespace einblas
