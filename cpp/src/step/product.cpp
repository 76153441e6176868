// Driver: products without a summed label (fill, copy, scale, Hadamard, outer, broadcast), bound by the bytes written.
//
// C[o] = alpha * prod_i X_i[o] + beta * C[o]. The innermost output axis (unit stride) is the line; operands are lines
// or one value along it. 16-bit floats are multiplied in F32, each product rounded once. A result larger than the
// caches is written with non-temporal stores: ordinary ones read every line first. Assumes: nothing is summed.
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
constexpr int64_t kStreamLine = 256;  // bytes of a line, as it is multiplied, that is written past the caches
constexpr int64_t kPattern = 2048;    // elements of a pattern row at most: 16 KB of doubles per operand

// E: what the tensors hold.
template <class E>
class ProductPlan final : public KernelPlan {
 public:
  explicit ProductPlan(const Problem& p)
      : operands_(p.operands), conjugated_(p.conjugated), outer_(p.outer), shrinks_(p.shrinks) {
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
    streaming_ = outputs_ * kSize * p.writes >= stream_from &&
                 line_.length * static_cast<int64_t>(sizeof(Part<E>)) >= kStreamLine;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t chunks_per_line = ceil_div(line_.length, chunk_);
    const int64_t units = lines_ * chunks_per_line;
    const int64_t per_task = std::max<int64_t>(1, kTaskBytes / kSize / chunk_);
    const int64_t tasks = ceil_div(units, per_task);
    const int threads = useful_threads(
        call.threads, tasks, static_cast<double>(outputs_) * static_cast<double>(kSize) / speed::kStreamBytes);
    const Workspace workspace(workspace_bytes(), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      const int64_t end = std::min(units, (task + 1) * per_task);
      if (buffer_bytes() == 0) return walk(call, task * per_task, end, chunks_per_line, nullptr);
      with_room(workspace, worker,
                [&](char* room) { walk(call, task * per_task, end, chunks_per_line, reinterpret_cast<E*>(room)); });
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
    return buffers * buffer_length() * kSize;
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
  int64_t buffer_length() const { return chunk_ + kernel_table().vector_bytes / kSize; }

  void cut_line() {
    const int64_t most = shrunk(kTaskBytes / kSize, shrinks_, kPattern / 8);
    chunk_ = inner_.empty() ? std::min(line_.length, most) : line_.length;
  }

  void walk(const Call& call, int64_t first, int64_t last, int64_t chunks_per_line, E* buffer) const {
    const E* built[3] = {nullptr, nullptr, nullptr};  // where the buffer's content came from
    const bool streaming = streaming_ && call.beta == 0;
    Walk at(outer_, first / chunks_per_line);
    int64_t chunk = first % chunks_per_line;
    const bool runs = chunks_per_line == 1 && buffer == nullptr && !outer_.empty();
    static const int64_t nowhere[4] = {0, 0, 0, 0};
    for (int64_t unit = first; unit < last;) {
      const int64_t i0 = chunk * chunk_, n = std::min(chunk_, line_.length - i0);
      const E* x[3] = {nullptr, nullptr, nullptr};
      E* free = buffer;
      for (int t = 0; t < operands_; ++t) {
        x[t] = reinterpret_cast<const E*>(call.x[t]) + at.at(t) + i0 * line_.stride[t];
        if (!gather_[t] && !build_[t]) continue;
        if (built[t] != x[t]) {
          built[t] = x[t];
          if (gather_[t]) {
            gather(n, free, x[t], line_.stride[t]);
          } else {
            build(t, free, x[t], 0);
          }
        }
        x[t] = free;
        free += buffer_length();
      }
      E* out = reinterpret_cast<E*>(call.c) + at.at(kOut) + i0;
      // All lines along the last outer axis in one call: 64-element lines would pay more for the call than for the
      // work.
      const int64_t count = runs ? std::min(last - unit, at.left()) : 1;
      lines(call, count, runs ? outer_.back().stride : nowhere, n, out, x, streaming ? 1 : 0);
      unit += count;
      if (runs) at.skip(count - 1);
      if (++chunk == chunks_per_line) {
        chunk = 0;
        at.next();
      }
    }
  }

  // Operand t along the joined axes from `axis` on; returns the end of what was written.
  E* build(int t, E* to, const E* from, size_t axis) const {
    const Axis& a = inner_[axis];
    const Axis& last = inner_.back();
    if (axis + 1 == inner_.size()) {
      for (int64_t i = 0; i < a.length; ++i) *to++ = from[i * a.stride[t]];
    } else if (axis + 2 == inner_.size() && (last.stride[t] == 0 || last.stride[t] == 1)) {
      repeat(a.length, last.length, to, from, a.stride[t], static_cast<int>(last.stride[t]));
      to += a.length * last.length;
    } else {
      for (int64_t i = 0; i < a.length; ++i) to = build(t, to, from + i * a.stride[t], axis + 1);
    }
    return to;
  }

  void lines(const Call& call, int64_t count, const int64_t* stride, int64_t n, E* out, const E* const* x,
             int streaming) const {
    using P = Part<E>;
    const P alpha = factor<P>(call.alpha), beta = factor<P>(call.beta);
    const KernelTable& k = kernel_table();
    if constexpr (kIsComplex<E>) {
      const P* parts[3];
      for (int t = 0; t < 3; ++t) parts[t] = reinterpret_cast<const P*>(x[t]);
      k.typed<P>().complex_lines(operands_, count, stride, n, reinterpret_cast<P*>(out), parts, step_, alpha, beta,
                                 streaming, conjugated_);
    } else if constexpr (kIsKept) {
      k.typed<E>().product_lines(operands_, count, stride, n, out, x, step_, alpha, beta, streaming);
    } else {
      const uint16_t* bits[3];
      for (int t = 0; t < 3; ++t) bits[t] = reinterpret_cast<const uint16_t*>(x[t]);
      (std::is_same_v<E, Bf16> ? k.bf16_lines : k.f16_lines)(
          operands_, count, stride, n, reinterpret_cast<uint16_t*>(out), bits, step_, alpha, beta, streaming);
    }
  }

  // A strided line side by side.
  static void gather(int64_t n, E* to, const E* from, int64_t stride) {
    if constexpr (kIsKept) return kernel_table().typed<E>().gather_line(n, to, from, stride);
    for (int64_t i = 0; i < n; ++i) to[i] = from[i * stride];
  }
  // Rows, each of one value (step 0) or copied (1), side by side.
  static void repeat(int64_t rows, int64_t n, E* to, const E* from, int64_t stride, int step) {
    if constexpr (kIsKept) return kernel_table().typed<E>().repeat_rows(rows, n, to, from, stride, step);
    for (int64_t r = 0; r < rows; ++r, from += stride, to += n)
      for (int64_t i = 0; i < n; ++i) to[i] = from[i * step];
  }

  // Whether elements are multiplied as they are.
  static constexpr bool kIsKept = std::is_same_v<E, Part<E>>;
  static constexpr int64_t kSize = sizeof(E);
  const int operands_;
  const int32_t conjugated_;
  Axes outer_, inner_;
  const int shrinks_;
  Axis line_;
  int64_t outputs_, lines_, chunk_;
  bool gather_[3], build_[3], streaming_;
  int step_[3];
};

bool applies(const Problem& p) { return p.reduced.empty() && p.outer.size() < kMaxWalkAxes; }

// A unary copy whose operand has its unit stride on another axis is a transposition: permute does it in tiles.
bool suits(const Problem& p) {
  if (p.operands != 1 || p.outer.empty()) return true;
  const Axis& line = p.outer.back();
  if (line.stride[0] == 1 || line.stride[0] == 0 || line.stride[kOut] != 1) return true;
  return std::none_of(p.outer.begin(), p.outer.end() - 1, [](const Axis& a) { return a.stride[0] == 1; });
}

// 16-bit floats and complex numbers, where all tensors hold them. Not of invariant products, whose order of roundings
// convert.cpp has.
std::unique_ptr<KernelPlan> plan_of_other(const Problem& p) {
  const DType held = p.type(kOut);
  const bool is_half = held == DType::BF16 || held == DType::F16;
  if (p.invariant || !(is_half || is_complex(held)) || compute_of(held) != p.dtype) return nullptr;
  if (p.operands < 1 || p.operands > 2) return nullptr;
  for (int t = 0; t < p.operands; ++t)
    if (p.type(t) != held) return nullptr;
  return visit_multiplied(held, [&](auto of) -> std::unique_ptr<KernelPlan> {
    using E = typename decltype(of)::Type;
    if constexpr (std::is_same_v<E, Part<E>>) return nullptr;
    return std::make_unique<ProductPlan<E>>(p);
  });
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (!applies(p) || (asked == Asked::InTurn && !suits(p))) return nullptr;
  return p.plain() ? make_typed<ProductPlan>(p) : plan_of_other(p);
}

}  // namespace

extern const KernelEntry kProductKernel;
const KernelEntry kProductKernel = {"product", plan, true};

}  // namespace einblas
