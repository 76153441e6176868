// Memory: 64-byte aligned blocks, huge pages for large ones, a bounded pool of freed ones.
//
// Fresh memory is the largest single cost of a contraction that allocates its result: first touch of 4 KB pages ran at
// 3-6 GB/s, with huge pages at 19-26, re-used blocks at 80+ (docs/design.md). So blocks from 2 MB up are mapped at a
// huge-page border with madvise, and freed blocks from 64 KB up are kept for the next request of their size class.
#include "memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace einblas {
namespace {

constexpr int64_t kPooledFrom = 64 << 10;  // below, malloc's own caches are as fast and glibc keeps them
constexpr int64_t kHugePage = 2 << 20;
constexpr int64_t kCheckedFrom = 32 << 20;  // smaller requests do not ask the system how much is free (20 us)

std::atomic<int64_t> in_use{0}, peak{0}, most_in_use{INT64_MAX};

// Size classes in steps of an eighth of a power of two: at most 12.5 % is lost, and nearly equal sizes share blocks.
int64_t size_class(int64_t bytes) {
  if (bytes < kPooledFrom)
    return (bytes < kAlignment ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment);
  int shift = 0;
  while ((bytes >> shift) >= 16) ++shift;
  int64_t step = int64_t{1} << shift;
  if (step < 4096) step = 4096;
  return (bytes + step - 1) / step * step;
}

void* system_allocate(int64_t bytes) {
#if defined(_WIN32)
  return _aligned_malloc(static_cast<size_t>(bytes), kAlignment);
#else
  if (bytes < kHugePage) return std::aligned_alloc(kAlignment, static_cast<size_t>(bytes));
  const size_t length = static_cast<size_t>(bytes + kHugePage);
  void* raw = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const uintptr_t start = reinterpret_cast<uintptr_t>(raw);
  const uintptr_t aligned = (start + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t end = start + length, used_end = aligned + static_cast<uintptr_t>(bytes);
  if (aligned != start) munmap(raw, aligned - start);
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t tail = (used_end + page - 1) / page * page;
  if (tail < end) munmap(reinterpret_cast<void*>(tail), end - tail);
#if defined(MADV_HUGEPAGE)
  madvise(reinterpret_cast<void*>(aligned), static_cast<size_t>(bytes), MADV_HUGEPAGE);
#endif
  return reinterpret_cast<void*>(aligned);
#endif
}

void system_free(void* block, int64_t bytes) {
#if defined(_WIN32)
  (void)bytes;
  _aligned_free(block);
#else
  if (bytes < kHugePage) {
    std::free(block);
  } else {
    munmap(block, static_cast<size_t>(bytes));
  }
#endif
}

int64_t physical_memory() {
#if defined(_WIN32)
  MEMORYSTATUSEX s;
  s.dwLength = sizeof s;
  return GlobalMemoryStatusEx(&s) ? static_cast<int64_t>(s.ullTotalPhys) : int64_t{4} << 30;
#else
  const int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? pages * page : int64_t{4} << 30;
#endif
}

#if !defined(_WIN32)
// First number in a small file, or -1 (cgroup files say "max" for none).
int64_t number_in(const char* path, const char* key) {
  std::FILE* f = std::fopen(path, "re");
  if (f == nullptr) return -1;
  char line[256];
  int64_t value = -1;
  while (std::fgets(line, sizeof line, f) != nullptr) {
    const char* at = line;
    if (key != nullptr) {
      if (std::strncmp(line, key, std::strlen(key)) != 0) continue;
      at = line + std::strlen(key);
    }
    char* end = nullptr;
    const long long v = std::strtoll(at, &end, 10);
    if (end != at) value = v;
    break;
  }
  std::fclose(f);
  return value;
}
#endif

int64_t system_available() {
#if defined(_WIN32)
  MEMORYSTATUSEX s;
  s.dwLength = sizeof s;
  return GlobalMemoryStatusEx(&s) ? static_cast<int64_t>(s.ullAvailPhys) : physical_memory();
#else
  int64_t free = number_in("/proc/meminfo", "MemAvailable:");
  free = free < 0 ? physical_memory() : free * 1024;
  const int64_t limit = number_in("/sys/fs/cgroup/memory.max", nullptr);
  const int64_t used = number_in("/sys/fs/cgroup/memory.current", nullptr);
  if (limit >= 0 && used >= 0 && limit - used < free) free = limit - used > 0 ? limit - used : 0;
  return free;
#endif
}

// Freed blocks by size class. A class's newest block is handed out first: it is the likeliest to be cached.
class Pool {
 public:
  void* take(int64_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = blocks_.find(size);
    if (it == blocks_.end() || it->second.empty()) return nullptr;
    void* block = it->second.back();
    it->second.pop_back();
    bytes_ -= size;
    return block;
  }
  // False when the pool is full or switched off; the caller then frees the block.
  bool put(void* block, int64_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (size > limit_) return false;
    // Make room from the smallest classes up: many small blocks are cheaper to make anew than one large one.
    for (auto it = blocks_.begin(); bytes_ + size > limit_ && it != blocks_.end(); ++it) {
      while (!it->second.empty() && bytes_ + size > limit_) {
        system_free(it->second.back(), it->first);
        it->second.pop_back();
        bytes_ -= it->first;
      }
    }
    try {
      blocks_[size].push_back(block);
    } catch (const std::bad_alloc&) {
      return false;
    }
    bytes_ += size;
    return true;
  }
  void shrink_to(int64_t limit) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& entry : blocks_) {
      while (!entry.second.empty() && bytes_ > limit) {
        system_free(entry.second.back(), entry.first);
        entry.second.pop_back();
        bytes_ -= entry.first;
      }
    }
  }
  void set_limit(int64_t limit) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      limit_ = limit;
    }
    shrink_to(limit);
  }
  int64_t bytes() {
    std::lock_guard<std::mutex> lock(mutex_);
    return bytes_;
  }
  int64_t limit() {
    std::lock_guard<std::mutex> lock(mutex_);
    return limit_;
  }

 private:
  std::mutex mutex_;
  std::map<int64_t, std::vector<void*>> blocks_;
  int64_t bytes_ = 0;
  int64_t limit_ = physical_memory() / 8;  // a large result of the last call fits, and 7/8 stay with the others
};

// Never destroyed: Java threads may free blocks while the process ends.
Pool& pool() {
  static Pool* p = new Pool;
  return *p;
}

// Counts a block in before it is made, so that callers at the same time cannot pass the limit together.
bool reserve(int64_t bytes) {
  const int64_t now = in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (now <= most_in_use.load(std::memory_order_relaxed)) return true;
  in_use.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void note_peak() {
  const int64_t now = in_use.load(std::memory_order_relaxed);
  int64_t top = peak.load(std::memory_order_relaxed);
  while (now > top && !peak.compare_exchange_weak(top, now, std::memory_order_relaxed)) {
  }
}

// A block of a size class, from the pool or the system; null when neither has it.
void* block_of(int64_t size) {
  void* block = size >= kPooledFrom ? pool().take(size) : nullptr;
  if (block != nullptr) return block;
  if (size >= kCheckedFrom && size > system_available()) {
    pool_trim();
    if (size > system_available()) return nullptr;
  }
  block = system_allocate(size);
  if (block != nullptr) return block;
  pool_trim();
  return system_allocate(size);
}

}  // namespace

void* allocate(int64_t bytes) noexcept {
  if (bytes < 0 || bytes > (INT64_MAX >> 2)) return nullptr;
  if (!reserve(bytes)) return nullptr;
  void* block = block_of(size_class(bytes));
  if (block == nullptr) {
    in_use.fetch_sub(bytes, std::memory_order_relaxed);
    return nullptr;
  }
  note_peak();
  return block;
}

void release(void* block, int64_t bytes) noexcept {
  if (block == nullptr) return;
  in_use.fetch_sub(bytes, std::memory_order_relaxed);
  const int64_t size = size_class(bytes);
  if (size < kPooledFrom || !pool().put(block, size)) system_free(block, size);
}

int64_t memory_in_use() noexcept { return in_use.load(std::memory_order_relaxed); }
int64_t memory_peak() noexcept { return peak.load(std::memory_order_relaxed); }
int64_t memory_available() noexcept {
  const int64_t left = memory_limit() - memory_in_use();
  return std::min(system_available() + pool().bytes(), left < 0 ? 0 : left);
}
int64_t memory_limit() noexcept { return most_in_use.load(std::memory_order_relaxed); }
void set_memory_limit(int64_t bytes) noexcept { most_in_use.store(bytes < 0 ? 0 : bytes, std::memory_order_relaxed); }
int64_t pool_bytes() noexcept { return pool().bytes(); }
int64_t pool_limit() noexcept { return pool().limit(); }
void set_pool_limit(int64_t bytes) noexcept { pool().set_limit(bytes < 0 ? 0 : bytes); }
void pool_trim() noexcept { pool().shrink_to(0); }

}  // namespace einblas
