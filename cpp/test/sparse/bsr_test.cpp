// Products with BSR matrices against plain loops: block sizes, strides, repeated blocks, guards, threads, tunables.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/thinned.hpp"
#include "support/tunable.hpp"

namespace {

using einblas_test::dtype;
using einblas_test::Guarded;
using einblas_test::left_out;
using einblas_test::Random;
using einblas_test::WithTunable;

struct Shape {
  int64_t block_rows, block_columns, r, c;
  double density;
};

// 1x1 blocks; tails of rows, lanes and depth; blocks beyond a pass of depth (64) and beyond a task (64 rows); nothing.
const Shape kShapes[] = {{1, 1, 1, 1, 1},     {7, 9, 1, 1, 0.4},   {5, 4, 2, 3, 0.5},   {6, 5, 4, 4, 0.4},
                         {4, 6, 8, 8, 0.5},   {3, 5, 16, 7, 0.6},  {5, 3, 13, 33, 0.5}, {4, 4, 32, 32, 0.3},
                         {2, 3, 65, 20, 0.7}, {2, 2, 9, 150, 0.8}, {3, 2, 130, 5, 0.8}, {3, 4, 3, 5, 0},
                         {0, 3, 2, 2, 1},     {3, 0, 2, 2, 1},     {90, 3, 2, 17, 0.5}};

// How a dense matrix lies: strides from padded rows, transposed, turned round, every second element.
enum class Lies { Rows, Columns, PaddedRows, PaddedColumns, Backwards, Sparse };
const Lies kAllLies[] = {Lies::Rows,          Lies::Columns,   Lies::PaddedRows,
                         Lies::PaddedColumns, Lies::Backwards, Lies::Sparse};

// A dense matrix that ends (or, turned round, begins) at an inaccessible page.
template <class T>
class Dense {
 public:
  Dense(int64_t rows, int64_t columns, Lies lies, Random& random) : rows_(rows), columns_(columns) {
    const bool by_columns = lies == Lies::Columns || lies == Lies::PaddedColumns;
    const int64_t pad = lies == Lies::PaddedRows || lies == Lies::PaddedColumns || lies == Lies::Sparse ? 3 : 0;
    const int64_t unit = lies == Lies::Sparse ? 2 : 1;
    stride_[0] = by_columns ? 1 : unit * columns + pad;
    stride_[1] = by_columns ? rows + pad : unit;
    const bool empty = rows == 0 || columns == 0;
    const int64_t last = empty ? -1 : (rows - 1) * stride_[0] + (columns - 1) * stride_[1];
    const bool backwards = lies == Lies::Backwards;
    if (backwards) {
      stride_[0] = -stride_[0];
      stride_[1] = -stride_[1];
    }
    count_ = last + 1;
    memory_ = std::make_unique<Guarded>(count_ * static_cast<int64_t>(sizeof(T)),
                                        backwards ? Guarded::At::Start : Guarded::At::End);
    at_ = memory_->as<T>() + (backwards && !empty ? last : 0);
    random.fill(memory_->as<T>(), count_);
  }
  T& at(int64_t i, int64_t j) { return at_[i * stride_[0] + j * stride_[1]]; }
  int64_t address() const { return reinterpret_cast<int64_t>(at_); }
  const int64_t* strides() const { return stride_; }
  std::vector<T> bits() const { return std::vector<T>(memory_->as<T>(), memory_->as<T>() + count_); }
  void fill(T value) {
    for (int64_t i = 0; i < rows_; ++i)
      for (int64_t j = 0; j < columns_; ++j) at(i, j) = value;
  }
  void restore(const std::vector<T>& from) { std::copy(from.begin(), from.end(), memory_->as<T>()); }

 private:
  int64_t rows_, columns_, count_, stride_[2];
  std::unique_ptr<Guarded> memory_;
  T* at_;
};

// A matrix from SciPy's arrays, unsorted and with repeated blocks, beside its dense twin in F64.
template <class T>
class Matrix {
 public:
  Matrix(const Shape& s, Random& random) : s_(s), twin_(static_cast<size_t>(rows() * columns())) {
    std::vector<int64_t> indptr{0}, indices;
    for (int64_t i = 0; i < s.block_rows; ++i) {
      for (int64_t j = s.block_columns; j-- > 0;) {
        if (random.real() >= 2 * s.density - 1) continue;
        indices.push_back(j);
        if (random.below(5) == 0) indices.push_back(s.block_columns / 2);
      }
      indptr.push_back(static_cast<int64_t>(indices.size()));
    }
    const int64_t given = static_cast<int64_t>(indices.size());
    const std::vector<T> data = random.reals<T>(given * s.r * s.c);
    std::vector<int64_t> slots(indices.size());
    EXPECT_EQ(einblas_bsr_create(s.block_rows, s.block_columns, s.r, s.c, given, indptr.data(), indices.data(),
                                 slots.data(), &handle_),
              EINBLAS_OK);
    stored_ = std::make_unique<Guarded>(einblas_bsr_blocks(handle_) * s.r * s.c * static_cast<int64_t>(sizeof(T)),
                                        Guarded::At::End);
    const int64_t strides[3] = {s.r * s.c, s.c, 1};
    EXPECT_EQ(einblas_bsr_gather(handle_, dtype<T>(), given, slots.data(), reinterpret_cast<int64_t>(data.data()),
                                 strides, blocks()),
              EINBLAS_OK);
    size_t b = 0;
    for (int64_t i = 0; i < s.block_rows; ++i)
      for (; b < static_cast<size_t>(indptr[static_cast<size_t>(i) + 1]); ++b)
        for (int64_t p = 0; p < s.r; ++p)
          for (int64_t q = 0; q < s.c; ++q) {
            double& sum = twin(i * s.r + p, indices[b] * s.c + q);
            sum = static_cast<double>(static_cast<T>(
                sum +
                static_cast<double>(data[b * static_cast<size_t>(s.r * s.c) + static_cast<size_t>(p * s.c + q)])));
          }
  }
  ~Matrix() { einblas_bsr_destroy(handle_); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  int64_t rows() const { return s_.block_rows * s_.r; }
  int64_t columns() const { return s_.block_columns * s_.c; }
  int64_t handle() const { return handle_; }
  int64_t blocks() const { return reinterpret_cast<int64_t>(stored_->as<T>()); }
  T* values() const { return stored_->as<T>(); }
  int64_t count() const { return einblas_bsr_blocks(handle_) * s_.r * s_.c; }
  double& twin(int64_t i, int64_t j) { return twin_[static_cast<size_t>(i * columns() + j)]; }

 private:
  Shape s_;
  int64_t handle_ = 0;
  std::unique_ptr<Guarded> stored_;
  std::vector<double> twin_;
};

// A sum of `terms` products of size <= 2 (repeated blocks), times alpha, plus beta times a value of size <= 1.
template <class T>
double tolerance(int64_t terms) {
  const double n = static_cast<double>(terms) + 4;
  return 4 * std::numeric_limits<T>::epsilon() * n * std::sqrt(n);
}

template <class T>
void check_product(const Shape& shape, bool transposed, int64_t n, Lies x_lies, Lies c_lies, double beta, int threads,
                   double alpha = 1.5) {
  Random random(11);
  Matrix<T> s(shape, random);
  const int64_t rows = transposed ? s.columns() : s.rows(), depth = transposed ? s.rows() : s.columns();
  Dense<T> x(depth, n, x_lies, random), c(rows, n, c_lies, random);
  if (beta == 0) c.fill(std::numeric_limits<T>::quiet_NaN());
  if (alpha == 0) x.fill(std::numeric_limits<T>::quiet_NaN());
  std::vector<double> want;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = beta == 0 ? 0 : beta * static_cast<double>(c.at(i, j));
      for (int64_t p = 0; p < depth && alpha != 0; ++p)
        sum += alpha * (transposed ? s.twin(p, i) : s.twin(i, p)) * static_cast<double>(x.at(p, j));
      want.push_back(sum);
    }
  const int64_t strides[4] = {x.strides()[0], x.strides()[1], c.strides()[0], c.strides()[1]};
  ASSERT_EQ(einblas_bsr_product(s.handle(), dtype<T>(), transposed ? 1 : 0, 0, n, s.blocks(), x.address(), c.address(),
                                strides, alpha, beta, threads),
            EINBLAS_OK);
  size_t e = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < n; ++j, ++e)
      ASSERT_NEAR(static_cast<double>(c.at(i, j)), want[e], tolerance<T>(depth))
          << "(" << i << "," << j << ") of blocks " << shape.r << "x" << shape.c << " transposed " << transposed
          << " columns " << n << " x lies " << static_cast<int>(x_lies) << " c lies " << static_cast<int>(c_lies)
          << " beta " << beta << " " << einblas_isa();
}

template <class T>
void check_sampled(const Shape& shape, int64_t depth, Lies a_lies, Lies b_lies, double beta, int threads) {
  Random random(13);
  Matrix<T> s(shape, random);
  Dense<T> a(s.rows(), depth, a_lies, random), b(depth, s.columns(), b_lies, random);
  std::vector<int64_t> indptr(static_cast<size_t>(shape.block_rows) + 1),
      indices(static_cast<size_t>(einblas_bsr_blocks(s.handle())));
  einblas_bsr_structure(s.handle(), indptr.data(), indices.data());
  if (beta == 0)
    for (int64_t v = 0; v < s.count(); ++v) s.values()[v] = std::numeric_limits<T>::quiet_NaN();
  const int64_t strides[4] = {a.strides()[0], a.strides()[1], b.strides()[0], b.strides()[1]};
  ASSERT_EQ(einblas_bsr_sampled(s.handle(), dtype<T>(), 0, depth, a.address(), b.address(), s.blocks(), strides, -0.5,
                                beta, threads),
            EINBLAS_OK);
  const T* value = s.values();
  for (int64_t i = 0; i < shape.block_rows; ++i)
    for (int64_t q = indptr[static_cast<size_t>(i)]; q < indptr[static_cast<size_t>(i) + 1]; ++q)
      for (int64_t m = i * shape.r; m < (i + 1) * shape.r; ++m)
        for (int64_t n = indices[static_cast<size_t>(q)] * shape.c; n < (indices[static_cast<size_t>(q)] + 1) * shape.c;
             ++n, ++value) {
          double want = beta == 0 ? 0 : beta * s.twin(m, n);
          for (int64_t k = 0; k < depth; ++k)
            want += -0.5 * static_cast<double>(a.at(m, k)) * static_cast<double>(b.at(k, n));
          ASSERT_NEAR(static_cast<double>(*value), want, tolerance<T>(depth))
              << "(" << m << "," << n << ") of blocks " << shape.r << "x" << shape.c << " depth " << depth << " a lies "
              << static_cast<int>(a_lies) << " b lies " << static_cast<int>(b_lies) << " " << einblas_isa();
        }
}

template <class T>
void check_products() {
  int turn = 0;
  for (const Shape& s : kShapes)
    for (bool transposed : {false, true})
      for (int64_t n : {0, 1, 2, 5, 16, 37, 130})
        for (Lies lies : kAllLies) {
          if (!left_out(turn)) check_product<T>(s, transposed, n, lies, Lies::Rows, 0, 3);
          if (!left_out(turn + 1)) check_product<T>(s, transposed, n, lies, Lies::Columns, 0.5, 1);
          if (!left_out(turn + 2)) check_product<T>(s, transposed, n, Lies::Rows, lies, 1, 2);
          if (!left_out(turn + static_cast<int>(n))) check_product<T>(s, transposed, n, Lies::Columns, lies, 0, 1);
          ++turn;
        }
}

template <class T>
void check_samples() {
  int turn = 0;
  for (const Shape& s : kShapes)
    for (int64_t depth : {0, 1, 3, 40, 129})
      for (Lies a : kAllLies)
        for (Lies b : kAllLies) {
          if (!left_out(turn)) check_sampled<T>(s, depth, a, b, 0, 1);
          if (!left_out(turn + 1)) check_sampled<T>(s, depth, a, b, 0.75, 3);
          ++turn;
        }
}

TEST(Bsr, ProductsAreRightF32) { check_products<float>(); }
TEST(Bsr, ProductsAreRightF64) { check_products<double>(); }
TEST(Bsr, SampledProductsAreRightF32) { check_samples<float>(); }
TEST(Bsr, SampledProductsAreRightF64) { check_samples<double>(); }

TEST(Bsr, OtherTilesAndSlabsAreRight) {
  const WithTunable depth("BSR_DEPTH", 5), result("BSR_RESULT", 200), packed("BSR_PACKED", 4096),
      sampled("BSR_SAMPLED_DEPTH", 7), slab("BSR_SAMPLED_PACKED", 2048);
  for (const Shape& s : kShapes)
    for (Lies lies : kAllLies) {
      for (bool transposed : {false, true}) {
        check_product<float>(s, transposed, 150, lies, Lies::Rows, 0.5, 2);
        check_product<double>(s, transposed, 70, Lies::Rows, lies, 0, 2);
      }
      check_sampled<float>(s, 45, Lies::Columns, lies, 0.5, 2);
    }
}

TEST(Bsr, AlphaOfZeroReadsNoOperand) {
  for (const Shape& s : kShapes)
    for (bool transposed : {false, true})
      for (int64_t n : {1, 20}) {
        check_product<float>(s, transposed, n, Lies::Rows, Lies::Rows, 0.5, 1, 0);
        check_product<double>(s, transposed, n, Lies::Columns, Lies::Columns, 0, 1, 0);
      }
}

TEST(Bsr, SameBitsForAnyNumberOfThreads) {
  const Shape shape{40, 30, 24, 20, 0.4};
  for (bool transposed : {false, true})
    for (int64_t n : {1, 96}) {
      std::vector<float> product, sampled;
      for (int threads : {1, 2, 3, 7}) {
        Random random(17);
        Matrix<float> s(shape, random);
        const int64_t rows = transposed ? s.columns() : s.rows(), depth = transposed ? s.rows() : s.columns();
        Dense<float> x(depth, n, Lies::Columns, random), c(rows, n, Lies::Rows, random);
        const int64_t strides[4] = {x.strides()[0], x.strides()[1], c.strides()[0], c.strides()[1]};
        ASSERT_EQ(einblas_bsr_product(s.handle(), EINBLAS_F32, transposed ? 1 : 0, 0, n, s.blocks(), x.address(),
                                      c.address(), strides, 1, 1, threads),
                  EINBLAS_OK);
        Dense<float> a(s.rows(), n, Lies::Rows, random), b(n, s.columns(), Lies::Columns, random);
        const int64_t ab[4] = {a.strides()[0], a.strides()[1], b.strides()[0], b.strides()[1]};
        ASSERT_EQ(
            einblas_bsr_sampled(s.handle(), EINBLAS_F32, 0, n, a.address(), b.address(), s.blocks(), ab, 1, 1, threads),
            EINBLAS_OK);
        const std::vector<float> values(s.values(), s.values() + s.count());
        if (threads == 1) {
          product = c.bits();
          sampled = values;
        }
        EXPECT_EQ(product, c.bits()) << threads << " threads, columns " << n;
        EXPECT_EQ(sampled, values) << threads << " threads, depth " << n;
      }
    }
}

TEST(Bsr, FromDenseAndBack) {
  Random random(19);
  for (const Shape& shape : kShapes)
    for (Lies lies : kAllLies) {
      Matrix<double> s(shape, random);
      Dense<double> dense(s.rows(), s.columns(), lies, random), back(s.rows(), s.columns(), lies, random);
      dense.fill(0);
      back.fill(0);
      ASSERT_EQ(einblas_bsr_exchange(s.handle(), EINBLAS_F64, 1, 0, s.blocks(), dense.address(), dense.strides()),
                EINBLAS_OK);
      for (int64_t i = 0; i < s.rows(); ++i)
        for (int64_t j = 0; j < s.columns(); ++j) ASSERT_EQ(dense.at(i, j), s.twin(i, j));
      int64_t again = 0;
      ASSERT_EQ(einblas_bsr_of_dense(EINBLAS_F64, shape.block_rows, shape.block_columns, shape.r, shape.c,
                                     dense.address(), dense.strides(), &again),
                EINBLAS_OK);
      EXPECT_EQ(einblas_bsr_blocks(again), einblas_bsr_blocks(s.handle()));
      std::vector<double> blocks(static_cast<size_t>(s.count()));
      const int64_t address = reinterpret_cast<int64_t>(blocks.data());
      ASSERT_EQ(einblas_bsr_exchange(again, EINBLAS_F64, 0, 0, address, dense.address(), dense.strides()), EINBLAS_OK);
      ASSERT_EQ(einblas_bsr_exchange(again, EINBLAS_F64, 1, 0, address, back.address(), back.strides()), EINBLAS_OK);
      for (int64_t i = 0; i < s.rows(); ++i)
        for (int64_t j = 0; j < s.columns(); ++j) ASSERT_EQ(dense.at(i, j), back.at(i, j));
      einblas_bsr_destroy(again);
    }
}

TEST(Bsr, NotANumberIsALiveBlock) {
  const double dense[] = {0, -0.0, std::nan(""), 0};
  const int64_t strides[] = {4, 1};
  int64_t matrix = 0;
  ASSERT_EQ(einblas_bsr_of_dense(EINBLAS_F64, 1, 2, 1, 2, reinterpret_cast<int64_t>(dense), strides, &matrix),
            EINBLAS_OK);
  int64_t indptr[2], column = -1;
  ASSERT_EQ(einblas_bsr_blocks(matrix), 1);
  einblas_bsr_structure(matrix, indptr, &column);
  EXPECT_EQ(column, 1);
  einblas_bsr_destroy(matrix);
}

// The starts of 2^31 empty rows, or a mark for each of 2^62 blocks, are memory too.
TEST(Bsr, StructuresKeepTheLimit) {
  einblas_set_memory_limit(einblas_memory_in_use() + (64 << 20));
  const int64_t strides[] = {0, 0}, most = std::numeric_limits<int32_t>::max();
  const float zero = 0;
  int64_t matrix = 0;
  EXPECT_EQ(einblas_bsr_of_dense(EINBLAS_F32, most, 0, 1, 1, reinterpret_cast<int64_t>(&zero), strides, &matrix),
            EINBLAS_OUT_OF_MEMORY);
  EXPECT_EQ(einblas_bsr_of_dense(EINBLAS_F32, most, most, 1, 1, reinterpret_cast<int64_t>(&zero), strides, &matrix),
            EINBLAS_OUT_OF_MEMORY);
  EXPECT_EQ(einblas_bsr_of_dense(EINBLAS_F32, 0, most, 1, 1, reinterpret_cast<int64_t>(&zero), strides, &matrix),
            EINBLAS_OK);
  int64_t nothing[] = {0};
  float c = 0;  // transposed, whose rows are the columns
  EXPECT_EQ(einblas_bsr_product(matrix, EINBLAS_F32, 1, 0, 1, 0, reinterpret_cast<int64_t>(nothing),
                                reinterpret_cast<int64_t>(&c), std::vector<int64_t>{0, 0, 0, 0}.data(), 1, 0, 1),
            EINBLAS_OUT_OF_MEMORY);
  einblas_bsr_destroy(matrix);
  einblas_set_memory_limit(std::numeric_limits<int64_t>::max());
}

TEST(Bsr, WrongStructuresAreRefused) {
  int64_t slots[2], matrix = 0;
  const auto status = [&](std::vector<int64_t> indptr, std::vector<int64_t> indices, int64_t r = 1) {
    return einblas_bsr_create(2, 3, r, 1, 2, indptr.data(), indices.data(), slots, &matrix);
  };
  EXPECT_EQ(status({0, 2, 1}, {0, 1}), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(status({0, 3, 2}, {0, 1}), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(status({1, 2, 2}, {0, 1}), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(status({0, 1, 2}, {0, 3}), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(status({0, 1, 2}, {-1, 0}), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(status({0, 1, 2}, {0, 1}, 0), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(matrix, 0);
}

}  // namespace
