// Fuzzer: steps over tensors of several types and conversions between any two, against single elements.
#include <algorithm>

#include "any.hpp"
#include "steps.hpp"

namespace einblas_fuzz {
namespace {

constexpr int64_t kMostTerms = 8000;
constexpr int32_t kTypes = EINBLAS_C128 + 1;

bool is_whole(int32_t type) {
  return type == EINBLAS_I8 || type == EINBLAS_U8 || type == EINBLAS_I16 || type == EINBLAS_I32 || type == EINBLAS_I64;
}

// An operand's type that goes into that of the sums.
int32_t operand_type(Random& random, int32_t sums) {
  static const std::vector<std::vector<int32_t>> into = {
      {EINBLAS_F32, EINBLAS_BF16, EINBLAS_F16, EINBLAS_I8, EINBLAS_U8, EINBLAS_I16, EINBLAS_BOOL},
      {EINBLAS_F64, EINBLAS_F32, EINBLAS_BF16, EINBLAS_F16, EINBLAS_I32, EINBLAS_I64, EINBLAS_I8, EINBLAS_BOOL},
      {EINBLAS_I32, EINBLAS_I8, EINBLAS_U8, EINBLAS_I16, EINBLAS_BOOL},
      {EINBLAS_I64, EINBLAS_I32, EINBLAS_I8, EINBLAS_U8, EINBLAS_I16, EINBLAS_BOOL},
      {EINBLAS_C64, EINBLAS_C64, EINBLAS_C64, EINBLAS_F32, EINBLAS_BF16, EINBLAS_I8},
      {EINBLAS_C128, EINBLAS_C128, EINBLAS_C64, EINBLAS_F64, EINBLAS_I64, EINBLAS_F16}};
  return random.of(into[static_cast<size_t>(sums >= EINBLAS_C64 ? sums - EINBLAS_C64 + 4 : sums)]);
}
int32_t output_type(Random& random, int32_t sums) {
  static const std::vector<std::vector<int32_t>> from = {
      {EINBLAS_F32, EINBLAS_BF16, EINBLAS_F16, EINBLAS_BOOL},
      {EINBLAS_F64, EINBLAS_F32, EINBLAS_BF16, EINBLAS_F16},
      {EINBLAS_I32, EINBLAS_I16, EINBLAS_I8, EINBLAS_U8},
      {EINBLAS_I64, EINBLAS_I32, EINBLAS_I16, EINBLAS_I8, EINBLAS_U8},
      {EINBLAS_C64},
      {EINBLAS_C128, EINBLAS_C64}};
  return random.of(from[static_cast<size_t>(sums >= EINBLAS_C64 ? sums - EINBLAS_C64 + 4 : sums)]);
}

// All sums of such small numbers are exact in every type that sums are added up in, so a result is right to the bit.
struct TypedStep {
  int operands, axes, outer;
  Lengths lengths;
  std::vector<int32_t> types;
  std::vector<std::unique_ptr<Any>> x;
  std::unique_ptr<Any> c;
  std::vector<int64_t> strides;
  int32_t conjugated = 0;
  double alpha, beta;

  explicit TypedStep(Random& random) {
    operands = static_cast<int>(random.of(std::vector<int64_t>{0, 1, 1, 2, 2, 2, 2, 3}));
    axes = static_cast<int>(random.in(0, 6));
    outer = static_cast<int>(random.in(0, axes));
    int64_t terms = 1;
    for (int a = 0; a < axes; ++a) {
      lengths.push_back(std::min(random.length(random.one_in(6) ? 300 : 50), std::max<int64_t>(1, kMostTerms / terms)));
      terms *= std::max<int64_t>(1, lengths.back());
    }
    const int32_t sums = random.of(std::vector<int32_t>{EINBLAS_F32, EINBLAS_F64, EINBLAS_I32, EINBLAS_I64, EINBLAS_C64,
                                                        EINBLAS_C64, EINBLAS_C128});
    conjugated = static_cast<int32_t>(random.below(8));
    for (int t = 0; t < operands; ++t) {
      types.push_back(operand_type(random, sums));
      Lengths own;
      std::vector<size_t> axis;
      for (size_t a = 0; a < lengths.size(); ++a)
        if (!random.one_in(3)) {
          own.push_back(lengths[a]);
          axis.push_back(a);
        }
      x.push_back(std::make_unique<Any>(random, types.back(), random_layout(random, own, false)));
      std::vector<int64_t> mine(lengths.size(), 0);
      for (size_t i = 0; i < axis.size(); ++i) mine[axis[i]] = x.back()->layout.strides[i];
      strides.insert(strides.end(), mine.begin(), mine.end());
    }
    types.push_back(output_type(random, sums));
    types.push_back(sums);
    const Lengths out(lengths.begin(), lengths.begin() + outer);
    c = std::make_unique<Any>(random, types[static_cast<size_t>(operands)], random_layout(random, out, true));
    for (int a = 0; a < axes; ++a) strides.push_back(a < outer ? c->layout.strides[static_cast<size_t>(a)] : 0);
    const bool truth = c->type == EINBLAS_BOOL;
    alpha = static_cast<double>(random.in(truth ? 0 : -1, 1));
    beta = static_cast<double>(random.in(truth ? 0 : -1, 1));
  }

  template <class F>
  void walk(int axis, int end, std::vector<int64_t>& at, const F& f) const {
    if (axis == end) return f();
    const size_t n = static_cast<size_t>(axes), a = static_cast<size_t>(axis);
    for (int64_t i = 0; i < lengths[a]; ++i) {
      walk(axis + 1, end, at, f);
      for (size_t t = 0; t < at.size(); ++t) at[t] += strides[t * n + a];
    }
    for (size_t t = 0; t < at.size(); ++t) at[t] -= lengths[a] * strides[t * n + a];
  }

  void check() const {
    std::vector<int64_t> at;
    for (const auto& t : x) at.push_back(t->layout.first);
    at.push_back(c->layout.first);
    std::vector<char> want = c->before;
    walk(0, outer, at, [&] {
      Number sum = 0;
      walk(outer, axes, at, [&] {
        Number product = 1;
        for (size_t t = 0; t < x.size(); ++t) {
          const Number v = x[t]->number(at[t]);
          product *= (conjugated >> t & 1) != 0 ? std::conj(v) : v;
        }
        sum += product;
      });
      char* const place = want.data() + at.back() * c->size;
      const int64_t address = reinterpret_cast<int64_t>(place);
      const Number old(einblas_peek_part(address, c->type, 0), einblas_peek_part(address, c->type, 1));
      const Number result = alpha * sum + beta * old;
      if (is_whole(c->type)) {
        einblas_poke_integer(address, c->type, static_cast<int64_t>(result.real()));
      } else {
        einblas_poke_part(address, c->type, 0, result.real());
        einblas_poke_part(address, c->type, 1, result.imag());
      }
    });
    for (int64_t i = 0; i < c->layout.count; ++i) {
      const int64_t wanted = reinterpret_cast<int64_t>(want.data()) + i * c->size;
      for (int part = 0; part < 2; ++part)
        if (einblas_peek_part(c->at(i), c->type, part) != einblas_peek_part(wanted, c->type, part))
          fail("place ", i, ", part ", part, ": got ", einblas_peek_part(c->at(i), c->type, part), ", want ",
               einblas_peek_part(wanted, c->type, part));
    }
  }
};

// The first element that an unlimited integer would have and the output's type has not, and whether a check finds it.
void check_of_integers(Random& random, const TypedStep& s) {
  const int32_t out = s.c->type;
  int64_t check = 0;
  const int32_t made =
      counted(einblas_check_create(s.types.data(), s.operands, s.axes, s.outer, s.lengths.data(), s.strides.data(),
                                   random.one_in(2) ? INT64_MAX : random.below(9000), &check));
  const bool whole = is_whole(s.types.back()) && is_whole(out);
  want_status(made, whole ? EINBLAS_OK : EINBLAS_INVALID_ARGUMENT, "einblas_check_create");
  if (!whole) return;
  const std::unique_ptr<int64_t, void (*)(int64_t*)> destroys(&check, [](int64_t* h) { einblas_check_destroy(*h); });
  const bool narrow = out == EINBLAS_I8 || out == EINBLAS_U8 || out == EINBLAS_I16;
  const double low = out == EINBLAS_U8 ? 0 : out == EINBLAS_I8 ? -128 : -32768;
  const double high = out == EINBLAS_U8 ? 255 : out == EINBLAS_I8 ? 127 : 32767;
  int64_t want = -1, index = 0;
  std::vector<int64_t> at;
  for (const auto& t : s.x) at.push_back(t->layout.first);
  at.push_back(s.c->layout.first);
  s.walk(0, s.outer, at, [&] {
    double sum = 0;
    s.walk(s.outer, s.axes, at, [&] {
      double product = 1;
      for (size_t t = 0; t < s.x.size(); ++t) product *= s.x[t]->number(at[t]).real();
      sum += product;
    });
    const double v = s.alpha * sum + s.beta * s.c->number(at.back()).real();
    if (want < 0 && narrow && (v < low || v > high)) want = index;
    ++index;
  });
  int64_t from[3] = {0, 0, 0}, words[8];
  for (size_t t = 0; t < s.x.size(); ++t) from[t] = s.x[t]->address();
  for (int32_t threads : {1, 3}) {
    const int64_t got = einblas_check_run(check, from[0], from[1], from[2], s.c->address(), s.alpha, s.beta, threads);
    ++calls;
    if (got != want) fail("einblas_check_run gave ", got, ", want ", want);
  }
  if (want >= 0)
    want_status(
        counted(einblas_check_value(check, from[0], from[1], from[2], s.c->address(), s.alpha, s.beta, want, words)),
        EINBLAS_OK, "einblas_check_value");
  if (!s.c->memory.same(s.c->before)) fail("a check wrote");
  if (einblas_check_memory(check, 2) < 0) fail("einblas_check_memory");
}

void typed_step(Random& random) {
  TypedStep s(random);
  if (random.one_in(3)) check_of_integers(random, s);
  static const std::vector<const char*> kernels = {nullptr,   nullptr, nullptr,          "loops",
                                                   "convert", "dots",  EINBLAS_INVARIANT};
  const char* kernel = random.of(kernels);
  int64_t step = 0;
  const int32_t made = counted(einblas_step_create_typed(s.types.data(), s.conjugated, s.operands, s.axes, s.outer,
                                                         s.lengths.data(), s.strides.data(), kernel,
                                                         random.one_in(4) ? random.below(1 << 20) : INT64_MAX, &step));
  if (kernel != nullptr && made == EINBLAS_NOT_APPLICABLE) return;
  want_status(made, EINBLAS_OK, "einblas_step_create_typed");
  const std::unique_ptr<int64_t, void (*)(int64_t*)> destroys(&step, [](int64_t* h) { einblas_step_destroy(*h); });
  int64_t at[3] = {0, 0, 0};
  for (size_t t = 0; t < s.x.size(); ++t) at[t] = s.x[t]->address();
  const auto run = [&](int32_t threads) {
    return counted(einblas_step_run(step, at[0], at[1], at[2], s.c->address(), s.alpha, s.beta, threads));
  };
  try {
    if (random.one_in(8)) {
      einblas_pool_trim();
      const int64_t limit = einblas_memory_limit();
      einblas_set_memory_limit(einblas_memory_in_use() + random.below(4096));
      const int32_t status = run(random.threads());
      einblas_set_memory_limit(limit);
      if (status == EINBLAS_OUT_OF_MEMORY && !s.c->memory.same(s.c->before)) fail("written without memory");
      s.c->restore();
    }
    want_status(run(1), EINBLAS_OK, "einblas_step_run");
    s.check();
    const std::vector<char> alone = s.c->memory.copy();
    s.c->restore();
    want_status(run(static_cast<int32_t>(random.in(2, 3))), EINBLAS_OK, "einblas_step_run");
    if (!s.c->memory.same(alone)) fail("other bits with more threads");
  } catch (const Failure& f) {
    fail(einblas_step_kernel(step), ", ", einblas_step_description(step), ": ", f.what());
  }
  for (const auto& t : s.x)
    if (!t->memory.same(t->before)) fail("an operand was written");
}

void conversion(Random& random) {
  const int32_t from = static_cast<int32_t>(random.below(kTypes)), to = static_cast<int32_t>(random.below(kTypes));
  Lengths lengths;
  for (int64_t a = random.in(0, 4); a > 0; --a) lengths.push_back(random.length(30));
  Any x(random, from, random_layout(random, lengths, false)), y(random, to, random_layout(random, lengths, true));
  const int64_t got =
      einblas_convert(from, to, random.one_in(2) ? 1 : 0, static_cast<int32_t>(lengths.size()), lengths.data(),
                      x.address(), x.layout.strides.data(), y.address(), y.layout.strides.data(), random.threads());
  ++calls;
  if (is_complex(from) && !is_complex(to) && to != EINBLAS_BOOL) {
    if (got != -2 || !y.memory.same(y.before)) fail("a conversion that there is not: ", got);
    return;
  }
  const bool may_not_fit = to == EINBLAS_U8 && is_whole(from);  // of numbers from -3 to 3
  if (got < -1 || (got >= 0 && !may_not_fit)) fail("einblas_convert gave ", got);
  int64_t all = 1;
  for (int64_t n : lengths) all *= n;
  for (int64_t i = 0; i < all; ++i) {
    int64_t left = i, a = x.layout.first, b = y.layout.first;
    for (size_t d = lengths.size(); d-- > 0; left /= lengths[d]) {
      a += left % lengths[d] * x.layout.strides[d];
      b += left % lengths[d] * y.layout.strides[d];
    }
    const double v = x.number(a).real(), w = y.number(b).real();
    if (to == EINBLAS_BOOL ? (w != 0) != (std::abs(x.number(a)) != 0) : v >= 0 && v <= 3 && w != v)
      fail(einblas_dtype_name(from), " to ", einblas_dtype_name(to), ": ", v, " became ", w);
  }
  if (!x.memory.same(x.before)) fail("what was converted was written");
}

// Block-sparse products of the types that kernels do not multiply, right to the bit: small whole numbers.
void typed_block(Random& random) {
  const bool outer = random.one_in(3);
  const int32_t type = random.of(std::vector<int32_t>{EINBLAS_BF16, EINBLAS_F16, EINBLAS_C64, EINBLAS_C128});
  const int64_t batch = random.length(9), x_blocks = random.in(1, 4), y_blocks = random.in(1, 4);
  const int64_t x_window = random.length(5), y_window = random.length(5), k = random.length(40), n = random.length(40);
  const int32_t conjugated = static_cast<int32_t>(random.below(8));
  Block<int64_t> x_at(batch * x_window), y_at(batch * y_window);
  for (int64_t i = 0; i < x_at.count(); ++i) x_at[i] = random.below(x_blocks);
  for (int64_t i = 0; i < y_at.count(); ++i) y_at[i] = random.below(y_blocks);
  int64_t pattern = 0;
  want_status(counted(einblas_pattern_create(batch, x_window, y_window, x_blocks, y_blocks, x_at.data(), y_at.data(),
                                             random.one_in(4), &pattern)),
              EINBLAS_OK, "einblas_pattern_create");
  const std::unique_ptr<int64_t, void (*)(int64_t*)> destroys(&pattern,
                                                              [](int64_t* p) { einblas_pattern_destroy(*p); });
  Any x(random, type, random_layout(random, {batch, x_window, k}, false));
  Any y(random, type, random_layout(random, {batch, y_window, n}, !outer));
  Any w(random, type, random_layout(random, {x_blocks, y_blocks, k, n}, outer));
  Any bias(random, type, random_layout(random, {y_blocks, n}, false));
  const bool biased = random.one_in(2);
  const double alpha = static_cast<double>(random.in(-1, 1)), beta = outer ? 1 : static_cast<double>(random.in(-1, 1));
  Any& out = outer ? w : y;
  std::vector<int64_t> strides;
  const auto append = [&](const Any& t) {
    strides.insert(strides.end(), t.layout.strides.begin(), t.layout.strides.end());
  };
  for (const Any* t : outer ? std::vector<const Any*>{&x, &y, &w} : std::vector<const Any*>{&x, &w, &y, &bias})
    append(*t);
  const auto run = [&](int32_t threads) {
    return counted(outer ? einblas_block_outer(pattern, type, conjugated & 3, k, n, x.address(), y.address(),
                                               w.address(), strides.data(), alpha, threads)
                         : einblas_block_gemv(pattern, type, conjugated, 0, k, n, x.address(), w.address(), y.address(),
                                              biased ? bias.address() : 0, strides.data(), alpha, beta, threads));
  };
  want_status(run(1), EINBLAS_OK, "a typed block product");
  const std::vector<char> alone = out.memory.copy();
  out.restore();
  want_status(run(static_cast<int32_t>(random.in(2, 3))), EINBLAS_OK, "a typed block product");
  if (!out.memory.same(alone)) fail("other bits with more threads");

  const auto place = [](const Any& t, std::initializer_list<int64_t> index) {
    int64_t i = t.layout.first;
    size_t a = 0;
    for (int64_t p : index) i += p * t.layout.strides[a++];
    return i;
  };
  const auto read = [&](const Any& t, int bit, std::initializer_list<int64_t> index) {
    const Number v = t.number(place(t, index));
    return (conjugated >> bit & 1) != 0 ? std::conj(v) : v;
  };
  out.restore();
  std::vector<Number> want;
  for (int64_t i = 0; i < out.layout.count; ++i) want.push_back(out.number(i));
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t j = 0; j < y_window; ++j)
      for (int64_t c = 0; c < n; ++c) {
        const int64_t target = y_at[b * y_window + j];
        Number sum = 0;
        for (int64_t i = 0; i < x_window; ++i)
          for (int64_t q = 0; q < k; ++q) {
            const int64_t source = x_at[b * x_window + i];
            if (outer) {
              want[static_cast<size_t>(place(w, {source, target, q, c}))] +=
                  alpha * read(x, 0, {b, i, q}) * read(y, 1, {b, j, c});
            } else {
              sum += read(x, 0, {b, i, q}) * read(w, 1, {source, target, q, c});
            }
          }
        if (outer) continue;
        Number& to = want[static_cast<size_t>(place(y, {b, j, c}))];
        to = alpha * sum + beta * to + (biased ? read(bias, 2, {target, c}) : Number(0));
      }
  if (!alone.empty()) std::memcpy(out.memory.data(), alone.data(), alone.size());
  Any rounded(random, type, out.layout);
  for (int64_t i = 0; i < out.layout.count; ++i) {
    einblas_poke_part(rounded.at(i), type, 0, want[static_cast<size_t>(i)].real());
    einblas_poke_part(rounded.at(i), type, 1, want[static_cast<size_t>(i)].imag());
    if (out.number(i) != rounded.number(i))
      fail("place ", i, " of ", einblas_dtype_name(type), outer ? " outer" : " gemv", ": got ", out.number(i),
           ", want ", want[static_cast<size_t>(i)]);
  }
  for (const Any* t : {&x, &y, &w, &bias})
    if (t != &out && !t->memory.same(t->before)) fail("an operand was written");
}

}  // namespace

void fuzz_types(Random& random) {
  random.one_in(4) ? conversion(random) : random.one_in(4) ? typed_block(random) : typed_step(random);
}

}  // namespace einblas_fuzz
