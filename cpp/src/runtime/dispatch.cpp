// Dispatch: the ordered list of ISAs, best first, and the one choice per process.
#include "runtime/dispatch.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

#include "einblas.h"

namespace einblas {

#if defined(__x86_64__) || defined(_M_X64)
extern const KernelTable kAvx512Table;
extern const KernelTable kAvx2Table;
extern const KernelTable kBaseTable;
#elif defined(__aarch64__)
extern const KernelTable kNeonTable;
#else
extern const KernelTable kBaseTable;
#endif

namespace {

struct Isa {
  const KernelTable* table;
  bool (*supported)();
};

#if defined(__x86_64__) || defined(_M_X64)
// __builtin_cpu_supports also asks whether the system saves the registers (XSAVE state).
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
bool always() { return true; }
const Isa kIsas[] = {{&kAvx512Table, has_avx512}, {&kAvx2Table, has_avx2}, {&kBaseTable, always}};
#elif defined(__aarch64__)
bool always() { return true; }
const Isa kIsas[] = {{&kNeonTable, always}};
#else
bool always() { return true; }
const Isa kIsas[] = {{&kBaseTable, always}};
#endif

struct Choice {
  const KernelTable* table = nullptr;
  int32_t status = EINBLAS_OK;
  std::string compiled, supported;
};

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
    c.compiled += (c.compiled.empty() ? "" : " ") + std::string(isa.table->name);
    if (runs) c.supported += (c.supported.empty() ? "" : " ") + std::string(isa.table->name);
    if (forced ? std::strcmp(wanted, isa.table->name) == 0 : runs && c.table == nullptr) {
      c.status = runs ? EINBLAS_OK : EINBLAS_UNSUPPORTED_ISA;
      if (runs) c.table = isa.table;
    }
  }
  return c;
}

const Choice& choice() {
  static const Choice c = make_choice();
  return c;
}

}  // namespace

int32_t dispatch_init() noexcept { return choice().status; }
const KernelTable& kernel_table() noexcept { return *choice().table; }
const char* isa_name() noexcept { return choice().table == nullptr ? nullptr : choice().table->name; }
const char* isas_compiled() noexcept { return choice().compiled.c_str(); }
const char* isas_supported() noexcept { return choice().supported.c_str(); }

}  // namespace einblas
