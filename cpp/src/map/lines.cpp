// Lines of elements: which kernel works on them in each type, and complex numbers one by one.
#include "map/lines.hpp"

#include <complex>

#include "layout/numbers.hpp"

namespace einblas {
namespace {

template <class T>
void real_line(Map what, int64_t n, char* out, const char* const* x, const int* step, const double* scalars,
               int past_caches) {
  const T* const at[3] = {reinterpret_cast<const T*>(x[0]), reinterpret_cast<const T*>(x[1]),
                          reinterpret_cast<const T*>(x[2])};
  T s[3];
  for (int i = 0; i < 3; ++i) {
    if constexpr (std::is_integral_v<T>) {
      s[i] = static_cast<T>(static_cast<int64_t>(scalars[i]));
    } else {
      s[i] = static_cast<T>(scalars[i]);
    }
  }
  kernel_table().maps->typed<T>().map[static_cast<int>(what)](n, reinterpret_cast<T*>(out), at, step, s, past_caches);
}

template <class R, class F>
void each(int64_t n, char* out, const char* const* x, const int* step, const F& f) {
  using C = std::complex<R>;
  C* const to = reinterpret_cast<C*>(out);
  const C zero{};
  const C* const at[3] = {reinterpret_cast<const C*>(x[0]), reinterpret_cast<const C*>(x[1]),
                          reinterpret_cast<const C*>(x[2])};
  const auto get = [&](int t, int64_t i) { return at[t] == nullptr ? zero : at[t][i * step[t]]; };
  for (int64_t i = 0; i < n; ++i) to[i] = f(get(0, i), get(1, i), get(2, i));
}

template <class R>
void complex_line(Map what, int64_t n, char* out, const char* const* x, const int* step, const double* scalars,
                  int /*past_caches*/) {
  using C = std::complex<R>;
  const R s[3] = {static_cast<R>(scalars[0]), static_cast<R>(scalars[1]), static_cast<R>(scalars[2])};
  const auto run = [&](const auto& f) { each<R>(n, out, x, step, f); };
  switch (what) {
    case Map::Copy:
      return run([](C a, C, C) { return a; });
    case Map::Scale:
      return run([&](C a, C, C) { return s[0] * a; });
    case Map::Shift:
      return run([&](C a, C, C) { return s[0] * a + s[2]; });
    case Map::Affine:
      return run([&](C a, C b, C) { return s[0] * a + s[1] * b + s[2]; });
    case Map::Add:
      return run([](C a, C b, C) { return a + b; });
    case Map::Subtract:
      return run([](C a, C b, C) { return a - b; });
    case Map::Multiply:
      return run([](C a, C b, C) {
        return C{a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
      });
    case Map::Divide:
      return run([](C a, C b, C) { return a / b; });
    case Map::Abs:
      return run([](C a, C, C) {
        return C{static_cast<R>(modulus(static_cast<double>(a.real()), static_cast<double>(a.imag())))};
      });
    case Map::Exp:
      return run([](C a, C, C) { return std::exp(a); });
    case Map::Log:
      return run([](C a, C, C) { return std::log(a); });
    case Map::Sqrt:
      return run([](C a, C, C) { return std::sqrt(a); });
    case Map::Equal:
      return run([](C a, C b, C) { return C{static_cast<R>(a == b)}; });
    case Map::NotEqual:
      return run([](C a, C b, C) { return C{static_cast<R>(a != b)}; });
    case Map::Where:
      return run([](C a, C b, C c) { return a != C{} ? b : c; });
    default:
      return;
  }
}

bool has_complex(Map what) {
  switch (what) {
    case Map::Sign:
    case Map::MultiplyAdd:
    case Map::ExpOfDifference:
    case Map::Tanh:
    case Map::Sigmoid:
    case Map::Relu:
    case Map::Gelu:
    case Map::Maximum:
    case Map::Minimum:
    case Map::Less:
    case Map::LessEqual:
      return false;
    default:
      return true;
  }
}

}  // namespace

MapRun map_run(Map what, DType compute) {
  switch (compute) {
    case DType::C64:
      return has_complex(what) ? complex_line<float> : nullptr;
    case DType::C128:
      return has_complex(what) ? complex_line<double> : nullptr;
    default:
      if (!is_computed(compute)) return nullptr;
      return visit_computed(compute, [&](auto of) -> MapRun {
        using T = typename decltype(of)::Type;
        return kernel_table().maps->typed<T>().map[static_cast<int>(what)] == nullptr ? nullptr : real_line<T>;
      });
  }
}

int arity_of(Map what) {
  switch (what) {
    case Map::Affine:
    case Map::Add:
    case Map::Subtract:
    case Map::Multiply:
    case Map::Divide:
    case Map::ExpOfDifference:
    case Map::Maximum:
    case Map::Minimum:
    case Map::Equal:
    case Map::NotEqual:
    case Map::Less:
    case Map::LessEqual:
      return 2;
    case Map::MultiplyAdd:
    case Map::Where:
      return 3;
    default:
      return 1;
  }
}

double nanos_of(Map what, DType compute) {
  const double vectors = static_cast<double>(size_of(compute)) / 8;
  switch (what) {
    case Map::Exp:
    case Map::ExpOfDifference:
    case Map::Log:
    case Map::Tanh:
    case Map::Sigmoid:
    case Map::Gelu:
      return is_complex(compute) ? 40 : 2 * vectors;
    default:
      return is_complex(compute) ? 2 : 0.4 * vectors;
  }
}

Mover Mover::in(DType tensor, DType compute, bool conjugated) {
  const bool turned = conjugated && is_complex(tensor);
  return {convert_row(tensor, compute, turned), tensor == compute && !turned, size_of(tensor), 1};
}

Mover Mover::out(DType compute, DType tensor) {
  if (is_complex(compute) && !is_complex(tensor)) {
    return {rounded_row(real_of(compute), tensor), false, size_of(tensor), 2};
  }
  return {rounded_row(compute, tensor), compute == tensor, size_of(tensor), 1};
}

void transpose(DType compute, int64_t rows, int64_t n, char* to, int64_t to_stride, const char* from,
               int64_t from_stride) {
  if (is_computed(compute)) {
    visit_computed(compute, [&](auto of) {
      using T = typename decltype(of)::Type;
      kernel_table().typed<T>().transpose_tile(rows, n, reinterpret_cast<T*>(to), to_stride,
                                               reinterpret_cast<const T*>(from), from_stride, T{1}, T{0}, nullptr,
                                               false);
    });
    return;
  }
  visit(compute, [&](auto of) {
    using T = typename decltype(of)::Type;
    for (int64_t q = 0; q < n; ++q)
      for (int64_t i = 0; i < rows; ++i)
        reinterpret_cast<T*>(to)[q * to_stride + i] = reinterpret_cast<const T*>(from)[i * from_stride + q];
  });
}

void load_lines(const Mover& in, DType compute, const char* from, int64_t n, int64_t w, int64_t line_stride,
                int64_t lane_stride, char* to, char* spare) {
  const int64_t width = size_of(compute);
  if (line_stride != 1 || n == 1) {
    for (int64_t k = 0; k < n; ++k) in.row(w, from + k * line_stride * in.size, lane_stride, to + k * w * width, 1);
    return;
  }
  if (in.same) return transpose(compute, w, n, to, w, from, lane_stride);
  for (int64_t i = 0; i < w; ++i) in.row(n, from + i * lane_stride * in.size, 1, spare + i * n * width, 1);
  transpose(compute, w, n, to, w, spare, n);
}

}  // namespace einblas
