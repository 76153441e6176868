// Kronecker products against plain loops: every kind of step, order, pass and layout, alpha and beta, threads.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/thinned.hpp"
#include "support/tunable.hpp"

namespace {

struct Axis {
  int64_t k, q;
};

struct Case {
  std::vector<int64_t> before;  // outer axes before the factors
  std::vector<Axis> axes;
  int64_t line;      // an outer axis behind them; 1: none
  int identity = 0;  // length of an outer axis between the first two factors; 0: none
};

const Case kCases[] = {
    {{1}, {{1, 1}}, 1},
    {{5}, {{8, 8}, {8, 8}}, 1},
    {{37}, {{8, 8}, {8, 8}, {8, 8}}, 1},
    {{3}, {{16, 16}, {16, 16}}, 1},
    {{2}, {{32, 32}, {32, 32}}, 1},
    {{9}, {{3, 5}, {5, 2}, {4, 6}}, 1},
    {{4}, {{2, 2}, {2, 2}, {2, 2}, {2, 2}, {2, 2}}, 1},
    {{7}, {{4, 4}, {4, 4}, {4, 4}}, 1},
    {{1}, {{8, 8}, {8, 8}, {8, 8}, {8, 8}, {8, 8}}, 1},
    {{1}, {{128, 128}, {128, 128}}, 1},
    {{1}, {{64, 64}, {64, 64}}, 1},
    {{2, 3}, {{17, 33}, {31, 7}}, 1},
    {{6}, {{1, 4}, {4, 1}, {3, 1}}, 1},
    {{1}, {{8, 8}, {8, 8}}, 16},
    {{1}, {{8, 8}, {8, 8}, {8, 8}}, 100},
    {{3}, {{16, 16}, {16, 16}}, 7},
    {{2}, {{5, 9}, {12, 10}}, 2},
    {{1}, {{4, 4}, {4, 4}}, 4},
    {{1}, {{6, 8}, {8, 4}}, 8},
    {{1}, {{32, 32}, {32, 32}}, 130},
    {{1}, {{8, 8}, {8, 8}, {8, 8}, {8, 8}, {8, 8}}, 3},
    {{2}, {{8, 8}, {8, 8}}, 1, 5},
    {{1}, {{7, 3}, {9, 11}}, 20, 3},
    {{1}, {{2, 100}, {100, 2}, {3, 50}}, 1},
    {{70}, {{20, 3}, {3, 20}}, 33},
    {{40}, {{16, 16}, {32, 32}}, 1},
    {{1}, {{16, 16}, {8, 8}}, 512},
    {{1}, {{24, 40}, {16, 16}}, 512},
};

// Lengths and strides; every axis has `pad` more elements than it uses.
struct Layout {
  std::vector<int64_t> lengths, strides;
  int64_t reach = 0;
};

Layout layout(const std::vector<int64_t>& lengths, int64_t pad) {
  Layout l{lengths, std::vector<int64_t>(lengths.size())};
  int64_t stride = 1;
  for (size_t d = lengths.size(); d-- > 0;) {
    l.strides[d] = stride;
    l.reach += (lengths[d] - 1) * stride;
    stride *= lengths[d] + (d + 1 < lengths.size() || pad == 0 ? pad : 0);
  }
  l.reach += 1;
  return l;
}

// before, [first factor, identity, other factors], line.
std::vector<int64_t> shape_of(const Case& c, bool result) {
  std::vector<int64_t> s = c.before;
  for (size_t i = 0; i < c.axes.size(); ++i) {
    s.push_back(result ? c.axes[i].q : c.axes[i].k);
    if (i == 0 && c.identity > 0) s.push_back(c.identity);
  }
  s.push_back(c.line);
  return s;
}

template <class T>
class Run {
 public:
  Run(const Case& c, int64_t pad, bool transposed, uint32_t seed)
      : case_(c), x_(layout(shape_of(c, false), pad)), y_(layout(shape_of(c, true), pad)) {
    einblas_test::Random random(seed);
    x = random.reals<T>(x_.reach);
    before = random.reals<T>(y_.reach);
    for (const Axis& a : c.axes) factors.push_back(random.reals<T>(a.k * a.q));
    const size_t b = c.before.size();
    size_t d = b;
    for (size_t i = 0; i < b; ++i) add_outer(i);
    for (size_t i = 0; i < c.axes.size(); ++i, ++d) {
      const Axis& a = c.axes[i];
      axis_dims.push_back(d);
      for (int64_t v : {a.k, a.q, x_.strides[d], y_.strides[d], transposed ? 1 : a.q, transposed ? a.k : int64_t{1}})
        axes.push_back(v);
      if (i == 0 && c.identity > 0) add_outer(++d);
    }
    add_outer(d);
    transposed_ = transposed;
  }

  void add_outer(size_t d) {
    for (int64_t v : {x_.lengths[d], x_.strides[d], y_.strides[d]}) outer.push_back(v);
  }

  // The result by definition, and the sum of its terms' absolute values.
  void reference(std::vector<double>* want, std::vector<double>* size) const {
    std::vector<int64_t> lengths = x_.lengths;
    std::vector<double> now, magnitude;
    walk(lengths, [&](const std::vector<int64_t>& index) {
      now.push_back(static_cast<double>(x[static_cast<size_t>(offset(x_, index))]));
      magnitude.push_back(std::abs(now.back()));
    });
    for (size_t f = 0; f < case_.axes.size(); ++f) {
      const size_t d = axis_dims[f];
      int64_t post = 1, pre = 1;
      for (size_t e = d + 1; e < lengths.size(); ++e) post *= lengths[e];
      for (size_t e = 0; e < d; ++e) pre *= lengths[e];
      const int64_t k = case_.axes[f].k, q = case_.axes[f].q;
      std::vector<double> next(static_cast<size_t>(pre * q * post)), large(next.size());
      for (int64_t p = 0; p < pre; ++p)
        for (int64_t j = 0; j < q; ++j)
          for (int64_t i = 0; i < k; ++i)
            for (int64_t l = 0; l < post; ++l) {
              const double v =
                  static_cast<double>(factors[f][static_cast<size_t>(transposed_ ? i + j * k : i * q + j)]);
              const size_t to = static_cast<size_t>((p * q + j) * post + l),
                           from = static_cast<size_t>((p * k + i) * post + l);
              next[to] += v * now[from];
              large[to] += std::abs(v) * magnitude[from];
            }
      now = next;
      magnitude = large;
      lengths[d] = q;
    }
    *want = now;
    *size = magnitude;
  }

  template <class F>
  static void walk(const std::vector<int64_t>& lengths, const F& f) {
    std::vector<int64_t> index(lengths.size());
    int64_t all = 1;
    for (int64_t l : lengths) all *= l;
    for (int64_t e = 0; e < all; ++e) {
      int64_t rest = e;
      for (size_t d = lengths.size(); d-- > 0;) {
        index[d] = rest % lengths[d];
        rest /= lengths[d];
      }
      f(index);
    }
  }

  static int64_t offset(const Layout& l, const std::vector<int64_t>& index) {
    int64_t at = 0;
    for (size_t d = 0; d < index.size(); ++d) at += index[d] * l.strides[d];
    return at;
  }

  std::vector<T> result(double alpha, double beta, int threads) const {
    int64_t handle = 0;
    const int32_t dtype = einblas_test::dtype<T>();
    EXPECT_EQ(EINBLAS_OK, einblas_kron_create(dtype, static_cast<int32_t>(outer.size() / 3), outer.data(),
                                              static_cast<int32_t>(case_.axes.size()), axes.data(), &handle));
    if (handle == 0) return {};
    // Guard pages behind X and the factors: nothing past them may be read.
    std::deque<einblas_test::Guarded> held;
    const auto keep = [&](const std::vector<T>& data) {
      held.emplace_back(static_cast<int64_t>(data.size() * sizeof(T)), einblas_test::Guarded::At::End);
      std::copy(data.begin(), data.end(), held.back().as<T>());
      return held.back().as<T>();
    };
    std::vector<int64_t> addresses;
    for (const auto& f : factors) addresses.push_back(reinterpret_cast<int64_t>(keep(f)));
    const int64_t from = reinterpret_cast<int64_t>(keep(x));
    T* c = keep(before);
    if (beta == 0)
      walk(y_.lengths,
           [&](const std::vector<int64_t>& index) { c[offset(y_, index)] = std::numeric_limits<T>::quiet_NaN(); });
    EXPECT_EQ(EINBLAS_OK,
              einblas_kron_run(handle, from, addresses.data(), reinterpret_cast<int64_t>(c), alpha, beta, threads));
    EXPECT_NE('\0', *einblas_kron_description(handle));
    einblas_kron_destroy(handle);
    return std::vector<T>(c, c + before.size());
  }

  void check(const std::string& what, double alpha, double beta) const {
    std::vector<double> want, size;
    reference(&want, &size);
    const std::vector<T> got = result(alpha, beta, 1);
    ASSERT_EQ(before.size(), got.size()) << what;
    // Each factor sums k terms, fused ones round once more; scaling rounds twice.
    double roundings = 4;
    for (const Axis& a : case_.axes) roundings += static_cast<double>(a.k) + 2;
    const double unit = std::numeric_limits<T>::epsilon() / 2;
    std::vector<bool> written(before.size());
    size_t e = 0;
    walk(y_.lengths, [&](const std::vector<int64_t>& index) {
      const size_t at = static_cast<size_t>(offset(y_, index));
      written[at] = true;
      const double old = beta == 0 ? 0 : beta * static_cast<double>(before[at]);
      const double bound = roundings * unit * 1.01 * (std::abs(alpha) * size[e] + std::abs(old));
      EXPECT_NEAR(alpha * want[e] + old, static_cast<double>(got[at]), bound) << what << " element " << e;
      ++e;
    });
    for (size_t i = 0; i < before.size(); ++i)
      ASSERT_TRUE(written[i] || before[i] == got[i]) << what << ": an element outside was written";
    EXPECT_EQ(0, std::memcmp(got.data(), result(alpha, beta, 3).data(), got.size() * sizeof(T))) << what << " threads";
  }

 private:
  Case case_;
  Layout x_, y_;
  std::vector<size_t> axis_dims;
  bool transposed_ = false;

 public:
  std::vector<T> x, before;
  std::vector<std::vector<T>> factors;
  std::vector<int64_t> outer, axes;
};

template <class T>
void all(const char* type) {
  int number = 0;
  for (const Case& c : kCases) {
    for (int variant = 0; variant < 4; ++variant) {
      if (einblas_test::left_out(number + variant)) continue;
      const std::string what =
          std::string(type) + " case " + std::to_string(number) + " variant " + std::to_string(variant);
      const Run<T> run(c, variant & 1 ? 3 : 0, (variant & 2) != 0, static_cast<uint32_t>(100 + number));
      run.check(what, 1, 0);
      if (variant % 3 == 0) run.check(what + " scaled", -1.5, 0.5);
    }
    ++number;
  }
}

TEST(Kron, F32) { all<float>("F32"); }
TEST(Kron, F64) { all<double>("F64"); }

TEST(Kron, SmallTensorsTakeThePathsOfLargeOnes) {
  const einblas_test::WithTunable blocks("KRON_BLOCK", 4 << 10), far("KRON_FAR", 1), stream("STREAM_FROM", 1 << 16);
  all<float>("small blocks F32");
  all<double>("small blocks F64");
}

TEST(Kron, RefusesLayoutsAndNumbers) {
  int64_t handle = 1;
  const int64_t outer[] = {4, 1, 2}, axes[] = {3, 3, 8, 8, 3, 1}, none[] = {0, 3, 1, 1, 3, 1};
  EXPECT_EQ(EINBLAS_NOT_APPLICABLE, einblas_kron_create(EINBLAS_F32, 1, outer, 1, axes, &handle));
  EXPECT_EQ(0, handle);
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_kron_create(EINBLAS_F32, 0, nullptr, 1, none, &handle));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_kron_create(EINBLAS_I32, 0, nullptr, 1, axes, &handle));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_kron_create(EINBLAS_F32, 0, nullptr, 0, axes, &handle));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, einblas_kron_run(0, 0, outer, 0, 1, 0, 1));
}

TEST(Kron, WeightIsGrowthOverWork) {
  EXPECT_DOUBLE_EQ(einblas_kron_weight(4, 2, 2), 1.0 / 4 - 1.0 / 2);
  EXPECT_LT(einblas_kron_weight(4, 2, 2), einblas_kron_weight(2, 2, 2));
  EXPECT_LT(einblas_kron_weight(2, 2, 2), einblas_kron_weight(2, 4, 4));
}

}  // namespace
