// The kernel dots: BF16, I16 and bytes by dot-product instructions, to the bit like a model of the instruction.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "einblas.h"
#include "support/guarded.hpp"
#include "support/random.hpp"

namespace {

using einblas_test::Guarded;
using einblas_test::Random;

struct Shape {
  int64_t batch, m, n, k;
};

// How a matrix lies: its two axes turned round, `pad` elements behind each row, rows backwards.
struct Lie {
  bool turned = false;
  int64_t pad = 0;
  bool backwards = false;
};

template <class T>
struct Matrix {
  Matrix(int64_t items, int64_t rows, int64_t columns, const Lie& lie, bool at_end) {
    const int64_t down = lie.turned ? columns : rows, across = lie.turned ? rows : columns, row = across + lie.pad;
    item = down * row;
    size = (items - 1) * item + (down - 1) * row + across;
    memory = std::make_unique<Guarded>(size * static_cast<int64_t>(sizeof(T)),
                                       at_end ? Guarded::At::End : Guarded::At::Start);
    const int64_t step = lie.backwards ? -row : row;
    first = lie.backwards ? (down - 1) * row : 0;
    i = lie.turned ? 1 : step;
    j = lie.turned ? step : 1;
  }
  T* data() const { return memory->as<T>(); }
  T& at(int64_t b, int64_t r, int64_t c) const { return data()[first + b * item + r * i + c * j]; }
  int64_t address() const { return reinterpret_cast<int64_t>(data() + first); }

  std::unique_ptr<Guarded> memory;
  int64_t size, item, first, i, j;
};

float from_bf16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float x;
  std::memcpy(&x, &wide, sizeof x);
  return x;
}
uint16_t to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (std::isnan(x)) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0F, x) : x; }

// A sum of products as vdpbf16ps forms it: of each pair the second product first.
float bf16_sum(const std::vector<uint16_t>& a, const std::vector<uint16_t>& b, size_t from, size_t to) {
  const auto at = [to](const std::vector<uint16_t>& x, size_t p) { return p < to ? flushed(from_bf16(x[p])) : 0.0F; };
  float sum = 0;
  for (size_t p = from; p < to; p += 2) {
    sum = flushed(std::fma(at(a, p + 1), at(b, p + 1), sum));
    sum = flushed(std::fma(at(a, p), at(b, p), sum));
  }
  return sum;
}

int64_t make(int32_t x0, int32_t x1, int32_t c, int32_t compute, const Shape& s, const int64_t* strides,
             int32_t* status) {
  const int32_t types[] = {x0, x1, c, compute};
  const int64_t lengths[] = {s.batch, s.m, s.n, s.k};
  int64_t step = 0;
  *status = einblas_step_create_typed(types, 0, 2, 4, 3, lengths, strides, "dots", INT64_MAX, &step);
  return step;
}

template <class A, class B, class C>
int64_t make(int32_t x0, int32_t x1, int32_t c, int32_t compute, const Shape& s, const Matrix<A>& a, const Matrix<B>& b,
             const Matrix<C>& out, int32_t* status) {
  const int64_t strides[] = {a.item, a.i, 0, a.j, b.item, 0, b.j, b.i, out.item, out.i, out.j, 0};
  return make(x0, x1, c, compute, s, strides, status);
}

const Shape kShapes[] = {{1, 1, 1, 1},     {1, 5, 3, 7},      {3, 16, 16, 16},    {2, 33, 65, 31}, {1, 400, 390, 20},
                         {1, 24, 48, 512}, {1, 13, 97, 1030}, {1, 130, 50, 2049}, {40, 4, 8, 6}};
const Lie kLies[] = {{}, {true, 0, false}, {false, 3, true}, {true, 5, true}};

bool missing(int32_t status) {
  const std::string isa = einblas_isa();
  if (isa == "avx512bf16" || isa == "avx512vnni") return false;
  EXPECT_EQ(status, EINBLAS_NOT_APPLICABLE) << isa;
  return true;
}

// Numbers from everywhere: large, small, subnormal; no NaN and no infinity, of which one would hide all others.
uint16_t any_bf16(Random& random) {
  const auto sign = static_cast<uint16_t>(random.below(2) << 15);
  const int64_t kind = random.below(20);
  if (kind == 0) return static_cast<uint16_t>(sign | random.below(0x80));              // subnormal or 0
  if (kind == 1) return static_cast<uint16_t>(sign | (0x1f00 + random.below(0x100)));  // products are subnormal
  return static_cast<uint16_t>(sign | (0x3f00 + random.below(0x100)));
}

template <class C>
void bf16_case(const Shape& s, const Lie& la, const Lie& lb, float alpha, float beta, int32_t threads, uint32_t seed) {
  Random random(seed);
  Matrix<uint16_t> a(s.batch, s.m, s.k, la, true), b(s.batch, s.k, s.n, lb, true);
  Matrix<C> c(s.batch, s.m, s.n, {false, 2, false}, true);
  for (int64_t i = 0; i < a.size; ++i) a.data()[i] = any_bf16(random);
  for (int64_t i = 0; i < b.size; ++i) b.data()[i] = any_bf16(random);
  constexpr bool wide = sizeof(C) == 4;
  for (int64_t i = 0; i < c.size; ++i)
    c.data()[i] = static_cast<C>(wide ? static_cast<float>(random.below(9) - 4) : to_bf16(static_cast<float>(i % 7)));
  const std::vector<C> before(c.data(), c.data() + c.size);
  int32_t status = 0;
  const int64_t step =
      make(EINBLAS_BF16, EINBLAS_BF16, wide ? EINBLAS_F32 : EINBLAS_BF16, EINBLAS_F32, s, a, b, c, &status);
  if (std::string(einblas_isa()) == "avx512vnni" || missing(status)) return;
  ASSERT_EQ(status, EINBLAS_OK);
  ASSERT_EQ(einblas_step_run(step, a.address(), b.address(), 0, c.address(), alpha, beta, threads), EINBLAS_OK);
  std::string description = einblas_step_description(step);
  einblas_step_destroy(step);
  // A block's depth, whose sums are added one after the other: at most 512, in even parts.
  const int64_t parts = (s.k + 511) / 512, even = (s.k + parts - 1) / parts, block = (even + 1) / 2 * 2;
  std::vector<uint16_t> row(static_cast<size_t>(s.k)), column(row);
  for (int64_t q = 0; q < s.batch; ++q)
    for (int64_t i = 0; i<s.m; i += s.m> 50 ? 7 : 1)
      for (int64_t j = 0; j<s.n; j += s.n> 50 ? 5 : 1) {
        for (int64_t p = 0; p < s.k; ++p) {
          row[static_cast<size_t>(p)] = a.at(q, i, p);
          column[static_cast<size_t>(p)] = b.at(q, p, j);
        }
        const int64_t at = &c.at(q, i, j) - c.data();
        float want = 0;
        if (wide) {  // straight into C
          want = static_cast<float>(before[static_cast<size_t>(at)]);
          for (int64_t p = 0; p < s.k; p += block) {
            const float part =
                alpha * bf16_sum(row, column, static_cast<size_t>(p), static_cast<size_t>(std::min(s.k, p + block)));
            const float factor = p == 0 ? beta : 1;
            want = factor == 0 ? part : std::fma(factor, want, part);
          }
          ASSERT_EQ(static_cast<float>(c.data()[at]), want) << q << ' ' << i << ' ' << j << ' ' << description;
        } else {
          float sum = 0;
          for (int64_t p = 0; p < s.k; p += block) {
            const float part =
                bf16_sum(row, column, static_cast<size_t>(p), static_cast<size_t>(std::min(s.k, p + block)));
            sum = p == 0 ? part : part + sum;
          }
          want = alpha * sum;
          if (beta != 0) want += beta * from_bf16(static_cast<uint16_t>(before[static_cast<size_t>(at)]));
          ASSERT_EQ(static_cast<uint16_t>(c.data()[at]), to_bf16(want))
              << q << ' ' << i << ' ' << j << ' ' << description;
        }
      }
}

TEST(Dots, Bf16LikeTheInstruction) {
  uint32_t seed = 1;
  for (const Shape& s : kShapes)
    for (const Lie& la : kLies)
      for (const Lie& lb : kLies) {
        bf16_case<float>(s, la, lb, 1, 0, 1, seed);
        bf16_case<uint16_t>(s, la, lb, 1, 0, 2, seed);
        bf16_case<float>(s, la, lb, 0.5F, 2, 5, seed);
        bf16_case<uint16_t>(s, la, lb, -1.5F, 0.25F, 1, seed++);
      }
}

template <class A, class B, class C>
void integer_case(int32_t ta, int32_t tb, int32_t tc, const Shape& s, const Lie& la, const Lie& lb, int64_t alpha,
                  int64_t beta, int32_t threads, uint32_t seed) {
  Random random(seed);
  Matrix<A> a(s.batch, s.m, s.k, la, true);
  Matrix<B> b(s.batch, s.k, s.n, lb, false);
  Matrix<C> c(s.batch, s.m, s.n, {false, 1, true}, true);
  for (int64_t i = 0; i < a.size; ++i) a.data()[i] = static_cast<A>(random.below(1 << 16));
  for (int64_t i = 0; i < b.size; ++i) b.data()[i] = static_cast<B>(random.below(1 << 16));
  for (int64_t i = 0; i < c.size; ++i) c.data()[i] = static_cast<C>(random.below(1 << 16));
  const std::vector<C> before(c.data(), c.data() + c.size);
  int32_t status = 0;
  const int64_t step = make(ta, tb, tc, EINBLAS_I32, s, a, b, c, &status);
  if (missing(status) || status == EINBLAS_NOT_APPLICABLE) return;  // U8 may stand on the other side only
  ASSERT_EQ(status, EINBLAS_OK);
  ASSERT_EQ(einblas_step_run(step, a.address(), b.address(), 0, c.address(), static_cast<double>(alpha),
                             static_cast<double>(beta), threads),
            EINBLAS_OK);
  const std::string description = einblas_step_description(step);
  einblas_step_destroy(step);
  std::vector<bool> written(before.size());
  for (int64_t q = 0; q < s.batch; ++q)
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) {
        uint64_t sum = 0;
        for (int64_t p = 0; p < s.k; ++p)
          sum += static_cast<uint64_t>(static_cast<int64_t>(a.at(q, i, p)) * static_cast<int64_t>(b.at(q, p, j)));
        const int64_t at = &c.at(q, i, j) - c.data();
        const auto old = static_cast<uint64_t>(static_cast<int64_t>(before[static_cast<size_t>(at)]));
        const C want = static_cast<C>(static_cast<uint64_t>(alpha) * sum + static_cast<uint64_t>(beta) * old);
        written[static_cast<size_t>(at)] = true;
        ASSERT_EQ(c.data()[at], want) << q << ' ' << i << ' ' << j << ' ' << description;
      }
  for (size_t i = 0; i < before.size(); ++i) {
    if (written[i]) continue;
    ASSERT_EQ(c.data()[i], before[i]) << "outside the view, at " << i;
  }
}

TEST(Dots, IntegersToTheBit) {
  uint32_t seed = 100;
  for (const Shape& s : kShapes)
    for (const Lie& la : kLies)
      for (const Lie& lb : kLies) {
        integer_case<int8_t, int8_t, int32_t>(EINBLAS_I8, EINBLAS_I8, EINBLAS_I32, s, la, lb, 1, 0, 1, seed);
        integer_case<uint8_t, int8_t, int32_t>(EINBLAS_U8, EINBLAS_I8, EINBLAS_I32, s, la, lb, 3, -2, 2, seed);
        integer_case<int8_t, int8_t, int8_t>(EINBLAS_I8, EINBLAS_I8, EINBLAS_I8, s, la, lb, 1, 1, 5, seed);
        integer_case<int16_t, int16_t, int32_t>(EINBLAS_I16, EINBLAS_I16, EINBLAS_I32, s, la, lb, -1, 1, 1, seed);
        integer_case<int16_t, int16_t, int16_t>(EINBLAS_I16, EINBLAS_I16, EINBLAS_I16, s, la, lb, 1, 0, 2, seed++);
      }
}

}  // namespace
