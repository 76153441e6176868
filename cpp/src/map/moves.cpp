// Driver: rows found by index, and rows added by index.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "einblas.h"
#include "layout/elements.hpp"
#include "layout/walk.hpp"
#include "map/lines.hpp"
#include "map/map.hpp"
#include "runtime/memory.hpp"
#include "runtime/threads.hpp"
#include "step/problem.hpp"

namespace einblas {
namespace {

constexpr int64_t kLine = 1024;
constexpr int64_t kTaskBytes = 1 << 16;
constexpr double kBytesPerNano = 8;

// The axes beside the one that is indexed, as x and out walk them.
Problem beside(const TakeCall& call) {
  std::vector<int64_t> lengths, strides;
  for (const int64_t* from : {call.x.strides, call.out.strides})
    for (int a = 0; a < call.axes; ++a)
      if (a != call.axis) strides.push_back(from[a]);
  for (int a = 0; a < call.axes; ++a)
    if (a != call.axis) lengths.push_back(call.lengths[a]);
  return normalise(call.dtype, 1, call.axes - 1, call.axes - 1, lengths.data(), strides.data(), false);
}

// The fast axis, apart from the others.
struct Lines {
  explicit Lines(const Problem& p) : rest(p.outer) {
    if (!rest.empty()) {
      line = rest.back();
      rest.pop_back();
    }
    count = elements(rest);
  }
  Axes rest;
  Axis line{1, {0, 0, 0, 0}};
  int64_t count = 1;
};

}  // namespace

int32_t run_take(const TakeCall& call) {
  const int64_t rows = call.lengths[call.axis];
  const Problem p = beside(call);
  if (p.empty_output || rows == 0) return EINBLAS_OK;
  const Lines l(p);
  const int64_t size = size_of(call.dtype), n = l.line.length;
  const char* const x = call.x.at + p.offset[0] * size;
  char* const out = call.out.at + p.offset[kOut] * size;
  const bool plain = (l.line.stride[0] == 1 && l.line.stride[kOut] == 1) || n == 1;
  const int64_t sx[1] = {l.line.stride[0]}, so[1] = {l.line.stride[kOut]};
  // Lines of all rows, one after the other, the rows of one place together.
  const int64_t lines = rows * l.count, per_task = std::max<int64_t>(1, kTaskBytes / (n * size));
  const int64_t tasks = ceil_div(lines, per_task);
  const double nanos = static_cast<double>(lines) * (5 + static_cast<double>(n * size) / kBytesPerNano);
  parallel_tasks(tasks, useful_threads(call.threads, tasks, nanos), [&](int64_t task, int) {
    Walk walk(l.rest, task * per_task % l.count);
    for (int64_t i = task * per_task; i < std::min(lines, (task + 1) * per_task); ++i) {
      const int64_t k = i / l.count;
      const char* const from = x + (walk.at(0) + call.indices[k] * call.x.strides[call.axis]) * size;
      char* const to = out + (walk.at(kOut) + k * call.out.strides[call.axis]) * size;
      if (plain) {
        std::memcpy(to, from, static_cast<size_t>(n * size));
      } else {
        const int64_t length[1] = {n};
        copy_elements(call.dtype, 1, length, from, sx, to, so);
      }
      walk.next();
    }
  });
  return EINBLAS_OK;
}

int32_t run_scatter_add(const TakeCall& call) {
  const int64_t given = call.lengths[call.axis];
  const Problem p = beside(call);
  if (p.empty_output || given == 0) return EINBLAS_OK;
  const Lines l(p);
  const DType sums = call.out.dtype == DType::BOOL ? DType::I32 : compute_of(call.out.dtype);
  const Mover in = Mover::in(call.x.dtype, sums, call.x.conjugated), old = Mover::in(call.out.dtype, sums, false);
  if (in.row == nullptr) return EINBLAS_INVALID_ARGUMENT;
  const Mover back = Mover::out(sums, call.out.dtype);
  const MapRun add = map_run(Map::Add, sums);
  const char* const x = call.x.at + p.offset[0] * in.size;
  char* const out = call.out.at + p.offset[kOut] * back.size;
  // The given rows by where they go, and where each of those begins.
  need(static_cast<double>(given) * 16);
  std::vector<int64_t> order(static_cast<size_t>(given)), begin;
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto less = [&](int64_t a, int64_t b) { return call.indices[a] < call.indices[b]; };
  if (!std::is_sorted(order.begin(), order.end(), less)) std::stable_sort(order.begin(), order.end(), less);
  for (int64_t i = 0; i < given; ++i)
    if (i == 0 || less(order[static_cast<size_t>(i - 1)], order[static_cast<size_t>(i)])) begin.push_back(i);
  begin.push_back(given);
  const int64_t targets = static_cast<int64_t>(begin.size()) - 1, pieces = ceil_div(l.line.length, kLine);
  const int64_t width = size_of(sums), works = targets * l.count * pieces;
  const int64_t per_task = std::max<int64_t>(1, kTaskBytes / (std::min(kLine, l.line.length) * width));
  const int64_t tasks = ceil_div(works, per_task);
  const double bytes = static_cast<double>(given) * static_cast<double>(l.count * l.line.length * width);
  const int workers = useful_threads(call.threads, tasks, bytes / kBytesPerNano);
  const Workspace own(2 * kLine * width, workers);
  if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
  parallel_tasks(tasks, workers, [&](int64_t task, int worker) {
    char* const sum = own.of(worker);
    char* const row = sum + kLine * width;
    for (int64_t i = task * per_task; i < std::min(works, (task + 1) * per_task); ++i) {
      const int64_t target = i / (l.count * pieces), first = i % pieces * kLine;
      const int64_t n = std::min(kLine, l.line.length - first);
      const Walk walk(l.rest, i / pieces % l.count);
      const int64_t from = begin[static_cast<size_t>(target)], end = begin[static_cast<size_t>(target + 1)];
      const int64_t place = call.indices[order[static_cast<size_t>(from)]];
      char* const to =
          out + (walk.at(kOut) + place * call.out.strides[call.axis] + first * l.line.stride[kOut]) * back.size;
      old.row(n, to, l.line.stride[kOut], sum, 1);
      for (int64_t k = from; k < end; ++k) {
        const int64_t given_row = order[static_cast<size_t>(k)] * call.x.strides[call.axis];
        const char* at = x + (walk.at(0) + given_row + first * l.line.stride[0]) * in.size;
        if (!in.same || l.line.stride[0] != 1) {
          in.row(n, at, l.line.stride[0], row, 1);
          at = row;
        }
        const char* const two[3] = {sum, at, nullptr};
        const int step[3] = {1, 1, 0};
        const double none[3] = {1, 1, 0};
        add(Map::Add, n, sum, two, step, none, 0);
      }
      back.row(n, sum, 1, to, l.line.stride[kOut]);
    }
  });
  return EINBLAS_OK;
}

}  // namespace einblas
