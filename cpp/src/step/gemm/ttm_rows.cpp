// Driver: the other half of step/gemm/ttm.cpp: a tensor whose unit stride lies on the summed axis, beside a small
// matrix.
//
// C[o, r] = alpha * sum_k S[o, k] F[r, k] + beta * C. Rows of S are read where they lie and spread, vectors run along
// the rows r of F, and C has its unit stride on an axis u of o: sums of u by r wait in L1 and are transposed on the
// way out. The packed gemm would transpose S, which has more elements where r is shorter than k.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "layout/offsets.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/memory.hpp"
#include "runtime/speed.hpp"
#include "runtime/threads.hpp"
#include "step/gemm/ttm.hpp"
#include "step/sum_in_parts.hpp"

namespace einblas {
namespace {

constexpr int64_t kLine = 64;  // bytes
// Estimates, not tuned: sums that wait, about L1; tasks enough for any number of threads.
constexpr int64_t kStage = 48 << 10, kUnits = 256;

struct Shape {
  int s = 0, f = 1;
  Axes rest, depth;
  Axis u{}, r{};
};

bool shape_of(const Problem& p, int s, Shape* shape) {
  Shape& g = *shape;
  g = {};
  g.s = s;
  g.f = 1 - s;
  g.rest = s == 0 ? p.m : p.n;
  const Axes& rows = s == 0 ? p.n : p.m;
  if (rows.size() != 1 || !p.batch.empty()) return false;
  g.r = rows[0];
  g.depth = p.k;
  if (!ttm_depth(&g.depth, s) || g.depth.back().stride[s] != 1) return false;
  const auto u = std::find_if(g.rest.begin(), g.rest.end(), [](const Axis& a) { return a.stride[kOut] == 1; });
  if (u == g.rest.end()) return false;
  g.u = *u;
  g.rest.erase(u);
  return true;
}

bool find_shape(const Problem& p, Shape* shape) {
  return ttm_tensor(p, [&](int s) { return shape_of(p, s, shape); });
}

template <class T>
class TtmRowsPlan final : public KernelPlan {
 public:
  explicit TtmRowsPlan(const Problem& p) : kernels_(&kernel_table().typed<T>()) {
    find_shape(p, &g_);
    w_ = kernel_table().vector_bytes / size();
    depth_ = elements(g_.depth);
    kc_ = even_part(depth_, kTtmMostDepth);
    const int64_t vectors = ceil_div(g_.r.length, w_);
    vectors_ = even_part(vectors, kernels_->gemm_vectors);
    width_ = vectors_ * w_;
    panels_ = ceil_div(g_.r.length, width_);
    const int64_t most = std::max<int64_t>(kStage / (stage_row() * size()), kLine / size());
    block_ = even_part(g_.u.length, most, kLine / size());
    mr_ = even_part(std::min(block_, g_.u.length), kernels_->gemm_rows[vectors_]);
    blocks_ = ceil_div(g_.u.length, block_);
    units_ = elements(g_.rest) * blocks_;
    tasks_ = ceil_div(units_, ceil_div(units_, kUnits));
    flops_ = 2.0 * static_cast<double>(p.outer_elements()) * static_cast<double>(depth_);
  }

  int32_t run(const Call& call) const noexcept override {
    const int threads = useful_threads(call.threads, tasks_, flops_ / speed::kGemmFlops);
    const Workspace factor(shared_bytes(), 1), own(workspace_bytes(), threads);
    if (!factor.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    T* const packed = reinterpret_cast<T*>(factor.of(0));
    pack_factor(reinterpret_cast<const T*>(call.x[g_.f]), packed);
    parallel_tasks(tasks_, threads, [&](int64_t t, int worker) {
      for (int64_t i = units_ * t / tasks_; i < units_ * (t + 1) / tasks_; ++i)
        unit(call, packed, i, i + 1 < units_ * (t + 1) / tasks_, reinterpret_cast<T*>(own.of(worker)));
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "tensor times matrix " + std::to_string(g_.r.length) + "x" + std::to_string(depth_) + ", tile " +
           std::to_string(mr_) + "x" + std::to_string(width_) + "; rows of the tensor, operand " +
           std::to_string(g_.s) + ", read in place, sums of " + std::to_string(block_) + " x " +
           std::to_string(g_.r.length) + " transposed on the way out; " + std::to_string(tasks_) + " tasks";
  }

  int64_t workspace_bytes() const override { return block_ * stage_row() * size(); }
  int64_t shared_bytes() const override { return panels_ * width_ * depth_ * size(); }

 private:
  static constexpr int64_t size() { return static_cast<int64_t>(sizeof(T)); }
  // A line more than the sums: columns of the stage do not share a set of L1.
  int64_t stage_row() const { return panels_ * width_ + kLine / size(); }

  // For each panel and step of depth the panel's rows of F, 0 beyond the last.
  void pack_factor(const T* x, T* to) const {
    for (int64_t j = 0; j < g_.r.length; j += width_)
      for (int64_t p = 0; p < depth_; ++p, to += width_) {
        const T* const from = x + offset_of(g_.depth, g_.f, p);
        for (int64_t l = 0; l < width_; ++l) to[l] = j + l < g_.r.length ? from[(j + l) * g_.r.stride[g_.f]] : T{0};
      }
  }

  const T* tensor_at(const Call& call, int64_t unit) const {
    return reinterpret_cast<const T*>(call.x[g_.s]) + offset_of(g_.rest, g_.s, unit / blocks_) +
           unit % blocks_ * block_ * g_.u.stride[g_.s];
  }

  // A block of u for one place of the other axes. follows: the next unit is this worker's too.
  void unit(const Call& call, const T* packed, int64_t index, bool follows, T* stage) const {
    const int64_t u0 = index % blocks_ * block_, un = std::min(block_, g_.u.length - u0), rs = g_.u.stride[g_.s];
    const T* const s = tensor_at(call, index);
    for (int64_t i = 0; i < un; i += mr_) {
      const T* const next = i + mr_ < un ? s + (i + mr_) * rs : follows ? tensor_at(call, index + 1) : nullptr;
      tiles(s + i * rs, std::min(mr_, un - i), packed, stage + i * stage_row(), next);
    }
    T* const c = reinterpret_cast<T*>(call.c) + offset_of(g_.rest, kOut, index / blocks_) + u0;
    kernels_->transpose_tile(un, g_.r.length, c, g_.r.stride[kOut], stage, stage_row(), factor<T>(call.alpha),
                             factor<T>(call.beta), nullptr, false);
  }

  // Some rows of S times all of F. next: rows whose lines are asked for, or null.
  void tiles(const T* s, int64_t rows, const T* packed, T* stage, const T* next) const {
    const int64_t rs = g_.u.stride[g_.s], line = kLine / size(), apart = rs * size();
    T* c[kGemmMostRows];
    for (int64_t r = 0; r < rows; ++r) c[r] = stage + r * stage_row();
    for (int64_t q = 0; q < panels_; ++q) {
      GemmColumns columns{};
      columns.runs = 1;
      columns.last = static_cast<int32_t>(w_);
      columns.start = q * width_;
      for (int64_t p = 0; p < depth_; p += kc_) {
        const int64_t kk = std::min(kc_, depth_ - p);
        const T* const b = packed + (q * depth_ + p) * width_;
        const int r = static_cast<int>(rows), v = static_cast<int>(vectors_);
        const T beta = p > 0 ? T{1} : T{0};
        if (next != nullptr && q == 0) {
          const GemmAhead ahead{reinterpret_cast<const char*>(next + p), mr_ > line ? line * apart : 0, apart,
                                kLine - line * apart};
          kernels_->gemm_tile_ahead(r, v, kk, s + p, rs, 1, b, width_, c, &columns, T{1}, beta, &ahead);
        } else {
          kernels_->gemm_tile(r, v, kk, s + p, rs, 1, b, width_, c, &columns, T{1}, beta);
        }
      }
    }
  }

  const TypedKernels<T>* kernels_;
  Shape g_;
  int64_t w_, depth_, kc_;
  int64_t vectors_, width_, panels_;  // along r
  int64_t mr_;                        // of u in a tile
  int64_t block_, blocks_;            // of u that wait together
  int64_t units_, tasks_;             // blocks of u at all places of the other axes
  double flops_;
};

}  // namespace

std::unique_ptr<KernelPlan> ttm_rows(const Problem& p, Asked asked) {
  Shape g;
  if (!find_shape(p, &g)) return nullptr;
  const int64_t size = size_of(p.dtype), w = std::max<int64_t>(kernel_table().vector_bytes / size, 1);
  const int64_t depth = elements(g.depth);
  const bool worth = p.shrinks == 0 && elements(g.rest) > 1 && 10 * g.r.length >= 7 * round_up(g.r.length, w) &&
                     g.u.length >= w &&
                     ttm_worth(g.r.length, g.r.length * depth * size, elements(g.rest) * g.u.length * depth * size);
  if (asked == Asked::InTurn && !worth) return nullptr;
  return sum_in_parts(p, make_typed<TtmRowsPlan>);
}

}  // namespace einblas
