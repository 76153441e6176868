// Measuring: the machine's limits, blocks of memory and the timing loop that all benchmarks share.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "einblas.h"
#include "saved.hpp"

namespace einblas_bench {

double now_ns();

// The machine's limits, measured on first use, per thread count.
class Limits {
 public:
  double peak(int dtype, int threads);
  // Seconds that moving so many bytes must take, at the bandwidth of the cache level that holds them.
  double seconds(int64_t read, int64_t written, int threads);
  // Nanoseconds of reading so many bytes.
  double read_ns(double bytes, int threads) { return 1e9 * seconds(static_cast<int64_t>(bytes), 0, threads); }

 private:
  double rate(int what, int64_t bytes, int threads);
  std::map<std::pair<int, int>, double> peaks_;
  std::map<std::pair<int, int64_t>, double> rates_;
};

class Block {
 public:
  explicit Block(int64_t bytes) : bytes_(bytes), address_(einblas_alloc(bytes)) {}
  ~Block() { einblas_free(address_, bytes_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  int64_t address() const { return address_; }

 private:
  int64_t bytes_, address_;
};

// Repeats a call until a sample is long enough, and takes samples.
template <class F>
Figure measure(int samples, const F& once) {
  constexpr double kSample = 5e6;  // ns: long against the clock, short against the scheduler
  once();
  double t = now_ns();
  once();
  const int64_t repeat = std::max<int64_t>(1, static_cast<int64_t>(kSample / std::max(now_ns() - t, 20.0)));
  std::vector<double> nanos;
  const double start = now_ns();
  for (int i = 0; i < samples && (i < 5 || now_ns() - start < 4e9); ++i) {
    t = now_ns();
    for (int64_t r = 0; r < repeat; ++r) once();
    nanos.push_back((now_ns() - t) / static_cast<double>(repeat));
  }
  return figure_of(nanos);
}

// Fastest of each call in turns, ns: in at least so many turns and so many seconds. On a machine that others use too,
// a turn in which nobody else ran is what is waited for.
std::vector<double> fastest(const std::vector<std::function<void()>>& calls, int turns, double seconds);

}  // namespace einblas_bench
