// Fuzzer: products of CSR and BSR matrices of every type that they are computed in, with conjugates. Numbers are small
// and whole: sums are exact, and a result that was rounded once is right to the bit.
#include <algorithm>

#include "any.hpp"
#include "csr.hpp"

namespace einblas_fuzz {
namespace {

int32_t sparse_type(Random& random) {
  static const std::vector<int32_t> all = {EINBLAS_BF16, EINBLAS_F16, EINBLAS_C64,
                                           EINBLAS_C128, EINBLAS_F32, EINBLAS_F64};
  return random.of(all);
}

Layout side_by_side(int64_t count) {
  Layout l;
  l.lengths = {count};
  l.strides = {1};
  place(l);
  return l;
}

// Where an element of a matrix lies.
int64_t at(const Any& m, int64_t i, int64_t j) {
  return m.at(m.layout.first + i * m.layout.strides[0] + j * m.layout.strides[1]);
}
Number number(const Any& m, int64_t i, int64_t j, bool conjugated) {
  const Number x = peek(at(m, i, j), m.type);
  return conjugated ? std::conj(x) : x;
}

double factor(Random& random) { return static_cast<double>(random.in(-2, 2)) / 2; }

// A case: an output whose elements `set` gets in numbers, beside what `run` makes of it with some threads.
template <class Set, class Run>
void compare(Random& random, Any& out, const char* what, const Set& set, const Run& run) {
  set();
  const std::vector<char> want = out.memory.copy();
  for (int32_t threads : {1, random.threads()}) {
    out.restore();
    if (random.one_in(16)) {
      einblas_pool_trim();
      const int64_t limit = einblas_memory_limit();
      einblas_set_memory_limit(einblas_memory_in_use() + random.below(4096));
      const int32_t status = counted(run(threads));
      einblas_set_memory_limit(limit);
      if (status == EINBLAS_OUT_OF_MEMORY && !out.memory.same(out.before)) fail(what, ": written without memory");
      out.restore();
    }
    want_status(counted(run(threads)), EINBLAS_OK, what);
    for (int64_t i = 0; i < out.layout.count; ++i) {
      const Number got = out.number(i), wanted = peek(reinterpret_cast<int64_t>(want.data()) + i * out.size, out.type);
      if (got != wanted)
        fail(what, " of ", einblas_dtype_name(out.type), ", ", threads, " threads: place ", i, " is ", got, ", want ",
             wanted);
    }
  }
}

void csr(Random& random) {
  const int32_t type = sparse_type(random), conjugated = static_cast<int32_t>(random.below(4));
  const int64_t rows = random.length(150), columns = random.length(150);
  const auto a = random_csr<float>(random, rows, columns, random.in(0, 12));
  Any values(random, type, side_by_side(a->entries + EINBLAS_CSR_PADDING));
  const bool first = (conjugated & 1) != 0, second = (conjugated & 2) != 0;
  if (random.one_in(2)) {
    const int64_t n = random.length(140);
    const double alpha = factor(random), beta = factor(random);
    Any d(random, type, random_layout(random, {columns, n}, false));
    Any c(random, type, random_layout(random, {rows, n}, true));
    compare(
        random, c, "einblas_csr_multiply",
        [&] {
          for (int64_t r = 0; r < rows; ++r)
            for (int64_t j = 0; j < n; ++j) {
              Number sum = 0;
              for (int64_t e = a->indptr[r]; e < a->indptr[r + 1]; ++e) {
                const Number v = values.number(values.layout.first + e);
                sum += (first ? std::conj(v) : v) * number(d, a->column[e], j, second);
              }
              poke(at(c, r, j), type, alpha * sum + beta * number(c, r, j, false));
            }
        },
        [&](int32_t threads) {
          return einblas_csr_multiply(type, conjugated, rows, columns, a->entries, a->longest, a->indptr.address(),
                                      a->column.address(), values.address(), n, d.address(), d.layout.strides[0],
                                      d.layout.strides[1], c.address(), c.layout.strides[0], c.layout.strides[1], alpha,
                                      beta, threads);
        });
    return;
  }
  const int64_t depth = random.length(100);
  Any x(random, type, random_layout(random, {rows, depth}, false));
  Any y(random, type, random_layout(random, {depth, columns}, false));
  Any out(random, type, side_by_side(a->entries));
  compare(
      random, out, "einblas_csr_sampled",
      [&] {
        int64_t e = 0;
        a->each([&](int64_t r, int64_t c, float) {
          Number sum = 0;
          for (int64_t k = 0; k < depth; ++k) sum += number(x, r, k, first) * number(y, k, c, second);
          poke(out.at(out.layout.first + e++), type, sum);
        });
      },
      [&](int32_t threads) {
        return einblas_csr_sampled(type, conjugated, rows, columns, a->entries, a->indptr.address(),
                                   a->column.address(), depth, x.address(), x.layout.strides[0], x.layout.strides[1],
                                   y.address(), y.layout.strides[0], y.layout.strides[1], out.address(), threads);
      });
}

void bsr(Random& random) {
  const int32_t type = sparse_type(random), conjugated = static_cast<int32_t>(random.below(4));
  const bool first = (conjugated & 1) != 0, second = (conjugated & 2) != 0;
  const int64_t block_rows = random.length(9), block_columns = random.length(9), r = random.in(1, 5) * random.in(1, 16),
                c = random.in(1, 5) * random.in(1, 16);
  std::vector<int64_t> indptr{0}, indices;
  for (int64_t i = 0; i < block_rows; ++i) {
    for (int64_t j = 0; j < block_columns; ++j)
      if (random.one_in(3)) indices.push_back(j);
    indptr.push_back(static_cast<int64_t>(indices.size()));
  }
  const int64_t given = static_cast<int64_t>(indices.size()), rows = block_rows * r, columns = block_columns * c;
  Block<int64_t> slots(given);
  int64_t handle = 0;
  want_status(counted(einblas_bsr_create(block_rows, block_columns, r, c, given, indptr.data(), indices.data(),
                                         slots.data(), &handle)),
              EINBLAS_OK, "einblas_bsr_create");
  const std::unique_ptr<int64_t, void (*)(int64_t*)> destroys(&handle, [](int64_t* h) { einblas_bsr_destroy(*h); });
  Any blocks(random, type, side_by_side(given * r * c));
  const auto each = [&](const auto& f) {  // f(row, column, place)
    for (int64_t i = 0; i < block_rows; ++i)
      for (int64_t b = indptr[static_cast<size_t>(i)]; b < indptr[static_cast<size_t>(i) + 1]; ++b)
        for (int64_t p = 0; p < r; ++p)
          for (int64_t q = 0; q < c; ++q)
            f(i * r + p, indices[static_cast<size_t>(b)] * c + q, blocks.layout.first + (b * r + p) * c + q);
  };
  const double alpha = factor(random), beta = factor(random);
  if (random.one_in(2)) {
    const int64_t n = random.length(90);
    const bool transposed = random.one_in(2);
    Any x(random, type, random_layout(random, {transposed ? rows : columns, n}, false));
    Any out(random, type, random_layout(random, {transposed ? columns : rows, n}, true));
    const int64_t strides[] = {x.layout.strides[0], x.layout.strides[1], out.layout.strides[0], out.layout.strides[1]};
    compare(
        random, out, "einblas_bsr_product",
        [&] {
          const int64_t kept = transposed ? columns : rows;
          std::vector<Number> sums(static_cast<size_t>(kept * n));
          each([&](int64_t i, int64_t j, int64_t place) {
            if (transposed) std::swap(i, j);
            const Number v = first ? std::conj(blocks.number(place)) : blocks.number(place);
            for (int64_t k = 0; k < n; ++k) sums[static_cast<size_t>(i * n + k)] += v * number(x, j, k, second);
          });
          for (int64_t i = 0; i < kept; ++i)
            for (int64_t k = 0; k < n; ++k)
              poke(at(out, i, k), type, alpha * sums[static_cast<size_t>(i * n + k)] + beta * number(out, i, k, false));
        },
        [&](int32_t threads) {
          return einblas_bsr_product(handle, type, transposed ? 1 : 0, conjugated, n, blocks.address(), x.address(),
                                     out.address(), strides, alpha, beta, threads);
        });
    return;
  }
  const int64_t depth = random.length(90);
  Any x(random, type, random_layout(random, {rows, depth}, false));
  Any y(random, type, random_layout(random, {depth, columns}, false));
  const int64_t strides[] = {x.layout.strides[0], x.layout.strides[1], y.layout.strides[0], y.layout.strides[1]};
  compare(
      random, blocks, "einblas_bsr_sampled",
      [&] {
        each([&](int64_t i, int64_t j, int64_t place) {
          Number sum = 0;
          for (int64_t k = 0; k < depth; ++k) sum += number(x, i, k, first) * number(y, k, j, second);
          poke(blocks.at(place), type, alpha * sum + beta * blocks.number(place));
        });
      },
      [&](int32_t threads) {
        return einblas_bsr_sampled(handle, type, conjugated, depth, x.address(), y.address(), blocks.address(), strides,
                                   alpha, beta, threads);
      });
}

}  // namespace

void fuzz_sparse_types(Random& random) { random.one_in(2) ? csr(random) : bsr(random); }

}  // namespace einblas_fuzz
