// Drivers: the process's own worker threads, shared by all callers. threads.hpp is the door to it.
#pragma once
#include <atomic>
#include <cstdint>

namespace einblas {

// body(f, task, worker) does one task.
using TaskBody = void (*)(const void* f, int64_t task, int worker);

// Runs tasks [0, tasks) on the caller and on workers that come in time, `threads` at a time at most and together with
// all other callers' some process_threads(). worker is in [0, threads), and one thread's at a time; the caller is 0.
// Returns when all tasks are done: it waits for the threads that have one, and for no other.
void pool_run(int64_t tasks, int threads, TaskBody body, const void* f) noexcept;

// Worker threads that live now.
int pool_workers() noexcept;

// For tests: called by a worker that is about to join a job; and whether creating a thread fails.
struct PoolHooks {
  std::atomic<void (*)()> before_join{nullptr};
  std::atomic<bool> no_threads{false};
};
extern PoolHooks pool_hooks;

}  // namespace einblas
