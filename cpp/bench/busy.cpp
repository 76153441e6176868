// Busy: neighbours are child processes; each way of running has its turn of 20 ms, over and over.
#include "busy.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "einblas.h"
#include "measuring.hpp"
#include "runtime/threads.hpp"

#if !defined(_WIN32)
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/prctl.h>
#endif

namespace einblas_bench {
namespace {

constexpr double kTurn = 20e6;    // ns
constexpr size_t kLeast = 30;     // calls of each way, as far as kPatience allows
constexpr double kPatience = 12;  // all of a case takes so many times what a way is given, at most
constexpr double kMedian = 1.15;  // of the better of one and all threads: what a median on all may be
constexpr double kTail = 3;       // medians that the 99th percentile may be, and a slice
constexpr double kSlice = 4e6;    // ns: Linux preempts at its tick, every 4 ms where HZ is 250

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(q * static_cast<double>(sorted.size())))];
}

}  // namespace

#if defined(_WIN32)
Neighbours::Neighbours(int) { throw std::runtime_error("--busy is not for Windows"); }
Neighbours::~Neighbours() = default;
#else
Neighbours::Neighbours(int count) {
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) {
#if defined(__linux__)
      prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
      for (volatile double x = 0;;) x = x + 1;
    }
    if (child > 0) children_.push_back(child);
  }
}
Neighbours::~Neighbours() {
  for (int child : children_) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}
#endif

std::vector<BusyTimes> time_in_turns(double seconds, const std::function<void(int threads)>& once) {
  struct Way {
    const char* back_end;
    int threads;
    double spent;
  };
  const int all = einblas_threads();
  const std::string initial = einblas_threading();
  std::vector<Way> ways{{"pool", 1, 0}, {"pool", all, 0}};
  if (einblas::set_threading("openmp") == EINBLAS_OK) ways.push_back({"openmp", all, 0});
  std::vector<BusyTimes> times;
  for (const Way& w : ways) times.push_back({w.threads == 1 ? "1" : std::to_string(w.threads) + " " + w.back_end, {}});
  const double begin = now_ns();
  for (bool more = true; more && now_ns() - begin < kPatience * seconds * 1e9;) {
    more = false;
    for (size_t w = 0; w < ways.size(); ++w) {
      einblas::set_threading(ways[w].back_end);
      once(ways[w].threads);
      const double start = now_ns();
      while (now_ns() - start < kTurn) {
        const double t = now_ns();
        once(ways[w].threads);
        times[w].nanos.push_back(now_ns() - t);
      }
      ways[w].spent += now_ns() - start;
      more |= ways[w].spent < seconds * 1e9 || times[w].nanos.size() < kLeast;
    }
  }
  einblas::set_threading(initial.c_str());
  for (BusyTimes& t : times) std::sort(t.nanos.begin(), t.nanos.end());
  return times;
}

void BusyReport::header() const {
  std::printf("%-27s      busy    on one thread         %d threads, pool                      openmp\n", "",
              einblas_threads());
  std::printf(
      "%-27s             median     99 %%     median     99 %%  of better   median     99 %%  of better   (us)\n", "");
}

void BusyReport::add(const std::string& name, const char* type, int neighbours, const std::vector<BusyTimes>& times) {
  std::printf("%-27s %s %5d", name.c_str(), type, neighbours);
  const double one = quantile(times[0].nanos, 0.5);
  for (size_t w = 0; w < times.size(); ++w) {
    const double median = quantile(times[w].nanos, 0.5);
    std::printf(" %10.1f %8.0f", median / 1e3, quantile(times[w].nanos, 0.99) / 1e3);
    if (w > 0) std::printf("       %5.2f", median / std::min(one, median));
  }
  const double median = quantile(times[1].nanos, 0.5), tail = quantile(times[1].nanos, 0.99);
  const bool slow = median > kMedian * one, late = tail > kTail * median + kSlice;
  std::printf("  %zu calls%s%s\n", times[1].nanos.size(), slow ? " MEDIAN" : "", late ? " TAIL" : "");
  std::fflush(stdout);
  ++cases_;
  slow_ += slow;
  late_ += late;
  const double one_tail = quantile(times[0].nanos, 0.99);
  one_late_ += one_tail > kTail * one + kSlice;
  if (times.size() > 2) {
    const double theirs = quantile(times[2].nanos, 0.5);
    openmp_slow_ += theirs > kMedian * one;
    openmp_late_ += quantile(times[2].nanos, 0.99) > kTail * theirs + kSlice;
  }
}

void BusyReport::footer() const {
  std::printf(
      "of %d: median above %.2f times the better of one thread and all: pool %d, openmp %d; 99 %% above %.0f medians "
      "and a slice of %.0f ms: one thread %d, pool %d, openmp %d\n",
      cases_, kMedian, slow_, openmp_slow_, kTail, kSlice / 1e6, one_late_, late_, openmp_late_);
}

}  // namespace einblas_bench
