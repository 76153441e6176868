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
// milliseconds, so that all see the same neighbours.
std::vector<BusyTimes> time_in_turns(const std::function<void(int threads)>& once);

void print_busy_header();
void print_busy(const std::string& name, const char* type, int neighbours, const std::vector<BusyTimes>& times);

}  // namespace einblas_bench
