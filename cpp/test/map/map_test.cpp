// Maps, reductions, functions of rows and moves against plain loops: any types and strides, in memory to the byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "einblas.h"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/thinned.hpp"

namespace {

using einblas_test::Guarded;
using einblas_test::Random;

constexpr int32_t kReals[] = {EINBLAS_F32, EINBLAS_F64, EINBLAS_BF16, EINBLAS_F16};
constexpr int32_t kIntegers[] = {EINBLAS_I32, EINBLAS_I64, EINBLAS_I8, EINBLAS_U8, EINBLAS_I16};

// A tensor of small whole numbers and halves, which every type but the integers holds.
struct Tensor {
  int32_t type;
  std::vector<int64_t> lengths, strides;
  std::unique_ptr<Guarded> memory;
  int64_t address = 0;

  // Axes in any order in memory, with gaps, some of them backwards; zero: bit a makes axis a a repeated element.
  Tensor(Random& random, int32_t of, const std::vector<int64_t>& shape, bool dense = false, unsigned zero = 0)
      : type(of), lengths(shape), strides(shape.size()) {
    std::vector<size_t> order(shape.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (!dense) std::shuffle(order.begin(), order.end(), random.engine());
    int64_t step = dense || random.below(3) > 0 ? 1 : 2, first = 0;
    for (size_t i = order.size(); i-- > 0;) {
      const size_t a = order[i];
      if ((zero >> a & 1) != 0) {
        strides[a] = 0;
        continue;
      }
      strides[a] = step;
      step *= lengths[a] + (dense || random.below(3) > 0 ? 0 : 1);
      if (!dense && random.below(4) == 0) {
        first += (lengths[a] - 1) * strides[a];
        strides[a] = -strides[a];
      }
    }
    int64_t last = 0;
    for (size_t a = 0; a < lengths.size(); ++a) last += (lengths[a] - 1) * std::abs(strides[a]);
    const int64_t size = einblas_dtype_size(type);
    memory = std::make_unique<Guarded>((last + 1) * size, random.below(2) == 0 ? Guarded::At::Start : Guarded::At::End);
    address = reinterpret_cast<int64_t>(memory->as<char>()) + first * size;
    for (int64_t i = 0; i < elements(); ++i) set(i, draw(random));
  }
  double draw(Random& random) const {
    switch (type) {
      case EINBLAS_BOOL:
        return static_cast<double>(random.below(2));
      case EINBLAS_U8:
        return static_cast<double>(random.below(12));
      case EINBLAS_I8:
      case EINBLAS_I16:
      case EINBLAS_I32:
      case EINBLAS_I64:
        return static_cast<double>(random.below(21) - 10);
      default:
        return static_cast<double>(random.below(41) - 20) / 4;
    }
  }
  int64_t elements() const {
    int64_t n = 1;
    for (int64_t l : lengths) n *= l;
    return n;
  }
  int64_t at(int64_t i) const {
    int64_t place = 0;
    for (size_t a = lengths.size(); a-- > 0;) {
      place += i % lengths[a] * strides[a];
      i /= lengths[a];
    }
    return address + place * einblas_dtype_size(type);
  }
  double get(int64_t i) const { return einblas_peek(at(i), type); }
  void set(int64_t i, double v) { einblas_poke(at(i), type, v); }
  int axes() const { return static_cast<int>(lengths.size()); }
};

std::vector<int64_t> shape_of(Random& random, int most_axes) {
  std::vector<int64_t> shape(static_cast<size_t>(random.below(most_axes + 1)));
  // One long axis at most, so that lines and blocks end anywhere.
  const size_t longest = shape.empty() ? 0 : static_cast<size_t>(random.below(static_cast<int64_t>(shape.size())));
  for (size_t a = 0; a < shape.size(); ++a) shape[a] = a == longest ? random.upto(300) : random.upto(7);
  return shape;
}

int rounds(int all) { return einblas_test::kOneIn == 1 ? all : all / 8; }

double rounded(double v, int32_t type) {
  char room[16];
  const int64_t at = reinterpret_cast<int64_t>(static_cast<char*>(room));
  einblas_poke(at, type, v);
  return einblas_peek(at, type);
}

// Of values that are exact in every type: halves and quarters, so that results are exact too but for quotients.
TEST(Map, ArithmeticIsExactForAnyTypesAndStrides) {
  struct Op {
    int32_t what, operands;
    double (*value)(double, double, double);
    bool whole;
  };
  const Op ops[] = {
      {EINBLAS_MAP_COPY, 1, [](double a, double, double) { return a; }, true},
      {EINBLAS_MAP_SCALE, 1, [](double a, double, double) { return 2 * a; }, true},
      {EINBLAS_MAP_SHIFT, 1, [](double a, double, double) { return 2 * a + 1; }, true},
      {EINBLAS_MAP_AFFINE, 2, [](double a, double b, double) { return 2 * a + 3 * b + 1; }, true},
      {EINBLAS_MAP_ADD, 2, [](double a, double b, double) { return a + b; }, true},
      {EINBLAS_MAP_SUBTRACT, 2, [](double a, double b, double) { return a - b; }, true},
      {EINBLAS_MAP_MULTIPLY, 2, [](double a, double b, double) { return a * b; }, true},
      {EINBLAS_MAP_MULTIPLY_ADD, 3, [](double a, double b, double c) { return a * b + c; }, false},
      {EINBLAS_MAP_ABS, 1, [](double a, double, double) { return std::fabs(a); }, true},
      {EINBLAS_MAP_SIGN, 1, [](double a, double, double) { return a > 0   ? 1.
                                                                  : a < 0 ? -1.
                                                                          : 0.; }, true},
      {EINBLAS_MAP_RELU, 1, [](double a, double, double) { return a > 0 ? a : 0; }, true},
      {EINBLAS_MAP_MAXIMUM, 2, [](double a, double b, double) { return std::max(a, b); }, true},
      {EINBLAS_MAP_MINIMUM, 2, [](double a, double b, double) { return std::min(a, b); }, true},
      {EINBLAS_MAP_EQUAL, 2, [](double a, double b, double) { return a == b ? 1. : 0.; }, true},
      {EINBLAS_MAP_NOT_EQUAL, 2, [](double a, double b, double) { return a != b ? 1. : 0.; }, true},
      {EINBLAS_MAP_LESS, 2, [](double a, double b, double) { return a < b ? 1. : 0.; }, true},
      {EINBLAS_MAP_LESS_EQUAL, 2, [](double a, double b, double) { return a <= b ? 1. : 0.; }, true},
      {EINBLAS_MAP_WHERE, 3, [](double a, double b, double c) { return a != 0 ? b : c; }, true},
  };
  const double scalars[] = {2, 3, 1};
  for (int seed = 0; seed < rounds(400); ++seed) {
    Random random(static_cast<uint32_t>(seed));
    const Op& op = ops[seed % static_cast<int>(std::size(ops))];
    const bool whole = op.whole && random.below(3) == 0;
    const int32_t compute =
        whole ? (random.below(2) == 0 ? EINBLAS_I32 : EINBLAS_I64) : (random.below(2) == 0 ? EINBLAS_F32 : EINBLAS_F64);
    const auto type = [&](bool narrow) {
      if (whole)
        return narrow && compute == EINBLAS_I32 ? kIntegers[random.below(5) == 1 ? 0 : 2 + random.below(3)] : compute;
      return compute == EINBLAS_F64 ? EINBLAS_F64 : kReals[random.below(2) == 0 ? 0 : 2 + random.below(2)];
    };
    const std::vector<int64_t> shape = shape_of(random, 4);
    const bool dense = random.below(3) == 0;
    std::vector<Tensor> x;
    std::vector<int32_t> types;
    std::vector<int64_t> strides;
    for (int t = 0; t < op.operands; ++t) {
      const bool condition = op.what == EINBLAS_MAP_WHERE && t == 0;
      x.emplace_back(random, condition ? EINBLAS_BOOL : type(true), shape, dense,
                     random.below(4) == 0 ? static_cast<unsigned>(random.below(16)) : 0);
      types.push_back(x.back().type);
      strides.insert(strides.end(), x.back().strides.begin(), x.back().strides.end());
    }
    Tensor out(random, type(false), shape, dense);
    // In place: the output is the first operand itself.
    const bool in_place = random.below(4) == 0 && x[0].type == out.type;
    std::vector<double> want;
    if (in_place) {
      std::copy(out.strides.begin(), out.strides.end(), strides.begin());
      for (int64_t i = 0; i < out.elements(); ++i) out.set(i, x[0].get(i));
    }
    for (int64_t i = 0; i < out.elements(); ++i)
      want.push_back(rounded(op.value(in_place ? out.get(i) : x[0].get(i), op.operands > 1 ? x[1].get(i) : 0,
                                      op.operands > 2 ? x[2].get(i) : 0),
                             out.type));
    types.push_back(out.type);
    strides.insert(strides.end(), out.strides.begin(), out.strides.end());
    ASSERT_EQ(einblas_map(op.what, compute, types.data(), 0, out.axes(), shape.data(), strides.data(),
                          in_place ? out.address : x[0].address, op.operands > 1 ? x[1].address : 0,
                          op.operands > 2 ? x[2].address : 0, out.address, scalars, 1 + seed % 3),
              EINBLAS_OK)
        << "seed " << seed;
    for (int64_t i = 0; i < out.elements(); ++i)
      ASSERT_EQ(out.get(i), want[static_cast<size_t>(i)]) << "seed " << seed << ", what " << op.what << ", place " << i;
  }
}

TEST(Map, ReductionsAreThoseOfPlainLoops) {
  for (int seed = 0; seed < rounds(400); ++seed) {
    Random random(static_cast<uint32_t>(seed));
    const int32_t what = seed % 3;
    const bool whole = what < 2 && random.below(3) == 0;
    const int32_t compute = whole ? EINBLAS_I32 : random.below(2) == 0 ? EINBLAS_F32 : EINBLAS_F64;
    const int32_t type = whole                    ? kIntegers[random.below(5) == 1 ? 0 : 2 + random.below(3)]
                         : compute == EINBLAS_F64 ? EINBLAS_F64
                                                  : kReals[random.below(2) == 0 ? 0 : 2];
    std::vector<int64_t> shape = shape_of(random, 4);
    if (seed % 40 == 7) shape = {3, 300000};  // more than a part
    const int outer = static_cast<int>(random.below(static_cast<int64_t>(shape.size()) + 1));
    Tensor x(random, type, shape, random.below(3) == 0);
    Tensor out(random, whole ? type : compute, std::vector<int64_t>(shape.begin(), shape.begin() + outer));
    const int32_t types[] = {x.type, out.type};
    ASSERT_EQ(einblas_map_reduce(what, compute, types, x.axes(), outer, shape.data(), x.address, x.strides.data(),
                                 out.address, out.strides.data(), 1 + seed % 3),
              EINBLAS_OK);
    const int64_t inner = x.elements() / out.elements();
    for (int64_t o = 0; o < out.elements(); ++o) {
      double most = x.get(o * inner);
      long double sum = 0;
      for (int64_t i = 0; i < inner; ++i) {
        const double v = x.get(o * inner + i);
        most = what == 1 ? std::min(most, v) : std::max(most, v);
        sum += expl(v);
      }
      if (what < 2) {
        ASSERT_EQ(out.get(o), most) << "seed " << seed << ", place " << o;
      } else {
        // Exponentials are off by 2 units, sums of them by one for each of a chain of at most 512 additions.
        const double unit = compute == EINBLAS_F32 ? 0x1p-24 : 0x1p-53;
        ASSERT_NEAR(out.get(o), static_cast<double>(logl(sum)),
                    unit * (520 + 4 * static_cast<double>(fabsl(logl(sum)))))
            << "seed " << seed << ", place " << o;
      }
    }
  }
}

// Softmax, its gradient, layer norm, its gradient, sums up to each element, first indices.
TEST(Map, FunctionsOfRowsAreThoseOfPlainLoops) {
  for (int seed = 0; seed < rounds(600); ++seed) {
    Random random(static_cast<uint32_t>(seed));
    const int32_t what = seed % 7;
    const bool whole = what >= 4 && random.below(3) == 0;
    const int32_t compute = whole ? EINBLAS_I64 : random.below(2) == 0 ? EINBLAS_F32 : EINBLAS_F64;
    const int32_t type = whole                    ? kIntegers[random.below(5)]
                         : compute == EINBLAS_F64 ? EINBLAS_F64
                                                  : kReals[random.below(2) == 0 ? 0 : 2];
    std::vector<int64_t> shape = shape_of(random, 2);
    shape.push_back(random.upto(40));
    if (random.below(3) == 0) {
      shape.back() = random.upto(3000);
      for (size_t a = 0; a + 1 < shape.size(); ++a) shape[a] = std::min<int64_t>(shape[a], 5);
    }
    const int64_t n = shape.back();
    std::vector<int64_t> results = shape;
    if (what >= 5) results.back() = 1;
    Tensor x(random, type, shape, random.below(3) == 0), dy(random, type, shape, random.below(3) == 0);
    Tensor weight(random, compute, {n}), bias(random, type, {n});
    Tensor out(random, what >= 5 ? static_cast<int32_t>(EINBLAS_I64) : compute, results, random.below(3) == 0);
    const bool in_place = what < 5 && out.type == x.type && random.below(3) == 0;
    if (in_place) {
      x.strides = out.strides;
      x.address = out.address;
      for (int64_t i = 0; i < x.elements(); ++i) x.set(i, x.draw(random));
    }
    const int64_t rows = x.elements() / n;
    const double epsilon = 1e-3, count = static_cast<double>(n);
    std::vector<double> want(static_cast<size_t>(out.elements()));
    double scale = 1;
    for (int64_t r = 0; r < rows; ++r) {
      const auto at = [&](const Tensor& t, int64_t i) { return t.get(r * n + i); };
      double most = at(x, 0), sum = 0, mean = 0, squares = 0, both = 0, means = 0, hats = 0, up_to = 0;
      int64_t first = 0;
      for (int64_t i = 0; i < n; ++i) {
        if (what == 6 ? at(x, i) < most : at(x, i) > most) {
          most = at(x, i);
          first = i;
        }
        mean += at(x, i) / count;
        both += at(x, i) * at(dy, i);
      }
      for (int64_t i = 0; i < n; ++i) {
        sum += std::exp(at(x, i) - most);
        squares += (at(x, i) - mean) * (at(x, i) - mean) / count;
      }
      const double root = 1 / std::sqrt(squares + epsilon);
      for (int64_t i = 0; i < n; ++i) {
        const double g = at(dy, i) * weight.get(i), hat = (at(x, i) - mean) * root;
        means += g / count;
        hats += g * hat / count;
      }
      for (int64_t i = 0; i < n; ++i) {
        const double hat = (at(x, i) - mean) * root;
        up_to += at(x, i);
        const double values[] = {std::exp(at(x, i) - most) / sum, at(x, i) * (at(dy, i) - both),
                                 hat * weight.get(i) + bias.get(i),
                                 root * (at(dy, i) * weight.get(i) - means - hat * hats), up_to};
        if (what < 5) {
          want[static_cast<size_t>(r * n + i)] = values[what];
          scale = std::max(
              {scale, std::fabs(values[what]), what == 1 ? 5 * std::fabs(both) : 0, what == 3 ? root * 125 : 0});
        }
      }
      if (what >= 5) want[static_cast<size_t>(r)] = static_cast<double>(first);
    }
    const int32_t types[] = {x.type, dy.type, weight.type, bias.type, out.type};
    const int64_t addresses[] = {x.address, what == 1 || what == 3 ? dy.address : 0,
                                 what == 2 || what == 3 ? weight.address : 0, what == 2 ? bias.address : 0,
                                 out.address};
    std::vector<int64_t> strides = x.strides;
    strides.insert(strides.end(), dy.strides.begin(), dy.strides.end());
    strides.insert(strides.end(), out.strides.begin(), out.strides.end());
    strides.push_back(weight.strides[0]);
    strides.push_back(bias.strides[0]);
    ASSERT_EQ(einblas_map_rows(what, compute, types, 0, x.axes(), shape.data(), addresses, strides.data(), epsilon,
                               1 + seed % 3),
              EINBLAS_OK);
    // Sums of n terms in pieces, a root of at most 1000 and some roundings; whole and quarter numbers add up exactly.
    const double unit = compute == EINBLAS_F32 ? 0x1p-24 : 0x1p-53;
    const double most_off = what >= 4 ? 0 : unit * scale * (what == 0 ? 700 : 4000);
    for (int64_t i = 0; i < out.elements(); ++i)
      ASSERT_NEAR(out.get(i), want[static_cast<size_t>(i)], most_off)
          << "seed " << seed << ", what " << what << ", place " << i << (in_place ? ", in place" : "");
  }
}

TEST(Map, MovesByIndexAreThoseOfPlainLoops) {
  for (int seed = 0; seed < rounds(300); ++seed) {
    Random random(static_cast<uint32_t>(seed));
    const bool add = seed % 2 == 1;
    const int32_t out_type = seed % 3 == 0 ? kIntegers[random.below(5)] : kReals[random.below(4)];
    const int32_t x_type = out_type;
    std::vector<int64_t> own = shape_of(random, 2);
    own.push_back(random.upto(20));
    const size_t axis = static_cast<size_t>(random.below(static_cast<int64_t>(own.size())));
    std::vector<int64_t> moved = own;
    moved[axis] = random.upto(50);
    std::vector<int64_t> indices(static_cast<size_t>(moved[axis]));
    for (auto& i : indices) i = random.below(own[axis]);
    Tensor x(random, x_type, add ? moved : own), out(random, out_type, add ? own : moved);
    std::vector<double> want(static_cast<size_t>(out.elements()));
    for (int64_t i = 0; i < out.elements(); ++i) want[static_cast<size_t>(i)] = out.get(i);
    int64_t inner = 1;
    for (size_t a = axis + 1; a < own.size(); ++a) inner *= own[a];
    const int64_t given = moved[axis], length = own[axis], outer = x.elements() / (inner * (add ? given : length));
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t k = 0; k < given; ++k)
        for (int64_t i = 0; i < inner; ++i) {
          const int64_t long_at = (o * given + k) * inner + i;
          const int64_t own_at = (o * length + indices[static_cast<size_t>(k)]) * inner + i;
          if (add) {
            want[static_cast<size_t>(own_at)] += x.get(long_at);
          } else {
            want[static_cast<size_t>(long_at)] = x.get(own_at);
          }
        }
    const int32_t types[] = {x_type, out_type};
    ASSERT_EQ(
        einblas_map_move(add ? 1 : 0, types, 0, out.axes(), static_cast<int32_t>(axis), moved.data(), indices.data(),
                         x.address, x.strides.data(), out.address, out.strides.data(), 1 + seed % 3),
        EINBLAS_OK);
    for (int64_t i = 0; i < out.elements(); ++i) {
      double v = want[static_cast<size_t>(i)];
      if (out_type == EINBLAS_I8) v = static_cast<int8_t>(static_cast<int64_t>(v));
      if (out_type == EINBLAS_U8) v = static_cast<uint8_t>(static_cast<int64_t>(v));
      ASSERT_EQ(out.get(i), rounded(v, out_type)) << "seed " << seed << ", place " << i;
    }
  }
}

TEST(Map, SeriesDependOnPlacesAlone) {
  const int64_t n = 100003;
  for (int32_t type : {EINBLAS_F64, EINBLAS_F32, EINBLAS_BF16}) {
    const int64_t size = einblas_dtype_size(type);
    std::vector<char> one(static_cast<size_t>(n * size)), two(one.size());
    for (int32_t what = 0; what < 4; ++what) {
      ASSERT_EQ(einblas_map_series(what, type, n, reinterpret_cast<int64_t>(one.data()), 0.25, 2, 7, 1), EINBLAS_OK);
      ASSERT_EQ(einblas_map_series(what, type, n, reinterpret_cast<int64_t>(two.data()), 0.25, 2, 7, 3), EINBLAS_OK);
      EXPECT_EQ(one, two);
      double sum = 0, squares = 0, least = 1e9, most = -1e9;
      for (int64_t i = 0; i < n; ++i) {
        const double v = einblas_peek(reinterpret_cast<int64_t>(one.data()) + i * size, type);
        sum += v;
        squares += v * v;
        least = std::min(least, v);
        most = std::max(most, v);
      }
      const double count = static_cast<double>(n), mean = sum / count,
                   deviation = std::sqrt(squares / count - mean * mean);
      if (what == 2) {  // evenly from 0.25 to 2: six standard errors
        EXPECT_NEAR(mean, 1.125, 6 * 0.505 / std::sqrt(count));
        EXPECT_NEAR(deviation, 1.75 / std::sqrt(12.0), 0.01);
        EXPECT_GE(least, 0.25);
        EXPECT_LE(most, 2);
      } else if (what == 3) {
        EXPECT_NEAR(mean, 0.25, 6 * 2 / std::sqrt(count));
        EXPECT_NEAR(deviation, 2, 6 * 2 / std::sqrt(2 * count));
      } else {
        EXPECT_EQ(least, 0.25);
        EXPECT_EQ(most, what == 1 ? 2 : rounded(0.25 + 2 * static_cast<double>(n - 1), type));
      }
    }
  }
}

TEST(Map, RefusesWhatThereIsNot) {
  const int64_t n = 3, stride[] = {1, 1, 1};
  float x[3] = {1, 2, 3}, out[3] = {7, 7, 7};
  const double scalars[] = {1, 1, 0};
  const int64_t a = reinterpret_cast<int64_t>(static_cast<float*>(x)),
                o = reinterpret_cast<int64_t>(static_cast<float*>(out));
  const int32_t types[] = {EINBLAS_F32, EINBLAS_F32, EINBLAS_F32}, complex[] = {EINBLAS_C64, EINBLAS_F32};
  EXPECT_EQ(einblas_map(-1, EINBLAS_F32, types, 0, 1, &n, stride, a, a, 0, o, scalars, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_map(26, EINBLAS_F32, types, 0, 1, &n, stride, a, a, 0, o, scalars, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_map(EINBLAS_MAP_EXP, EINBLAS_I32, types, 0, 1, &n, stride, a, a, 0, o, scalars, 1),
            EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_map(EINBLAS_MAP_EXP, EINBLAS_BF16, types, 0, 1, &n, stride, a, a, 0, o, scalars, 1),
            EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_map(EINBLAS_MAP_TANH, EINBLAS_C64, complex, 0, 1, &n, stride, a, a, 0, o, scalars, 1),
            EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_map(EINBLAS_MAP_EXP, EINBLAS_F32, complex, 0, 1, &n, stride, a, a, 0, o, scalars, 1),
            EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(out[0], 7);
  const int64_t none = 0;
  EXPECT_EQ(einblas_map(EINBLAS_MAP_EXP, EINBLAS_F32, types, 0, 1, &none, stride, 0, 0, 0, 0, scalars, 1), EINBLAS_OK);
  EXPECT_EQ(einblas_map_reduce(0, EINBLAS_F32, types, 1, 0, &none, a, stride, o, stride, 1), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_map_series(2, EINBLAS_C64, 1, o, 0, 1, 0, 1), EINBLAS_INVALID_ARGUMENT);
}

}  // namespace
