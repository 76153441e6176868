// Fuzzer of the C surface: what all its parts share. A case is made from one number, its seed; memory is allocated to
// the byte, so that a sanitizer sees the first one read or written outside.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "einblas.h"
#include "support/dtype.hpp"

namespace einblas_fuzz {

using Lengths = std::vector<int64_t>;

// Numbers drawn from a seed, the same on every machine (std's distributions are not).
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ull + 1) {}
  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  int64_t in(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool one_in(int64_t n) { return below(n) == 0; }
  double unit() { return static_cast<double>(engine_() >> 11) / 4503599627370496.0 - 1; }  // [-1, 1)
  template <class T>
  const T& of(const std::vector<T>& all) {
    return all[static_cast<size_t>(below(static_cast<int64_t>(all.size())))];
  }
  // A length: mostly short, sometimes beyond a few vectors, seldom 0.
  int64_t length(int64_t most) {
    const int64_t kind = below(40);
    if (kind == 0) return 0;
    return in(1, kind < 24 ? std::min<int64_t>(most, 5) : kind < 36 ? std::min<int64_t>(most, 20) : most);
  }
  // alpha or beta.
  double factor() { return std::vector<double>{0, 1, 1, 1, -1, 0.5, -1.5}[static_cast<size_t>(below(7))]; }
  // The same for a type: integers have whole ones, values up to 100, and sums that double holds.
  template <class T>
  double factor_of() {
    return (std::is_integral<T>::value ? 2 : 1) * factor();
  }
  template <class T>
  T value_of() {
    return static_cast<T>(std::is_integral<T>::value ? unit() * 100 : unit());
  }
  int32_t threads() { return static_cast<int32_t>(in(1, 3)); }

 private:
  std::mt19937_64 engine_;
};

// Thrown by a case whose result is wrong.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
template <class... A>
[[noreturn]] void fail(const A&... text) {
  std::ostringstream s;
  (s << ... << text);
  throw Failure(s.str());
}
inline void want_status(int32_t got, int32_t want, const char* what) {
  if (got != want) fail(what, ": status ", got, ", want ", want);
}

// Calls of the library so far, in all.
extern int64_t calls;
inline int32_t counted(int32_t status) {
  ++calls;
  return status;
}

// Elements on the heap, not a byte more behind them; `shift` elements before the first one move it off its alignment.
template <class T>
class Block {
 public:
  explicit Block(int64_t count, int64_t shift = 0) : count_(count), shift_(shift) {
    raw_ = static_cast<T*>(std::malloc(static_cast<size_t>(count + shift) * sizeof(T)));
    if (raw_ == nullptr && count + shift > 0) throw std::bad_alloc();
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { std::free(raw_); }
  T* data() const { return raw_ + shift_; }
  int64_t count() const { return count_; }
  int64_t address() const { return reinterpret_cast<int64_t>(data()); }
  T& operator[](int64_t i) const { return data()[i]; }
  std::vector<T> copy() const { return std::vector<T>(data(), data() + count_); }
  bool same(const std::vector<T>& as) const {
    return count_ == 0 || std::memcmp(data(), as.data(), static_cast<size_t>(count_) * sizeof(T)) == 0;
  }

 private:
  int64_t count_, shift_;
  T* raw_;
};

using einblas_test::dtype;

// How a tensor lies in memory.
struct Layout {
  Lengths lengths, strides;
  int64_t first = 0, count = 0;  // where element [0, 0, ..] lies, elements of the memory
};
// Axes in any order, with gaps, backwards; unique: no two elements share a place, else axes may stand still or overlap.
Layout random_layout(Random& random, const Lengths& lengths, bool unique);
// Sets `first` and `count` from lengths and strides.
void place(Layout& layout);

// Calls f(index) for every index of a tensor of these lengths.
template <class F>
void each_index(const Lengths& lengths, const F& f) {
  int64_t all = 1;
  for (int64_t n : lengths) all *= n;
  std::vector<int64_t> index(lengths.size());
  for (int64_t i = 0; i < all; ++i) {
    int64_t left = i;
    for (size_t a = lengths.size(); a-- > 0;) {
      index[a] = left % lengths[a];
      left /= lengths[a];
    }
    f(index);
  }
}

inline int64_t index_of(const Layout& l, const std::vector<int64_t>& at) {
  int64_t i = l.first;
  for (size_t a = 0; a < at.size(); ++a) i += at[a] * l.strides[a];
  return i;
}

template <class T>
struct Tensor {
  Layout layout;
  Block<T> memory;
  std::vector<T> before;
  Tensor(Random& random, Layout l) : layout(std::move(l)), memory(layout.count, random.below(3)) {
    for (int64_t i = 0; i < memory.count(); ++i) memory[i] = random.value_of<T>();
    keep();
  }
  void keep() { before = memory.copy(); }
  void restore() {
    if (!before.empty()) std::memcpy(memory.data(), before.data(), before.size() * sizeof(T));
  }
  void fill(T value) {
    for (int64_t i = 0; i < memory.count(); ++i) memory[i] = value;
    keep();
  }
  int64_t address() const { return memory.address() + layout.first * static_cast<int64_t>(sizeof(T)); }
  int64_t stride(size_t axis) const { return layout.strides[axis]; }
  int64_t index(std::initializer_list<int64_t> at) const {
    int64_t i = layout.first;
    size_t a = 0;
    for (int64_t p : at) i += p * layout.strides[a++];
    return i;
  }
  double value(std::initializer_list<int64_t> at) const { return static_cast<double>(memory[index(at)]); }
  void unchanged(const char* name) const {
    if (!memory.same(before)) fail(name, " was written");
  }
};

// What an output must hold: a value and the bound of its error for each place of the memory, or nothing where it must
// be as it was.
template <class T>
class Expected {
 public:
  explicit Expected(const Tensor<T>& out)
      : out_(out), want_(out.before.size()), bound_(out.before.size()), written_(out.before.size(), false) {}
  // terms: additions; magnitude: sum of what is added, in absolute values.
  void set(int64_t index, double value, double magnitude, int64_t terms) {
    const size_t i = static_cast<size_t>(index);
    want_[i] = value;
    if constexpr (std::is_integral<T>::value)
      want_[i] = static_cast<double>(static_cast<T>(static_cast<int64_t>(value)));
    bound_[i] = 2 * static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(terms + 4) * magnitude;
    written_[i] = true;
  }
  // alpha * sum + beta * what was there before.
  void set(int64_t index, double alpha, double sum, double magnitude, double beta, int64_t terms) {
    const double old = beta == 0 ? 0 : beta * static_cast<double>(out_.before[static_cast<size_t>(index)]);
    set(index, (alpha == 0 ? 0 : alpha * sum) + old, (alpha == 0 ? 0 : std::fabs(alpha) * magnitude) + std::fabs(old),
        terms);
  }
  void check() const {
    for (size_t i = 0; i < want_.size(); ++i) {
      const T got = out_.memory[static_cast<int64_t>(i)];
      if (!written_[i]) {
        if (std::memcmp(&got, &out_.before[i], sizeof(T)) != 0) fail("place ", i, " outside the result was written");
      } else if (std::isnan(want_[i]) ? !std::isnan(got)
                                      : !(std::fabs(static_cast<double>(got) - want_[i]) <= bound_[i])) {
        fail("place ", i, ": got ", got, ", want ", want_[i], " +- ", bound_[i]);
      }
    }
  }

 private:
  const Tensor<T>& out_;
  std::vector<double> want_, bound_;
  std::vector<bool> written_;
};

// A tunable number at another value while this lives.
class Tuned {
 public:
  explicit Tuned(Random& random);
  ~Tuned();
  Tuned(const Tuned&) = delete;
  Tuned& operator=(const Tuned&) = delete;

 private:
  std::vector<std::pair<int32_t, int64_t>> before_;
};

// Runs `call(threads)` once or twice: with other threads it gives the same bits; with memory for nothing it fails and
// writes nothing. `out` holds the result then.
template <class T>
void run_checked(Random& random, Tensor<T>& out, const std::function<int32_t(int32_t)>& call, const char* what) {
  if (random.one_in(16)) {
    einblas_pool_trim();
    const int64_t limit = einblas_memory_limit();
    einblas_set_memory_limit(einblas_memory_in_use() + random.below(4096));
    const int32_t status = counted(call(random.threads()));
    einblas_set_memory_limit(limit);
    if (status == EINBLAS_OUT_OF_MEMORY) {
      out.unchanged("the output of a call that got no memory");
    } else {
      want_status(status, EINBLAS_OK, what);
    }
    out.restore();
  }
  want_status(counted(call(1)), EINBLAS_OK, what);
  if (random.one_in(2)) return;
  const std::vector<T> alone = out.memory.copy();
  out.restore();
  want_status(counted(call(static_cast<int32_t>(random.in(2, 3)))), EINBLAS_OK, what);
  if (!out.memory.same(alone)) fail(what, ": other bits with more threads");
}

// The parts: each draws a case and runs it.
void fuzz_step(Random& random);
void fuzz_batch(Random& random);
void fuzz_blocks(Random& random);
void fuzz_bsr(Random& random);
void fuzz_csr(Random& random);
void fuzz_kron(Random& random);
void fuzz_lapack(Random& random);
void fuzz_elements(Random& random);
void fuzz_refusals(Random& random);
void fuzz_types(Random& random);
void fuzz_maps(Random& random);
void fuzz_sparse_types(Random& random);
template <class T>
void fuzz_invariant(Random& random);
template <class T>
void fuzz_invariant_blocks(Random& random);

}  // namespace einblas_fuzz
