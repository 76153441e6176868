// Memory: the one allocator behind tensors, intermediates and workspaces.
#pragma once
#include <cstdint>

#include "layout/arithmetic.hpp"

namespace einblas {

constexpr int64_t kAlignment = 64;

// 64-byte aligned, uninitialised; null when the machine has not that much free, or when the limit would be passed. 0
// bytes give a valid address.
void* allocate(int64_t bytes) noexcept;
void release(void* block, int64_t bytes) noexcept;

// Why this thread last got no memory.
struct Shortage {
  enum What : int32_t { None, Limit, Machine, Container, System };  // System: it refused, though it says it has as much
  int64_t needed = 0;  // bytes of the block; 0 where the C++ heap was asked
  int64_t free = 0;    // bytes that could be had then
  int64_t limit = 0;   // set_memory_limit's, the machine's or the container's bytes
  What what = None;
};
Shortage& shortage() noexcept;
// The heap of C++ or the system gave nothing; bytes 0 where nobody knows how many.
void note_shortage(int64_t bytes) noexcept;
// Whether so many bytes of the C++ heap may be asked for; if not, the shortage is noted. The system grants more than it
// has and ends the process when that is used.
bool could_have(double bytes) noexcept;

// Throws bad_alloc where a container of so many bytes could not be had. Asks from 64 MB on: asking the machine takes
// 20 us.
void need(double bytes);
// For catch (std::bad_alloc): the status, and a shortage where none was noted.
int32_t out_of_memory() noexcept;

int64_t memory_in_use() noexcept;
int64_t memory_peak() noexcept;
int64_t memory_available() noexcept;
int64_t memory_limit() noexcept;
void set_memory_limit(int64_t bytes) noexcept;
int64_t pool_bytes() noexcept;
int64_t pool_limit() noexcept;
void set_pool_limit(int64_t bytes) noexcept;
void pool_trim() noexcept;

// Memory that the Workspaces of this thread come from while it lives, as far as it reaches: a block that was had
// before, so that a call that has begun to write does not run out. Assumes: aligned; they are given back in reverse
// order.
class Reserve {
 public:
  Reserve(char* at, int64_t bytes) noexcept;
  ~Reserve();
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

 private:
  friend char* take_block(int64_t bytes) noexcept;
  friend void give_block(char* block, int64_t bytes) noexcept;
  char* const at_;
  const int64_t bytes_;
  int64_t used_ = 0;
  Reserve* const before_;
};
// A block of the thread's Reserve, else of allocate; null when there is none.
char* take_block(int64_t bytes) noexcept;
void give_block(char* block, int64_t bytes) noexcept;

// A workspace of one call, cut into equal 64-byte aligned parts, one per worker. Taken before a parallel region.
class Workspace {
 public:
  Workspace(int64_t bytes_per_worker, int workers) noexcept
      : part_(round_up(bytes_per_worker, kAlignment)),
        bytes_(part_ * workers),
        block_(bytes_ == 0 ? nullptr : take_block(bytes_)) {}
  ~Workspace() {
    if (block_ != nullptr) give_block(block_, bytes_);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  bool ok() const { return bytes_ == 0 || block_ != nullptr; }
  char* of(int worker) const { return block_ == nullptr ? nullptr : block_ + part_ * worker; }

 private:
  int64_t part_, bytes_;
  char* block_;
};

// What is so small lies on the stack of the worker and is no workspace: little more than a page, and in L1.
constexpr int64_t kStackBytes = 12 << 10;
inline int64_t beyond_stack(int64_t bytes) { return bytes <= kStackBytes ? 0 : bytes; }

// f(room) with the worker's part of a workspace of beyond_stack bytes each, or with room on the stack.
template <class F>
void with_room(const Workspace& own, int worker, const F& f) {
  if (own.of(worker) != nullptr) return f(own.of(worker));
  alignas(kAlignment) char stack[kStackBytes];
  f(static_cast<char*>(stack));
}

}  // namespace einblas
