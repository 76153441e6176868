// Checks of integer steps against a scalar model: the first element that does not fit, and its value.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/guarded.hpp"
#include "support/random.hpp"

namespace einblas_test {
namespace {

using Whole = __int128;

constexpr int32_t kI32 = EINBLAS_I32, kI64 = EINBLAS_I64, kI8 = EINBLAS_I8, kU8 = EINBLAS_U8, kI16 = EINBLAS_I16,
                  kBool = EINBLAS_BOOL;

struct Range {
  int64_t low, high;
};
Range range_of(int32_t type) {
  switch (type) {
    case EINBLAS_I8:
      return {INT8_MIN, INT8_MAX};
    case EINBLAS_U8:
      return {0, UINT8_MAX};
    case EINBLAS_I16:
      return {INT16_MIN, INT16_MAX};
    case EINBLAS_I32:
      return {INT32_MIN, INT32_MAX};
    case EINBLAS_BOOL:
      return {0, 1};
    default:
      return {INT64_MIN, INT64_MAX};
  }
}

// A tensor by its own axes: strides of a permutation, some turned round, in memory to the byte.
struct Operand {
  int32_t type;
  std::vector<int64_t> strides;  // 0 where it lacks an axis
  int64_t first = 0, count = 1;
  Guarded memory;

  Operand(Random& random, int32_t t, const std::vector<int64_t>& lengths, const std::vector<bool>& has)
      : type(t), strides(lengths.size(), 0), memory(bytes(t, lengths, has), Guarded::At::End) {
    std::vector<size_t> order;
    for (size_t a = 0; a < lengths.size(); ++a)
      if (has[a]) order.insert(order.begin() + random.below(static_cast<int64_t>(order.size()) + 1), a);
    for (size_t a : order) {
      strides[a] = count;
      count *= lengths[a];
      if (random.below(4) == 0) {
        first += (lengths[a] - 1) * strides[a];
        strides[a] = -strides[a];
      }
    }
  }
  static int64_t bytes(int32_t t, const std::vector<int64_t>& lengths, const std::vector<bool>& has) {
    int64_t n = einblas_dtype_size(t);
    for (size_t a = 0; a < lengths.size(); ++a) n *= has[a] ? lengths[a] : 1;
    return n;
  }
  int64_t place(int64_t element) const {
    return reinterpret_cast<int64_t>(memory.as<char>()) + element * einblas_dtype_size(type);
  }
  int64_t address() const { return place(first); }
  void fill(Random& random, double most) {
    const Range r = range_of(type);
    for (int64_t i = 0; i < count; ++i) {
      double v = random.real() * most;
      if (r.low == 0) v = std::fabs(v);
      v = std::min(std::max(v, static_cast<double>(r.low)), static_cast<double>(r.high) * (1 - 0x1p-53));
      einblas_poke_integer(place(i), type, static_cast<int64_t>(v));
    }
  }
};

struct Answer {
  int64_t index = -1;
  Whole value = 0;
};

class CheckRandom : public testing::TestWithParam<int> {};

TEST_P(CheckRandom, FirstElementAndValueAreTheModels) {
  Random random(static_cast<uint32_t>(GetParam()));
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int round = 0; round < 60; ++round) {
    const int32_t sums = random.below(2) == 0 ? kI32 : kI64;
    const std::vector<int32_t> in32 = {kI8, kU8, kI16, kI32, kI32, kBool}, in64 = {kI64, kI64, kI32, kI8, kBool};
    const std::vector<int32_t> out32 = {kI8, kU8, kI16, kI32, kI32}, out64 = {kI64, kI64, kI32, kI16, kU8};
    const auto pick = [&](const std::vector<int32_t>& of) {
      return of[static_cast<size_t>(random.below(static_cast<int64_t>(of.size())))];
    };
    const int operands = static_cast<int>(random.below(4)), axes = static_cast<int>(random.below(5));
    const int outer = static_cast<int>(random.below(axes + 1));
    std::vector<int64_t> lengths;
    for (int a = 0; a < axes; ++a)
      lengths.push_back(random.below(12) == 0 ? random.below(2) : random.upto(a == 0 ? 40 : 9));
    std::vector<int32_t> types;
    std::deque<Operand> x;
    std::vector<int64_t> strides;
    double terms = 1;
    for (int a = outer; a < axes; ++a) terms *= std::max(1.0, static_cast<double>(lengths[static_cast<size_t>(a)]));
    for (int t = 0; t < operands; ++t) {
      std::vector<bool> has;
      for (int a = 0; a < axes; ++a) has.push_back(random.below(4) != 0);
      types.push_back(pick(sums == kI32 ? in32 : in64));
      x.emplace_back(random, types.back(), lengths, has);
      strides.insert(strides.end(), x.back().strides.begin(), x.back().strides.end());
    }
    types.push_back(pick(sums == kI32 ? out32 : out64));
    types.push_back(sums);
    const Range range = range_of(types[static_cast<size_t>(operands)]);
    std::vector<bool> out(static_cast<size_t>(axes), false);
    for (int a = 0; a < outer; ++a) out[static_cast<size_t>(a)] = true;
    std::vector<int64_t> out_lengths = lengths;
    Operand c(random, types[static_cast<size_t>(operands)], out_lengths, out);
    strides.insert(strides.end(), c.strides.begin(), c.strides.end());
    // Results near the borders of the range; of sums, what random signs leave of them.
    const double target = static_cast<double>(range.high) * std::exp2(random.real() * 4) / std::sqrt(terms);
    for (Operand& o : x)
      o.fill(random, std::max(1.0, std::pow(target, 1.0 / operands)) * std::exp2(random.real() * 0.5));
    c.fill(random, static_cast<double>(range.high));
    const std::vector<double> alphas = {1, 1, 1, -1, 2, 0, -3}, betas = {0, 0, 1, -1, 2, -5};
    const double alpha = alphas[static_cast<size_t>(random.below(7))],
                 beta = betas[static_cast<size_t>(random.below(6))];

    Answer want;
    int64_t outputs = 1, sum_terms = 1;
    for (int a = 0; a < axes; ++a) (a < outer ? outputs : sum_terms) *= lengths[static_cast<size_t>(a)];
    bool too_large = false;  // for the model
    for (int64_t o = 0; o < outputs && want.index < 0; ++o) {
      std::vector<int64_t> at(static_cast<size_t>(axes), 0);
      int64_t left = o;
      for (int a = outer; a-- > 0; left /= lengths[static_cast<size_t>(a)])
        at[static_cast<size_t>(a)] = left % lengths[static_cast<size_t>(a)];
      const auto element = [&](const Operand& of) {
        int64_t e = of.first;
        for (size_t a = 0; a < at.size(); ++a) e += at[a] * of.strides[a];
        return einblas_peek_integer(of.place(e), of.type);
      };
      unsigned __int128 sum = 0;
      double size = 0;
      for (int64_t r = 0; r < sum_terms; ++r) {
        int64_t rest = r;
        for (int a = axes; a-- > outer; rest /= lengths[static_cast<size_t>(a)])
          at[static_cast<size_t>(a)] = rest % lengths[static_cast<size_t>(a)];
        unsigned __int128 product = 1;  // may wrap where the model is not asked
        double bits = 1;
        for (const Operand& of : x) {
          bits *= std::fabs(static_cast<double>(element(of)));
          product *= static_cast<unsigned __int128>(static_cast<Whole>(element(of)));
        }
        size += bits;
        sum += product;
      }
      too_large |= size > 0x1p120;
      const Whole v =
          static_cast<Whole>(alpha) * static_cast<Whole>(sum) + (beta == 0 ? 0 : static_cast<Whole>(beta) * element(c));
      if (v < range.low || v > range.high) want = {o, v};
    }
    if (too_large) continue;
    for (int64_t bytes : {INT64_MAX, int64_t{0}, int64_t{300}, int64_t{8200}, int64_t{1} << 20}) {
      int64_t check = 0;
      ASSERT_EQ(EINBLAS_OK, einblas_check_create(types.data(), operands, axes, outer, lengths.data(), strides.data(),
                                                 bytes, &check));
      int64_t at[3] = {0, 0, 0};
      for (size_t t = 0; t < x.size(); ++t) at[t] = x[t].address();
      for (int32_t threads : {1, 3})
        ASSERT_EQ(want.index, einblas_check_run(check, at[0], at[1], at[2], c.address(), alpha, beta, threads))
            << "round " << round << ", bytes " << bytes << ", threads " << threads;
      if (want.index >= 0) {
        int64_t words[8];
        ASSERT_EQ(EINBLAS_OK,
                  einblas_check_value(check, at[0], at[1], at[2], c.address(), alpha, beta, want.index, words));
        const Whole got = static_cast<Whole>(static_cast<unsigned __int128>(static_cast<uint64_t>(words[1])) << 64 |
                                             static_cast<uint64_t>(words[0]));
        EXPECT_TRUE(got == want.value) << "round " << round;
        for (int w = 2; w < 8; ++w) EXPECT_EQ(want.value < 0 ? -1 : 0, words[w]);
      }
      EXPECT_GE(einblas_check_memory(check, 2), 0);
      EXPECT_LE(einblas_check_memory(check, 1), bytes) << "round " << round;
      einblas_check_destroy(check);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CheckRandom, testing::Range(0, 12));

// A matrix product: element (row, column) of two lengths^2 matrices of ones gets `extra` more.
struct Product {
  int64_t n;
  std::vector<int64_t> a, b, c;
  int64_t check = 0;

  explicit Product(int64_t length, int64_t bytes = INT64_MAX)
      : n(length), a(static_cast<size_t>(n * n), 1), b(a), c(static_cast<size_t>(n * n), 7) {
    const int32_t types[] = {kI64, kI64, kI64, kI64};
    const int64_t lengths[] = {n, n, n}, strides[] = {n, 0, 1, 0, 1, n, n, 1, 0};
    EXPECT_EQ(EINBLAS_OK, einblas_check_create(types, 2, 3, 2, lengths, strides, bytes, &check));
  }
  ~Product() { einblas_check_destroy(check); }
  int64_t first(double alpha = 1, double beta = 0, int32_t threads = 2) {
    return einblas_check_run(check, reinterpret_cast<int64_t>(a.data()), reinterpret_cast<int64_t>(b.data()), 0,
                             reinterpret_cast<int64_t>(c.data()), alpha, beta, threads);
  }
};

TEST(Check, BordersOfI64AreExact) {
  for (int64_t bytes : {INT64_MAX, int64_t{0}}) {
    Product p(70, bytes);
    for (int64_t k = 0; k < 70; ++k) p.a[static_cast<size_t>(33 * 70 + k)] = 0;
    p.a[33 * 70 + 5] = INT64_MAX;  // times 1: the largest that fits
    EXPECT_EQ(-1, p.first());
    p.a[33 * 70 + 6] = 1;
    EXPECT_EQ(33 * 70, p.first());
    p.b[6 * 70 + 0] = 0;
    EXPECT_EQ(33 * 70 + 1, p.first());
    p.a[33 * 70 + 5] = INT64_MIN;
    EXPECT_EQ(-1, p.first());
    p.a[33 * 70 + 6] = 0;
    EXPECT_EQ(33 * 70, p.first(-1)) << "minus the least number is none";
    p.a[33 * 70 + 5] = -INT64_MAX;
    EXPECT_EQ(-1, p.first(-1));
    p.c.assign(p.c.size(), INT64_MIN);
    EXPECT_EQ(0, p.first(1, 2));
    EXPECT_EQ(0, p.first(-1, 1));
    EXPECT_EQ(33 * 70, p.first(0, 1) == -1 ? p.first(1, 1) : -2) << "alpha 0, beta 1: nothing is written";
  }
}

TEST(Check, PartialSumsMayPassTheRange) {
  Product p(40);
  for (int64_t k = 0; k < 40; ++k) p.a[static_cast<size_t>(k)] = k < 20 ? INT64_MAX : -INT64_MAX;
  EXPECT_EQ(-1, p.first());
}

TEST(Check, EmptyAndUnread) {
  const int32_t types[] = {kI32, kI32, kI8, kI32};
  const int64_t lengths[] = {3, 0}, strides[] = {0, 1, 0, 1, 1, 0};
  int64_t check = 0;
  ASSERT_EQ(EINBLAS_OK, einblas_check_create(types, 2, 2, 1, lengths, strides, INT64_MAX, &check));
  const int8_t c[] = {1, -128, 127};
  const int64_t at = reinterpret_cast<int64_t>(c);
  EXPECT_EQ(-1, einblas_check_run(check, 0, 0, 0, at, 1, 0, 1));
  EXPECT_EQ(-1, einblas_check_run(check, 0, 0, 0, at, 1, 1, 1));
  EXPECT_EQ(1, einblas_check_run(check, 0, 0, 0, at, 1, -1, 1));
  EXPECT_EQ(1, einblas_check_run(check, 0, 0, 0, at, 0, 2, 1));
  einblas_check_destroy(check);
}

TEST(Check, AxesThatNothingHasMultiply) {
  const int32_t types[] = {kI64, kI64, kI64};
  const int64_t lengths[] = {2, int64_t{1} << 62, int64_t{1} << 62, int64_t{1} << 62},
                strides[] = {1, 0, 0, 0, 1, 0, 0, 0};
  int64_t check = 0, words[8];
  ASSERT_EQ(EINBLAS_OK, einblas_check_create(types, 1, 4, 1, lengths, strides, INT64_MAX, &check));
  int64_t x[] = {0, 0}, c[] = {0, 0};
  const int64_t a = reinterpret_cast<int64_t>(x), o = reinterpret_cast<int64_t>(c);
  EXPECT_EQ(-1, einblas_check_run(check, a, 0, 0, o, 1, 0, 1));
  x[1] = -1;
  EXPECT_EQ(1, einblas_check_run(check, a, 0, 0, o, 1, 0, 1));
  EXPECT_EQ(EINBLAS_NOT_APPLICABLE, einblas_check_value(check, a, 0, 0, o, 1, 0, 1, words))
      << "2^186 is printed no more";
  EXPECT_EQ(EINBLAS_OK, einblas_check_value(check, a, 0, 0, o, 1, 0, 0, words));
  einblas_check_destroy(check);
}

TEST(Check, RefusesWhatIsNoStepOfIntegers) {
  int64_t check = 0;
  const int64_t lengths[] = {2, -1}, strides[] = {1, 1, 1, 0};
  const int32_t reals[] = {EINBLAS_F32, EINBLAS_F32, EINBLAS_F32}, narrow[] = {kI32, kI8, kI8},
                wider[] = {kI64, kI32, kI32}, whole[] = {kI32, kI32, kI32}, none[] = {99, kI32, kI32};
  for (const int32_t* types : {reals, narrow, wider, none})
    EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_check_create(types, 1, 1, 1, lengths, strides, INT64_MAX, &check));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_check_create(whole, 1, 2, 1, lengths, strides, INT64_MAX, &check));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_check_create(whole, 1, 1, 1, lengths, strides, -1, &check));
  ASSERT_EQ(EINBLAS_OK, einblas_check_create(whole, 1, 1, 1, lengths, strides, INT64_MAX, &check));
  EXPECT_EQ(-2 - EINBLAS_INVALID_ARGUMENT, einblas_check_run(check, 0, 0, 0, 0, 0.5, 0, 1));
  EXPECT_EQ(-2 - EINBLAS_INVALID_ARGUMENT, einblas_check_run(0, 0, 0, 0, 0, 1, 0, 1));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_check_value(check, 0, 0, 0, 0, 1, 0, -1, nullptr));
  einblas_check_destroy(check);
  einblas_check_destroy(0);
}

}  // namespace
}  // namespace einblas_test
