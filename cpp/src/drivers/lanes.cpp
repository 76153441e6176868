// Driver: contraction with the batch label at unit stride (`nhd,khd->nkd`): the batch runs through the vector lanes.
//
// C[m, n, b] = alpha * sum_k A[m, k, b] B[n, k, b] + beta * C; b, m, n, k each any number of axes of any strides. For
// one vector of lanes this is a small gemm whose "numbers" are vectors: a tile of 5 x 5 feeds 25 FMAs from 10 loads.
// Both operands are packed slice by slice: at the stride of a whole batch row (often a power of two) the lines of a
// slice would fall into a few sets of L1.
#include <algorithm>

#include "../dispatch.hpp"
#include "../kernel.hpp"
#include "../memory.hpp"
#include "../offsets.hpp"
#include "../threads.hpp"
#include "einblas.h"

namespace einblas {
namespace {

// Depth of a block: panels of 5 rows x 64 vectors of 64 bytes are 20 KB; one of A and one of B share a 48 KB L1.
constexpr int64_t kDepth = 64;
// Rows of packed A: 120 x 64 vectors are 480 KB, half of L2.
constexpr int64_t kRows = 120;
constexpr int64_t kColumns = 240;  // columns of packed B
constexpr int64_t kWantedTasks = 16;

template <class T>
class LanesPlan final : public KernelPlan {
 public:
  explicit LanesPlan(const Problem& p) : batch_(p.batch), m_(p.m), n_(p.n), k_(p.k) {
    kernels_ = &kernel_table().typed<T>();
    width_ = kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
    lanes_ = elements(batch_);
    rows_ = elements(m_);
    columns_ = elements(n_);
    depth_ = elements(k_);
    slices_ = (lanes_ + width_ - 1) / width_;
    kc_ = even(depth_, kDepth);
    // Fewer slices than tasks wanted: cut rows and columns too, in whole panels.
    const int64_t blocks = (kWantedTasks + slices_ - 1) / slices_;
    mc_ = std::min(panel_up(even(rows_, kRows), kernels_->lanes_rows),
                   panel_up((rows_ + blocks - 1) / blocks, kernels_->lanes_rows));
    mc_ = std::max(mc_, std::min<int64_t>(panel_up(rows_, kernels_->lanes_rows), 4 * kernels_->lanes_rows));
    nc_ = panel_up(even(columns_, kColumns), kernels_->lanes_columns);
    row_blocks_ = (rows_ + mc_ - 1) / mc_;
  }

  int32_t run(const Call& call) const noexcept override {
    const int64_t tasks = slices_ * row_blocks_;
    const double flops = 2.0 * static_cast<double>(lanes_) * static_cast<double>(rows_) *
                         static_cast<double>(columns_) * static_cast<double>(depth_);
    const int threads = useful_threads(call.threads, tasks, flops / 50);
    const Workspace workspace(workspace_bytes(), threads);
    if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
    parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
      slice(call, task / row_blocks_, task % row_blocks_ * mc_, scratch(workspace.of(worker)));
    });
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "batch of " + std::to_string(lanes_) + " in the vector lanes, " + std::to_string(rows_) + "x" +
           std::to_string(columns_) + "x" + std::to_string(depth_) + " for each vector, tile " +
           std::to_string(kernels_->lanes_rows) + "x" + std::to_string(kernels_->lanes_columns) + ", blocks " +
           std::to_string(mc_) + "x" + std::to_string(kc_) + ", slices packed because batch rows alias in L1";
  }

  int64_t workspace_bytes() const override {
    return ((mc_ + nc_) * kc_ * width_ + tile_elements()) * static_cast<int64_t>(sizeof(T)) +
           8 * (2 * mc_ + 2 * nc_ + 2 * kc_ + 3 * width_);
  }

 private:
  static int64_t even(int64_t length, int64_t most) {
    const int64_t blocks = (length + most - 1) / most;
    return (length + blocks - 1) / blocks;
  }
  static int64_t panel_up(int64_t v, int64_t panel) { return (v + panel - 1) / panel * panel; }
  int64_t tile_elements() const {
    return static_cast<int64_t>(kernels_->lanes_rows) * kernels_->lanes_columns * width_;
  }

  struct Scratch {
    T *a, *b, *tile;
    int64_t *m_a, *m_c, *n_b, *n_c, *k_a, *k_b, *l_a, *l_b, *l_c;
  };
  Scratch scratch(char* at) const {
    Scratch s;
    s.a = reinterpret_cast<T*>(at);
    s.b = s.a + mc_ * kc_ * width_;
    s.tile = s.b + nc_ * kc_ * width_;
    s.m_a = reinterpret_cast<int64_t*>(s.tile + tile_elements());
    s.m_c = s.m_a + mc_;
    s.n_b = s.m_c + mc_;
    s.n_c = s.n_b + nc_;
    s.k_a = s.n_c + nc_;
    s.k_b = s.k_a + kc_;
    s.l_a = s.k_b + kc_;
    s.l_b = s.l_a + width_;
    s.l_c = s.l_b + width_;
    return s;
  }

  // Rows [i0, i0 + mc) of one vector of lanes, all columns.
  void slice(const Call& call, int64_t index, int64_t i0, const Scratch& s) const {
    const int64_t l0 = index * width_, last = std::min(width_, lanes_ - l0);
    fill_offsets(batch_, 0, l0, last, s.l_a);
    fill_offsets(batch_, 1, l0, last, s.l_b);
    fill_offsets(batch_, kOut, l0, last, s.l_c);
    const int64_t mm = std::min(mc_, rows_ - i0);
    fill_offsets(m_, 0, i0, mm, s.m_a);
    fill_offsets(m_, kOut, i0, mm, s.m_c);
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      const int64_t nn = std::min(nc_, columns_ - j0);
      fill_offsets(n_, 1, j0, nn, s.n_b);
      fill_offsets(n_, kOut, j0, nn, s.n_c);
      for (int64_t p0 = 0; p0 < depth_; p0 += kc_) {
        const int64_t kk = std::min(kc_, depth_ - p0);
        fill_offsets(k_, 0, p0, kk, s.k_a);
        fill_offsets(k_, 1, p0, kk, s.k_b);
        pack(reinterpret_cast<const T*>(call.x[0]), s.a, mm, kernels_->lanes_rows, kk, s.m_a, s.k_a, s.l_a, last);
        pack(reinterpret_cast<const T*>(call.x[1]), s.b, nn, kernels_->lanes_columns, kk, s.n_b, s.k_b, s.l_b, last);
        block(call, s, mm, nn, kk, last, p0 == 0 ? static_cast<T>(call.beta) : T{1});
      }
    }
  }

  void pack(const T* from, T* to, int64_t count, int64_t panel, int64_t kk, const int64_t* i, const int64_t* p,
            const int64_t* l, int64_t last) const {
    const bool together = contiguous(l, last);
    for (int64_t r = 0; r < count; r += panel)
      kernels_->lanes_pack(to + r * kk * width_, static_cast<int>(std::min(panel, count - r)), kk, from, i + r, p, l,
                           static_cast<int>(last), together);
  }

  void block(const Call& call, const Scratch& s, int64_t mm, int64_t nn, int64_t kk, int64_t last, T beta) const {
    const T alpha = static_cast<T>(call.alpha);
    T* c = reinterpret_cast<T*>(call.c);
    const bool direct = contiguous(s.l_c, last);
    for (int64_t j = 0; j < nn; j += kernels_->lanes_columns) {
      const int nr = static_cast<int>(std::min<int64_t>(kernels_->lanes_columns, nn - j));
      for (int64_t i = 0; i < mm; i += kernels_->lanes_rows) {
        const int mr = static_cast<int>(std::min<int64_t>(kernels_->lanes_rows, mm - i));
        const T *a = s.a + i * kk * width_, *b = s.b + j * kk * width_;
        if (direct) {
          kernels_->lanes_tile(mr, nr, kk, a, b, c + s.l_c[0], s.m_c + i, s.n_c + j, static_cast<int>(last), alpha,
                               beta);
        } else {
          scattered(s, mr, nr, kk, a, b, c, s.m_c + i, s.n_c + j, last, alpha, beta);
        }
      }
    }
  }

  void scattered(const Scratch& s, int mr, int nr, int64_t kk, const T* a, const T* b, T* c, const int64_t* m_c,
                 const int64_t* n_c, int64_t last, T alpha, T beta) const {
    int64_t rows[8], columns[8];
    for (int i = 0; i < mr; ++i) rows[i] = i * nr * width_;
    for (int j = 0; j < nr; ++j) columns[j] = j * width_;
    kernels_->lanes_tile(mr, nr, kk, a, b, s.tile, rows, columns, static_cast<int>(width_), alpha, T{0});
    for (int i = 0; i < mr; ++i)
      for (int j = 0; j < nr; ++j)
        for (int64_t l = 0; l < last; ++l) {
          T& at = c[m_c[i] + n_c[j] + s.l_c[l]];
          const T x = s.tile[rows[i] + columns[j] + l];
          at = beta == 0 ? x : x + beta * at;
        }
  }

  const Axes batch_, m_, n_, k_;
  int64_t lanes_, rows_, columns_, depth_, width_, slices_, kc_, mc_, nc_, row_blocks_;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) { return p.operands == 2 && !p.batch.empty(); }

// A batch axis has the output's unit stride, so no gemm could write vectors; and there is reuse over m and n.
bool suits(const Problem& p) {
  return !p.k.empty() && !p.m.empty() && !p.n.empty() &&
         std::any_of(p.batch.begin(), p.batch.end(), [](const Axis& a) { return a.stride[kOut] == 1; });
}

std::unique_ptr<KernelPlan> make(const Problem& p) {
  if (p.dtype == DType::F32) return std::make_unique<LanesPlan<float>>(p);
  return std::make_unique<LanesPlan<double>>(p);
}

}  // namespace

extern const KernelEntry kLanesKernel;
const KernelEntry kLanesKernel = {"lanes", applies, suits, make};

}  // namespace einblas
