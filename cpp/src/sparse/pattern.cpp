// Block-sparse products: builds the bucketed orderings by counting sorts.
#include "sparse/pattern.hpp"

#include <algorithm>
#include <new>
#include <numeric>

#include "runtime/memory.hpp"

namespace einblas {
namespace {

// Positions of keys in stable order of key; reused, because one call sorts many short lists.
class Sorter {
 public:
  const std::vector<int32_t>& order(const std::vector<int32_t>& keys, int64_t key_count) {
    const size_t n = keys.size();
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0);
    const auto less = [&](int32_t a, int32_t b) { return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)]; };
    if (n <= kInsertion) {
      for (size_t i = 1; i < n; ++i)
        for (size_t k = i; k > 0 && less(order_[k], order_[k - 1]); --k) std::swap(order_[k], order_[k - 1]);
    } else if (key_count > 8 * static_cast<int64_t>(n) + 1024) {
      std::stable_sort(order_.begin(), order_.end(), less);
    } else {
      count(keys, static_cast<size_t>(key_count));
    }
    return order_;
  }

 private:
  // Up to so many keys an insertion sort is faster than clearing the counters (24 keys: 0.2 us either way).
  static constexpr size_t kInsertion = 24;

  void count(const std::vector<int32_t>& keys, size_t key_count) {
    start_.assign(key_count + 1, 0);
    for (int32_t k : keys) ++start_[static_cast<size_t>(k) + 1];
    for (size_t k = 1; k < start_.size(); ++k) start_[k] += start_[k - 1];
    for (size_t i = 0; i < keys.size(); ++i)
      order_[static_cast<size_t>(start_[static_cast<size_t>(keys[i])]++)] = static_cast<int32_t>(i);
  }

  std::vector<int32_t> order_;
  std::vector<int64_t> start_;
};

struct Side {
  const int32_t* index;
  int64_t window, blocks;
};

// The terms of one group, bucketed by source block.
void add_buckets(Ordering& o, const Ordering::Group& g, const Side& source, Sorter& sorter, std::vector<int32_t>& keys,
                 std::vector<Term>& raw) {
  keys.clear();
  raw.clear();
  for (int64_t r = g.row_begin; r < g.row_end; ++r) {
    const int32_t b = o.rows[static_cast<size_t>(r)].b;
    for (int64_t w = 0; w < source.window; ++w) {
      keys.push_back(source.index[b * source.window + w]);
      raw.push_back({static_cast<int32_t>(r - g.row_begin), b, static_cast<int32_t>(w)});
    }
  }
  for (int32_t i : sorter.order(keys, source.blocks)) {
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
  need(static_cast<double>(rows) * static_cast<double>(source.window) * sizeof(Term));
  std::vector<int32_t> keys(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) keys[static_cast<size_t>(i)] = target.index[i];
  o.rows.reserve(static_cast<size_t>(rows));
  o.terms.reserve(static_cast<size_t>(rows * source.window));
  Sorter sorter;
  for (int32_t i : sorter.order(keys, target.blocks)) {
    const int32_t block = keys[static_cast<size_t>(i)];
    const int64_t at = static_cast<int64_t>(o.rows.size());
    if (o.groups.empty() || o.groups.back().target != block || at - o.groups.back().row_begin == kGroupRows)
      o.groups.push_back({block, at, at, 0, 0});
    o.rows.push_back({static_cast<int32_t>(i / target.window), static_cast<int32_t>(i % target.window)});
    o.groups.back().row_end = at + 1;
  }
  std::vector<Term> raw;
  o.buckets.reserve(std::min<size_t>(o.terms.capacity(), 4096));
  for (Ordering::Group& g : o.groups) {
    g.bucket_begin = static_cast<int64_t>(o.buckets.size());
    add_buckets(o, g, source, sorter, keys, raw);
    g.bucket_end = static_cast<int64_t>(o.buckets.size());
  }
  return o;
}

// Whether all copies are from 0 to blocks - 1.
bool copy_within(const int64_t* index, int64_t count, int64_t blocks, std::vector<int32_t>& to) {
  to.resize(static_cast<size_t>(count));
  bool within = true;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t block = index[i];
    within &= block >= 0 && block < blocks;
    to[static_cast<size_t>(i)] = static_cast<int32_t>(block);
  }
  return within;
}

}  // namespace

std::unique_ptr<Pattern> Pattern::of(const PatternShape& shape, const int64_t* x, const int64_t* y, bool invariant) {
  std::unique_ptr<Pattern> made(new Pattern(shape, invariant));
  const bool within = copy_within(x, shape.batch * shape.x_window, shape.x_blocks, made->x_) &&
                      copy_within(y, shape.batch * shape.y_window, shape.y_blocks, made->y_);
  return within ? std::move(made) : nullptr;
}

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
