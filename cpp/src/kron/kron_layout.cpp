// Kronecker driver, first stage: fusion, order and passes.
//
// A pass applies some neighbouring factors to a block of the tensor that stays in cache. Where all of them fit there is
// one pass, in the order of least work; else factors go from the last to the first (or the first to the last), as many
// to a pass as fit, and the tensor is written between passes.
#include "kron/kron_layout.hpp"

#include <algorithm>
#include <numeric>

#include "layout/arithmetic.hpp"
#include "runtime/tuning.hpp"

namespace einblas {
namespace {

// Both buffers of a block: half of a 1 MB L2. One thread, F32: 16^4 on 256 rows 17.5 ms (128 KB: 26.8), 32^3 10.0
// (12.2), 8^6 5.7 (7.5); 8^3, which fits either, 0.19 both.
Tunable block_bytes{"KRON_BLOCK", 512 << 10, 4 << 10, 1 << 26, "bytes of a Kronecker product's block, in L2"};
// CPU time on one thread of a loaded machine, 16 rows, passes over all of the tensor and over slices: 8^6 F32 5.6 and
// 3.7 ms, F64 12.3 and 8.7; 64^3 F32 10.2 and 8.4, F64 21.0 and 17.3; 32^4, whose rows are 4 and 8 MB, the same.
Tunable slice_bytes{"KRON_SLICE", 8 << 20, 4 << 10, int64_t{1} << 40,
                    "bytes of a slice of a Kronecker product that passes go over one after the other, in L3"};
// A block that would be cut into lines of fewer vectors than this spends its time between lines.
constexpr int64_t kVectors = 4;
// Factors that make a step of less arithmetic than loads and stores are fused with a neighbour up to this length.
constexpr int64_t kFuse = 8;
// Blocks that a product of this many floating-point operations is cut into at least, for balance (some 5 us).
constexpr int64_t kBlocks = 8;
constexpr double kWorthThreads = 1e6;

std::vector<KronFused> fuse(const std::vector<KronAxis>& axes) {
  std::vector<KronFused> fused;
  for (int i = 0; i < static_cast<int>(axes.size()); ++i) {
    const KronAxis& a = axes[static_cast<size_t>(i)];
    if (!fused.empty()) {
      KronFused& last = fused.back();
      if (last.axis.k * a.k <= kFuse && last.axis.q * a.q <= kFuse && last.axis.x == a.k * a.x &&
          last.axis.c == a.q * a.c) {
        last.count += 1;
        last.axis.k *= a.k;
        last.axis.q *= a.q;
        last.axis.x = a.x;
        last.axis.c = a.c;
        continue;
      }
    }
    fused.push_back({i, 1, a});
  }
  return fused;
}

// Folds neighbouring loops that both tensors walk as one.
std::vector<KronLoop> folded(const std::vector<KronLoop>& loops) {
  std::vector<KronLoop> result;
  for (const KronLoop& l : loops) {
    if (l.length == 1) continue;
    if (!result.empty() && result.back().x == l.length * l.x && result.back().c == l.length * l.c) {
      result.back() = {result.back().length * l.length, l.x, l.c};
    } else {
      result.push_back(l);
    }
  }
  return result;
}

class Maker {
 public:
  Maker(std::vector<KronOuter> outer, const std::vector<KronAxis>& axes, int64_t lanes, int64_t size, KronLayout* out)
      : outer_(std::move(outer)), lanes_(lanes), size_(size), budget_(block_bytes / size / 2), out_(out) {
    out_->fused = fuse(axes);
    for (const KronFused& f : out_->fused) current_.push_back(f.axis.k);
  }

  bool make() {
    if (!find_line()) return false;
    std::vector<int> best = cheapest();
    out_->flops = 2 * cost(best) * static_cast<double>(elements_outside());
    const int n = static_cast<int>(best.size());
    const bool one_block = elements_outside() < kBlocks && out_->flops > kWorthThreads && n > 1;
    if (!one_block && most_elements(best, 0, n) * std::min(line_, 2 * lanes_) <= budget_) {
      add_pass(best, true, true);
    } else {
      std::vector<int> down(best.size());
      std::iota(down.rbegin(), down.rend(), 0);
      std::vector<int> up(down.rbegin(), down.rend());
      slice(most_elements(best, 0, n));
      split(cost(down) <= cost(up) ? down : up);
    }
    return true;
  }

 private:
  // Passes over a slice that stays in L3, one after the other, instead of over all of the tensor.
  void slice(int64_t elements) {
    if (elements * line_ * size_ > slice_bytes) return;
    for (const KronOuter& o : outer_) out_->slices.push_back({o.length, o.x, o.c});
    outer_.clear();
  }

  // The axis behind the factors at unit stride: an outer one, or none where the last factor's has it.
  bool find_line() {
    const auto end = std::remove_if(outer_.begin(), outer_.end(), [](const KronOuter& o) { return o.length == 1; });
    outer_.erase(end, outer_.end());
    for (size_t i = 0; i < outer_.size(); ++i) {
      if (outer_[i].x != 1 || outer_[i].c != 1) continue;
      line_ = outer_[i].length;
      outer_.erase(outer_.begin() + static_cast<int64_t>(i));
      return true;
    }
    const KronAxis& last = out_->fused.back().axis;
    return (last.x == 1 || last.k == 1) && (last.c == 1 || last.q == 1);
  }

  int64_t elements_outside() const {
    int64_t n = line_;
    for (const KronOuter& o : outer_) n *= o.length;
    return n;
  }

  // Multiplications per element outside the factors' axes.
  double cost(const std::vector<int>& order) const {
    std::vector<int64_t> lengths = current_;
    double sum = 0;
    for (int f : order) {
      double work = static_cast<double>(out_->fused[static_cast<size_t>(f)].axis.q);
      for (int64_t l : lengths) work *= static_cast<double>(l);
      lengths[static_cast<size_t>(f)] = out_->fused[static_cast<size_t>(f)].axis.q;
      sum += work;
    }
    return sum;
  }

  // Equal ones go from the last to the first.
  std::vector<int> cheapest() const {
    std::vector<int> order(out_->fused.size());
    std::iota(order.rbegin(), order.rend(), 0);
    const auto weight = [this](int f) {
      const KronAxis& a = out_->fused[static_cast<size_t>(f)].axis;
      return kron_weight(static_cast<double>(a.k), static_cast<double>(a.q), static_cast<double>(a.q));
    };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return weight(a) < weight(b) - 1e-12; });
    return order;
  }

  // Most elements, over the axes of factors order[from..to), before, between and after their steps.
  int64_t most_elements(const std::vector<int>& order, int from, int to) const {
    int64_t now = 1;
    for (int i = from; i < to; ++i) now *= out_->fused[static_cast<size_t>(order[static_cast<size_t>(i)])].axis.k;
    int64_t most = now;
    for (int i = from; i < to; ++i) {
      const KronAxis& a = out_->fused[static_cast<size_t>(order[static_cast<size_t>(i)])].axis;
      now = now / a.k * a.q;
      most = std::max(most, now);
    }
    return most;
  }

  void split(const std::vector<int>& order) {
    const int n = static_cast<int>(order.size());
    int from = 0;
    while (from < n) {
      int to = from + 1;
      // The line behind the pass's axes is long once there is an axis behind them.
      while (to < n && most_elements(order, from, to + 1) * kVectors * lanes_ <= budget_) ++to;
      add_pass(std::vector<int>(order.begin() + from, order.begin() + to), from == 0, to == n);
      from = to;
    }
  }

  // Strides of every axis of a contiguous tensor of the current lengths: outer, factors, line.
  void contiguous(std::vector<int64_t>* outer, std::vector<int64_t>* axes) const {
    int64_t stride = line_;
    axes->resize(current_.size());
    for (size_t i = current_.size(); i-- > 0;) {
      (*axes)[i] = stride;
      stride *= current_[i];
    }
    outer->resize(outer_.size());
    for (size_t i = outer_.size(); i-- > 0;) {
      (*outer)[i] = stride;
      stride *= outer_[i].length;
    }
  }

  void add_pass(std::vector<int> order, bool first, bool last) {
    std::vector<int64_t> outer_x, outer_c, axes_x, axes_c;
    contiguous(&outer_x, &axes_x);
    for (int f : order) current_[static_cast<size_t>(f)] = out_->fused[static_cast<size_t>(f)].axis.q;
    contiguous(&outer_c, &axes_c);
    for (size_t i = 0; i < outer_.size(); ++i) {
      if (first) outer_x[i] = outer_[i].x;
      if (last) outer_c[i] = outer_[i].c;
    }
    for (size_t i = 0; i < current_.size(); ++i) {
      if (first) axes_x[i] = out_->fused[i].axis.x;
      if (last) axes_c[i] = out_->fused[i].axis.c;
    }
    KronPass pass;
    const int lowest = *std::min_element(order.begin(), order.end());
    const int highest = *std::max_element(order.begin(), order.end());
    std::vector<KronLoop> loops, behind;
    for (size_t i = 0; i < outer_.size(); ++i) loops.push_back({outer_[i].length, outer_x[i], outer_c[i]});
    for (int i = 0; i < static_cast<int>(current_.size()); ++i) {
      const size_t s = static_cast<size_t>(i);
      if (i < lowest) {
        loops.push_back({current_[s], axes_x[s], axes_c[s]});
      } else if (i > highest) {
        behind.push_back({current_[s], axes_x[s], axes_c[s]});
      } else {
        const KronAxis& a = out_->fused[s].axis;
        pass.axes.push_back({a.k, a.q, axes_x[s], axes_c[s], a.fk, a.fq});
        pass.fused.push_back(i);
      }
    }
    for (int f : order) pass.factors.push_back(f - lowest);
    pass.line = line_;
    behind = folded(behind);
    while (!behind.empty() && behind.back().x == pass.line && behind.back().c == pass.line) {
      pass.line *= behind.back().length;
      behind.pop_back();
    }
    loops = folded(loops);
    loops.insert(loops.begin(), behind.begin(), behind.end());  // walked, not blocked
    pass.loops = loops;
    cut(&pass, most_of(pass));
    out_->passes.push_back(pass);
    if (!last) {
      int64_t all = elements_outside();
      for (int64_t l : current_) all *= l;
      out_->between.push_back(all);
    }
  }

  static int64_t most_of(const KronPass& pass) {
    int64_t now = 1;
    for (const KronAxis& a : pass.axes) now *= a.k;
    int64_t most = now;
    for (int f : pass.factors) {
      const KronAxis& a = pass.axes[static_cast<size_t>(f)];
      now = now / a.k * a.q;
      most = std::max(most, now);
    }
    return most;
  }

  static int64_t whole_steps(int64_t length, int64_t most, int64_t step) {
    return std::min(length, even_part(length, most / step * step, step));
  }

  // Blocks that fit the budget; lines in whole vectors; and not fewer than some tasks, whatever the threads.
  void cut(KronPass* pass, int64_t elements) const {
    int64_t fits = std::max<int64_t>(1, budget_ / elements);
    int64_t all = pass->line;
    for (const KronLoop& l : pass->loops) all *= l.length;
    if (out_->flops > kWorthThreads) fits = std::max<int64_t>(1, std::min(fits, all / kBlocks));
    pass->columns = pass->line == 1 ? 1 : whole_steps(pass->line, fits, lanes_);
    if (pass->loops.empty()) return;
    const int64_t rows = pass->loops.back().length;
    pass->rows = whole_steps(rows, std::max<int64_t>(1, fits / pass->columns), 1);
  }

  std::vector<KronOuter> outer_;
  int64_t lanes_, size_, budget_;
  KronLayout* out_;
  std::vector<int64_t> current_;
  int64_t line_ = 1;
};

}  // namespace

bool kron_layout(std::vector<KronOuter> outer, const std::vector<KronAxis>& axes, int64_t lanes, int64_t size,
                 KronLayout* layout) {
  return Maker(std::move(outer), axes, lanes, size, layout).make();
}

}  // namespace einblas
