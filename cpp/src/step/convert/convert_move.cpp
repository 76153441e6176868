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
constexpr int64_t kFinished = 1024;       // of one with an epilogue: each function goes over it in L1
constexpr int64_t kShortRow = 128;        // rows that one bias is added to are joined, if they are no longer
constexpr int64_t kJoined = 16384;        // into rows of so many elements at most
constexpr int64_t kSegment = 512;         // bytes of a row that are read at once
constexpr int64_t kAhead = 2048;          // and so many before their turn are asked for
constexpr int64_t kLine = 64;

// f(place outside, place in scratch, place in the bias) for all rows, places in elements and real numbers.
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
    int64_t index[kMaxWalkAxes], out = 0, in = 0, bias = 0, left = first;
    for (size_t d = around; d-- > 0;) {
      index[d] = left % dims[d].length;
      left /= dims[d].length;
      out += index[d] * dims[d].out;
      in += index[d] * dims[d].in;
      bias += index[d] * dims[d].bias;
    }
    for (int64_t r = first; r < last; ++r) {
      f(out, in, bias);
      for (size_t d = around; d-- > 0;) {
        out += dims[d].out;
        in += dims[d].in;
        bias += dims[d].bias;
        if (++index[d] < dims[d].length) break;
        out -= dims[d].length * dims[d].out;
        in -= dims[d].length * dims[d].in;
        bias -= dims[d].length * dims[d].bias;
        index[d] = 0;
      }
    }
  });
}

}  // namespace

namespace {

// Rows side by side to which one short bias is added: as many as fit become one row.
void join_short_rows(std::vector<MoveDim>& dims) {
  if (dims.size() < 2) return;
  MoveDim &slow = dims[dims.size() - 2], &row = dims.back();
  if (slow.bias != 0 || row.bias == 0 || row.length > kShortRow) return;
  if (slow.out != row.out * row.length || slow.in != row.in * row.length) return;
  int64_t rows = std::min(slow.length, kJoined / row.length);
  while (slow.length % rows != 0) --rows;
  row.period = row.length;
  slow = {slow.length / rows, slow.out * rows, slow.in * rows, 0, 0};
  row.length *= rows;
}

}  // namespace

std::vector<MoveDim> move_dims(const ConvertLayout& l, int t, const std::vector<int64_t>& lengths,
                               const ConvertStrides& scratch) {
  std::vector<MoveDim> dims;
  for (size_t a = 0; a < lengths.size(); ++a) {
    const Axis& axis = l.axes[a];
    if (lengths[a] > 1 && l.has(t, a))
      dims.push_back({lengths[a], axis.stride[t], scratch.axis[a], t == kOut ? axis.stride[kBias] : 0, 0});
  }
  if (dims.empty()) dims.push_back({1, 1, 1, 0, 0});
  std::stable_sort(dims.begin(), dims.end(), [](const MoveDim& a, const MoveDim& b) {
    return std::abs(a.out) != std::abs(b.out) ? std::abs(a.out) > std::abs(b.out) : a.in > b.in;
  });
  for (size_t d = dims.size() - 1; d-- > 0;) {
    const MoveDim &slow = dims[d], &fast = dims[d + 1];
    if (slow.out != fast.out * fast.length || slow.in != fast.in * fast.length) continue;
    if (slow.bias != fast.bias * fast.length) continue;
    dims[d] = {slow.length * fast.length, fast.out, fast.in, fast.bias, 0};
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(d) + 1);
  }
  join_short_rows(dims);
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
  each_row(dims, threads, [&](int64_t out, int64_t in, int64_t) {
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
    : real_(l.real), epilogue_(p.epilogue), real_size_(size_of(l.real)), parts_(l.out.c ? 2 : 1) {
  const DType part = real_of(p.type(kOut));
  size_ = size_of(part);
  narrow_ = rounded_row(l.real, part);
  widen_ = convert_row(part, l.real, false);
  same_out_ = part == l.real;
  if (!epilogue_.bias) return;
  same_bias_ = p.type(kBias) == l.real;
  widen_bias_ = convert_row(p.type(kBias), l.real, false);
  bias_size_ = size_of(p.type(kBias));
}

// What is added to a row, as the kernels read it: nothing, one value, a line of its own, or a short one repeated.
template <class R>
class MoveOut::Added {
 public:
  Added(const MoveOut& move, const MoveDim& row, const char* bias) : move_(move), row_(row), bias_(bias) {
    step_ = row.bias == 0 ? 0 : 1;
    direct_ = move.same_bias_ && row.bias == 1 && row.period == 0;
    if (direct_ || bias == nullptr) return;
    const int64_t n = row.period > 0 ? row.period : step_ == 0 ? 1 : 0;
    widen(0, n);
    for (int64_t i = n; row.period > 0 && i < kFinished + row.period; ++i) buffer_[i] = buffer_[i - row.period];
  }
  int step() const { return step_; }
  // From element i of the row on, n at most.
  const R* from(int64_t i, int64_t n) {
    if (direct_) return reinterpret_cast<const R*>(bias_) + i;
    if (row_.period > 0) return buffer_ + i % row_.period;
    if (step_ != 0) widen(i, n);
    return buffer_;
  }

 private:
  void widen(int64_t i, int64_t n) {
    move_.widen_bias_(n, bias_ + i * row_.bias * move_.bias_size_, row_.bias, reinterpret_cast<char*>(buffer_), 1);
  }

  const MoveOut& move_;
  const MoveDim& row_;
  const char* bias_;
  int step_;
  bool direct_;
  alignas(64) R buffer_[kFinished + kShortRow];
};

// A row of sums in scratch becomes one of the output.
template <class R>
void MoveOut::finish(const MoveDim& row, const R* x, char* to, const char* bias, double alpha, double beta) const {
  const auto* map = kernel_table().maps->typed<R>().map;
  const R factors[3] = {static_cast<R>(alpha), static_cast<R>(beta), 0};
  const bool direct = same_out_ && row.out == 1;
  alignas(64) R sums[kFinished];
  alignas(64) R old[kFinished];
  const auto run = [&](Map what, int64_t n, R* out, const R* a, const R* b, int step) {
    const R* const from[3] = {a, b, nullptr};
    const int steps[3] = {1, step, 0};
    map[static_cast<int>(what)](n, out, from, steps, factors, 0);
  };
  Added<R> added(*this, row, epilogue_.bias ? bias : nullptr);
  for (int64_t i = 0; i < row.length; i += kFinished) {
    const int64_t n = std::min(kFinished, row.length - i);
    char* const place = to + i * row.out * size_;
    R* const target = direct ? reinterpret_cast<R*>(place) : sums;
    const R* now = x + i * row.in;
    if (row.in != 1) {
      for (int64_t j = 0; j < n; ++j) sums[j] = now[j * row.in];
      now = sums;
    }
    if (beta != 0) {
      widen_(n, place, row.out, reinterpret_cast<char*>(old), 1);
      run(Map::Affine, n, sums, now, old, 1);
      now = sums;
    } else if (alpha != 1) {
      run(Map::Scale, n, sums, now, nullptr, 0);
      now = sums;
    }
    if (epilogue_.bias) {
      R* const out = epilogue_.activation == Map::Copy ? target : sums;
      run(Map::Add, n, out, now, added.from(i, n), added.step());
      now = out;
    }
    if (epilogue_.activation != Map::Copy) run(epilogue_.activation, n, target, now, nullptr, 0);
    if (!direct) narrow_(n, reinterpret_cast<const char*>(sums), 1, place, row.out);
  }
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
                  const char* bias, double alpha, double beta, int threads) const {
  each_row(dims, threads, [&](int64_t out, int64_t in, int64_t added) {
    const char* const x = from + in * real_size_;
    char* const y = to + out * size_ * parts_;
    visit_computed(real_, [&](auto of) {
      using R = typename decltype(of)::Type;
      if constexpr (std::is_floating_point_v<R>) {
        if (epilogue_.wanted)
          return finish(dims.back(), reinterpret_cast<const R*>(x), y, bias + added * bias_size_, alpha, beta);
      }
      rows<R>(dims.back(), x, y, scratch.c, alpha, beta);
    });
  });
}

}  // namespace einblas
