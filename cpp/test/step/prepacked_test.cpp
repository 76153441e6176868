// Operands packed once: every kernel that packs reads such copies, and gives the bits that it gives without them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/step_case.hpp"
#include "support/thinned.hpp"

namespace einblas_test {
namespace {

struct Prepacked {
  const char* kernel;
  Equation equation;
};

const std::vector<Prepacked>& cases() {
  static const std::vector<Prepacked> all = {
      // Blocks of rows and chunks of columns, several blocks of depth.
      {"gemm", {"ik,kj->ij", {{'i', 300}, {'j', 700}, {'k', 600}}}},
      {"gemm", {"ik,jk->ij", {{'i', 150}, {'j', 170}, {'k', 530}}}},
      {"gemm", {"ki,kj->ij", {{'i', 150}, {'j', 170}, {'k', 530}}}},
      // Tasks are columns.
      {"gemm", {"ik,kj->ij", {{'i', 7}, {'j', 2100}, {'k', 700}}}},
      {"gemm", {"ik,jk->ij", {{'i', 64}, {'j', 2100}, {'k', 700}}}},
      // Tasks are items; one operand is shared by all of them, or none.
      {"gemm", {"bik,kj->bij", {{'b', 20}, {'i', 40}, {'j', 50}, {'k', 60}}}},
      {"gemm", {"bik,bkj->bij", {{'b', 5}, {'i', 40}, {'j', 50}, {'k', 60}}}},
      {"gemm", {"abik,bjk->abij", {{'a', 3}, {'b', 4}, {'i', 20}, {'j', 50}, {'k', 60}}}},
      // Several axes, result in runs.
      {"gemm", {"abcd,cdef->abfe", {{'a', 5}, {'b', 9}, {'c', 20}, {'d', 3}, {'e', 11}, {'f', 17}}}},
      // Rows read in place, columns packed.
      {"gemm", {"ik,kj->ij", {{'i', 900}, {'j', 20}, {'k', 300}}}},
      {"gemm_small", {"bik,jk->bij", {{'b', 9}, {'i', 16}, {'j', 64}, {'k', 30}}}},
      {"gemm_small", {"bik,bjk->bij", {{'b', 9}, {'i', 16}, {'j', 64}, {'k', 30}}}},
      {"gemm_small", {"abik,bajk->abij", {{'a', 3}, {'b', 4}, {'i', 16}, {'j', 64}, {'k', 30}}}},
      // One slice and groups of them, blocks of depth and columns, several blocks of rows.
      {"lanes", {"nhd,khd->nkd", {{'n', 40}, {'k', 30}, {'h', 20}, {'d', 70}}}},
      {"lanes", {"nhd,khd->nkd", {{'n', 8}, {'k', 7}, {'h', 16}, {'d', 2000}}}},
      {"lanes", {"nhd,khd->nkd", {{'n', 150}, {'k', 140}, {'h', 300}, {'d', 33}}}},
      // Operands transposed on the way; a batch shorter than a vector.
      {"lanes", {"lhn,shn->lsh", {{'l', 30}, {'s', 40}, {'n', 50}, {'h', 20}}}},
      {"lanes", {"nhd,khd->nkd", {{'n', 20}, {'k', 11}, {'h', 9}, {'d', 2}}}},
  };
  return all;
}

template <class T>
void expect_same_bits(const Prepacked& p, int turn) {
  for (int threads : {1, 3}) {
    if (left_out(turn++)) continue;
    Variant v;
    v.kernel = p.kernel;
    v.threads = threads;
    v.alpha = 1.25;
    v.beta = 0.5;
    const std::vector<T> plain = result<T>(p.equation, v);
    v.packed = true;
    const std::vector<T> packed = result<T>(p.equation, v);
    ASSERT_EQ(plain.size(), packed.size());
    EXPECT_EQ(std::memcmp(plain.data(), packed.data(), plain.size() * sizeof(T)), 0) << to_string(p.equation, v);
    const Outcome o = run<T>(p.equation, v);
    EXPECT_EQ(o.error, "") << to_string(p.equation, v);
    EXPECT_TRUE(o.packed[0] || o.packed[1]) << to_string(p.equation, v) << ": " << o.description;
  }
}

TEST(Prepacked, SameBitsF32) {
  int turn = 0;
  for (const Prepacked& p : cases()) expect_same_bits<float>(p, turn += 2);
}
TEST(Prepacked, SameBitsF64) {
  int turn = 1;
  for (const Prepacked& p : cases()) expect_same_bits<double>(p, turn += 2);
}
TEST(Prepacked, SameBitsOfIntegers) {
  int turn = 0;
  for (const Prepacked& p : cases()) {
    turn += 2;
    expect_same_bits<int32_t>(p, turn + 2);
    expect_same_bits<int64_t>(p, turn);
  }
}

// A step of two matrices in memory of its own.
struct Product {
  int64_t step = 0;
  std::vector<double> a, b, c;
  Product(int64_t m, int64_t n, int64_t k, const char* kernel)
      : a(static_cast<size_t>(m * k)), b(static_cast<size_t>(k * n)), c(static_cast<size_t>(m * n)) {
    Random random(5);
    random.fill(a.data(), m * k);
    random.fill(b.data(), k * n);
    const int64_t lengths[] = {m, n, k}, strides[] = {k, 0, 1, 0, 1, n, n, 1, 0};
    EXPECT_EQ(einblas_step_create(EINBLAS_F64, 2, 3, 2, lengths, strides, kernel, &step), EINBLAS_OK);
  }
  ~Product() { einblas_step_destroy(step); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;
  static int64_t at(const void* p) { return reinterpret_cast<int64_t>(p); }
  int32_t run(int64_t packed0, int64_t packed1) {
    return einblas_step_run_packed(step, at(a.data()), at(b.data()), 0, at(c.data()), packed0, packed1, 1, 0, 1);
  }
};

TEST(Prepacked, CopiesAreReadInPlaceOfOperands) {
  for (int t : {0, 1}) {
    Product p(130, 140, 150, "gemm");
    const int64_t bytes = einblas_step_packed_bytes(p.step, t);
    ASSERT_GT(bytes, 0);
    const Guarded copy((bytes + 63) / 64 * 64, Guarded::At::End);
    const int64_t packed = Product::at(copy.as<char>());
    std::vector<double>& operand = t == 0 ? p.a : p.b;
    ASSERT_EQ(einblas_step_pack(p.step, t, Product::at(operand.data()), packed, 1), EINBLAS_OK);
    ASSERT_EQ(p.run(0, 0), EINBLAS_OK);
    const std::vector<double> want = p.c;
    operand.assign(operand.size(), std::nan(""));
    ASSERT_EQ(p.run(t == 0 ? packed : 0, t == 1 ? packed : 0), EINBLAS_OK);
    EXPECT_EQ(want, p.c) << "operand " << t;
  }
}

TEST(Prepacked, Refusals) {
  Product p(130, 140, 150, "gemm"), loops(3, 4, 5, "loops");
  const int64_t bytes = einblas_step_packed_bytes(p.step, 1);
  const Guarded copy((bytes + 63) / 64 * 64, Guarded::At::End);
  const int64_t packed = Product::at(copy.as<char>()), b = Product::at(p.b.data());
  for (int t : {-1, 2, 3}) {
    EXPECT_EQ(einblas_step_packed_bytes(p.step, t), 0);
    EXPECT_EQ(einblas_step_pack(p.step, t, b, packed, 1), EINBLAS_NOT_APPLICABLE);
  }
  EXPECT_EQ(einblas_step_packed_bytes(0, 0), 0);
  EXPECT_EQ(einblas_step_pack(0, 1, b, packed, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_pack(p.step, 1, 0, packed, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_pack(p.step, 1, b, 0, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_pack(p.step, 1, b, packed + 8, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_run_packed(0, b, b, 0, b, 0, 0, 1, 0, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_packed_bytes(loops.step, 1), 0);
}

}  // namespace
}  // namespace einblas_test
