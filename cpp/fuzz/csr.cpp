// Fuzzer: CSR matrices: building, transposing, reshaping, row-wise Kronecker products, products with dense matrices.
#include "csr.hpp"

namespace einblas_fuzz {
namespace {

template <class T>
void multiply(Random& random) {
  const int64_t rows = random.length(300), columns = random.length(300), n = random.length(80);
  const auto a = random_csr<T>(random, rows, columns, random.in(0, 12));
  Tensor<T> d(random, random_layout(random, {columns, n}, false));
  Tensor<T> c(random, random_layout(random, {rows, n}, true));
  const double alpha = random.factor(), beta = random.factor();
  if (beta == 0) c.fill(std::numeric_limits<T>::quiet_NaN());
  run_checked<T>(
      random, c,
      [&](int32_t threads) {
        return einblas_csr_multiply(dtype<T>(), 0, rows, columns, a->entries, a->longest, a->indptr.address(),
                                    a->column.address(), a->value.address(), n, d.address(), d.stride(0), d.stride(1),
                                    c.address(), c.stride(0), c.stride(1), alpha, beta, threads);
      },
      "einblas_csr_multiply");
  std::vector<double> sum(static_cast<size_t>(rows * n), 0), magnitude(sum.size(), 0);
  a->each([&](int64_t r, int64_t k, T v) {
    for (int64_t j = 0; j < n; ++j) {
      const double x = static_cast<double>(v) * d.value({k, j});
      sum[static_cast<size_t>(r * n + j)] += x;
      magnitude[static_cast<size_t>(r * n + j)] += std::fabs(x);
    }
  });
  Expected<T> expected(c);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t j = 0; j < n; ++j)
      expected.set(c.index({r, j}), alpha, sum[static_cast<size_t>(r * n + j)],
                   magnitude[static_cast<size_t>(r * n + j)], beta, a->indptr[r + 1] - a->indptr[r]);
  expected.check();
  d.unchanged("the dense operand");
}

template <class T>
void sampled(Random& random) {
  const int64_t rows = random.length(200), columns = random.length(200), depth = random.length(80);
  const auto a = random_csr<T>(random, rows, columns, random.in(0, 12));
  Tensor<T> x(random, random_layout(random, {rows, depth}, false));
  Tensor<T> y(random, random_layout(random, {depth, columns}, false));
  Block<T> values(a->entries), again(a->entries);
  const auto run = [&](Block<T>& to, int32_t threads) {
    want_status(counted(einblas_csr_sampled(dtype<T>(), 0, rows, columns, a->entries, a->indptr.address(),
                                            a->column.address(), depth, x.address(), x.stride(0), x.stride(1),
                                            y.address(), y.stride(0), y.stride(1), to.address(), threads)),
                EINBLAS_OK, "einblas_csr_sampled");
  };
  run(values, 1);
  run(again, random.threads());
  for (int64_t r = 0, e = 0; r < rows; ++r)
    for (; e < a->indptr[r + 1]; ++e) {
      double sum = 0, magnitude = 0;
      for (int64_t k = 0; k < depth; ++k) {
        const double term = x.value({r, k}) * y.value({k, static_cast<int64_t>(a->column[e])});
        sum += term;
        magnitude += std::fabs(term);
      }
      const double error = std::fabs(static_cast<double>(values[e]) - sum);
      if (!(error <= static_cast<double>(depth + 2) * std::numeric_limits<T>::epsilon() * magnitude))
        fail("einblas_csr_sampled: entry ", e, " is off by ", error);
      if (std::memcmp(&values[e], &again[e], sizeof(T)) != 0) fail("einblas_csr_sampled: other bits of entry ", e);
    }
  x.unchanged("the first operand");
  y.unchanged("the second operand");
}

// What docs/decisions/006-batch-invariance.md says: with the same two columns or more, a row of at most 4096 entries
// has the bits that it has among others.
template <class T>
void row_alone(Random& random) {
  const int64_t rows = random.in(1, 300), columns = random.in(1, 300), n = random.in(2, 80), row = random.below(rows);
  const auto a = random_csr<T>(random, rows, columns, random.in(0, 12));
  Tensor<T> d(random, random_layout(random, {columns, n}, false));
  Tensor<T> c(random, random_layout(random, {rows, n}, true));
  const int64_t count = a->indptr[row + 1] - a->indptr[row];
  Csr<T> one(1, columns, count);
  one.indptr[0] = 0;
  one.indptr[1] = count;
  for (int64_t i = 0; i < count + EINBLAS_CSR_PADDING; ++i) {
    one.column[i] = i < count ? a->column[a->indptr[row] + i] : 0;
    one.value[i] = i < count ? a->value[a->indptr[row] + i] : T{0};
  }
  const auto run = [&](const Csr<T>& m, int64_t longest, int64_t to) {
    want_status(counted(einblas_csr_multiply(dtype<T>(), 0, m.rows, columns, m.entries, longest, m.indptr.address(),
                                             m.column.address(), m.value.address(), n, d.address(), d.stride(0),
                                             d.stride(1), to, c.stride(0), c.stride(1), 1.7, 0.3, random.threads())),
                EINBLAS_OK, "einblas_csr_multiply");
  };
  run(*a, a->longest, c.address());
  const std::vector<T> want = c.memory.copy();
  c.restore();
  run(one, count, c.address() + row * c.stride(0) * static_cast<int64_t>(sizeof(T)));
  for (int64_t j = 0; j < n; ++j) {
    const int64_t at = c.index({row, j});
    if (std::memcmp(&c.memory[at], &want[static_cast<size_t>(at)], sizeof(T)) != 0)
      fail("row ", row, " alone has other bits");
  }
}

template <class T>
void rearrange(Random& random) {
  const int64_t rows = random.length(60), columns = random.length(60);
  const auto a = random_csr<T>(random, rows, columns, random.in(0, 9));
  const std::vector<double> dense = a->dense();
  const int64_t sizes[] = {rows, columns, a->entries};
  if (einblas_csr_longest(rows, a->indptr.address()) != a->longest) fail("einblas_csr_longest");
  Csr<T> t(columns, rows, a->entries);
  want_status(counted(einblas_csr_transpose(dtype<T>(), sizes, a->arrays().data(), t.arrays().data())), EINBLAS_OK,
              "einblas_csr_transpose");
  t.sorted("einblas_csr_transpose");
  const std::vector<double> turned = t.dense();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      if (turned[static_cast<size_t>(c * rows + r)] != dense[static_cast<size_t>(r * columns + c)])
        fail("einblas_csr_transpose: element ", r, ", ", c);
  std::vector<int64_t> divisors;
  for (int64_t q = 1; q <= rows * columns; ++q)
    if (rows * columns % q == 0) divisors.push_back(q);
  if (!divisors.empty()) {
    const int64_t new_rows = random.of(divisors),
                  shape[] = {rows, columns, a->entries, new_rows, rows * columns / new_rows};
    Csr<T> s(new_rows, shape[4], a->entries);
    einblas_csr_reshape(shape, a->arrays().data(), s.arrays().data());
    ++calls;
    for (int64_t i = 0; i < a->entries; ++i) s.value[i] = a->value[i];
    s.sorted("einblas_csr_reshape");
    if (s.dense() != dense) fail("einblas_csr_reshape: entries");
  }
  Block<T> out(rows * columns);
  for (int64_t i = 0; i < out.count(); ++i) out[i] = T{1};
  einblas_csr_to_dense(dtype<T>(), sizes, a->arrays().data(), 0, out.address());
  ++calls;
  for (int64_t i = 0; i < out.count(); ++i)
    if (static_cast<double>(out[i]) != dense[static_cast<size_t>(i)] + 1) fail("einblas_csr_to_dense: element ", i);
}

template <class T>
void from_dense(Random& random) {
  const int64_t rows = random.length(60), columns = random.length(60);
  Tensor<T> dense(random, random_layout(random, {rows, columns}, false));
  for (int64_t i = 0; i < dense.memory.count(); ++i) dense.memory[i] = static_cast<T>(random.in(-4, 4));
  dense.keep();
  const double threshold = static_cast<double>(random.in(0, 3));
  const int64_t sizes[] = {rows, columns};
  Block<int64_t> indptr(rows + 1);
  einblas_csr_count(dtype<T>(), sizes, dense.address(), dense.layout.strides.data(), threshold, indptr.address());
  Csr<T> a(rows, columns, indptr[rows]);
  for (int64_t r = 0; r <= rows; ++r) a.indptr[r] = indptr[r];
  einblas_csr_fill(dtype<T>(), sizes, dense.address(), dense.layout.strides.data(), threshold, a.arrays().data());
  calls += 2;
  a.sorted("einblas_csr_fill");
  const std::vector<double> got = a.dense();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      const double v = dense.value({r, c});
      if (got[static_cast<size_t>(r * columns + c)] != (std::fabs(v) <= threshold ? 0 : v))
        fail("einblas_csr_fill: element ", r, ", ", c);
    }
}

template <class T>
void khatri_rao(Random& random) {
  const int64_t rows = random.length(30), p = random.length(9), q = random.length(9);
  const auto a = random_csr<T>(random, rows, p, 3), b = random_csr<T>(random, rows, q, 3);
  const int64_t sizes[] = {rows, p, q};
  Block<int64_t> indptr(rows + 1);
  const int64_t entries = einblas_csr_khatri_rao_count(sizes, a->arrays().data(), b->arrays().data(), indptr.address());
  Csr<T> c(rows, p * q, entries);
  for (int64_t r = 0; r <= rows; ++r) c.indptr[r] = indptr[r];
  const int32_t status =
      counted(einblas_csr_khatri_rao(dtype<T>(), sizes, a->arrays().data(), b->arrays().data(), c.arrays().data()));
  want_status(status, std::is_integral<T>::value ? EINBLAS_INVALID_ARGUMENT : EINBLAS_OK, "einblas_csr_khatri_rao");
  if (status != EINBLAS_OK) return;
  c.sorted("einblas_csr_khatri_rao");
  const std::vector<double> x = a->dense(), y = b->dense(), z = c.dense();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i = 0; i < p; ++i)
      for (int64_t j = 0; j < q; ++j)
        if (z[static_cast<size_t>((r * p + i) * q + j)] !=
            x[static_cast<size_t>(r * p + i)] * y[static_cast<size_t>(r * q + j)])
          fail("einblas_csr_khatri_rao: element ", r, ", ", i, ", ", j);
}

// Wrong arrays are named, and nothing is read or written outside.
void findings(Random& random) {
  const int64_t rows = random.in(1, 20), columns = random.in(1, 20), entries = rows;
  Block<int64_t> indptr(rows + 1), column(entries);
  Block<float> value(entries);
  for (int64_t r = 0; r <= rows; ++r) indptr[r] = r;
  for (int64_t i = 0; i < entries; ++i) {
    column[i] = random.below(columns);
    value[i] = 1;
  }
  static const std::vector<int64_t> odd = {-1, INT64_MIN, INT64_MAX, int64_t{1} << 32, 1000};
  const int64_t wrong = random.of(odd);
  int64_t kind = 0;
  const int64_t where = random.below(rows);
  if (random.one_in(2)) {
    column[where] = wrong;
    kind = 4;
  } else {
    indptr[where + 1] = wrong;
    kind = -1;
  }
  Csr<float> out(rows, columns, entries);
  const int64_t sizes[] = {rows, columns, entries}, from[] = {indptr.address(), column.address(), value.address()};
  int64_t finding[4];
  const int32_t status =
      counted(einblas_csr_import(EINBLAS_F32, sizes, from, EINBLAS_I64, EINBLAS_I64, out.arrays().data(), finding));
  want_status(status, EINBLAS_OK, "einblas_csr_import of wrong arrays");
  if (finding[0] == 0 || (kind == 4 && (finding[0] != 4 || finding[1] != where || finding[2] != wrong)))
    fail("einblas_csr_import found ", finding[0], " at ", finding[1], ": ", finding[2]);
}

template <class T>
void any_csr(Random& random) {
  static const std::vector<void (*)(Random&)> all = {rearrange<T>, from_dense<T>, khatri_rao<T>, findings};
  random.of(all)(random);
}

}  // namespace

void fuzz_csr(Random& random) {
  if (random.one_in(2)) return random.one_in(2) ? multiply<float>(random) : multiply<double>(random);
  if (random.one_in(4)) return random.one_in(2) ? sampled<float>(random) : sampled<double>(random);
  if (random.one_in(4)) return random.one_in(2) ? row_alone<float>(random) : row_alone<double>(random);
  static const std::vector<void (*)(Random&)> types = {any_csr<float>, any_csr<double>, any_csr<int32_t>,
                                                       any_csr<int64_t>};
  random.of(types)(random);
}

}  // namespace einblas_fuzz
