// Fuzzer: Kronecker products, factorisations, elements of any type, and calls that must be refused.
#include <complex>
#include <numeric>

#include "csr.hpp"
#include "fuzz.hpp"

namespace einblas_fuzz {
namespace {

// Axes in C order with gaps behind each, so that the last one has unit stride.
Layout rows_with_gaps(Random& random, const Lengths& lengths) {
  Layout l;
  l.lengths = lengths;
  l.strides.assign(lengths.size(), 0);
  int64_t stride = 1;
  const int64_t gaps = random.one_in(3) ? 3 : 0;
  for (size_t a = lengths.size(); a-- > 0;) {
    l.strides[a] = stride;
    stride = stride * lengths[a] + random.in(0, gaps);
  }
  place(l);
  return l;
}

template <class T>
void kron(Random& random) {
  const int factors = static_cast<int>(random.in(1, 3));
  const int64_t before = random.in(1, 6), line = random.one_in(2) ? 1 : random.in(1, 20);
  Lengths k{before}, q{before};
  for (int i = 0; i < factors; ++i) {
    k.push_back(random.one_in(3) ? int64_t{1} << random.in(0, 3) : random.in(1, 12));
    q.push_back(random.one_in(2) ? k.back() : random.in(1, 12));
  }
  k.push_back(line);
  q.push_back(line);
  const bool any = random.one_in(4);
  Tensor<T> x(random, any ? random_layout(random, k, false) : rows_with_gaps(random, k));
  Tensor<T> c(random, any ? random_layout(random, q, true) : rows_with_gaps(random, q));
  std::vector<std::unique_ptr<Tensor<T>>> f;
  std::vector<int64_t> axes, addresses;
  for (size_t i = 1; i <= static_cast<size_t>(factors); ++i) {
    f.push_back(std::make_unique<Tensor<T>>(random, random_layout(random, {k[i], q[i]}, false)));
    for (int64_t v : {k[i], q[i], x.stride(i), c.stride(i), f.back()->stride(0), f.back()->stride(1)})
      axes.push_back(v);
    addresses.push_back(f.back()->address());
  }
  const size_t last = static_cast<size_t>(factors) + 1;
  const int64_t outer[] = {before, x.stride(0), c.stride(0), line, x.stride(last), c.stride(last)};
  int64_t handle = 0;
  const int32_t made = counted(einblas_kron_create(dtype<T>(), 2, outer, factors, axes.data(), &handle));
  if ((any || line == 1) && made == EINBLAS_NOT_APPLICABLE) return;
  want_status(made, EINBLAS_OK, "einblas_kron_create");
  const std::unique_ptr<int64_t, void (*)(int64_t*)> destroys(&handle, [](int64_t* h) { einblas_kron_destroy(*h); });
  if (einblas_kron_description(handle) == nullptr || einblas_kron_workspace(handle) < 0) fail("what a chain says");
  double alpha = random.factor();
  if (alpha == 0) alpha = 2;
  const double beta = random.factor();
  if (beta == 0) c.fill(std::numeric_limits<T>::quiet_NaN());
  run_checked<T>(
      random, c,
      [&](int32_t threads) {
        return einblas_kron_run(handle, x.address(), addresses.data(), c.address(), alpha, beta, threads);
      },
      "einblas_kron_run");
  Expected<T> expected(c);
  const Lengths summed(k.begin() + 1, k.end() - 1);
  each_index(q, [&](const std::vector<int64_t>& j) {
    double sum = 0, magnitude = 0;
    each_index(summed, [&](const std::vector<int64_t>& i) {
      std::vector<int64_t> at{j[0]};
      at.insert(at.end(), i.begin(), i.end());
      at.push_back(j.back());
      double product = static_cast<double>(x.memory[index_of(x.layout, at)]);
      for (size_t t = 0; t < f.size(); ++t) product *= f[t]->value({i[t], j[t + 1]});
      sum += product;
      magnitude += std::fabs(product);
    });
    int64_t terms = 4;
    for (int64_t n : summed) terms += n;
    expected.set(index_of(c.layout, j), alpha, sum, magnitude, beta, terms);
  });
  expected.check();
  x.unchanged("X");
}

template <class T>
void kron_csr(Random& random) {
  const int64_t before = random.in(1, 30), behind = random.in(1, 30), rows = random.length(20),
                columns = random.length(20);
  const auto a = random_csr<T>(random, rows, columns, random.in(0, 6));
  Tensor<T> x(random, random_layout(random, {before, columns, behind}, false));
  Tensor<T> c(random, random_layout(random, {before, rows, behind}, true));
  const double alpha = random.factor(), beta = random.factor();
  if (beta == 0) c.fill(std::numeric_limits<T>::quiet_NaN());
  const int64_t outer[] = {before, x.stride(0), c.stride(0), behind, x.stride(2), c.stride(2)};
  run_checked<T>(
      random, c,
      [&](int32_t threads) {
        return einblas_kron_csr(dtype<T>(), 0, rows, columns, a->entries, a->longest, a->indptr.address(),
                                a->column.address(), a->value.address(), x.address(), x.stride(1), c.address(),
                                c.stride(1), 2, outer, alpha, beta, threads);
      },
      "einblas_kron_csr");
  Expected<T> expected(c);
  for (int64_t o = 0; o < before; ++o)
    for (int64_t l = 0; l < behind; ++l) {
      std::vector<double> sum(static_cast<size_t>(rows), 0), magnitude(sum.size(), 0);
      a->each([&](int64_t r, int64_t k, T v) {
        const double p = static_cast<double>(v) * x.value({o, k, l});
        sum[static_cast<size_t>(r)] += p;
        magnitude[static_cast<size_t>(r)] += std::fabs(p);
      });
      for (int64_t r = 0; r < rows; ++r)
        expected.set(c.index({o, r, l}), alpha, sum[static_cast<size_t>(r)], magnitude[static_cast<size_t>(r)], beta,
                     a->longest);
    }
  expected.check();
}

template <class R>
R number(Random& random, R /*like*/) {
  return static_cast<R>(random.unit());
}
template <class R>
std::complex<R> number(Random& random, std::complex<R> /*like*/) {
  const R re = static_cast<R>(random.unit());
  return {re, static_cast<R>(random.unit())};
}
double conjugate(double x) { return x; }
std::complex<double> conjugate(std::complex<double> x) { return std::conj(x); }

// Diagonally dominant systems: the condition is small, so the residual's bound is n eps times the sums' magnitudes.
// T: elements, R: their parts, Wide: as tests compute.
template <class T, class R, class Wide>
void lapack(Random& random, int32_t type) {
  const int64_t n = random.in(1, 30), sides = random.in(0, 9);
  Block<T> a(n * n), b(n * sides);
  Block<R> real(n), imaginary(n);
  Block<int32_t> pivots(n);
  for (int64_t i = 0; i < n * n; ++i)
    a[i] = number(random, T{}) + static_cast<R>(i % (n + 1) == 0 ? 4.0 * static_cast<double>(n) : 0);
  for (int64_t i = 0; i < n * sides; ++i) b[i] = number(random, T{});
  const std::vector<T> whole = a.copy(), right = b.copy();
  int64_t info = -1;
  const double eps = static_cast<double>(std::numeric_limits<R>::epsilon());
  want_status(counted(einblas_lu(type, n, a.address(), pivots.address(), &info)), EINBLAS_OK, "einblas_lu");
  if (info != 0) fail("einblas_lu: info ", info);
  want_status(counted(einblas_lu_solve(type, n, sides, a.address(), pivots.address(), b.address())), EINBLAS_OK,
              "einblas_lu_solve");
  for (int64_t s = 0; s < sides; ++s)
    for (int64_t i = 0; i < n; ++i) {
      Wide sum = 0;
      double magnitude = 1;
      for (int64_t j = 0; j < n; ++j) {
        const Wide p = static_cast<Wide>(whole[static_cast<size_t>(j * n + i)]) * static_cast<Wide>(b[s * n + j]);
        sum += p;
        magnitude += std::abs(p);
      }
      if (!(std::abs(sum - static_cast<Wide>(right[static_cast<size_t>(s * n + i)])) <=
            8 * eps * static_cast<double>(n + 4) * magnitude))
        fail("einblas_lu_solve: residual of right side ", s);
    }
  // Symmetric, or Hermitian where it is complex.
  const bool symmetric = random.one_in(2);
  std::complex<double> trace = 0;
  double magnitude = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      const T below = whole[static_cast<size_t>(std::min(i, j) * n + std::max(i, j))];
      a[j * n + i] = whole[static_cast<size_t>(j * n + i)];
      if (symmetric)
        a[j * n + i] = i > j ? below : i < j ? static_cast<T>(conjugate(static_cast<Wide>(below))) : std::real(below);
      magnitude += std::abs(static_cast<Wide>(a[j * n + i]));
      if (i == j) trace += static_cast<Wide>(a[j * n + i]);
    }
  want_status(counted(einblas_eigenvalues(type, symmetric, n, a.address(), real.address(), imaginary.address(), &info)),
              EINBLAS_OK, "einblas_eigenvalues");
  std::complex<double> sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += std::complex<double>(real[i], imaginary[i]);
  if (info != 0 || !(std::abs(sum - trace) <= 32 * eps * static_cast<double>(n) * magnitude))
    fail("einblas_eigenvalues: info ", info, ", sum ", sum.real(), ", ", sum.imag(), ", trace ", trace.real(), ", ",
         trace.imag());
}

template <class T>
void elements(Random& random) {
  Lengths lengths;
  for (int64_t a = random.in(0, 4); a > 0; --a) lengths.push_back(random.length(9));
  Tensor<T> from(random, random_layout(random, lengths, false)), to(random, random_layout(random, lengths, true));
  einblas_copy(dtype<T>(), static_cast<int32_t>(lengths.size()), lengths.data(), from.address(),
               from.layout.strides.data(), to.address(), to.layout.strides.data());
  ++calls;
  Expected<T> expected(to);
  each_index(lengths, [&](const std::vector<int64_t>& at) {
    expected.set(index_of(to.layout, at), static_cast<double>(from.memory[index_of(from.layout, at)]), 0, 0);
  });
  expected.check();
  from.unchanged("what was copied");
  Block<T> one(1);
  einblas_poke(one.address(), dtype<T>(), -7);
  if (einblas_peek(one.address(), dtype<T>()) != -7) fail("einblas_poke, einblas_peek");
  if (std::is_integral<T>::value) {
    einblas_poke_integer(one.address(), dtype<T>(), 12345);
    if (einblas_peek_integer(one.address(), dtype<T>()) != 12345) fail("einblas_poke_integer");
  }
  const int64_t bytes = random.below(1 << random.in(0, 22)), address = einblas_alloc(bytes);
  if (address == 0 || address % 64 != 0) fail("einblas_alloc of ", bytes);
  if (bytes > 0) std::memset(reinterpret_cast<void*>(address), 1, static_cast<size_t>(bytes));
  einblas_free(address, bytes);
  if (random.one_in(20)) einblas_pool_trim();
}

void invalid(int32_t status, const char* what) { want_status(counted(status), EINBLAS_INVALID_ARGUMENT, what); }

void refused_steps(Random& random) {
  const int32_t no_type = random.one_in(2) ? static_cast<int32_t>(random.in(12, 99)) : -1;
  const int64_t lengths[] = {3, -1}, good[] = {3, 2}, strides[] = {2, 1, 2, 1}, still[] = {2, 1, 0, 0};
  int64_t h = 0;
  invalid(einblas_step_create(no_type, 1, 2, 2, good, strides, nullptr, &h), "a step of no type");
  invalid(einblas_step_create(EINBLAS_F32, 4, 2, 2, good, strides, nullptr, &h), "a step of 4 operands");
  invalid(einblas_step_create(EINBLAS_F32, -1, 2, 2, good, strides, nullptr, &h), "a step of -1 operands");
  invalid(einblas_step_create(EINBLAS_F32, 1, 2, 3, good, strides, nullptr, &h), "more outer axes than axes");
  invalid(einblas_step_create(EINBLAS_F32, 1, 2, 2, lengths, strides, nullptr, &h), "a negative length");
  invalid(einblas_step_create(EINBLAS_F32, 1, 2, 2, good, still, nullptr, &h), "an output that stands still");
  invalid(einblas_step_create(EINBLAS_F32, 1, 2, 2, nullptr, strides, nullptr, &h), "no lengths");
  invalid(einblas_step_create(EINBLAS_F32, 1, 2, 2, good, nullptr, nullptr, &h), "no strides");
  invalid(einblas_step_create(EINBLAS_F32, 1, 2, 2, good, strides, nullptr, nullptr), "no place for the handle");
  want_status(counted(einblas_step_create(EINBLAS_F32, 1, 2, 2, good, strides, "gemm", &h)), EINBLAS_NOT_APPLICABLE,
              "a kernel that does not apply");
  invalid(einblas_step_run(0, 0, 0, 0, 0, 1, 0, 1), "a run of no step");
  const int64_t none[] = {0}, places[] = {0, 0, 0, 0};
  invalid(einblas_batch_run(1, none, places, 1, 1, none, 0, 1, 0, 1), "a batch of no step");
  invalid(einblas_batch_run(0, none, places, 1, 1, none, 0, 1, 0, 1), "a batch of 0 steps");
  invalid(einblas_batch_run(1, none, places, -1, 1, none, 0, 1, 0, 1), "-1 sets");
  einblas_step_destroy(0);
}

void refused_sparse(Random& random) {
  const int64_t zero[] = {0, 0}, bad[] = {0, 7}, strides[16] = {};
  int64_t h = 0;
  invalid(einblas_pattern_create(1, 2, 2, 3, 3, bad, zero, 0, &h), "a block out of range");
  invalid(einblas_pattern_create(-1, 2, 2, 3, 3, zero, zero, 0, &h), "a negative batch");
  invalid(einblas_pattern_create(int64_t{1} << 40, 2, 2, 3, 3, zero, zero, 0, &h), "a batch beyond 2^31");
  invalid(einblas_pattern_create(1, 2, 2, 3, 3, zero, zero, 0, nullptr), "no place for the handle");
  invalid(einblas_block_gemv(0, EINBLAS_F32, 0, 0, 1, 1, 0, 0, 0, 0, strides, 1, 0, 1), "no pattern");
  invalid(einblas_block_outer(0, EINBLAS_F32, 0, 1, 1, 0, 0, 0, strides, 1, 1), "no pattern");
  const int64_t falls[] = {0, 1, 0}, columns[] = {0};
  int64_t slots[2];
  invalid(einblas_bsr_create(2, 2, 1, 1, 0, falls, columns, slots, &h), "indptr that falls");
  invalid(einblas_bsr_create(2, 2, 0, 1, 0, zero, columns, slots, &h), "blocks of 0 rows");
  invalid(einblas_bsr_create(-2, 2, 1, 1, 0, zero, columns, slots, &h), "-2 block rows");
  invalid(einblas_bsr_product(0, EINBLAS_F32, 0, 0, 1, 0, 0, 0, strides, 1, 0, 1), "no matrix");
  invalid(einblas_bsr_sampled(0, EINBLAS_F32, 0, 1, 0, 0, 0, strides, 1, 0, 1), "no matrix");
  const int64_t sizes[] = {-1, 2, 3};
  int64_t finding[4];
  invalid(einblas_csr_import(EINBLAS_F32, sizes, strides, EINBLAS_I64, EINBLAS_I64, strides, finding), "-1 rows");
  invalid(einblas_csr_multiply(EINBLAS_I32, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1),
          "a product of integers");
  const int64_t axes[] = {0, 1, 1, 1, 1, 1};
  invalid(einblas_kron_create(EINBLAS_F32, 0, nullptr, 1, axes, &h), "a factor of 0 rows");
  invalid(einblas_kron_create(EINBLAS_F32, 0, nullptr, 0, axes, &h), "no factor");
  invalid(einblas_kron_run(0, 0, strides, 0, 1, 0, 1), "no chain");
  invalid(einblas_lu(EINBLAS_F32, 0, 0, 0, &h), "a matrix of 0 rows");
  invalid(einblas_lu(EINBLAS_I32, 1, 0, 0, &h), "a factorisation of integers");
  invalid(einblas_eigenvalues(EINBLAS_F64, 0, int64_t{1} << 40, 0, 0, 0, &h), "a matrix beyond 2^31");
  invalid(einblas_set_threads(0), "0 threads");
  invalid(einblas_tunable_set(-1, 1), "tunable -1");
  invalid(einblas_tunable_set(0, einblas_tunable(0, 3) + 1), "a tunable beyond its most");
  if (einblas_tunable_name(static_cast<int32_t>(random.in(1000, 2000))) != nullptr) fail("a tunable that is not there");
  for (int64_t none : {int64_t{0}}) {
    einblas_pattern_destroy(none);
    einblas_bsr_destroy(none);
    einblas_kron_destroy(none);
  }
}

}  // namespace

void fuzz_kron(Random& random) {
  const bool sparse = random.one_in(4);
  if (random.one_in(2)) {
    sparse ? kron_csr<float>(random) : kron<float>(random);
  } else {
    sparse ? kron_csr<double>(random) : kron<double>(random);
  }
}
void fuzz_lapack(Random& random) {
  switch (random.below(4)) {
    case 0:
      return lapack<float, float, double>(random, EINBLAS_F32);
    case 1:
      return lapack<double, double, double>(random, EINBLAS_F64);
    case 2:
      return lapack<std::complex<float>, float, std::complex<double>>(random, EINBLAS_C64);
    default:
      return lapack<std::complex<double>, double, std::complex<double>>(random, EINBLAS_C128);
  }
}
void fuzz_elements(Random& random) {
  static const std::vector<void (*)(Random&)> types = {elements<float>, elements<double>, elements<int32_t>,
                                                       elements<int64_t>};
  random.of(types)(random);
}
void fuzz_refusals(Random& random) {
  refused_steps(random);
  refused_sparse(random);
}

}  // namespace einblas_fuzz
