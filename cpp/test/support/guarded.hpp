// Test support: memory between two inaccessible pages, so that one element read or written too far is a crash.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "support/pages.hpp"

namespace einblas_test {

class Guarded {
 public:
  enum class At { Start, End };  // which guard page the block touches
  Guarded(int64_t bytes, At at) {
    const int64_t page = page_size();
    const int64_t body = (bytes + page - 1) / page * page;
    length_ = static_cast<size_t>(body + 2 * page);
    raw_ = static_cast<char*>(map_pages(length_));
    if (raw_ == nullptr) throw std::runtime_error("no pages");
    if (!forbid_pages(raw_, static_cast<size_t>(page)) || !forbid_pages(raw_ + page + body, static_cast<size_t>(page)))
      throw std::runtime_error("pages could not be guarded");
    data_ = at == At::Start ? raw_ + page : raw_ + page + body - bytes;
  }
  ~Guarded() { unmap_pages(raw_, length_); }
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
