// Dispatch: the ordered list of ISAs, best first, and the one choice per process.
#include "runtime/dispatch.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

#include "einblas.h"

namespace einblas {

extern const Bf16Dots kAvx512Bf16Dots;
extern const IntegerDots kAvx512VnniDots;
extern const KernelTable kAvx512Table, kAvx2Table, kBaseTable, kNeonTable;

namespace {

struct Isa {
  const char* name;
  const KernelTable* table;
  const Bf16Dots* bf16;  // what it adds to the table
  const IntegerDots* integers;
  bool (*supported)();
};

#if defined(__x86_64__) || defined(_M_X64)
// __builtin_cpu_supports also asks whether the system saves the registers (XSAVE state).
[[maybe_unused]] bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}
[[maybe_unused]] bool has_avx512vnni() { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
[[maybe_unused]] bool has_avx512bf16() { return has_avx512vnni() && __builtin_cpu_supports("avx512bf16"); }
[[maybe_unused]] bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
#endif
[[maybe_unused]] bool always() { return true; }

// CMakeLists.txt says which are compiled.
const Isa kIsas[] = {
#if defined(EINBLAS_HAS_avx512bf16)
    {"avx512bf16", &kAvx512Table, &kAvx512Bf16Dots, &kAvx512VnniDots, has_avx512bf16},
#endif
#if defined(EINBLAS_HAS_avx512vnni)
    {"avx512vnni", &kAvx512Table, nullptr, &kAvx512VnniDots, has_avx512vnni},
#endif
#if defined(EINBLAS_HAS_avx512)
    {"avx512", &kAvx512Table, nullptr, nullptr, has_avx512},
#endif
#if defined(EINBLAS_HAS_avx2)
    {"avx2", &kAvx2Table, nullptr, nullptr, has_avx2},
#endif
#if defined(EINBLAS_HAS_base)
    {"base", &kBaseTable, nullptr, nullptr, always},
#endif
#if defined(EINBLAS_HAS_neon)
    {"neon", &kNeonTable, nullptr, nullptr, always},
#endif
};

struct Choice {
  KernelTable table{};
  bool chosen = false;
  int32_t status = EINBLAS_OK;
  std::string compiled, supported;
};

void add(std::string& names, const char* name) {
  if (!names.empty()) names += ' ';
  names += name;
}

Choice make_choice() {
  Choice c;
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
#endif
  const char* wanted = std::getenv("EINBLAS_ISA");
  const bool forced = wanted != nullptr && *wanted != '\0';
  if (forced) c.status = EINBLAS_UNKNOWN_ISA;
  for (const Isa& isa : kIsas) {
    const bool runs = isa.supported();
    add(c.compiled, isa.name);
    if (runs) add(c.supported, isa.name);
    if (forced ? std::strcmp(wanted, isa.name) != 0 : !runs || c.chosen) continue;
    c.status = runs ? EINBLAS_OK : EINBLAS_UNSUPPORTED_ISA;
    c.chosen = runs;
    if (!runs) continue;
    c.table = *isa.table;
    c.table.name = isa.name;
    c.table.bf16 = isa.bf16;
    c.table.integers = isa.integers;
  }
  return c;
}

const Choice& choice() {
  static const Choice c = make_choice();
  return c;
}

}  // namespace

int32_t dispatch_init() noexcept { return choice().status; }
const KernelTable& kernel_table() noexcept { return choice().table; }
const char* isa_name() noexcept { return choice().chosen ? choice().table.name : nullptr; }
const char* isas_compiled() noexcept { return choice().compiled.c_str(); }
const char* isas_supported() noexcept { return choice().supported.c_str(); }

}  // namespace einblas
