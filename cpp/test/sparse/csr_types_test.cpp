// CSR matrices of 16-bit floats and complex numbers against plain loops over whole numbers, whose sums are exact: every
// result is right to the bit, so it was rounded once. Layouts, tails, long rows, slabs, conjugates, guards, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "support/csr_case.hpp"
#include "support/elements.hpp"
#include "support/thinned.hpp"
#include "support/tunable.hpp"

namespace {

using einblas::Bf16;
using einblas::Complex;
using einblas::F16;
using namespace einblas_test;

// The places of make<double>, with whole numbers as values.
template <class E>
std::unique_ptr<Csr<E>> whole_matrix(const Shape& s, int seed) {
  const auto a = make<double>(s, 8, seed);
  Random random(static_cast<uint32_t>(seed) + 100);
  auto made = std::make_unique<Csr<E>>(a->rows, a->columns, a->entries);
  made->longest = a->longest;
  std::copy(a->indptr(), a->indptr() + a->rows + 1, made->indptr());
  std::copy(a->column(), a->column() + a->entries + EINBLAS_CSR_PADDING, made->column());
  for (int64_t e = 0; e < a->entries + EINBLAS_CSR_PADDING; ++e)
    made->value()[e] = e < a->entries ? whole<E>(random) : not_a_number<E>();
  return made;
}

template <class E>
std::vector<char> bytes(const E* from, int64_t count) {
  const char* at = reinterpret_cast<const char*>(from);
  return std::vector<char>(at, at + count * static_cast<int64_t>(sizeof(E)));
}

template <class E>
std::string what(const Csr<E>& a, int64_t n, int x, int y, int conjugated) {
  return "type " + std::to_string(dtype<E>()) + ", " + std::to_string(a.rows) + " x " + std::to_string(a.columns) +
         ", " + std::to_string(n) + ", layouts " + std::to_string(x) + " " + std::to_string(y) + ", conjugated " +
         std::to_string(conjugated) + ", " + einblas_isa();
}

template <class E>
void check(const Csr<E>& a, int64_t n, int d_layout, int c_layout, double alpha, double beta, int conjugated) {
  Random random(11);
  const Dense<E> d(a.columns, n, d_layout, Guarded::At::End);
  const Dense<E> c(a.rows, n, c_layout, n % 2 == 0 ? Guarded::At::End : Guarded::At::Start);
  E* const memory = c.memory.template as<E>();
  std::fill(memory, memory + c.extent(), element<E>(7.0));  // gaps must stay 7
  std::vector<bool> selected(static_cast<size_t>(a.columns), false);
  for (int64_t i = 0; i < a.entries; ++i) selected[static_cast<size_t>(a.column()[i])] = true;
  for (int64_t k = 0; k < a.columns; ++k)
    for (int64_t j = 0; j < n; ++j)
      d(k, j) = selected[static_cast<size_t>(k)] && alpha != 0 ? whole<E>(random) : not_a_number<E>();
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t j = 0; j < n; ++j) c(r, j) = beta == 0 ? not_a_number<E>() : whole<E>(random);
  const std::vector<char> before = bytes(memory, c.extent());
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t j = 0; j < n; ++j) {
      Number sum = 0;
      for (int64_t i = a.indptr()[r]; i < a.indptr()[r + 1] && alpha != 0; ++i)
        sum += number(a.value()[i], (conjugated & 1) != 0) * number(d(a.column()[i], j), (conjugated & 2) != 0);
      sum *= alpha;
      if (beta != 0) sum += beta * number(c(r, j));
      c(r, j) = element<E>(sum);
    }
  std::vector<E> want(memory, memory + c.extent());
  for (int threads : {1, 2, 7}) {
    std::memcpy(memory, before.data(), before.size());
    ASSERT_EQ(einblas_csr_multiply(dtype<E>(), conjugated, a.rows, a.columns, a.entries, a.longest, a.arrays()[0],
                                   a.arrays()[1], a.arrays()[2], n, d.address(), d.row, d.column, c.address(), c.row,
                                   c.column, alpha, beta, threads),
              EINBLAS_OK);
    for (int64_t i = 0; i < c.extent(); ++i)
      ASSERT_EQ(number(memory[i]), number(want[static_cast<size_t>(i)]))
          << what(a, n, d_layout, c_layout, conjugated) << ", element " << i << ", alpha " << alpha << ", beta " << beta
          << ", " << threads << " threads";
  }
}

template <class E>
void every_product() {
  int seed = 1, turn = 0;
  for (const Shape& s : kShapes) {
    const auto a = whole_matrix<E>(s, seed);
    const int conjugated = seed++ % 4;
    for (int64_t n : {1, 2, 3, 8, 16, 17, 33, 130, 1100}) {
      if (s.long_row > 10000 && n > 33) continue;
      if ((s.columns > 1000 || s.rows > 100) && n > 130) continue;  // slow to check
      if (!left_out(turn)) check(*a, n, 0, 0, 1, 0, conjugated);
      if (!left_out(turn + 1)) check(*a, n, 2, 2, -0.5, 1.5, 3 - conjugated);
      if (!left_out(turn + 2)) check(*a, n, 1, 1, 1, 0, 1);
      if (!left_out(turn + 3)) check(*a, n, 3, 1, 2, -1, 2);
      if (!left_out(turn + 4)) check(*a, n, 4, 3, 1, 1, 3);
      if (!left_out(turn + 5)) check(*a, n, 1, 4, 0, 0.5, 0);
      ++turn;
    }
    ++turn;
    check(*a, 0, 0, 0, 1, 0, 0);
  }
  const WithTunable panels("CSR_PANEL_BYTES", 4096);
  const auto a = whole_matrix<E>({90, 40, 7, 0}, 99);
  for (int layout = 0; layout < 5; ++layout) check(*a, 150, layout, layout, 1, 0, layout % 4);
}

template <class E>
void check_sampled(const Csr<E>& a, int64_t depth, int x_layout, int y_layout, int conjugated) {
  Random random(13);
  const Dense<E> x(a.rows, depth, x_layout, Guarded::At::End), y(a.columns, depth, y_layout, Guarded::At::Start);
  for (const Dense<E>* m : {&x, &y})
    std::fill(m->memory.template as<E>(), m->memory.template as<E>() + m->extent(), not_a_number<E>());
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t k = 0; k < depth && a.indptr()[r] < a.indptr()[r + 1]; ++k) x(r, k) = whole<E>(random);
  for (int64_t e = 0; e < a.entries; ++e)
    for (int64_t k = 0; k < depth; ++k) y(a.column()[e], k) = whole<E>(random);
  const Guarded values(a.entries * static_cast<int64_t>(sizeof(E)), Guarded::At::End);
  for (int threads : {1, 3}) {
    std::fill(values.as<E>(), values.as<E>() + a.entries, not_a_number<E>());
    // Row j of y holds column j of Y (depth, columns).
    ASSERT_EQ(einblas_csr_sampled(dtype<E>(), conjugated, a.rows, a.columns, a.entries, a.arrays()[0], a.arrays()[1],
                                  depth, x.address(), x.row, x.column, y.address(), y.column, y.row,
                                  reinterpret_cast<int64_t>(values.as<E>()), threads),
              EINBLAS_OK);
    for (int64_t r = 0, e = 0; r < a.rows; ++r)
      for (; e < a.indptr()[r + 1]; ++e) {
        Number want = 0;
        for (int64_t k = 0; k < depth; ++k)
          want += number(x(r, k), (conjugated & 1) != 0) * number(y(a.column()[e], k), (conjugated & 2) != 0);
        ASSERT_EQ(number(values.as<E>()[e]), number(element<E>(want)))
            << what(a, depth, x_layout, y_layout, conjugated) << ", entry " << e << ", " << threads << " threads";
      }
  }
}

template <class E>
void every_sample() {
  int seed = 1, turn = 0;
  for (const Shape& s : kShapes) {
    const auto a = whole_matrix<E>(s, seed++);
    for (int64_t depth : {0, 1, 2, 7, 16, 33, 130}) {
      if (s.long_row > 1000 && depth > 33) continue;
      for (int x = 0; x < 5; ++x)
        if (!left_out(turn++)) check_sampled(*a, depth, x, (x + static_cast<int>(depth)) % 5, (x + seed) % 4);
    }
  }
  // Sums deeper than a part (2048 additions to a lane), and copies of Y in slabs.
  const auto a = whole_matrix<E>({5, 4, 3, 0}, 77);
  for (int layout : {0, 1, 3}) check_sampled(*a, 40001, layout, layout, layout);
  const WithTunable slabs("CSR_SAMPLED_PACKED", 1024);
  const auto b = whole_matrix<E>({20, 30, 5, 0}, 78);
  for (int layout : {0, 1, 3}) check_sampled(*b, 333, layout, layout, layout);
}

// toDense of entries that repeat, their conjugates; turned round and back; from a dense matrix.
template <class E>
void every_structure() {
  int seed = 1;
  for (const Shape& s : kShapes) {
    const auto a = whole_matrix<E>(s, seed++);
    const int64_t sizes[] = {s.rows, s.columns, a->entries}, back[] = {s.columns, s.rows, a->entries};
    const Csr<E> t(s.columns, s.rows, a->entries), again(s.rows, s.columns, a->entries);
    ASSERT_EQ(einblas_csr_transpose(dtype<E>(), sizes, a->arrays().data(), t.arrays().data()), EINBLAS_OK);
    ASSERT_EQ(einblas_csr_transpose(dtype<E>(), back, t.arrays().data(), again.arrays().data()), EINBLAS_OK);
    ASSERT_EQ(bytes(again.value(), a->entries), bytes(a->value(), a->entries));
    for (int conjugated : {0, 1}) {
      std::vector<Number> want(static_cast<size_t>(s.rows * s.columns));
      for (int64_t r = 0; r < s.rows; ++r)
        for (int64_t i = a->indptr()[r]; i < a->indptr()[r + 1]; ++i)
          want[static_cast<size_t>(r * s.columns + a->column()[i])] += number(a->value()[i], conjugated != 0);
      std::vector<E> dense(want.size(), element<E>(0.0));
      einblas_csr_to_dense(dtype<E>(), sizes, a->arrays().data(), conjugated, reinterpret_cast<int64_t>(dense.data()));
      for (size_t i = 0; i < dense.size(); ++i) ASSERT_EQ(number(dense[i]), number(element<E>(want[i])));
      if (conjugated != 0) continue;
      const int64_t strides[] = {s.columns, 1};
      std::vector<int64_t> indptr(static_cast<size_t>(s.rows) + 1);
      einblas_csr_count(dtype<E>(), sizes, reinterpret_cast<int64_t>(dense.data()), strides, 5,
                        reinterpret_cast<int64_t>(indptr.data()));
      const Csr<E> kept(s.rows, s.columns, indptr.back());
      std::copy(indptr.begin(), indptr.end(), kept.indptr());
      einblas_csr_fill(dtype<E>(), sizes, reinterpret_cast<int64_t>(dense.data()), strides, 5, kept.arrays().data());
      std::vector<E> large(dense.size(), element<E>(0.0));
      einblas_csr_to_dense(dtype<E>(), sizes, kept.arrays().data(), 0, reinterpret_cast<int64_t>(large.data()));
      for (size_t i = 0; i < dense.size(); ++i)
        ASSERT_EQ(number(large[i]), std::abs(number(dense[i])) <= 5 ? Number{0} : number(dense[i]));
    }
  }
  const auto a = whole_matrix<E>({25, 6, 4, 0}, 8), b = whole_matrix<E>({25, 9, 3, 0}, 9);
  const int64_t sizes[] = {25, 6, 9};
  std::vector<int64_t> indptr(26);
  const int64_t entries = einblas_csr_khatri_rao_count(sizes, a->arrays().data(), b->arrays().data(),
                                                       reinterpret_cast<int64_t>(indptr.data()));
  const Csr<E> c(25, 54, entries);
  std::copy(indptr.begin(), indptr.end(), c.indptr());
  ASSERT_EQ(einblas_csr_khatri_rao(dtype<E>(), sizes, a->arrays().data(), b->arrays().data(), c.arrays().data()),
            EINBLAS_OK);
  std::vector<Number> got(25 * 54), want(got.size());
  for (int64_t r = 0; r < 25; ++r) {
    for (int64_t i = c.indptr()[r]; i < c.indptr()[r + 1]; ++i)
      got[static_cast<size_t>(r * 54 + c.column()[i])] += number(c.value()[i]);
    for (int64_t i = a->indptr()[r]; i < a->indptr()[r + 1]; ++i)
      for (int64_t j = b->indptr()[r]; j < b->indptr()[r + 1]; ++j)
        want[static_cast<size_t>(r * 54 + a->column()[i] * 9 + b->column()[j])] +=
            number(a->value()[i]) * number(b->value()[j]);
  }
  EXPECT_TRUE(got == want);
}

TEST(CsrTypes, ProductsBF16) { every_product<Bf16>(); }
TEST(CsrTypes, ProductsF16) { every_product<F16>(); }
TEST(CsrTypes, ProductsC64) { every_product<Complex<float>>(); }
TEST(CsrTypes, ProductsC128) { every_product<Complex<double>>(); }
TEST(CsrTypes, SampledBF16) { every_sample<Bf16>(); }
TEST(CsrTypes, SampledF16) { every_sample<F16>(); }
TEST(CsrTypes, SampledC64) { every_sample<Complex<float>>(); }
TEST(CsrTypes, SampledC128) { every_sample<Complex<double>>(); }

TEST(CsrTypes, Structure) {
  every_structure<Bf16>();
  every_structure<F16>();
  every_structure<Complex<float>>();
  every_structure<Complex<double>>();
}

// 1 + 2^-8 + 2^-8: added up one by one in BF16 it stays 1.
TEST(CsrTypes, EntriesOfOnePlaceAreRoundedOnce) {
  const Csr<Bf16> a(1, 1, 3);
  a.indptr()[0] = 0;
  a.indptr()[1] = 3;
  std::fill(a.column(), a.column() + 3 + EINBLAS_CSR_PADDING, 0);
  const double values[] = {1, 0x1p-8, 0x1p-8};
  for (int i = 0; i < 3; ++i) a.value()[i] = element<Bf16>(values[i]);
  const int64_t sizes[] = {1, 1, 3};
  Bf16 dense = element<Bf16>(0.0);
  einblas_csr_to_dense(EINBLAS_BF16, sizes, a.arrays().data(), 0, reinterpret_cast<int64_t>(&dense));
  EXPECT_EQ(number(dense), Number(1 + 0x1p-7));
}

}  // namespace
