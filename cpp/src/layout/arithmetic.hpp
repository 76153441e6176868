// Layout: divisions that round up, by the names that all drivers use.
#pragma once
#include <cstdint>

namespace einblas {

// Blocks of so many that cover a length; the last may be shorter.
constexpr int64_t ceil_div(int64_t length, int64_t block) { return (length + block - 1) / block; }
// The least multiple of step that is not smaller.
constexpr int64_t round_up(int64_t v, int64_t step) { return ceil_div(v, step) * step; }
// Length of the parts, at most `most` long, that a length is cut into evenly: as few parts as possible, and the last no
// shorter than it must be.
constexpr int64_t even_part(int64_t length, int64_t most) { return ceil_div(length, ceil_div(length, most)); }
// The same in whole steps, one at least.
constexpr int64_t even_part(int64_t length, int64_t most, int64_t step) {
  return round_up(even_part(length, most > step ? most : step), step);
}

}  // namespace einblas
