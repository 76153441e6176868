// BSR matrices of 16-bit floats and complex numbers against plain loops over whole numbers, whose sums are exact: every
// result is right to the bit, so it was rounded once. Blocks, layouts, conjugates, guards, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "support/csr_case.hpp"
#include "support/elements.hpp"
#include "support/thinned.hpp"

namespace {

using einblas::Bf16;
using einblas::Complex;
using einblas::F16;
using einblas_test::Dense;
using einblas_test::dtype;
using einblas_test::element;
using einblas_test::Guarded;
using einblas_test::kOneIn;
using einblas_test::left_out;
using einblas_test::not_a_number;
using einblas_test::Number;
using einblas_test::number;
using einblas_test::Random;
using einblas_test::whole;

struct Blocks {
  int64_t block_rows, block_columns, r, c;
  int64_t one_in;  // blocks
};

// Shallow blocks of which several make a pass; rows, columns and depth beyond a piece; nothing.
const Blocks kBlocks[] = {{1, 1, 1, 1, 1},   {9, 40, 1, 1, 2},  {5, 4, 2, 3, 2},   {6, 5, 4, 4, 3},   {4, 6, 8, 8, 2},
                          {3, 5, 16, 7, 2},  {5, 3, 13, 33, 2}, {4, 4, 32, 32, 3}, {2, 3, 65, 20, 1}, {2, 2, 9, 150, 1},
                          {3, 2, 130, 5, 1}, {3, 0, 2, 2, 1},   {0, 3, 2, 2, 1},   {2, 2, 40, 140, 1}};

// From SciPy's arrays, unsorted and with repeated blocks, beside its dense twin.
template <class E>
struct Matrix {
  Blocks s;
  int64_t handle = 0;
  std::vector<Number> twin;
  std::unique_ptr<Guarded> stored;

  Matrix(const Blocks& shape, Random& random) : s(shape), twin(static_cast<size_t>(rows() * columns())) {
    std::vector<int64_t> indptr{0}, indices;
    for (int64_t i = 0; i < s.block_rows; ++i) {
      for (int64_t j = s.block_columns; j-- > 0;) {
        if (random.below(s.one_in) != 0) continue;
        indices.push_back(j);
        if (random.below(5) == 0) indices.push_back(s.block_columns / 2);
      }
      indptr.push_back(static_cast<int64_t>(indices.size()));
    }
    const int64_t given = static_cast<int64_t>(indices.size());
    std::vector<int64_t> slots(indices.size());
    EXPECT_EQ(einblas_bsr_create(s.block_rows, s.block_columns, s.r, s.c, given, indptr.data(), indices.data(),
                                 slots.data(), &handle),
              EINBLAS_OK);
    std::vector<E> data(static_cast<size_t>(given * s.r * s.c));
    for (E& x : data) x = whole<E>(random);
    stored = std::make_unique<Guarded>(count() * static_cast<int64_t>(sizeof(E)), Guarded::At::End);
    const int64_t strides[3] = {s.r * s.c, s.c, 1};
    EXPECT_EQ(einblas_bsr_gather(handle, dtype<E>(), given, slots.data(), reinterpret_cast<int64_t>(data.data()),
                                 strides, blocks()),
              EINBLAS_OK);
    size_t b = 0, at = 0;
    for (int64_t i = 0; i < s.block_rows; ++i)
      for (; b < static_cast<size_t>(indptr[static_cast<size_t>(i) + 1]); ++b)
        for (int64_t p = 0; p < s.r; ++p)
          for (int64_t q = 0; q < s.c; ++q) place(i * s.r + p, indices[b] * s.c + q) += number(data[at++]);
  }
  ~Matrix() { einblas_bsr_destroy(handle); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  int64_t rows() const { return s.block_rows * s.r; }
  int64_t columns() const { return s.block_columns * s.c; }
  int64_t count() const { return einblas_bsr_blocks(handle) * s.r * s.c; }
  E* values() const { return stored->as<E>(); }
  int64_t blocks() const { return reinterpret_cast<int64_t>(values()); }
  Number& place(int64_t i, int64_t j) { return twin[static_cast<size_t>(i * columns() + j)]; }
};

template <class E>
void fill(const Dense<E>& m, Random& random) {
  std::fill(m.memory.template as<E>(), m.memory.template as<E>() + m.extent(), element<E>(7.0));
  for (int64_t i = 0; i < m.rows; ++i)
    for (int64_t j = 0; j < m.columns; ++j) m(i, j) = whole<E>(random);
}

template <class E>
void check_product(const Blocks& shape, bool transposed, int64_t n, int x_layout, int c_layout, double alpha,
                   double beta, int conjugated) {
  Random random(11);
  Matrix<E> s(shape, random);
  const int64_t rows = transposed ? s.columns() : s.rows(), depth = transposed ? s.rows() : s.columns();
  const Dense<E> x(depth, n, x_layout, Guarded::At::End), c(rows, n, c_layout, Guarded::At::End);
  fill(x, random);
  fill(c, random);
  for (int64_t i = 0; i < rows && beta == 0; ++i)
    for (int64_t j = 0; j < n; ++j) c(i, j) = not_a_number<E>();
  for (int64_t p = 0; p < depth && alpha == 0; ++p)
    for (int64_t j = 0; j < n; ++j) x(p, j) = not_a_number<E>();
  E* const memory = c.memory.template as<E>();
  const std::vector<E> before(memory, memory + c.extent());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < n; ++j) {
      Number sum = 0;
      for (int64_t p = 0; p < depth && alpha != 0; ++p) {
        const Number a = transposed ? s.place(p, i) : s.place(i, p);
        if (a != 0.0) sum += ((conjugated & 1) != 0 ? std::conj(a) : a) * number(x(p, j), (conjugated & 2) != 0);
      }
      c(i, j) = element<E>(alpha * sum + (beta == 0 ? 0 : beta * number(c(i, j))));
    }
  const std::vector<E> want(memory, memory + c.extent());
  const int64_t strides[4] = {x.row, x.column, c.row, c.column};
  for (int threads : {1, 3}) {
    std::copy(before.begin(), before.end(), memory);
    ASSERT_EQ(einblas_bsr_product(s.handle, dtype<E>(), transposed ? 1 : 0, conjugated, n, s.blocks(), x.address(),
                                  c.address(), strides, alpha, beta, threads),
              EINBLAS_OK);
    for (int64_t i = 0; i < c.extent(); ++i)
      ASSERT_EQ(number(memory[i]), number(want[static_cast<size_t>(i)]))
          << "type " << dtype<E>() << ", blocks " << shape.r << " x " << shape.c << ", transposed " << transposed
          << ", columns " << n << ", layouts " << x_layout << " " << c_layout << ", conjugated " << conjugated
          << ", beta " << beta << ", element " << i << ", " << threads << " threads, " << einblas_isa();
  }
}

template <class E>
void check_sampled(const Blocks& shape, int64_t depth, int a_layout, int b_layout, double beta, int conjugated) {
  for (int threads : {1, 3}) {
    Random random(13);
    Matrix<E> s(shape, random);
    const Dense<E> a(s.rows(), depth, a_layout, Guarded::At::End), b(depth, s.columns(), b_layout, Guarded::At::End);
    fill(a, random);
    fill(b, random);
    std::vector<int64_t> indptr(static_cast<size_t>(shape.block_rows) + 1),
        indices(static_cast<size_t>(einblas_bsr_blocks(s.handle)));
    einblas_bsr_structure(s.handle, indptr.data(), indices.data());
    if (beta == 0) std::fill(s.values(), s.values() + s.count(), not_a_number<E>());
    const int64_t strides[4] = {a.row, a.column, b.row, b.column};
    ASSERT_EQ(einblas_bsr_sampled(s.handle, dtype<E>(), conjugated, depth, a.address(), b.address(), s.blocks(),
                                  strides, -0.5, beta, threads),
              EINBLAS_OK);
    const E* value = s.values();
    for (int64_t i = 0; i < shape.block_rows; ++i)
      for (int64_t q = indptr[static_cast<size_t>(i)]; q < indptr[static_cast<size_t>(i) + 1]; ++q)
        for (int64_t m = i * shape.r; m < (i + 1) * shape.r; ++m)
          for (int64_t n = indices[static_cast<size_t>(q)] * shape.c;
               n < (indices[static_cast<size_t>(q)] + 1) * shape.c; ++n, ++value) {
            Number want = 0;
            for (int64_t k = 0; k < depth; ++k)
              want += number(a(m, k), (conjugated & 1) != 0) * number(b(k, n), (conjugated & 2) != 0);
            want = -0.5 * want + (beta == 0 ? 0 : beta * s.place(m, n));
            ASSERT_EQ(number(*value), number(element<E>(want)))
                << "type " << dtype<E>() << ", (" << m << "," << n << ") of blocks " << shape.r << " x " << shape.c
                << ", depth " << depth << ", layouts " << a_layout << " " << b_layout << ", conjugated " << conjugated
                << ", " << threads << " threads, " << einblas_isa();
          }
  }
}

template <class E>
void every_product() {
  int turn = 0;
  for (const Blocks& s : kBlocks)
    for (bool transposed : {false, true})
      for (int64_t n : {0, 1, 2, 5, 16, 37, 130})
        for (int layout = 0; layout < 5; ++layout, ++turn) {
          if (left_out(turn)) continue;
          check_product<E>(s, transposed, n, layout, 0, 1.5, 0, turn % 4);
          if (turn % 2 == 0) check_product<E>(s, transposed, n, 1, layout, 1, 0.5, 3 - turn % 4);
          if (n == 16) check_product<E>(s, transposed, n, layout, layout, 0, 0.5 * (turn % 2), 0);
        }
}

template <class E>
void every_sample() {
  int turn = 0;
  for (const Blocks& s : kBlocks)
    for (int64_t depth : {0, 1, 40, 300})
      for (int layout = 0; layout < 5; ++layout, ++turn) {
        if (!left_out(turn)) check_sampled<E>(s, depth, layout, (layout + turn) % 5, 0, turn % 4);
        if (turn % (3 * kOneIn) == 0) check_sampled<E>(s, depth, 1, layout, 0.5, 3 - turn % 4);
      }
}

TEST(BsrTypes, ProductsBF16) { every_product<Bf16>(); }
TEST(BsrTypes, ProductsF16) { every_product<F16>(); }
TEST(BsrTypes, ProductsC64) { every_product<Complex<float>>(); }
TEST(BsrTypes, ProductsC128) { every_product<Complex<double>>(); }
TEST(BsrTypes, SampledBF16) { every_sample<Bf16>(); }
TEST(BsrTypes, SampledF16) { every_sample<F16>(); }
TEST(BsrTypes, SampledC64) { every_sample<Complex<float>>(); }
TEST(BsrTypes, SampledC128) { every_sample<Complex<double>>(); }

// More passes than are added to one place: 2048 of 128 of depth.
TEST(BsrTypes, LongSumsGoInRuns) {
  const int64_t depth = 128 * 2100 + 5, indptr[] = {0, 1}, indices[] = {0};
  int64_t slot = 0, matrix = 0;
  ASSERT_EQ(einblas_bsr_create(1, 1, 1, depth, 1, indptr, indices, &slot, &matrix), EINBLAS_OK);
  const std::vector<Complex<float>> ones(static_cast<size_t>(depth), {1, 2});
  Complex<float> c{7, 7};
  const int64_t at = reinterpret_cast<int64_t>(ones.data()), strides[] = {1, 1, 1, 1};
  EXPECT_EQ(einblas_bsr_product(matrix, EINBLAS_C64, 0, 2, 1, at, at, reinterpret_cast<int64_t>(&c), strides, 1, 0, 1),
            EINBLAS_OK);
  EXPECT_EQ(number(c), Number(5.0 * static_cast<double>(depth), 0));
  einblas_bsr_destroy(matrix);
}

template <class E>
void from_dense_and_back() {
  Random random(19);
  for (const Blocks& shape : kBlocks)
    for (int layout = 0; layout < 5; ++layout) {
      Matrix<E> s(shape, random);
      const Dense<E> dense(s.rows(), s.columns(), layout, Guarded::At::End);
      std::fill(dense.memory.template as<E>(), dense.memory.template as<E>() + dense.extent(), element<E>(0.0));
      const int64_t strides[2] = {dense.row, dense.column};
      ASSERT_EQ(einblas_bsr_exchange(s.handle, dtype<E>(), 1, layout % 2, s.blocks(), dense.address(), strides),
                EINBLAS_OK);
      for (int64_t i = 0; i < s.rows(); ++i)
        for (int64_t j = 0; j < s.columns(); ++j)
          ASSERT_EQ(number(dense(i, j)), layout % 2 == 0 ? s.place(i, j) : std::conj(s.place(i, j)));
      int64_t again = 0;
      ASSERT_EQ(einblas_bsr_of_dense(dtype<E>(), shape.block_rows, shape.block_columns, shape.r, shape.c,
                                     dense.address(), strides, &again),
                EINBLAS_OK);
      std::vector<E> blocks(static_cast<size_t>(einblas_bsr_blocks(again) * shape.r * shape.c));
      const int64_t address = reinterpret_cast<int64_t>(blocks.data());
      ASSERT_EQ(einblas_bsr_exchange(again, dtype<E>(), 0, layout % 2, address, dense.address(), strides), EINBLAS_OK);
      const Dense<E> back(s.rows(), s.columns(), layout, Guarded::At::End);
      std::fill(back.memory.template as<E>(), back.memory.template as<E>() + back.extent(), element<E>(0.0));
      ASSERT_EQ(einblas_bsr_exchange(again, dtype<E>(), 1, 0, address, back.address(), strides), EINBLAS_OK);
      for (int64_t i = 0; i < s.rows(); ++i)
        for (int64_t j = 0; j < s.columns(); ++j) ASSERT_EQ(number(back(i, j)), s.place(i, j));
      einblas_bsr_destroy(again);
    }
}

TEST(BsrTypes, FromDenseAndBack) {
  from_dense_and_back<Bf16>();
  from_dense_and_back<F16>();
  from_dense_and_back<Complex<float>>();
  from_dense_and_back<Complex<double>>();
}

// 1 + 2^-8 + 2^-8: added up one by one in BF16 it stays 1.
TEST(BsrTypes, RepeatedBlocksAreRoundedOnce) {
  const int64_t indptr[] = {0, 3}, indices[] = {0, 0, 0}, strides[] = {1, 1, 1};
  int64_t slots[3], matrix = 0;
  ASSERT_EQ(einblas_bsr_create(1, 1, 1, 1, 3, indptr, indices, slots, &matrix), EINBLAS_OK);
  const Bf16 given[] = {element<Bf16>(1.0), element<Bf16>(0x1p-8), element<Bf16>(0x1p-8)};
  Bf16 block{};
  ASSERT_EQ(einblas_bsr_gather(matrix, EINBLAS_BF16, 3, slots, reinterpret_cast<int64_t>(given), strides,
                               reinterpret_cast<int64_t>(&block)),
            EINBLAS_OK);
  EXPECT_EQ(number(block), Number(1 + 0x1p-7));
  einblas_bsr_destroy(matrix);
}

TEST(BsrTypes, IntegersAreRefused) {
  const int64_t indptr[] = {0, 1}, indices[] = {0}, strides[] = {1, 1, 1, 1};
  int64_t slot = 0, matrix = 0;
  ASSERT_EQ(einblas_bsr_create(1, 1, 1, 1, 1, indptr, indices, &slot, &matrix), EINBLAS_OK);
  const int32_t types[] = {EINBLAS_I8, EINBLAS_U8, EINBLAS_I16, EINBLAS_I32, EINBLAS_I64, EINBLAS_BOOL, 99, -1};
  for (int32_t type : types) {
    EXPECT_EQ(einblas_bsr_product(matrix, type, 0, 0, 1, 0, 0, 0, strides, 1, 0, 1), EINBLAS_INVALID_ARGUMENT);
    EXPECT_EQ(einblas_bsr_sampled(matrix, type, 0, 1, 0, 0, 0, strides, 1, 0, 1), EINBLAS_INVALID_ARGUMENT);
  }
  einblas_bsr_destroy(matrix);
}

}  // namespace
