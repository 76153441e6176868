// Drivers' only door to threads: tasks for the pool (or OpenMP, or the system), and how many threads a job is worth.
#pragma once
#include <cstdint>

#include "runtime/pool.hpp"
#include "runtime/tuning.hpp"

namespace einblas {

// Threads per call unless a call says otherwise (api: einblas_threads), and what decided it, in words.
int process_threads() noexcept;
const char* process_threads_from() noexcept;
void set_process_threads(int threads) noexcept;
// The processors that the JVM counts; they hold where no variable of the environment and no call has said anything.
void set_processors(int processors) noexcept;

constexpr int kMostThreads = 1024;

// What runs tasks (EINBLAS_THREADING): pool, openmp, or system (macOS's Grand Central Dispatch).
const char* threading_name() noexcept;
// A status code. Not while tasks run.
int32_t set_threading(const char* name) noexcept;

// Reads EINBLAS_THREADS, OMP_NUM_THREADS and EINBLAS_THREADING; once. A status code: what cannot be taken.
int32_t init_threads() noexcept;

// A grant of threads for one parallel region, returned when it goes out of scope: for back ends that know nothing of
// other callers. The sum of threads stays near the process's number, but each caller has at least itself.
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

// Waking a worker costs about 1 us with a spinning one and up to 10 us with a sleeping one. Measured for calls in a
// row: a gemm of 17 us takes 10.7 on two threads, one of 7 us 4.5 to 7.0, a gemv of 3.1 us 2.6 to 3.9, depending on the
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

// parallel_tasks without the template; threads and tasks are above 1.
void run_tasks(int64_t tasks, int threads, TaskBody body, const void* f) noexcept;

// Runs f(task, worker) for task in [0, tasks) on at most `threads` workers; worker in [0, threads), and one thread's at
// a time. Tasks are handed out one by one, in order. f must not throw; the borders of tasks must not depend on the
// thread count.
template <class F>
void parallel_tasks(int64_t tasks, int threads, const F& f) {
  if (threads > 1 && tasks > 1) {
    run_tasks(
        tasks, tasks < threads ? static_cast<int>(tasks) : threads,
        [](const void* own, int64_t task, int worker) { (*static_cast<const F*>(own))(task, worker); }, &f);
    return;
  }
  for (int64_t t = 0; t < tasks; ++t) f(t, 0);
}

}  // namespace einblas
