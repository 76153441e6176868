// Block-sparse products: builds the bucketed orderings by counting sorts.
#include "pattern.hpp"

#include <algorithm>
#include <new>
#include <numeric>

#include "memory.hpp"

namespace einblas {
namespace {

// Positions of 0..keys.size()-1 in stable order of key. Counting sort, unless the keys are sparse.
std::vector<int32_t> order_by(const std::vector<int32_t>& keys, int64_t key_count) {
  std::vector<int32_t> order(keys.size());
  if (key_count > 8 * static_cast<int64_t>(keys.size()) + 1024) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)]; });
    return order;
  }
  std::vector<int64_t> start(static_cast<size_t>(key_count) + 1, 0);
  for (int32_t k : keys) ++start[static_cast<size_t>(k) + 1];
  for (size_t k = 1; k < start.size(); ++k) start[k] += start[k - 1];
  for (size_t i = 0; i < keys.size(); ++i)
    order[static_cast<size_t>(start[static_cast<size_t>(keys[i])]++)] = static_cast<int32_t>(i);
  return order;
}

struct Side {
  const int32_t* index;
  int64_t window, blocks;
};

// The terms of one group, bucketed by source block.
void add_buckets(Ordering& o, const Ordering::Group& g, const Side& source) {
  std::vector<int32_t> keys;
  std::vector<Term> raw;
  for (int64_t r = g.row_begin; r < g.row_end; ++r) {
    const int32_t b = o.rows[static_cast<size_t>(r)].b;
    for (int64_t w = 0; w < source.window; ++w) {
      keys.push_back(source.index[b * source.window + w]);
      raw.push_back({static_cast<int32_t>(r - g.row_begin), b, static_cast<int32_t>(w)});
    }
  }
  const std::vector<int32_t> order = order_by(keys, source.blocks);
  for (int32_t i : order) {
    const int32_t key = keys[static_cast<size_t>(i)];
    const int64_t at = static_cast<int64_t>(o.terms.size());
    if (o.buckets.size() == static_cast<size_t>(g.bucket_begin) || o.buckets.back().source != key)
      o.buckets.push_back({key, at, at});
    o.terms.push_back(raw[static_cast<size_t>(i)]);
    o.buckets.back().end = at + 1;
  }
}

Ordering make_ordering(int64_t batch, const Side& target, const Side& source) {
  Ordering o;
  const int64_t rows = batch * target.window;
  // Asked first: the system grants more than it has, and ends the process when that is used.
  const double bytes = static_cast<double>(rows) * static_cast<double>(source.window) * sizeof(Term);
  if (bytes > static_cast<double>(memory_available())) throw std::bad_alloc();
  std::vector<int32_t> keys(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) keys[static_cast<size_t>(i)] = target.index[i];
  o.rows.reserve(static_cast<size_t>(rows));
  o.terms.reserve(static_cast<size_t>(rows * source.window));
  for (int32_t i : order_by(keys, target.blocks)) {
    const int32_t block = keys[static_cast<size_t>(i)];
    const int64_t at = static_cast<int64_t>(o.rows.size());
    if (o.groups.empty() || o.groups.back().target != block || at - o.groups.back().row_begin == kGroupRows)
      o.groups.push_back({block, at, at, 0, 0});
    o.rows.push_back({static_cast<int32_t>(i / target.window), static_cast<int32_t>(i % target.window)});
    o.groups.back().row_end = at + 1;
  }
  for (Ordering::Group& g : o.groups) {
    g.bucket_begin = static_cast<int64_t>(o.buckets.size());
    add_buckets(o, g, source);
    g.bucket_end = static_cast<int64_t>(o.buckets.size());
  }
  return o;
}

}  // namespace

Pattern::Pattern(const PatternShape& shape, const int64_t* x, const int64_t* y)
    : shape_(shape), x_(x, x + shape.batch * shape.x_window), y_(y, y + shape.batch * shape.y_window) {}

const Ordering& Pattern::to_y() const {
  std::call_once(y_built_, [this] {
    to_y_ = make_ordering(shape_.batch, {y_.data(), shape_.y_window, shape_.y_blocks},
                          {x_.data(), shape_.x_window, shape_.x_blocks});
  });
  return to_y_;
}

const Ordering& Pattern::to_x() const {
  std::call_once(x_built_, [this] {
    to_x_ = make_ordering(shape_.batch, {x_.data(), shape_.x_window, shape_.x_blocks},
                          {y_.data(), shape_.y_window, shape_.y_blocks});
  });
  return to_x_;
}

}  // namespace einblas
