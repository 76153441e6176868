// Test support: memory between two inaccessible pages, so that one element read or written too far is a crash.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace einblas_test {

class Guarded {
 public:
  enum class At { Start, End };  // which guard page the block touches
  Guarded(int64_t bytes, At at) {
    const int64_t page = sysconf(_SC_PAGESIZE);
    const int64_t body = (bytes + page - 1) / page * page;
    length_ = static_cast<size_t>(body + 2 * page);
    raw_ = static_cast<char*>(mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (raw_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    mprotect(raw_, static_cast<size_t>(page), PROT_NONE);
    mprotect(raw_ + page + body, static_cast<size_t>(page), PROT_NONE);
    data_ = at == At::Start ? raw_ + page : raw_ + page + body - bytes;
  }
  ~Guarded() { munmap(raw_, length_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  char* raw_;
  char* data_;
  size_t length_;
};

}  // namespace einblas_test
