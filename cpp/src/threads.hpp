// Drivers' only door to threads: tasks over OpenMP's or the system's, and how many threads a job is worth.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tuning.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace einblas {

// Threads per call unless a call says otherwise (api: einblas_threads).
int process_threads() noexcept;
void set_process_threads(int threads) noexcept;

// A grant of worker threads for one parallel region, returned when it goes out of scope. When several callers are
// inside regions at once the sum of workers stays near the process's number, but each caller has at least itself.
class ThreadGrant {
 public:
  explicit ThreadGrant(int wanted) noexcept;
  ~ThreadGrant();
  ThreadGrant(const ThreadGrant&) = delete;
  ThreadGrant& operator=(const ThreadGrant&) = delete;
  int threads() const { return threads_; }

 private:
  int threads_;
};

// Waking a team costs about 1 us with spinning threads and up to 10 us with sleeping ones. Measured for calls in a row:
// a gemm of 17 us takes 10.7 on two threads, one of 7 us 4.5 to 7.0, a gemv of 3.1 us 2.6 to 3.9, depending on the
// neighbours of a shared machine.
extern Tunable thread_nanos;

// Threads worth waking for a job of `nanos` (one-thread estimate) cut into `tasks`.
inline int useful_threads(int wanted, int64_t tasks, double nanos) {
  double by_work = nanos / static_cast<double>(thread_nanos);
  int n = wanted;
  if (by_work < n) n = static_cast<int>(by_work);
  if (tasks < n) n = static_cast<int>(tasks);
  return n < 1 ? 1 : n;
}

#if !defined(_OPENMP)
// Runs body(context, worker) for every worker in [0, workers), at the same time as far as the system has threads for
// them; returns when all have. macOS's own pool (Grand Central Dispatch), elsewhere new threads for each call. Why not
// OpenMP there: the compilers of macOS bring none, and LLVM's runtime ends the process when it meets a second copy of
// itself, such as PyTorch's.
void run_workers(int workers, void (*body)(void* context, size_t worker), void* context) noexcept;
#endif

// Runs f(task, worker) for task in [0, tasks) on at most `threads` workers; worker in [0, threads). Tasks are handed
// out one by one, in order. f must not throw; the borders of tasks must not depend on the thread count.
template <class F>
void parallel_tasks(int64_t tasks, int threads, const F& f) {
  if (threads > 1 && tasks > 1) {
    ThreadGrant grant(tasks < threads ? static_cast<int>(tasks) : threads);
    if (grant.threads() > 1) {
#if defined(_OPENMP)
#pragma omp parallel num_threads(grant.threads())
      {
        const int worker = omp_get_thread_num();
#pragma omp for schedule(dynamic, 1) nowait
        for (int64_t t = 0; t < tasks; ++t) f(t, worker);
      }
#else
      struct Region {
        const F& f;
        const int64_t tasks;
        std::atomic<int64_t> next;
      } region{f, tasks, {0}};
      run_workers(
          grant.threads(),
          [](void* context, size_t worker) {
            Region& r = *static_cast<Region*>(context);
            for (int64_t t = r.next.fetch_add(1, std::memory_order_relaxed); t < r.tasks;
                 t = r.next.fetch_add(1, std::memory_order_relaxed))
              r.f(t, static_cast<int>(worker));
          },
          &region);
#endif
      return;
    }
  }
  for (int64_t t = 0; t < tasks; ++t) f(t, 0);
}

}  // namespace einblas
