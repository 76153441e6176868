// Kronecker driver, second stage: factors laid out as the kernels read them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "kron/kron_layout.hpp"
#include "kron/kron_steps.hpp"
#include "layout/arithmetic.hpp"

namespace einblas {

// How a factor is packed, and where in the workspace.
struct KronPack {
  int fused;
  KronKind kind;
  int64_t line;  // of KronKind::Short
  int64_t at;    // elements
};

// All that a plan packs: each fused factor once for each form in which a step reads it.
template <class T>
class KronPacks {
 public:
  KronPacks(std::vector<KronFused> fused, std::vector<KronAxis> axes, const TypedKernels<T>& kernels, int64_t lanes)
      : fused_(std::move(fused)), axes_(std::move(axes)), kernels_(kernels), w_(lanes) {}

  // The position of what is packed so; line: of KronKind::Short.
  int add(int fused, KronKind kind, int64_t line) {
    if (kind != KronKind::Short) line = 1;
    for (size_t i = 0; i < packs_.size(); ++i)
      if (packs_[i].fused == fused && packs_[i].kind == kind && packs_[i].line == line) return static_cast<int>(i);
    packs_.push_back({fused, kind, line, elements_});
    const KronAxis& a = fused_[static_cast<size_t>(fused)].axis;
    const int64_t columns = block(kind, a.q);
    elements_ += round_up(a.k * (kind == KronKind::Short ? a.q * line : round_up(a.q, columns)), 16);
    return static_cast<int>(packs_.size()) - 1;
  }

  const KronPack& operator[](int pack) const { return packs_[static_cast<size_t>(pack)]; }

  int64_t elements() const { return elements_; }

  // Vectors in a panel of KronKind::Rows.
  int32_t row_vectors(int64_t q) const {
    const int64_t vectors = ceil_div(q, w_);
    const auto most = static_cast<int32_t>(std::min<int64_t>(kernels_.gemm_vectors, vectors));
    return most == 3 && vectors % 3 != 0 && vectors < 24 ? 2 : most;
  }

  // addresses: of the factors, as the plan was given them.
  void write(const int64_t* addresses, T* to) const {
    for (const KronPack& p : packs_) {
      if (p.kind == KronKind::Short) {
        write_short(p, addresses, to + p.at);
      } else if (p.kind == KronKind::Tiny) {
        write_tiny(p, addresses, to + p.at);
      } else {
        write_panels(p, addresses, to + p.at);
      }
    }
  }

 private:
  int64_t block(KronKind kind, int64_t q) const {
    return kind == KronKind::Lines ? kernels_.kron_block : kind == KronKind::Rows ? row_vectors(q) * w_ : w_;
  }

  // Element (i, j) of a fused factor: the product of its parts' elements.
  T element(const KronFused& f, const int64_t* addresses, int64_t i, int64_t j) const {
    if (f.count == 1) {  // without divisions, which take longer than a small product
      const KronAxis& a = axes_[static_cast<size_t>(f.first)];
      return reinterpret_cast<const T*>(addresses[f.first])[i * a.fk + j * a.fq];
    }
    T value = 1;
    for (int part = f.first + f.count; part-- > f.first;) {
      const KronAxis& a = axes_[static_cast<size_t>(part)];
      value *= reinterpret_cast<const T*>(addresses[part])[i % a.k * a.fk + j % a.q * a.fq];
      i /= a.k;
      j /= a.q;
    }
    return value;
  }

  // Each element once for every lane of its line.
  void write_short(const KronPack& p, const int64_t* addresses, T* to) const {
    switch (p.line) {  // lines are as long as kron_log2 knows: lengths known to the compiler
      case 2:
        return repeated<2>(fused_[static_cast<size_t>(p.fused)], addresses, to);
      case 4:
        return repeated<4>(fused_[static_cast<size_t>(p.fused)], addresses, to);
      default:
        return repeated<8>(fused_[static_cast<size_t>(p.fused)], addresses, to);
    }
  }

  template <int kLine>
  void repeated(const KronFused& f, const int64_t* addresses, T* to) const {
    for (int64_t i = 0; i < f.axis.k; ++i)
      for (int64_t j = 0; j < f.axis.q; ++j, to += kLine) std::fill_n(to, kLine, element(f, addresses, i, j));
  }

  // Each row over and over, until it fills a vector.
  void write_tiny(const KronPack& p, const int64_t* addresses, T* to) const {
    const KronFused& f = fused_[static_cast<size_t>(p.fused)];
    for (int64_t i = 0; i < f.axis.k; ++i, to += w_) {
      for (int64_t j = 0; j < f.axis.q; ++j) {
        const T value = element(f, addresses, i, j);
        for (int64_t l = j; l < w_; l += f.axis.q) to[l] = value;
      }
    }
  }

  // Columns in panels, zeros behind the last.
  void write_panels(const KronPack& p, const int64_t* addresses, T* to) const {
    const KronFused& f = fused_[static_cast<size_t>(p.fused)];
    const int64_t k = f.axis.k, q = f.axis.q, columns = block(p.kind, q);
    for (int64_t j0 = 0; j0 < q; j0 += columns, to += columns * k) {
      const int64_t n = std::min(columns, q - j0);
      if (f.count == 1) {
        const KronAxis& a = axes_[static_cast<size_t>(f.first)];
        write_panel(reinterpret_cast<const T*>(addresses[f.first]) + j0 * a.fq, a, k, n, columns, to);
      } else {
        for (int64_t i = 0; i < k; ++i)
          for (int64_t j = 0; j < columns; ++j) to[i * columns + j] = j < n ? element(f, addresses, i, j0 + j) : T{0};
      }
    }
  }

  static void write_panel(const T* from, const KronAxis& a, int64_t k, int64_t n, int64_t columns, T* to) {
    if (n < columns) std::fill_n(to, k * columns, T{0});
    if (a.fq == 1) {
      for (int64_t i = 0; i < k; ++i) std::copy_n(from + i * a.fk, n, to + i * columns);
      return;
    }
    for (int64_t j = 0; j < n; ++j)
      for (int64_t i = 0; i < k; ++i) to[i * columns + j] = from[i * a.fk + j * a.fq];
  }

  std::vector<KronFused> fused_;
  std::vector<KronAxis> axes_;
  const TypedKernels<T>& kernels_;
  int64_t w_, elements_ = 0;
  std::vector<KronPack> packs_;
};

}  // namespace einblas
