// Threads: how many, by whom, and which back end runs the tasks.
#include "runtime/threads.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "einblas.h"
#include "runtime/threads_openmp.hpp"

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#elif defined(__APPLE__)
#include <dispatch/dispatch.h>
#endif

namespace einblas {
namespace {

enum class From { Nothing, Affinity, Jvm, OmpNumThreads, EinblasThreads, Call };
enum class Threading { Pool, OpenMp, System };

constexpr Threading kDefaultThreading =
#if defined(__APPLE__)
    Threading::System;
#elif defined(_OPENMP)
    Threading::OpenMp;
#else
    Threading::Pool;
#endif

// Constant-initialised, no destructors: used before main and while the process ends.
std::atomic<int> configured{0};
std::atomic<From> configured_from{From::Nothing};
std::atomic<Threading> threading{kDefaultThreading};
std::atomic<int> granted{0};

// Of the process, that is of its first thread: the calling one may be bound to a processor.
int usable_processors() noexcept {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(getpid(), sizeof set, &set) == 0) {
    const int n = CPU_COUNT(&set);
    if (n > 0) return n;
  }
#endif
  const unsigned n = std::thread::hardware_concurrency();
  return n == 0 ? 1 : static_cast<int>(n);
}

// The whole number that `text` begins with, if it lies in 1..kMostThreads and `end` follows it or the text ends; else
// 0.
int parse(const char* text, char end) noexcept {
  while (*text == ' ' || *text == '\t') ++text;
  if (*text < '0' || *text > '9') return 0;
  char* after = nullptr;
  errno = 0;
  const long n = std::strtol(text, &after, 10);
  while (*after == ' ' || *after == '\t') ++after;
  return errno == 0 && (*after == '\0' || *after == end) && n >= 1 && n <= kMostThreads ? static_cast<int>(n) : 0;
}

// Takes the number unless something that counts more has said one.
void propose(int threads, From from) noexcept {
  if (from < configured_from.load(std::memory_order_relaxed)) return;
  configured.store(threads < kMostThreads ? threads : kMostThreads, std::memory_order_relaxed);
  configured_from.store(from, std::memory_order_relaxed);
}

int32_t read_environment() noexcept {
  if (const char* list = std::getenv("OMP_NUM_THREADS"))
    if (const int n = parse(list, ',')) propose(n, From::OmpNumThreads);
  const char* own = std::getenv("EINBLAS_THREADS");
  if (own != nullptr && *own != '\0') {
    const int n = parse(own, '\0');
    if (n == 0) return EINBLAS_BAD_THREADS;
    propose(n, From::EinblasThreads);
  }
  const char* name = std::getenv("EINBLAS_THREADING");
  return name == nullptr || *name == '\0' ? EINBLAS_OK : set_threading(name);
}

#if defined(__APPLE__)
void system_run(int64_t tasks, int threads, TaskBody body, const void* f) noexcept {
  struct Region {
    TaskBody body;
    const void* f;
    int64_t tasks;
    std::atomic<int64_t> next;
  } region{body, f, tasks, {0}};
  const ThreadGrant grant(threads);
  dispatch_apply_f(static_cast<size_t>(grant.threads()), DISPATCH_APPLY_AUTO, &region,
                   [](void* context, size_t worker) {
                     Region& r = *static_cast<Region*>(context);
                     for (int64_t t = r.next.fetch_add(1, std::memory_order_relaxed); t < r.tasks;
                          t = r.next.fetch_add(1, std::memory_order_relaxed))
                       r.body(r.f, t, static_cast<int>(worker));
                   });
}
#endif

}  // namespace

Tunable thread_nanos{"THREAD_NANOS", 8000, 100, 1000000000, "nanoseconds of work that are worth another thread"};

int process_threads() noexcept {
  const int n = configured.load(std::memory_order_relaxed);
  if (n != 0) return n;
  propose(usable_processors(), From::Affinity);
  return configured.load(std::memory_order_relaxed);
}

const char* process_threads_from() noexcept {
  process_threads();
  switch (configured_from.load(std::memory_order_relaxed)) {
    case From::Call:
      return "setThreads";
    case From::EinblasThreads:
      return "EINBLAS_THREADS";
    case From::OmpNumThreads:
      return "OMP_NUM_THREADS";
    case From::Jvm:
      return "the JVM's available processors";
    default:
      return "the process's affinity";
  }
}

void set_process_threads(int threads) noexcept { propose(threads, From::Call); }
void set_processors(int processors) noexcept {
  if (processors > 0) propose(processors, From::Jvm);
}

const char* threading_name() noexcept {
  switch (threading.load(std::memory_order_relaxed)) {
    case Threading::Pool:
      return "pool";
    case Threading::OpenMp:
      return "openmp";
    default:
      return "system";
  }
}

int32_t set_threading(const char* name) noexcept {
  if (std::strcmp(name, "pool") == 0) {
    threading = Threading::Pool;
  } else if (std::strcmp(name, "openmp") == 0) {
    if (!openmp_ready()) return EINBLAS_NO_OPENMP;
    threading = Threading::OpenMp;
#if defined(__APPLE__)
  } else if (std::strcmp(name, "system") == 0) {
    threading = Threading::System;
#endif
  } else {
    return EINBLAS_BAD_THREADING;
  }
  return EINBLAS_OK;
}

int32_t init_threads() noexcept {
  static const int32_t status = read_environment();
  return status;
}

ThreadGrant::ThreadGrant(int wanted) noexcept {
  const int limit = wanted > process_threads() ? wanted : process_threads();
  const int before = granted.fetch_add(wanted, std::memory_order_relaxed);
  int free = limit - before;
  if (free < 1) free = 1;
  threads_ = wanted < free ? wanted : free;
  if (threads_ != wanted) granted.fetch_sub(wanted - threads_, std::memory_order_relaxed);
}

ThreadGrant::~ThreadGrant() { granted.fetch_sub(threads_, std::memory_order_relaxed); }

void run_tasks(int64_t tasks, int threads, TaskBody body, const void* f) noexcept {
  switch (threading.load(std::memory_order_relaxed)) {
    case Threading::OpenMp:
      return openmp_run(tasks, threads, body, f);
#if defined(__APPLE__)
    case Threading::System:
      return system_run(tasks, threads, body, f);
#endif
    default:
      return pool_run(tasks, threads, body, f);
  }
}

}  // namespace einblas
