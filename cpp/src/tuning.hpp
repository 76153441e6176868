// Drivers: tile and threshold overrides by environment variable, for kernel engineers.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace einblas {

// EINBLAS_<name> as a number, else the value measured for it. Ask once (a static), never per call.
inline int64_t tunable(const char* name, int64_t value) noexcept {
  char variable[64];
  std::snprintf(variable, sizeof variable, "EINBLAS_%s", name);
  const char* text = std::getenv(variable);
  if (text == nullptr) return value;
  char* end = nullptr;
  const long long v = std::strtoll(text, &end, 10);
  return end == text || *end != '\0' || v < 1 ? value : v;
}

}  // namespace einblas
