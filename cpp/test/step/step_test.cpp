// Every kernel of the list on every equation it can run, and the front door's refusals.
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "einblas.h"
#include "support/step_case.hpp"

namespace einblas_test {
namespace {

const Equation kEquations[] = {
    {"->", {}},
    {"->ab", {{'a', 5}, {'b', 7}}},
    {"a->a", {{'a', 33}}},
    {"ab->ba", {{'a', 17}, {'b', 35}}},
    {"ab->a", {{'a', 17}, {'b', 35}}},
    {"ab->b", {{'a', 17}, {'b', 35}}},
    {"ab->", {{'a', 17}, {'b', 35}}},
    {"aa->a", {{'a', 9}}},
    {"aba->b", {{'a', 9}, {'b', 20}}},
    {"abc->ca", {{'a', 6}, {'b', 5}, {'c', 19}}},
    {"abc->bac", {{'a', 6}, {'b', 5}, {'c', 19}}},
    {"abcd->cbad", {{'a', 3}, {'b', 4}, {'c', 5}, {'d', 18}}},
    {"abcd->dbca", {{'a', 3}, {'b', 4}, {'c', 5}, {'d', 18}}},
    {"a,a->a", {{'a', 67}}},
    {"a,a->", {{'a', 67}}},
    {"a,b->ab", {{'a', 13}, {'b', 37}}},
    {"ab,b->a", {{'a', 13}, {'b', 37}}},
    {"ab,a->b", {{'a', 13}, {'b', 37}}},
    {"ab,bc->ac", {{'a', 13}, {'b', 37}, {'c', 21}}},
    {"ab,cb->ac", {{'a', 13}, {'b', 37}, {'c', 21}}},
    {"ba,bc->ca", {{'a', 13}, {'b', 37}, {'c', 21}}},
    {"nhd,khd->nkd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}},
    {"nhd,khd->nkhd", {{'n', 5}, {'h', 6}, {'d', 37}, {'k', 7}}},
    {"ijk,il->ijkl", {{'i', 4}, {'j', 5}, {'k', 6}, {'l', 35}}},
    {"ixy,jxy->ijxy", {{'i', 4}, {'j', 5}, {'x', 6}, {'y', 35}}},
    {"bij,bjk->bik", {{'b', 6}, {'i', 5}, {'j', 9}, {'k', 18}}},
    {"abcd,dbea->ec", {{'a', 3}, {'b', 4}, {'c', 17}, {'d', 5}, {'e', 19}}},
    {"abcd,gc->abgd", {{'a', 3}, {'b', 4}, {'c', 5}, {'d', 21}, {'g', 6}}},
    {"ea,abc->ebc", {{'a', 7}, {'b', 9}, {'c', 272}, {'e', 11}}},
    {"ab,bc->ac", {{'a', 6}, {'b', 70}, {'c', 1024}}},
    {"ab,b->", {{'a', 13}, {'b', 7}}},
    {"ab,ab->a", {{'a', 13}, {'b', 21}}},
    {"ab,ab->b", {{'a', 13}, {'b', 21}}},
    {"abc,ac->b", {{'a', 4}, {'b', 6}, {'c', 21}}},
    {"i,j,k->ijk", {{'i', 5}, {'j', 6}, {'k', 19}}},
    {"ab,bc,c->abc", {{'a', 5}, {'b', 6}, {'c', 19}}},
    {"ab,bc->ac", {{'a', 3}, {'b', 0}, {'c', 4}}},
    {"ab,bc->ac", {{'a', 0}, {'b', 3}, {'c', 4}}},
    {"ab,bc->ac", {{'a', 1}, {'b', 1}, {'c', 1}}},
};

std::vector<std::string> kernel_names() {
  std::vector<std::string> names;
  std::stringstream in(einblas_kernels());
  for (std::string s; in >> s;) names.push_back(s);
  return names;
}

template <class T>
void check_all(const char* kernel) {
  int ran = 0;
  for (const Equation& e : kEquations) {
    for (Variant v : usual_variants()) {
      v.kernel = kernel;
      const Outcome o = run<T>(e, v);
      if (o.status == EINBLAS_NOT_APPLICABLE && kernel != nullptr) continue;
      if (kernel == nullptr || o.kernel == kernel) ++ran;  // not where a length is 0, which asks no kernel
      EXPECT_EQ(o.status, EINBLAS_OK) << to_string(e, v);
      EXPECT_EQ(o.error, "") << to_string(e, v) << " ran on " << o.kernel << ": " << o.description;
    }
  }
  if (std::is_integral_v<T> && kernel != nullptr && std::string(kernel) == "openblas") {
    EXPECT_EQ(ran, 0) << "OpenBLAS has no products of integers";
    return;
  }
  if (kernel != nullptr && std::string(kernel) == "dots") {
    EXPECT_EQ(ran, 0) << "these types are too wide for dots";
    return;
  }
  EXPECT_GT(ran, 0) << "no equation of the table suits kernel " << (kernel == nullptr ? "auto" : kernel);
}

TEST(Step, ChosenKernelIsRight) {
  check_all<float>(nullptr);
  check_all<double>(nullptr);
  check_all<int32_t>(nullptr);
  check_all<int64_t>(nullptr);
}

TEST(Step, EveryKernelIsRightWhereItApplies) {
  for (const std::string& name : kernel_names()) {
    SCOPED_TRACE(name);
    check_all<float>(name.c_str());
    check_all<double>(name.c_str());
    check_all<int32_t>(name.c_str());
    check_all<int64_t>(name.c_str());
  }
}

TEST(Step, SameBitsForAnyNumberOfThreads) {
  const Equation big[] = {
      {"ab,bc->ac", {{'a', 300}, {'b', 300}, {'c', 210}}},
      {"nhd,khd->nkd", {{'n', 40}, {'h', 33}, {'d', 70}, {'k', 41}}},
      {"ab->ba", {{'a', 700}, {'b', 801}}},
      {"ab->a", {{'a', 300}, {'b', 4001}}},
      {"ab->b", {{'a', 4001}, {'b', 300}}},
      {"ab->", {{'a', 4001}, {'b', 300}}},
      {"ixy,jxy->ijxy", {{'i', 40}, {'j', 33}, {'x', 17}, {'y', 35}}},
  };
  for (const Equation& e : big) {
    Variant v;
    const std::vector<float> one = result<float>(e, v);
    const std::vector<int32_t> whole = result<int32_t>(e, v);
    const std::vector<int64_t> wide = result<int64_t>(e, v);
    for (int threads : {2, 3, 7}) {
      v.threads = threads;
      EXPECT_EQ(one, result<float>(e, v)) << to_string(e, v);
      EXPECT_EQ(whole, result<int32_t>(e, v)) << to_string(e, v);
      EXPECT_EQ(wide, result<int64_t>(e, v)) << to_string(e, v);
    }
  }
}

TEST(Step, RefusesWhatItCannotDo) {
  const int64_t lengths[] = {4, 4}, strides[] = {4, 1, 4, 1};
  int64_t step = 0;
  EXPECT_EQ(einblas_step_create(7, 1, 2, 2, lengths, strides, nullptr, &step), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_create(EINBLAS_F32, 4, 2, 2, lengths, strides, nullptr, &step), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_create(EINBLAS_F32, 1, 2, 3, lengths, strides, nullptr, &step), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_step_create(EINBLAS_F32, 1, 2, 2, lengths, strides, "no such kernel", &step),
            EINBLAS_NOT_APPLICABLE);
  const int64_t zero_output[] = {4, 1, 0, 1};
  EXPECT_EQ(einblas_step_create(EINBLAS_F32, 1, 2, 2, lengths, zero_output, nullptr, &step), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(step, 0);
  const int64_t empty[] = {4, 0}, any_strides[] = {0, 1, 0, 1};
  EXPECT_EQ(einblas_step_create(EINBLAS_F32, 1, 2, 2, empty, any_strides, nullptr, &step), EINBLAS_OK);
  einblas_step_destroy(step);
  EXPECT_EQ(einblas_step_run(0, 0, 0, 0, 0, 1, 0, 1), EINBLAS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace einblas_test
