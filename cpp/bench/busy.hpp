// Bench: calls on a machine that others use too.
#pragma once
#include <functional>
#include <string>
#include <vector>

namespace einblas_bench {

// So many processes that compute without a pause, until the destructor ends them.
class Neighbours {
 public:
  explicit Neighbours(int count);
  ~Neighbours();
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

 private:
  std::vector<int> children_;
};

// One way of running a call, and what single calls took, in nanoseconds, sorted.
struct BusyTimes {
  std::string name;
  std::vector<double> nanos;
};

// Times single calls of once(threads): on one thread, and on all by each back end that there is, in turns of some
// milliseconds, so that all see the same neighbours. Each way is given so many seconds.
std::vector<BusyTimes> time_in_turns(double seconds, const std::function<void(int threads)>& once);

// Prints a line for each case, and counts those that are slower than they need be (docs/busy.md).
class BusyReport {
 public:
  void header() const;
  void add(const std::string& name, const char* type, int neighbours, const std::vector<BusyTimes>& times);
  void footer() const;

 private:
  int cases_ = 0, slow_ = 0, late_ = 0, one_late_ = 0, openmp_slow_ = 0, openmp_late_ = 0;
};

}  // namespace einblas_bench
