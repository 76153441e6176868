// Driver: CSR matrix times dense matrix; transposed products come as the transposed matrix and swapped strides.
//
// The columns of D are cut into panels that stay in a cache, the rows of A into chunks of equal weight (entries, and
// some for each row). A row much longer than a chunk is cut too: its later pieces are summed apart and added at the
// end in order. A panel of D without unit stride along its rows, or whose rows do not begin on a vector, is copied
// first; C without unit stride along its rows is written through a tile. Borders depend on the matrix and n alone.
// Assumes: A as csr.hpp says; C addresses each element once and shares no byte with an operand.
#include <algorithm>
#include <optional>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "sparse/csr.hpp"
#include "sparse/csr_chunks.hpp"
#include "sparse/csr_widened.hpp"
#include "sparse/reals.hpp"

namespace einblas {
namespace {

// One column of D: so many chunks are enough, and longer ones are read at a higher speed (1.7 million entries, two
// threads, 16384 in a chunk and 52000: F32 0.28 and 0.26 ms, F64 0.48 and 0.39; Zen 5).
constexpr int64_t kColumnChunks = 32;
// Long rows are cut up to so many columns of D (wider ones have panels enough for all threads).
constexpr int64_t kCutColumns = 1024;
constexpr int64_t kTileRows = 64;    // rows of C in a tile
constexpr int64_t kRun = 1 << 13;    // entries of a row that are summed at once; the next are added to that
constexpr int64_t kPackRows = 256;   // rows of D that a task copies
constexpr int64_t kMostVectors = 4;  // of a kernel call

Tunable csr_panel_bytes{"CSR_PANEL_BYTES", 16 << 20, 1 << 12, int64_t{1} << 40,
                        "bytes of the dense operand of a CSR product that one panel of columns may have"};
Tunable csr_near_bytes{
    "CSR_NEAR_BYTES", 64 << 10, 1 << 10, int64_t{1} << 40,
    "bytes of four vectors of columns of a CSR product's dense operand beyond which two are summed at once"};
Tunable csr_vectors{"CSR_VECTORS", 0, 0, 4, "vectors of columns that a CSR product sums at once; 0: by their bytes"};
Tunable csr_ahead{"CSR_AHEAD", 16, 1, 60,
                  "entries before their turn that a CSR product's dense operand is asked for, row by row"};
Tunable csr_copy_bytes{"CSR_COPY_BYTES", 512 << 10, 0, int64_t{1} << 40,
                       "bytes of a CSR product's dense operand up to which it is copied for the sake of whole vectors"};
Tunable csr_ahead_from{"CSR_AHEAD_FROM", 512 << 10, 0, int64_t{1} << 40,
                       "bytes of a CSR product's dense operand, or of a panel of it, from which it is asked for ahead"};

template <class T>
class Multiply {
 public:
  Multiply(const Csr& a, const CsrMultiply& m)
      : a_(a),
        m_(m),
        kernels_(kernel_table().typed<T>()),
        lanes_(kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T))),
        value_(reinterpret_cast<const T*>(a.value)),
        d_(reinterpret_cast<const T*>(m.d.at)),
        c_(reinterpret_cast<T*>(m.c.at)),
        single_(m.n == 1) {
    choose_group();
    choose_panels();
    chunks_.emplace(a, weight(), m.n <= kCutColumns);
    const bool aligned = m.d.row * static_cast<int64_t>(sizeof(T)) % kAlignment == 0 &&
                         reinterpret_cast<uintptr_t>(d_) % kAlignment == 0;
    const bool unit = single_ ? m.d.row == 1 : m.d.column == 1;
    // A copy costs about as much as two entries per row of D.
    packed_ = !unit || (!single_ && (!aligned || m.n % lanes_ != 0 || m.n > group_) && a.entries >= 4 * a.columns &&
                        a.columns * padded() * static_cast<int64_t>(sizeof(T)) <= csr_copy_bytes);
    through_tile_ = !single_ && m.c.column != 1;
  }

  int32_t run() const {
    const int64_t element = static_cast<int64_t>(sizeof(T));
    const int64_t tasks = packed_ ? chunks_->count() : chunks_->count() * panels_;
    const double nanos = speed::kEntryNanos * static_cast<double>(a_.entries + a_.rows) *
                         static_cast<double>(std::max(panel_, lanes_)) / static_cast<double>(lanes_) *
                         (packed_ ? 1 : static_cast<double>(panels_));
    const int threads = useful_threads(m_.threads, tasks, nanos);
    const Workspace panel(packed_ ? a_.columns * row_step() * element : 0, 1);
    const Workspace tile(through_tile_ ? kTileRows * padded() * element : 0, threads);
    const Workspace carry(chunks_->cuts() ? chunks_->count() * m_.n * element : 0, 1);
    if (!panel.ok() || !tile.ok() || !carry.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* const carried = reinterpret_cast<T*>(carry.of(0));
    if (packed_) {
      for (int64_t p = 0; p < panels_; ++p) {
        T* copy = reinterpret_cast<T*>(panel.of(0));
        pack(p, copy, threads);
        parallel_tasks(chunks_->count(), threads, [&](int64_t t, int worker) {
          chunk(p, t, copy, row_step(), reinterpret_cast<T*>(tile.of(worker)), carried);
        });
      }
    } else {
      parallel_tasks(tasks, threads, [&](int64_t t, int worker) {
        const int64_t p = t / chunks_->count();
        chunk(p, t % chunks_->count(), d_ + p * panel_ * m_.d.column, single_ ? 1 : m_.d.row,
              reinterpret_cast<T*>(tile.of(worker)), carried);
      });
    }
    if (chunks_->cuts()) add_carried(carried);
    return EINBLAS_OK;
  }

 private:
  // Four vectors of columns at once, two where so many columns of D take a good part of L2. Measured for 784 rows of D
  // and 7.8 million entries, ms for 1, 2, 4 vectors: F32 4.7, 3.4, -; F64 8.5, 7.6, 11.0. Far beyond L2 it is the
  // number of places that counts, not their length.
  void choose_group() {
    int64_t vectors = csr_vectors;
    if (vectors == 0) {
      const int64_t bytes = a_.columns * kernel_table().vector_bytes * kMostVectors;
      vectors = bytes > csr_near_bytes && bytes <= csr_copy_bytes ? 2 : kMostVectors;
    }
    group_ = vectors * lanes_;
  }

  void choose_panels() {
    const int64_t vectors = ceil_div(m_.n, lanes_);
    const int64_t vector_bytes = lanes_ * static_cast<int64_t>(sizeof(T)) * std::max<int64_t>(a_.columns, 1);
    int64_t most = std::max<int64_t>(csr_panel_bytes / vector_bytes, 1);
    // Few rows: panels make the tasks.
    if (a_.entries < 16384) most = std::min<int64_t>(most, 64);
    if (most > kMostVectors) most = most / kMostVectors * kMostVectors;
    const int64_t count = ceil_div(vectors, most);
    int64_t each = ceil_div(vectors, count);
    if (each > kMostVectors) each = round_up(each, kMostVectors);
    panel_ = std::min(m_.n, each * lanes_);
    panels_ = ceil_div(m_.n, panel_);
  }

  // Of a chunk of some 20 us: a million products, at most 16384 entries, so that they stay in L2 between groups of
  // columns.
  int64_t weight() const {
    const int64_t weight = std::min<int64_t>(std::max<int64_t>((1 << 20) / panel_, 1024), 16384);
    if (!single_) return weight;
    return std::max(weight, std::min<int64_t>(CsrChunks::total(a_) / kColumnChunks, 65536));
  }

  int64_t padded() const { return round_up(panel_, lanes_); }
  int64_t row_step() const { return single_ ? 1 : padded(); }
  int64_t columns_of(int64_t p) const { return std::min(panel_, m_.n - p * panel_); }

  // A panel of D, group of columns by group: rows of a group lie one after the other and fill whole vectors.
  void pack(int64_t p, T* to, int threads) const {
    const int64_t tasks = ceil_div(a_.columns, kPackRows), n = columns_of(p);
    const T* from = d_ + p * panel_ * m_.d.column;
    const int workers =
        useful_threads(threads, tasks, static_cast<double>(a_.columns * row_step()) / speed::kPackElements);
    parallel_tasks(tasks, workers, [&](int64_t t, int) {
      const int64_t k0 = t * kPackRows, k = std::min(kPackRows, a_.columns - k0);
      if (single_) {
        kernels_.gather_line(k, to + k0, from + k0 * m_.d.row, m_.d.row);
        return;
      }
      for (int64_t j = 0; j < n; j += group_) {
        const int64_t step = group_step(n - j);
        pack_group(from + j * m_.d.column + k0 * m_.d.row, k, std::min(n - j, group_), to + j * a_.columns + k0 * step,
                   step);
      }
    });
  }

  // Distance between rows of a packed group of which so many columns are left.
  int64_t group_step(int64_t left) const { return round_up(std::min(left, group_), lanes_); }

  void pack_group(const T* from, int64_t k, int64_t n, T* to, int64_t step) const {
    if (m_.d.row == 1) {
      kernels_.transpose_tile(n, k, to, step, from, m_.d.column, T{1}, T{0}, nullptr, false);
    } else {
      for (int64_t i = 0; i < k; ++i) kernels_.gather_line(n, to + i * step, from + i * m_.d.row, m_.d.column);
    }
    if (n < step)
      for (int64_t i = 0; i < k; ++i) std::fill(to + i * step + n, to + (i + 1) * step, T{0});
  }

  // The same; rows longer than kRun piece by piece.
  void rows(const T* d, int64_t ldd, int64_t n, int64_t count, const int64_t* begin, const int64_t* end, T* c,
            int64_t ldc, T alpha, T beta) const {
    if (a_.longest <= kRun) return rows_at_once(d, ldd, n, count, begin, end, c, ldc, alpha, beta);
    for (int64_t r = 0, next = 0; r < count; r = next) {
      while (next < count && end[next] - begin[next] <= kRun) ++next;
      if (r < next) {
        rows_at_once(d, ldd, n, next - r, begin + r, end + r, c + r * ldc, ldc, alpha, beta);
        continue;
      }
      for (int64_t p = begin[r]; p < end[r]; p += kRun) {
        const int64_t last = std::min(end[r], p + kRun);
        rows_at_once(d, ldd, n, 1, &p, &last, c + r * ldc, ldc, alpha, p == begin[r] ? beta : T{1});
      }
      ++next;
    }
  }

  // c[r] = alpha * rows r0.. of A . d + beta * c[r]; c has unit stride along its rows.
  void rows_at_once(const T* d, int64_t ldd, int64_t n, int64_t count, const int64_t* begin, const int64_t* end, T* c,
                    int64_t ldc, T alpha, T beta) const {
    CsrRows<T> s{};
    s.rows = count;
    s.begin = begin;
    s.end = end;
    s.column = a_.column;
    s.value = value_;
    s.ldc = ldc;
    s.alpha = alpha;
    s.beta = beta;
    if (single_) {
      s.d = d;
      s.c = c;
      kernels_.csr_dots(&s);
      return;
    }
    // Rows of one vector: out of order execution alone hides them (F32, 8 columns: 1.31 ms, asked for 1.59).
    const int64_t width = std::min(panel_, group_);
    s.ahead = width > lanes_ ? csr_ahead_of(a_.columns * width * static_cast<int64_t>(sizeof(T))) : 0;
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

  // Rows [r0, r1), of which the last ends at `end` at the latest.
  void chunk(int64_t p, int64_t t, const T* d, int64_t ldd, T* tile, T* carried) const {
    const int64_t n = columns_of(p), n0 = p * panel_;
    const int64_t r0 = chunks_->first_row(t), r1 = chunks_->first_row(t + 1);
    const CsrChunks::Piece piece = chunks_->carried(t, r0);
    if (!piece.empty()) rows(d, ldd, n, 1, &piece.begin, &piece.end, carried + t * m_.n + n0, n, T{1}, T{0});
    if (r0 == r1) return;
    const bool cut = chunks_->is_cut(r1 - 1);
    whole_rows(n0, n, r0, cut ? r1 - 1 : r1, nullptr, d, ldd, tile);
    if (!cut) return;
    const int64_t end = chunks_->head_end(t, r1 - 1);
    whole_rows(n0, n, r1 - 1, r1, &end, d, ldd, tile);
  }

  void whole_rows(int64_t n0, int64_t n, int64_t r0, int64_t r1, const int64_t* last_end, const T* d, int64_t ldd,
                  T* tile) const {
    if (r0 == r1) return;
    const T alpha = static_cast<T>(m_.alpha), beta = static_cast<T>(m_.beta);
    const int64_t* end = last_end != nullptr ? last_end : a_.indptr + r0 + 1;
    T* c = c_ + r0 * m_.c.row + n0 * m_.c.column;
    if (!through_tile_) {
      rows(d, ldd, n, r1 - r0, a_.indptr + r0, end, c, m_.c.row, alpha, beta);
      return;
    }
    for (int64_t r = r0; r < r1; r += kTileRows) {
      const int64_t count = std::min(kTileRows, r1 - r);
      rows(d, ldd, n, count, a_.indptr + r, end + (r - r0), tile, padded(), T{1}, T{0});
      T* to = c + (r - r0) * m_.c.row;
      if (m_.c.row == 1) {
        kernels_.transpose_tile(count, n, to, m_.c.column, tile, padded(), alpha, beta, nullptr, false);
        continue;
      }
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < n; ++j) {
          T* at = to + i * m_.c.row + j * m_.c.column;
          const T result = alpha * tile[i * padded() + j];
          *at = beta == 0 ? result : result + beta * *at;
        }
    }
  }

  void add_carried(const T* carried) const {
    const T alpha = static_cast<T>(m_.alpha);
    for (int64_t t = 0; t < chunks_->count(); ++t) {
      const CsrChunks::Piece piece = chunks_->carried(t, chunks_->first_row(t));
      if (piece.empty()) continue;
      T* c = c_ + piece.row * m_.c.row;
      const T* from = carried + t * m_.n;
      for (int64_t j = 0; j < m_.n; ++j) c[j * m_.c.column] += alpha * from[j];
    }
  }

  const Csr& a_;
  const CsrMultiply& m_;
  const TypedKernels<T>& kernels_;
  const int64_t lanes_;
  const T* const value_;
  const T* const d_;
  T* const c_;
  const bool single_;       // D is a vector
  int64_t panel_, panels_;  // columns of D in a panel, panels
  int64_t group_;           // columns of a kernel call
  std::optional<CsrChunks> chunks_;
  bool packed_, through_tile_;
};

// C = beta * C.
template <class T>
void scale(const Csr& a, const CsrMultiply& m) {
  const T beta = static_cast<T>(m.beta);
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t j = 0; j < m.n; ++j) {
      T* c = reinterpret_cast<T*>(m.c.at) + r * m.c.row + j * m.c.column;
      *c = beta == 0 ? T{0} : beta * *c;
    }
}

template <class T>
int32_t multiply(const Csr& a, const CsrMultiply& m) {
  if (a.rows == 0 || m.n == 0) return EINBLAS_OK;
  if (m.alpha == 0 || a.entries == 0) {
    scale<T>(a, m);
    return EINBLAS_OK;
  }
  return Multiply<T>(a, m).run();
}

}  // namespace

int64_t csr_ahead_of(int64_t bytes) noexcept { return bytes >= csr_ahead_from ? static_cast<int64_t>(csr_ahead) : 0; }

int64_t csr_panel_limit() noexcept { return csr_panel_bytes; }

int32_t csr_multiply(const Csr& a, const CsrMultiply& call) noexcept {
  if (!is_float(a.dtype)) return csr_multiply_widened(a, call);
  return visit_float(a.dtype, [&](auto of) { return multiply<typename decltype(of)::Type>(a, call); });
}

// Measured with two threads and AVX-512 for 4096 x 4096 times 1, 8, 32 and 128 columns: F32 0.38, 0.45, 0.37, 0.28, F64
// 0.68, 0.75, 0.40, 0.29. For 49980 x 784 times 30 columns 0.45 and 0.40, which the later dense product of few columns
// (5.5 and 11.2 ms) moves to 0.32 and 0.29. Few columns: bytes count, and an entry has those of its column besides;
// many: gathered rows of the operand against the dense product's tiles.
double csr_dense_from(DType dtype, int64_t n) noexcept {
  if (n <= 16) return digits_of(real_of(dtype)) <= kSingleDigits ? 0.4 : 0.7;
  return n <= 64 ? 0.32 : 0.28;
}

}  // namespace einblas
