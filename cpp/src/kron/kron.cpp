// Driver: a Kronecker product applied to a tensor, block by block, factor by factor.
//
// C = alpha * (F1 x F2 x .. applied along their axes of X) + beta * C. Each pass (kron_layout.cpp) takes blocks of the
// tensor: the first factor reads X where it lies, those between work in two buffers of the worker's cache, the last
// writes C where it lies. Nothing is transposed: lines behind the axis are the vectors' lanes, and an axis at unit
// stride is multiplied row by row.
// Assumes: the layout that kron_layout accepted; C shares no byte with X or a factor.
#include <algorithm>
#include <array>

#include "einblas.h"
#include "kron/kron_layout.hpp"
#include "kron/kron_pack.hpp"
#include "kron/kron_steps.hpp"
#include "layout/arithmetic.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"

namespace einblas {
namespace {

// Sources beyond this are asked for a block ahead, in so many pieces between pieces of work: they come from beyond L2,
// and blocks change faster than the hardware's prefetcher follows.
Tunable far_bytes{"KRON_FAR", 2 << 20, 1, int64_t{1} << 40, "bytes of an operand of which blocks are asked for ahead"};
constexpr int64_t kPieces = 8;
constexpr int64_t kLine = 64;
// Lines this far apart share sets of L1; gathering them pays from so many blocks of results on (k = q = 128: 1.1x, 16:
// 0.8x).
constexpr int64_t kAliasBytes = 2048;
constexpr int64_t kGatherBlocks = 4;
// Shorter runs of a result are not written past the caches: 64 bytes at a time took 1.2 to 1.4 times as long.
constexpr int64_t kStreamRun = 256;

// From so many slices per thread on, threads take whole slices: their uneven end is then less than a fifth of the time.
constexpr int64_t kSlicesPerThread = 4;

// Additions to one element one after the other: deeper factors go in such parts.
constexpr int64_t kDepth = 2048;

template <class T>
class Plan final : public KronPlan {
 public:
  Plan(KronLayout layout, std::vector<KronAxis> axes)
      : layout_(std::move(layout)),
        kernels_(kernel_table().typed<T>()),
        w_(kernel_table().vector_bytes / size_),
        packs_(layout_.fused, std::move(axes), kernels_, w_) {
    for (const KronLoop& l : layout_.slices) slices_ *= l.length;
    for (const KronPass& pass : layout_.passes) {
      std::array<KronBlock<T>, 4> blocks;
      const int64_t length = pass.loops.empty() ? 1 : pass.loops.back().length;
      const int64_t rows[2] = {pass.rows, length % pass.rows}, columns[2] = {pass.columns, pass.line % pass.columns};
      for (int i = 0; i < 4; ++i)
        if (rows[i / 2] > 0 && columns[i % 2] > 0)
          blocks[static_cast<size_t>(i)] = make_block(pass, rows[i / 2], columns[i % 2]);
      blocks_.push_back(std::move(blocks));
    }
    buffer_ = (buffer_ + 15) / 16 * 16;
    streams_ = streamable();
  }

  int64_t workspace_bytes() const override {
    return size_ * (packs_.elements() + 2 * buffer_ + between(0) + between(1));
  }

  int32_t run(const KronCall& call) const noexcept override {
    const double nanos = layout_.flops / speed::kGemmFlops;
    const int threads = useful_threads(call.threads, 1 << 20, nanos);
    // Enough slices: each belongs to one thread.
    const bool whole = slices_ >= kSlicesPerThread * threads;
    const Workspace packed(packs_.elements() * size_, 1), even(between(0) * size_, whole ? threads : 1),
        odd(between(1) * size_, whole ? threads : 1), own(2 * buffer_ * size_, threads);
    if (!packed.ok() || !even.ok() || !odd.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* f = reinterpret_cast<T*>(packed.of(0));
    packs_.write(call.factors, f);
    const auto slice = [&](int64_t index, int worker) {
      const T* source = reinterpret_cast<const T*>(call.x);
      T* result = reinterpret_cast<T*>(call.c);
      for (size_t i = layout_.slices.size(); i-- > 0; index /= layout_.slices[i].length) {
        source += index % layout_.slices[i].length * layout_.slices[i].x;
        result += index % layout_.slices[i].length * layout_.slices[i].c;
      }
      const size_t n = layout_.passes.size();
      for (size_t i = 0; i < n; ++i) {
        const bool last = i + 1 == n;
        T* target = last ? result : reinterpret_cast<T*>((i % 2 == 0 ? even : odd).of(worker));
        const bool past = last && streams_ && call.beta == 0 && reinterpret_cast<uintptr_t>(target) % kLine == 0;
        run_pass(i, source, target, {f, last ? call.alpha : 1, last ? call.beta : 0, past, whole ? 1 : threads}, own,
                 worker);
        source = target;
      }
    };
    if (whole) {
      parallel_tasks(slices_, threads, slice);
    } else {
      for (int64_t s = 0; s < slices_; ++s) slice(s, 0);
    }
    return EINBLAS_OK;
  }

  std::string describe() const override {
    std::string text = slices_ == 1 ? "" : std::to_string(slices_) + " slices, each in ";
    text += std::to_string(layout_.passes.size()) + (layout_.passes.size() == 1 ? " pass" : " passes");
    for (size_t i = 0; i < layout_.passes.size(); ++i) {
      const KronPass& pass = layout_.passes[i];
      text += i == 0 ? ": " : "; ";
      text +=
          "blocks of " + std::to_string(pass.rows) + " rows and " + std::to_string(pass.columns) + " columns, factors";
      for (const KronPrepared<T>& s : blocks_[i][0].steps) {
        const KronFused& f = layout_.fused[static_cast<size_t>(packs_[s.pack].fused)];
        text += " " + std::to_string(f.first) + (f.count > 1 ? ".." + std::to_string(f.first + f.count - 1) : "") +
                " (" + std::to_string(s.step.k) + " to " + std::to_string(s.step.q) + ", " + name(s.kind) + ")";
      }
    }
    return text + "; workspace " + std::to_string(workspace_bytes()) + " bytes";
  }

 private:
  static constexpr int64_t size_ = static_cast<int64_t>(sizeof(T));

  static const char* name(KronKind kind) {
    switch (kind) {
      case KronKind::Lines:
        return "lines";
      case KronKind::Short:
        return "short lines";
      case KronKind::Rows:
        return "rows";
      default:
        return "several rows to a vector";
    }
  }

  // Elements of the tensors between passes that live in buffer 0 or 1.
  int64_t between(size_t buffer) const {
    int64_t most = 0;
    for (size_t i = buffer; i < layout_.between.size(); i += 2) most = std::max(most, layout_.between[i]);
    return most;
  }

  KronBlock<T> make_block(const KronPass& pass, int64_t rows, int64_t columns) {
    KronBlock<T> block;
    block.rows = rows;
    block.columns = columns;
    std::vector<int64_t> lengths;
    for (const KronAxis& a : pass.axes) lengths.push_back(a.k);
    const size_t n = pass.factors.size(), axes = pass.axes.size();
    for (size_t i = 0; i < n; ++i) {
      const int factor = pass.factors[i];
      const KronAxis& axis = pass.axes[static_cast<size_t>(factor)];
      std::vector<KronDim> dims(axes + 2);
      for (int side = 0; side < 2; ++side) {
        int64_t stride = columns;
        if (side == 1) lengths[static_cast<size_t>(factor)] = axis.q;
        for (size_t d = axes + 1; d-- > 0;) {
          const int64_t length = d == 0 ? rows : lengths[d - 1];
          const bool outside = side == 0 ? i == 0 : i + 1 == n;
          int64_t at = stride;
          if (outside && d > 0) at = side == 0 ? pass.axes[d - 1].x : pass.axes[d - 1].c;
          if (outside && d == 0 && !pass.loops.empty()) at = side == 0 ? pass.loops.back().x : pass.loops.back().c;
          dims[d].length = length;
          (side == 0 ? dims[d].x : dims[d].y) = at;
          stride *= length;
        }
        if (!(side == 0 ? i == 0 : i + 1 == n)) buffer_ = std::max(buffer_, stride);
      }
      dims[axes + 1] = {columns, 1, 1};
      block.steps.push_back(
          prepare(dims, static_cast<size_t>(factor) + 1, axis, pass.fused[static_cast<size_t>(factor)]));
    }
    return block;
  }

  // A step along dims[axis]; the last dim is the line.
  KronPrepared<T> prepare(std::vector<KronDim> dims, size_t axis, const KronAxis& lengths, int fused) {
    KronPrepared<T> p{};
    KronStep<T>& s = p.step;
    s.k = s.depth = lengths.k;
    s.q = lengths.q;
    s.sx = dims[axis].x;
    s.sy = dims[axis].y;
    int64_t line = dims.back().length;
    dims.pop_back();
    while (dims.size() > axis + 1 && (dims.back().length == 1 || (dims.back().x == line && dims.back().y == line))) {
      line *= dims.back().length;
      dims.pop_back();
    }
    dims.erase(dims.begin() + static_cast<int64_t>(axis));
    s.line = line;
    s.vectors = 1;
    if (line == 1 && (s.sx == 1 || s.k == 1) && (s.sy == 1 || s.q == 1) && dims.size() == axis) {
      s.line = 1;
      s.sx = s.k;
      s.sy = s.q;
      if (!dims.empty()) fold_rows(&dims, &s);
      const bool tiny = s.k == s.q && kron_log2(s.k) > 0 && s.sx == s.k && s.sy == s.k &&
                        kernels_.kron_tiny[kron_log2(s.k)] != nullptr;
      p.kind = tiny ? KronKind::Tiny : KronKind::Rows;
      s.vectors = packs_.row_vectors(s.q);
    } else {
      const bool shorter = kron_log2(line) > 0 && kernels_.kron_short[kron_log2(line)] != nullptr &&
                           line * s.q % w_ == 0 && s.sy == line;
      p.kind = shorter ? KronKind::Short : KronKind::Lines;
    }
    s.gathers =
        p.kind == KronKind::Lines && s.q > kGatherBlocks * kernels_.kron_block && s.sx * size_ % kAliasBytes == 0 ? 1
                                                                                                                  : 0;
    offsets(dims, &p);
    p.pack = packs_.add(fused, p.kind, line);
    return p;
  }

  // Neighbouring dims that are rows of one even stride.
  static void fold_rows(std::vector<KronDim>* dims, KronStep<T>* s) {
    s->line = dims->back().length;
    s->sx = dims->back().x;
    s->sy = dims->back().y;
    dims->pop_back();
    while (!dims->empty() &&
           (dims->back().length == 1 || (dims->back().x == s->line * s->sx && dims->back().y == s->line * s->sy))) {
      s->line *= dims->back().length;
      dims->pop_back();
    }
  }

  static void offsets(const std::vector<KronDim>& dims, KronPrepared<T>* p) {
    p->from = {0};
    p->to = {0};
    for (const KronDim& d : dims) {
      std::vector<int64_t> from, to;
      for (size_t i = 0; i < p->from.size(); ++i) {
        for (int64_t j = 0; j < d.length; ++j) {
          from.push_back(p->from[i] + j * d.x);
          to.push_back(p->to[i] + j * d.y);
        }
      }
      p->from = std::move(from);
      p->to = std::move(to);
    }
    p->step.panels = static_cast<int64_t>(p->from.size());
  }

  // What all blocks of a pass share.
  struct Shared {
    const T* packed;
    double alpha, beta;
    bool past_caches;
    int threads;
  };

  // Whether results of the last pass are large, and every vector of them lies on its alignment.
  bool streamable() const {
    const KronPass& pass = layout_.passes.back();
    int64_t all = pass.line * slices_;
    for (const KronLoop& l : pass.loops) all *= l.length;
    for (const KronAxis& a : pass.axes) all *= a.q;
    for (const KronLoop& l : layout_.slices)
      if (l.c % w_ != 0) return false;
    if (all * size_ < stream_from || (pass.columns < pass.line && pass.columns % w_ != 0)) return false;
    for (const KronLoop& l : pass.loops)
      if (l.c % w_ != 0) return false;
    for (const KronBlock<T>& b : blocks_.back()) {
      if (b.steps.empty()) continue;
      const KronPrepared<T>& p = b.steps.back();
      if (p.kind == KronKind::Rows || p.kind == KronKind::Tiny) return false;
      const int64_t run = p.kind == KronKind::Short ? p.step.line * p.step.q : p.step.line;
      if (run % w_ != 0 || run * size_ < kStreamRun || (p.kind == KronKind::Lines && p.step.sy % w_ != 0)) return false;
      for (int64_t to : p.to)
        if (to % w_ != 0) return false;
    }
    return true;
  }

  void run_pass(size_t index, const T* source, T* target, const Shared& shared, const Workspace& own, int first) const {
    const KronPass& pass = layout_.passes[index];
    const auto& blocks = blocks_[index];
    const int64_t length = pass.loops.empty() ? 1 : pass.loops.back().length;
    const int64_t row_blocks = ceil_div(length, pass.rows), column_blocks = ceil_div(pass.line, pass.columns);
    int64_t tasks = row_blocks * column_blocks;
    for (size_t i = 0; i + 1 < pass.loops.size(); ++i) tasks *= pass.loops[i].length;
    int64_t bytes = pass.line * size_ * (index == 0 ? slices_ : 1);
    for (const KronLoop& l : pass.loops) bytes *= l.length;
    for (const KronAxis& a : pass.axes) bytes *= a.k;
    const int64_t ahead = bytes > far_ ? shared.threads : 0;
    const auto place = [&](int64_t task, int64_t* x, int64_t* y) {
      const int64_t column = task % column_blocks, row = task / column_blocks % row_blocks;
      int64_t rest = task / column_blocks / row_blocks;
      *x = *y = column * pass.columns;
      if (!pass.loops.empty()) {
        *x += row * pass.rows * pass.loops.back().x;
        *y += row * pass.rows * pass.loops.back().c;
      }
      for (size_t i = pass.loops.empty() ? 0 : pass.loops.size() - 1; i-- > 0;) {
        const KronLoop& l = pass.loops[i];
        *x += rest % l.length * l.x;
        *y += rest % l.length * l.c;
        rest /= l.length;
      }
      const bool less_rows = (row + 1) * pass.rows > length, less_columns = (column + 1) * pass.columns > pass.line;
      return (less_rows ? 2 : 0) + (less_columns ? 1 : 0);
    };
    parallel_tasks(tasks, shared.threads, [&](int64_t task, int worker) {
      int64_t x, y, next_x, next_y;
      const int shape = place(task, &x, &y);
      const bool follows = ahead > 0 && task + ahead < tasks && place(task + ahead, &next_x, &next_y) == shape;
      run_block(blocks[static_cast<size_t>(shape)], source + x, target + y, shared, follows ? source + next_x : nullptr,
                reinterpret_cast<T*>(own.of(first + worker)));
    });
  }

  // Asks for piece `piece` of `pieces` of what a step reads from x on.
  static void ask(const KronPrepared<T>& p, const T* x, int64_t piece, int64_t pieces) {
    const KronStep<T>& s = p.step;
    const bool rows = p.kind == KronKind::Rows || p.kind == KronKind::Tiny;
    const int64_t runs = rows ? s.line : s.k, run = (rows ? s.k : s.line) * size_, all = s.panels * runs;
    for (int64_t i = all * piece / pieces; i < all * (piece + 1) / pieces; ++i) {
      const char* at = reinterpret_cast<const char*>(x + p.from[static_cast<size_t>(i / runs)] + i % runs * s.sx);
      for (int64_t b = 0; b < run; b += kLine) __builtin_prefetch(at + b, 0, 2);
    }
  }

  void run_block(const KronBlock<T>& block, const T* x, T* y, const Shared& shared, const T* next, T* own) const {
    const size_t n = block.steps.size();
    const int64_t pieces = kPieces * static_cast<int64_t>(n);
    int64_t piece = 0;
    for (size_t i = 0; i < n; ++i) {
      const KronPrepared<T>& p = block.steps[i];
      const bool last = i + 1 == n;
      KronStep<T> s = p.step;
      s.from = p.from.data();
      s.to = p.to.data();
      s.f = shared.packed + packs_[p.pack].at;
      s.x = i == 0 ? x : own + (i % 2 == 1 ? 0 : buffer_);
      s.y = last ? y : own + (i % 2 == 0 ? 0 : buffer_);
      s.alpha = last ? static_cast<T>(shared.alpha) : T{1};
      s.beta = last ? static_cast<T>(shared.beta) : T{0};
      s.past_caches = last && shared.past_caches ? 1 : 0;
      if (next == nullptr || block.steps[0].step.gathers) {
        run_kernel(p.kind, s);
        continue;
      }
      for (int64_t j = 0; j < kPieces; ++j, ++piece) {
        ask(block.steps[0], next, piece, pieces);
        KronStep<T> part = s;
        if (s.panels >= kPieces) {
          const int64_t from = s.panels * j / kPieces;
          part.panels = s.panels * (j + 1) / kPieces - from;
          part.from += from;
          part.to += from;
        } else if (p.kind == KronKind::Rows || p.kind == KronKind::Tiny) {
          // Whole lines of memory and whole tiles of rows, as far as they go.
          const int64_t rows = ceil_div(ceil_div(s.line, kPieces), 48) * 48, from = std::min(s.line, j * rows);
          part.line = std::min(rows, s.line - from);
          part.x += from * s.sx;
          part.y += from * s.sy;
        } else if (j > 0) {
          continue;
        }
        if (part.line > 0) run_kernel(p.kind, part);
      }
    }
  }

  // Deep factors part by part.
  void run_kernel(KronKind kind, const KronStep<T>& s) const {
    KronStep<T> part = s;
    if (s.k > kDepth) part.past_caches = 0;
    const int64_t row = kind == KronKind::Lines  ? kernels_.kron_block
                        : kind == KronKind::Rows ? s.vectors * w_
                                                 : s.q * s.line;
    for (int64_t i = 0; i < s.k; i += kDepth) {
      part.k = std::min(kDepth, s.k - i);
      run_part(kind, part);
      part.x += part.k * (kind == KronKind::Rows ? 1 : s.sx);
      part.f += part.k * row;
      part.beta = T{1};
    }
  }

  void run_part(KronKind kind, const KronStep<T>& s) const {
    switch (kind) {
      case KronKind::Lines:
        return kernels_.kron_lines(&s);
      case KronKind::Short:
        return kernels_.kron_short[kron_log2(s.line)](&s);
      case KronKind::Rows:
        return kernels_.kron_rows(&s);
      default:
        return kernels_.kron_tiny[kron_log2(s.k)](&s);
    }
  }

  KronLayout layout_;
  const TypedKernels<T>& kernels_;
  int64_t w_, buffer_ = 0, slices_ = 1;
  bool streams_ = false;
  int64_t far_ = far_bytes;
  KronPacks<T> packs_;
  std::vector<std::array<KronBlock<T>, 4>> blocks_;
};

}  // namespace

std::unique_ptr<KronPlan> make_kron_plan(DType dtype, std::vector<KronOuter> outer, std::vector<KronAxis> axes) {
  const int64_t size = size_of(dtype);
  KronLayout layout;
  if (!kron_layout(std::move(outer), axes, kernel_table().vector_bytes / size, size, &layout)) return nullptr;
  return visit_float(dtype, [&](auto of) -> std::unique_ptr<KronPlan> {
    return std::make_unique<Plan<typename decltype(of)::Type>>(std::move(layout), std::move(axes));
  });
}

}  // namespace einblas
