// Fuzzer: tensors of any type, by the library's own reading and writing of elements.
#pragma once
#include <complex>
#include <cstring>

#include "fuzz.hpp"

namespace einblas_fuzz {

using Number = std::complex<double>;

inline bool is_complex(int32_t type) { return type == EINBLAS_C64 || type == EINBLAS_C128; }

// Memory of a tensor of any type, to the byte.
struct Any {
  int32_t type;
  int64_t size;
  Layout layout;
  Block<char> memory;
  std::vector<char> before;

  Any(Random& random, int32_t t, Layout l)
      : type(t),
        size(einblas_dtype_size(t)),
        layout(std::move(l)),
        memory(layout.count * size, random.below(2) * size) {
    for (int64_t i = 0; i < layout.count; ++i)
      for (int part = 0; part < 2; ++part)
        einblas_poke_part(at(i), type, part, static_cast<double>(random.in(type == EINBLAS_U8 ? 0 : -3, 3)));
    for (int64_t i = 0; i < layout.count && type == EINBLAS_BOOL; ++i) memory[i] = static_cast<char>(random.below(3));
    keep();
  }
  void keep() { before = memory.copy(); }
  void restore() {
    if (!before.empty()) std::memcpy(memory.data(), before.data(), before.size());
  }
  int64_t at(int64_t element) const { return memory.address() + element * size; }
  int64_t address() const { return at(layout.first); }
  Number number(int64_t element) const {
    return {einblas_peek_part(at(element), type, 0), einblas_peek_part(at(element), type, 1)};
  }
};

// An element of a type at an address.
inline Number peek(int64_t address, int32_t type) {
  return {einblas_peek_part(address, type, 0), einblas_peek_part(address, type, 1)};
}
inline void poke(int64_t address, int32_t type, Number x) {
  einblas_poke_part(address, type, 0, x.real());
  einblas_poke_part(address, type, 1, x.imag());
}

}  // namespace einblas_fuzz
