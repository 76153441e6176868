// Test support: the random numbers of one seed, and tensors of them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

namespace einblas_test {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int64_t below(int64_t end) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(end)); }
  int64_t upto(int64_t most) { return 1 + below(most); }
  double real() { return uniform_(engine_); }  // in [-1, 1]
  int64_t bits() { return static_cast<int64_t>((uint64_t{engine_()} << 32) | engine_()); }
  // Reals in [-1, 1]; integers of any value, so that sums and products wrap.
  template <class T>
  void fill(T* first, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>) {
        first[i] = static_cast<T>(bits());
      } else {
        first[i] = static_cast<T>(real());
      }
    }
  }
  template <class T>
  std::vector<T> reals(int64_t count) {
    std::vector<T> all(static_cast<size_t>(count));
    fill(all.data(), count);
    return all;
  }
  std::mt19937& engine() { return engine_; }  // for other distributions

 private:
  std::mt19937 engine_;
  std::uniform_real_distribution<double> uniform_{-1, 1};
};

}  // namespace einblas_test
