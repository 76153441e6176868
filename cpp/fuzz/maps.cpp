// Fuzzer: functions of elements and rows, reductions, moves by index, and steps with an epilogue, of any real types and
// strides, in place too.
#include <algorithm>

#include "any.hpp"

namespace einblas_fuzz {
namespace {

using einblas_test::epsilon_of;

const std::vector<int32_t> kFloats{EINBLAS_F32, EINBLAS_F64, EINBLAS_BF16, EINBLAS_F16};
const std::vector<int32_t> kIntegers{EINBLAS_I8, EINBLAS_U8, EINBLAS_I16, EINBLAS_I32, EINBLAS_BOOL};

// Types of operands and output, and the one in which it is computed.
struct Kinds {
  bool whole;
  int32_t compute, out;
  explicit Kinds(Random& random) : whole(random.one_in(4)) {
    compute = whole ? EINBLAS_I32 : random.one_in(2) ? EINBLAS_F32 : EINBLAS_F64;
    out = whole                    ? EINBLAS_I32
          : compute == EINBLAS_F64 ? random.of(kFloats)
          : random.one_in(2)       ? EINBLAS_F32
                                   : EINBLAS_BF16;
  }
  int32_t operand(Random& random) const {
    if (whole || random.one_in(4)) return random.of(kIntegers);
    return compute == EINBLAS_F64 || random.one_in(3) ? (compute == EINBLAS_F64 ? random.of(kFloats) : EINBLAS_F16)
                                                      : compute;
  }
};

double value(const Any& x, const std::vector<int64_t>& at) { return x.number(index_of(x.layout, at)).real(); }

// What a tensor held before a call.
class Before {
 public:
  explicit Before(const Any& x) : x_(x) {}
  double operator()(const std::vector<int64_t>& at) const {
    return einblas_peek(reinterpret_cast<int64_t>(x_.before.data()) + index_of(x_.layout, at) * x_.size, x_.type);
  }

 private:
  const Any& x_;
};

void near(const char* what, double got, double want, double room, int32_t out) {
  if (out == EINBLAS_BOOL) want = want != 0 ? 1 : 0;
  if (std::isnan(want) ? std::isnan(got) : got == want) return;
  const double most = out == EINBLAS_F16 ? 65504 : std::numeric_limits<double>::max();
  if (std::isinf(got) && std::abs(want) > most) return;
  // Below the normal numbers of a 16-bit float spaces are even.
  const double rounding = epsilon_of(out) * std::abs(want) + (out == EINBLAS_F16 ? 0x1p-24 : 0x1p-126);
  if (!(std::abs(got - want) <= room + rounding)) fail(what, ": got ", got, ", want ", want, " +- ", room + rounding);
}

// Every byte of the memory that is no element is as it was.
void around(Any& x) {
  each_index(x.layout.lengths, [&](const std::vector<int64_t>& at) {
    const size_t byte = static_cast<size_t>(index_of(x.layout, at) * x.size);
    std::memcpy(x.memory.data() + byte, x.before.data() + byte, static_cast<size_t>(x.size));
  });
  if (!x.memory.same(x.before)) fail("a place outside the result was written");
}

Lengths lengths_of(Random& random, int64_t axes) {
  Lengths lengths;
  for (int64_t a = 0; a < axes; ++a) lengths.push_back(random.length(axes == 1 ? 5000 : 70));
  return lengths;
}

struct Function {
  int32_t what;
  int operands;
  bool whole;  // of integers too
  double (*of)(double, double, double);
};
const std::vector<Function> kFunctions{
    {EINBLAS_MAP_COPY, 1, true, [](double a, double, double) { return a; }},
    {EINBLAS_MAP_SCALE, 1, true, [](double a, double, double) { return 2 * a; }},
    {EINBLAS_MAP_SHIFT, 1, true, [](double a, double, double) { return 2 * a - 1; }},
    {EINBLAS_MAP_AFFINE, 2, true, [](double a, double b, double) { return 2 * a + 3 * b - 1; }},
    {EINBLAS_MAP_ADD, 2, true, [](double a, double b, double) { return a + b; }},
    {EINBLAS_MAP_SUBTRACT, 2, true, [](double a, double b, double) { return a - b; }},
    {EINBLAS_MAP_MULTIPLY, 2, true, [](double a, double b, double) { return a * b; }},
    {EINBLAS_MAP_MULTIPLY_ADD, 3, false, [](double a, double b, double c) { return a * b + c; }},
    {EINBLAS_MAP_DIVIDE, 2, false, [](double a, double b, double) { return a / b; }},
    {EINBLAS_MAP_ABS, 1, true, [](double a, double, double) { return std::abs(a); }},
    {EINBLAS_MAP_SIGN, 1, true, [](double a, double, double) { return a > 0   ? 1.0
                                                                      : a < 0 ? -1.0
                                                                              : a; }},
    {EINBLAS_MAP_EXP, 1, false, [](double a, double, double) { return std::exp(a); }},
    {EINBLAS_MAP_EXP_OF_DIFFERENCE, 2, false, [](double a, double b, double) { return std::exp(a - b); }},
    {EINBLAS_MAP_LOG, 1, false, [](double a, double, double) { return std::log(a); }},
    {EINBLAS_MAP_SQRT, 1, false, [](double a, double, double) { return std::sqrt(a); }},
    {EINBLAS_MAP_TANH, 1, false, [](double a, double, double) { return std::tanh(a); }},
    {EINBLAS_MAP_SIGMOID, 1, false, [](double a, double, double) { return 1 / (1 + std::exp(-a)); }},
    {EINBLAS_MAP_RELU, 1, true, [](double a, double, double) { return a > 0 ? a : 0; }},
    {EINBLAS_MAP_GELU, 1, false, [](double a, double, double) { return 0.5 * a * std::erfc(-a / std::sqrt(2.0)); }},
    {EINBLAS_MAP_MAXIMUM, 2, true, [](double a, double b, double) { return std::max(a, b); }},
    {EINBLAS_MAP_MINIMUM, 2, true, [](double a, double b, double) { return std::min(a, b); }},
    {EINBLAS_MAP_EQUAL, 2, true, [](double a, double b, double) { return a == b ? 1.0 : 0; }},
    {EINBLAS_MAP_NOT_EQUAL, 2, true, [](double a, double b, double) { return a != b ? 1.0 : 0; }},
    {EINBLAS_MAP_LESS, 2, true, [](double a, double b, double) { return a < b ? 1.0 : 0; }},
    {EINBLAS_MAP_LESS_EQUAL, 2, true, [](double a, double b, double) { return a <= b ? 1.0 : 0; }},
    {EINBLAS_MAP_WHERE, 3, true, [](double a, double b, double c) { return a != 0 ? b : c; }}};

// Functions of a few units in the last place.
constexpr double kUnits = 16;

void elementwise(Random& random) {
  const Kinds kinds(random);
  const Lengths lengths = lengths_of(random, random.below(4));
  Function f = random.of(kFunctions);
  while (kinds.whole && !f.whole) f = random.of(kFunctions);
  Any out(random, kinds.out, random_layout(random, lengths, true));
  const int in_place = random.one_in(3) ? static_cast<int>(random.below(f.operands)) : -1;
  std::vector<std::unique_ptr<Any>> x;
  std::vector<int32_t> types;
  std::vector<int64_t> strides, at;
  for (int t = 0; t < f.operands; ++t) {
    x.push_back(std::make_unique<Any>(random, kinds.operand(random), random_layout(random, lengths, false)));
    const Any& own = t == in_place ? out : *x.back();
    types.push_back(own.type);
    strides.insert(strides.end(), own.layout.strides.begin(), own.layout.strides.end());
    at.push_back(own.address());
  }
  at.resize(3);
  types.push_back(kinds.out);
  strides.insert(strides.end(), out.layout.strides.begin(), out.layout.strides.end());
  const double scalars[] = {2, 3, -1};
  want_status(
      counted(einblas_map(f.what, kinds.compute, types.data(), 0, static_cast<int32_t>(lengths.size()), lengths.data(),
                          strides.data(), at[0], at[1], at[2], out.address(), scalars, random.threads())),
      EINBLAS_OK, "einblas_map");
  const std::string name = "map " + std::to_string(f.what);
  each_index(lengths, [&](const std::vector<int64_t>& i) {
    double v[3] = {0, 0, 0};
    for (int t = 0; t < f.operands; ++t) v[t] = t == in_place ? Before(out)(i) : value(*x[static_cast<size_t>(t)], i);
    const double want = f.of(v[0], v[1], v[2]);
    near(name.c_str(), value(out, i), want, kUnits * epsilon_of(kinds.compute) * std::abs(want), kinds.out);
  });
  around(out);
}

void reduction(Random& random) {
  const Kinds kinds(random);
  const int64_t axes = random.in(1, 3), outer = random.below(axes);
  Lengths lengths = lengths_of(random, axes);
  for (size_t a = static_cast<size_t>(outer); a < lengths.size(); ++a) lengths[a] = std::max<int64_t>(1, lengths[a]);
  const int32_t what = static_cast<int32_t>(random.below(kinds.whole ? 2 : 3));
  const Any x(random, kinds.operand(random), random_layout(random, lengths, false));
  const Lengths kept(lengths.begin(), lengths.begin() + outer), rest(lengths.begin() + outer, lengths.end());
  Any out(random, kinds.out, random_layout(random, kept, true));
  const int32_t types[] = {x.type, out.type};
  want_status(counted(einblas_map_reduce(
                  what, kinds.compute, types, static_cast<int32_t>(axes), static_cast<int32_t>(outer), lengths.data(),
                  x.address(), x.layout.strides.data(), out.address(), out.layout.strides.data(), random.threads())),
              EINBLAS_OK, "einblas_map_reduce");
  each_index(kept, [&](const std::vector<int64_t>& i) {
    double most = -INFINITY, least = INFINITY, sum = 0;
    each_index(rest, [&](const std::vector<int64_t>& j) {
      std::vector<int64_t> at = i;
      at.insert(at.end(), j.begin(), j.end());
      const double v = value(x, at);
      most = std::max(most, v);
      least = std::min(least, v);
      sum += std::exp(v);
    });
    double terms = 1;
    for (int64_t n : rest) terms *= static_cast<double>(n);
    const double want = what == 0 ? most : what == 1 ? least : std::log(sum);
    near("reduction", value(out, i), want,
         what == 2 ? (terms + kUnits) * epsilon_of(kinds.compute) * (1 + std::abs(want)) : 0, kinds.out);
  });
  around(out);
}

void rows(Random& random) {
  const int32_t compute = random.one_in(2) ? EINBLAS_F32 : EINBLAS_F64;
  const int32_t what = std::vector<int32_t>{0, 2, 4, 5, 6}[static_cast<size_t>(random.below(5))];
  const bool index = what >= 5;
  Lengths lengths = lengths_of(random, random.in(1, 3));
  lengths.back() = std::max<int64_t>(1, lengths.back());
  Lengths shape = lengths;
  if (index) shape.back() = 1;
  const Any x(random, compute, random_layout(random, lengths, false));
  Any out(random, index ? EINBLAS_I64 : compute, random_layout(random, shape, true));
  const int32_t types[] = {compute, compute, compute, compute, out.type};
  const int64_t addresses[] = {x.address(), 0, 0, 0, out.address()};
  std::vector<int64_t> strides = x.layout.strides;
  strides.resize(2 * lengths.size());
  strides.insert(strides.end(), out.layout.strides.begin(), out.layout.strides.end());
  strides.resize(3 * lengths.size() + 2);
  const double epsilon = 0.125;
  want_status(counted(einblas_map_rows(what, compute, types, 0, static_cast<int32_t>(lengths.size()), lengths.data(),
                                       addresses, strides.data(), epsilon, random.threads())),
              EINBLAS_OK, "einblas_map_rows");
  const Lengths around_rows(lengths.begin(), lengths.end() - 1);
  const int64_t n = lengths.back();
  each_index(around_rows, [&](std::vector<int64_t> at) {
    std::vector<double> row;
    at.push_back(0);
    for (; at.back() < n; ++at.back()) row.push_back(value(x, at));
    const double count = static_cast<double>(n), room = (2 * count + kUnits) * epsilon_of(compute);
    double sum = 0, mean = 0, variance = 0, so_far = 0;
    for (double v : row) sum += std::exp(v), mean += v / count;
    for (double v : row) variance += (v - mean) * (v - mean) / count;
    const auto first = [&](bool most) {
      const auto it = most ? std::max_element(row.begin(), row.end()) : std::min_element(row.begin(), row.end());
      return static_cast<double>(it - row.begin());
    };
    for (at.back() = 0; at.back() < (index ? 1 : n); ++at.back()) {
      const double v = row[static_cast<size_t>(at.back())];
      so_far += v;
      const double want = what == 0   ? std::exp(v) / sum
                          : what == 2 ? (v - mean) / std::sqrt(variance + epsilon)
                          : what == 4 ? so_far
                                      : first(what == 5);
      near("row", value(out, at), want, index ? 0 : room * (what == 0 ? want : 3 * (1 + count * (what == 4 ? 1 : 0))),
           out.type);
    }
  });
  around(out);
}

void moves(Random& random) {
  const bool add = random.one_in(2);
  const int32_t type = random.one_in(2) ? EINBLAS_F32 : random.one_in(2) ? EINBLAS_I32 : EINBLAS_F64;
  Lengths from = lengths_of(random, random.in(1, 3));
  const size_t axis = static_cast<size_t>(random.below(static_cast<int64_t>(from.size())));
  from[axis] = std::max<int64_t>(1, from[axis]);
  Lengths taken = from;
  taken[axis] = random.length(30);
  Block<int64_t> indices(taken[axis]);
  for (int64_t k = 0; k < taken[axis]; ++k) indices[k] = random.below(from[axis]);
  const Any x(random, type, random_layout(random, add ? taken : from, false));
  Any out(random, type, random_layout(random, add ? from : taken, true));
  const int32_t types[] = {type, type};
  want_status(
      counted(einblas_map_move(add ? 1 : 0, types, 0, static_cast<int32_t>(from.size()), static_cast<int32_t>(axis),
                               taken.data(), indices.data(), x.address(), x.layout.strides.data(), out.address(),
                               out.layout.strides.data(), random.threads())),
      EINBLAS_OK, "einblas_map_move");
  each_index(out.layout.lengths, [&](const std::vector<int64_t>& at) {
    std::vector<int64_t> other = at;
    double want = add ? Before(out)(at) : 0;
    if (!add) other[axis] = indices[at[axis]];
    if (!add) want = value(x, other);
    for (int64_t k = 0; add && k < taken[axis]; ++k) {
      other[axis] = k;
      if (indices[k] == at[axis]) want += value(x, other);
    }
    near("move", value(out, at), want, 0, type);
  });
  around(out);
}

void epilogue(Random& random) {
  const int32_t sums = random.one_in(2) ? EINBLAS_F32 : EINBLAS_F64;
  const Lengths lengths{random.length(70), random.length(70), random.length(30)};
  const auto tensor = [&](int32_t type, const Lengths& own, bool unique) {
    return Any(random, type, random_layout(random, own, unique));
  };
  const Any a = tensor(sums, {lengths[0], lengths[2]}, false), b = tensor(sums, {lengths[2], lengths[1]}, false),
            bias = tensor(random.one_in(2) ? sums : EINBLAS_BF16, {lengths[0], lengths[1]}, false);
  Any c = tensor(random.one_in(2) ? sums : EINBLAS_BF16, {lengths[0], lengths[1]}, true);
  const int32_t types[] = {sums, sums, c.type, sums};
  const int64_t strides[] = {
      a.layout.strides[0], 0, a.layout.strides[1], 0, b.layout.strides[1], b.layout.strides[0], c.layout.strides[0],
      c.layout.strides[1], 0};
  const int32_t activation = random.one_in(2) ? EINBLAS_MAP_RELU : EINBLAS_MAP_TANH;
  const double alpha = random.factor(), beta = random.factor();
  int64_t step = 0;
  want_status(counted(einblas_step_create_finished(types, 0, 2, 3, 2, lengths.data(), strides, bias.type,
                                                   bias.layout.strides.data(), activation,
                                                   random.one_in(3) ? random.in(1000, 100000) : INT64_MAX, &step)),
              EINBLAS_OK, "einblas_step_create_finished");
  const int32_t ran = counted(
      einblas_step_run(step, a.address(), b.address(), bias.address(), c.address(), alpha, beta, random.threads()));
  einblas_step_destroy(step);
  want_status(ran, EINBLAS_OK, "a step with an epilogue");
  each_index({lengths[0], lengths[1]}, [&](const std::vector<int64_t>& at) {
    double sum = 0;
    for (int64_t k = 0; k < lengths[2]; ++k) sum += value(a, {at[0], k}) * value(b, {k, at[1]});
    sum = (alpha == 0 ? 0 : alpha * sum) + (beta == 0 ? 0 : beta * Before(c)(at)) + value(bias, at);
    const double want = activation == EINBLAS_MAP_RELU ? std::max(sum, 0.0) : std::tanh(sum);
    // With alpha 0 the output's type is rounded to before the bias too.
    const double before = alpha == 0 || lengths[2] == 0 ? 2 * epsilon_of(c.type) * (std::abs(sum) + 8) : 0;
    near("epilogue", value(c, at), want, kUnits * epsilon_of(sums) * (1 + std::abs(want)) + before, c.type);
  });
  around(c);
}

}  // namespace

void fuzz_maps(Random& random) {
  switch (random.below(8)) {
    case 0:
      return reduction(random);
    case 1:
      return rows(random);
    case 2:
      return moves(random);
    case 3:
      return epilogue(random);
    default:
      return elementwise(random);
  }
}

}  // namespace einblas_fuzz
