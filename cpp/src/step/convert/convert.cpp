// Driver: steps whose elements no micro-kernel takes: 16-bit floats, small integers, truth values, complex numbers,
// operands of several types. Also steps with an epilogue, whose results are finished while they lie in cache.
//
// C[o] = alpha * sum_r X0[o, r] (* X1[o, r]) + beta * C[o]. The step is cut into pieces. What of an operand is not of
// the type in which sums are added up is converted into scratch, the rest is read where it lies, and the plan that
// choose.cpp gives for such a piece multiplies. Sums of another type than the output's wait in scratch, and are rounded
// once. Borders of pieces depend on the problem alone, so the bits do not depend on the threads.
// Assumes: one or two operands; epilogues are of real floats.
#include <algorithm>
#include <atomic>
#include <new>

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "layout/walk.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/convert/convert_cut.hpp"
#include "step/convert/convert_elements.hpp"
#include "step/convert/convert_move.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int64_t kSlack = 16 * kAlignment;  // of the inner plan's workspaces, each rounded up
constexpr int64_t kTaskBytes = 1 << 20;      // of scratch that a task fills at least
constexpr int64_t kPiecesPerThread = 4;      // from so many on pieces are shared out, not the work within each
constexpr double kScratchBytesPerNano = 10;  // converted on one thread

// An axis that is cut: whole blocks, and the rest.
struct Loop {
  size_t axis;
  int64_t block, count;
  int mask;  // 0 where the last is whole too; else the bit that says that it is not
};

// What is to be done in pieces of these lengths.
struct Shape {
  std::unique_ptr<KernelPlan> plan;
  int64_t offset[4] = {0, 0, 0, 0};  // in real numbers: where the inner problem begins
  ConvertStrides strides[4];
  std::vector<MoveDim> dims[4];
};

class ConvertPlan final : public KernelPlan {
 public:
  ConvertPlan(const Problem& p, bool whole) : l_(p, whole), dtype_(p.dtype), epilogue_(p.epilogue.wanted) {
    const std::vector<int64_t> lengths = cut_pieces(l_, p.invariant, p.shrinks);
    int masks = 1;
    for (size_t a = 0; a < lengths.size(); ++a) {
      if (lengths[a] == l_.axes[a].length) continue;
      Loop loop{a, lengths[a], ceil_div(l_.axes[a].length, lengths[a]), 0};
      if (loop.block * loop.count != l_.axes[a].length) {
        loop.mask = masks;
        masks *= 2;
      }
      (a < l_.outer ? outer_ : summed_).push_back(loop);
    }
    for (const Loop& loop : outer_) pieces_ *= loop.count;
    for (const Loop& loop : summed_) sums_ *= loop.count;
    for (int t = 0; t < 4; ++t) size_[t] = t == kOut || t < l_.operands ? size_of(p.type(t)) : 0;
    if (p.epilogue.bias) size_[kBias] = size_of(p.type(kBias));
    for (int t = 0; t < l_.operands; ++t)
      if (l_.operand[t].moved) in_[t] = MoveIn(p, l_, t);
    if (l_.out.moved) out_ = MoveOut(p, l_);
    shapes_.reserve(static_cast<size_t>(masks));
    for (int mask = 0; mask < masks; ++mask) shapes_.push_back(shape(p, lengths, mask));
    lay_out(p);
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t many = kPiecesPerThread * call.threads;
    const bool shared_out =
        call.threads > 1 && pieces_ >= call.threads && (pieces_ >= many || pieces_ % call.threads == 0);
    const int64_t per_task =
        shared_out ? std::max<int64_t>(1, std::min(kTaskBytes / (scratch_ + 1), pieces_ / many)) : pieces_;
    const int64_t tasks = ceil_div(pieces_, per_task);
    const int workers = shared_out ? useful_threads(call.threads, tasks, nanos_) : 1;
    const int threads = shared_out ? 1 : call.threads;
    const int64_t inner = inner_bytes(threads);
    const Workspace own(scratch_ + inner, workers);
    if (!own.ok()) return EINBLAS_OUT_OF_MEMORY;
    std::atomic<int32_t> status{EINBLAS_OK};
    parallel_tasks(tasks, workers, [&](int64_t task, int worker) {
      const int64_t first = task * per_task;
      char* const room = own.of(worker);
      const Reserve reserve(room == nullptr ? nullptr : room + scratch_, inner);
      const int32_t got = pieces(call, first, std::min(pieces_, first + per_task), room, threads);
      if (got != EINBLAS_OK) status.store(got, std::memory_order_relaxed);
    });
    return status.load();
  }

  std::string describe() const override {
    static const char* const forms[] = {"",          " by parts", " by parts twice", " by parts, swapped too",
                                        " in pairs", " in planes"};
    std::string s = std::to_string(pieces_ * sums_) + " pieces";
    for (int t = 0; t < l_.operands; ++t)
      if (l_.operand[t].moved)
        s += ", operand " + std::to_string(t) + " converted" + forms[static_cast<int>(l_.operand[t].form)];
    if (l_.out.moved)
      s += ", sums of " + std::string(name_of(dtype_)) + (epilogue_ ? " finished" : " rounded") + " at the end";
    return s + ", each by " + inner_ + ": " + shapes_[0].plan->describe();
  }
  // Scratch, and what an inner plan takes on one thread; on several at once it takes no more for each.
  int64_t workspace_bytes() const override { return scratch_ + inner_bytes(1); }

 private:
  Shape shape(const Problem& p, std::vector<int64_t> lengths, int mask) {
    for (const auto* loops : {&outer_, &summed_})
      for (const Loop& loop : *loops)
        if ((mask & loop.mask) != 0) lengths[loop.axis] = l_.axes[loop.axis].length - (loop.count - 1) * loop.block;
    Shape made;
    std::vector<int64_t> inner(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(l_.outer));
    if (l_.c) inner.push_back(2);
    inner.insert(inner.end(), lengths.begin() + static_cast<std::ptrdiff_t>(l_.outer), lengths.end());
    if (l_.s) inner.push_back(2);
    std::vector<int64_t> strides;
    for (int t : {0, 1, kOut}) {
      if (t != kOut && t >= l_.operands) continue;
      ConvertStrides& s = made.strides[t] = l_.strides(t, lengths);
      for (size_t a = 0; a <= lengths.size(); ++a) {
        if (a == l_.outer && l_.c) strides.push_back(s.c);
        if (a < lengths.size()) strides.push_back(t == kOut && a >= l_.outer ? 0 : s.axis[a]);
      }
      if (l_.s) strides.push_back(s.s);
      if (l_.tensor(t).moved) made.dims[t] = move_dims(l_, t, lengths, s);
    }
    Problem q = normalise(l_.real, l_.operands, static_cast<int>(inner.size()),
                          static_cast<int>(l_.outer) + (l_.c ? 1 : 0), inner.data(), strides.data(), p.invariant);
    q.shrinks = p.shrinks;
    bool in_place = false;
    for (int t = 0; t < l_.operands; ++t) in_place |= !l_.operand[t].moved;
    q.reads = in_place ? pieces_ * sums_ : 1;
    q.writes = l_.out.moved || sums_ > 1 ? 1 : pieces_;
    std::copy(q.offset, q.offset + 4, made.offset);
    Choice choice = choose(q, nullptr);
    if (mask == 0) inner_ = choice.entry->name;
    made.plan = std::move(choice.plan);
    return made;
  }

  // Places in scratch, and the time of a run.
  void lay_out(const Problem& p) {
    const int64_t real = size_of(l_.real);
    for (int t : {0, 1, kOut}) {
      if (t != kOut && t >= l_.operands) continue;
      at_[t] = scratch_;
      scratch_ += round_up(shapes_[0].strides[t].size * real, kAlignment);
    }
    const double pieces = static_cast<double>(pieces_) * static_cast<double>(sums_);
    const double products = 2.0 * static_cast<double>(p.outer_elements()) * static_cast<double>(p.reduced_elements());
    nanos_ = pieces * static_cast<double>(scratch_) / kScratchBytesPerNano + products / speed::kGemmFlops;
  }

  int64_t inner_bytes(int threads) const {
    int64_t most = 0;
    for (const Shape& s : shapes_) most = std::max(most, memory_of(*s.plan, threads));
    return most == 0 ? 0 : round_up(most + kSlack, kAlignment);
  }

  // Where a piece begins, in elements of each tensor, and which of its axes are the shorter last ones.
  struct Place {
    int64_t at[4] = {0, 0, 0, 0};
    int mask = 0;
  };
  Place place(const std::vector<Loop>& loops, int64_t index, Place from) const {
    for (size_t i = loops.size(); i-- > 0;) {
      const Loop& loop = loops[i];
      const int64_t block = index % loop.count;
      index /= loop.count;
      for (int t = 0; t < 4; ++t) from.at[t] += block * loop.block * l_.axes[loop.axis].stride[t];
      if (block == loop.count - 1) from.mask |= loop.mask;
    }
    return from;
  }

  int32_t pieces(const Call& call, int64_t first, int64_t last, char* room, int threads) const {
    const int64_t real = size_of(l_.real);
    const char* held[2] = {nullptr, nullptr};  // what lies converted in scratch
    int held_mask[2] = {0, 0};
    for (int64_t i = first; i < last; ++i) {
      const Place piece = place(outer_, i, {});
      char* const out = call.c + piece.at[kOut] * size_[kOut];
      char* const c = l_.out.moved ? room + at_[kOut] : out;
      const Shape* s = nullptr;
      for (int64_t k = 0; k < sums_; ++k) {
        const Place here = place(summed_, k, piece);
        s = &shapes_[static_cast<size_t>(here.mask)];
        Call inner{{nullptr, nullptr, nullptr},
                   c + s->offset[kOut] * real,
                   l_.out.moved ? 1 : call.alpha,
                   k > 0          ? 1
                   : l_.out.moved ? 0
                                  : call.beta,
                   threads};
        for (int t = 0; t < l_.operands; ++t) {
          const char* x = call.x[t] + here.at[t] * size_[t];
          if (l_.operand[t].moved) {
            char* const to = room + at_[t];
            if (held[t] != x || held_mask[t] != here.mask) in_[t].run(s->dims[t], s->strides[t], x, to, threads);
            held[t] = x;
            held_mask[t] = here.mask;
            x = to;
          }
          inner.x[t] = x + s->offset[t] * real;
        }
        const int32_t status = s->plan->run(inner);
        if (status != EINBLAS_OK) return status;
      }
      if (l_.out.moved)
        out_.run(s->dims[kOut], s->strides[kOut], room + at_[kOut], out,
                 epilogue_ ? call.x[kBias] + piece.at[kBias] * size_[kBias] : nullptr, call.alpha, call.beta, threads);
    }
    return EINBLAS_OK;
  }

  const ConvertLayout l_;
  const DType dtype_;
  const bool epilogue_;
  std::vector<Loop> outer_, summed_;
  int64_t pieces_ = 1, sums_ = 1;  // of the output, and of each sum
  std::vector<Shape> shapes_;      // by mask
  std::string inner_;
  MoveIn in_[2];
  MoveOut out_;
  int64_t size_[4], at_[4] = {0, 0, 0, 0}, scratch_ = 0;
  double nanos_ = 0;
};

// Whether an invariant problem can stay so: sums of one operand are no kernel's that adds up alike. Sums are not cut,
// and scratch holds them.
bool is_invariant(const Problem& p) {
  constexpr int64_t most = 1 << 17;
  return (p.operands == 2 || p.reduced.empty()) && p.reduced_elements() <= most;
}

// One operand whose elements are the output's: with alpha 1 and beta 0 its bytes are moved. Pairs of F32 as I64, by the
// kernel that is best for that; else one by one. Other factors go through pieces.
class MovePlan final : public KernelPlan {
 public:
  MovePlan(const Problem& p, std::unique_ptr<KernelPlan> pieces) : dtype_(p.type(kOut)), pieces_(std::move(pieces)) {
    if (size_of(dtype_) == size_of(DType::I64)) {
      Problem bits = p;
      bits.dtype = DType::I64;
      bits.mixed = false;
      Choice choice = choose(bits, nullptr);
      name_ = choice.entry->name;
      bits_ = std::move(choice.plan);
    }
    for (const Axis& a : p.outer) {
      lengths_.push_back(a.length);
      from_.push_back(a.stride[0]);
      to_.push_back(a.stride[kOut]);
    }
  }

  int32_t run(const Call& call) const noexcept override {
    if (call.alpha != 1 || call.beta != 0) return pieces_->run(call);
    if (bits_ != nullptr) return bits_->run(call);
    const ConvertSide from{dtype_, const_cast<char*>(call.x[0]), from_.data()}, to{dtype_, call.c, to_.data()};
    try {  // its own lists, before anything is written
      convert_elements(from, to, false, static_cast<int>(lengths_.size()), lengths_.data(), call.threads);
    } catch (const std::bad_alloc&) {
      return EINBLAS_OUT_OF_MEMORY;
    }
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "bytes moved" + (bits_ == nullptr ? "" : " by " + name_ + ": " + bits_->describe()) +
           "; with factors: " + pieces_->describe();
  }
  int64_t workspace_bytes() const override {
    return std::max(pieces_->workspace_bytes(), bits_ == nullptr ? 0 : bits_->workspace_bytes());
  }
  int64_t shared_bytes() const override {
    return std::max(pieces_->shared_bytes(), bits_ == nullptr ? 0 : bits_->shared_bytes());
  }

 private:
  const DType dtype_;
  std::unique_ptr<KernelPlan> pieces_, bits_;
  std::string name_;
  std::vector<int64_t> lengths_, from_, to_;
};

bool is_move(const Problem& p) {
  return p.operands == 1 && p.reduced.empty() && p.type(0) == p.type(kOut) && !p.conjugates(0) && is_complex(p.dtype);
}

std::unique_ptr<KernelPlan> plan(const Problem& p, Asked asked) {
  if (p.operands < 1 || p.operands > 2 || (p.invariant && !is_invariant(p))) return nullptr;
  if (p.outer.size() + p.reduced.size() + 2 > kMaxWalkAxes) return nullptr;
  if (asked == Asked::InTurn && p.plain()) return nullptr;
  auto pieces = std::make_unique<ConvertPlan>(p, p.plain());
  if (is_move(p)) return std::make_unique<MovePlan>(p, std::move(pieces));
  return pieces;
}

}  // namespace

extern const KernelEntry kConvertKernel;
const KernelEntry kConvertKernel = {"convert", plan, true};

}  // namespace einblas
