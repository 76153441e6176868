// Steps with an epilogue against plain loops: every type, layout, bias and activation, in pieces of any size, on any
// threads, in memory to the byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/thinned.hpp"
#include "support/tunable.hpp"

namespace einblas_test {
namespace {

constexpr int32_t kActivations[] = {EINBLAS_MAP_COPY, EINBLAS_MAP_RELU, EINBLAS_MAP_TANH, EINBLAS_MAP_SIGMOID,
                                    EINBLAS_MAP_GELU};
// Axes (b, i, j, k): k is summed.
constexpr int kAxes = 4, kOuter = 3;
using Lengths = std::vector<int64_t>;

double activated(int32_t activation, double x) {
  switch (activation) {
    case EINBLAS_MAP_RELU:
      return x <= 0 ? 0 : x;
    case EINBLAS_MAP_TANH:
      return std::tanh(x);
    case EINBLAS_MAP_SIGMOID:
      return 1 / (1 + std::exp(-x));
    case EINBLAS_MAP_GELU:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    default:
      return x;
  }
}

// A tensor over some of the axes, the others have stride 0: quarters, whose products and sums are exact.
struct Operand {
  int32_t type;
  std::vector<int64_t> strides = std::vector<int64_t>(kAxes, 0);
  std::unique_ptr<Guarded> memory;
  int64_t address = 0;

  Operand(Random& random, int32_t of, const Lengths& lengths, std::vector<int> order) : type(of) {
    const int64_t size = einblas_dtype_size(of);
    std::shuffle(order.begin(), order.end(), random.engine());
    int64_t step = random.below(3) > 0 ? 1 : 2, first = 0, last = 0;
    for (size_t i = order.size(); i-- > 0;) {
      const auto a = static_cast<size_t>(order[i]);
      const int64_t length = std::max<int64_t>(1, lengths[a]);
      strides[a] = step;
      last += (length - 1) * step;
      step *= length + random.below(2);
      if (random.below(4) != 0) continue;
      first += (length - 1) * strides[a];
      strides[a] = -strides[a];
    }
    memory = std::make_unique<Guarded>((last + 1) * size, random.below(2) == 0 ? Guarded::At::Start : Guarded::At::End);
    address = reinterpret_cast<int64_t>(memory->as<char>());
    for (int64_t i = 0; i <= last; ++i)
      einblas_poke(address + i * size, of, static_cast<double>(random.below(9) - 4) / 4);
    address += first * size;
  }
  int64_t at(const int64_t* index) const {
    int64_t offset = 0;
    for (size_t a = 0; a < kAxes; ++a) offset += index[a] * strides[a];
    return address + offset * einblas_dtype_size(type);
  }
  double get(const int64_t* index) const { return einblas_peek(at(index), type); }
};

struct Case {
  Lengths lengths;
  std::vector<int32_t> types;  // x0, x1, out, sums
  int32_t bias_type = EINBLAS_F32, activation = EINBLAS_MAP_COPY;
  std::vector<int> bias;  // its axes
  bool biased = true;
  double alpha = 1, beta = 0;
  int threads = 1;
  int64_t bytes = INT64_MAX;
};

// The first element that is wrong, or nothing.
std::string run_case(const Case& c, uint32_t seed) {
  Random random(seed);
  const Operand x0(random, c.types[0], c.lengths, {0, 1, 3}), x1(random, c.types[1], c.lengths, {0, 2, 3});
  const Operand out(random, c.types[2], c.lengths, {0, 1, 2}), bias(random, c.bias_type, c.lengths, c.bias);
  std::vector<double> want, room;
  for (int64_t b = 0; b < c.lengths[0]; ++b)
    for (int64_t i = 0; i < c.lengths[1]; ++i)
      for (int64_t j = 0; j < c.lengths[2]; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < c.lengths[3]; ++k) {
          const int64_t index[] = {b, i, j, k};
          sum += x0.get(index) * x1.get(index);
        }
        const int64_t index[] = {b, i, j, 0};
        sum = c.alpha * sum + (c.beta == 0 ? 0 : c.beta * out.get(index)) + (c.biased ? bias.get(index) : 0);
        want.push_back(activated(c.activation, sum));
        // Sums are exact; the functions are right to a few units, of gelu's tail of x.
        const double off = c.activation == EINBLAS_MAP_COPY || c.activation == EINBLAS_MAP_RELU ? 0 : 8;
        room.push_back(
            off * epsilon_of(c.types[3]) * (std::abs(want.back()) + 0x1p-10 * std::abs(sum)) +
            (c.types[2] == c.types[3] ? 0 : 0.51 * epsilon_of(c.types[2]) * std::abs(want.back()) + 0x1p-25));
      }
  std::vector<int64_t> strides = x0.strides;
  strides.insert(strides.end(), x1.strides.begin(), x1.strides.end());
  strides.insert(strides.end(), out.strides.begin(), out.strides.end());
  int64_t step = 0;
  const int32_t made =
      einblas_step_create_finished(c.types.data(), 0, 2, kAxes, kOuter, c.lengths.data(), strides.data(), c.bias_type,
                                   c.biased ? bias.strides.data() : nullptr, c.activation, c.bytes, &step);
  if (made != EINBLAS_OK) return "not made: " + std::to_string(made);
  if (c.beta == 0)
    for (int64_t b = 0; b < c.lengths[0]; ++b)
      for (int64_t i = 0; i < c.lengths[1]; ++i)
        for (int64_t j = 0; j < c.lengths[2]; ++j) {
          const int64_t index[] = {b, i, j, 0};
          einblas_poke(out.at(index), out.type, std::nan(""));
        }
  const std::string what = einblas_step_kernel(step) + std::string(": ") + einblas_step_description(step);
  const int32_t ran = einblas_step_run(step, x0.address, x1.address, c.biased ? bias.address : 0, out.address, c.alpha,
                                       c.beta, c.threads);
  const bool fused = std::string(einblas_step_description(step)).find("finished at the end") != std::string::npos;
  const bool sums = std::find(c.lengths.begin(), c.lengths.end(), 0) == c.lengths.end();
  const bool finishes = c.biased || c.activation != EINBLAS_MAP_COPY;
  const char* const forced = std::getenv("EINBLAS_KERNEL");
  einblas_step_destroy(step);
  if (sums && finishes && fused != (forced == nullptr || *forced == '\0')) return what + ": where is the epilogue?";
  if (ran != EINBLAS_OK) return what + ": not run: " + std::to_string(ran);
  size_t at = 0;
  for (int64_t b = 0; b < c.lengths[0]; ++b)
    for (int64_t i = 0; i < c.lengths[1]; ++i)
      for (int64_t j = 0; j < c.lengths[2]; ++j, ++at) {
        const int64_t index[] = {b, i, j, 0};
        const double got = out.get(index);
        if (std::abs(got - want[at]) > room[at] || std::isnan(got))
          return what + ": (" + std::to_string(b) + ", " + std::to_string(i) + ", " + std::to_string(j) + ") is " +
                 std::to_string(got) + " instead of " + std::to_string(want[at]);
      }
  return "";
}

const std::vector<std::vector<int32_t>> kTypes = {
    {EINBLAS_F32, EINBLAS_F32, EINBLAS_F32, EINBLAS_F32},    {EINBLAS_F64, EINBLAS_F64, EINBLAS_F64, EINBLAS_F64},
    {EINBLAS_BF16, EINBLAS_BF16, EINBLAS_BF16, EINBLAS_F32}, {EINBLAS_F16, EINBLAS_F32, EINBLAS_F16, EINBLAS_F32},
    {EINBLAS_I8, EINBLAS_F32, EINBLAS_F32, EINBLAS_F32},     {EINBLAS_F64, EINBLAS_F32, EINBLAS_BF16, EINBLAS_F64}};
const std::vector<std::vector<int>> kBiases = {{}, {2}, {1}, {0}, {1, 2}, {0, 2}, {0, 1, 2}};
const std::vector<Lengths> kShapes = {{1, 13, 37, 19}, {3, 7, 5, 11},  {1, 1, 300, 5}, {17, 1, 1, 9},
                                      {1, 1, 1, 1},    {2, 70, 90, 3}, {1, 600, 3, 4}};

TEST(Epilogue, IsRightForEveryTypeBiasAndActivation) {
  uint32_t seed = 1;
  for (const auto& types : kTypes)
    for (const auto& axes : kBiases)
      for (const int32_t activation : kActivations)
        for (const Lengths& lengths : kShapes) {
          Case c{lengths, types, types[3], activation, axes};
          c.biased = seed % 7 != 0;
          c.bias_type = seed % 3 == 0 ? types[2] : seed % 5 == 0 ? EINBLAS_BF16 : types[3];
          const double factors[][2] = {{1, 0}, {1, 1}, {-2, 0.5}, {0, 1}, {0, 0}, {0, 2}};
          c.alpha = factors[seed % 6][0];
          c.beta = factors[seed % 6][1];
          c.threads = seed % 2 == 0 ? 1 : 3;
          ++seed;
          if (left_out(static_cast<int>(seed))) continue;
          const std::string wrong = run_case(c, seed);
          ASSERT_EQ(wrong, "") << "seed " << seed << ", activation " << activation;
        }
}

TEST(Epilogue, IsRightInPiecesOfAnySize) {
  const WithTunable side("CONVERT_SIDE", 32), near("CONVERT_NEAR", 4096), far("CONVERT_FAR", 16384);
  for (uint32_t seed = 1; seed <= 24; ++seed)
    for (const Lengths& lengths : {Lengths{1, 150, 130, 40}, Lengths{5, 60, 50, 20}, Lengths{1, 3, 4000, 17}}) {
      Case c{lengths, kTypes[seed % kTypes.size()], EINBLAS_F32, kActivations[seed % 5],
             kBiases[seed % kBiases.size()]};
      c.bias_type = c.types[3];
      c.beta = seed % 2;
      c.threads = static_cast<int>(1 + seed % 4);
      if (seed % 3 == 0) c.bytes = 20000;
      ASSERT_EQ(run_case(c, seed), "") << "seed " << seed;
    }
}

TEST(Epilogue, SumsOfNothingAndEmptyOutputs) {
  for (const int32_t activation : kActivations) {
    Case c{{2, 3, 5, 0}, kTypes[0], EINBLAS_F32, activation, {2}};
    ASSERT_EQ(run_case(c, 5), "");
    c.beta = 1;
    ASSERT_EQ(run_case(c, 6), "");
    c.lengths = {2, 0, 5, 3};
    ASSERT_EQ(run_case(c, 7), "");
  }
}

TEST(Epilogue, SameBitsForAnyThreads) {
  const int64_t lengths[] = {700, 300, 200}, strides[] = {200, 0, 1, 0, 200, 1, 300, 1, 0}, bias[] = {0, 1};
  const int32_t types[] = {EINBLAS_F32, EINBLAS_F32, EINBLAS_F32, EINBLAS_F32};
  Random random(3);
  const std::vector<float> a = random.reals<float>(700 * 200), b = random.reals<float>(300 * 200),
                           added = random.reals<float>(300);
  int64_t step = 0;
  ASSERT_EQ(einblas_step_create_finished(types, 0, 2, 3, 2, lengths, strides, EINBLAS_F32, bias, EINBLAS_MAP_GELU,
                                         INT64_MAX, &step),
            EINBLAS_OK);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3, 7}) {
    std::vector<float> c(700 * 300);
    ASSERT_EQ(
        einblas_step_run(step, reinterpret_cast<int64_t>(a.data()), reinterpret_cast<int64_t>(b.data()),
                         reinterpret_cast<int64_t>(added.data()), reinterpret_cast<int64_t>(c.data()), 1, 0, threads),
        EINBLAS_OK);
    results.push_back(c);
  }
  einblas_step_destroy(step);
  for (const auto& r : results) EXPECT_EQ(r, results[0]);
}

TEST(Epilogue, IsAPassOfItsOwnWhereAKernelIsForced) {
  const std::string before = std::getenv("EINBLAS_KERNEL") == nullptr ? "" : std::getenv("EINBLAS_KERNEL");
  setenv("EINBLAS_KERNEL", "loops", 1);
  for (uint32_t seed = 1; seed <= 14; ++seed) {
    Case c{{3, 7, 5, 11}, kTypes[seed % 2], EINBLAS_F32, kActivations[seed % 5], kBiases[seed % kBiases.size()]};
    c.bias_type = c.types[3];
    c.biased = seed % 3 != 0;
    c.beta = seed % 2;
    EXPECT_EQ(run_case(c, seed), "") << "seed " << seed;
  }
  setenv("EINBLAS_KERNEL", before.c_str(), 1);
}

TEST(Epilogue, RefusesWhatItHasNoMeaningFor) {
  const int64_t lengths[] = {4, 5}, strides[] = {5, 1, 1, 0}, bias[] = {1};
  const auto create = [&](std::vector<int32_t> types, int32_t bias_type, int32_t activation, int32_t operands = 1) {
    int64_t step = 0;
    const int32_t status = einblas_step_create_finished(types.data(), 0, operands, 2, 1, lengths, strides, bias_type,
                                                        bias, activation, INT64_MAX, &step);
    einblas_step_destroy(step);
    return status;
  };
  const int32_t f = EINBLAS_F32, i = EINBLAS_I32, c = EINBLAS_C64;
  EXPECT_EQ(create({f, f, f}, f, EINBLAS_MAP_GELU), EINBLAS_OK);
  EXPECT_EQ(create({f, f, f}, f, EINBLAS_MAP_EXP), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(create({f, f, f}, f, -1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(create({f, f, f}, EINBLAS_F64, EINBLAS_MAP_COPY), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(create({f, f, f}, 99, EINBLAS_MAP_COPY), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(create({i, i, i}, i, EINBLAS_MAP_RELU), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(create({c, c, c}, c, EINBLAS_MAP_COPY), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(create({f, f, f, f, f}, f, EINBLAS_MAP_GELU, 3), EINBLAS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace einblas_test
