// Bench: MKL's library by its path, so that nothing here depends on it.
#pragma once
#include <cstring>
#include <stdexcept>
#include <string>

#include "options.hpp"

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace einblas_bench {

// MKL's matrix_descr, passed by value.
struct MklDescription {
  int type, mode, diagonal;
};

class Mkl {
 public:
  // Without a path there is no MKL. Throws std::runtime_error.
  explicit Mkl(const std::string& path) {
    if (path.empty()) return;
#if defined(_WIN32)
    throw std::runtime_error("--mkl is not for Windows");
#else
    library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
#endif
  }
  bool loaded() const { return library_ != nullptr; }
  // A function by its name.
  template <class F>
  F get(const std::string& name) const {
    void* f = nullptr;
#if !defined(_WIN32)
    f = dlsym(library_, name.c_str());
#endif
    if (f == nullptr) throw std::runtime_error("MKL has no " + name);
    F typed;
    std::memcpy(&typed, &f, sizeof f);
    return typed;
  }
  void set_threads(int threads) const {
    if (loaded()) get<void (*)(int)>("MKL_Set_Num_Threads")(threads);
  }

 private:
  void* library_ = nullptr;
};

inline Option mkl_option(std::string& path) {
  return {'m', "mkl", "FILE", "libmkl_rt.so, to be measured in turns with ours",
          [&path](const std::string& v) { path = v; }};
}

}  // namespace einblas_bench
