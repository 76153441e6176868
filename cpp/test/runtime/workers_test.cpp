// What runs tasks, without a kernel: every task once, each worker alone with its number, any number of callers; workers
// that come late, never, or cannot be made; fork, exit and signals.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "einblas.h"
#include "runtime/pool.hpp"
#include "runtime/threads.hpp"

#if !defined(_WIN32)
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#endif

namespace einblas {
// Stands for tuning.cpp, whose files and overrides have no part in this.
Tunable::Tunable(const char* name, int64_t value, int64_t least, int64_t most, const char* meaning) noexcept
    : name_(name), meaning_(meaning), initial_(value), least_(least), most_(most), value_(value), next_(nullptr) {}
bool Tunable::set(int64_t value) noexcept {
  value_.store(value);
  return true;
}
extern Tunable pool_keep;
}  // namespace einblas

namespace {

using std::chrono::milliseconds;

// Waits until done(), half a minute at most; whether it came.
template <class F>
bool soon(const F& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

struct Counted {
  int wrong = 0, workers = 0;
};

// Runs `tasks` on `threads` workers; counts what went wrong, and the workers that had a task.
Counted run_and_count(int64_t tasks, int threads) {
  std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
  std::vector<std::atomic<int>> inside(static_cast<size_t>(threads)), used(static_cast<size_t>(threads));
  std::vector<int64_t> plain(static_cast<size_t>(threads));  // not atomic: TSan sees two threads with one number
  std::atomic<int> bad{0};
  einblas::parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
    if (worker < 0 || worker >= threads) {
      ++bad;
      return;
    }
    const auto w = static_cast<size_t>(worker);
    if (++inside[w] != 1) ++bad;  // two threads with one number would share a workspace
    ++plain[w];
    std::this_thread::yield();
    ++runs[static_cast<size_t>(task)];
    used[w] = 1;
    --inside[w];
  });
  Counted c;
  int64_t all = 0;
  for (const int64_t n : plain) all += n;
  if (all != tasks) ++bad;
  for (const auto& r : runs)
    if (r != 1) ++bad;
  for (const auto& u : used) c.workers += u;
  c.wrong = bad;
  return c;
}

class Workers : public testing::Test {
 protected:
  void SetUp() override { einblas::set_process_threads(4); }
  void TearDown() override {
    einblas::pool_hooks.before_join = nullptr;
    einblas::pool_hooks.no_threads = false;
  }
};

TEST_F(Workers, EveryTaskRunsOnce) {
  for (int64_t tasks : {0, 1, 2, 3, 7, 64, 1000})
    for (int threads : {1, 2, 3, 8, 33, 130}) {
      const Counted c = run_and_count(tasks, threads);
      EXPECT_EQ(c.wrong, 0) << tasks << " tasks, " << threads << " threads";
      EXPECT_LE(c.workers, tasks < threads ? tasks : threads);
    }
}

TEST_F(Workers, ManyCallersAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 70; ++c)  // more than the pool has places for jobs
    callers.emplace_back([&, c] {
      for (int r = 0; r < 30; ++r) wrong += run_and_count(1 + (r * 7 + c) % 40, 2 + (r + c) % 7).wrong;
    });
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Workers, TasksOfTasks) {
  std::atomic<int> wrong{0};
  einblas::parallel_tasks(20, 4, [&](int64_t, int) { wrong += run_and_count(10, 3).wrong; });
  EXPECT_EQ(wrong, 0);
}

TEST_F(Workers, ThreadsMayChangeWhileTasksRun) {
  std::atomic<bool> stop{false};
  std::thread changes([&] {
    for (int n = 1; !stop; n = n % 9 + 1) {
      einblas::set_process_threads(n);
      std::this_thread::yield();
    }
  });
  int wrong = 0;
  for (int r = 0; r < 300; ++r) wrong += run_and_count(30, 2 + r % 6).wrong;
  stop = true;
  changes.join();
  EXPECT_EQ(wrong, 0);
}

#if !defined(__APPLE__)  // whose pool promises no two threads at once

// Each of two tasks waits for the other, half a minute at most.
TEST_F(Workers, TasksRunAtTheSameTime) {
  std::atomic<int> met{0};
  einblas::parallel_tasks(2, 2, [&](int64_t, int) {
    ++met;
    EXPECT_TRUE(soon([&] { return met == 2; }));
  });
}

// The worker is held at the door until the job is done: the caller does all and waits for nobody.
TEST_F(Workers, LateWorkersCostNothing) {
  run_and_count(100, 4);
  static std::atomic<bool> held;
  held = true;
  einblas::pool_hooks.before_join = [] {
    while (held) std::this_thread::sleep_for(milliseconds(1));
  };
  for (int r = 0; r < 20; ++r) {
    const Counted c = run_and_count(50, 4);
    EXPECT_EQ(c.wrong, 0);
  }
  held = false;
  einblas::pool_hooks.before_join = nullptr;
  EXPECT_EQ(run_and_count(50, 4).wrong, 0);
}

// A job that lasts is not left alone for good when there was no room for a worker as it began.
TEST_F(Workers, AWorkerComesWhenACallerHasLeft) {
  einblas::set_process_threads(2);
  std::atomic<bool> began{false}, others_done{false};
  std::thread caller([&] {
    einblas::parallel_tasks(2, 2, [&](int64_t, int) {  // both threads that the process may have
      began = true;
      soon([&] { return others_done.load(); });
    });
  });
  ASSERT_TRUE(soon([&] { return began.load(); }));
  std::atomic<int> helpers{0};
  einblas::parallel_tasks(2, 2, [&](int64_t task, int worker) {
    if (worker != 0) ++helpers;
    if (task == 0 && worker == 0) {
      others_done = true;
      caller.join();
      EXPECT_TRUE(soon([&] { return helpers == 1; }));
    }
  });
  EXPECT_EQ(helpers, 1);
}

// Two jobs, four workers: the second gets some of those that were all at the first.
TEST_F(Workers, JobsShareTheWorkers) {
  einblas::set_process_threads(6);
  std::atomic<int> first{0}, second{0};
  std::atomic<bool> stop{false};
  auto inside = [&](std::atomic<int>& count) {
    return [&](int64_t, int worker) {
      if (stop) return;
      if (worker != 0) ++count;
      std::this_thread::sleep_for(milliseconds(2));
      if (worker != 0) --count;
    };
  };
  std::thread one([&] { einblas::parallel_tasks(20000, 5, inside(first)); });
  EXPECT_TRUE(soon([&] { return first == 4; }));
  std::thread two([&] { einblas::parallel_tasks(20000, 5, inside(second)); });
  EXPECT_TRUE(soon([&] { return second >= 2; }));
  EXPECT_TRUE(soon([&] { return first >= 2; }));
  stop = true;
  one.join();
  two.join();
}

TEST_F(Workers, EndWhenTheyHaveHadNothingToDo) {
  run_and_count(100, 8);
  EXPECT_TRUE(soon([] { return einblas::pool_workers() == 0; }));
  EXPECT_EQ(run_and_count(100, 8).wrong, 0);
}

#endif

#if !defined(_WIN32)

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EINBLAS_TSAN 1
#endif
#endif
#if defined(EINBLAS_TSAN) || defined(__SANITIZE_THREAD__)
constexpr bool kForkedChildrenMayHaveThreads = false;
#else
constexpr bool kForkedChildrenMayHaveThreads = true;
#endif

int run_in_child(int (*f)()) {
  const pid_t child = fork();
  if (child == 0) _exit(f());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// No system limit is at work here: a build as root knows none.
TEST_F(Workers, ThreadsThatCannotBeMadeAreDoneWithout) {
  EXPECT_EQ(run_in_child([] {
              einblas::pool_hooks.no_threads = true;
              const Counted c = run_and_count(100, 8);
              return c.wrong + (c.workers == 1 ? 0 : 1) + (einblas::pool_workers() == 0 ? 0 : 1);
            }),
            0);
}

// The system's own refusal, as a user with no processes left: nothing is printed, the result is the same.
TEST_F(Workers, ALimitOfProcessesIsNoError) {
  if (!kForkedChildrenMayHaveThreads) GTEST_SKIP();
  testing::internal::CaptureStderr();
  const int got = run_in_child([] {
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) return 0;  // root has no such limit
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) return 0;
    const Counted c = run_and_count(100, 8);
    return c.wrong + (c.workers == 1 ? 0 : 10) + (einblas::pool_workers() == 0 ? 0 : 20);
  });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(got, 0);
}

#if !defined(__APPLE__)
// A child of fork has none of its parent's workers, and makes its own.
TEST_F(Workers, AChildOfForkHasItsOwn) {
  if (!kForkedChildrenMayHaveThreads) GTEST_SKIP();
  run_and_count(100, 4);
  ASSERT_GT(einblas::pool_workers(), 0);
  EXPECT_EQ(run_in_child([] {
              if (einblas::pool_workers() != 0) return 1;
              std::atomic<int> met{0};
              std::atomic<bool> good{true};
              einblas::parallel_tasks(2, 2, [&](int64_t, int) {
                ++met;
                if (!soon([&] { return met == 2; })) good = false;
              });
              return good ? run_and_count(100, 4).wrong : 2;
            }),
            0);
}
#endif

// The process ends while workers and callers are at work.
TEST_F(Workers, ExitInTheMiddle) {
  if (!kForkedChildrenMayHaveThreads) GTEST_SKIP();
  EXPECT_EQ(run_in_child([] {
              static std::atomic<bool> began{false};
              for (int c = 0; c < 3; ++c)
                std::thread([] {
                  for (;;)
                    einblas::parallel_tasks(1000, 4, [](int64_t, int) {
                      began = true;
                      std::this_thread::yield();
                    });
                }).detach();
              soon([] { return began.load(); });
              std::exit(0);
              return 1;
            }),
            0);
}

#if defined(__linux__)
std::string line_of(const std::string& file, const std::string& start) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.compare(0, start.size(), start) == 0) return line.substr(start.size());
  return "";
}

// A worker that sleeps is placed by the caller that wakes it: it may have kept to the processor on which that one runs
// now. Held at the door, it can do nothing about it itself.
TEST_F(Workers, ASleeperIsPlacedOffItsCallersProcessor) {
  if (!kForkedChildrenMayHaveThreads) GTEST_SKIP();
  EXPECT_EQ(run_in_child([] {
              einblas::pool_keep.set(1000);
              cpu_set_t all;
              sched_getaffinity(0, sizeof all, &all);
              if (CPU_COUNT(&all) < 2) return 0;
              static std::atomic<int> worker_thread;
              worker_thread = 0;
              einblas::parallel_tasks(2, 2, [](int64_t, int worker) {
                if (worker != 0) worker_thread = static_cast<int>(syscall(SYS_gettid));
                soon([] { return worker_thread != 0; });
              });
              if (worker_thread == 0) return 1;
              static std::atomic<bool> held;
              static std::atomic<int> at_the_door;
              int wrong = 0;
              std::thread caller([&] {
                const std::string state = "/proc/self/task/" + std::to_string(worker_thread) + "/status";
                for (int round = 0; round < 2; ++round)
                  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
                    if (!CPU_ISSET(cpu, &all)) continue;
                    cpu_set_t one;
                    CPU_ZERO(&one);
                    CPU_SET(cpu, &one);
                    sched_setaffinity(0, sizeof one, &one);
                    if (!soon([&] { return at_the_door == 0 && line_of(state, "State:\t").substr(0, 1) == "S"; }))
                      wrong = 2;
                    held = true;
                    einblas::pool_hooks.before_join = [] {
                      ++at_the_door;
                      soon([] { return !held; });
                      --at_the_door;
                    };
                    einblas::parallel_tasks(2, 2, [](int64_t, int) {});
                    cpu_set_t own;
                    sched_getaffinity(worker_thread, sizeof own, &own);
                    if (CPU_ISSET(cpu, &own) || CPU_COUNT(&own) != CPU_COUNT(&all) - 1) wrong = 3;
                    einblas::pool_hooks.before_join = nullptr;
                    held = false;
                  }
              });
              caller.join();
              return wrong;
            }),
            0);
}

// Workers have names, handle no signals of the process, and run on any of its processors, also when a bound thread
// makes them.
TEST_F(Workers, NamesSignalsAndProcessors) {
  if (!kForkedChildrenMayHaveThreads) GTEST_SKIP();
  EXPECT_EQ(run_in_child([] {
              cpu_set_t all, one;
              sched_getaffinity(0, sizeof all, &all);
              std::atomic<int> wrong{0}, seen{0};
              std::thread bound([&] {
                CPU_ZERO(&one);
                for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
                  if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
                sched_setaffinity(0, sizeof one, &one);
                einblas::parallel_tasks(2, 2, [&](int64_t, int worker) {
                  if (worker != 0) {
                    cpu_set_t own;
                    sched_getaffinity(0, sizeof own, &own);
                    cpu_set_t other;  // than the one that its maker is bound to, if there is another
                    CPU_XOR(&other, &all, &one);
                    CPU_AND(&other, &other, &own);
                    if (CPU_COUNT(&all) > 1 && CPU_COUNT(&other) == 0) wrong += 1;
                    if (line_of("/proc/thread-self/status", "Name:\t") != "einblas-1") wrong += 2;
                    sigset_t blocked;
                    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
                    if (sigismember(&blocked, SIGTERM) != 1 || sigismember(&blocked, SIGSEGV) != 0) wrong += 4;
                    ++seen;
                  }
                  soon([&] { return seen == 1; });
                });
              });
              bound.join();
              return seen == 1 ? wrong.load() : 100;
            }),
            0);
}
#endif

#endif

// ---- how many threads ----

#if !defined(_WIN32)
struct Environment {
  const char *einblas, *omp, *threading;
};
Environment environment;
int jvm;

// In a process of its own, as the environment is read once: the number and who decided it, or the status.
std::string decided(const Environment& e, int processors) {
  environment = e;
  jvm = processors;
  char name[] = "/tmp/einblas-threads-XXXXXX";
  const int file = mkstemp(name);
  const pid_t child = fork();
  if (child == 0) {
    auto set = [](const char* variable, const char* value) {
      if (value == nullptr) {
        unsetenv(variable);
      } else {
        setenv(variable, value, 1);
      }
    };
    set("EINBLAS_THREADS", environment.einblas);
    set("OMP_NUM_THREADS", environment.omp);
    set("EINBLAS_THREADING", environment.threading);
    execl("/proc/self/exe", "workers", "--decide", std::to_string(jvm).c_str(), name, nullptr);
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::ifstream in(name);
  std::string text;
  std::getline(in, text);
  close(file);
  unlink(name);
  return text;
}

#if defined(__linux__)
TEST(ThreadCount, TheFirstThatSaysSomethingDecides) {
  const char* const affinity = "the process's affinity";
  EXPECT_EQ(decided({nullptr, nullptr, nullptr}, 3), "3 the JVM's available processors, pool");
  EXPECT_EQ(decided({nullptr, nullptr, nullptr}, 0),
            std::to_string(std::thread::hardware_concurrency()) + " " + affinity + ", pool");
  EXPECT_EQ(decided({nullptr, "5", nullptr}, 3), "5 OMP_NUM_THREADS, pool");
  EXPECT_EQ(decided({nullptr, "6,2,1", nullptr}, 3), "6 OMP_NUM_THREADS, pool");
  EXPECT_EQ(decided({"7", "5", nullptr}, 3), "7 EINBLAS_THREADS, pool");
  EXPECT_EQ(decided({" 1024 ", "5", nullptr}, 3), "1024 EINBLAS_THREADS, pool");
  EXPECT_EQ(decided({"", "", ""}, 3), "3 the JVM's available processors, pool");
}

TEST(ThreadCount, NonsenseOfOthersIsLeftAlone) {
  for (const char* omp : {"0", "-1", "many", "", "4x", ",", "1000000000", "99999999999999999999", "true"})
    EXPECT_EQ(decided({nullptr, omp, nullptr}, 3), "3 the JVM's available processors, pool") << omp;
}

TEST(ThreadCount, NonsenseOfOursIsRefused) {
  for (const char* own : {"0", "-1", "many", "4x", "1,2", "1.5", "1025", "1000000000", "99999999999999999999", " "})
    EXPECT_EQ(decided({own, nullptr, nullptr}, 3), "status " + std::to_string(EINBLAS_BAD_THREADS)) << own;
  for (const char* name : {"Pool", "omp", "threads", " "})
    EXPECT_EQ(decided({nullptr, nullptr, name}, 3), "status " + std::to_string(EINBLAS_BAD_THREADING)) << name;
}

TEST(ThreadCount, OpenMpIsThereOrMissedByName) {
  const std::string got = decided({"3", nullptr, "openmp"}, 1);
  EXPECT_TRUE(got == "3 EINBLAS_THREADS, openmp" || got == "status " + std::to_string(EINBLAS_NO_OPENMP)) << got;
}
#endif

// Writes what decided() reads.
int decide(int processors, const char* file) {
  std::ofstream out(file);
  einblas::set_processors(processors);
  const int32_t status = einblas::init_threads();
  if (status != EINBLAS_OK) {
    out << "status " << status << '\n';
  } else {
    out << einblas::process_threads() << ' ' << einblas::process_threads_from() << ", " << einblas::threading_name()
        << '\n';
  }
  return 0;
}
#endif

}  // namespace

int main(int argc, char** argv) {
#if !defined(_WIN32)
  if (argc == 4 && std::string(argv[1]) == "--decide") return decide(std::atoi(argv[2]), argv[3]);
#endif
  testing::InitGoogleTest(&argc, argv);
  einblas::pool_keep.set(1);
  if (einblas::init_threads() != EINBLAS_OK) return 2;  // EINBLAS_THREADING=openmp runs all this with OpenMP
  return RUN_ALL_TESTS();
}
