// Block-sparse rows: sorts and checks in blocks, cuts targets into runs of equal work, copies from and to dense.
#include "sparse/bsr.hpp"

#include <algorithm>

#include "layout/arithmetic.hpp"
#include "runtime/memory.hpp"

namespace einblas {
namespace {

// Runs per order: enough that any number of threads up to some 16 is balanced to a few percent.
constexpr int64_t kRuns = 64;

void cut_runs(Bsr::Order& order) {
  const int64_t targets = static_cast<int64_t>(order.start.size()) - 1;
  const int64_t work = order.start.back() + targets;
  const int64_t share = std::max<int64_t>(1, ceil_div(work, kRuns));
  order.runs.assign(1, 0);
  int64_t sum = 0;
  for (int64_t i = 0; i < targets; ++i) {
    const size_t at = static_cast<size_t>(i);
    sum += order.start[at + 1] - order.start[at] + 1;
    if (sum < share && i + 1 < targets) continue;
    order.runs.push_back(i + 1);
    sum = 0;
  }
}

// Asks for the starts of so many targets, and terms.
void need_order(int64_t targets, int64_t terms) {
  need(8.0 * static_cast<double>(targets) + static_cast<double>(sizeof(BsrTerm)) * static_cast<double>(terms));
}

template <class T>
bool any_but_zero(const T* block, int64_t r, int64_t c, int64_t row_stride, int64_t column_stride) {
  for (int64_t i = 0; i < r; ++i)
    for (int64_t j = 0; j < c; ++j)
      if (!is_zero(block[i * row_stride + j * column_stride])) return true;
  return false;
}

template <class T>
std::vector<char> live_blocks_of(const Bsr::Shape& s, const Strided& dense) {
  need(static_cast<double>(s.block_rows) * static_cast<double>(s.block_columns));
  std::vector<char> live(static_cast<size_t>(s.block_rows * s.block_columns));
  const T* from = reinterpret_cast<const T*>(dense.at);
  for (int64_t i = 0; i < s.block_rows; ++i)
    for (int64_t j = 0; j < s.block_columns; ++j)
      live[static_cast<size_t>(i * s.block_columns + j)] =
          any_but_zero(from + i * s.r * dense.stride[0] + j * s.c * dense.stride[1], s.r, s.c, dense.stride[0],
                       dense.stride[1])
              ? 1
              : 0;
  return live;
}

template <class T>
void gather_of(const Bsr& m, int64_t given, const int64_t* slots, const Strided& from, T* to) {
  const int64_t r = m.shape().r, c = m.shape().c;
  // For each slot the first and last block given for it, for each given block the next one of its slot; -1: none.
  need(8.0 * static_cast<double>(2 * m.blocks() + given));
  std::vector<int64_t> first(static_cast<size_t>(m.blocks()), -1), last(first), next(static_cast<size_t>(given), -1);
  for (int64_t b = 0; b < given; ++b) {
    const size_t slot = static_cast<size_t>(slots[b]);
    (first[slot] < 0 ? first[slot] : next[static_cast<size_t>(last[slot])]) = b;
    last[slot] = b;
  }
  for (size_t slot = 0; slot < first.size(); ++slot)
    for (int64_t i = 0; i < r && first[slot] >= 0; ++i)
      for (int64_t j = 0; j < c; ++j) {
        const T* const at = reinterpret_cast<const T*>(from.at) + i * from.stride[1] + j * from.stride[2];
        auto sum = number_of(at[first[slot] * from.stride[0]]);
        for (int64_t b = next[static_cast<size_t>(first[slot])]; b >= 0; b = next[static_cast<size_t>(b)])
          sum = sum_of(sum, number_of(at[b * from.stride[0]]));
        to[(static_cast<int64_t>(slot) * r + i) * c + j] = element_of<T>(sum);
      }
}

template <class T>
void exchange_of(const Bsr& m, bool to_dense, bool conjugated, T* blocks, const Strided& dense) {
  const Bsr::Shape& s = m.shape();
  const Bsr::Order& order = m.by_row();
  for (int64_t i = 0; i < s.block_rows; ++i) {
    for (int64_t t = order.start[static_cast<size_t>(i)]; t < order.start[static_cast<size_t>(i) + 1]; ++t) {
      const BsrTerm& term = order.terms[static_cast<size_t>(t)];
      T* block = blocks + term.block * s.r * s.c;
      T* at = reinterpret_cast<T*>(dense.at) + i * s.r * dense.stride[0] + term.other * s.c * dense.stride[1];
      for (int64_t p = 0; p < s.r; ++p)
        for (int64_t q = 0; q < s.c; ++q) {
          T& d = at[p * dense.stride[0] + q * dense.stride[1]];
          T& b = block[p * s.c + q];
          if (to_dense) {
            d = conjugate_if(conjugated, b);
          } else {
            b = conjugate_if(conjugated, d);
          }
        }
    }
  }
}

}  // namespace

Bsr::Bsr(const Shape& shape, int64_t given, const int64_t* indptr, const int64_t* indices, int64_t* slots)
    : shape_(shape) {
  need_order(shape.block_rows, given);
  by_row_.start.assign(1, 0);
  by_row_.start.reserve(static_cast<size_t>(shape.block_rows) + 1);
  by_row_.terms.reserve(static_cast<size_t>(given));
  std::vector<int64_t> row;  // given blocks of one row, by column
  for (int64_t i = 0; i < shape.block_rows; ++i) {
    row.clear();
    for (int64_t b = indptr[i]; b < indptr[i + 1]; ++b) row.push_back(b);
    const auto before = [indices](int64_t x, int64_t y) { return indices[x] < indices[y]; };
    if (!std::is_sorted(row.begin(), row.end(), before)) std::stable_sort(row.begin(), row.end(), before);
    for (size_t q = 0; q < row.size(); ++q) {
      const int32_t column = static_cast<int32_t>(indices[row[q]]);
      if (q == 0 || by_row_.terms.back().other != column)
        by_row_.terms.push_back({static_cast<int32_t>(by_row_.terms.size()), column});
      slots[row[q]] = static_cast<int64_t>(by_row_.terms.size()) - 1;
    }
    by_row_.start.push_back(static_cast<int64_t>(by_row_.terms.size()));
  }
  cut_runs(by_row_);
}

Bsr::Bsr(const Shape& shape, const std::vector<char>& live) : shape_(shape) {
  const int64_t terms = std::count(live.begin(), live.end(), 1);
  need_order(shape.block_rows, terms);
  by_row_.start.assign(1, 0);
  by_row_.start.reserve(static_cast<size_t>(shape.block_rows) + 1);
  by_row_.terms.reserve(static_cast<size_t>(terms));
  for (int64_t i = 0; i < shape.block_rows; ++i) {
    for (int64_t j = 0; j < shape.block_columns; ++j)
      if (live[static_cast<size_t>(i * shape.block_columns + j)] != 0)
        by_row_.terms.push_back({static_cast<int32_t>(by_row_.terms.size()), static_cast<int32_t>(j)});
    by_row_.start.push_back(static_cast<int64_t>(by_row_.terms.size()));
  }
  cut_runs(by_row_);
}

const Bsr::Order& Bsr::by_column() const {
  std::call_once(columns_built_, [this] {
    need_order(2 * shape_.block_columns, blocks());
    Order made;
    made.start.assign(static_cast<size_t>(shape_.block_columns) + 1, 0);
    made.terms.resize(by_row_.terms.size());
    for (const BsrTerm& t : by_row_.terms) ++made.start[static_cast<size_t>(t.other) + 1];
    for (size_t j = 1; j < made.start.size(); ++j) made.start[j] += made.start[j - 1];
    std::vector<int64_t> next(made.start.begin(), made.start.end() - 1);
    for (int64_t i = 0; i < shape_.block_rows; ++i)
      for (int64_t t = by_row_.start[static_cast<size_t>(i)]; t < by_row_.start[static_cast<size_t>(i) + 1]; ++t) {
        const BsrTerm& term = by_row_.terms[static_cast<size_t>(t)];
        made.terms[static_cast<size_t>(next[static_cast<size_t>(term.other)]++)] = {term.block,
                                                                                    static_cast<int32_t>(i)};
      }
    cut_runs(made);
    by_column_ = std::move(made);
  });
  return by_column_;
}

std::vector<char> live_blocks(DType dtype, const Bsr::Shape& shape, const Strided& dense) {
  return visit_multiplied(dtype, [&](auto of) { return live_blocks_of<typename decltype(of)::Type>(shape, dense); });
}

void bsr_gather(DType dtype, const Bsr& matrix, int64_t given, const int64_t* slots, const Strided& from, char* to) {
  visit_multiplied(dtype, [&](auto of) {
    gather_of(matrix, given, slots, from, reinterpret_cast<typename decltype(of)::Type*>(to));
  });
}

void bsr_exchange(DType dtype, const Bsr& matrix, bool to_dense, bool conjugated, char* blocks, const Strided& dense) {
  visit_multiplied(dtype, [&](auto of) {
    exchange_of(matrix, to_dense, conjugated, reinterpret_cast<typename decltype(of)::Type*>(blocks), dense);
  });
}

}  // namespace einblas
