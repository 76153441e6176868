// Block-sparse products against plain loops: types, sizes, strides, repeated blocks, transposed weights, threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/guarded.hpp"
#include "support/random.hpp"
#include "support/thinned.hpp"

namespace {

using einblas_test::left_out;
using einblas_test::Random;

struct Shape {
  int64_t batch, x_blocks, y_blocks, x_size, y_size, x_window, y_window;
};

const Shape kShapes[] = {
    {1, 1, 1, 1, 1, 1, 1},    {2, 3, 4, 5, 7, 2, 3},   {5, 2, 2, 17, 33, 4, 4},  {3, 4, 1, 64, 64, 2, 2},
    {70, 1, 1, 8, 300, 1, 2}, {9, 6, 5, 16, 16, 3, 3}, {4, 3, 3, 200, 3, 2, 5},  {0, 3, 3, 4, 4, 2, 2},
    {4, 3, 3, 4, 4, 0, 2},    {4, 3, 3, 4, 4, 2, 0},   {130, 2, 3, 9, 65, 3, 2},
};

using Value = std::complex<double>;

bool is_complex(int32_t type) { return type == EINBLAS_C64 || type == EINBLAS_C128; }

// A tensor between guard pages with its own strides: padded rows, permuted weight axes, axes that run backwards. F32
// and F64 hold any numbers in [-1, 1]; the other types small whole ones, so that sums are exact and results right to
// the bit.
struct Tensor {
  int32_t type;
  std::vector<int64_t> shape, strides;
  int64_t first = 0, count = 1;  // where element [0, 0, ...] lies; elements of the memory
  bool conjugated = false;
  std::vector<Value> kept;
  std::shared_ptr<einblas_test::Guarded> memory;
  Tensor(int32_t t, std::vector<int64_t> s, std::vector<int> storage_order, int64_t pad, Random& random)
      : type(t), shape(std::move(s)), strides(shape.size()) {
    int64_t stride = 1;
    bool empty = false;
    for (size_t i = storage_order.size(); i-- > 0;) {
      const size_t axis = static_cast<size_t>(storage_order[i]);
      strides[axis] = stride;
      stride *= shape[axis] + pad;
      empty = empty || shape[axis] == 0;
    }
    for (size_t axis = 0; axis < shape.size() && !empty; ++axis) {
      const int64_t reach = (shape[axis] - 1) * strides[axis];
      count += reach;
      if (pad != kBackwards || axis % 2 == 0) continue;
      strides[axis] = -strides[axis];
      first += reach;
    }
    const auto side = pad == 0 ? einblas_test::Guarded::At::End : einblas_test::Guarded::At::Start;
    memory = std::make_shared<einblas_test::Guarded>(count * size(), side);
    const bool any = type == EINBLAS_F32 || type == EINBLAS_F64;
    const auto number = [&] { return any ? random.real() : static_cast<double>(random.below(5) - 2); };
    for (int64_t i = 0; i < count; ++i) set(i, {number(), is_complex(type) ? number() : 0});
  }
  static constexpr int64_t kBackwards = 3;
  int64_t size() const { return einblas_dtype_size(type); }
  char* data() const { return memory->as<char>(); }
  std::string bytes() const { return std::string(data(), static_cast<size_t>(count * size())); }
  int64_t where(int64_t i) const { return reinterpret_cast<int64_t>(data() + i * size()); }
  int64_t address() const { return where(first); }
  void set(int64_t i, Value v) const {
    einblas_poke_part(where(i), type, 0, v.real());
    if (is_complex(type)) einblas_poke_part(where(i), type, 1, v.imag());
  }
  Value get(int64_t i) const {
    const double im = einblas_peek_part(where(i), type, 1);
    return {einblas_peek_part(where(i), type, 0), conjugated ? -im : im};
  }
  std::vector<Value> values() const {
    std::vector<Value> all;
    for (int64_t i = 0; i < count; ++i) all.push_back(get(i));
    return all;
  }
  int64_t offset(std::initializer_list<int64_t> index) const {
    int64_t o = first;
    size_t d = 0;
    for (int64_t i : index) o += i * strides[d++];
    return o;
  }
  // Of what keep() read: a call for each of an inner loop takes too long.
  Value at(std::initializer_list<int64_t> index) const { return kept[static_cast<size_t>(offset(index))]; }
  void keep(bool conjugate) {
    conjugated = conjugate;
    kept = values();
  }
  // Whether element i is this number: rounded once, or within a bound where numbers are not whole.
  ::testing::AssertionResult is(int64_t i, Value want, double bound) const {
    const Value got = get(i);
    bool right = std::abs(got - want) <= bound;
    if (type != EINBLAS_F32 && type != EINBLAS_F64) {
      std::vector<char> rounded(static_cast<size_t>(size()));
      const int64_t at = reinterpret_cast<int64_t>(rounded.data());
      einblas_poke_part(at, type, 0, want.real());
      if (is_complex(type)) einblas_poke_part(at, type, 1, want.imag());
      right = einblas_peek_part(at, type, 0) == got.real() && einblas_peek_part(at, type, 1) == got.imag();
    }
    if (right) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "got " << got << ", want " << want << " in " << einblas_dtype_name(type);
  }
};

struct Case {
  Shape s;
  Random random;
  std::vector<int64_t> x_index, y_index;
  int64_t pattern = 0;
  explicit Case(const Shape& shape) : s(shape), random(7) {
    fill(x_index, s.batch * s.x_window, s.x_blocks);
    fill(y_index, s.batch * s.y_window, s.y_blocks);
    EXPECT_EQ(einblas_pattern_create(s.batch, s.x_window, s.y_window, s.x_blocks, s.y_blocks, x_index.data(),
                                     y_index.data(), 0, &pattern),
              EINBLAS_OK);
  }
  ~Case() { einblas_pattern_destroy(pattern); }
  void fill(std::vector<int64_t>& v, int64_t n, int64_t blocks) {
    for (int64_t i = 0; i < n; ++i) v.push_back(random.below(blocks));
  }
  int64_t x(int64_t b, int64_t i) const { return x_index[static_cast<size_t>(b * s.x_window + i)]; }
  int64_t y(int64_t b, int64_t j) const { return y_index[static_cast<size_t>(b * s.y_window + j)]; }
};

std::vector<int64_t> all_strides(std::initializer_list<const std::vector<int64_t>*> parts) {
  std::vector<int64_t> v;
  for (const auto* p : parts) v.insert(v.end(), p->begin(), p->end());
  return v;
}

// Bound: every sum has at most K + 2 terms of size <= 1.
double tolerance(int32_t type, int64_t terms) {
  const double eps =
      type == EINBLAS_F32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  return 2 * eps * static_cast<double>((terms + 4) * (terms + 4));
}

// conjugated: which operands are, where numbers are complex.
struct Call {
  bool transposed, permuted;
  int64_t pad;
  bool with_bias;
  double beta;
  int threads;
  int32_t conjugated = 0;
};

void check_gemv(int32_t type, const Shape& shape, const Call& call) {
  Case c(shape);
  const Shape& s = shape;
  const bool transposed = call.transposed;
  const int64_t pad = call.pad;
  const int64_t source_window = transposed ? s.y_window : s.x_window,
                target_window = transposed ? s.x_window : s.y_window;
  const int64_t source_size = transposed ? s.y_size : s.x_size, target_size = transposed ? s.x_size : s.y_size;
  const int64_t target_blocks = transposed ? s.x_blocks : s.y_blocks,
                source_blocks = transposed ? s.y_blocks : s.x_blocks;
  Tensor h(type, {s.batch, source_window, source_size}, {0, 1, 2}, pad, c.random);
  const std::vector<int> order = call.permuted ? std::vector<int>{1, 0, 3, 2} : std::vector<int>{0, 1, 2, 3};
  Tensor w(type, {source_blocks, target_blocks, source_size, target_size}, order, pad, c.random);
  Tensor o(type, {s.batch, target_window, target_size},
           pad % 2 == 1 ? std::vector<int>{2, 1, 0} : std::vector<int>{0, 1, 2}, pad, c.random);
  Tensor bias(type, {target_blocks, target_size}, {0, 1}, pad, c.random);
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (int64_t i = 0; call.beta == 0 && i < o.count; ++i) o.set(i, {kNaN, kNaN});
  const std::vector<Value> before = o.values();
  h.keep((call.conjugated & 1) != 0);
  w.keep((call.conjugated & 2) != 0);
  bias.keep((call.conjugated & 4) != 0);
  const auto strides = all_strides({&h.strides, &w.strides, &o.strides, &bias.strides});
  ASSERT_EQ(einblas_block_gemv(c.pattern, type, call.conjugated, transposed ? 1 : 0, source_size, target_size,
                               h.address(), w.address(), o.address(), call.with_bias ? bias.address() : 0,
                               strides.data(), 1.5, call.beta, call.threads),
            EINBLAS_OK);
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t j = 0; j < target_window; ++j)
      for (int64_t n = 0; n < target_size; ++n) {
        const int64_t target = transposed ? c.x(b, j) : c.y(b, j), at = o.offset({b, j, n});
        Value want = call.beta == 0 ? 0 : call.beta * before[static_cast<size_t>(at)];
        if (call.with_bias) want += bias.at({target, n});
        for (int64_t i = 0; i < source_window; ++i)
          for (int64_t k = 0; k < source_size; ++k)
            want += 1.5 * h.at({b, i, k}) * w.at({transposed ? c.y(b, i) : c.x(b, i), target, k, n});
        ASSERT_TRUE(o.is(at, want, tolerance(type, source_window * source_size)))
            << "batch " << b << " window " << j << " column " << n << " transposed " << transposed << " permuted "
            << call.permuted << " pad " << pad << " conjugated " << call.conjugated << " sizes " << source_size << "x"
            << target_size << " " << einblas_isa();
      }
}

void check_outer(int32_t type, const Shape& shape, bool permuted, int64_t pad, int threads, int32_t conjugated = 0) {
  Case c(shape);
  const Shape& s = shape;
  Tensor x(type, {s.batch, s.x_window, s.x_size}, {0, 1, 2}, pad, c.random);
  Tensor y(type, {s.batch, s.y_window, s.y_size}, pad % 2 == 1 ? std::vector<int>{2, 0, 1} : std::vector<int>{0, 1, 2},
           pad, c.random);
  const std::vector<int> order = permuted ? std::vector<int>{1, 0, 3, 2} : std::vector<int>{0, 1, 2, 3};
  Tensor o(type, {s.x_blocks, s.y_blocks, s.x_size, s.y_size}, order, pad, c.random);
  x.keep((conjugated & 1) != 0);
  y.keep((conjugated & 2) != 0);
  std::vector<Value> want = o.values();
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t i = 0; i < s.x_window; ++i)
      for (int64_t j = 0; j < s.y_window; ++j)
        for (int64_t m = 0; m < s.x_size; ++m)
          for (int64_t n = 0; n < s.y_size; ++n)
            want[static_cast<size_t>(o.offset({c.x(b, i), c.y(b, j), m, n}))] +=
                -0.5 * x.at({b, i, m}) * y.at({b, j, n});
  const auto strides = all_strides({&x.strides, &y.strides, &o.strides});
  ASSERT_EQ(einblas_block_outer(c.pattern, type, conjugated, s.x_size, s.y_size, x.address(), y.address(), o.address(),
                                strides.data(), -0.5, threads),
            EINBLAS_OK);
  for (int64_t e = 0; e < o.count; ++e)
    ASSERT_TRUE(o.is(e, want[static_cast<size_t>(e)], tolerance(type, s.batch * s.x_window * s.y_window)))
        << "element " << e << " permuted " << permuted << " pad " << pad << " conjugated " << conjugated;
}

void check_everything(int32_t type) {
  int32_t conjugated = 0;
  int turn = 0;
  for (const Shape& s : kShapes)
    for (bool permuted : {false, true})
      for (int64_t pad : {0, 2, 1, 3}) {
        for (bool transposed : {false, true}) {
          if (!left_out(turn)) check_gemv(type, s, {transposed, permuted, pad, false, 1, 1, conjugated});
          if (!left_out(turn + 1)) check_gemv(type, s, {transposed, permuted, pad, true, 0, 3, 7 - conjugated});
          ++turn;
        }
        if (!left_out(turn)) check_outer(type, s, permuted, pad, 3, conjugated & 3);
        conjugated = (conjugated + 1) % 8;
      }
}

TEST(Block, GemvAndOuterAreRightF32) { check_everything(EINBLAS_F32); }
TEST(Block, GemvAndOuterAreRightF64) { check_everything(EINBLAS_F64); }
TEST(Block, GemvAndOuterAreRightBf16) { check_everything(EINBLAS_BF16); }
TEST(Block, GemvAndOuterAreRightF16) { check_everything(EINBLAS_F16); }
TEST(Block, GemvAndOuterAreRightC64) { check_everything(EINBLAS_C64); }
TEST(Block, GemvAndOuterAreRightC128) { check_everything(EINBLAS_C128); }

// Longer sums than one run: 16-bit floats are rounded once all the same, at the end.
TEST(Block, LongSumsAreRoundedOnce) {
  for (int32_t type : {EINBLAS_BF16, EINBLAS_F16, EINBLAS_C64})
    for (int64_t pad : {0, 2}) {
      check_gemv(type, {2, 3, 3, 3, 5, 2500, 2}, {false, false, pad, true, 1, 2});
      check_gemv(type, {1, 1, 1, 9000, 5, 2, 2}, {false, true, pad, true, 1, 2});
      check_outer(type, {70, 1, 1, 3, 4, 9, 9}, false, pad, 2);
    }
}

// Few rows share a block: rows are summed one by one. Windows beyond a list of pointers, depths and columns that fill
// no vector, one of each, blocks of the largest size that goes so and of one beyond.
void check_rows_one_by_one(int32_t type) {
  const Shape shapes[] = {{3, 40, 40, 16, 16, 5, 4}, {1, 300, 3, 3, 5, 600, 2}, {2, 20, 40, 33, 17, 3, 9},
                          {4, 30, 30, 1, 20, 6, 6},  {4, 30, 30, 20, 1, 6, 6},  {2, 8, 8, 64, 64, 3, 3},
                          {1, 8, 8, 64, 65, 3, 3},   {2, 5, 5, 2000, 1, 3, 2},  {2, 5, 5, 1, 2000, 3, 2},
                          {1, 90, 2, 7, 50, 40, 2},  {20, 6, 6, 16, 16, 2, 2}};
  int turn = 0;
  for (const Shape& s : shapes)
    for (bool permuted : {false, true})
      for (int64_t pad : {0, 2})
        for (bool transposed : {false, true}) {
          if (!left_out(turn)) check_gemv(type, s, {transposed, permuted, pad, false, 1, 1});
          if (!left_out(turn + 1)) check_gemv(type, s, {transposed, permuted, pad, true, 0, 3});
          ++turn;
        }
}
TEST(Block, RowsOneByOneAreRightF32) { check_rows_one_by_one(EINBLAS_F32); }
TEST(Block, RowsOneByOneAreRightF64) { check_rows_one_by_one(EINBLAS_F64); }

TEST(Block, RowsOneByOneHaveSameBitsForAnyNumberOfThreads) {
  const Shape s{4, 64, 64, 16, 16, 24, 16};
  for (bool back : {false, true}) {
    std::vector<std::string> results;
    for (int threads : {1, 2, 3, 7}) {
      Case c(s);
      Tensor x(EINBLAS_F32, {s.batch, s.x_window, s.x_size}, {0, 1, 2}, 0, c.random);
      Tensor y(EINBLAS_F32, {s.batch, s.y_window, s.y_size}, {0, 1, 2}, 0, c.random);
      Tensor w(EINBLAS_F32, {s.x_blocks, s.y_blocks, s.x_size, s.y_size}, {0, 1, 2, 3}, 0, c.random);
      const std::vector<int64_t> turned = {w.strides[1], w.strides[0], w.strides[3], w.strides[2]};
      const auto strides = back ? all_strides({&y.strides, &turned, &x.strides, &y.strides})
                                : all_strides({&x.strides, &w.strides, &y.strides, &x.strides});
      ASSERT_EQ(einblas_block_gemv(c.pattern, EINBLAS_F32, 0, back ? 1 : 0, 16, 16, back ? y.address() : x.address(),
                                   w.address(), back ? x.address() : y.address(), 0, strides.data(), 1, 1, threads),
                EINBLAS_OK);
      results.push_back(back ? x.bytes() : y.bytes());
      EXPECT_TRUE(results.front() == results.back()) << threads << " threads, back " << back;
    }
  }
}

TEST(Block, SameBitsForAnyNumberOfThreads) {
  const Shape s{64, 16, 16, 48, 40, 8, 8};
  std::vector<std::string> gemv, outer;
  for (int threads : {1, 2, 3, 7}) {
    Case c(s);
    Tensor h(EINBLAS_F32, {s.batch, s.x_window, s.x_size}, {0, 1, 2}, 0, c.random);
    Tensor y(EINBLAS_F32, {s.batch, s.y_window, s.y_size}, {0, 1, 2}, 0, c.random);
    Tensor w(EINBLAS_F32, {s.x_blocks, s.y_blocks, s.x_size, s.y_size}, {0, 1, 2, 3}, 0, c.random);
    const auto gemv_strides = all_strides({&h.strides, &w.strides, &y.strides, &h.strides});
    const auto outer_strides = all_strides({&h.strides, &y.strides, &w.strides});
    ASSERT_EQ(einblas_block_outer(c.pattern, EINBLAS_F32, 0, s.x_size, s.y_size, h.address(), y.address(), w.address(),
                                  outer_strides.data(), 1, threads),
              EINBLAS_OK);
    ASSERT_EQ(einblas_block_gemv(c.pattern, EINBLAS_F32, 0, 0, s.x_size, s.y_size, h.address(), w.address(),
                                 y.address(), 0, gemv_strides.data(), 1, 1, threads),
              EINBLAS_OK);
    gemv.push_back(y.bytes());
    outer.push_back(w.bytes());
    EXPECT_TRUE(gemv.front() == gemv.back()) << threads << " threads";
    EXPECT_TRUE(outer.front() == outer.back()) << threads << " threads";
  }
}

TEST(Block, AlphaZeroReadsNoOperandAndBetaZeroNoOutput) {
  const Shape s{3, 2, 2, 8, 8, 2, 2};
  Case c(s);
  const std::vector<float> nan(1024, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> o(3 * 2 * 8, std::numeric_limits<float>::quiet_NaN()), w(2 * 2 * 8 * 8, 5);
  const auto at = [](const std::vector<float>& v) { return reinterpret_cast<int64_t>(v.data()); };
  const int64_t gemv[] = {16, 8, 1, 128, 64, 8, 1, 16, 8, 1, 0, 0}, outer[] = {16, 8, 1, 16, 8, 1, 128, 64, 8, 1};
  ASSERT_EQ(einblas_block_gemv(c.pattern, EINBLAS_F32, 0, 0, 8, 8, at(nan), at(nan), at(o), 0, gemv, 0, 0, 1),
            EINBLAS_OK);
  EXPECT_EQ(o, std::vector<float>(o.size(), 0));
  ASSERT_EQ(einblas_block_outer(c.pattern, EINBLAS_F32, 0, 8, 8, at(nan), at(nan), at(w), outer, 0, 1), EINBLAS_OK);
  EXPECT_EQ(w, std::vector<float>(w.size(), 5));
}

TEST(Block, TermsBeyondTheMemoryAreRefused) {
  const int64_t n = 400000;  // 160 * 10^9 terms of 12 bytes
  const std::vector<int64_t> index(static_cast<size_t>(n), 0);
  int64_t p = 0;
  ASSERT_EQ(einblas_pattern_create(1, n, n, 1, 1, index.data(), index.data(), 0, &p), EINBLAS_OK);
  std::vector<float> h(static_cast<size_t>(n), 1), o(static_cast<size_t>(n), 0), w(1, 1);
  const int64_t strides[] = {n, 1, 1, 1, 1, 1, 1, n, 1, 1, 0, 0};
  EXPECT_EQ(
      einblas_block_gemv(p, EINBLAS_F32, 0, 0, 1, 1, reinterpret_cast<int64_t>(h.data()),
                         reinterpret_cast<int64_t>(w.data()), reinterpret_cast<int64_t>(o.data()), 0, strides, 1, 0, 1),
      EINBLAS_OUT_OF_MEMORY);
  EXPECT_EQ(o, std::vector<float>(o.size(), 0));
  einblas_pattern_destroy(p);
}

TEST(Block, IndicesOutOfRangeAreRefused) {
  const int64_t good[] = {0, 1}, negative[] = {0, -1}, large[] = {0, 2};
  int64_t p = 0;
  EXPECT_EQ(einblas_pattern_create(1, 2, 2, 2, 2, good, negative, 0, &p), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(einblas_pattern_create(1, 2, 2, 2, 2, large, good, 0, &p), EINBLAS_INVALID_ARGUMENT);
  EXPECT_EQ(p, 0);
}

}  // namespace
