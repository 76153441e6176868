// Long sums in F32: no element is the end of one long chain of additions, whatever the kernel.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "einblas.h"

namespace {

// Equal terms: their rounding errors have one sign for as long as the sum has one exponent, so a chain of n additions
// ends far off (0.1 ten million times one after the other: 1,087,937 instead of 1,000,000). A sum in parts is a chain
// of at most kChain additions, each off by half a unit in the last place of a sum that is not larger than the result.
constexpr float kTerm = 0.1f;
constexpr double kChain = 2048 + 1024;
constexpr double kHalfUnit = 5.9604644775390625e-08;  // 2^-24

void check(const std::vector<float>& got, double terms, const std::string& what) {
  const double want = static_cast<double>(kTerm) * terms;
  double worst = 0;
  for (float g : got) {
    const double error = std::fabs(static_cast<double>(g) - want) / want;
    if (!(error <= worst)) worst = error;  // NaN too
  }
  if (std::getenv("EINBLAS_SHOW") != nullptr) std::printf("%.2e %s\n", worst, what.c_str());
  EXPECT_LE(worst, kChain * kHalfUnit) << what << ": relative error of " << terms << " terms";
}

int64_t at(const void* p) { return reinterpret_cast<int64_t>(p); }

// A step over operands of one value each, the second of ones: all their strides but that of the summed axis are free.
struct Case {
  const char* kernel;
  int operands;
  std::vector<int64_t> lengths, strides;  // strides: operand by operand, then the output
  int outer;
};

// Strides of 0, and ones that overlap, keep the operands small.
std::vector<Case> cases() {
  const int64_t k = 1 << 23, deep = 1 << 25, short_k = 1 << 15;
  return {
      {"reduce", 1, {deep}, {1}, 0},
      {"reduce", 2, {k}, {1, 1}, 0},
      {"reduce", 1, {7, k}, {1, 1, 1, 0}, 1},                                    // down, a line of a few lanes
      {"reduce", 1, {100, k / 4}, {1, 1, 1, 0}, 1},                              // down, long lines
      {"reduce", 1, {70, 3, k / 32}, {5, 1, 4, 3, 1, 0}, 2},                     // outputs enough for all tasks
      {"reduce", 1, {70, k / 32, 3}, {2, 4, 1, 1, 0, 0}, 1},                     // short lines along the sum
      {"reduce", 2, {100, k / 4}, {1, 1, 0, 1, 1, 0}, 1},                        // gemv, down
      {"gemm", 2, {2, 2, deep}, {1, 0, 1, 0, 1, 0, 2, 1, 0}, 2},                 // A along the depth
      {"gemm", 2, {2, 40, k}, {1, 0, 1, 0, 1, 0, 40, 1, 0}, 2},                  // B along its columns
      {"gemm", 2, {2, 2, 5000, 2000}, {1, 0, 3, 1, 0, 1, 0, 1, 2, 1, 0, 0}, 2},  // two summed axes
      {"gemm_small", 2, {2, 2, short_k}, {short_k, 0, 1, 0, 1, 2, 2, 1, 0}, 2},
      {"gemm_items", 2, {9, 4, 16, short_k}, {0, short_k, 0, 1, 16 * short_k, 0, 1, 16, 64, 16, 1, 0}, 3},
      {"ttm", 2, {2, 2, 16, k / 8}, {3, 0, 1, 1, 0, 1, 0, 1, 32, 16, 1, 0}, 3},
      {"openblas", 2, {2, 2, 1 << 18}, {1 << 18, 0, 1, 0, 1, 2, 2, 1, 0}, 2},  // its chains for small matrices
      {"openblas", 2, {20, 30, 1 << 18}, {1 << 18, 0, 1, 0, 1 << 18, 1, 30, 1, 0}, 2},
      {"lanes", 2, {2, 2, 20, k / 2}, {1, 0, 1, 1, 0, 1, 1, 0, 40, 20, 1, 0}, 3},
      {"loops", 2, {2, 2, k / 8}, {k / 8, 0, 1, 0, k / 8, 1, 2, 1, 0}, 2},
  };
}

int64_t extent(const Case& c, size_t tensor) {
  int64_t n = 1;
  for (size_t a = 0; a < c.lengths.size(); ++a) n += (c.lengths[a] - 1) * c.strides[tensor * c.lengths.size() + a];
  return n;
}

TEST(LongSums, Steps) {
  for (Case c : cases()) {
    c.strides.resize((static_cast<size_t>(c.operands) + 1) * c.lengths.size(), 0);
    const std::vector<float> x(static_cast<size_t>(extent(c, 0)), kTerm);
    const std::vector<float> y(c.operands < 2 ? 0 : static_cast<size_t>(extent(c, 1)), 1.0f);
    std::vector<float> out(static_cast<size_t>(extent(c, static_cast<size_t>(c.operands))), NAN);
    int64_t step = 0;
    ASSERT_EQ(einblas_step_create(EINBLAS_F32, c.operands, static_cast<int32_t>(c.lengths.size()), c.outer,
                                  c.lengths.data(), c.strides.data(), c.kernel, &step),
              EINBLAS_OK);
    std::string text = c.kernel;
    for (int64_t n : c.lengths) text += " " + std::to_string(n);
    EXPECT_EQ(einblas_step_run(step, at(x.data()), at(y.data()), 0, at(out.data()), 1, 0, 2), EINBLAS_OK);
    einblas_step_destroy(step);
    const double terms = std::accumulate(c.lengths.begin() + c.outer, c.lengths.end(), 1.0,
                                         [](double n, int64_t l) { return n * static_cast<double>(l); });
    check(out, terms, text);
  }
}

// Block (1 x depth) of ones, repeated along one block row; X of one value.
void bsr(int64_t blocks, int64_t r, int64_t c, int64_t columns, bool transposed) {
  const int64_t rows = transposed ? blocks : 1, across = transposed ? 1 : blocks;
  std::vector<int64_t> indptr(static_cast<size_t>(rows + 1)), indices(static_cast<size_t>(blocks)), slots(indices);
  for (int64_t i = 0; i <= rows; ++i) indptr[static_cast<size_t>(i)] = transposed ? i : i * blocks;
  for (int64_t i = 0; i < blocks; ++i) indices[static_cast<size_t>(i)] = transposed ? 0 : i;
  int64_t matrix = 0;
  ASSERT_EQ(einblas_bsr_create(rows, across, r, c, blocks, indptr.data(), indices.data(), slots.data(), &matrix),
            EINBLAS_OK);
  const int64_t depth = blocks * (transposed ? r : c), target = transposed ? c : r;
  const std::vector<float> values(static_cast<size_t>(blocks * r * c), 1.0f),
      x(static_cast<size_t>(depth * columns), kTerm);
  std::vector<float> out(static_cast<size_t>(target * columns), NAN);
  for (int layout = 0; layout < 2; ++layout) {
    const int64_t strides[] = {layout == 0 ? columns : 1, layout == 0 ? 1 : depth, layout == 0 ? columns : 1,
                               layout == 0 ? 1 : target};
    EXPECT_EQ(einblas_bsr_product(matrix, EINBLAS_F32, transposed, 0, columns, at(values.data()), at(x.data()),
                                  at(out.data()), strides, 1, 0, 2),
              EINBLAS_OK);
    check(out, static_cast<double>(depth),
          "BSR, " + std::to_string(columns) + " columns, layout " + std::to_string(layout));
  }
  einblas_bsr_destroy(matrix);
}

TEST(LongSums, BsrProducts) {
  bsr(1 << 20, 2, 2, 1, false);
  bsr(1 << 20, 2, 2, 1, true);
  bsr(1 << 15, 16, 16, 20, false);
  bsr(1 << 15, 16, 16, 20, true);
}

TEST(LongSums, BsrSampled) {
  const int64_t indptr[] = {0, 1}, indices[] = {0}, depth = 1 << 22;
  for (int64_t c : {2, 20}) {
    int64_t slot = 0, matrix = 0;
    ASSERT_EQ(einblas_bsr_create(1, 1, 2, c, 1, indptr, indices, &slot, &matrix), EINBLAS_OK);
    const std::vector<float> a(static_cast<size_t>(2 * depth), kTerm), b(static_cast<size_t>(c * depth), 1.0f);
    std::vector<float> out(static_cast<size_t>(2 * c), NAN);
    for (int layout = 0; layout < 2; ++layout) {
      const int64_t strides[] = {depth, 1, layout == 0 ? 1 : c, layout == 0 ? depth : 1};
      EXPECT_EQ(einblas_bsr_sampled(matrix, EINBLAS_F32, 0, depth, at(a.data()), at(b.data()), at(out.data()), strides,
                                    1, 0, 2),
                EINBLAS_OK);
      check(out, static_cast<double>(depth), "sampled, columns " + std::to_string(c));
    }
    einblas_bsr_destroy(matrix);
  }
}

TEST(LongSums, BlockSparse) {
  const int64_t window = 1 << 21, k = 3, n = 5;
  const std::vector<int64_t> x(static_cast<size_t>(window), 0), y(1, 0);
  int64_t pattern = 0;
  ASSERT_EQ(einblas_pattern_create(1, window, 1, 1, 1, x.data(), y.data(), 0, &pattern), EINBLAS_OK);
  const std::vector<float> h(static_cast<size_t>(window * k), kTerm), w(static_cast<size_t>(k * n), 1.0f);
  std::vector<float> o(static_cast<size_t>(n), NAN);
  const int64_t strides[] = {window * k, k, 1, k * n, k * n, n, 1, n, n, 1, n, 1};
  EXPECT_EQ(einblas_block_gemv(pattern, EINBLAS_F32, 0, 0, k, n, at(h.data()), at(w.data()), at(o.data()), 0, strides,
                               1, 0, 2),
            EINBLAS_OK);
  check(o, static_cast<double>(window * k), "block gemv, a window over one block");
  std::vector<float> blocks(static_cast<size_t>(k * n), 0.0f);
  const std::vector<float> ones(static_cast<size_t>(n), 1.0f);
  const int64_t outer[] = {window * k, k, 1, n, n, 1, k * n, k * n, n, 1};
  EXPECT_EQ(
      einblas_block_outer(pattern, EINBLAS_F32, 0, k, n, at(h.data()), at(ones.data()), at(blocks.data()), outer, 1, 2),
      EINBLAS_OK);
  check(blocks, static_cast<double>(window), "block outer, one block");
  einblas_pattern_destroy(pattern);
  // A window of different blocks.
  const int64_t many = 1 << 17;
  std::vector<int64_t> each(static_cast<size_t>(many));
  std::iota(each.begin(), each.end(), int64_t{0});
  ASSERT_EQ(einblas_pattern_create(1, many, 1, many, 1, each.data(), y.data(), 0, &pattern), EINBLAS_OK);
  const std::vector<float> all(static_cast<size_t>(many * k * n), 1.0f);
  EXPECT_EQ(einblas_block_gemv(pattern, EINBLAS_F32, 0, 0, k, n, at(h.data()), at(all.data()), at(o.data()), 0, strides,
                               1, 0, 2),
            EINBLAS_OK);
  check(o, static_cast<double>(many * k), "block gemv, a window over many blocks");
  einblas_pattern_destroy(pattern);
}

TEST(LongSums, Csr) {
  const int64_t entries = 1 << 22;
  for (int64_t columns : {1, 3, 1100}) {
    const int64_t n = columns > 1000 ? entries / 4 : entries;
    std::vector<int64_t> indptr{0, n, n + 1};
    std::vector<int32_t> column(static_cast<size_t>(n + 1 + EINBLAS_CSR_PADDING), 0);
    const std::vector<float> value(column.size(), kTerm), d(static_cast<size_t>(columns), 1.0f);
    std::vector<float> c(static_cast<size_t>(2 * columns), NAN);
    EXPECT_EQ(
        einblas_csr_multiply(EINBLAS_F32, 0, 2, 1, n + 1, n, at(indptr.data()), at(column.data()), at(value.data()),
                             columns, at(d.data()), columns, 1, at(c.data()), columns, 1, 1, 0, 2),
        EINBLAS_OK);
    c.resize(static_cast<size_t>(columns));
    check(c, static_cast<double>(n), "CSR, columns " + std::to_string(columns));
  }
}

TEST(LongSums, Kronecker) {
  const int64_t k = 1 << 20;
  const std::vector<float> x(static_cast<size_t>(3 * k), kTerm), f(static_cast<size_t>(2 * k), 1.0f);
  std::vector<float> c(6, NAN);
  for (int layout = 0; layout < 2; ++layout) {  // the axis at unit stride, or lines behind it
    const int64_t outer[] = {3, layout == 0 ? k : 1, layout == 0 ? 2 : 1};
    const int64_t axes[] = {k, 2, layout == 0 ? 1 : 3, layout == 0 ? 1 : 3, 2, 1}, factor = at(f.data());
    int64_t kron = 0;
    const int32_t made = einblas_kron_create(EINBLAS_F32, 1, outer, 1, axes, &kron);
    if (made == EINBLAS_NOT_APPLICABLE) continue;
    ASSERT_EQ(made, EINBLAS_OK);
    EXPECT_EQ(einblas_kron_run(kron, at(x.data()), &factor, at(c.data()), 1, 0, 2), EINBLAS_OK);
    einblas_kron_destroy(kron);
    check(c, static_cast<double>(k), "Kronecker factor, layout " + std::to_string(layout));
  }
}

}  // namespace
