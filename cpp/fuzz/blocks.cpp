// Fuzzer: block-sparse products over index matrices, and BSR matrices, against loops over doubles.
#include <algorithm>
#include <map>

#include "fuzz.hpp"

namespace einblas_fuzz {
namespace {

// ---- patterns ----

struct Pattern {
  int64_t batch, x_window, y_window, x_blocks, y_blocks;
  int32_t invariant;
  std::unique_ptr<Block<int64_t>> x, y;
  int64_t handle = 0;
  explicit Pattern(Random& random, int64_t most_items = 20, int64_t most_window = 6, bool always_invariant = false)
      : batch(random.length(most_items)),
        x_window(random.length(most_window)),
        y_window(random.length(most_window)),
        x_blocks(random.in(1, 5)),
        y_blocks(random.in(1, 5)),
        invariant(always_invariant || random.one_in(4)) {
    x = std::make_unique<Block<int64_t>>(batch * x_window);
    y = std::make_unique<Block<int64_t>>(batch * y_window);
    for (int64_t i = 0; i < x->count(); ++i) (*x)[i] = random.below(x_blocks);
    for (int64_t i = 0; i < y->count(); ++i) (*y)[i] = random.below(y_blocks);
    want_status(create(x_blocks), EINBLAS_OK, "einblas_pattern_create");
  }
  ~Pattern() { einblas_pattern_destroy(handle); }
  int32_t create(int64_t blocks) {
    return counted(
        einblas_pattern_create(batch, x_window, y_window, blocks, y_blocks, x->data(), y->data(), invariant, &handle));
  }
};

void append(std::vector<int64_t>& to, const Layout& l) { to.insert(to.end(), l.strides.begin(), l.strides.end()); }

template <class T>
void block_gemv(Random& random) {
  const Pattern p(random);
  const bool transposed = random.one_in(2);
  const int64_t k = random.length(70), n = random.length(70);
  const int64_t from = transposed ? p.y_window : p.x_window, to = transposed ? p.x_window : p.y_window;
  const int64_t from_blocks = transposed ? p.y_blocks : p.x_blocks, to_blocks = transposed ? p.x_blocks : p.y_blocks;
  const Block<int64_t>&source = transposed ? *p.y : *p.x, &target = transposed ? *p.x : *p.y;
  Tensor<T> h(random, random_layout(random, {p.batch, from, k}, false));
  Tensor<T> w(random, random_layout(random, {from_blocks, to_blocks, k, n}, false));
  Tensor<T> o(random, random_layout(random, {p.batch, to, n}, true));
  Tensor<T> bias(random, random_layout(random, {to_blocks, n}, false));
  const double alpha = random.factor(), beta = random.factor();
  if (beta == 0) o.fill(std::numeric_limits<T>::quiet_NaN());
  const bool biased = random.one_in(2);
  std::vector<int64_t> strides;
  for (const Layout* l : {&h.layout, &w.layout, &o.layout, &bias.layout}) append(strides, *l);
  run_checked<T>(
      random, o,
      [&](int32_t threads) {
        return einblas_block_gemv(p.handle, dtype<T>(), 0, transposed, k, n, h.address(), w.address(), o.address(),
                                  biased ? bias.address() : 0, strides.data(), alpha, beta, threads);
      },
      "einblas_block_gemv");
  Expected<T> expected(o);
  for (int64_t b = 0; b < p.batch; ++b)
    for (int64_t j = 0; j < to; ++j)
      for (int64_t c = 0; c < n; ++c) {
        double sum = 0, magnitude = 0;
        const int64_t block = target[b * to + j];
        for (int64_t i = 0; i < from; ++i)
          for (int64_t q = 0; q < k; ++q) {
            const double x = h.value({b, i, q}) * w.value({source[b * from + i], block, q, c});
            sum += x;
            magnitude += std::fabs(x);
          }
        const double add = biased ? bias.value({block, c}) : 0;
        const int64_t at = o.index({b, j, c});
        const double old = beta == 0 ? 0 : beta * static_cast<double>(o.before[static_cast<size_t>(at)]);
        expected.set(at, alpha * sum + add + old, std::fabs(alpha) * magnitude + std::fabs(add) + std::fabs(old),
                     from * k + 1);
      }
  expected.check();
  h.unchanged("h");
  w.unchanged("w");
  bias.unchanged("bias");
}

// Fills `to` with the part of another tensor that begins at `first`.
template <class T>
void copy_part(const Tensor<T>& from, const Lengths& first, Tensor<T>& to) {
  const Lengths& lengths = to.layout.lengths;
  for (int64_t n : lengths)
    if (n == 0) return;
  Lengths at(lengths.size(), 0);
  for (;;) {
    int64_t source = from.layout.first, target = to.layout.first;
    for (size_t a = 0; a < at.size(); ++a) {
      source += (first[a] + at[a]) * from.layout.strides[a];
      target += at[a] * to.layout.strides[a];
    }
    to.memory[target] = from.before[static_cast<size_t>(source)];
    size_t a = at.size();
    while (a > 0 && ++at[a - 1] == lengths[a - 1]) at[--a] = 0;
    if (a == 0) break;
  }
  to.keep();
}

// A batch item alone, from copies: the bits that it has among others.
template <class T>
void block_item_alone(Random& random) {
  const bool many = random.one_in(8), wide = !many && random.one_in(8), deep = !many && !wide && random.one_in(20);
  const Pattern p(random, many ? 300 : 20, wide ? 2500 : 6, true);
  const bool transposed = random.one_in(2);
  const int64_t k = deep ? random.in(4000, 9000) : random.length(wide ? 3 : 70), n = random.length(wide ? 9 : 70);
  const int64_t from = transposed ? p.y_window : p.x_window, to = transposed ? p.x_window : p.y_window;
  const int64_t from_blocks = transposed ? p.y_blocks : p.x_blocks, to_blocks = transposed ? p.x_blocks : p.y_blocks;
  Tensor<T> h(random, random_layout(random, {p.batch, from, k}, false));
  Tensor<T> w(random, random_layout(random, {from_blocks, to_blocks, k, n}, false));
  Tensor<T> o(random, random_layout(random, {p.batch, to, n}, true));
  Tensor<T> bias(random, random_layout(random, {to_blocks, n}, false));
  const double alpha = random.factor(), beta = random.factor();
  const bool biased = random.one_in(2);
  const auto run = [&](int64_t pattern, const Tensor<T>& hh, const Tensor<T>& ww, const Tensor<T>& oo) {
    std::vector<int64_t> strides;
    for (const Tensor<T>* t : {&hh, &ww, &oo, static_cast<const Tensor<T>*>(&bias)}) append(strides, t->layout);
    want_status(
        counted(einblas_block_gemv(pattern, dtype<T>(), 0, transposed, k, n, hh.address(), ww.address(), oo.address(),
                                   biased ? bias.address() : 0, strides.data(), alpha, beta, random.threads())),
        EINBLAS_OK, "einblas_block_gemv");
  };
  run(p.handle, h, w, o);
  for (int64_t item = p.batch == 0 ? 0 : random.below(p.batch), i = 0; i < std::min<int64_t>(3, p.batch);
       ++i, item = random.below(p.batch)) {
    Tensor<T> own_h(random, random_layout(random, {1, from, k}, true));
    Tensor<T> own_w(random, random_layout(random, {from_blocks, to_blocks, k, n}, true));
    Tensor<T> own_o(random, random_layout(random, {1, to, n}, true));
    copy_part(h, {item, 0, 0}, own_h);
    copy_part(w, {0, 0, 0, 0}, own_w);
    copy_part(o, {item, 0, 0}, own_o);
    const Tuned tuned(random);
    int64_t alone = 0;
    want_status(
        counted(einblas_pattern_create(1, p.x_window, p.y_window, p.x_blocks, p.y_blocks,
                                       p.x->data() + item * p.x_window, p.y->data() + item * p.y_window, 1, &alone)),
        EINBLAS_OK, "einblas_pattern_create");
    run(alone, own_h, own_w, own_o);
    einblas_pattern_destroy(alone);
    for (int64_t j = 0; j < to; ++j)
      for (int64_t c = 0; c < n; ++c) {
        const T want = o.memory[o.index({item, j, c})], got = own_o.memory[own_o.index({0, j, c})];
        if (std::memcmp(&want, &got, sizeof(T)) != 0)
          fail("item ", item, ", row ", j, ", column ", c, ": ", want, " among others, ", got, " alone");
      }
  }
}

template <class T>
void block_outer(Random& random) {
  const Pattern p(random);
  const int64_t m = random.length(70), n = random.length(70);
  Tensor<T> x(random, random_layout(random, {p.batch, p.x_window, m}, false));
  Tensor<T> y(random, random_layout(random, {p.batch, p.y_window, n}, false));
  Tensor<T> o(random, random_layout(random, {p.x_blocks, p.y_blocks, m, n}, true));
  const double alpha = random.factor();
  std::vector<int64_t> strides;
  for (const Layout* l : {&x.layout, &y.layout, &o.layout}) append(strides, *l);
  run_checked<T>(
      random, o,
      [&](int32_t threads) {
        return einblas_block_outer(p.handle, dtype<T>(), 0, m, n, x.address(), y.address(), o.address(), strides.data(),
                                   alpha, threads);
      },
      "einblas_block_outer");
  std::map<int64_t, std::pair<double, double>> sums;
  for (int64_t b = 0; b < p.batch; ++b)
    for (int64_t i = 0; i < p.x_window; ++i)
      for (int64_t j = 0; j < p.y_window; ++j)
        for (int64_t r = 0; r < m; ++r)
          for (int64_t c = 0; c < n; ++c) {
            auto& s = sums[o.index({(*p.x)[b * p.x_window + i], (*p.y)[b * p.y_window + j], r, c})];
            const double product = x.value({b, i, r}) * y.value({b, j, c});
            s.first += product;
            s.second += std::fabs(product);
          }
  Expected<T> expected(o);
  for (const auto& s : sums)
    expected.set(s.first, alpha, s.second.first, s.second.second, 1, p.batch * p.x_window * p.y_window);
  expected.check();
}

// ---- BSR ----

struct Bsr {
  int64_t block_rows, block_columns, r, c, given;
  std::unique_ptr<Block<int64_t>> indptr, indices, slots;
  int64_t handle = 0, blocks = 0;
  explicit Bsr(Random& random)
      : block_rows(random.length(9)), block_columns(random.length(9)), r(random.in(1, 20)), c(random.in(1, 20)) {
    if (random.one_in(6)) r = random.in(20, 70);
    if (random.one_in(6)) c = random.in(20, 70);
    indptr = std::make_unique<Block<int64_t>>(block_rows + 1);
    (*indptr)[0] = 0;
    const int64_t most = block_columns == 0 ? 0 : random.in(0, 6);
    for (int64_t i = 0; i < block_rows; ++i) (*indptr)[i + 1] = (*indptr)[i] + random.in(0, most);
    given = (*indptr)[block_rows];
    indices = std::make_unique<Block<int64_t>>(given);
    slots = std::make_unique<Block<int64_t>>(given);
    for (int64_t i = 0; i < given; ++i) (*indices)[i] = random.below(block_columns);
    want_status(counted(einblas_bsr_create(block_rows, block_columns, r, c, given, indptr->data(), indices->data(),
                                           slots->data(), &handle)),
                EINBLAS_OK, "einblas_bsr_create");
    blocks = einblas_bsr_blocks(handle);
  }
  ~Bsr() { einblas_bsr_destroy(handle); }

  // Block row and block column of each stored block.
  std::vector<std::pair<int64_t, int64_t>> structure() const {
    Block<int64_t> starts(block_rows + 1), columns(blocks);
    einblas_bsr_structure(handle, starts.data(), columns.data());
    ++calls;
    std::vector<std::pair<int64_t, int64_t>> places;
    for (int64_t i = 0; i < block_rows; ++i)
      for (int64_t b = starts[i]; b < starts[i + 1]; ++b) places.push_back({i, columns[b]});
    if (static_cast<int64_t>(places.size()) != blocks) fail("einblas_bsr_structure: blocks are missing");
    for (size_t b = 1; b < places.size(); ++b)
      if (places[b - 1] >= places[b]) fail("einblas_bsr_structure: blocks out of order");
    for (int64_t i = 0; i < block_rows; ++i)
      for (int64_t b = (*indptr)[i]; b < (*indptr)[i + 1]; ++b)
        if (places[static_cast<size_t>((*slots)[b])] != std::make_pair(i, (*indices)[b]))
          fail("einblas_bsr_create: slot of given block ", b);
    return places;
  }
};

template <class T>
void bsr_gather(Random& random) {
  const Bsr m(random);
  m.structure();
  Tensor<T> from(random, random_layout(random, {m.given, m.r, m.c}, false));
  Tensor<T> to(random, Layout{{m.blocks * m.r * m.c}, {1}, 0, m.blocks * m.r * m.c});
  want_status(counted(einblas_bsr_gather(m.handle, dtype<T>(), m.given, m.slots->data(), from.address(),
                                         from.layout.strides.data(), to.address())),
              EINBLAS_OK, "einblas_bsr_gather");
  std::vector<double> sum(to.before.size(), 0), magnitude(to.before.size(), 0);
  for (int64_t b = 0; b < m.given; ++b)
    for (int64_t i = 0; i < m.r; ++i)
      for (int64_t j = 0; j < m.c; ++j) {
        const size_t at = static_cast<size_t>(((*m.slots)[b] * m.r + i) * m.c + j);
        sum[at] += from.value({b, i, j});
        magnitude[at] += std::fabs(from.value({b, i, j}));
      }
  Expected<T> expected(to);
  for (size_t i = 0; i < sum.size(); ++i) expected.set(static_cast<int64_t>(i), sum[i], magnitude[i], m.given);
  expected.check();
}

template <class T>
void bsr_exchange(Random& random) {
  const Bsr m(random);
  const auto places = m.structure();
  const bool to_dense = random.one_in(2);
  Tensor<T> blocks(random, Layout{{m.blocks * m.r * m.c}, {1}, 0, m.blocks * m.r * m.c});
  Tensor<T> dense(random, random_layout(random, {m.block_rows * m.r, m.block_columns * m.c}, to_dense));
  want_status(counted(einblas_bsr_exchange(m.handle, dtype<T>(), to_dense, 0, blocks.address(), dense.address(),
                                           dense.layout.strides.data())),
              EINBLAS_OK, "einblas_bsr_exchange");
  Expected<T> expected(to_dense ? dense : blocks);
  for (size_t b = 0; b < places.size(); ++b)
    for (int64_t i = 0; i < m.r; ++i)
      for (int64_t j = 0; j < m.c; ++j) {
        const int64_t in = (static_cast<int64_t>(b) * m.r + i) * m.c + j;
        const int64_t out = dense.index({places[b].first * m.r + i, places[b].second * m.c + j});
        if (to_dense) {
          expected.set(out, static_cast<double>(blocks.memory[in]), 0, 0);
        } else {
          expected.set(in, static_cast<double>(dense.memory[out]), 0, 0);
        }
      }
  expected.check();
  (to_dense ? blocks : dense).unchanged("what was copied from");
}

template <class T>
void bsr_of_dense(Random& random) {
  const int64_t rows = random.length(9), columns = random.length(9), r = random.in(1, 9), c = random.in(1, 9);
  Tensor<T> dense(random, random_layout(random, {rows * r, columns * c}, true));
  for (int64_t i = 0; i < dense.memory.count(); ++i)
    if (!random.one_in(r * c)) dense.memory[i] = random.one_in(9) ? T{-0.0} : T{0};
  dense.keep();
  int64_t handle = 0;
  want_status(counted(einblas_bsr_of_dense(dtype<T>(), rows, columns, r, c, dense.address(),
                                           dense.layout.strides.data(), &handle)),
              EINBLAS_OK, "einblas_bsr_of_dense");
  int64_t live = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      bool any = false;
      for (int64_t p = 0; p < r * c; ++p) any |= dense.value({i * r + p / c, j * c + p % c}) != 0;
      live += any ? 1 : 0;
    }
  const int64_t got = einblas_bsr_blocks(handle);
  einblas_bsr_destroy(handle);
  if (got != live) fail("einblas_bsr_of_dense: ", got, " blocks, want ", live);
}

template <class T>
void bsr_product(Random& random) {
  const Bsr m(random);
  const auto places = m.structure();
  const bool transposed = random.one_in(2);
  const int64_t n = random.length(90);
  const int64_t depth = transposed ? m.block_rows * m.r : m.block_columns * m.c;
  const int64_t rows = transposed ? m.block_columns * m.c : m.block_rows * m.r;
  Tensor<T> blocks(random, Layout{{m.blocks * m.r * m.c}, {1}, 0, m.blocks * m.r * m.c});
  Tensor<T> x(random, random_layout(random, {depth, n}, false));
  Tensor<T> c(random, random_layout(random, {rows, n}, true));
  const double alpha = random.factor(), beta = random.factor();
  if (beta == 0) c.fill(std::numeric_limits<T>::quiet_NaN());
  const int64_t strides[] = {x.stride(0), x.stride(1), c.stride(0), c.stride(1)};
  run_checked<T>(
      random, c,
      [&](int32_t threads) {
        return einblas_bsr_product(m.handle, dtype<T>(), transposed, 0, n, blocks.address(), x.address(), c.address(),
                                   strides, alpha, beta, threads);
      },
      "einblas_bsr_product");
  std::vector<double> sum(static_cast<size_t>(rows * n), 0), magnitude(sum.size(), 0);
  for (size_t b = 0; b < places.size(); ++b)
    for (int64_t i = 0; i < m.r; ++i)
      for (int64_t j = 0; j < m.c; ++j) {
        const int64_t row = places[b].first * m.r + i, column = places[b].second * m.c + j;
        const double v = static_cast<double>(blocks.memory[(static_cast<int64_t>(b) * m.r + i) * m.c + j]);
        for (int64_t q = 0; q < n; ++q) {
          const size_t at = static_cast<size_t>((transposed ? column : row) * n + q);
          const double product = v * x.value({transposed ? row : column, q});
          sum[at] += product;
          magnitude[at] += std::fabs(product);
        }
      }
  Expected<T> expected(c);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t q = 0; q < n; ++q)
      expected.set(c.index({i, q}), alpha, sum[static_cast<size_t>(i * n + q)],
                   magnitude[static_cast<size_t>(i * n + q)], beta, depth);
  expected.check();
  x.unchanged("X");
  blocks.unchanged("the blocks");
}

// What docs/decisions/006-batch-invariance.md says: with the same columns and beta 0, a block row has the bits that it
// has among others.
template <class T>
void bsr_row_alone(Random& random) {
  const Bsr m(random);
  const auto places = m.structure();
  if (m.block_rows == 0) return;
  const int64_t n = random.length(90), row = random.below(m.block_rows);
  Tensor<T> blocks(random, Layout{{m.blocks * m.r * m.c}, {1}, 0, m.blocks * m.r * m.c});
  Tensor<T> x(random, random_layout(random, {m.block_columns * m.c, n}, false));
  Tensor<T> c(random, random_layout(random, {m.block_rows * m.r, n}, true));
  const int64_t strides[] = {x.stride(0), x.stride(1), c.stride(0), c.stride(1)};
  want_status(counted(einblas_bsr_product(m.handle, dtype<T>(), 0, 0, n, blocks.address(), x.address(), c.address(),
                                          strides, 1.7, 0, random.threads())),
              EINBLAS_OK, "einblas_bsr_product");
  const std::vector<T> want = c.memory.copy();
  int64_t first = 0;
  std::vector<int64_t> columns;
  for (const auto& p : places) {
    if (p.first < row) ++first;
    if (p.first == row) columns.push_back(p.second);
  }
  const int64_t indptr[] = {0, static_cast<int64_t>(columns.size())};
  std::vector<int64_t> slots(columns.size());
  int64_t alone = 0;
  want_status(counted(einblas_bsr_create(1, m.block_columns, m.r, m.c, indptr[1], indptr, columns.data(), slots.data(),
                                         &alone)),
              EINBLAS_OK, "einblas_bsr_create");
  const int32_t status = counted(einblas_bsr_product(
      alone, dtype<T>(), 0, 0, n, blocks.address() + first * m.r * m.c * static_cast<int64_t>(sizeof(T)), x.address(),
      c.address() + row * m.r * c.stride(0) * static_cast<int64_t>(sizeof(T)), strides, 1.7, 0, random.threads()));
  einblas_bsr_destroy(alone);
  want_status(status, EINBLAS_OK, "einblas_bsr_product");
  if (!c.memory.same(want)) fail("a block row alone has other bits");
}

template <class T>
void bsr_sampled(Random& random) {
  const Bsr m(random);
  const auto places = m.structure();
  const int64_t depth = random.length(90);
  Tensor<T> a(random, random_layout(random, {m.block_rows * m.r, depth}, false));
  Tensor<T> b(random, random_layout(random, {depth, m.block_columns * m.c}, false));
  Tensor<T> d(random, Layout{{m.blocks * m.r * m.c}, {1}, 0, m.blocks * m.r * m.c});
  const double alpha = random.factor(), beta = random.factor();
  if (beta == 0) d.fill(std::numeric_limits<T>::quiet_NaN());
  const int64_t strides[] = {a.stride(0), a.stride(1), b.stride(0), b.stride(1)};
  run_checked<T>(
      random, d,
      [&](int32_t threads) {
        return einblas_bsr_sampled(m.handle, dtype<T>(), 0, depth, a.address(), b.address(), d.address(), strides,
                                   alpha, beta, threads);
      },
      "einblas_bsr_sampled");
  Expected<T> expected(d);
  for (size_t q = 0; q < places.size(); ++q)
    for (int64_t i = 0; i < m.r; ++i)
      for (int64_t j = 0; j < m.c; ++j) {
        double sum = 0, magnitude = 0;
        for (int64_t k = 0; k < depth; ++k) {
          const double x = a.value({places[q].first * m.r + i, k}) * b.value({k, places[q].second * m.c + j});
          sum += x;
          magnitude += std::fabs(x);
        }
        expected.set((static_cast<int64_t>(q) * m.r + i) * m.c + j, alpha, sum, magnitude, beta, depth);
      }
  expected.check();
}

template <class T>
void any_bsr(Random& random) {
  static const std::vector<void (*)(Random&)> all = {bsr_gather<T>,  bsr_exchange<T>,  bsr_of_dense<T>, bsr_product<T>,
                                                     bsr_product<T>, bsr_row_alone<T>, bsr_sampled<T>,  bsr_sampled<T>};
  random.of(all)(random);
}

}  // namespace

void fuzz_blocks(Random& random) {
  const bool gemv = random.one_in(2);
  if (random.one_in(2)) {
    gemv ? block_gemv<float>(random) : block_outer<float>(random);
  } else {
    gemv ? block_gemv<double>(random) : block_outer<double>(random);
  }
}
template <class T>
void fuzz_invariant_blocks(Random& random) {
  block_item_alone<T>(random);
}
template void fuzz_invariant_blocks<float>(Random&);
template void fuzz_invariant_blocks<double>(Random&);
void fuzz_bsr(Random& random) { random.one_in(2) ? any_bsr<float>(random) : any_bsr<double>(random); }

}  // namespace einblas_fuzz
