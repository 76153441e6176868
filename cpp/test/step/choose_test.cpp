// Which kernel is chosen for which step, as a table; where it depends on the width of vectors, by instruction set.
#include <gtest/gtest.h>

#include <string>

#include "einblas.h"
#include "runtime/dispatch.hpp"
#include "step/kernel.hpp"
#include "support/step_case.hpp"

namespace einblas_test {
namespace {

// The kernel's name, the same for both types on every ISA; or one for each number of elements of a vector.
struct Choice {
  Equation equation;
  const char* kernel;           // where vectors have any number of elements
  const char* two = nullptr;    // F64 on base and neon
  const char* four = nullptr;   // F32 on base and neon, F64 on avx2
  const char* eight = nullptr;  // F32 on avx2, F64 on avx512
  const char* sixteen = nullptr;

  std::string at(int64_t lanes) const {
    const char* by_lanes = lanes == 2 ? two : lanes == 4 ? four : lanes == 8 ? eight : sixteen;
    return by_lanes == nullptr ? kernel : by_lanes;
  }
};

void PrintTo(const Choice& c, std::ostream* out) { *out << to_string(c.equation, {}); }

const Choice kChoices[] = {
    // One operand.
    {{"->ab", {{'a', 5}, {'b', 7}}}, "product"},
    {{"a->a", {{'a', 33}}}, "product"},
    {{"ab->ab", {{'a', 17}, {'b', 35}}}, "product"},
    {{"aa->a", {{'a', 9}}}, "product"},
    {{"ab->ba", {{'a', 17}, {'b', 35}}}, "permute"},
    {{"abc->bac", {{'a', 6}, {'b', 5}, {'c', 19}}}, "product"},
    {{"abc->cba", {{'a', 6}, {'b', 5}, {'c', 19}}}, "permute"},
    {{"ab->a", {{'a', 17}, {'b', 35}}}, "reduce"},
    {{"ab->b", {{'a', 17}, {'b', 35}}}, "reduce"},
    {{"aa->", {{'a', 9}}}, "reduce"},
    // Two, nothing summed.
    {{"a,a->a", {{'a', 67}}}, "product"},
    {{"a,b->ab", {{'a', 13}, {'b', 37}}}, "product"},
    {{"ixy,jxy->ijxy", {{'i', 4}, {'j', 5}, {'x', 6}, {'y', 35}}}, "product"},
    // Two, no reuse: an operand without an axis of its own.
    {{"a,a->", {{'a', 67}}}, "reduce"},
    {{"ab,b->a", {{'a', 13}, {'b', 37}}}, "reduce"},
    {{"ab,a->b", {{'a', 13}, {'b', 37}}}, "reduce"},
    {{"bij,bj->bi", {{'b', 6}, {'i', 13}, {'j', 37}}}, "reduce"},
    {{"ab,c->", {{'a', 13}, {'b', 7}, {'c', 5}}}, "reduce"},
    // A batch axis at the output's unit stride.
    {{"nhd,khd->nkd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}}, "lanes"},
    {{"ijb,jkb->ikb", {{'b', 300}, {'i', 40}, {'j', 50}, {'k', 60}}}, "lanes"},
    // Products of matrices: small ones, many small ones, large ones.
    {{"ab,bc->ac", {{'a', 13}, {'b', 37}, {'c', 21}}}, "gemm_small"},
    {{"bij,bjk->bik", {{'b', 6}, {'i', 5}, {'j', 9}, {'k', 18}}}, "gemm_small"},
    {{"ab,bc->ac", {{'a', 400}, {'b', 400}, {'c', 400}}}, "gemm"},
    {{"ab,cb->ac", {{'a', 400}, {'b', 400}, {'c', 400}}}, "gemm"},
    {{"bij,bjk->bik", {{'b', 2}, {'i', 400}, {'j', 400}, {'k', 400}}}, "gemm"},
    // Few rows, one summed axis, columns in pieces.
    {{"ea,abc->ebc", {{'a', 7}, {'b', 9}, {'c', 272}, {'e', 11}}}, "gemm_small"},  // b and c are one axis
    {{"ia,abc->bic", {{'a', 30}, {'b', 30}, {'c', 900}, {'i', 30}}}, "gemm_items"},
    // Pieces of 5 columns fill 60 % of vectors of up to 8 elements, but not of 16.
    {{"ia,abc->bic", {{'a', 30}, {'b', 4000}, {'c', 5}, {'i', 30}}}, "gemm_items", nullptr, nullptr, nullptr, "gemm"},
    // Fewer than four rows are packed.
    {{"ia,abc->bic", {{'a', 30}, {'b', 30}, {'c', 900}, {'i', 3}}}, "gemm"},
    // Three.
    {{"i,j,k->ijk", {{'i', 5}, {'j', 6}, {'k', 19}}}, "product"},
    {{"ab,bc,c->abc", {{'a', 5}, {'b', 6}, {'c', 19}}}, "product"},
    {{"ab,bc,cd->ad", {{'a', 5}, {'b', 6}, {'c', 19}, {'d', 3}}}, "loops"},
};

class Choose : public testing::TestWithParam<Choice> {};

template <class T>
void check(const Choice& c) {
  const Outcome o = planned<T>(c.equation, {});
  const int64_t lanes = einblas::kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
  EXPECT_EQ(o.kernel, c.at(lanes)) << lanes << " elements in a vector; " << o.description;
}

TEST_P(Choose, TakesTheKernelOfTheTable) {
  check<float>(GetParam());
  check<double>(GetParam());
  check<int32_t>(GetParam());
  check<int64_t>(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Table, Choose, testing::ValuesIn(kChoices));

// With EINBLAS_INVARIANT: kernels that add up alike whatever lies beside.
const Choice kInvariantChoices[] = {
    {{"a->a", {{'a', 33}}}, "product"},
    {{"ab->ba", {{'a', 17}, {'b', 35}}}, "permute"},
    {{"a,b->ab", {{'a', 13}, {'b', 37}}}, "product"},
    {{"nhd,khd->nkd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}}, "lanes"},
    {{"bij,bij->b", {{'b', 40}, {'i', 5}, {'j', 9}}}, "lanes"},
    {{"ab,bc->ac", {{'a', 13}, {'b', 37}, {'c', 21}}}, "gemm_small"},
    {{"ab,bc->ac", {{'a', 400}, {'b', 400}, {'c', 400}}}, "gemm"},
    {{"ia,abc->bic", {{'a', 30}, {'b', 30}, {'c', 900}, {'i', 30}}}, "gemm_items"},
    {{"ab,bc,cd->ad", {{'a', 5}, {'b', 6}, {'c', 19}, {'d', 3}}}, "loops"},
    {{"i,j,k->ijk", {{'i', 5}, {'j', 6}, {'k', 19}}}, "product"},
};

class ChooseInvariant : public testing::TestWithParam<Choice> {};

TEST_P(ChooseInvariant, TakesTheKernelOfTheTable) {
  const Choice& c = GetParam();
  Variant v;
  v.kernel = einblas::kInvariant;
  for (const Outcome& o : {planned<float>(c.equation, v), planned<double>(c.equation, v),
                           planned<int32_t>(c.equation, v), planned<int64_t>(c.equation, v)})
    EXPECT_EQ(o.kernel, c.kernel) << o.description;
}

INSTANTIATE_TEST_SUITE_P(Table, ChooseInvariant, testing::ValuesIn(kInvariantChoices));

TEST(Kernels, AreListedInTheOrderInWhichTheyAreAsked) {
  std::string names;
  for (int i = 0; i < einblas::kernels().count; ++i)
    names += std::string(i == 0 ? "" : " ") + einblas::kernels().entries[i]->name;
  EXPECT_EQ(names, "permute product reduce lanes gemm_small ttm gemm_items openblas gemm dots convert loops");
  EXPECT_EQ(names, einblas_kernels());
}

// The size from which on a product is not small, by its tunable number: one element more and it is packed.
TEST(Kernels, SmallProductsAreThoseWithinTheirNumberOfBytes) {
  const Equation e{"ab,bc->ac", {{'a', 32}, {'b', 32}, {'c', 32}}};
  const int64_t bytes = 3 * 32 * 32 * 4;
  {
    const WithTunable most("GEMM_SMALL_BYTES", bytes);
    EXPECT_EQ(planned<float>(e, {}).kernel, "gemm_small");
    EXPECT_EQ(planned<double>(e, {}).kernel, "gemm");
  }
  const WithTunable less("GEMM_SMALL_BYTES", bytes - 1);
  EXPECT_EQ(planned<float>(e, {}).kernel, "gemm");
}

// OpenBLAS does nothing unless its tunable number says from which size on.
TEST(Kernels, OpenBlasTakesMatricesFromItsNumberOn) {
  const WithTunable small("GEMM_SMALL_BYTES", 1024);
  const Equation e{"ab,bc->ac", {{'a', 64}, {'b', 32}, {'c', 16}}};
  EXPECT_EQ(planned<float>(e, {}).kernel, "gemm");
  const WithTunable from("OPENBLAS_FROM", 32);
  EXPECT_EQ(planned<float>(e, {}).kernel, "openblas");
  EXPECT_EQ(planned<double>({"ab,bc->ac", {{'a', 64}, {'b', 32}, {'c', 15}}}, {}).kernel, "gemm");
  Variant v;
  v.kernel = einblas::kInvariant;
  EXPECT_EQ(planned<float>(e, v).kernel, "gemm");
}

}  // namespace
}  // namespace einblas_test
