// Test support: the naive reference and the layouts behind step_case.hpp.
#include "support/step_case.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <type_traits>

#include "einblas.h"
#include "support/dtype.hpp"
#include "support/guarded.hpp"
#include "support/random.hpp"

namespace einblas_test {
namespace {

struct Parsed {
  std::vector<std::string> operands;
  std::string output;
  std::string axes;  // output labels, then reduced ones
};

Parsed parse(const Equation& e) {
  Parsed p;
  const size_t arrow = e.text.find("->");
  std::string left = e.text.substr(0, arrow);
  p.output = e.text.substr(arrow + 2);
  if (!left.empty()) {
    std::stringstream in(left);
    for (std::string s; std::getline(in, s, ',');) p.operands.push_back(s);
    if (left.back() == ',') p.operands.push_back("");
  }
  p.axes = p.output;
  for (const std::string& o : p.operands)
    for (char c : o)
      if (p.axes.find(c) == std::string::npos) p.axes += c;
  return p;
}

// Storage of one tensor: strides by dimension, offset of element 0, and elements in all.
struct Layout {
  std::vector<int64_t> strides;
  int64_t offset = 0, elements = 1;
};

Layout lay_out(const std::string& labels, const Equation& e, const Variant& v) {
  Layout l;
  l.strides.resize(labels.size());
  int64_t stride = v.spread ? 2 : 1, last = 0;
  for (size_t d = labels.size(); d-- > 0;) {
    const int64_t n = e.lengths.at(labels[d]);
    l.strides[d] = stride;
    if (n > 0) last += (n - 1) * stride;
    if (v.negative && d % 2 == 0 && n > 0) {
      l.offset += (n - 1) * stride;
      l.strides[d] = -stride;
    }
    stride *= std::max<int64_t>(n, 1) + v.pad;
  }
  l.elements = last + 1;
  return l;
}

template <class T>
struct Tensor {
  Layout layout;
  std::unique_ptr<Guarded> memory;
  T* data() const { return memory->as<T>(); }
  T* origin() const { return data() + layout.offset; }
};

template <class T>
Tensor<T> make_tensor(const std::string& labels, const Equation& e, const Variant& v) {
  Tensor<T> t;
  t.layout = lay_out(labels, e, v);
  t.memory = std::make_unique<Guarded>(t.layout.elements * static_cast<int64_t>(sizeof(T)),
                                       v.at_end ? Guarded::At::End : Guarded::At::Start);
  return t;
}

// The variant as it is for T: integers have whole factors.
template <class T>
Variant variant_of(Variant v) {
  if constexpr (std::is_integral_v<T>)
    for (double* x : {&v.alpha, &v.beta})
      while (*x != std::trunc(*x)) *x *= 2;
  return v;
}

template <class T>
struct Setup {
  static constexpr bool kWhole = std::is_integral_v<T>;
  using Sum = std::conditional_t<kWhole, uint64_t, double>;  // modulo 2^64, hence of less bits too

  Parsed parsed;
  std::vector<Tensor<T>> operands;
  Tensor<T> output;
  std::vector<T> before;
  std::vector<int64_t> lengths, strides;

  Setup(const Equation& e, const Variant& v) : parsed(parse(e)) {
    Random random(v.seed);
    for (const std::string& labels : parsed.operands) {
      operands.push_back(make_tensor<T>(labels, e, v));
      Tensor<T>& t = operands.back();
      random.fill(t.data(), t.layout.elements);
    }
    output = make_tensor<T>(parsed.output, e, v);
    random.fill(output.data(), output.layout.elements);
    if (!kWhole && v.beta == 0) std::fill_n(output.data(), output.layout.elements, std::numeric_limits<T>::quiet_NaN());
    before.assign(output.data(), output.data() + output.layout.elements);
    for (char c : parsed.axes) lengths.push_back(e.lengths.at(c));
    for (size_t t = 0; t < parsed.operands.size(); ++t) add_strides(parsed.operands[t], operands[t].layout);
    add_strides(parsed.output, output.layout);
  }

  void add_strides(const std::string& labels, const Layout& l) {
    for (char c : parsed.axes) {
      int64_t s = 0;
      for (size_t d = 0; d < labels.size(); ++d)
        if (labels[d] == c) s += l.strides[d];
      strides.push_back(s);
    }
  }

  int32_t create(const Variant& v, int64_t* step) const {
    const int32_t types[] = {dtype<T>(), dtype<T>(), dtype<T>(), dtype<T>(), dtype<T>()};
    return einblas_step_create_typed(
        types, 0, static_cast<int32_t>(operands.size()), static_cast<int32_t>(parsed.axes.size()),
        static_cast<int32_t>(parsed.output.size()), lengths.data(), strides.data(), v.kernel, v.room, step);
  }

  int32_t call(const Variant& v, Outcome* outcome) {
    int64_t step = 0;
    const int32_t status = create(v, &step);
    if (status != EINBLAS_OK) return status;
    if (outcome != nullptr) {
      outcome->kernel = einblas_step_kernel(step);
      outcome->description = einblas_step_description(step);
    }
    int64_t x[3] = {0, 0, 0};
    for (size_t t = 0; t < operands.size(); ++t) x[t] = reinterpret_cast<int64_t>(operands[t].origin());
    const int64_t c = reinterpret_cast<int64_t>(output.origin());
    std::unique_ptr<Guarded> copies[2];
    int64_t packed[2] = {0, 0};
    int32_t ran = EINBLAS_OK;
    for (int t = 0; v.packed && t < 2; ++t) {
      const int64_t bytes = einblas_step_packed_bytes(step, t);
      if (bytes == 0) continue;
      if (outcome != nullptr) outcome->packed[t] = true;
      copies[t] = std::make_unique<Guarded>((bytes + 63) / 64 * 64, Guarded::At::End);
      packed[t] = reinterpret_cast<int64_t>(copies[t]->as<char>());
      ran = std::max(ran, einblas_step_pack(step, t, x[t], packed[t], v.threads));
    }
    if (ran == EINBLAS_OK)
      ran = einblas_step_run_packed(step, x[0], x[1], x[2], c, packed[0], packed[1], v.alpha, v.beta, v.threads);
    einblas_step_destroy(step);
    return ran;
  }

  // Walks axes [axis, end) from the given positions, calling f at each point.
  template <class F>
  void walk(size_t axis, size_t end, std::vector<int64_t>& at, const F& f) const {
    if (axis == end) {
      f();
      return;
    }
    const size_t n = parsed.axes.size();
    for (int64_t i = 0; i < lengths[axis]; ++i) {
      walk(axis + 1, end, at, f);
      for (size_t t = 0; t < at.size(); ++t) at[t] += strides[t * n + axis];
    }
    for (size_t t = 0; t < at.size(); ++t) at[t] -= lengths[axis] * strides[t * n + axis];
  }

  // The terms of one line of an axis: what takes the time of a reference.
  void add_line(const std::vector<int64_t>& at, int64_t count, size_t axis, Sum* sum, double* magnitude) const {
    const T* x[3] = {nullptr, nullptr, nullptr};
    int64_t step[3] = {0, 0, 0};
    const size_t n = operands.size(), axes = parsed.axes.size();
    for (size_t t = 0; t < n; ++t) {
      x[t] = operands[t].origin() + at[t];
      if (axis < axes) step[t] = strides[t * axes + axis];
    }
    for (int64_t i = 0; i < count; ++i) {
      Sum product = n > 0 ? static_cast<Sum>(x[0][i * step[0]]) : 1;
      if (n > 1) product *= static_cast<Sum>(x[1][i * step[1]]);
      if (n > 2) product *= static_cast<Sum>(x[2][i * step[2]]);
      *sum += product;
      if constexpr (!kWhole) *magnitude += std::fabs(product);
    }
  }

  std::string check(const Variant& v) const {
    std::vector<bool> written(before.size(), false);
    std::vector<int64_t> at(operands.size() + 1, 0);
    std::string error;
    int64_t terms = 1;
    for (size_t a = parsed.output.size(); a < parsed.axes.size(); ++a) terms *= lengths[a];
    walk(0, parsed.output.size(), at, [&] {
      Sum sum = 0;
      double magnitude = 0;
      if (parsed.axes.size() == parsed.output.size()) {
        add_line(at, 1, parsed.axes.size(), &sum, &magnitude);
      } else {
        const size_t last = parsed.axes.size() - 1;
        walk(parsed.output.size(), last, at, [&] { add_line(at, lengths[last], last, &sum, &magnitude); });
      }
      const int64_t out = output.layout.offset + at.back();
      written[static_cast<size_t>(out)] = true;
      if (error.empty()) error = check_element(v, out, sum, magnitude, terms);
    });
    for (size_t i = 0; i < before.size() && error.empty(); ++i) {
      const T now = output.data()[i];
      if (!written[i] && now != before[i] && !(now != now && before[i] != before[i]))
        error = "storage index " + std::to_string(i) + " outside the view was written";
    }
    return error;
  }

  // What is wrong with the element at a place of the output's storage, of which these are the terms' sums.
  std::string check_element(const Variant& v, int64_t out, Sum sum, double magnitude, int64_t terms) const {
    const T old = before[static_cast<size_t>(out)], got = output.data()[out];
    if constexpr (kWhole) {
      const auto modulo = [](double factor) { return static_cast<uint64_t>(static_cast<int64_t>(factor)); };
      const T want = static_cast<T>(modulo(v.alpha) * sum + modulo(v.beta) * static_cast<uint64_t>(old));
      return got == want ? "" : wrong(out, got, want, 0);
    } else {
      const double added = v.beta == 0 ? 0 : v.beta * static_cast<double>(old), want = v.alpha * sum + added;
      const double bound = 2 * static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(terms + 4) *
                           (std::fabs(v.alpha) * magnitude + std::fabs(added));
      return std::fabs(static_cast<double>(got) - want) <= bound ? "" : wrong(out, got, want, bound);
    }
  }
  template <class W>
  static std::string wrong(int64_t out, T got, W want, double bound) {
    std::ostringstream text;
    text << "element at storage index " << out << ": got " << got << ", want " << want << " +- " << bound;
    return text.str();
  }
};

bool takes_floats_alone(const Variant& v) { return v.kernel != nullptr && std::string(v.kernel) == "openblas"; }

template <class T>
void expect_right_as(const Equation& e, const Variant& v) {
  const Outcome o = run<T>(e, v);
  if (std::is_integral_v<T> && takes_floats_alone(v)) {
    EXPECT_EQ(o.status, EINBLAS_NOT_APPLICABLE) << to_string(e, v);
    return;
  }
  EXPECT_EQ(o.status, EINBLAS_OK) << to_string(e, v);
  EXPECT_EQ(o.error, "") << to_string(e, v) << " ran on " << o.kernel << ": " << o.description;
}

}  // namespace

template <class T>
Outcome run(const Equation& equation, const Variant& variant) {
  const Variant own = variant_of<T>(variant);
  Setup<T> setup(equation, own);
  Outcome outcome;
  outcome.status = setup.call(own, &outcome);
  if (outcome.status == EINBLAS_OK) outcome.error = setup.check(own);
  return outcome;
}

template <class T>
Outcome planned(const Equation& equation, const Variant& variant) {
  const Setup<T> setup(equation, variant);
  Outcome outcome;
  int64_t step = 0;
  outcome.status = setup.create(variant, &step);
  if (outcome.status != EINBLAS_OK) return outcome;
  outcome.kernel = einblas_step_kernel(step);
  outcome.description = einblas_step_description(step);
  outcome.memory = einblas_step_memory(step, 1);
  einblas_step_destroy(step);
  return outcome;
}

template <class T>
std::vector<T> result(const Equation& equation, const Variant& variant) {
  const Variant own = variant_of<T>(variant);
  Setup<T> setup(equation, own);
  if (setup.call(own, nullptr) != EINBLAS_OK) throw std::runtime_error("step failed: " + equation.text);
  return std::vector<T>(setup.output.data(), setup.output.data() + setup.output.layout.elements);
}

#define EINBLAS_CASES_OF(T)                                     \
  template Outcome run<T>(const Equation&, const Variant&);     \
  template Outcome planned<T>(const Equation&, const Variant&); \
  template std::vector<T> result<T>(const Equation&, const Variant&);
EINBLAS_CASES_OF(float)
EINBLAS_CASES_OF(double)
EINBLAS_CASES_OF(int32_t)
EINBLAS_CASES_OF(int64_t)
#undef EINBLAS_CASES_OF

void expect_right(const Equation& e, Variant v, const char* kernel) {
  if (kernel != nullptr) v.kernel = kernel;
  expect_right_as<float>(e, v);
  expect_right_as<double>(e, v);
  uint32_t hash = 0;
  for (char c : to_string(e, v)) hash = hash * 31 + static_cast<unsigned char>(c);
  if (hash % 4 == 0) expect_right_as<int32_t>(e, v);
  if (hash % 4 == 1) expect_right_as<int64_t>(e, v);
}

void expect_random_right(uint32_t seed, const std::vector<const char*>& texts, const std::vector<Lengths>& lengths,
                         const char* kernel) {
  Random random(seed);
  Equation e{texts[static_cast<size_t>(random.below(static_cast<int64_t>(texts.size())))], {}};
  for (const Lengths& l : lengths) e.lengths[l.label] = l.least + random.below(l.most - l.least + 1);
  const std::vector<Variant> variants = usual_variants();
  Variant v = variants[static_cast<size_t>(random.below(static_cast<int64_t>(variants.size())))];
  v.pad = random.below(4);
  v.threads = static_cast<int>(random.upto(3));
  v.seed = seed;
  expect_right(e, v, kernel);
}

std::string to_string(const Equation& e, const Variant& v) {
  std::ostringstream text;
  text << e.text;
  for (const auto& l : e.lengths) text << ' ' << l.first << '=' << l.second;
  text << " pad=" << v.pad << " negative=" << v.negative << " spread=" << v.spread << " at_end=" << v.at_end
       << " alpha=" << v.alpha << " beta=" << v.beta << " threads=" << v.threads << " packed=" << v.packed
       << " kernel=" << (v.kernel == nullptr ? "auto" : v.kernel) << " seed=" << v.seed;
  return text.str();
}

std::vector<Variant> usual_variants() {
  std::vector<Variant> all(9);
  all[1].at_end = false;
  all[2].pad = 3;
  all[3].negative = true;
  all[4].spread = true;
  all[4].negative = true;
  all[5].alpha = -1.5;
  all[5].beta = 0.5;
  all[5].pad = 1;
  all[6].threads = 3;
  all[6].beta = 1;
  all[7].alpha = 0;
  all[7].beta = 2;
  all[8].packed = true;
  all[8].pad = 1;
  all[8].threads = 2;
  return all;
}

}  // namespace einblas_test
