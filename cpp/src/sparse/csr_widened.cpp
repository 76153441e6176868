// Driver: CSR matrix times dense matrix in 16-bit floats and complex numbers, by the micro-kernels of F32 and F64.
//
// Pairs of a complex D lie side by side, so it is read as a real matrix of twice as many columns: A D is Re(A) D + i
// Im(A) D, two products into tiles that are joined as they are stored. 16-bit floats of D are widened panel by panel,
// those of A a few rows at a time, and sums stay in F32 until they are rounded into C. Chunks, and rows that are cut,
// are those of csr_chunks.hpp: the bits do not depend on the number of threads. Memory beside the tensors: a panel of D
// (CSR_PANEL_BYTES, or a vector of columns) where it is not read in place, at most 330 KB for each thread, two rows of
// C in reals for each chunk where rows are cut.
// Assumes: as csr_product.cpp.
#include "sparse/csr_widened.hpp"

#include <algorithm>
#include <optional>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "sparse/csr_chunks.hpp"
#include "sparse/reals.hpp"

namespace einblas {
namespace {

constexpr int64_t kTileRows = 64;          // rows of C in a tile
constexpr int64_t kTileBytes = 128 << 10;  // of a tile of sums, at most
constexpr int64_t kRun = 1 << 12;          // entries that are widened at once; a longer row is added up in such runs
constexpr int64_t kPackRows = 256;         // rows of D that a task widens
constexpr int64_t kPackColumns = 32;       // of D, widened at once where its columns lie side by side
constexpr int64_t kMostVectors = 4;        // of a kernel call
constexpr int64_t kCutColumns = 1024;      // long rows are cut up to so many columns of D
constexpr int64_t kWeight = 1 << 13;       // of a chunk, at most

template <class E>
class Multiply {
  using R = Part<E>;

 public:
  Multiply(const Csr& a, const CsrMultiply& m)
      : a_(a),
        m_(m),
        kernels_(kernel_table().typed<R>()),
        lanes_(kernel_table().vector_bytes / size_),
        group_(kMostVectors * lanes_),
        value_(reinterpret_cast<const E*>(a.value)),
        d_(reinterpret_cast<const E*>(m.d.at)),
        c_(reinterpret_cast<E*>(m.c.at)),
        reals_(m.n * parts_),
        single_(reals_ == 1),
        packed_(parts_ == 1 || (m.n > 1 && m.d.column != 1)) {
    choose_panels();
    chunks_.emplace(a, std::clamp<int64_t>((1 << 20) / panel_, 1024, kWeight), m.n <= kCutColumns);
  }

  int32_t run() const {
    const int64_t tasks = chunks_->count() * (packed_ ? 1 : panels_);
    const double nanos = speed::kEntryNanos * static_cast<double>((a_.entries + a_.rows) * parts_) *
                         static_cast<double>(std::max(panel_, lanes_)) / static_cast<double>(lanes_) *
                         (packed_ ? 1 : static_cast<double>(panels_));
    const int threads = useful_threads(m_.threads, tasks, nanos);
    const Workspace panel(packed_ ? a_.columns * row_step() * size_ : 0, 1);
    const Workspace own(own_bytes(), threads);
    const Workspace cut(chunks_->cuts() ? 2 * chunks_->count() * reals_ * size_ : 0, 1);
    if (!panel.ok() || !own.ok() || !cut.ok()) return EINBLAS_OUT_OF_MEMORY;
    R* const heads = reinterpret_cast<R*>(cut.of(0));
    const auto chunk = [&](int64_t p, int64_t t, const R* d, int64_t ldd, int worker) {
      Chunk{*this, p, d, ldd, reinterpret_cast<R*>(own.of(worker)), heads}.run(t);
    };
    if (packed_) {
      R* const copy = reinterpret_cast<R*>(panel.of(0));
      for (int64_t p = 0; p < panels_; ++p) {
        pack(p, copy, threads);
        parallel_tasks(chunks_->count(), threads, [&](int64_t t, int w) { chunk(p, t, copy, row_step(), w); });
      }
    } else {
      const R* const d = reinterpret_cast<const R*>(d_);
      parallel_tasks(tasks, threads, [&](int64_t t, int w) {
        const int64_t p = t / chunks_->count();
        chunk(p, t % chunks_->count(), d + p * panel_, m_.d.row * parts_, w);
      });
    }
    if (chunks_->cuts()) store_cut(heads);
    return EINBLAS_OK;
  }

 private:
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(R)), parts_ = kParts<E>;

  void choose_panels() {
    const int64_t vectors = ceil_div(reals_, lanes_);
    const int64_t vector_bytes = lanes_ * size_ * std::max<int64_t>(a_.columns, 1);
    int64_t most = std::clamp<int64_t>(csr_panel_limit() / vector_bytes, 1, kTileBytes / kTileRows / size_ / lanes_);
    if (most > kMostVectors) most = most / kMostVectors * kMostVectors;
    int64_t each = ceil_div(vectors, ceil_div(vectors, most));
    if (each > kMostVectors) each = round_up(each, kMostVectors);
    panel_ = std::min(reals_, each * lanes_);
    panels_ = ceil_div(reals_, panel_);
  }

  int64_t padded() const { return round_up(panel_, lanes_); }
  int64_t row_step() const { return single_ ? 1 : padded(); }
  int64_t reals_of(int64_t p) const { return std::min(panel_, reals_ - p * panel_); }
  // Distance between rows of a packed group of which so many columns are left.
  int64_t group_step(int64_t left) const { return round_up(std::min(left, group_), lanes_); }
  // Tiles of sums and lines of values, one for each part.
  int64_t tile_size() const { return kTileRows * padded(); }
  static int64_t line_size() { return kRun + kCsrPadding; }
  int64_t own_bytes() const { return parts_ * (tile_size() + line_size()) * size_; }

  // A panel of D in reals, group of columns by group: rows of a group lie one after the other and fill whole vectors.
  void pack(int64_t p, R* to, int threads) const {
    const int64_t tasks = ceil_div(a_.columns, kPackRows), n = reals_of(p);
    const E* const from = d_ + p * panel_ / parts_ * m_.d.column;
    const double nanos = static_cast<double>(a_.columns * row_step()) / speed::kTransposeElements;
    parallel_tasks(tasks, useful_threads(threads, tasks, nanos), [&](int64_t t, int) {
      const int64_t k0 = t * kPackRows, k = std::min(kPackRows, a_.columns - k0);
      if (single_) return widen(k, from + k0 * m_.d.row, m_.d.row, to + k0);
      for (int64_t j = 0; j < n; j += group_) {
        const int64_t step = group_step(n - j), count = std::min(n - j, group_);
        R* const rows = to + j * a_.columns + k0 * step;
        pack_group(from + j / parts_ * m_.d.column + k0 * m_.d.row, k, count, rows, step);
        for (int64_t i = 0; i < k && count < step; ++i) std::fill(rows + i * step + count, rows + (i + 1) * step, R{0});
      }
    });
  }

  void pack_group(const E* from, int64_t k, int64_t n, R* to, int64_t step) const {
    if constexpr (parts_ == 1) {
      if (m_.d.row == 1 && m_.d.column != 1) {
        R columns[kPackColumns * kPackColumns];
        for (int64_t i0 = 0; i0 < k; i0 += kPackColumns)
          for (int64_t j0 = 0; j0 < n; j0 += kPackColumns) {
            const int64_t ii = std::min(kPackColumns, k - i0), jj = std::min(kPackColumns, n - j0);
            for (int64_t j = 0; j < jj; ++j)
              widen(ii, from + i0 + (j0 + j) * m_.d.column, 1, columns + j * kPackColumns);
            kernels_.transpose_tile(jj, ii, to + i0 * step + j0, step, columns, kPackColumns, R{1}, R{0}, nullptr,
                                    false);
          }
        return;
      }
    }
    if (m_.d.column == 1 && m_.d.row * parts_ == n && step == n) return widen(k * n / parts_, from, 1, to);
    for (int64_t i = 0; i < k; ++i) widen(n / parts_, from + i * m_.d.row, m_.d.column, to + i * step);
  }

  // A chunk of rows times a panel of D.
  struct Chunk {
    const Multiply& my;
    int64_t p;
    const R* d;
    int64_t ldd;
    R *tile, *cut;  // tile: parts_ tiles, then parts_ lines of values

    void run(int64_t t) const {
      const CsrChunks& chunks = *my.chunks_;
      const int64_t r0 = chunks.first_row(t), r1 = chunks.first_row(t + 1), at = p * my.panel_;
      const CsrChunks::Piece piece = chunks.carried(t, r0);
      if (!piece.empty()) {
        sums(1, &piece.begin, &piece.end);
        keep(my.carried(cut, t) + at);
      }
      if (r0 == r1) return;
      const bool cuts = chunks.is_cut(r1 - 1);
      const int64_t whole = cuts ? r1 - 1 : r1, n = my.reals_of(p);
      for (int64_t r = r0; r < whole; r += kTileRows) {
        const int64_t count = std::min(kTileRows, whole - r);
        sums(count, my.a_.indptr + r, my.a_.indptr + r + 1);
        if (n == my.padded() && my.m_.c.column == 1 && my.m_.c.row * parts_ == n) {
          my.store(count * n, tile, r, at);  // rows side by side
          continue;
        }
        for (int64_t i = 0; i < count; ++i) my.store(n, tile + i * my.padded(), r + i, at);
      }
      if (!cuts) return;
      const int64_t end = chunks.head_end(t, whole);
      sums(1, my.a_.indptr + whole, &end);
      keep(my.head(cut, t) + at);
    }

    void keep(R* to) const { std::copy(tile, tile + my.reals_of(p), to); }

    // Sums of `count` rows, joined, into the tile. A row of more entries than a line has goes in several.
    void sums(int64_t count, const int64_t* begin, const int64_t* end) const {
      for (int64_t r = 0, next = 0; r < count; r = next) {
        while (next < count && end[next] - begin[r] <= kRun) ++next;
        if (r < next) {
          add(r, next - r, begin + r, end + r, R{0});
          continue;
        }
        for (int64_t e = begin[r]; e < end[r]; e += kRun) {
          const int64_t last = std::min(end[r], e + kRun);
          add(r, 1, &e, &last, e == begin[r] ? R{0} : R{1});
        }
        ++next;
      }
      if constexpr (parts_ == 2) {
        for (int64_t r = 0; r < count; ++r)
          join(my.reals_of(p) / 2, tile + r * my.padded(), tile + my.tile_size() + r * my.padded(), my.m_.conjugated);
      }
    }

    // beta 1: to what the tile has.
    void add(int64_t row, int64_t count, const int64_t* begin, const int64_t* end, R beta) const {
      const int64_t from = begin[0], n = end[count - 1] - from;
      R* const line = tile + parts_ * my.tile_size();
      if constexpr (parts_ == 2) {
        split(n, my.value_ + from, line, line + line_size());
      } else {
        widen(n, my.value_ + from, 1, line);
      }
      int64_t first[kTileRows], last[kTileRows];
      for (int64_t i = 0; i < count; ++i) {
        first[i] = begin[i] - from;
        last[i] = end[i] - from;
      }
      for (int64_t part = 0; part < parts_; ++part) {
        R* const values = line + part * line_size();
        std::fill(values + n, values + n + kCsrPadding, R{0});
        CsrRows<R> s{};
        s.rows = count;
        s.begin = first;
        s.end = last;
        s.column = my.a_.column + from;
        s.value = values;
        s.c = tile + part * my.tile_size() + row * my.padded();
        s.ldc = my.padded();
        s.alpha = 1;
        s.beta = beta;
        my.kernel(s, d, ldd, my.reals_of(p));
      }
    }
  };

  void kernel(CsrRows<R> s, const R* d, int64_t ldd, int64_t n) const {
    if (single_) {
      s.d = d;
      return kernels_.csr_dots(&s);
    }
    const int64_t width = std::min(panel_, group_);
    s.ahead = width > lanes_ ? csr_ahead_of(a_.columns * width * size_) : 0;
    R* const c = s.c;
    for (int64_t j = 0; j < n; j += group_) {
      const int64_t left = std::min(n - j, group_);
      s.vectors = static_cast<int32_t>(ceil_div(left, lanes_));
      s.last = static_cast<int32_t>(left - (s.vectors - 1) * lanes_);
      s.whole = packed_ || s.last == lanes_ ? 1 : 0;
      s.d = packed_ ? d + j * a_.columns : d + j;
      s.ldd = packed_ ? group_step(n - j) : ldd;
      s.c = c + j;
      kernels_.csr_rows(&s);
    }
  }

  // A row of sums, from real `at` on, n of them.
  void store(int64_t n, const R* sums, int64_t row, int64_t at) const {
    store_sums(n / parts_, sums, c_ + row * m_.c.row + at / parts_ * m_.c.column, m_.c.column, static_cast<R>(m_.alpha),
               static_cast<R>(m_.beta));
  }

  // Sums of the piece of a cut row that chunk t has: of its beginning, and of a row that began before.
  R* head(R* cut, int64_t t) const { return cut + 2 * t * reals_; }
  R* carried(R* cut, int64_t t) const { return head(cut, t) + reals_; }

  // Pieces in order.
  void store_cut(R* cut) const {
    R* sum = nullptr;
    for (int64_t t = 0; t < chunks_->count(); ++t) {
      const int64_t r0 = chunks_->first_row(t), r1 = chunks_->first_row(t + 1);
      const CsrChunks::Piece piece = chunks_->carried(t, r0);
      if (!piece.empty()) {
        const R* const more = carried(cut, t);
        for (int64_t j = 0; j < reals_; ++j) sum[j] += more[j];
        if (piece.end == a_.indptr[piece.row + 1]) store(reals_, sum, piece.row, 0);
      }
      if (r0 < r1 && chunks_->is_cut(r1 - 1)) sum = head(cut, t);
    }
  }

  const Csr& a_;
  const CsrMultiply& m_;
  const TypedKernels<R>& kernels_;
  const int64_t lanes_, group_;  // group: columns of a kernel call
  const E *const value_, *const d_;
  E* const c_;
  const int64_t reals_;     // in a row of D
  const bool single_;       // D is a vector of reals
  const bool packed_;       // D is read in a copy
  int64_t panel_, panels_;  // reals of a row of D in a panel, panels
  std::optional<CsrChunks> chunks_;
};

// C = beta * C.
template <class E>
void scale(const Csr& a, const CsrMultiply& m) {
  constexpr int64_t kLine = 128;
  const Part<E> zero[kLine * kParts<E>] = {};
  E* const c = reinterpret_cast<E*>(m.c.at);
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t j = 0; j < m.n; j += kLine)
      store_sums(std::min(kLine, m.n - j), static_cast<const Part<E>*>(zero), c + r * m.c.row + j * m.c.column,
                 m.c.column, Part<E>{0}, static_cast<Part<E>>(m.beta));
}

}  // namespace

int32_t csr_multiply_widened(const Csr& a, const CsrMultiply& call) noexcept {
  if (a.rows == 0 || call.n == 0) return EINBLAS_OK;
  return visit_multiplied(a.dtype, [&](auto of) {
    if constexpr (!is_float(decltype(of)::dtype)) {
      using E = typename decltype(of)::Type;
      if (call.alpha != 0 && a.entries != 0) return Multiply<E>(a, call).run();
      scale<E>(a, call);
    }
    return int32_t{EINBLAS_OK};
  });
}

}  // namespace einblas
