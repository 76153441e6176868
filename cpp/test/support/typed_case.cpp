// Test support: the scalar model behind typed_case.hpp.
#include "support/typed_case.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <memory>
#include <sstream>

#include "einblas.h"
#include "support/guarded.hpp"
#include "support/random.hpp"

namespace einblas_test {

bool is_complex_type(int32_t type) { return type == EINBLAS_C64 || type == EINBLAS_C128; }
bool is_integer_type(int32_t type) {
  return type == EINBLAS_I8 || type == EINBLAS_U8 || type == EINBLAS_I16 || type == EINBLAS_I32 || type == EINBLAS_I64;
}

namespace {

using Number = std::complex<double>;

struct Tensor {
  std::string labels;
  int32_t type = 0;
  std::vector<int64_t> strides;
  int64_t offset = 0, elements = 1, size = 0;
  std::unique_ptr<Guarded> memory;

  int64_t address(int64_t element) const { return reinterpret_cast<int64_t>(memory->as<char>()) + element * size; }
  int64_t origin() const { return address(offset); }
  int64_t stride(char label) const {
    int64_t s = 0;
    for (size_t d = 0; d < labels.size(); ++d)
      if (labels[d] == label) s += strides[d];
    return s;
  }
  Number number(int64_t element) const {
    return {einblas_peek_part(address(element), type, 0), einblas_peek_part(address(element), type, 1)};
  }
  uint64_t integer(int64_t element) const {
    return static_cast<uint64_t>(einblas_peek_integer(address(element), type));
  }
  std::vector<char> bytes() const {
    const char* at = memory->as<char>();
    return std::vector<char>(at, at + elements * size);
  }
};

Tensor make(const std::string& labels, int32_t type, const TypedCase& c, const Variant& v, Random& random, bool nan) {
  Tensor t;
  t.labels = labels;
  t.type = type;
  t.size = einblas_dtype_size(type);
  t.strides.resize(labels.size());
  int64_t stride = v.spread ? 2 : 1, last = 0;
  for (size_t d = labels.size(); d-- > 0;) {
    const int64_t n = c.equation.lengths.at(labels[d]);
    t.strides[d] = stride;
    if (n > 0) last += (n - 1) * stride;
    if (v.negative && d % 2 == 0 && n > 0) {
      t.offset += (n - 1) * stride;
      t.strides[d] = -stride;
    }
    stride *= std::max<int64_t>(n, 1) + v.pad;
  }
  t.elements = last + 1;
  t.memory = std::make_unique<Guarded>(t.elements * t.size, v.at_end ? Guarded::At::End : Guarded::At::Start);
  for (int64_t i = 0; i < t.elements; ++i) {
    if (type == EINBLAS_BOOL) {
      *reinterpret_cast<uint8_t*>(t.address(i)) = static_cast<uint8_t>(random.below(4) == 0 ? random.below(256) : 0);
    } else if (is_integer_type(type)) {
      // Beside reals they are summed as such: then small.
      const bool real = !is_integer_type(c.types.back());
      einblas_poke_integer(t.address(i), type, real ? random.below(4) : random.bits());
    } else {
      for (int part = 0; part < 2; ++part) {
        const double x = nan ? std::nan("") : c.exact ? static_cast<double>(random.below(5) - 2) : random.real();
        einblas_poke_part(t.address(i), type, part, x);
      }
    }
  }
  return t;
}

// A step's tensors and its model.
struct Model {
  const TypedCase& c;
  const Variant& v;
  std::vector<Tensor> x;
  Tensor out;
  std::string axes;
  size_t outer = 0;
  std::vector<char> before;
  std::vector<Number> old;
  std::vector<uint64_t> old_integer;

  Model(const TypedCase& typed, const Variant& variant) : c(typed), v(variant) {
    Random random(v.seed);
    const std::string& text = c.equation.text;
    const size_t arrow = text.find("->");
    std::stringstream left(text.substr(0, arrow));
    size_t t = 0;
    if (arrow > 0)
      for (std::string s; std::getline(left, s, ',');) x.push_back(make(s, c.types[t++], c, v, random, false));
    out = make(text.substr(arrow + 2), c.types[t], c, v, random, v.beta == 0);
    axes = out.labels;
    outer = axes.size();
    for (const Tensor& operand : x)
      for (char l : operand.labels)
        if (axes.find(l) == std::string::npos) axes += l;
    before = out.bytes();
    for (int64_t i = 0; i < out.elements; ++i) {
      old.push_back(out.number(i));
      old_integer.push_back(out.integer(i));
    }
  }

  int32_t run(TypedOutcome& o) {
    std::vector<int64_t> lengths, strides;
    for (char l : axes) lengths.push_back(c.equation.lengths.at(l));
    for (const Tensor& t : x)
      for (char l : axes) strides.push_back(t.stride(l));
    for (char l : axes) strides.push_back(out.stride(l));
    int64_t step = 0;
    int32_t status = einblas_step_create_typed(c.types.data(), c.conjugated, static_cast<int32_t>(x.size()),
                                               static_cast<int32_t>(axes.size()), static_cast<int32_t>(outer),
                                               lengths.data(), strides.data(), v.kernel, v.room, &step);
    if (status != EINBLAS_OK) return status;
    o.kernel = einblas_step_kernel(step);
    o.description = einblas_step_description(step);
    int64_t at[3] = {0, 0, 0};
    for (size_t t = 0; t < x.size(); ++t) at[t] = x[t].origin();
    status = einblas_step_run(step, at[0], at[1], at[2], out.origin(), v.alpha, v.beta, v.threads);
    einblas_step_destroy(step);
    return status;
  }

  template <class F>
  void walk(size_t axis, size_t end, std::vector<int64_t>& at, const F& f) const {
    if (axis == end) return f();
    const int64_t n = c.equation.lengths.at(axes[axis]);
    for (int64_t i = 0; i < n; ++i) {
      walk(axis + 1, end, at, f);
      move(at, axes[axis], 1);
    }
    move(at, axes[axis], -n);
  }
  void move(std::vector<int64_t>& at, char label, int64_t by) const {
    for (size_t t = 0; t < x.size(); ++t) at[t] += by * x[t].stride(label);
    at.back() += by * out.stride(label);
  }

  std::string check() const {
    std::vector<int64_t> at;
    for (const Tensor& t : x) at.push_back(t.offset);
    at.push_back(out.offset);
    std::vector<bool> written(static_cast<size_t>(out.elements), false);
    std::string error;
    double terms = 1;
    for (size_t a = outer; a < axes.size(); ++a) terms *= static_cast<double>(c.equation.lengths.at(axes[a]));
    walk(0, outer, at, [&] {
      written[static_cast<size_t>(at.back())] = true;
      Number sum = 0;
      uint64_t whole = 0;
      double magnitude = 0;
      walk(outer, axes.size(), at, [&] {
        Number product = 1;
        uint64_t integer = 1;
        for (size_t t = 0; t < x.size(); ++t) {
          const Number factor = x[t].number(at[t]);
          product *= (c.conjugated >> t & 1) != 0 ? std::conj(factor) : factor;
          integer *= x[t].integer(at[t]);
        }
        sum += product;
        whole += integer;
        magnitude += std::abs(product);
      });
      if (error.empty()) error = wrong(at.back(), sum, whole, magnitude, terms);
    });
    const std::vector<char> now = out.bytes();
    for (size_t i = 0; i < written.size() && error.empty(); ++i)
      if (!written[i] && std::memcmp(&now[i * static_cast<size_t>(out.size)],
                                     &before[i * static_cast<size_t>(out.size)], static_cast<size_t>(out.size)) != 0)
        error = "element " + std::to_string(i) + " outside the view was written";
    return error;
  }

  // What is wrong with an element, or nothing.
  std::string wrong(int64_t place, Number sum, uint64_t whole, double magnitude, double terms) const {
    std::ostringstream text;
    text << "element " << place << ": ";
    if (is_integer_type(out.type)) {
      const auto factor = [](double f) { return static_cast<uint64_t>(static_cast<int64_t>(f)); };
      uint64_t want = factor(v.alpha) * whole + factor(v.beta) * old_integer[static_cast<size_t>(place)];
      int64_t rounded = 0;
      einblas_poke_integer(reinterpret_cast<int64_t>(&rounded), out.type, static_cast<int64_t>(want));
      want = static_cast<uint64_t>(einblas_peek_integer(reinterpret_cast<int64_t>(&rounded), out.type));
      if (out.integer(place) == want) return "";
      text << "got " << static_cast<int64_t>(out.integer(place)) << ", want " << static_cast<int64_t>(want);
      return text.str();
    }
    const Number added = v.beta == 0 ? 0 : v.beta * old[static_cast<size_t>(place)];
    const Number want = (v.alpha == 0 ? 0 : v.alpha * sum) + added, got = out.number(place);
    if (out.type == EINBLAS_BOOL) {
      const uint8_t byte = *reinterpret_cast<const uint8_t*>(out.address(place));
      if (byte == (want.real() != 0 ? 1 : 0)) return "";
      // What was true and was not written may be any other byte.
      const uint8_t old_byte = static_cast<uint8_t>(before[static_cast<size_t>(place)]);
      if (v.beta == 1 && want.real() != 0 && byte != 0 && byte == old_byte) return "";
    } else if (c.exact) {
      Number rounded;
      for (int part = 0; part < 2; ++part)
        einblas_poke_part(reinterpret_cast<int64_t>(&rounded), out.type, part, part == 0 ? want.real() : want.imag());
      const Number right(einblas_peek_part(reinterpret_cast<int64_t>(&rounded), out.type, 0),
                         einblas_peek_part(reinterpret_cast<int64_t>(&rounded), out.type, 1));
      if (got == right) return "";
    } else {
      const double bound =
          2 * epsilon_of(c.types.back()) * (2 * terms + 4) * (std::fabs(v.alpha) * magnitude + std::abs(added)) +
          epsilon_of(out.type) * std::abs(want) + 0x1p-25;
      if (std::abs(got - want) <= bound) return "";
      text << "bound " << bound << ", ";
    }
    text << "got " << got << ", want " << want;
    return text.str();
  }
};

}  // namespace

TypedOutcome run_typed(const TypedCase& c, const Variant& v) {
  Model model(c, v);
  TypedOutcome o;
  o.status = model.run(o);
  if (o.status == EINBLAS_OK) o.error = model.check();
  o.result = model.out.bytes();
  return o;
}

std::string to_string(const TypedCase& c, const Variant& v) {
  std::string s = to_string(c.equation, v) + " types";
  for (int32_t t : c.types) s += std::string(" ") + einblas_dtype_name(t);
  return s + " conjugated=" + std::to_string(c.conjugated) + (c.exact ? " exact" : "");
}

}  // namespace einblas_test
