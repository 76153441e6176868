// Test support: a tunable number (cpp/src/runtime/tuning.hpp) at another value for the length of a scope, so that small
// tensors take the paths of large ones.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include "einblas.h"

namespace einblas_test {

class WithTunable {
 public:
  WithTunable(const char* name, int64_t value) {
    for (int32_t i = 0; i < einblas_tunables(); ++i)
      if (std::string(name) == einblas_tunable_name(i)) index_ = i;
    before_ = einblas_tunable(index_, 0);
    if (einblas_tunable_set(index_, value) != EINBLAS_OK) throw std::invalid_argument(name);
  }
  ~WithTunable() { einblas_tunable_set(index_, before_); }
  WithTunable(const WithTunable&) = delete;
  WithTunable& operator=(const WithTunable&) = delete;

 private:
  int32_t index_ = -1;
  int64_t before_ = 0;
};

}  // namespace einblas_test
