// The table of micro-kernels that each ISA object exports; drivers call only through it.
//
// A kernel is a function pointer member here, its code in kernels/<name>.inl, and its line in each table of isa/*.cpp
// (isa/table.inl fills all of them from one list).
#pragma once
#include <cstdint>

namespace einblas {

// A row that a tile of kernels/lanes.inl packs beside its sums: to[p * step ..] = the vector at from + offset[p]; the
// vector at ahead + offset[p] is asked for, for a later tile.
template <class T>
struct LanesCopy {
  const T* from;
  const T* ahead;
  const int64_t* offset;
  T* to;
  int64_t step;
};
// Lines that it asks for only: in step p of depth the one at from + offset[p].
template <class T>
struct LanesAhead {
  const T* from;
  const int64_t* offset;
};

constexpr int kLanesCopies = 2;
constexpr int kLanesAhead = 12;

// The arguments of a tile of kernels/lanes.inl: C = alpha * sums + beta * old; old may be C itself.
template <class T>
struct LanesTile {
  int64_t k;
  const T *a, *b;
  T* c;
  const int64_t *c_i, *c_j;
  const T* old;
  const int64_t *old_i, *old_j;
  T alpha, beta;
  int last, streaming;
  int fetch;   // 1: the lines of C are asked for before the sums
  int copies;  // only where a tile is at most one row and one column smaller than the largest, and with no aheads
  LanesCopy<T> copy[kLanesCopies];
  int aheads;
  LanesAhead<T> ahead[kLanesAhead];
};

constexpr int kGemmMostRows = 12;  // of a gemm tile, on any instruction set

// Where the columns of a gemm tile lie in C: runs of lanes of one vector. Lane l of run q goes to c[row] + offset + l.
struct GemmRun {
  int32_t vector, first, end;
  int64_t offset;
};
// A vector of a tile whose runs are `GemmColumns::block` long: it begins at element `at` of run `run`; its lanes from
// `split` on belong to the next run.
struct GemmPart {
  int32_t run, at, split;
};
struct GemmColumns {
  int32_t runs;   // 1: the whole tile is one run, whatever its vectors
  int32_t last;   // lanes of the last vector
  int64_t start;  // offset of the first column
  const GemmRun* run;
  int32_t past_caches;  // 1: whole lines are written with non-temporal stores (beta 0)
  int32_t block;        // not 0: all runs have so many elements, at least a vector's; only run[].offset is set,
  GemmPart part[4];     // and this; rows of C that are as far apart are put together in L1 before they are written
};

// Lines that a gemm tile asks for beside its sums: two in each step of depth, at `at` and `second` bytes behind it;
// `at` goes on by `by` bytes, and after a line's worth of elements by `back` more.
struct GemmAhead {
  const char* at;
  int64_t second, by, back;
};

// A tile of a transposition (kernels/permute.inl): rows of `from`, found by their offsets, become columns of rows of
// `to`; offsets in elements.
template <class T>
struct TransposeRows {
  int64_t ni, nq;
  T* to;
  const int64_t* to_offset;  // nq rows of ni elements side by side
  const T* from;
  const int64_t* from_offset;  // ni rows of nq elements side by side
  T alpha, beta;
  const T* ahead;  // of a later tile, whose lines are asked for; or null
  const int64_t* ahead_offset;
  int64_t ahead_rows;
  // Not null: whole lines are written with non-temporal stores (beta 0; a vector is a line). A line that this tile and
  // the next along the rows of `to` share waits here: a vector for each of the nq rows, aligned.
  T* carry;
  int32_t first, last;  // 1: nothing came before along these rows; nothing follows
};

// A batch of small products (kernels/gemm_small.inl), strides in elements.
template <class T>
struct GemmSmall {
  const T *a, *b;
  T* c;
  int64_t items, a_item, b_item, c_item;
  int64_t m, n, k, rs, cs, ldb, ldc;
  int64_t group;        // items that are worked on together
  int64_t rows;         // of a tile
  int32_t vectors;      // of a tile
  int32_t past_caches;  // 1: c is written with non-temporal stores; its rows are whole vectors on their alignment
  int64_t ahead;        // items before their turn whose lines are asked for; 0: none are
  T alpha, beta;
  // Of gemm_batch alone.
  int64_t b_lane;            // stride of b along j; not 1: its items are transposed on the way
  int64_t ldp;               // row of such an item
  int32_t share;             // columns fill 1 / share of a vector at most: 1, 2 or 4
  int32_t stages;            // 1: items of c lie side by side; they are put together in L1, then written as lines
  int32_t spill;             // 1: a row of c is written as a whole vector: what follows it is written later
  int32_t a_lines, b_lines;  // of an item, asked for `ahead` items before their turn
  const T* index;            // of gemm_look_up: for each step and vector of c, lanes of a and of b, as integers
};

// Rows of a CSR matrix times a panel of a dense one (kernels/csr.inl), strides in elements.
template <class T>
struct CsrRows {
  int64_t rows;
  const int64_t *begin, *end;  // entries of each row
  const int32_t* column;
  const T *value, *d;
  T* c;
  int64_t ldd, ldc;
  int32_t vectors, last;  // of the panel; lanes of the last vector
  int32_t whole;          // 1: d can be read to the end of the last vector
  int64_t ahead;          // entries before their turn that rows of d are asked for; 0: none are
  T alpha, beta;
};

// Entries [from, to) of a CSR matrix as products of a row of one matrix and a column of another (kernels/csr.inl),
// strides in elements.
template <class T>
struct CsrSampled {
  int64_t from, to, row;  // the row that holds entry `from`
  const int64_t* indptr;
  const int32_t* column;
  const T *a, *b;  // a: row i begins at i * lda; b: column j at j * ldb; both with unit stride along k
  int64_t lda, ldb, k;
  T* out;         // of entry `from`
  int add;        // 1: added to out
  int64_t ahead;  // entries before their turn that columns of b are asked for; 0: none are
};

// A stored block of a BSR matrix and its place along the axis that is summed (kernels/bsr.inl).
struct BsrTerm {
  int32_t block, other;
};

// A tile of a product with a BSR matrix: terms of `k` depth each; an operand begins block * x_block + other * x_other
// after its address.
template <class T>
struct BsrTile {
  const BsrTerm* terms;
  int64_t count, k;
  const T* a;
  int64_t a_block, a_other, rs, cs;
  const T* b;
  int64_t b_block, b_other, ldb;
  T* c;
  int64_t ldc;
  int last;  // lanes of the last vector
  T alpha, beta;
  int64_t ahead;       // of the terms that follow those of the tile, so many are asked for:
  int64_t ahead_line;  // this element of each of their rows of b
};

// Dot products of the rows of blocks with a few vectors, over all terms.
template <class T>
struct BsrDots {
  const BsrTerm* terms;
  int64_t count, k, rows;
  const T* w;
  int64_t w_block, ldw;
  const T* x;
  int64_t x_other, ldx;
  T* sums;  // (rows, columns)
};

// One factor of a Kronecker product along one axis (kernels/kron.inl), strides in elements.
template <class T>
struct KronStep {
  const T *x, *f;
  T* y;
  int64_t k, q;   // lengths of the axis before and after
  int64_t depth;  // length before of the packed factor, of which k are a part
  int64_t panels;
  const int64_t *from, *to;  // where each panel begins in x and y
  int64_t line;              // elements at unit stride; in the kernels over rows: rows of a panel
  int64_t sx, sy;            // along the axis; in the kernels over rows: between rows
  int32_t vectors;           // of a tile of kron_rows
  int32_t past_caches;       // 1: y is written with non-temporal stores (beta 0, whole vectors on their alignment)
  int32_t gathers;           // 1: the lines of x that share sets of L1 are gathered first
  T alpha, beta;
};

// Sums along rows (kernels/reduce.inl), strides in elements.
template <class T>
struct ReduceDots {
  int64_t rows, n;
  const T* x;
  int64_t sx;
  const T* y;             // or null
  int64_t sy;             // 0: one y for all rows
  int64_t group, y_left;  // y is the next one after so many rows, the first one after y_left; at least 1
  T* out;
  int add;         // 0 starts from 0
  int64_t beyond;  // rows that follow these at the same strides, of y too where group is 1; they are asked for
};

// Sums down rows of at most a vector (kernels/reduce_columns.inl), strides in elements.
template <class T>
struct ReduceDown {
  int64_t rows, n;
  const T* x;
  int64_t sx;
  const T* y;  // or null
  int64_t sy;
  const int32_t* pick;  // for each lane its element of y behind that of the vector's first row; null: y lies as x does
  int64_t reach;        // elements of y that a row takes
  T* acc;
  int add;
};

// Sums down the rows of each of many items (kernels/reduce_columns.inl), strides in elements.
template <class T>
struct ReduceItems {
  int64_t items, rows, n;
  const T* x;
  int64_t x_item, sx;
  const T* y;  // or null; one for each row
  int64_t y_item, sy;
  T* c;
  int64_t c_item;
  T alpha, beta;
};

// What kernels/map.inl does with the elements of up to three operands x0, x1, x2 and numbers s0, s1, s2.
enum class Map : int32_t {
  Copy,         // x0
  Scale,        // s0 x0
  Shift,        // s0 x0 + s2
  Affine,       // s0 x0 + s1 x1 + s2
  Add,          // x0 + x1
  Subtract,     // x0 - x1
  Multiply,     // x0 x1
  MultiplyAdd,  // x0 x1 + x2
  Divide,
  Abs,
  Sign,
  Exp,
  ExpOfDifference,  // e^(x0 - x1)
  Log,
  Sqrt,
  Tanh,
  Sigmoid,
  Relu,
  Gelu,
  Maximum,  // NaN where one is
  Minimum,
  Equal,  // 1 or 0
  NotEqual,
  Less,
  LessEqual,
  Where  // x1 where x0 is not 0, else x2
};
constexpr int kMaps = static_cast<int>(Map::Where) + 1;
template <class T>
using MapLine = void (*)(int64_t n, T* out, const T* const* x, const int* step, const T* scalars, int past_caches);

// kernels/map.inl for one element type; of integers, unsigned ones here too, null where a quotient or a function leaves
// them.
template <class T>
struct TypedMaps {
  MapLine<T> map[kMaps];  // by Map
  T (*line_most)(int64_t n, const T* x);
  T (*line_least)(int64_t n, const T* x);
  T (*line_exp_sum)(int64_t n, const T* x, T from, T* out);
  T (*line_squares)(int64_t n, const T* x, T from);
};
struct MapTable {
  TypedMaps<float> f32;
  TypedMaps<double> f64;
  TypedMaps<uint32_t> i32;
  TypedMaps<uint64_t> i64;

  template <class T>
  const TypedMaps<T>& typed() const = delete;
};
template <>
inline const TypedMaps<float>& MapTable::typed<float>() const {
  return f32;
}
template <>
inline const TypedMaps<double>& MapTable::typed<double>() const {
  return f64;
}
template <>
inline const TypedMaps<uint32_t>& MapTable::typed<uint32_t>() const {
  return i32;
}
template <>
inline const TypedMaps<uint64_t>& MapTable::typed<uint64_t>() const {
  return i64;
}

// Kernels for one element type. Those of integers are of unsigned ones (simd/vec.hpp); what no step needs is null for
// them: complex, block, kron, csr and bsr.
template <class T>
struct TypedKernels {
  // kernels/machine.inl: `rounds` times a fixed block of independent multiply-adds; returns operations done per round.
  int64_t (*fma_rounds)(int64_t rounds, T* sink);
  // kernels/product.inl: lines of a product.
  void (*product_lines)(int operands, int64_t count, const int64_t* stride, int64_t n, T* out, const T* const* x,
                        const int* step, T alpha, T beta, int streaming);
  // The same of complex numbers by parts, one or two operands, bit t of conjugated for operand t.
  void (*complex_lines)(int operands, int64_t count, const int64_t* stride, int64_t n, T* out, const T* const* x,
                        const int* step, T alpha, T beta, int streaming, int conjugated);
  void (*gather_line)(int64_t n, T* to, const T* from, int64_t stride);
  void (*repeat_rows)(int64_t rows, int64_t n, T* to, const T* from, int64_t stride, int step);
  // kernels/convert.inl: n complex numbers as two rows of pairs (Form::Full, Twice, Swapped of runtime/rows.hpp).
  void (*complex_rows[3])(int64_t n, const T* from, T* first, T* second, int conjugated);
  // kernels/reduce.inl: a dot product (or sum, y null); rows added to accumulators.
  T (*reduce_dot)(int64_t n, const T* x, const T* y);
  void (*reduce_rows)(int rows, int64_t n, T* acc, const T* const* x, const T* const* y, int y_line, int add,
                      const T* const* next);
  void (*reduce_dots)(const ReduceDots<T>* d);
  void (*reduce_columns)(int64_t rows, int64_t n, T* acc, const T* x, int64_t sx, const T* y, int64_t sy, int y_line,
                         int add);
  // kernels/reduce_columns.inl; picks: 1 where lanes of y may be picked.
  int reduce_picks;
  void (*reduce_down)(const ReduceDown<T>* d);
  void (*reduce_items)(const ReduceItems<T>* t);
  // kernels/lanes.inl: tiles of vectors; mr <= lanes_rows, nr <= lanes_columns.
  int lanes_rows, lanes_columns;
  void (*lanes_tile)(int mr, int nr, const LanesTile<T>* tile);
  void (*lanes_pack)(T* to, int64_t step, int rows, int64_t k, const T* from, const int64_t* i_offset,
                     const int64_t* p_offset, const int64_t* lane_offset, int last, int contiguous);
  void (*lanes_pack_depth)(T* to, int64_t step, int rows, int64_t k, const T* from, const int64_t* i_offset,
                           const int64_t* p_offset, const int64_t* lane_offset, int last);
  void (*lanes_pack_rows)(T* to, int64_t step, int rows, int64_t k, const T* from, const int64_t* p_offset,
                          const int64_t* lane_offset, int last);
  void (*lanes_pack_runs)(T* to, int64_t step, int64_t apart, int vectors, int rows, int64_t k, const T* from,
                          const int64_t* i_offset, const int64_t* p_offset);
  // kernels/permute.inl
  void (*transpose_tile)(int64_t ni, int64_t nq, T* to, int64_t to_stride, const T* from, int64_t from_stride, T alpha,
                         T beta, const T* ahead, bool past_caches);
  void (*transpose_rows)(const TransposeRows<T>* t);
  // kernels/gemm.inl: register tiles; vectors <= gemm_vectors, or 4 where gemm_rows[4] is not 0; rows <=
  // gemm_rows[vectors].
  int gemm_vectors, gemm_rows[5];
  void (*gemm_tile)(int rows, int vectors, int64_t k, const T* a, int64_t rs, int64_t cs, const T* b, int64_t ldb,
                    T* const* c, const GemmColumns* columns, T alpha, T beta);
  // The same, asking for lines of a later tile.
  void (*gemm_tile_ahead)(int rows, int vectors, int64_t k, const T* a, int64_t rs, int64_t cs, const T* b, int64_t ldb,
                          T* const* c, const GemmColumns* columns, T alpha, T beta, const GemmAhead* ahead);
  // kernels/gemm_small.inl
  void (*gemm_small)(const GemmSmall<T>* s);
  // The same for items of at most small_batch elements (a group's products; a group's packed b); tiles may have
  // 1 / 1 .. 1 / small_shares of a vector.
  int64_t small_batch;
  int small_shares;
  void (*gemm_batch)(const GemmSmall<T>* s);
  // Items of at most 1 and 2 vectors; null where no instruction looks lanes up.
  void (*gemm_look_up[3])(const GemmSmall<T>* s);
  // Square products of `order` 2, 4 or 8 whose items lie one after the other, several rows or items per vector; null
  // where a row fills a vector. Takes items, a, b, c, alpha, beta, past_caches.
  void (*gemm_tiny[4])(const GemmSmall<T>* s);  // by log2(order)
  // kernels/gemm_pack.inl
  void (*pack_runs)(T* to, int64_t panel_width, int64_t panel_stride, int64_t stride, int64_t lanes, int64_t count,
                    const T* from, const int64_t* lane_offset, const int64_t* offset);
  void (*pack_transposed)(T* to, int64_t panel_width, int64_t panel_stride, int64_t stride, int64_t lane, int64_t lanes,
                          int64_t row, int64_t units, int64_t lane_step, int64_t row_step, const T* from,
                          const int64_t* lane_offset, const T* ahead);
  // kernels/block.inl: products over weight blocks, rows by pointers; `ahead` is a block to ask for, or null.
  // block_rows_alike sums a row in the same order whatever rows are beside it.
  void (*block_rows)(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                     T alpha, const T* ahead);
  void (*block_rows_alike)(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                           T alpha, const T* ahead);
  // One row of a result over blocks by pointers: columns of a block side by side, or its depth (block_terms_dots). The
  // block `ahead` terms later is asked for, so b has as many pointers behind its terms.
  void (*block_terms)(int64_t terms, const T* const* a, const T* const* b, int64_t ldb, T* c, int64_t n, int64_t k,
                      T alpha, int64_t ahead);
  void (*block_terms_dots)(int64_t terms, const T* const* a, const T* const* b, int64_t ldb, T* c, int64_t n, int64_t k,
                           T alpha, int64_t ahead);
  // kernels/kron.inl: f is packed in blocks of kron_block results for kron_lines. kron_tiny and kron_short by log2 of
  // their order or line; null where a line fills a vector.
  int kron_block;
  void (*kron_lines)(const KronStep<T>* s);
  void (*kron_rows)(const KronStep<T>* s);
  void (*kron_tiny[4])(const KronStep<T>* s);
  void (*kron_short[4])(const KronStep<T>* s);
  void (*block_dots)(int64_t rows, const T* const* a, const T* b, int64_t ldb, T* const* c, int64_t n, int64_t k,
                     T alpha, const T* ahead);
  void (*block_target)(int64_t terms, const T* const* x, const T* const* y, T* c, int64_t ldc, int64_t m, int64_t n,
                       T alpha, T beta, const T* ahead);
  // kernels/csr.inl: up to four vectors of columns; one column.
  void (*csr_rows)(const CsrRows<T>* s);
  void (*csr_dots)(const CsrRows<T>* s);
  void (*csr_sampled)(const CsrSampled<T>* s);
  // kernels/bsr.inl: tiles of 1..4 vectors and at most bsr_rows[vectors] rows; dots of 1..4 columns.
  int bsr_rows[5];
  void (*bsr_tile)(int rows, int vectors, const BsrTile<T>* tile);
  void (*bsr_dots)(int columns, const BsrDots<T>* dots);
};

// Tiles like TypedKernels<Sum>'s gemm_tile by dot-product instructions: an element of a and b is a group of neighbours
// along the depth, as wide together as a sum.
template <class Sum, class Number>
struct DotKernels {
  void (*tile)(int rows, int vectors, int64_t k, const Sum* a, int64_t rs, int64_t cs, const Sum* b, int64_t ldb,
               Sum* const* c, const GemmColumns* columns, Sum alpha, Sum beta);
  // kernels/dots.inl: to[j] = the group (rows[0][j], rows[1][j], ..), j < n; a null row is of 0.
  void (*interleave)(Sum* to, const Number* const* rows, int64_t n);
};
using Bf16Dots = DotKernels<float, uint16_t>;
struct IntegerDots {
  DotKernels<uint32_t, uint16_t> words;
  DotKernels<uint32_t, uint8_t> bytes;  // of a unsigned ones, of b signed ones
};

using HalfLines = void (*)(int operands, int64_t count, const int64_t* stride, int64_t n, uint16_t* out,
                           const uint16_t* const* x, const int* step, float alpha, float beta, int streaming);

struct KernelTable {
  const char* name;  // base, avx2, avx512, avx512vnni, avx512bf16, neon
  int32_t vector_bytes;
  TypedKernels<float> f32;
  TypedKernels<double> f64;
  TypedKernels<uint32_t> i32;
  TypedKernels<uint64_t> i64;
  // kernels/machine.inl: bandwidth probes over n doubles; pointers 64-byte aligned, n a multiple of 64.
  double (*probe_read)(const double* p, int64_t n);
  void (*probe_fill)(double* p, int64_t n, double v);
  void (*probe_stream)(double* p, int64_t n, double v);
  void (*probe_copy)(double* to, const double* from, int64_t n);
  void (*probe_copy_stream)(double* to, const double* from, int64_t n);
  // kernels/convert.inl: 16-bit floats, by their bits, to F32 and back: to nearest even, NaN stays one.
  void (*bf16_to_f32)(int64_t n, const uint16_t* from, float* to);
  void (*f32_to_bf16)(int64_t n, const float* from, uint16_t* to);
  void (*f16_to_f32)(int64_t n, const uint16_t* from, float* to);
  void (*f32_to_f16)(int64_t n, const float* from, uint16_t* to);
  // Integers; to a narrower type modulo its range.
  void (*i8_to_i32)(int64_t n, const int8_t* from, int32_t* to);
  void (*u8_to_i32)(int64_t n, const uint8_t* from, int32_t* to);
  void (*i16_to_i32)(int64_t n, const int16_t* from, int32_t* to);
  void (*i32_to_i8)(int64_t n, const int32_t* from, int8_t* to);
  void (*i32_to_i16)(int64_t n, const int32_t* from, int16_t* to);
  // kernels/product.inl: lines of a product of 16-bit floats, by their bits.
  HalfLines bf16_lines, f16_lines;
  const MapTable* maps;
  // Null where the instruction set has none.
  const Bf16Dots* bf16;
  const IntegerDots* integers;

  template <class T>
  const TypedKernels<T>& typed() const = delete;  // a type without a table
};

template <>
inline const TypedKernels<float>& KernelTable::typed<float>() const {
  return f32;
}
template <>
inline const TypedKernels<double>& KernelTable::typed<double>() const {
  return f64;
}
template <>
inline const TypedKernels<uint32_t>& KernelTable::typed<uint32_t>() const {
  return i32;
}
template <>
inline const TypedKernels<uint64_t>& KernelTable::typed<uint64_t>() const {
  return i64;
}

}  // namespace einblas
