// Threads: many callers at once, and workers that let go of their cores after a call.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <thread>
#include <vector>

#include "einblas.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#endif

namespace {

constexpr int64_t kSize = 300;

// C = A B of kSize cubes, all ones.
class Product {
 public:
  Product() : a_(kSize * kSize, 1), b_(kSize * kSize, 1) {
    const int64_t lengths[] = {kSize, kSize, kSize};
    const int64_t strides[] = {kSize, 0, 1, 0, 1, kSize, kSize, 1, 0};
    EXPECT_EQ(einblas_step_create(EINBLAS_F64, 2, 3, 2, lengths, strides, nullptr, &step_), EINBLAS_OK);
  }
  ~Product() { einblas_step_destroy(step_); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  bool run(int32_t threads) const {
    std::vector<double> c(kSize * kSize, -1);
    if (einblas_step_run(step_, reinterpret_cast<int64_t>(a_.data()), reinterpret_cast<int64_t>(b_.data()), 0,
                         reinterpret_cast<int64_t>(c.data()), 1, 0, threads) != EINBLAS_OK)
      return false;
    for (double v : c)
      if (v != kSize) return false;
    return true;
  }

 private:
  std::vector<double> a_, b_;
  int64_t step_ = 0;
};

#if defined(_WIN32)
double processor_seconds() {  // clock() tells the time of day there
  FILETIME created, ended, kernel, user;
  GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user);
  const auto ticks = [](const FILETIME& t) { return 4294967296.0 * t.dwHighDateTime + t.dwLowDateTime; };
  return (ticks(kernel) + ticks(user)) * 1e-7;
}
#else
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
#endif

TEST(Threads, ManyCallersShareOnePlan) {
  const Product product;
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int r = 0; r < 5; ++r)
        if (product.run(3)) ++right;
    });
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(right, 40);
}

// Workers may spin for a moment, which makes the next call start sooner, but not for long: a processor that is burnt
// for a tenth of a second is taken from somebody else. A spinning worker would use all of the 400 ms.
TEST(Threads, IdleWorkersLetGoOfTheirCores) {
  const Product product;
  ASSERT_TRUE(product.run(4));
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_LT(processor_seconds() - before, 0.1);
}

}  // namespace
