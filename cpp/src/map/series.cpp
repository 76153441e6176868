// Driver: elements that depend on their place alone, and comparisons of whole tensors.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "einblas.h"
#include "layout/numbers.hpp"
#include "layout/walk.hpp"
#include "map/lines.hpp"
#include "map/map.hpp"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"
#include "step/problem.hpp"

namespace einblas {
namespace {

constexpr int64_t kPiece = 1024;
constexpr int64_t kPiecesPerTask = 16;

// SplitMix64: number `i` of the sequence of a seed (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
// Generators, 2014). Any element is found without those before it.
uint64_t random_bits(uint64_t seed, uint64_t i) {
  uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
// From 0 up to, but not, 1, with as many digits as `digits`.
double fraction(uint64_t bits, int digits) {
  return static_cast<double>(bits >> (64 - digits)) * (1 / static_cast<double>(uint64_t{1} << digits));
}

void put_map(Map what, int64_t n, double* out, const double* x, const double* y, const double (&s)[3]) {
  const double* const at[3] = {x, y, nullptr};
  const int step[3] = {1, 1, 0};
  kernel_table().maps->f64.map[static_cast<int>(what)](n, out, at, step, s, 0);
}

// Cosine and sine of so many turns, from 0 to 1: to the nearest quarter, and series from there.
void turned(double turns, double& cosine, double& sine) {
  constexpr double whole = 0x1.8p52, full = 6.283185307179586;
  const double quarters = (4 * turns + whole) - whole, a = full * (turns - quarters / 4), z = a * a;
  const double c =
      1 + z * (-1.0 / 2 +
               z * (1.0 / 24 +
                    z * (-1.0 / 720 +
                         z * (1.0 / 40320 + z * (-1.0 / 3628800 + z * (1.0 / 479001600 + z * (-1.0 / 87178291200)))))));
  const double s =
      a * (1 + z * (-1.0 / 6 +
                    z * (1.0 / 120 +
                         z * (-1.0 / 5040 + z * (1.0 / 362880 + z * (-1.0 / 39916800 + z * (1.0 / 6227020800)))))));
  // Odd quarters swap the two; the second and third turn the cosine's sign, the third and fourth the sine's.
  const bool odd = quarters == 1 || quarters == 3;
  cosine = (quarters == 1 || quarters == 2 ? -1 : 1) * (odd ? s : c);
  sine = (quarters == 2 || quarters == 3 ? -1 : 1) * (odd ? c : s);
}

// Numbers [from, from + n) of mean 0 and deviation 1, by pairs (Box and Muller, 1958): even places cosines, odd ones
// sines. from is even.
void normal(int64_t from, int64_t n, uint64_t seed, double* out) {
  double radius[kPiece / 2 + 1];
  const int64_t pairs = ceil_div(n, 2);
  for (int64_t p = 0; p < pairs; ++p)
    radius[p] = 1 - fraction(random_bits(seed, static_cast<uint64_t>(from + 2 * p)), 53);
  put_map(Map::Log, pairs, radius, radius, nullptr, {1, 1, 0});
  put_map(Map::Scale, pairs, radius, radius, nullptr, {-2, 0, 0});
  put_map(Map::Sqrt, pairs, radius, radius, nullptr, {1, 1, 0});
  for (int64_t p = 0; p < pairs; ++p) {
    double cosine = 0, sine = 0;
    turned(fraction(random_bits(seed, static_cast<uint64_t>(from + 2 * p + 1)), 53), cosine, sine);
    out[2 * p] = radius[p] * cosine;
    if (2 * p + 1 < n) out[2 * p + 1] = radius[p] * sine;
  }
}

struct Numbers {
  Series what;
  int64_t n, seed;
  double first, second;
  int digits;  // of random numbers, as the type has them
  bool whole;  // of an integer type

  double at(int64_t i) const {
    const double place = static_cast<double>(i);
    switch (what) {
      case Series::Steps:
        return first + place * second;
      case Series::Between:
        // From the nearer end, so that both ends are met.
        return 2 * i < n ? first + place * ((second - first) / static_cast<double>(std::max<int64_t>(1, n - 1)))
                         : second - (static_cast<double>(n - 1) - place) *
                                        ((second - first) / static_cast<double>(std::max<int64_t>(1, n - 1)));
      default: {
        const double u = fraction(random_bits(static_cast<uint64_t>(seed), static_cast<uint64_t>(i)), digits);
        const double v = first + (second - first) * u;
        return whole ? std::floor(v) : v;  // toward 0, its two neighbours would be one
      }
    }
  }
  void fill(int64_t from, int64_t count, double* out) const {
    if (what == Series::Normal) {
      normal(from, count, static_cast<uint64_t>(seed), out);
      return put_map(Map::Shift, count, out, out, nullptr, {second, 0, first});
    }
    for (int64_t i = 0; i < count; ++i) out[i] = at(from + i);
  }
};

// Places where two rows of reals, integers or complex numbers are not close.
template <class T>
bool row_close(int64_t n, const T* a, const T* b, const CloseCall& call) {
  bool all = true;
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_integral_v<T>) {
      const double gap = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
      all &= a[i] == b[i] || (call.relative != 0 || call.absolute != 0
                                  ? gap <= call.absolute + call.relative * std::abs(static_cast<double>(b[i]))
                                  : false);
    } else {
      const T bound = static_cast<T>(call.absolute) + static_cast<T>(call.relative) * std::abs(b[i]);
      // An infinity is close to itself alone.
      const bool near = std::abs(a[i] - b[i]) <= bound && std::abs(b[i]) <= std::numeric_limits<T>::max();
      all &= a[i] == b[i] || near || (call.nan && a[i] != a[i] && b[i] != b[i]);
    }
  }
  return all;
}
template <class R>
bool complex_close(int64_t n, const Complex<R>* a, const Complex<R>* b, const CloseCall& call) {
  bool all = true;
  for (int64_t i = 0; i < n; ++i) {
    const double size = modulus(static_cast<double>(b[i].re), static_cast<double>(b[i].im));
    const double gap = modulus(static_cast<double>(a[i].re) - static_cast<double>(b[i].re),
                               static_cast<double>(a[i].im) - static_cast<double>(b[i].im));
    const bool undefined = (a[i].re != a[i].re || a[i].im != a[i].im) && (b[i].re != b[i].re || b[i].im != b[i].im);
    const bool near = gap <= call.absolute + call.relative * size && std::isfinite(size);
    all &= (a[i].re == b[i].re && a[i].im == b[i].im) || near || (call.nan && undefined);
  }
  return all;
}

}  // namespace

int32_t run_series(Series what, DType dtype, int64_t n, char* out, double first, double second, int64_t seed,
                   int threads) {
  if (is_complex(dtype) || dtype == DType::BOOL || n < 0) return EINBLAS_INVALID_ARGUMENT;
  const Numbers numbers{
      what, n, seed, first, second, dtype == DType::F64 || is_integer(dtype) ? 53 : 24, is_integer(dtype)};
  const ConvertRow row = convert_row(DType::F64, dtype, false);
  const int64_t size = size_of(dtype), pieces = ceil_div(n, kPiece), tasks = ceil_div(pieces, kPiecesPerTask);
  const double nanos = what == Series::Normal ? 20 : 2;
  parallel_tasks(tasks, useful_threads(threads, tasks, static_cast<double>(n) * nanos), [&](int64_t task, int) {
    double values[kPiece];
    for (int64_t p = task * kPiecesPerTask; p < std::min(pieces, (task + 1) * kPiecesPerTask); ++p) {
      const int64_t count = std::min(kPiece, n - p * kPiece);
      numbers.fill(p * kPiece, count, values);
      row(count, reinterpret_cast<const char*>(values), 1, out + p * kPiece * size, 1);
    }
  });
  return EINBLAS_OK;
}

int32_t run_close(const CloseCall& call, bool* close) {
  const bool imaginary = is_complex(call.a.dtype) || is_complex(call.b.dtype);
  const auto whole = [](DType t) { return is_integer(t) || t == DType::BOOL; };
  const auto wide = [](DType t) { return t == DType::F64 || t == DType::C128 || t == DType::I32 || t == DType::I64; };
  const bool both = whole(call.a.dtype) && whole(call.b.dtype);
  const bool doubles = wide(call.a.dtype) || wide(call.b.dtype);
  const DType compute = both        ? DType::I64
                        : imaginary ? (doubles ? DType::C128 : DType::C64)
                                    : (doubles ? DType::F64 : DType::F32);
  std::vector<int64_t> strides(call.a.strides, call.a.strides + call.axes);
  strides.insert(strides.end(), call.b.strides, call.b.strides + call.axes);
  // Where both repeat their elements one look is enough.
  std::vector<int64_t> lengths(call.lengths, call.lengths + call.axes);
  for (int a = 0; a < call.axes; ++a) {
    int64_t& length = lengths[static_cast<size_t>(a)];
    if (call.a.strides[a] == 0 && call.b.strides[a] == 0) length = std::min<int64_t>(length, 1);
  }
  const Problem p = normalise(compute, 1, call.axes, call.axes, lengths.data(), strides.data(), false);
  *close = true;
  if (p.empty_output) return EINBLAS_OK;
  Axes rest = p.outer;
  Axis line{1, {0, 0, 0, 0}};
  if (!rest.empty()) {
    line = rest.back();
    rest.pop_back();
  }
  const Mover a = Mover::in(call.a.dtype, compute, call.a.conjugated);
  const Mover b = Mover::in(call.b.dtype, compute, call.b.conjugated);
  const char* const at_a = call.a.at + p.offset[0] * a.size;
  const char* const at_b = call.b.at + p.offset[kOut] * b.size;
  const int64_t width = size_of(compute), pieces = ceil_div(line.length, kPiece), works = elements(rest) * pieces;
  const int64_t per_task = std::max<int64_t>(1, kPiece * kPiecesPerTask / std::min(kPiece, line.length));
  const int64_t tasks = ceil_div(works, per_task);
  const int workers = useful_threads(call.threads, tasks, static_cast<double>(works * std::min(kPiece, line.length)));
  const Workspace own(2 * kPiece * width, workers);
  if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
  std::atomic<bool> all{true};
  parallel_tasks(tasks, workers, [&](int64_t task, int worker) {
    if (!all.load(std::memory_order_relaxed)) return;
    char* const room = own.of(worker);
    for (int64_t i = task * per_task; i < std::min(works, (task + 1) * per_task); ++i) {
      const Walk walk(rest, i / pieces);
      const int64_t first = i % pieces * kPiece, n = std::min(kPiece, line.length - first);
      const char* x = at_a + (walk.at(0) + first * line.stride[0]) * a.size;
      const char* y = at_b + (walk.at(kOut) + first * line.stride[kOut]) * b.size;
      if (!a.same || line.stride[0] != 1) {
        a.row(n, x, line.stride[0], room, 1);
        x = room;
      }
      if (!b.same || line.stride[kOut] != 1) {
        b.row(n, y, line.stride[kOut], room + kPiece * width, 1);
        y = room + kPiece * width;
      }
      const bool here = visit(compute, [&](auto of) {
        using T = typename decltype(of)::Type;
        const T* const u = reinterpret_cast<const T*>(x);
        const T* const v = reinterpret_cast<const T*>(y);
        if constexpr (kIsComplex<T>) {
          return complex_close(n, u, v, call);
        } else if constexpr (std::is_arithmetic_v<T>) {
          return row_close(n, u, v, call);
        } else {
          return false;  // nothing is compared in it
        }
      });
      if (!here) {
        all.store(false, std::memory_order_relaxed);
        return;
      }
    }
  });
  *close = all.load();
  return EINBLAS_OK;
}

}  // namespace einblas
