// OpenMP as the back end of tasks: compiled in (EINBLAS_WITH_OPENMP of CMake), else by the entry points of libgomp.
#include "runtime/threads_openmp.hpp"

#include <atomic>

#include "runtime/threads.hpp"

#if defined(_OPENMP)
#include <omp.h>
#elif !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace einblas {
namespace {

struct Region {
  TaskBody body;
  const void* f;
  int64_t tasks;
  std::atomic<int64_t> next;
};

void take_tasks(Region& r, int worker) noexcept {
  for (int64_t t = r.next.fetch_add(1, std::memory_order_relaxed); t < r.tasks;
       t = r.next.fetch_add(1, std::memory_order_relaxed))
    r.body(r.f, t, worker);
}

#if defined(_OPENMP)
bool ready() noexcept { return true; }
void run(Region& r, int threads) noexcept {
#pragma omp parallel num_threads(threads)
  take_tasks(r, omp_get_thread_num());
}
#elif !defined(_WIN32)
// What GCC makes of "#pragma omp parallel"; LLVM's libomp has it too.
using Parallel = void (*)(void (*body)(void*), void* context, unsigned threads, unsigned flags);
using ThreadNumber = int (*)();
Parallel parallel = nullptr;
ThreadNumber thread_number = nullptr;

bool ready() noexcept {
  void* library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  parallel = reinterpret_cast<Parallel>(dlsym(library, "GOMP_parallel"));
  thread_number = reinterpret_cast<ThreadNumber>(dlsym(library, "omp_get_thread_num"));
  return parallel != nullptr && thread_number != nullptr;
}
void run(Region& r, int threads) noexcept {
  parallel([](void* region) { take_tasks(*static_cast<Region*>(region), thread_number()); }, &r,
           static_cast<unsigned>(threads), 0);
}
#else
bool ready() noexcept { return false; }
void run(Region& r, int) noexcept { take_tasks(r, 0); }
#endif

}  // namespace

bool openmp_ready() noexcept {
  static const bool is = ready();
  return is;
}

void openmp_run(int64_t tasks, int threads, TaskBody body, const void* f) noexcept {
  const ThreadGrant grant(threads);
  Region region{body, f, tasks, {0}};
  if (grant.threads() > 1) {
    run(region, grant.threads());
  } else {
    take_tasks(region, 0);
  }
}

}  // namespace einblas
