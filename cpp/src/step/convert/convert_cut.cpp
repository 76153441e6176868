// Conversion: how large pieces are.
//
// What goes through scratch is converted anew for each piece of the axes that it lacks. So products with much reuse are
// cut into large pieces, which lie in L3, and their depth into short ones; all else into pieces that lie in L2, so that
// the way through memory is gone once. Rows of a piece are whole lines, in the operands and in the output.
#include "step/convert/convert_cut.hpp"

#include <algorithm>
#include <cstdlib>

#include "layout/arithmetic.hpp"
#include "runtime/tuning.hpp"

namespace einblas {
namespace {

Tunable side{"CONVERT_SIDE", 1024, 16, 1 << 20, "rows and columns of a piece of a product of converted operands"};
Tunable depth{"CONVERT_DEPTH", 384, 16, 1 << 20, "depth of a piece of a product of converted operands"};
Tunable near_bytes{"CONVERT_NEAR", 256 << 10, 1 << 10, 1 << 26, "bytes of converted pieces that memory bounds, in L2"};
Tunable far_bytes{"CONVERT_FAR", 8 << 20, 1 << 10, 1 << 30, "bytes of converted pieces of products, in L3"};
constexpr int64_t kReuse = 48;         // rows and columns from which on a product is worth large pieces
constexpr int64_t kLanesReuse = 16;    // the same where a batch has the output's unit stride
constexpr int64_t kReuseDepth = 16;    // and depth
constexpr int64_t kFarRow = 128;       // bytes of a large piece's rows in memory: two lines
constexpr int64_t kNearRow = 512;      // and of the others'
constexpr int64_t kMostParts = 2048;   // of a sum, which are added up one after the other
constexpr int64_t kLeastBytes = 4096;  // where memory is short
constexpr int64_t kStep = 16;          // lengths are multiples of it

// Axes that belong together: of the output by which operands have them, and those that are summed.
struct Group {
  std::vector<size_t> axes;  // the fastest first
  int64_t target = 0;
};

class Cut {
 public:
  Cut(const ConvertLayout& l, bool whole_sums, int shrinks)
      : l_(l), whole_sums_(whole_sums), size_(size_of(l.real)), lengths_(l.axes.size(), 1) {
    for (size_t a = l.axes.size(); a-- > 0;) group_of(a).axes.push_back(a);
    for (size_t a = l.outer; a < l.axes.size() && whole_sums; ++a) lengths_[a] = l.axes[a].length;
    const int64_t m = volume_of(kM), n = volume_of(kN), k = volume_of(kK);
    // A batch whose items fit is cut between them, unless it has the output's unit stride.
    const bool lanes = l.outer > 0 && &group_of(l.outer - 1) == &groups_[kBatch];
    const int64_t reuse = lanes ? kLanesReuse : kReuse;
    const bool products =
        l.operands == 2 && m >= reuse && n >= reuse && k >= kReuseDepth && (lanes || item_bytes() > near_bytes);
    budget_ = std::max(shrunk(products ? far_bytes : near_bytes, shrinks, kLeastBytes), kLeastBytes);
    row_ = shrunk(products ? kFarRow : kNearRow, shrinks, kFarRow / 2);
    groups_[kM].target = groups_[kN].target = products ? int64_t{side} : INT64_MAX;
    groups_[kK].target = std::max(products ? int64_t{depth} : INT64_MAX, ceil_div(k, kMostParts));
    groups_[kBatch].target = INT64_MAX;
  }

  std::vector<int64_t> pieces() {
    for (int t : {0, 1, kOut})
      if (t == kOut || (t < l_.operands && l_.tensor(t).moved)) grow_rows(t);
    while (bytes() > budget_ && halve()) {
    }
    for (bool more = true; more;) {
      more = false;
      for (int group : {kM, kN, kK}) more = grow(group) || more;
    }
    while (grow(kBatch)) {
    }
    groups_[kK].target = INT64_MAX;
    while (grow(kK)) {
    }
    for (size_t a = 0; a < lengths_.size(); ++a) {
      const int64_t whole = l_.axes[a].length, step = lengths_[a] > kStep ? kStep : 1;
      if (lengths_[a] < whole) lengths_[a] = std::min(whole, even_part(whole, lengths_[a], step));
    }
    return lengths_;
  }

 private:
  enum { kM, kN, kK, kBatch };

  Group& group_of(size_t a) {
    if (a >= l_.outer) return groups_[kK];
    if (l_.operands < 2 || !l_.has(1, a)) return groups_[kM];
    return groups_[l_.has(0, a) ? kBatch : kN];
  }
  int64_t volume_of(int group) const {
    int64_t v = 1;
    for (size_t a : groups_[group].axes) v *= l_.axes[a].length;
    return v;
  }

  // Of all that lies in scratch, where axis a has length(a).
  template <class F>
  int64_t bytes_of(const F& length) const {
    int64_t all = 0;
    for (int t : {0, 1, kOut}) {
      if (t != kOut && t >= l_.operands) continue;
      const ConvertTensor& x = l_.tensor(t);
      if (!x.moved) continue;
      int64_t n = x.reals() * size_;
      for (size_t a = 0; a < (t == kOut ? l_.outer : lengths_.size()); ++a)
        if (t == kOut || l_.has(t, a)) n *= length(a);
      all += n;
    }
    return all;
  }
  int64_t bytes() const {
    return bytes_of([&](size_t a) { return lengths_[a]; });
  }
  // Of one item of a batch.
  int64_t item_bytes() {
    return bytes_of([&](size_t a) { return &group_of(a) == &groups_[kBatch] ? 1 : l_.axes[a].length; });
  }

  // Rows of so many bytes in a tensor where it lies.
  void grow_rows(int t) {
    std::vector<size_t> near;
    for (size_t a = 0; a < lengths_.size(); ++a)
      if (l_.has(t, a)) near.push_back(a);
    std::stable_sort(near.begin(), near.end(), [&](size_t a, size_t b) {
      return std::abs(l_.axes[a].stride[t]) < std::abs(l_.axes[b].stride[t]);
    });
    const int64_t most = std::max<int64_t>(1, row_ / l_.tensor(t).size);
    int64_t row = 1;
    for (size_t a : near) {
      if (row >= most) return;
      lengths_[a] = std::min(l_.axes[a].length, std::max(lengths_[a], ceil_div(most, row)));
      row *= lengths_[a];
    }
  }

  bool halve() {
    const auto end = whole_sums_ ? lengths_.begin() + static_cast<std::ptrdiff_t>(l_.outer) : lengths_.end();
    const auto longest = std::max_element(lengths_.begin(), end);
    if (longest == end || *longest == 1) return false;
    *longest = ceil_div(*longest, 2);
    return true;
  }

  // Doubles a group if that is wanted and there is room; false where it stays.
  bool grow(int group) {
    Group& g = groups_[group];
    int64_t volume = 1;
    for (size_t a : g.axes) volume *= lengths_[a];
    if (volume >= g.target) return false;
    for (size_t a : g.axes) {
      int64_t& n = lengths_[a];
      if (n == l_.axes[a].length) continue;
      const int64_t before = n, empty = bytes();
      n = std::min(l_.axes[a].length, 2 * n);
      if (bytes() <= budget_ || bytes() == empty) return true;
      n = before;
      return false;
    }
    return false;
  }

  const ConvertLayout& l_;
  const bool whole_sums_;
  const int64_t size_;
  std::vector<int64_t> lengths_;
  Group groups_[4];
  int64_t budget_ = 0, row_ = 0;
};

}  // namespace

std::vector<int64_t> cut_pieces(const ConvertLayout& l, bool whole_sums, int shrinks) {
  return Cut(l, whole_sums, shrinks).pieces();
}

}  // namespace einblas
