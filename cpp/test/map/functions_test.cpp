// Elementary functions: their errors in units of the last place, on every instruction set, and their special values.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "einblas.h"
#include "support/random.hpp"
#include "support/thinned.hpp"

namespace {

using einblas_test::Random;

// Distance from the exact value in units of the last place of the result's type, subnormal ones too.
template <class T>
double ulps(T got, long double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : HUGE_VAL;
  const T near = static_cast<T>(want);
  if (std::isinf(near) || std::isinf(got)) return got == near ? 0 : std::isinf(near) && !std::isinf(got) ? 1 : HUGE_VAL;
  int exponent = 0;
  std::frexp(std::fabs(want), &exponent);
  const int least = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
  const int unit = want == 0 ? least : std::max(least, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / std::ldexp(1.0L, unit));
}

struct Function {
  const char* name;
  int32_t what;
  long double (*exact)(long double);
  double low, high;  // where most arguments are drawn from
  double f32, f64;   // errors that are promised
};

long double sigmoid(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
long double gelu(long double x) {
  if (std::isinf(x)) return x < 0 ? 0 : x;
  return x * (0.5L * erfcl(-x / sqrtl(2.0L)));
}

const Function kFunctions[] = {
    {"exp", EINBLAS_MAP_EXP, expl, -110, 95, 2, 1},
    {"exp wide", EINBLAS_MAP_EXP, expl, -750, 715, 2, 1},
    {"exp near 0", EINBLAS_MAP_EXP, expl, -2, 2, 2, 1},
    {"log", EINBLAS_MAP_LOG, logl, 0, 1000, 2, 1},
    {"log near 1", EINBLAS_MAP_LOG, logl, 0.5, 2, 2, 1},
    {"tanh", EINBLAS_MAP_TANH, tanhl, -4, 4, 2, 1},
    {"tanh where branches meet", EINBLAS_MAP_TANH, tanhl, 0.6, 1.2, 2, 1},
    {"sqrt", EINBLAS_MAP_SQRT, sqrtl, 0, 1e6, 0.5, 0.5},
    {"sigmoid", EINBLAS_MAP_SIGMOID, sigmoid, -30, 30, 3, 3},
    {"gelu", EINBLAS_MAP_GELU, gelu, -8, 8, 8, 8},
    {"gelu's tail", EINBLAS_MAP_GELU, gelu, -38, -1, 8, 8},
};

template <class T>
void check(const Function& f, int32_t type, int rounds) {
  Random random(17);
  const T infinity = std::numeric_limits<T>::infinity();
  const T special[] = {0,
                       -T{0},
                       infinity,
                       -infinity,
                       std::numeric_limits<T>::quiet_NaN(),
                       static_cast<T>(f.low),
                       static_cast<T>(f.high),
                       1,
                       -1,
                       static_cast<T>(0.625),
                       std::numeric_limits<T>::min(),
                       std::numeric_limits<T>::denorm_min(),
                       -std::numeric_limits<T>::denorm_min(),
                       std::numeric_limits<T>::max(),
                       std::numeric_limits<T>::lowest()};
  const int64_t n = 4099, stride[] = {1, 1};
  const int32_t types[] = {type, type};
  const double scalars[] = {1, 1, 0};
  std::vector<T> x(static_cast<size_t>(n)), y(x.size());
  for (int round = 0; round < rounds; ++round) {
    for (auto& v : x) {
      if (round % 3 == 0) {  // any bits
        const int64_t bits = random.bits();
        std::memcpy(&v, &bits, sizeof v);
      } else {
        v = static_cast<T>(f.low + (f.high - f.low) * 0.5 * (random.real() + 1));
      }
    }
    if (round == 0) std::copy(std::begin(special), std::end(special), x.begin());
    ASSERT_EQ(einblas_map(f.what, type, types, 0, 1, &n, stride, reinterpret_cast<int64_t>(x.data()), 0, 0,
                          reinterpret_cast<int64_t>(y.data()), scalars, 1),
              EINBLAS_OK);
    const double most = sizeof(T) == 4 ? f.f32 : f.f64;
    for (size_t i = 0; i < x.size(); ++i) {
      const long double want = f.exact(static_cast<long double>(x[i]));
      // A thousandth: the reference is rounded too.
      ASSERT_LE(ulps(y[i], want), most + 0.001)
          << f.name << '(' << static_cast<double>(x[i]) << ") = " << static_cast<double>(y[i]) << ", not "
          << static_cast<double>(want) << "; seed 17, round " << round << ", place " << i;
    }
  }
}

TEST(MapFunctions, ErrorsAreAsPromised) {
  const int rounds = einblas_test::kOneIn == 1 ? 60 : 6;
  for (const Function& f : kFunctions) {
    check<float>(f, EINBLAS_F32, rounds);
    check<double>(f, EINBLAS_F64, rounds);
  }
}

}  // namespace
