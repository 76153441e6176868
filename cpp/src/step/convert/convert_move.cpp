// Conversion: rows of a piece, one after the other or shared out to threads.
#include "step/convert/convert_move.hpp"

#include <algorithm>
#include <cstdlib>

#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int64_t kTaskElements = 16384;  // some 5 us
constexpr int64_t kChunk = 256;           // of a row of sums, on the stack
constexpr int64_t kSegment = 512;         // bytes of a row that are read at once
constexpr int64_t kAhead = 2048;          // and so many before their turn are asked for
constexpr int64_t kLine = 64;

// f(place outside, place in scratch) for all rows, places in elements and real numbers.
template <class F>
void each_row(const std::vector<MoveDim>& dims, int threads, const F& f) {
  const size_t around = dims.size() - 1;
  int64_t rows = 1;
  for (size_t d = 0; d < around; ++d) rows *= dims[d].length;
  const int64_t row = std::max<int64_t>(1, dims[around].length);
  const int64_t per_task = std::max<int64_t>(1, kTaskElements / row), tasks = ceil_div(rows, per_task);
  const double nanos = static_cast<double>(rows * row) / speed::kPackElements;
  parallel_tasks(tasks, useful_threads(threads, tasks, nanos), [&](int64_t task, int) {
    const int64_t first = task * per_task, last = std::min(rows, first + per_task);
    int64_t index[kMaxWalkAxes], out = 0, in = 0, left = first;
    for (size_t d = around; d-- > 0;) {
      index[d] = left % dims[d].length;
      left /= dims[d].length;
      out += index[d] * dims[d].out;
      in += index[d] * dims[d].in;
    }
    for (int64_t r = first; r < last; ++r) {
      f(out, in);
      for (size_t d = around; d-- > 0;) {
        out += dims[d].out;
        in += dims[d].in;
        if (++index[d] < dims[d].length) break;
        out -= dims[d].length * dims[d].out;
        in -= dims[d].length * dims[d].in;
        index[d] = 0;
      }
    }
  });
}

}  // namespace

std::vector<MoveDim> move_dims(const ConvertLayout& l, int t, const std::vector<int64_t>& lengths,
                               const ConvertStrides& scratch) {
  std::vector<MoveDim> dims;
  for (size_t a = 0; a < lengths.size(); ++a)
    if (lengths[a] > 1 && l.has(t, a)) dims.push_back({lengths[a], l.axes[a].stride[t], scratch.axis[a]});
  if (dims.empty()) dims.push_back({1, 1, 1});
  std::stable_sort(dims.begin(), dims.end(), [](const MoveDim& a, const MoveDim& b) {
    return std::abs(a.out) != std::abs(b.out) ? std::abs(a.out) > std::abs(b.out) : a.in > b.in;
  });
  for (size_t d = dims.size() - 1; d-- > 0;) {
    const MoveDim &slow = dims[d], &fast = dims[d + 1];
    if (slow.out != fast.out * fast.length || slow.in != fast.in * fast.length) continue;
    dims[d] = {slow.length * fast.length, fast.out, fast.in};
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(d) + 1);
  }
  return dims;
}

MoveIn::MoveIn(const Problem& p, const ConvertLayout& l, int t)
    : from_size_(size_of(p.type(t))), to_size_(size_of(l.real)) {
  const ConvertTensor& x = l.operand[t];
  if (x.form != Form::Plain) {
    form_ = form_row(x.form, p.type(t), l.real, p.conjugates(t));
    return;
  }
  const bool complex = x.s || x.c;
  parts_ = complex ? 2 : 1;
  row_ = convert_row(p.type(t), complex ? p.dtype : l.real, p.conjugates(t));
}

void MoveIn::run(const std::vector<MoveDim>& dims, const ConvertStrides& scratch, const char* from, char* to,
                 int threads) const {
  const MoveDim& row = dims.back();
  // Rows side by side are taken in segments, before each of which what is kAhead bytes later is asked for, in the rows
  // that follow too: the hardware's prefetcher starts anew with each piece (11 GB/s without, 50 with).
  const int64_t row_bytes = row.length * from_size_;
  const int64_t next = dims.size() > 1 ? dims[dims.size() - 2].out * from_size_ : row_bytes;
  const int64_t segment = row.out == 1 ? std::max<int64_t>(1, kSegment / from_size_) : row.length;
  each_row(dims, threads, [&](int64_t out, int64_t in) {
    for (int64_t i = 0; i < row.length; i += segment) {
      const int64_t n = std::min(segment, row.length - i);
      const char* const x = from + (out + i * row.out) * from_size_;
      char* const y = to + (in + i * row.in) * to_size_;
      if (row.out == 1) {
        const int64_t later = i * from_size_ + kAhead, rows = later / row_bytes;
        const char* const ahead = from + out * from_size_ + rows * next + (later - rows * row_bytes);
        for (int64_t b = 0; b < n * from_size_; b += kLine) __builtin_prefetch(ahead + b);
      }
      if (form_ != nullptr) {
        form_(n, x, row.out, y, row.in, scratch.s, scratch.c);
      } else {
        row_(n, x, row.out, y, row.in / parts_);
      }
    }
  });
}

MoveOut::MoveOut(const Problem& p, const ConvertLayout& l)
    : real_(l.real), real_size_(size_of(l.real)), parts_(l.out.c ? 2 : 1) {
  const DType part = real_of(p.type(kOut));
  size_ = size_of(part);
  narrow_ = rounded_row(l.real, part);
  widen_ = convert_row(part, l.real, false);
}

template <class R>
void MoveOut::rows(const MoveDim& row, const char* from, char* to, int64_t c, double alpha, double beta) const {
  const R a = factor<R>(alpha), b = factor<R>(beta);
  const int64_t to_stride = row.out * parts_;
  for (int64_t part = 0; part < parts_; ++part) {
    const R* const x = reinterpret_cast<const R*>(from) + part * c;
    char* const y = to + part * size_;
    if (alpha == 1 && beta == 0 && row.in == 1) {
      narrow_(row.length, reinterpret_cast<const char*>(x), 1, y, to_stride);
      continue;
    }
    for (int64_t i = 0; i < row.length; i += kChunk) {
      const int64_t n = std::min(kChunk, row.length - i);
      char* const place = y + i * to_stride * size_;
      alignas(64) R sums[kChunk];
      alignas(64) R old[kChunk];
      if (row.in == 1) {
        for (int64_t j = 0; j < n; ++j) sums[j] = a * x[i + j];
      } else {
        for (int64_t j = 0; j < n; ++j) sums[j] = a * x[(i + j) * row.in];
      }
      if (beta != 0) {
        widen_(n, place, to_stride, reinterpret_cast<char*>(old), 1);
        for (int64_t j = 0; j < n; ++j) sums[j] += b * old[j];
      }
      narrow_(n, reinterpret_cast<const char*>(sums), 1, place, to_stride);
    }
  }
}

void MoveOut::run(const std::vector<MoveDim>& dims, const ConvertStrides& scratch, const char* from, char* to,
                  double alpha, double beta, int threads) const {
  each_row(dims, threads, [&](int64_t out, int64_t in) {
    const char* const x = from + in * real_size_;
    char* const y = to + out * size_ * parts_;
    visit_computed(real_,
                   [&](auto of) { rows<typename decltype(of)::Type>(dims.back(), x, y, scratch.c, alpha, beta); });
  });
}

}  // namespace einblas
