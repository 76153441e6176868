// Threads without OpenMP, as on macOS: every task once, each worker alone with its number, any number of callers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "threads.hpp"

#if defined(_OPENMP)
#error this test is for a build without OpenMP
#endif

namespace einblas {
// Stands for tuning.cpp, whose files and overrides have no part in this.
Tunable::Tunable(const char* name, int64_t value, int64_t least, int64_t most, const char* meaning) noexcept
    : name_(name), meaning_(meaning), initial_(value), least_(least), most_(most), value_(value), next_(nullptr) {}
}  // namespace einblas

namespace {

// Runs `tasks` on `threads` workers; counts what went wrong, and the workers that had a task.
void run_and_count(int64_t tasks, int threads, int* wrong, int* workers) {
  std::vector<std::atomic<int>> runs(static_cast<size_t>(tasks));
  std::vector<std::atomic<int>> inside(static_cast<size_t>(threads)), used(static_cast<size_t>(threads));
  std::atomic<int> bad{0};
  einblas::parallel_tasks(tasks, threads, [&](int64_t task, int worker) {
    if (worker < 0 || worker >= threads) {
      ++bad;
      return;
    }
    const auto w = static_cast<size_t>(worker);
    if (++inside[w] != 1) ++bad;  // two threads with one number would share a workspace
    std::this_thread::yield();
    ++runs[static_cast<size_t>(task)];
    used[w] = 1;
    --inside[w];
  });
  for (const auto& r : runs)
    if (r != 1) ++bad;
  *workers = 0;
  for (const auto& u : used) *workers += u;
  *wrong = bad;
}

TEST(Workers, EveryTaskRunsOnce) {
  for (int64_t tasks : {0, 1, 2, 3, 7, 64, 1000})
    for (int threads : {1, 2, 3, 8, 33}) {
      int wrong = 0, workers = 0;
      run_and_count(tasks, threads, &wrong, &workers);
      EXPECT_EQ(wrong, 0) << tasks << " tasks, " << threads << " threads";
      EXPECT_LE(workers, tasks < threads ? tasks : threads);
    }
}

TEST(Workers, ManyCallersAtOnce) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&] {
      for (int r = 0; r < 50; ++r) {
        int bad = 0, workers = 0;
        run_and_count(40, 4, &bad, &workers);
        wrong += bad;
      }
    });
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(wrong, 0);
}

#if !defined(__APPLE__)  // whose pool promises no two threads at once
// Each of two tasks waits for the other, half a minute at most.
TEST(Workers, TasksRunAtTheSameTime) {
  einblas::set_process_threads(2);
  std::atomic<int> met{0};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  einblas::parallel_tasks(2, 2, [&](int64_t, int) {
    ++met;
    while (met < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(met, 2);
  });
}
#endif

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
