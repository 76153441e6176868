// Memory: 64-byte aligned blocks, huge pages for large ones, a bounded pool of freed ones.
//
// Fresh memory is the largest single cost of a contraction that allocates its result: first touch of 4 KB pages ran at
// 3-6 GB/s, with huge pages at 19-26, re-used blocks at 80+. So blocks from 2 MB up are mapped at a
// huge-page border with madvise, and freed blocks from 64 KB up are kept for the next request of their size class.
#include "runtime/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
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

#include "einblas.h"
#include "layout/arithmetic.hpp"
#include "runtime/system_memory.hpp"

namespace einblas {
namespace {

constexpr int64_t kPooledFrom = 64 << 10;  // below, malloc's own caches are as fast and glibc keeps them
constexpr int64_t kHugePage = 2 << 20;
constexpr int64_t kCheckedFrom = 32 << 20;  // taken between two questions how much the system has (20 us and more)

std::atomic<int64_t> in_use{0}, peak{0}, most_in_use{INT64_MAX};
std::atomic<int64_t> held{0};       // of the system: blocks given out and those of the pool
std::atomic<int64_t> unchecked{0};  // taken since the last question
thread_local Shortage last_shortage;
thread_local Reserve* reserved = nullptr;

// Size classes in steps of an eighth of a power of two: at most 12.5 % is lost, and nearly equal sizes share blocks.
int64_t size_class(int64_t bytes) {
  if (bytes < kPooledFrom) return bytes < kAlignment ? kAlignment : round_up(bytes, kAlignment);
  int shift = 0;
  while ((bytes >> shift) >= 16) ++shift;
  int64_t step = int64_t{1} << shift;
  if (step < 4096) step = 4096;
  return round_up(bytes, step);
}

void* map_or_malloc(int64_t bytes) {
#if defined(_WIN32)
  return _aligned_malloc(static_cast<size_t>(bytes), kAlignment);
#else
  if (bytes < kHugePage) return std::aligned_alloc(kAlignment, static_cast<size_t>(bytes));
  const size_t length = static_cast<size_t>(bytes + kHugePage);
  void* raw = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const uintptr_t start = reinterpret_cast<uintptr_t>(raw);
  const uintptr_t aligned = static_cast<uintptr_t>(round_up(static_cast<int64_t>(start), kHugePage));
  const uintptr_t end = start + length, used_end = aligned + static_cast<uintptr_t>(bytes);
  if (aligned != start) munmap(raw, aligned - start);
  const uintptr_t tail = static_cast<uintptr_t>(round_up(static_cast<int64_t>(used_end), sysconf(_SC_PAGESIZE)));
  if (tail < end) munmap(reinterpret_cast<void*>(tail), end - tail);
#if defined(MADV_HUGEPAGE)
  madvise(reinterpret_cast<void*>(aligned), static_cast<size_t>(bytes), MADV_HUGEPAGE);
#endif
  return reinterpret_cast<void*>(aligned);
#endif
}

void* system_allocate(int64_t bytes) {
  void* block = map_or_malloc(bytes);
  if (block != nullptr) held.fetch_add(bytes, std::memory_order_relaxed);
  return block;
}

void system_free(void* block, int64_t bytes) {
  held.fetch_sub(bytes, std::memory_order_relaxed);
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

// Never destroyed: Java threads may allocate and free while the process ends.
SystemMemory& machine() {
  static SystemMemory* m = new SystemMemory;
  return *m;
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
  int64_t limit_ = machine().total() / 8;  // a large result of the last call fits, and 7/8 stay with the others
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

// Whether the system has so much. It is asked once per kCheckedFrom bytes, or half of what is left: what was taken
// between two questions is then never more than what there was.
bool has_room(int64_t size) {
  static const int64_t every = std::min(kCheckedFrom, machine().total() / 16);
  if (unchecked.fetch_add(size, std::memory_order_relaxed) + size < every) return true;
  SystemMemory::Room room = machine().room(held.load(std::memory_order_relaxed));
  if (size > room.bytes && pool().bytes() > 0) {
    pool_trim();
    room = machine().room(held.load(std::memory_order_relaxed));
  }
  const int64_t left = std::max<int64_t>(0, room.bytes - size);
  unchecked.store(left < 2 * every ? every - left / 2 : 0, std::memory_order_relaxed);
  if (size <= room.bytes) return true;
  last_shortage = {size, room.bytes, room.limit, room.container ? Shortage::Container : Shortage::Machine};
  return false;
}

// A block of a size class, from the pool or the system; null when neither has it.
void* block_of(int64_t size) {
  void* block = size >= kPooledFrom ? pool().take(size) : nullptr;
  if (block != nullptr) return block;
  if (!has_room(size)) return nullptr;
  block = system_allocate(size);
  if (block != nullptr) return block;
  pool_trim();
  block = system_allocate(size);
  if (block == nullptr) note_shortage(size);
  return block;
}

}  // namespace

void* allocate(int64_t bytes) noexcept {
  if (bytes < 0 || bytes > (INT64_MAX >> 2)) {
    const SystemMemory::Room room = machine().room(held.load(std::memory_order_relaxed));
    last_shortage = {bytes, room.bytes, room.limit, room.container ? Shortage::Container : Shortage::Machine};
    return nullptr;
  }
  if (!reserve(bytes)) {
    const int64_t limit = memory_limit();
    last_shortage = {bytes, std::max<int64_t>(0, limit - memory_in_use()), limit, Shortage::Limit};
    return nullptr;
  }
  void* block = block_of(size_class(bytes));
  if (block == nullptr) {
    in_use.fetch_sub(bytes, std::memory_order_relaxed);
    last_shortage.needed = bytes;
    return nullptr;
  }
  note_peak();
  return block;
}

void note_shortage(int64_t bytes) noexcept {
  const SystemMemory::Room room = machine().room(held.load(std::memory_order_relaxed));
  last_shortage = {bytes, room.bytes, room.limit, Shortage::System};
}

bool could_have(double bytes) noexcept {
  const int64_t needed = bytes < 9e18 ? static_cast<int64_t>(bytes) : INT64_MAX;
  const int64_t limit = memory_limit(), left = std::max<int64_t>(0, limit - memory_in_use());
  if (needed > left) {
    last_shortage = {needed, left, limit, Shortage::Limit};
    return false;
  }
  const SystemMemory::Room room = machine().room(held.load(std::memory_order_relaxed));
  const int64_t free = room.bytes + pool().bytes();
  if (needed <= free) return true;
  last_shortage = {needed, free, room.limit, room.container ? Shortage::Container : Shortage::Machine};
  return false;
}

void need(double bytes) {
  constexpr double ask_from = 64 << 20;
  if (bytes > ask_from && !could_have(bytes)) throw std::bad_alloc();
}

int32_t out_of_memory() noexcept {
  if (last_shortage.what == Shortage::None) note_shortage(0);
  return EINBLAS_OUT_OF_MEMORY;
}

Shortage& shortage() noexcept { return last_shortage; }

void release(void* block, int64_t bytes) noexcept {
  if (block == nullptr) return;
  in_use.fetch_sub(bytes, std::memory_order_relaxed);
  const int64_t size = size_class(bytes);
  if (size < kPooledFrom || !pool().put(block, size)) system_free(block, size);
}

Reserve::Reserve(char* at, int64_t bytes) noexcept : at_(at), bytes_(at == nullptr ? 0 : bytes), before_(reserved) {
  reserved = this;
}
Reserve::~Reserve() { reserved = before_; }

char* take_block(int64_t bytes) noexcept {
  const int64_t whole = round_up(bytes, kAlignment);
  if (reserved == nullptr || whole > reserved->bytes_ - reserved->used_) return static_cast<char*>(allocate(bytes));
  char* const block = reserved->at_ + reserved->used_;
  reserved->used_ += whole;
  return block;
}

void give_block(char* block, int64_t bytes) noexcept {
  Reserve* const r = reserved;
  if (r == nullptr || block < r->at_ || block >= r->at_ + r->bytes_) return release(block, bytes);
  r->used_ -= round_up(bytes, kAlignment);
}

int64_t memory_in_use() noexcept { return in_use.load(std::memory_order_relaxed); }
int64_t memory_peak() noexcept { return peak.load(std::memory_order_relaxed); }
int64_t memory_available() noexcept {
  const int64_t left = memory_limit() - memory_in_use();
  const int64_t room = machine().room(held.load(std::memory_order_relaxed)).bytes;
  return std::min(room + pool().bytes(), left < 0 ? 0 : left);
}
int64_t memory_limit() noexcept { return most_in_use.load(std::memory_order_relaxed); }
void set_memory_limit(int64_t bytes) noexcept { most_in_use.store(bytes < 0 ? 0 : bytes, std::memory_order_relaxed); }
int64_t pool_bytes() noexcept { return pool().bytes(); }
int64_t pool_limit() noexcept { return pool().limit(); }
void set_pool_limit(int64_t bytes) noexcept { pool().set_limit(bytes < 0 ? 0 : bytes); }
void pool_trim() noexcept { pool().shrink_to(0); }

}  // namespace einblas
