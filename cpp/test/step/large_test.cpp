// Offsets and lengths beyond 2^31: every kernel on far strides in reserved, mostly untouched memory; long axes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/pages.hpp"

namespace {

constexpr int64_t kFar = (int64_t{1} << 31) + 3;  // elements; more than an int, and no multiple of a line

// Address space of that many bytes; only touched pages take memory.
class Reserved {
 public:
  explicit Reserved(int64_t bytes)
      : bytes_(static_cast<size_t>(bytes)), block_(einblas_test::map_pages(static_cast<size_t>(bytes))) {}
  ~Reserved() {
    if (block_ != nullptr) einblas_test::unmap_pages(block_, bytes_);
  }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  bool ok() const { return block_ != nullptr; }
  float* data() const { return static_cast<float*>(block_); }

 private:
  size_t bytes_;
  void* block_;
};

// One term of an equation: each axis has its length and its stride in the operands and in the output.
struct Shape {
  const char* name;
  int operands, axes, outer;
  int64_t lengths[4], strides[3][4];  // of the operands, then of the output
};

const Shape kShapes[] = {
    {"hadamard ab,ab->ab", 2, 2, 2, {3, 20, 0, 0}, {{kFar, 1, 0, 0}, {kFar, 1, 0, 0}, {kFar, 1, 0, 0}}},
    {"permute ab->ba", 1, 2, 2, {3, 20, 0, 0}, {{1, kFar / 10, 0, 0}, {kFar, 1, 0, 0}, {0, 0, 0, 0}}},
    {"sum ba->b", 1, 2, 1, {20, 3, 0, 0}, {{1, kFar, 0, 0}, {kFar / 10, 0, 0, 0}, {0, 0, 0, 0}}},
    {"gemm mk,kn->mn", 2, 3, 2, {3, 20, 3, 0}, {{kFar, 0, kFar / 3, 0}, {0, 1, kFar, 0}, {kFar, 1, 0, 0}}},
    {"batched bmk,bkn->bmn", 2, 4, 3, {2, 3, 9, 4}, {{kFar, 9, 0, 1}, {kFar, 0, 1, 9}, {kFar, 9, 1, 0}}},
    {"one axis mk,ckn->cmn", 2, 4, 3, {2, 3, 20, 3}, {{0, kFar, 0, 1}, {kFar, 0, 1, kFar / 8}, {kFar, kFar / 4, 1, 0}}},
    {"lanes mkb,nkb->mnb", 2, 4, 3, {2, 3, 20, 4}, {{kFar, 0, 1, 20}, {0, kFar / 2, 1, 20}, {kFar, 20, 1, 0}}},
};

float value(int64_t offset, int tensor) {
  return static_cast<float>((static_cast<uint64_t>(offset) * 2654435761U + static_cast<uint64_t>(tensor) * 97) % 17) -
         8;
}

// Calls f(offsets of the operands and of the output) for each term of the sum.
template <class F>
void each_term(const Shape& s, const F& f) {
  int64_t index[4] = {0, 0, 0, 0};
  for (;;) {
    int64_t at[3] = {0, 0, 0};
    for (int t = 0; t <= s.operands; ++t)
      for (int a = 0; a < s.axes; ++a) at[t] += index[a] * s.strides[t][a];
    f(at);
    int a = s.axes - 1;
    while (a >= 0 && ++index[a] == s.lengths[a]) index[a--] = 0;
    if (a < 0) return;
  }
}

int64_t span(const Shape& s, int tensor) {
  int64_t last = 0;
  for (int a = 0; a < s.axes; ++a) last += (s.lengths[a] - 1) * s.strides[tensor][a];
  return last + 1;
}

// Small integers: sums are exact in any order.
void check(const Shape& s, const char* kernel, int* ran) {
  std::vector<int64_t> strides;
  for (int t = 0; t <= s.operands; ++t) strides.insert(strides.end(), s.strides[t], s.strides[t] + s.axes);
  int64_t step = 0;
  const int32_t status =
      einblas_step_create(EINBLAS_F32, s.operands, s.axes, s.outer, s.lengths, strides.data(), kernel, &step);
  if (status == EINBLAS_NOT_APPLICABLE) return;
  ASSERT_EQ(status, EINBLAS_OK);
  ++*ran;
  std::vector<std::unique_ptr<Reserved>> memory;
  float* data[3] = {nullptr, nullptr, nullptr};
  for (int t = 0; t <= s.operands; ++t) {
    memory.push_back(std::make_unique<Reserved>(span(s, t) * 4));
    if (!memory.back()->ok()) GTEST_SKIP() << "no address space for " << span(s, t) * 4 << " bytes";
    data[t] = memory.back()->data();
  }
  each_term(s, [&](const int64_t* at) {
    for (int t = 0; t < s.operands; ++t) data[t][at[t]] = value(at[t], t);
    data[s.operands][at[s.operands]] = std::nanf("");
  });
  const auto address = [&](int t) { return t < s.operands ? reinterpret_cast<int64_t>(data[t]) : 0; };
  ASSERT_EQ(einblas_step_run(step, address(0), address(1), 0, reinterpret_cast<int64_t>(data[s.operands]), 1, 0, 2),
            EINBLAS_OK);
  einblas_step_destroy(step);
  each_term(s, [&](const int64_t* at) {  // takes each term off again: nothing may be left
    float product = 1;
    for (int t = 0; t < s.operands; ++t) product *= value(at[t], t);
    data[s.operands][at[s.operands]] -= product;
  });
  each_term(s, [&](const int64_t* at) { ASSERT_EQ(data[s.operands][at[s.operands]], 0) << "at " << at[s.operands]; });
}

TEST(Large, EveryKernelOnStridesBeyondAnInt) {
  std::stringstream names(einblas_kernels());
  for (std::string kernel; names >> kernel;) {
    if (kernel == "dots") continue;  // has no F32
    int ran = 0;
    for (const Shape& s : kShapes) {
      SCOPED_TRACE(kernel + " on " + s.name);
      check(s, kernel.c_str(), &ran);
    }
    EXPECT_GT(ran, 0) << kernel;
  }
}

TEST(Large, SumOverMoreThanAnInt) {
  const int64_t lengths[] = {kFar}, strides[] = {0, 0};
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(EINBLAS_F64, 1, 1, 0, lengths, strides, nullptr, &step), EINBLAS_OK);
  const double x = 1;
  double c = 0;
  ASSERT_EQ(einblas_step_run(step, reinterpret_cast<int64_t>(&x), 0, 0, reinterpret_cast<int64_t>(&c), 1, 0, 0),
            EINBLAS_OK);
  einblas_step_destroy(step);
  EXPECT_EQ(c, static_cast<double>(kFar));
}

TEST(Large, OuterProductOfMoreThanAnInt) {
  const int64_t rows = 3, columns = (kFar + 2) / 3, bytes = rows * columns * 4;
  if (einblas_memory_available() < bytes + (int64_t{4} << 30)) GTEST_SKIP() << "needs " << bytes << " bytes";
  const int64_t c = einblas_alloc(bytes);
  if (c == 0) GTEST_SKIP() << "no block of " << bytes << " bytes";
  const int64_t lengths[] = {rows, columns}, strides[] = {1, 0, 0, 0, columns, 1};
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create(EINBLAS_F32, 2, 2, 2, lengths, strides, nullptr, &step), EINBLAS_OK);
  const float x[] = {1, 2, 3}, y = 5;
  ASSERT_EQ(einblas_step_run(step, reinterpret_cast<int64_t>(x), reinterpret_cast<int64_t>(&y), 0, c, 1, 0, 0),
            EINBLAS_OK);
  einblas_step_destroy(step);
  const float* out = reinterpret_cast<const float*>(c);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i : {int64_t{0}, columns / 2, columns - 1}) EXPECT_EQ(out[r * columns + i], x[r] * y) << r << " " << i;
  einblas_free(c, bytes);
  einblas_pool_trim();
}

}  // namespace
