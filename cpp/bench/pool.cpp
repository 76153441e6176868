// Pool bench: what it takes to hand a task to a worker that spins, to one that sleeps, and what an idle worker burns.
#include "commands.hpp"

#if defined(__linux__)
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "einblas.h"
#include "measuring.hpp"
#include "runtime/parking.hpp"
#include "runtime/threads.hpp"

namespace einblas_bench {
namespace {

double now_us() { return now_ns() / 1e3; }

double processor_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) * 1e-3;
}

void print(const char* what, std::vector<double> v) {
  std::sort(v.begin(), v.end());
  std::printf("%-46s median %8.3f us, 90 %% %8.3f, 99 %% %8.3f\n", what, v[v.size() / 2], v[v.size() * 9 / 10],
              v[v.size() * 99 / 100]);
}

// Two tasks that wait for each other, at most 2 ms: when the worker came, and when the call was back.
int same_processor = 0;
void meet(double* came, double* back) {
  const int own = sched_getcpu();
  const double start = now_us();
  std::atomic<int> here{0};
  double late = 0;
  einblas::parallel_tasks(2, 2, [&](int64_t, int worker) {
    const double at = now_us();
    if (worker != 0) {
      late = at - start;
      if (sched_getcpu() == own) ++same_processor;
    }
    ++here;
    while (here < 2 && now_us() < start + 2000) {
    }
  });
  *came = late;
  *back = now_us() - start;
}

void measure_worker(const char* name, int64_t pause_us, int runs) {
  std::vector<double> came, back;
  same_processor = 0;
  for (int i = 0; i < runs; ++i) {
    const double until = now_us() + static_cast<double>(pause_us);
    if (pause_us >= 200) std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
    while (now_us() < until) {
    }
    double c = 0, b = 0;
    meet(&c, &b);
    if (c > 0) came.push_back(c);
    back.push_back(b);
  }
  std::printf("%s (%zu of %d times a worker came, %d on the caller's processor)\n", name, came.size(), runs,
              same_processor);
  if (came.empty()) return;
  print("  the worker's first task starts after", came);
  print("  the call is back after", back);
}

// The system's own: a thread that sleeps on a futex, and how long after waking it runs.
void measure_raw(int64_t pause_us, int runs) {
  const int waker = sched_getcpu();
  std::atomic<uint32_t> word{0};
  std::atomic<double> ran{0};
  std::atomic<bool> stop{false};
  std::thread sleeper([&] {
    cpu_set_t other;  // as the pool's: not where the waker runs
    sched_getaffinity(0, sizeof other, &other);
    if (CPU_COUNT(&other) > 1) CPU_CLR(static_cast<size_t>(waker), &other);
    sched_setaffinity(0, sizeof other, &other);
    for (uint32_t seen = 0; !stop; seen = word) {
      while (word == seen) einblas::park(word, seen, 0);
      ran = now_us();
    }
  });
  std::vector<double> took, call;
  for (int i = 0; i < runs; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
    ran = 0;
    const double start = now_us();
    ++word;
    einblas::unpark(word, 1);
    call.push_back(now_us() - start);
    while (ran == 0 && now_us() < start + 2000) {
    }
    while (ran == 0) std::this_thread::yield();
    took.push_back(ran - start);
  }
  stop = true;
  ++word;
  einblas::unpark(word, 1);
  sleeper.join();
  print("a bare futex: the sleeper runs after", took);
  print("a bare futex: the waker is back after", call);
}

}  // namespace

int bench_pool(int, char**) {
  if (einblas_init() != EINBLAS_OK) return 2;
  einblas_set_threads(2);
  std::printf("tasks by %s\n", einblas_threading());
  measure_worker("worker spins (5 us after the last call)", 5, 2000);
  measure_worker("worker sleeps (1 ms after the last call)", 1000, 1000);
  measure_worker("worker sleeps (20 ms after the last call)", 20000, 50);
  measure_raw(1000, 500);
  std::vector<double> v;
  for (int i = 0; i < 20000; ++i) {
    const double start = now_us();
    einblas::parallel_tasks(2, 2, [](int64_t, int) {});
    v.push_back(now_us() - start);
  }
  print("two empty tasks", v);
  v.clear();
  constexpr int kDecisions = 1000;
  volatile double work = 1e6;
  volatile int64_t tasks = 64;
  int64_t decided = 0;
  for (int i = 0; i < 1000; ++i) {
    const double start = now_us();
    for (int k = 0; k < kDecisions; ++k) decided += einblas::useful_threads(einblas::process_threads(), tasks, work);
    v.push_back((now_us() - start) / kDecisions);
  }
  if (decided > 0) print("how many threads, decided", v);
  v.clear();
  for (int i = 0; i < 30; ++i) {
    double c = 0, b = 0;
    meet(&c, &b);
    const double before = processor_us();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    v.push_back(processor_us() - before);
  }
  print("processor time in 20 ms after a call", v);
  v.clear();
  for (int i = 0; i < 30; ++i) {
    const double before = processor_us();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    v.push_back(processor_us() - before);
  }
  print("processor time in 20 ms after none", v);
  return 0;
}

}  // namespace einblas_bench
#else
#include <stdexcept>

namespace einblas_bench {
int bench_pool(int, char**) { throw std::runtime_error("pool is for Linux alone"); }
}  // namespace einblas_bench
#endif
