// Conversion: tensors of one type into another, row by row, in two levels of blocks where they lie across each other.
#include "step/convert/convert_elements.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "layout/arithmetic.hpp"
#include "runtime/rows.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"

namespace einblas {
namespace {

constexpr int64_t kTaskElements = 32768;
constexpr int64_t kBlock = 64;  // rows and columns that lie across each other: their lines stay in L1

struct Dim {
  int64_t length, from, to, index;  // strides, and how far an index in C order goes
};

// Axes of length 1 left out, those folded that both sides walk as one.
std::vector<Dim> dims_of(const ConvertSide& from, const ConvertSide& to, int axes, const int64_t* lengths) {
  std::vector<Dim> dims;
  int64_t index = 1;
  for (int a = axes; a-- > 0; index *= lengths[a])
    if (lengths[a] > 1) dims.insert(dims.begin(), {lengths[a], from.strides[a], to.strides[a], index});
  for (size_t d = dims.size(); d-- > 1;) {
    Dim &slow = dims[d - 1], &fast = dims[d];
    if (slow.from != fast.from * fast.length || slow.to != fast.to * fast.length ||
        slow.index != fast.index * fast.length)
      continue;
    slow = {slow.length * fast.length, fast.from, fast.to, fast.index};
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(d));
  }
  return dims;
}

class Converter {
 public:
  Converter(const ConvertSide& from, const ConvertSide& to, bool conjugated, std::vector<Dim> dims)
      : row_(convert_row(from.dtype, to.dtype, conjugated)),
        from_(from.at),
        to_(to.at),
        from_size_(size_of(from.dtype)),
        to_size_(size_of(to.dtype)),
        dims_(std::move(dims)) {
    // Rows run along the output's closest axis; the operand's closest one comes next, in blocks, where it is another.
    const auto closest = [&](int64_t Dim::*stride) {
      return std::min_element(dims_.begin(), dims_.end(),
                              [&](const Dim& a, const Dim& b) { return std::abs(a.*stride) < std::abs(b.*stride); });
    };
    const auto row = closest(&Dim::to);
    line_ = *row;
    dims_.erase(row);
    const auto across = closest(&Dim::from);
    if (across == dims_.end() || std::abs(across->from) >= std::abs(line_.from)) return;
    across_ = *across;
    dims_.erase(across);
  }

  int64_t run(int threads) {
    const int64_t blocks = ceil_div(across_.length, kBlock);
    int64_t rows = blocks;
    for (const Dim& d : dims_) rows *= d.length;
    const int64_t row = std::min(across_.length, kBlock) * line_.length;
    const int64_t per_task = std::max<int64_t>(1, kTaskElements / row), tasks = ceil_div(rows, per_task);
    const double nanos = static_cast<double>(rows) * static_cast<double>(row) / speed::kTransposeElements;
    parallel_tasks(tasks, useful_threads(threads, tasks, nanos), [&](int64_t task, int) {
      for (int64_t r = task * per_task; r < std::min(rows, (task + 1) * per_task); ++r) rows_at(r, blocks);
    });
    const int64_t misfit = misfit_.load();
    return misfit == INT64_MAX ? -1 : misfit;
  }

 private:
  void rows_at(int64_t r, int64_t blocks) {
    const int64_t first = r % blocks * kBlock, last = std::min(across_.length, first + kBlock);
    int64_t left = r / blocks, from = 0, to = 0, index = 0;
    for (size_t d = dims_.size(); d-- > 0; left /= dims_[d].length) {
      const int64_t i = left % dims_[d].length;
      from += i * dims_[d].from;
      to += i * dims_[d].to;
      index += i * dims_[d].index;
    }
    const int64_t step = across_.length > 1 ? kBlock : line_.length;
    for (int64_t i = 0; i < line_.length; i += step)
      for (int64_t a = first; a < last; ++a)
        part(from + i * line_.from + a * across_.from, to + i * line_.to + a * across_.to,
             index + i * line_.index + a * across_.index, std::min(step, line_.length - i));
  }

  void part(int64_t from, int64_t to, int64_t index, int64_t n) {
    const int64_t at = row_(n, from_ + from * from_size_, line_.from, to_ + to * to_size_, line_.to);
    if (at < 0) return;
    const int64_t misfit = index + at * line_.index;
    int64_t first = misfit_.load(std::memory_order_relaxed);
    while (misfit < first && !misfit_.compare_exchange_weak(first, misfit, std::memory_order_relaxed)) {
    }
  }

  const ConvertRow row_;
  const char* const from_;
  char* const to_;
  const int64_t from_size_, to_size_;
  std::vector<Dim> dims_;  // around rows and blocks
  Dim line_{}, across_{1, 0, 0, 0};
  std::atomic<int64_t> misfit_{INT64_MAX};
};

}  // namespace

int64_t convert_elements(const ConvertSide& from, const ConvertSide& to, bool conjugated, int axes,
                         const int64_t* lengths, int threads) {
  for (int a = 0; a < axes; ++a)
    if (lengths[a] <= 0) return -1;
  std::vector<Dim> dims = dims_of(from, to, axes, lengths);
  if (dims.empty()) dims.push_back({1, 1, 1, 1});
  return Converter(from, to, conjugated, std::move(dims)).run(threads);
}

}  // namespace einblas
