// A sparse factor along one axis of a tensor against plain loops: types, axes, strides, repeated entries, alpha and
// beta, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/elements.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

namespace {

using einblas_test::Guarded;
using einblas_test::Random;

struct Case {
  std::vector<int64_t> before, behind;  // axes around the factor's
  int64_t rows, columns;
  double density;
};

const Case kCases[] = {
    {{}, {}, 1, 1, 1},          {{}, {}, 40, 30, 0.3},      {{7}, {}, 20, 33, 0.2},    {{300}, {}, 16, 16, 0.3},
    {{}, {19}, 20, 33, 0.2},    {{3}, {130}, 9, 5, 0.5},    {{65}, {2}, 12, 31, 0.2},  {{5, 4}, {3, 7}, 8, 10, 0.4},
    {{1, 2}, {1}, 3, 4, 0},     {{2000}, {3}, 10, 10, 0.3}, {{4}, {600}, 64, 50, 0.4}, {{2}, {5}, 7, 0, 0},
    {{900}, {16}, 12, 9, 0.25},
};

enum class Layout { Rows, Columns, Gaps, Backwards };

// Strides of a tensor: row-major, column-major, every axis with gaps, or walked backwards.
struct Strided {
  std::vector<int64_t> lengths, strides;
  int64_t start = 0, reach = 1;
  Strided(std::vector<int64_t> l, Layout layout) : lengths(std::move(l)), strides(lengths.size()) {
    int64_t stride = layout == Layout::Gaps ? 2 : 1;
    for (size_t i = 0; i < lengths.size(); ++i) {
      const size_t d = layout == Layout::Columns ? i : lengths.size() - 1 - i;
      strides[d] = layout == Layout::Backwards ? -stride : stride;
      if (lengths[d] > 0) reach += (lengths[d] - 1) * stride;
      if (layout == Layout::Backwards && lengths[d] > 0) start += (lengths[d] - 1) * stride;
      stride *= std::max<int64_t>(lengths[d], 1) + (layout == Layout::Gaps ? 1 : 0);
    }
  }
  int64_t at(const std::vector<int64_t>& index) const {
    int64_t offset = start;
    for (size_t d = 0; d < index.size(); ++d) offset += index[d] * strides[d];
    return offset;
  }
};

template <class F>
void walk(const std::vector<int64_t>& lengths, const F& f) {
  int64_t all = 1;
  for (int64_t l : lengths) all *= l;
  std::vector<int64_t> index(lengths.size());
  for (int64_t e = 0; e < all; ++e) {
    int64_t rest = e;
    for (size_t d = lengths.size(); d-- > 0; rest /= lengths[d]) index[d] = rest % lengths[d];
    f(index);
  }
}

template <class T>
class Run {
 public:
  Run(const Case& c, Layout x_layout, Layout c_layout, uint32_t seed)
      : case_(c), axis_(c.before.size()), x_(shape(c, c.columns), x_layout), c_(shape(c, c.rows), c_layout) {
    Random random(seed);
    indptr_.push_back(0);
    for (int64_t r = 0; r < c.rows; ++r) {
      for (int64_t k = 0; k < c.columns; ++k) {
        if (random.real() >= 2 * c.density - 1) continue;
        for (int repeat = k % 5 == 0 ? 2 : 1; repeat-- > 0;) {
          columns_.push_back(static_cast<int32_t>(k));
          values_.push_back(static_cast<T>(random.real()));
        }
      }
      longest_ = std::max<int64_t>(longest_, static_cast<int64_t>(values_.size()) - indptr_.back());
      indptr_.push_back(static_cast<int64_t>(values_.size()));
    }
    x = random.reals<T>(x_.reach);
    before = random.reals<T>(c_.reach);
    // Rows of X that no entry selects must not matter.
    std::vector<bool> selected(static_cast<size_t>(c.columns));
    for (int32_t k : columns_) selected[static_cast<size_t>(k)] = true;
    walk(x_.lengths, [&](const std::vector<int64_t>& index) {
      if (!selected[static_cast<size_t>(index[axis_])])
        x[static_cast<size_t>(x_.at(index))] = std::numeric_limits<T>::quiet_NaN();
    });
  }

  static std::vector<int64_t> shape(const Case& c, int64_t length) {
    std::vector<int64_t> s = c.before;
    s.push_back(length);
    s.insert(s.end(), c.behind.begin(), c.behind.end());
    return s;
  }

  std::vector<T> result(double alpha, double beta, int threads) const {
    const int64_t size = sizeof(T), entries = static_cast<int64_t>(values_.size());
    const Guarded indptr((case_.rows + 1) * 8, Guarded::At::End),
        columns((entries + EINBLAS_CSR_PADDING) * 4, Guarded::At::End),
        values((entries + EINBLAS_CSR_PADDING) * size, Guarded::At::End), from(x_.reach * size, Guarded::At::End),
        to(c_.reach * size, Guarded::At::End);
    std::copy(indptr_.begin(), indptr_.end(), indptr.as<int64_t>());
    std::copy(columns_.begin(), columns_.end(), columns.as<int32_t>());
    std::copy(values_.begin(), values_.end(), values.as<T>());
    std::copy(x.begin(), x.end(), from.as<T>());
    std::copy(before.begin(), before.end(), to.as<T>());
    if (beta == 0)
      walk(c_.lengths,
           [&](const std::vector<int64_t>& i) { to.as<T>()[c_.at(i)] = std::numeric_limits<T>::quiet_NaN(); });
    std::vector<int64_t> outer;
    for (size_t d = 0; d < x_.lengths.size(); ++d)
      if (d != axis_)
        for (int64_t v : {x_.lengths[d], x_.strides[d], c_.strides[d]}) outer.push_back(v);
    EXPECT_EQ(EINBLAS_OK, einblas_kron_csr(einblas_test::dtype<T>(), 0, case_.rows, case_.columns, entries, longest_,
                                           reinterpret_cast<int64_t>(indptr.as<char>()),
                                           reinterpret_cast<int64_t>(columns.as<char>()),
                                           reinterpret_cast<int64_t>(values.as<char>()),
                                           reinterpret_cast<int64_t>(from.as<T>() + x_.start), x_.strides[axis_],
                                           reinterpret_cast<int64_t>(to.as<T>() + c_.start), c_.strides[axis_],
                                           static_cast<int32_t>(outer.size() / 3), outer.data(), alpha, beta, threads));
    return std::vector<T>(to.as<T>(), to.as<T>() + c_.reach);
  }

  void check(const std::string& what, double alpha, double beta) const {
    const std::vector<T> got = result(alpha, beta, 1);
    const double unit = std::numeric_limits<T>::epsilon() / 2;
    std::vector<bool> written(before.size());
    walk(c_.lengths, [&](const std::vector<int64_t>& index) {
      const int64_t r = index[axis_];
      const size_t to = static_cast<size_t>(c_.at(index));
      std::vector<int64_t> place = index;
      double sum = 0, large = 0;
      for (int64_t e = indptr_[static_cast<size_t>(r)]; e < indptr_[static_cast<size_t>(r) + 1]; ++e) {
        place[axis_] = columns_[static_cast<size_t>(e)];
        const double term = static_cast<double>(values_[static_cast<size_t>(e)]) * x[static_cast<size_t>(x_.at(place))];
        sum += term;
        large += std::abs(term);
      }
      const double old = beta == 0 ? 0 : beta * static_cast<double>(before[to]);
      const double want = alpha == 0 ? old : alpha * sum + old;
      const double bound = (static_cast<double>(longest_) + 4) * unit * (std::abs(alpha) * large + std::abs(old));
      EXPECT_NEAR(want, static_cast<double>(got[to]), bound) << what << " row " << r;
      written[to] = true;
    });
    for (size_t i = 0; i < before.size(); ++i)
      ASSERT_TRUE(written[i] || before[i] == got[i]) << what << ": an element outside was written";
    EXPECT_EQ(0, std::memcmp(got.data(), result(alpha, beta, 3).data(), got.size() * sizeof(T))) << what << " threads";
  }

 private:
  Case case_;
  size_t axis_;
  Strided x_, c_;
  std::vector<int64_t> indptr_;
  std::vector<int32_t> columns_;
  std::vector<T> values_, x, before;
  int64_t longest_ = 0;
};

template <class T>
void all(const char* type) {
  int number = 0;
  const Layout layouts[] = {Layout::Rows, Layout::Columns, Layout::Gaps, Layout::Backwards};
  for (const Case& c : kCases) {
    for (int variant = 0; variant < 4; ++variant) {
      const std::string what =
          std::string(type) + " case " + std::to_string(number) + " variant " + std::to_string(variant);
      const Run<T> run(c, layouts[variant], variant == 3 ? Layout::Gaps : layouts[(variant + number) % 3],
                       static_cast<uint32_t>(500 + number));
      run.check(what, 1, 0);
      run.check(what + " scaled", -1.5, 0.5);
      run.check(what + " alpha 0", 0, 2);
    }
    ++number;
  }
}

TEST(KronCsr, F32) { all<float>("F32"); }
TEST(KronCsr, F64) { all<double>("F64"); }

// Whole numbers, of which every sum is exact: right to the bit, so 16-bit floats were rounded once. Each entry stands
// beside its column, a third of them in every row.
template <class E>
void to_the_bit() {
  using einblas_test::Number;
  const int64_t rows = 17, columns = 40, before = 3;
  for (int64_t behind : {1, 5, 70})
    for (Layout layout : {Layout::Rows, Layout::Columns, Layout::Gaps, Layout::Backwards})
      for (int conjugated = 0; conjugated < 4; ++conjugated) {
        Random random(static_cast<uint32_t>(behind + conjugated));
        std::vector<int64_t> indptr{0};
        std::vector<int32_t> column;
        std::vector<E> value;
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t k = r % 3; k < columns; k += 3) {
            column.push_back(static_cast<int32_t>(k));
            value.push_back(einblas_test::whole<E>(random));
          }
          indptr.push_back(static_cast<int64_t>(column.size()));
        }
        const size_t entries = column.size();
        column.resize(entries + EINBLAS_CSR_PADDING);
        value.resize(column.size(), einblas_test::not_a_number<E>());
        const Strided x({before, columns, behind}, layout), c({before, rows, behind}, layout);
        const Guarded from(x.reach * static_cast<int64_t>(sizeof(E)), Guarded::At::End),
            to(c.reach * static_cast<int64_t>(sizeof(E)), Guarded::At::Start);
        E *const in = from.as<E>(), *const out = to.as<E>();
        for (int64_t i = 0; i < x.reach; ++i) in[i] = einblas_test::whole<E>(random);
        std::vector<E> old;
        for (int64_t i = 0; i < c.reach; ++i) old.push_back(einblas_test::whole<E>(random));
        std::vector<E> want = old;
        walk(c.lengths, [&](const std::vector<int64_t>& i) {
          Number sum = 0;
          for (int64_t e = indptr[static_cast<size_t>(i[1])]; e < indptr[static_cast<size_t>(i[1]) + 1]; ++e)
            sum += einblas_test::number(value[static_cast<size_t>(e)], (conjugated & 1) != 0) *
                   einblas_test::number(in[x.at({i[0], column[static_cast<size_t>(e)], i[2]})], (conjugated & 2) != 0);
          E& at = want[static_cast<size_t>(c.at(i))];
          at = einblas_test::element<E>(1.5 * sum - 0.5 * einblas_test::number(at));
        });
        const int64_t outer[] = {before, x.strides[0], c.strides[0], behind, x.strides[2], c.strides[2]};
        for (int threads : {1, 3}) {
          std::copy(old.begin(), old.end(), out);
          ASSERT_EQ(
              einblas_kron_csr(einblas_test::dtype<E>(), conjugated, rows, columns, static_cast<int64_t>(entries),
                               columns / 3 + 1, reinterpret_cast<int64_t>(indptr.data()),
                               reinterpret_cast<int64_t>(column.data()), reinterpret_cast<int64_t>(value.data()),
                               reinterpret_cast<int64_t>(in + x.start), x.strides[1],
                               reinterpret_cast<int64_t>(out + c.start), c.strides[1], 2, outer, 1.5, -0.5, threads),
              EINBLAS_OK);
          for (size_t i = 0; i < want.size(); ++i)
            ASSERT_EQ(einblas_test::number(out[i]), einblas_test::number(want[i]))
                << "type " << einblas_test::dtype<E>() << ", behind " << behind << ", layout "
                << static_cast<int>(layout) << ", conjugated " << conjugated << ", element " << i;
        }
      }
}
TEST(KronCsr, Bf16) { to_the_bit<einblas::Bf16>(); }
TEST(KronCsr, F16) { to_the_bit<einblas::F16>(); }
TEST(KronCsr, C64) { to_the_bit<einblas::Complex<float>>(); }
TEST(KronCsr, C128) { to_the_bit<einblas::Complex<double>>(); }

TEST(KronCsr, RefusesNumbers) {
  const int64_t none[] = {0, 1, 1};
  const auto refused = [&](int32_t dtype, int64_t columns, int32_t axes, const int64_t* outer) {
    return einblas_kron_csr(dtype, 0, 1, columns, 0, 0, 0, 0, 0, 0, 1, 0, 1, axes, outer, 1, 0, 1);
  };
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, refused(EINBLAS_F32, 1, 1, none));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, refused(EINBLAS_I32, 1, 0, nullptr));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, refused(EINBLAS_F32, -1, 0, nullptr));
  EXPECT_EQ(EINBLAS_INVALID_ARGUMENT, refused(EINBLAS_F32, 1, 1, nullptr));
}

}  // namespace
