// Driver: products without a summed label (fill, copy, scale, Hadamard, outer, broadcast), bound by the bytes written.
//
// C[o] = alpha * prod_i X_i[o] + beta * C[o]. The innermost output axis (unit stride) is the line; operands are lines
// or one value along it. A result larger than the caches is written with non-temporal stores: ordinary ones read every
// line first. Assumes: nothing is summed.
#include <algorithm>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

// Bytes of output per task: 16 huge pages' worth of small pages; small enough to balance, large enough to hide 1 us.
constexpr int64_t kTaskBytes = 256 << 10;
// Lines shorter than this are joined with the next axis into a pattern row in L1.
constexpr int64_t kShortLine = 64;
constexpr int64_t kPattern = 2048;  // elements of a pattern row at most: 16 KB of doubles per operand

template <class T>
class ProductPlan final : public KernelPlan {
 public:
  explicit ProductPlan(const Problem& p) : operands_(p.operands), outer_(p.outer), shrinks_(p.shrinks) {
    if (outer_.empty()) outer_.push_back({1, {0, 0, 0, 1}});
    // The line: the axis with the output's unit stride, else a line of one element.
    if (outer_.back().stride[kOut] != 1) outer_.push_back({1, {0, 0, 0, 1}});
    line_ = outer_.back();
    outer_.pop_back();
    join_short_lines();
    outputs_ = p.outer_elements();
    lines_ = elements(outer_);
    cut_line();
    for (int t = 0; t < 3; ++t) {
      // alpha times a value times a line is not alpha times the line times the value: of invariant products all are
      // lines.
      const bool spread = p.invariant && operands_ > 1;
      gather_[t] = t < operands_ && inner_.empty() && (line_.stride[t] != 0 || spread) && line_.stride[t] != 1;
      build_[t] = t < operands_ && !inner_.empty() && (!same_as_line(t) || (spread && inner_.back().stride[t] == 0));
      step_[t] = t < operands_ && (gather_[t] || build_[t] || line_.stride[t] == 1) ? 1 : 0;
    }
    kernels_ = &kernel_table().typed<T>();
    streaming_ = outputs_ * static_cast<int64_t>(sizeof(T)) >= stream_from && line_.length * sizeof(T) >= 256;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t chunks_per_line = ceil_div(line_.length, chunk_);
    const int64_t units = lines_ * chunks_per_line;
    const int64_t per_task = std::max<int64_t>(1, kTaskBytes / static_cast<int64_t>(sizeof(T)) / chunk_);
    const int64_t tasks = ceil_div(units, per_task);
    const int threads = useful_threads(
        call.threads, tasks, static_cast<double>(outputs_) * static_cast<double>(sizeof(T)) / speed::kStreamBytes);
    const Workspace workspace(workspace_bytes(), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      const int64_t end = std::min(units, (task + 1) * per_task);
      if (buffer_bytes() == 0) return walk(call, task * per_task, end, chunks_per_line, nullptr);
      with_room(workspace, worker,
                [&](char* room) { walk(call, task * per_task, end, chunks_per_line, reinterpret_cast<T*>(room)); });
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    std::string s = "lines of " + std::to_string(line_.length) + ", " + std::to_string(lines_) + " of them" +
                    (streaming_ ? ", non-temporal stores" : "");
    for (int t = 0; t < operands_; ++t) {
      if (gather_[t])
        s += ", lines of operand " + std::to_string(t) + " gathered (stride " + std::to_string(line_.stride[t]) + ")";
      if (build_[t]) s += ", short lines of operand " + std::to_string(t) + " joined in L1";
    }
    return s;
  }
  int64_t workspace_bytes() const override { return beyond_stack(buffer_bytes()); }

 private:
  int64_t buffer_bytes() const {
    int buffers = 0;
    for (int t = 0; t < 3; ++t) buffers += gather_[t] || build_[t] ? 1 : 0;
    return buffers * buffer_length() * static_cast<int64_t>(sizeof(T));
  }

  // Short inner axes that are contiguous in the output become one line, whose operands are built in L1.
  void join_short_lines() {
    while (line_.length < kShortLine && !outer_.empty() && outer_.back().stride[kOut] == line_.length &&
           outer_.back().length * line_.length <= shrunk(kPattern, shrinks_, kShortLine)) {
      if (inner_.empty()) inner_.push_back(line_);
      inner_.insert(inner_.begin(), outer_.back());
      line_.length *= outer_.back().length;
      outer_.pop_back();
    }
  }

  // Whether operand t walks the joined line with one stride: then its element strides are those of the last axis.
  bool same_as_line(int t) const {
    for (size_t i = 0; i + 1 < inner_.size(); ++i)
      if (inner_[i].stride[t] != inner_[i + 1].stride[t] * inner_[i + 1].length) return false;
    return inner_.back().stride[t] == 0 || inner_.back().stride[t] == 1;
  }

  // A vector more than a line: rows are built in whole vectors.
  int64_t buffer_length() const { return chunk_ + kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T)); }

  void cut_line() {
    const int64_t most = shrunk(kTaskBytes / static_cast<int64_t>(sizeof(T)), shrinks_, kPattern / 8);
    chunk_ = inner_.empty() ? std::min(line_.length, most) : line_.length;
  }

  void walk(const Call& call, int64_t first, int64_t last, int64_t chunks_per_line, T* buffer) const {
    const T* built[3] = {nullptr, nullptr, nullptr};  // where the buffer's content came from
    const T alpha = factor<T>(call.alpha), beta = factor<T>(call.beta);
    const bool streaming = streaming_ && beta == 0;
    Walk at(outer_, first / chunks_per_line);
    int64_t chunk = first % chunks_per_line;
    const bool runs = chunks_per_line == 1 && buffer == nullptr && !outer_.empty();
    static const int64_t nowhere[4] = {0, 0, 0, 0};
    for (int64_t unit = first; unit < last;) {
      const int64_t i0 = chunk * chunk_, n = std::min(chunk_, line_.length - i0);
      const T* x[3] = {nullptr, nullptr, nullptr};
      T* free = buffer;
      for (int t = 0; t < operands_; ++t) {
        x[t] = reinterpret_cast<const T*>(call.x[t]) + at.at(t) + i0 * line_.stride[t];
        if (!gather_[t] && !build_[t]) continue;
        if (built[t] != x[t]) {
          built[t] = x[t];
          if (gather_[t]) {
            kernels_->gather_line(n, free, x[t], line_.stride[t]);
          } else {
            build(t, free, x[t], 0);
          }
        }
        x[t] = free;
        free += buffer_length();
      }
      T* out = reinterpret_cast<T*>(call.c) + at.at(kOut) + i0;
      // All lines along the last outer axis in one call: 64-element lines would pay more for the call than for the
      // work.
      const int64_t count = runs ? std::min(last - unit, at.left()) : 1;
      kernels_->product_lines(operands_, count, runs ? outer_.back().stride : nowhere, n, out, x, step_, alpha, beta,
                              streaming ? 1 : 0);
      unit += count;
      if (runs) at.skip(count - 1);
      if (++chunk == chunks_per_line) {
        chunk = 0;
        at.next();
      }
    }
  }

  // Operand t along the joined axes from `axis` on; returns the end of what was written.
  T* build(int t, T* to, const T* from, size_t axis) const {
    const Axis& a = inner_[axis];
    const Axis& last = inner_.back();
    if (axis + 1 == inner_.size()) {
      for (int64_t i = 0; i < a.length; ++i) *to++ = from[i * a.stride[t]];
    } else if (axis + 2 == inner_.size() && (last.stride[t] == 0 || last.stride[t] == 1)) {
      kernels_->repeat_rows(a.length, last.length, to, from, a.stride[t], static_cast<int>(last.stride[t]));
      to += a.length * last.length;
    } else {
      for (int64_t i = 0; i < a.length; ++i) to = build(t, to, from + i * a.stride[t], axis + 1);
    }
    return to;
  }

  const int operands_;
  Axes outer_, inner_;
  const int shrinks_;
  Axis line_;
  int64_t outputs_, lines_, chunk_;
  bool gather_[3], build_[3], streaming_;
  int step_[3];
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) { return p.reduced.empty() && p.outer.size() < kMaxWalkAxes; }

// A unary copy whose operand has its unit stride on another axis is a transposition: permute does it in tiles.
bool suits(const Problem& p) {
  if (p.operands != 1 || p.outer.empty()) return true;
  const Axis& line = p.outer.back();
  if (line.stride[0] == 1 || line.stride[0] == 0 || line.stride[kOut] != 1) return true;
  return std::none_of(p.outer.begin(), p.outer.end() - 1, [](const Axis& a) { return a.stride[0] == 1; });
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (!applies(p) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  return make_typed<ProductPlan>(p);
}

}  // namespace

extern const KernelEntry kProductKernel;
const KernelEntry kProductKernel = {"product", plan};

}  // namespace einblas
