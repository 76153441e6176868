// Memory of the system: what the machine has free, and what the limits of the process's cgroups leave of it.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace einblas {

class SystemMemory {
 public:
  // root stands for the folder / (tests give one of their own); empty for the machine's.
  explicit SystemMemory(std::string root = "");

  struct Room {
    int64_t bytes;   // that can be had
    int64_t limit;   // of the container, or the machine's memory
    bool container;  // whether a cgroup's limit leaves less than the machine has
  };
  // held: bytes that this process has taken for blocks. The system counts only those that were touched; here all count.
  Room room(int64_t held) noexcept;
  // The machine's memory, or the least limit of a cgroup.
  int64_t total() noexcept;

 private:
  // One cgroup: the process's own or one above it.
  struct Level {
    std::string limit, usage, stat;
    const char* cache;  // the line of stat that says what the kernel can drop
    int64_t before;     // least usage seen: what is used without our blocks
  };
  void add_levels(const std::string& mount, const std::string& mount_root, const std::string& group, bool v2);
  void find_cgroups();
  int64_t machine_free() const noexcept;
  int64_t limit_of(const Level& level) const noexcept;
  static int64_t usage_of(const Level& level) noexcept;

  const std::string root_;
  const int64_t physical_;
  std::mutex mutex_;
  std::vector<Level> levels_;
  int64_t most_free_;  // of the machine, seen so far
};

}  // namespace einblas
