// OpenBLAS, which is opened while the process runs: what is refused before, what goes without it, a try after one that
// failed. A program of its own, as nothing closes it again.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "einblas.h"
#include "support/openblas.hpp"
#include "support/tunable.hpp"

namespace einblas_test {
namespace {

constexpr int64_t kRows = 64, kColumns = 48, kDepth = 56;

int64_t at(const void* p) { return reinterpret_cast<int64_t>(p); }

// A product of matrices as BLAS walks them.
int32_t make(const char* kernel, int64_t* step, int32_t dtype = EINBLAS_F32) {
  const int64_t sizes[] = {kRows, kColumns, kDepth};
  const int64_t strides[] = {kDepth, 0, 1, 0, 1, kColumns, kColumns, 1, 0};
  *step = 0;
  return einblas_step_create(dtype, 2, 3, 2, sizes, strides, kernel, step);
}

struct Made {
  int32_t status = 0;
  std::string kernel;
  std::vector<float> c;
};

Made product(const char* kernel) {
  Made made;
  int64_t step = 0;
  made.status = make(kernel, &step);
  if (made.status != EINBLAS_OK) return made;
  std::vector<float> a(kRows * kDepth), b(kDepth * kColumns);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 17) / 7;
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 13) / 11;
  made.c.assign(kRows * kColumns, -1);
  made.kernel = einblas_step_kernel(step);
  EXPECT_EQ(einblas_step_run(step, at(a.data()), at(b.data()), 0, at(made.c.data()), 1, 0, 1), EINBLAS_OK);
  einblas_step_destroy(step);
  return made;
}

// What LAPACK's doors say; where they refuse, nothing is written.
int32_t lapack() {
  std::vector<double> a{4, 3, 6, 3}, real(2), imaginary(2), b{10, 12};
  std::vector<int32_t> pivots(2);
  int64_t info = -7;
  const std::vector<double> before = a;
  const int32_t lu = einblas_lu(EINBLAS_F64, 2, at(a.data()), at(pivots.data()), &info);
  const int32_t solve = einblas_lu_solve(EINBLAS_F64, 2, 1, at(a.data()), at(pivots.data()), at(b.data()));
  if (lu != EINBLAS_OK) {
    EXPECT_EQ(a, before);
    EXPECT_EQ(b, (std::vector<double>{10, 12}));
    EXPECT_EQ(info, -7);
  } else {
    EXPECT_NEAR(4 * b[0] + 6 * b[1], 10, 1e-12);
    EXPECT_NEAR(3 * b[0] + 3 * b[1], 12, 1e-12);
  }
  EXPECT_EQ(solve, lu);
  a = before;
  EXPECT_EQ(einblas_eigenvalues(EINBLAS_F64, 0, 2, at(a.data()), at(real.data()), at(imaginary.data()), &info), lu);
  return lu;
}

void expect_refused_by_name() {
  EXPECT_EQ(lapack(), EINBLAS_NO_OPENBLAS);
  EXPECT_EQ(product("openblas").status, EINBLAS_NO_OPENBLAS);
  int64_t step = 0;
  EXPECT_EQ(make("openblas", &step, EINBLAS_I32), EINBLAS_NOT_APPLICABLE);  // with it, too
  EXPECT_EQ(einblas_blas_config(), nullptr);
  EXPECT_EQ(einblas_blas_core(), nullptr);
}

TEST(OpenBlasOpen, IsAskedForGoneWithoutAndTriedAgain) {
  ASSERT_EQ(einblas_init(), EINBLAS_OK);
  const WithTunable small("GEMM_SMALL_BYTES", 1024);

  // Nobody has looked for it: what needs it says so, a step that tuning gives to it too.
  expect_refused_by_name();
  const Made usual = product(nullptr);
  ASSERT_EQ(usual.status, EINBLAS_OK);
  EXPECT_EQ(usual.kernel, "gemm");
  {
    const WithTunable from("OPENBLAS_FROM", 16);
    EXPECT_EQ(product(nullptr).status, EINBLAS_NO_OPENBLAS);
    EXPECT_EQ(product(EINBLAS_INVARIANT).status, EINBLAS_OK);
  }

  // Looked for in vain: the next kernel that suits is taken, with the bits that it always gives.
  for (const std::string& file : {std::string("/nowhere/libopenblas.so.0"), std::string(),
                                  std::string("/nowhere/libquadmath.so.0\n") + openblas_file()}) {
    EXPECT_EQ(einblas_openblas_open(file.c_str(), ""), EINBLAS_NO_OPENBLAS) << file;
    const std::string why = einblas_openblas_failure();
    EXPECT_NE(why.find(file.empty() ? "no file" : "nowhere"), std::string::npos) << why;
    expect_refused_by_name();
    const WithTunable from("OPENBLAS_FROM", 16);
    const Made without = product(nullptr);
    ASSERT_EQ(without.status, EINBLAS_OK);
    EXPECT_EQ(without.kernel, "gemm");
    EXPECT_EQ(without.c, usual.c);
  }
  EXPECT_EQ(einblas_openblas_open(openblas_file(), "no such version"), EINBLAS_NO_OPENBLAS);
  const std::string why = einblas_openblas_failure();
  EXPECT_NE(why.find("OpenBLAS"), std::string::npos) << why;
  expect_refused_by_name();

  // Found, by many at once; afterwards nothing takes it away.
  std::vector<int32_t> statuses(8, -1);
  std::vector<std::thread> callers;
  for (int32_t& status : statuses)
    callers.emplace_back([&status] { status = einblas_openblas_open(openblas_file(), "OpenBLAS"); });
  for (auto& t : callers) t.join();
  EXPECT_EQ(statuses, std::vector<int32_t>(8, EINBLAS_OK)) << einblas_openblas_failure();
  EXPECT_EQ(einblas_openblas_open("", ""), EINBLAS_OK);
  EXPECT_EQ(einblas_openblas_open("/nowhere", "no such version"), EINBLAS_OK);
  EXPECT_EQ(lapack(), EINBLAS_OK);
  ASSERT_NE(einblas_blas_config(), nullptr);
  EXPECT_NE(std::string(einblas_blas_config()).find("OpenBLAS"), std::string::npos);
  EXPECT_FALSE(std::string(einblas_blas_core()).empty());
  EXPECT_EQ(product("openblas").kernel, "openblas");
  EXPECT_EQ(product(nullptr).c, usual.c);
  const WithTunable from("OPENBLAS_FROM", 16);
  EXPECT_EQ(product(nullptr).kernel, "openblas");
}

}  // namespace
}  // namespace einblas_test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
