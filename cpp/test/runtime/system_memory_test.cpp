// What the system has free: limits of cgroups v1 and v2, at every level, in trees of files that stand for /.
#include "runtime/system_memory.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "einblas.h"

#if defined(__linux__)
namespace {

namespace fs = std::filesystem;
using einblas::SystemMemory;

constexpr int64_t kMega = 1 << 20;

class CgroupFiles : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("einblas_cgroup_" + std::to_string(reinterpret_cast<uintptr_t>(this)));
    write("/proc/meminfo", "MemTotal:       1000000 kB\nMemFree: 1 kB\nMemAvailable:   700000 kB\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    const fs::path file = root_.string() + path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void write(const std::string& path, int64_t number) const { write(path, std::to_string(number) + "\n"); }
  void v2(const std::string& group, const std::string& root) const {
    write("/proc/self/cgroup", "0::" + group + "\n");
    write("/proc/self/mountinfo", "25 30 0:23 / /proc rw - proc proc rw\n29 30 0:26 " + root +
                                      " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  void v1(const std::string& group, const std::string& root) const {
    write("/proc/self/cgroup", "9:cpu,cpuacct:/elsewhere\n4:memory:" + group + "\n0::/\n");
    write("/proc/self/mountinfo", "36 30 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n37 30 0:34 " +
                                      root + " /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n");
  }
  void level2(const std::string& folder, const std::string& limit, int64_t usage, int64_t cache) const {
    write(folder + "/memory.max", limit + "\n");
    write(folder + "/memory.current", usage);
    write(folder + "/memory.stat", "anon 5\nfile 9\ninactive_file " + std::to_string(cache) + "\nactive_file 3\n");
  }
  void level1(const std::string& folder, int64_t limit, int64_t usage, int64_t cache) const {
    write(folder + "/memory.limit_in_bytes", limit);
    write(folder + "/memory.usage_in_bytes", usage);
    write(folder + "/memory.stat", "inactive_file 1\ntotal_inactive_file " + std::to_string(cache) + "\n");
  }
  SystemMemory memory() const { return SystemMemory(root_.string()); }

  fs::path root_;
};

TEST_F(CgroupFiles, WithoutACgroupTheMachineDecides) {
  SystemMemory m = memory();
  const SystemMemory::Room room = m.room(0);
  EXPECT_EQ(room.bytes, 700000 * 1024);
  EXPECT_FALSE(room.container);
}

TEST_F(CgroupFiles, BlocksThatWereNotTouchedCount) {
  SystemMemory m = memory();
  EXPECT_EQ(m.room(300 * kMega).bytes, 700000 * 1024 - 300 * kMega);
  write("/proc/meminfo", "MemAvailable:   100000 kB\n");
  EXPECT_EQ(m.room(300 * kMega).bytes, 100000 * 1024);
  write("/proc/meminfo", "MemAvailable:   900000 kB\n");  // others left
  EXPECT_EQ(m.room(300 * kMega).bytes, 900000 * 1024 - 300 * kMega);
}

TEST_F(CgroupFiles, VersionTwoWithItsOwnRoot) {
  v2("/", "/");
  level2("/sys/fs/cgroup", std::to_string(200 * kMega), 80 * kMega, 30 * kMega);
  SystemMemory m = memory();
  const SystemMemory::Room room = m.room(0);
  EXPECT_EQ(room.bytes, 150 * kMega);  // the page cache is dropped before memory is refused
  EXPECT_EQ(room.limit, 200 * kMega);
  EXPECT_TRUE(room.container);
  EXPECT_EQ(m.room(40 * kMega).bytes, 110 * kMega);
  EXPECT_EQ(m.total(), 200 * kMega);
  level2("/sys/fs/cgroup", std::to_string(200 * kMega), 190 * kMega, 0);
  EXPECT_EQ(m.room(40 * kMega).bytes, 10 * kMega);
  level2("/sys/fs/cgroup", std::to_string(200 * kMega), 220 * kMega, 0);
  EXPECT_EQ(m.room(0).bytes, 0);
  level2("/sys/fs/cgroup", "max", 220 * kMega, 0);  // limits may change while the process runs
  EXPECT_FALSE(m.room(0).container);
}

TEST_F(CgroupFiles, TheLeastOfAllLevelsCounts) {
  v2("/user.slice/app", "/");
  level2("/sys/fs/cgroup/user.slice/app", std::to_string(500 * kMega), 100 * kMega, 0);
  level2("/sys/fs/cgroup/user.slice", std::to_string(300 * kMega), 250 * kMega, 0);
  SystemMemory m = memory();
  EXPECT_EQ(m.room(0).bytes, 50 * kMega);
  EXPECT_EQ(m.room(0).limit, 300 * kMega);
}

TEST_F(CgroupFiles, VersionOneAtEveryLevel) {
  v1("/docker/one", "/");
  level1("/sys/fs/cgroup/memory", 0x7FFFFFFFFFFFF000, 900 * kMega, 0);
  level1("/sys/fs/cgroup/memory/docker", 400 * kMega, 390 * kMega, 200 * kMega);
  level1("/sys/fs/cgroup/memory/docker/one", 300 * kMega, 200 * kMega, 0);
  SystemMemory m = memory();
  EXPECT_EQ(m.room(0).bytes, 100 * kMega);
  level1("/sys/fs/cgroup/memory/docker", 400 * kMega, 390 * kMega, 0);
  EXPECT_EQ(m.room(0).bytes, 10 * kMega);
}

TEST_F(CgroupFiles, ABindMountShowsTheGroupUnderAnotherRoot) {
  v1("/docker/one", "/docker/one");
  level1("/sys/fs/cgroup/memory", 300 * kMega, 100 * kMega, 0);
  EXPECT_EQ(memory().room(0).bytes, 200 * kMega);
  v1("/docker/one/inner", "/docker/one");
  level1("/sys/fs/cgroup/memory/inner", 150 * kMega, 100 * kMega, 0);
  EXPECT_EQ(memory().room(0).bytes, 50 * kMega);
  v1("/docker/other", "/docker/one");  // not under what is mounted: the mount is all there is to see
  EXPECT_EQ(memory().room(0).bytes, 200 * kMega);
}

TEST_F(CgroupFiles, AGroupOutsideTheNamespaceIsNotFollowed) {
  v2("/../../elsewhere", "/");
  level2("/sys/fs/cgroup", std::to_string(200 * kMega), 80 * kMega, 0);
  EXPECT_EQ(memory().room(0).bytes, 120 * kMega);
}

TEST_F(CgroupFiles, PathsWithSpacesAndColons) {
  write("/proc/self/cgroup", "0::/a:b c\n");
  write("/proc/self/mountinfo", "29 30 0:26 / /sys/fs/my\\040cgroup rw - cgroup2 cgroup2 rw\n");
  level2("/sys/fs/my cgroup/a:b c", std::to_string(200 * kMega), 80 * kMega, 0);
  EXPECT_EQ(memory().room(0).bytes, 120 * kMega);
}

TEST_F(CgroupFiles, FilesThatMeanNothingDoNoHarm) {
  write("/proc/self/cgroup", "0\n:\n::\n0::\n4:memory:\nx:y:z\n");
  write("/proc/self/mountinfo",
        "\n-\n1 2 3 4 5 6 -\n29 30 0:26 / /m rw - cgroup2\n29 30 0:26 / /m rw - cgroup2 c rw\n");
  write("/m/memory.max", "twelve\n");
  EXPECT_EQ(memory().room(0).bytes, 700000 * 1024);
}

TEST(SystemMemory, OfThisMachine) {
  SystemMemory m;
  EXPECT_GT(m.room(0).bytes, 0);
  EXPECT_GT(m.total(), 0);
  EXPECT_LE(m.room(INT64_MAX / 2).bytes, m.room(0).bytes);
}

}  // namespace
#endif

namespace {

TEST(Shortage, SaysWhatWasShortAndOnlyOnce) {
  const int64_t before = einblas_memory_in_use();
  einblas_set_memory_limit(before + 1000);
  EXPECT_EQ(einblas_alloc(1001), 0);
  int64_t s[4];
  einblas_memory_shortage(s);
  EXPECT_EQ(s[0], 1);
  EXPECT_EQ(s[1], 1001);
  EXPECT_EQ(s[2], 1000);
  EXPECT_EQ(s[3], before + 1000);
  einblas_set_memory_limit(INT64_MAX);
  einblas_memory_shortage(s);
  EXPECT_EQ(s[0], 0);
  EXPECT_EQ(einblas_alloc(int64_t{1} << 50), 0);
  einblas_memory_shortage(s);
  EXPECT_TRUE(s[0] == 2 || s[0] == 3) << s[0];
  EXPECT_EQ(s[1], int64_t{1} << 50);
  EXPECT_GT(s[2], 0);
  EXPECT_LT(s[2], s[1]);
}

}  // namespace
