// Threads: the process's number, the grant that keeps simultaneous callers from oversubscribing, workers without
// OpenMP.
#include "threads.hpp"

#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <dispatch/dispatch.h>
#endif

namespace einblas {
namespace {

int usable_processors() noexcept {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    const int n = CPU_COUNT(&set);
    if (n > 0) return n;
  }
#endif
  const unsigned n = std::thread::hardware_concurrency();
  return n == 0 ? 1 : static_cast<int>(n);
}

std::atomic<int>& configured() noexcept {
  static std::atomic<int> threads{usable_processors()};
  return threads;
}

std::atomic<int> workers_out{0};

}  // namespace

Tunable thread_nanos{"THREAD_NANOS", 8000, 100, 1000000000, "nanoseconds of work that are worth another thread"};

int process_threads() noexcept { return configured().load(std::memory_order_relaxed); }
void set_process_threads(int threads) noexcept { configured().store(threads, std::memory_order_relaxed); }

ThreadGrant::ThreadGrant(int wanted) noexcept {
  const int limit = wanted > process_threads() ? wanted : process_threads();
  const int before = workers_out.fetch_add(wanted, std::memory_order_relaxed);
  int free = limit - before;
  if (free < 1) free = 1;
  threads_ = wanted < free ? wanted : free;
  if (threads_ != wanted) workers_out.fetch_sub(wanted - threads_, std::memory_order_relaxed);
}

ThreadGrant::~ThreadGrant() { workers_out.fetch_sub(threads_, std::memory_order_relaxed); }

#if !defined(_OPENMP)
void run_workers(int workers, void (*body)(void* context, size_t worker), void* context) noexcept {
#if defined(__APPLE__)
  dispatch_apply_f(static_cast<size_t>(workers), DISPATCH_APPLY_AUTO, context, body);
#else
  std::vector<std::thread> others;
  int started = 1;
  try {
    others.reserve(static_cast<size_t>(workers) - 1);
    for (; started < workers; ++started) others.emplace_back(body, context, static_cast<size_t>(started));
  } catch (const std::exception&) {  // no more threads, or no memory for one: fewer do the work
  }
  body(context, 0);
  for (; started < workers; ++started) body(context, static_cast<size_t>(started));
  for (std::thread& t : others) t.join();
#endif
}
#endif

}  // namespace einblas
