// Driver: any binary contraction as a packed gemm that reads and writes tensors where they lie.
//
// C[b, m, n] = alpha * sum_k A[b, m, k] B[b, n, k] + beta * C; b, m, n, k each any number of axes of any strides.
// Panels are packed straight from the strided tensors by offsets, so no operand is transposed or copied as a whole.
// Loop order of BLIS: columns nc, depth kc (B packed for all workers), tasks of mc rows (A packed by each), then tiles.
#include <algorithm>
#include <cmath>

#include "../dispatch.hpp"
#include "../kernel.hpp"
#include "../memory.hpp"
#include "../offsets.hpp"
#include "../threads.hpp"
#include "einblas.h"

namespace einblas {
namespace {

// Depth of a block: a B panel of 2 vectors (128 bytes) x 256 is 32 KB and stays in L1 while A panels pass.
constexpr int64_t kDepth = 256;
// Rows of a block of A: 240 x 256 floats are 240 KB (doubles 480 KB), half of a 512 KB..1 MB L2. A multiple of 12.
constexpr int64_t kRows = 240;
// Columns of packed B: 256 x 4096 floats are 4 MB of L3 at most.
constexpr int64_t kColumns = 4096;
// A batch item below so much work is one task: it would not be worth waking a thread for parts of it.
constexpr double kItemFlops = 16e6;

int64_t round_up(int64_t v, int64_t step) { return (v + step - 1) / step * step; }

template <class T>
class GemmPlan final : public KernelPlan {
 public:
  explicit GemmPlan(const Problem& p) : batch_(p.batch), m_(p.m), n_(p.n), k_(p.k) {
    // Vectors run along n: make it the group that has the output's unit stride, else B's.
    if (!has_unit(n_, kOut) && (has_unit(m_, kOut) || (!has_unit(n_, 1) && has_unit(m_, 0)))) {
      std::swap(m_, n_);
      a_ = 1;
      b_ = 0;
    }
    unit_last(n_, has_unit(n_, kOut) ? kOut : b_);
    unit_last(k_, a_);
    unit_last(m_, a_);
    items_ = elements(batch_);
    rows_ = elements(m_);
    columns_ = elements(n_);
    depth_ = elements(k_);
    kernels_ = &kernel_table().typed<T>();
    width_ = 2 * kernel_table().vector_bytes / static_cast<int64_t>(sizeof(T));
    kc_ = even(depth_, kDepth);
    nc_ = std::min(round_up(columns_, width_), kColumns / width_ * width_);
    mc_ = even(rows_, kRows);
    // Panels of equal height: 64 rows are 6 panels of 11 and less, not 5 of 12 and one of 4.
    panels_ = (mc_ + kernels_->gemm_rows - 1) / kernels_->gemm_rows;
    flops_ = 2.0 * static_cast<double>(rows_) * static_cast<double>(columns_) * static_cast<double>(depth_);
    by_item_ = items_ > 1 && (flops_ < kItemFlops || items_ >= 64);
  }

  int32_t run(const Call& call) const noexcept override {
    const double nanos = static_cast<double>(items_) * flops_ / 60;
    const int64_t row_blocks = (rows_ + mc_ - 1) / mc_;
    const int64_t tasks = by_item_ ? items_ : row_blocks * column_chunks();
    const int threads = useful_threads(call.threads, tasks, nanos);
    const Workspace shared(by_item_ ? 0 : b_bytes(), 1);
    const Workspace own(worker_bytes() + (by_item_ ? b_bytes() : 0), threads);
    if (!shared.ok() || !own.ok()) return EINBLAS_OUT_OF_MEMORY;
    if (by_item_) {
      parallel_tasks(items_, threads, [&](int64_t item, int worker) {
        char* scratch = own.of(worker);
        whole_item(call, item, scratch, reinterpret_cast<T*>(scratch + worker_bytes()));
      });
      return EINBLAS_OK;
    }
    for (int64_t item = 0; item < items_; ++item)
      parallel_item(call, item, threads, own, reinterpret_cast<T*>(shared.of(0)));
    return EINBLAS_OK;
  }

  std::string describe() const override {
    return "packed gemm " + std::to_string(rows_) + "x" + std::to_string(columns_) + "x" + std::to_string(depth_) +
           (items_ > 1 ? " times " + std::to_string(items_) : "") + ", tile " + std::to_string(kernels_->gemm_rows) +
           "x" + std::to_string(width_) + ", blocks " + std::to_string(mc_) + "x" + std::to_string(kc_) +
           "; both operands packed panel by panel from where they lie" +
           (has_unit(n_, kOut) ? "" : ", tiles scattered: the output has no unit stride along m or n") + "; m " +
           describe_axes(m_, 2) + " n " + describe_axes(n_, 2) + " k " + describe_axes(k_, 2);
  }

  int64_t workspace_bytes() const override { return worker_bytes() + b_bytes(); }

 private:
  static bool has_unit(const Axes& axes, int t) {
    return std::any_of(axes.begin(), axes.end(), [t](const Axis& a) { return a.stride[t] == 1; });
  }

  // Moves the axis with unit stride in tensor t to the end, so that runs along it are contiguous.
  static void unit_last(Axes& axes, int t) {
    for (size_t i = 0; i + 1 < axes.size(); ++i) {
      if (axes[i].stride[t] != 1) continue;
      std::rotate(axes.begin() + static_cast<std::ptrdiff_t>(i), axes.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                  axes.end());
      return;
    }
  }

  // Block length near `most` that cuts `length` evenly.
  static int64_t even(int64_t length, int64_t most) {
    const int64_t blocks = (length + most - 1) / most;
    return (length + blocks - 1) / blocks;
  }

  // Where few row blocks leave threads idle, columns are cut too; each chunk then packs its A again.
  int64_t column_chunks() const {
    const int64_t row_blocks = (rows_ + mc_ - 1) / mc_;
    const int64_t wanted = (8 + row_blocks - 1) / row_blocks;
    const int64_t most = std::max<int64_t>(1, std::min(columns_, nc_) / (4 * width_));
    return std::min(wanted, most);
  }

  int64_t b_bytes() const { return kc_ * std::min(nc_, round_up(columns_, width_)) * static_cast<int64_t>(sizeof(T)); }
  int64_t a_elements() const { return panels_ * kernels_->gemm_rows * kc_; }
  // Packed A, a tile, and the offsets of one block: m in A and C, k in A and B, n in B and C.
  int64_t worker_bytes() const {
    return round_up((a_elements() + kernels_->gemm_rows * width_) * static_cast<int64_t>(sizeof(T)), 64) +
           8 * (2 * mc_ + 2 * kc_ + 2 * nc_ + width_);
  }

  struct Scratch {
    T *a, *tile;
    int64_t *m_a, *m_c, *k_a, *k_b, *n_b, *n_c;
  };
  Scratch scratch(char* at) const {
    Scratch s;
    s.a = reinterpret_cast<T*>(at);
    s.tile = s.a + a_elements();
    s.m_a = reinterpret_cast<int64_t*>(
        at + round_up((a_elements() + kernels_->gemm_rows * width_) * static_cast<int64_t>(sizeof(T)), 64));
    s.m_c = s.m_a + mc_;
    s.k_a = s.m_c + mc_;
    s.k_b = s.k_a + kc_;
    s.n_b = s.k_b + kc_;
    s.n_c = s.n_b + nc_;
    return s;
  }

  struct Item {
    const T *a, *b;
    T* c;
  };
  Item item_at(const Call& call, int64_t item) const {
    return {reinterpret_cast<const T*>(call.x[a_]) + offset_of(batch_, a_, item),
            reinterpret_cast<const T*>(call.x[b_]) + offset_of(batch_, b_, item),
            reinterpret_cast<T*>(call.c) + offset_of(batch_, kOut, item)};
  }

  void whole_item(const Call& call, int64_t item, char* at, T* packed_b) const {
    const Item x = item_at(call, item);
    const Scratch s = scratch(at);
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      const int64_t nn = std::min(nc_, columns_ - j0);
      for (int64_t p0 = 0; p0 < depth_; p0 += kc_) {
        const int64_t kk = std::min(kc_, depth_ - p0);
        pack_b(x, s, j0, 0, nn, p0, kk, packed_b);
        for (int64_t i0 = 0; i0 < rows_; i0 += mc_) block(call, x, s, i0, j0, 0, nn, p0, kk, packed_b);
      }
    }
  }

  void parallel_item(const Call& call, int64_t item, int threads, const Workspace& own, T* packed_b) const {
    const Item x = item_at(call, item);
    const int64_t row_blocks = (rows_ + mc_ - 1) / mc_, chunks = column_chunks();
    for (int64_t j0 = 0; j0 < columns_; j0 += nc_) {
      const int64_t nn = std::min(nc_, columns_ - j0);
      const int64_t chunk = round_up((nn + chunks - 1) / chunks, width_);
      const int64_t pack_chunk = 8 * width_, packs = (nn + pack_chunk - 1) / pack_chunk;
      for (int64_t p0 = 0; p0 < depth_; p0 += kc_) {
        const int64_t kk = std::min(kc_, depth_ - p0);
        parallel_tasks(packs, threads, [&](int64_t t, int worker) {
          const int64_t from = t * pack_chunk;
          pack_b(x, scratch(own.of(worker)), j0, from, std::min(pack_chunk, nn - from), p0, kk, packed_b);
        });
        parallel_tasks(row_blocks * chunks, threads, [&](int64_t t, int worker) {
          const int64_t from = t % chunks * chunk;
          if (from < nn)
            block(call, x, scratch(own.of(worker)), t / chunks * mc_, j0, from, std::min(chunk, nn - from), p0, kk,
                  packed_b);
        });
      }
    }
  }

  // Packs columns [j0 + from, + count) of B, depth [p0, p0 + kk), into their panels. from is a multiple of the width.
  void pack_b(const Item& x, const Scratch& s, int64_t j0, int64_t from, int64_t count, int64_t p0, int64_t kk,
              T* packed) const {
    fill_offsets(k_, b_, p0, kk, s.k_b);
    const bool deep = contiguous(s.k_b, kk);
    for (int64_t j = from; j < from + count; j += width_) {
      const int64_t n = std::min(width_, from + count - j);
      fill_offsets(n_, b_, j0 + j, n, s.n_b);
      kernels_->pack_panel(packed + j * kk, static_cast<int>(width_), static_cast<int>(n), kk, x.b, s.n_b, s.k_b,
                           contiguous(s.n_b, n), deep);
    }
  }

  // One block of C: rows [i0, + mc), columns [j0 + from, + count).
  void block(const Call& call, const Item& x, const Scratch& s, int64_t i0, int64_t j0, int64_t from, int64_t count,
             int64_t p0, int64_t kk, const T* packed_b) const {
    const int64_t mm = std::min(mc_, rows_ - i0);
    fill_offsets(m_, a_, i0, mm, s.m_a);
    fill_offsets(m_, kOut, i0, mm, s.m_c);
    fill_offsets(k_, a_, p0, kk, s.k_a);
    fill_offsets(n_, kOut, j0 + from, count, s.n_c);
    const bool deep = contiguous(s.k_a, kk);
    const int64_t panels = (mm + kernels_->gemm_rows - 1) / kernels_->gemm_rows;
    int64_t done = 0;
    for (int64_t q = 0; q < panels; ++q) {
      const int64_t r = (mm - done + panels - q - 1) / (panels - q);
      kernels_->pack_panel(s.a + done * kk, static_cast<int>(r), static_cast<int>(r), kk, x.a, s.m_a + done, s.k_a,
                           contiguous(s.m_a + done, r), deep);
      done += r;
    }
    const T alpha = static_cast<T>(call.alpha), beta = p0 == 0 ? static_cast<T>(call.beta) : T{1};
    for (int64_t j = 0; j < count; j += width_) {
      const int64_t n = std::min(width_, count - j);
      const bool direct = contiguous(s.n_c + j, n);
      const T* b = packed_b + (from + j) * kk;
      done = 0;
      for (int64_t q = 0; q < panels; ++q) {
        const int64_t r = (mm - done + panels - q - 1) / (panels - q);
        if (direct) {
          tile(r, n, kk, s.a + done * kk, b, x.c + s.n_c[j], s.m_c + done, alpha, beta);
        } else {
          scattered(s, r, n, kk, s.a + done * kk, b, x.c, s.m_c + done, s.n_c + j, alpha, beta);
        }
        done += r;
      }
    }
  }

  void tile(int64_t r, int64_t n, int64_t kk, const T* a, const T* b, T* c, const int64_t* m_c, T alpha, T beta) const {
    T* rows[12];
    for (int64_t i = 0; i < r; ++i) rows[i] = c + m_c[i];
    const int64_t w = width_ / 2;
    const int vectors = n > w ? 2 : 1;
    kernels_->gemm_packed(static_cast<int>(r), vectors, kk, a, b, width_, rows, static_cast<int>(n - (vectors - 1) * w),
                          alpha, beta);
  }

  void scattered(const Scratch& s, int64_t r, int64_t n, int64_t kk, const T* a, const T* b, T* c, const int64_t* m_c,
                 const int64_t* n_c, T alpha, T beta) const {
    int64_t local[12];
    for (int64_t i = 0; i < r; ++i) local[i] = i * width_;
    tile(r, n, kk, a, b, s.tile, local, alpha, T{0});
    for (int64_t i = 0; i < r; ++i)
      for (int64_t j = 0; j < n; ++j) {
        T& at = c[m_c[i] + n_c[j]];
        at = beta == 0 ? s.tile[i * width_ + j] : s.tile[i * width_ + j] + beta * at;
      }
  }

  Axes batch_, m_, n_, k_;
  int a_ = 0, b_ = 1;
  int64_t items_, rows_, columns_, depth_, width_, kc_, nc_, mc_, panels_;
  double flops_;
  bool by_item_;
  const TypedKernels<T>* kernels_;
};

bool applies(const Problem& p) { return p.operands == 2; }

bool suits(const Problem& p) { return !p.k.empty() && !p.m.empty() && !p.n.empty(); }

std::unique_ptr<KernelPlan> make(const Problem& p) {
  if (p.dtype == DType::F32) return std::make_unique<GemmPlan<float>>(p);
  return std::make_unique<GemmPlan<double>>(p);
}

}  // namespace

extern const KernelEntry kGemmKernel;
const KernelEntry kGemmKernel = {"gemm", applies, suits, make};

}  // namespace einblas
