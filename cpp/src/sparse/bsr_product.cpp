// Driver: products of a BSR matrix, or its transpose, with a dense matrix of any strides.
//
// C[i, m, n] = alpha * sum over live blocks (i, j), p of S[i, j, m, p] X[j, p, n] + beta * C; dense x BSR is the same
// with every matrix transposed, which strides express. A task writes the targets of one run (bsr.hpp) in a range of
// rows and columns, so there are no atomics and the bits do not depend on the number of threads. Vectors run along X's
// columns; along the target's rows where those are the unit stride of blocks and of C, or where columns are few; along
// the depth (dots) where that is the blocks' unit stride and columns are few. Assumes: C shares no byte with an
// operand.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/panels.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "sparse/bsr.hpp"
#include "sparse/bsr_widened.hpp"

namespace einblas {
namespace {

// 4096 x 4096, blocks of 32, 10 % of them, times 128 columns, two threads, F32 and F64: depth 64 and 16 KB of result 52
// and 64 % of P, 128 and 64 KB 90 and 84 %, 192 and 64 KB 93 and 82 %, 256 and 64 KB 88 and 84 %.
Tunable bsr_depth{"BSR_DEPTH", 192, 1, 1 << 20, "depth of the blocks of a BSR product that one pass of tiles takes"};
Tunable bsr_result{"BSR_RESULT", 64 << 10, 64, 1 << 26, "bytes of a BSR product's result that one task keeps in L2"};
Tunable bsr_packed{"BSR_PACKED", 32 << 20, 1 << 10, int64_t{1} << 36, "bytes of a dense operand packed at once"};

constexpr int64_t kRows = 64;        // of a target block in one task: 64 rows of 64 columns are 16 KB
constexpr int64_t kPackDepth = 256;  // rows of X packed by one task
constexpr int64_t kPackRows = 4;     // fewer rows of X are not worth a copy (128 of them: 80 to 85 and 63 to 80 % of P)
constexpr int64_t kMostTerms = 256;  // blocks in a pass
constexpr int64_t kDotColumns = 4;
constexpr int64_t kRun = 2048;  // additions to one place one after the other: longer sums go in such runs

template <class T>
class Product {
 public:
  Product(const Bsr& m, const BsrProduct& call)
      : call_(call),
        order_(call.transposed ? m.by_column() : m.by_row()),
        kernels_(kernel_table().typed<T>()),
        lanes_(kernel_table().vector_bytes / size_),
        target_(call.transposed ? m.shape().c : m.shape().r),
        depth_(call.transposed ? m.shape().r : m.shape().c),
        others_(call.transposed ? m.shape().block_rows : m.shape().block_columns),
        block_(m.shape().r * m.shape().c),
        ld_block_(m.shape().c),
        terms_(call.alpha == 0 ? 0 : m.blocks()),
        xk_(call.x.stride[0]),
        xn_(call.x.stride[1]),
        cm_(call.c.stride[0]),
        cn_(call.c.stride[1]) {}

  int32_t run() {
    const int64_t n = call_.columns;
    if (n == 0 || target_ * static_cast<int64_t>(order_.start.size() - 1) == 0) return EINBLAS_OK;
    const int64_t few = std::max<int64_t>(1, lanes_ / 2);
    const bool few_columns = n == 1 || (n <= few && 2 * n < (call_.transposed ? target_ : depth_));
    if (few_columns && !call_.transposed) return dots();
    if (call_.transposed && few_columns) return along_target();
    const bool fills = 3 * target_ >= 2 * round_up(target_, lanes_);
    return cm_ == 1 && cn_ != 1 && n > 1 && fills ? along_target() : along_columns();
  }

 private:
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(T));

  // Tiles of one piece of the result: `rows` come from a (splats), `columns` from b (vectors).
  struct Pieces {
    int64_t rows, columns;              // of the whole result per target
    int64_t rows_piece, columns_piece;  // of a task
    int64_t vectors, tile_rows;
    int64_t row_stride, column_stride, target_stride;  // of C
    bool buffered;                                     // C has no unit stride along the columns, or sums are long
    bool transposes;                                   // b is made of transposed blocks
  };

  // Vectors and rows of tiles, by the time of a step of depth: two FMAs, two loads per cycle; sums wait four cycles.
  void choose_tile(Pieces& p) const {
    double best = 0;
    for (int64_t v = 1; v <= 4; ++v) {
      const int64_t rows = even_part(std::max<int64_t>(p.rows_piece, 1), kernels_.bsr_rows[v]);
      const int64_t all = ceil_div(p.columns_piece, lanes_), panels = all / v, tail = all % v;
      const double time = static_cast<double>(ceil_div(p.rows_piece, rows)) *
                          (static_cast<double>(panels) * step_time(rows, v) + (tail > 0 ? step_time(rows, tail) : 0));
      if (v > 1 && time >= best) continue;
      best = time;
      p.vectors = v;
      p.tile_rows = rows;
    }
  }
  static double step_time(int64_t rows, int64_t vectors) {
    return std::max(4.0, 0.5 * static_cast<double>(std::max(rows * vectors, rows + vectors)));
  }

  int threads_for(int64_t tasks) const {
    const double n = static_cast<double>(call_.columns), values = static_cast<double>(terms_ * block_);
    const double written = n * static_cast<double>(target_) * static_cast<double>(order_.start.size() - 1);
    const double nanos =
        std::max(values * n / speed::kBsrProducts, static_cast<double>(size_) * (values + written) / speed::kBsrBytes);
    return useful_threads(call_.threads, tasks, nanos);
  }

  int64_t runs() const { return static_cast<int64_t>(order_.runs.size()) - 1; }

  template <class F>
  void each_target(int64_t run, const F& f) const {
    for (int64_t i = order_.runs[static_cast<size_t>(run)]; i < order_.runs[static_cast<size_t>(run) + 1]; ++i) f(i);
  }

  // Everything of a tile but its place.
  BsrTile<T> tile_along_columns(const T* x, int64_t ldb) const {
    BsrTile<T> t{};
    t.a = reinterpret_cast<const T*>(call_.blocks);
    t.a_block = block_;
    t.rs = call_.transposed ? 1 : ld_block_;
    t.cs = call_.transposed ? ld_block_ : 1;
    t.b = x;
    t.b_other = depth_ * ldb;
    t.ldb = ldb;
    return t;
  }

  int32_t along_columns() const {
    const int64_t n = call_.columns, depth = others_ * depth_;
    Pieces p{};
    p.rows = target_;
    p.rows_piece = even_part(target_, kRows);
    p.columns = n;
    p.columns_piece = std::min(n, std::max(lanes_, bsr_result / (p.rows_piece * size_) / lanes_ * lanes_));
    p.row_stride = cm_;
    p.column_stride = cn_;
    p.target_stride = target_ * cm_;
    p.buffered = (cn_ != 1 && n > 1) || many_passes();
    choose_tile(p);
    const int64_t width = p.vectors * lanes_;
    p.columns_piece = std::min(n, round_up(p.columns_piece, width));
    const bool packs = xn_ != 1 && n > 1 && terms_ > 0;
    const int64_t slab =
        packs ? std::min(round_up(n, width), std::max(width, bsr_packed / (depth * size_) / width * width)) : n;
    const int64_t tasks = runs() * ceil_div(p.rows, p.rows_piece) * ceil_div(std::min(n, slab), p.columns_piece);
    const int threads = threads_for(tasks);
    const Workspace packed(packs ? depth * slab * size_ : 0, 1);
    const Workspace own(buffer_bytes(p), threads);
    if (!packed.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    for (int64_t n0 = 0; n0 < n; n0 += slab) {
      const int64_t nn = std::min(slab, n - n0);
      const T* x = reinterpret_cast<const T*>(call_.x.at) + n0 * xn_;
      if (packs) pack(x, nn, width, threads, reinterpret_cast<T*>(packed.of(0)));
      const BsrTile<T> tile =
          tile_along_columns(packs ? reinterpret_cast<const T*>(packed.of(0)) : x, packs ? width : xk_);
      Pieces part = p;
      part.columns = nn;
      product(part, tile, packs ? depth * width : width, reinterpret_cast<T*>(call_.c.at) + n0 * cn_, threads, own);
    }
    return EINBLAS_OK;
  }

  int32_t along_target() const {
    const int64_t n = call_.columns, depth = others_ * depth_;
    const bool transposes = !call_.transposed && terms_ > 0, packs = n > kPackRows && terms_ > 0;
    Pieces p{};
    p.transposes = transposes;
    p.columns = target_;
    p.columns_piece = std::min(target_, 16 * lanes_);
    // Blocks are transposed once for all rows of a piece.
    p.rows_piece = std::min(
        n, std::max<int64_t>(12, bsr_result / (std::min(p.columns_piece, 4 * lanes_) * size_) * (transposes ? 4 : 1)));
    p.row_stride = cn_;
    p.column_stride = cm_;
    p.target_stride = target_ * cm_;
    p.buffered = (cm_ != 1 && target_ > 1) || many_passes();
    choose_tile(p);
    p.rows_piece = std::min(n, round_up(p.rows_piece, p.tile_rows));
    p.columns_piece = std::min(p.columns, round_up(p.columns_piece, p.vectors * lanes_));
    const int64_t slab = packs ? std::clamp<int64_t>(bsr_packed / (depth * size_), p.tile_rows, n) : n;
    BsrTile<T> t{};
    t.a_other = depth_ * xk_;
    t.rs = xn_;
    t.cs = xk_;
    t.b = reinterpret_cast<const T*>(call_.blocks);
    t.b_block = block_;
    t.ldb = ld_block_;
    const int threads =
        threads_for(runs() * ceil_div(std::min(n, slab), p.rows_piece) * ceil_div(p.columns, p.columns_piece));
    const Workspace packed(packs ? depth * slab * size_ : 0, 1);
    const Workspace own(buffer_bytes(p), threads);
    if (!packed.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    for (int64_t n0 = 0; n0 < n; n0 += slab) {
      p.rows = std::min(slab, n - n0);
      t.a = reinterpret_cast<const T*>(call_.x.at) + n0 * xn_;
      if (packs) {
        T* to = reinterpret_cast<T*>(packed.of(0));
        pack_rows(t.a, p.rows, threads, to);
        t.a = to;
        t.a_other = p.rows * depth_;
        t.rs = depth_;
        t.cs = 1;
      }
      product(p, t, p.vectors * lanes_, reinterpret_cast<T*>(call_.c.at) + n0 * cn_, threads, own);
    }
    return EINBLAS_OK;
  }

  int64_t buffer_bytes(const Pieces& p) const {
    return (p.buffered ? p.rows_piece * round_up(p.columns_piece, lanes_) * size_ : 0) +
           (p.transposes ? pass_depth() * round_up(p.columns_piece, lanes_) * size_ : 0);
  }

  // Depth of a pass: of several blocks, or a part of one.
  int64_t pass_depth() const { return std::min(depth_, bsr_depth_) * terms_per_pass(); }
  // Whether the blocks of a target may take more passes than are added to one place one after the other.
  bool many_passes() const {
    const int64_t most = kRun * terms_per_pass() / ceil_div(depth_, bsr_depth_);
    if (terms_ <= most) return false;
    for (size_t i = 1; i < order_.start.size(); ++i)
      if (order_.start[i] - order_.start[i - 1] > most) return true;
    return false;
  }
  int64_t terms_per_pass() const { return std::clamp(bsr_depth_ / depth_, int64_t{1}, kMostTerms); }

  // panel_step: elements of b from one panel of columns to the next.
  void product(const Pieces& p, const BsrTile<T>& base, int64_t panel_step, T* c, int threads,
               const Workspace& own) const {
    const int64_t row_pieces = ceil_div(p.rows, p.rows_piece), all_runs = runs();
    parallel_tasks(all_runs * row_pieces * ceil_div(p.columns, p.columns_piece), threads, [&](int64_t t, int worker) {
      const int64_t i0 = t / all_runs % row_pieces * p.rows_piece, j0 = t / all_runs / row_pieces * p.columns_piece;
      const int64_t ii = std::min(p.rows_piece, p.rows - i0), jj = std::min(p.columns_piece, p.columns - j0);
      BsrTile<T> tile = base;
      tile.a += i0 * tile.rs;
      tile.b += p.transposes ? j0 * ld_block_ : j0 / (p.vectors * lanes_) * panel_step;
      each_target(t % all_runs, [&](int64_t target) {
        T* at = c + target * p.target_stride + i0 * p.row_stride + j0 * p.column_stride;
        piece(p, tile, panel_step, target, ii, jj, at, reinterpret_cast<T*>(own.of(worker)));
      });
    });
  }

  // Rows ii and columns jj of one target, over all its blocks.
  void piece(const Pieces& p, BsrTile<T> tile, int64_t panel_step, int64_t target, int64_t ii, int64_t jj, T* c,
             T* buffer) const {
    const int64_t first = order_.start[static_cast<size_t>(target)];
    const int64_t count = terms_ == 0 ? 0 : order_.start[static_cast<size_t>(target) + 1] - first;
    const BsrTerm* terms = order_.terms.data() + first;
    const int64_t kk = std::min(depth_, bsr_depth_), per = terms_per_pass();
    tile.alpha = static_cast<T>(call_.alpha);
    tile.beta = p.buffered ? T{0} : static_cast<T>(call_.beta);
    tile.c = p.buffered ? buffer : c;
    tile.ldc = p.buffered ? round_up(jj, lanes_) : p.row_stride;
    if (count == 0) tiles(p, tile, panel_step, ii, jj);
    T* turned = buffer + (p.buffered ? p.rows_piece * round_up(p.columns_piece, lanes_) : 0);
    const T *a = tile.a, *b = tile.b;
    BsrTerm local[kMostTerms];
    int64_t passes = 0;
    T beta = static_cast<T>(call_.beta);
    for (int64_t t = 0; t < count; t += per) {
      tile.terms = terms + t;
      tile.count = std::min(per, count - t);
      tile.ahead = p.transposes || kk < depth_ ? 0 : std::min(tile.count, count - t - tile.count);
      for (int64_t k = 0; k < depth_; k += kk) {
        if (p.buffered && passes++ == kRun) {
          flush(p, buffer, tile.ldc, ii, jj, c, beta);
          tile.beta = T{0};
          beta = T{1};
          passes = 1;
        }
        tile.k = std::min(kk, depth_ - k);
        tile.a = a + k * tile.cs;
        tile.b = b + k * tile.ldb;
        if (p.transposes) transpose(b, k, jj, terms + t, local, turned, tile);
        tiles(p, tile, panel_step, ii, jj);
        tile.beta = T{1};
      }
    }
    if (p.buffered) flush(p, buffer, tile.ldc, ii, jj, c, beta);
  }

  // C = buffer + beta * C
  void flush(const Pieces& p, const T* buffer, int64_t ld, int64_t ii, int64_t jj, T* c, T beta) const {
    if (p.row_stride == 1)
      return kernels_.transpose_tile(ii, jj, c, p.column_stride, buffer, ld, T{1}, beta, nullptr, false);
    for (int64_t i = 0; i < ii; ++i)
      for (int64_t j = 0; j < jj; ++j) {
        T& out = c[i * p.row_stride + j * p.column_stride];
        out = beta == 0 ? buffer[i * ld + j] : buffer[i * ld + j] + beta * out;
      }
  }

  // The pass's blocks with depth as rows and jj rows of the target, from `b` on, side by side.
  void transpose(const T* b, int64_t k, int64_t jj, const BsrTerm* terms, BsrTerm* local, T* to,
                 BsrTile<T>& tile) const {
    const int64_t ld = round_up(jj, lanes_);
    for (int64_t t = 0; t < tile.count; ++t) {
      kernels_.transpose_tile(jj, tile.k, to + t * tile.k * ld, ld, b + terms[t].block * block_ + k, ld_block_, T{1},
                              T{0}, nullptr, false);
      local[t] = {static_cast<int32_t>(t), terms[t].other};
    }
    tile.terms = local;
    tile.b = to;
    tile.b_block = tile.k * ld;
    tile.ldb = ld;
  }

  void tiles(const Pieces& p, BsrTile<T> tile, int64_t panel_step, int64_t ii, int64_t jj) const {
    const int64_t width = p.vectors * lanes_;
    const int64_t ahead = tile.ahead, line = 64 / size_;
    const T* a = tile.a;
    T* c = tile.c;
    for (int64_t j = 0; j < jj; j += width, tile.b += panel_step) {
      const int64_t n = std::min(width, jj - j), vectors = ceil_div(n, lanes_);
      tile.last = static_cast<int>(n - (vectors - 1) * lanes_);
      for (int64_t i = 0; i < ii; i += p.tile_rows) {
        tile.a = a + i * tile.rs;
        tile.c = c + i * tile.ldc + j;
        tile.ahead_line = i / p.tile_rows * line;  // each tile of rows asks for one line of the panel
        tile.ahead = i / p.tile_rows < vectors ? ahead : 0;
        kernels_.bsr_tile(static_cast<int>(std::min(p.tile_rows, ii - i)), static_cast<int>(vectors), &tile);
      }
    }
  }

  // Panel q of X: element (k, q * width + l) at to[q * depth * width + k * width + l].
  void pack(const T* x, int64_t n, int64_t width, int threads, T* to) const {
    const int64_t depth = others_ * depth_, panels = ceil_div(n, width);
    const UnitStride unit{xk_ == 1 ? UnitStride::On::Depth : UnitStride::On::Nothing, 1, 1};
    const double nanos = static_cast<double>(n * depth) / speed::kTransposeElements;
    const int64_t tasks = panels * ceil_div(depth, kPackDepth);
    parallel_tasks(tasks, useful_threads(threads, tasks, nanos), [&](int64_t t, int) {
      const int64_t j0 = t % panels * width, k0 = t / panels * kPackDepth;
      const int64_t lanes = std::min(width, n - j0), rows = std::min(kPackDepth, depth - k0);
      int64_t lane[kMostLanes], row[kPackDepth];
      for (int64_t j = 0; j < lanes; ++j) lane[j] = (j0 + j) * xn_;
      for (int64_t k = 0; k < rows; ++k) row[k] = (k0 + k) * xk_;
      T* const at = to + j0 * depth + k0 * width;
      clear_rest(at, {width, 0, width}, lanes, rows, width);
      pack_panels(kernels_, at, {width, 0, width}, x, {lane, lanes, row, rows}, unit);
    });
  }
  // Row n of X's part for block j: its element p at to[(j * rows + n) * depth_ + p]. Rows of X may stand a power of two
  // apart, so that those of a tile would share a few sets of L1.
  void pack_rows(const T* x, int64_t rows, int threads, T* to) const {
    using On = UnitStride::On;
    const UnitStride unit{xk_ == 1 ? On::Own : xn_ == 1 ? On::Depth : On::Nothing, 1, 1};
    const int64_t parts = ceil_div(rows, kPackDepth), steps = ceil_div(depth_, kPackDepth);
    const int64_t tasks = others_ * parts * steps;
    const double nanos = static_cast<double>(rows * others_ * depth_) / speed::kTransposeElements;
    parallel_tasks(tasks, useful_threads(threads, tasks, nanos), [&](int64_t t, int) {
      const int64_t j = t / steps / parts, n0 = t / steps % parts * kPackDepth, p0 = t % steps * kPackDepth;
      const int64_t nn = std::min(kPackDepth, rows - n0), pp = std::min(kPackDepth, depth_ - p0);
      int64_t lane[kPackDepth], row[kPackDepth];
      for (int64_t p = 0; p < pp; ++p) lane[p] = (j * depth_ + p0 + p) * xk_;
      for (int64_t q = 0; q < nn; ++q) row[q] = (n0 + q) * xn_;
      pack_panels(kernels_, to + (j * rows + n0) * depth_ + p0, {depth_, 0, depth_}, x, {lane, pp, row, nn}, unit);
    });
  }
  static constexpr int64_t kMostLanes = 4 * 64 / size_;  // 4 vectors of 64 bytes

  // Few columns: vectors along the depth, which is the unit stride of the blocks.
  int32_t dots() const {
    const int64_t n = call_.columns, depth = others_ * depth_;
    const bool packs = xk_ != 1 && depth > 1 && terms_ > 0;
    const int64_t rows = even_part(target_, kRows), pieces = ceil_div(target_, rows);
    const Workspace packed(packs ? n * depth * size_ : 0, 1);
    if (!packed.ok()) return EINBLAS_OUT_OF_MEMORY;
    const T* x = reinterpret_cast<const T*>(call_.x.at);
    if (packs) {
      T* to = reinterpret_cast<T*>(packed.of(0));
      for (int64_t j = 0; j < n; ++j) kernels_.gather_line(depth, to + j * depth, x + j * xn_, xk_);
      x = to;
    }
    const int64_t ldx = packs ? depth : xn_;
    parallel_tasks(runs() * pieces, threads_for(runs() * pieces), [&](int64_t t, int) {
      const int64_t m0 = t % pieces * rows, mm = std::min(rows, target_ - m0);
      each_target(t / pieces, [&](int64_t target) {
        for (int64_t j = 0; j < n; j += kDotColumns)
          dots_of(target, m0, mm, j, std::min(kDotColumns, n - j), x + j * ldx, ldx);
      });
    });
    return EINBLAS_OK;
  }

  void dots_of(int64_t target, int64_t m0, int64_t mm, int64_t n0, int64_t nn, const T* x, int64_t ldx) const {
    T sums[kRows * kDotColumns];
    const int64_t first = order_.start[static_cast<size_t>(target)];
    const int64_t count = terms_ == 0 ? 0 : order_.start[static_cast<size_t>(target) + 1] - first;
    BsrDots<T> s{order_.terms.data() + first,
                 count,
                 depth_,
                 mm,
                 reinterpret_cast<const T*>(call_.blocks) + m0 * ld_block_,
                 block_,
                 ld_block_,
                 x,
                 depth_,
                 ldx,
                 sums};
    sum_dots(static_cast<int>(nn), s);
    const T alpha = static_cast<T>(call_.alpha), beta = static_cast<T>(call_.beta);
    T* c = reinterpret_cast<T*>(call_.c.at) + (target * target_ + m0) * cm_ + n0 * cn_;
    for (int64_t i = 0; i < mm; ++i)
      for (int64_t j = 0; j < nn; ++j) {
        T& out = c[i * cm_ + j * cn_];
        const T value = alpha * sums[i * nn + j];
        out = beta == 0 ? value : value + beta * out;
      }
  }

  // Many terms run by run, deep ones part by part.
  void sum_dots(int columns, BsrDots<T> s) const {
    const int64_t count = s.count, part = std::min(depth_, kRun * lanes_);
    const int64_t run = std::max<int64_t>(1, kRun / ceil_div(part, lanes_));
    if (count <= run && part == depth_) return kernels_.bsr_dots(columns, &s);
    double total[kRows * kDotColumns] = {};
    const int64_t n = s.rows * columns;
    const T *w = s.w, *x = s.x;
    for (int64_t t = 0; t < count; t += run, s.terms += run) {
      s.count = std::min(run, count - t);
      for (int64_t p = 0; p < depth_; p += part) {
        s.k = std::min(part, depth_ - p);
        s.w = w + p;
        s.x = x + p;
        kernels_.bsr_dots(columns, &s);
        for (int64_t i = 0; i < n; ++i) total[i] += static_cast<double>(s.sums[i]);
      }
    }
    for (int64_t i = 0; i < n; ++i) s.sums[i] = static_cast<T>(total[i]);
  }

  const BsrProduct& call_;
  const Bsr::Order& order_;
  const TypedKernels<T>& kernels_;
  const int64_t lanes_, target_, depth_, others_, block_, ld_block_, terms_, xk_, xn_, cm_, cn_;
  const int64_t bsr_depth_ = bsr_depth;
};

}  // namespace

int32_t bsr_product(const Bsr& matrix, const BsrProduct& call) noexcept {
  try {
    if (!is_float(call.dtype)) return bsr_product_widened(matrix, call);
    return visit_float(call.dtype, [&](auto of) { return Product<typename decltype(of)::Type>(matrix, call).run(); });
  } catch (...) {
    return out_of_memory();
  }
}

}  // namespace einblas
