// Front door: the extern "C" surface of what is not a product: start, settings, memory, single elements.
#include <mutex>
#include <type_traits>

#include "api/boundary.hpp"
#include "layout/elements.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/machine.hpp"
#include "runtime/openblas.hpp"
#include "runtime/rows.hpp"
#include "runtime/tuning.hpp"
#include "step/convert/convert_elements.hpp"

using namespace einblas;

extern "C" {

int32_t einblas_init(void) {
  int32_t status = dispatch_init();
  if (status == EINBLAS_OK) status = init_threads();
  if (status == EINBLAS_OK) {
    static std::once_flag once;
    std::call_once(once, load_tuning);
  }
  return status;
}

const char* einblas_dtype_name(int32_t code) { return name_of(static_cast<DType>(code)); }
int32_t einblas_dtype_size(int32_t code) {
  return is_dtype(code) ? static_cast<int32_t>(size_of(static_cast<DType>(code))) : 0;
}

const char* einblas_version(void) { return EINBLAS_VERSION; }
const char* einblas_isa(void) { return isa_name(); }
const char* einblas_isa_compiled(void) { return isas_compiled(); }
const char* einblas_isa_supported(void) { return isas_supported(); }
int32_t einblas_openblas_open(const char* files, const char* version) {
  if (files == nullptr || version == nullptr) return EINBLAS_INVALID_ARGUMENT;
  return blas_open(files, version) ? EINBLAS_OK : EINBLAS_NO_OPENBLAS;
}
const char* einblas_openblas_failure(void) { return blas_failure(); }
const char* einblas_blas_config(void) { return blas_config(); }
const char* einblas_blas_core(void) { return blas_core(); }

int32_t einblas_tunables(void) { return tunable_count(); }
const char* einblas_tunable_name(int32_t index) {
  const Tunable* t = tunable_at(index);
  return t == nullptr ? nullptr : t->name();
}
const char* einblas_tunable_meaning(int32_t index) {
  const Tunable* t = tunable_at(index);
  return t == nullptr ? nullptr : t->meaning();
}
int64_t einblas_tunable(int32_t index, int32_t what) {
  const Tunable* t = tunable_at(index);
  if (t == nullptr || what < 0 || what > 3) return -1;
  return what == 0 ? int64_t{*t} : what == 1 ? t->initial() : what == 2 ? t->least() : t->most();
}
int32_t einblas_tunable_set(int32_t index, int64_t value) {
  Tunable* t = tunable_at(index);
  return t != nullptr && t->set(value) ? EINBLAS_OK : EINBLAS_INVALID_ARGUMENT;
}
const char* einblas_tuning_file(void) { return tuning_file(); }
const char* einblas_tuning_report(void) { return tuning_report(); }
const char* einblas_processor(void) { return processor_name(); }

int32_t einblas_threads(void) { return process_threads(); }
int32_t einblas_set_threads(int32_t threads) {
  if (threads < 1 || threads > kMostThreads) return EINBLAS_INVALID_ARGUMENT;
  set_process_threads(threads);
  return EINBLAS_OK;
}
void einblas_set_processors(int32_t processors) { set_processors(processors); }
const char* einblas_threads_from(void) { return process_threads_from(); }
const char* einblas_threading(void) { return threading_name(); }
int32_t einblas_workers(void) { return pool_workers(); }

double einblas_measure_peak(int32_t dtype, int32_t threads) {
  if (!is_computed_code(dtype) || threads < 1 || threads > kMostThreads || einblas_init() != EINBLAS_OK) return 0;
  return measure_peak(static_cast<DType>(dtype), threads);
}
double einblas_measure_bandwidth(int32_t what, int64_t bytes, int32_t threads) {
  if (what < 0 || what > 3 || bytes <= 0 || threads < 1 || threads > kMostThreads || einblas_init() != EINBLAS_OK)
    return 0;
  return measure_bandwidth(static_cast<Traffic>(what), bytes, threads);
}

int64_t einblas_alloc(int64_t bytes) { return reinterpret_cast<int64_t>(allocate(bytes)); }
void einblas_free(int64_t address, int64_t bytes) { release(at<void>(address), bytes); }
int64_t einblas_memory_in_use(void) { return memory_in_use(); }
int64_t einblas_memory_peak(void) { return memory_peak(); }
int64_t einblas_memory_available(void) { return memory_available(); }
int64_t einblas_memory_limit(void) { return memory_limit(); }
void einblas_set_memory_limit(int64_t bytes) { set_memory_limit(bytes); }
int64_t einblas_pool_bytes(void) { return pool_bytes(); }
int64_t einblas_pool_limit(void) { return pool_limit(); }
void einblas_set_pool_limit(int64_t bytes) { set_pool_limit(bytes); }
void einblas_pool_trim(void) { pool_trim(); }
void einblas_memory_shortage(int64_t* shortage_of_thread) {
  Shortage& s = shortage();
  shortage_of_thread[0] = s.what;
  shortage_of_thread[1] = s.needed;
  shortage_of_thread[2] = s.free;
  shortage_of_thread[3] = s.limit;
  s = {};
}

double einblas_peek(int64_t address, int32_t dtype) { return einblas_peek_part(address, dtype, 0); }
void einblas_poke(int64_t address, int32_t dtype, double value) {
  einblas_poke_part(address, dtype, 0, value);
  if (is_dtype(dtype) && is_complex(static_cast<DType>(dtype))) einblas_poke_part(address, dtype, 1, 0);
}
double einblas_peek_part(int64_t address, int32_t dtype, int32_t part) {
  if (!is_dtype(dtype)) return 0;
  return visit(static_cast<DType>(dtype), [&](auto of) -> double {
    const auto number = number_of(*at<const typename decltype(of)::Type>(address));
    if constexpr (kIsComplex<typename decltype(of)::Type>) {
      return static_cast<double>(part == 0 ? number.re : number.im);
    } else {
      return part == 0 ? static_cast<double>(number) : 0;
    }
  });
}
void einblas_poke_part(int64_t address, int32_t dtype, int32_t part, double value) {
  if (!is_dtype(dtype)) return;
  visit(static_cast<DType>(dtype), [&](auto of) {
    using T = typename decltype(of)::Type;
    if constexpr (kIsComplex<T>) {
      (part == 0 ? at<T>(address)->re : at<T>(address)->im) = static_cast<decltype(T::re)>(value);
    } else if constexpr (std::is_integral_v<T>) {
      if (part == 0) *at<T>(address) = static_cast<T>(static_cast<int64_t>(value));
    } else {
      if (part == 0) *at<T>(address) = element_of<T>(value);
    }
  });
}
int64_t einblas_peek_integer(int64_t address, int32_t dtype) {
  int64_t value = 0;
  if (is_dtype(dtype))
    visit(static_cast<DType>(dtype), [&](auto of) {
      using T = typename decltype(of)::Type;
      if constexpr (std::is_integral_v<T> || std::is_same_v<T, Bool>) {
        value = number_of(*at<const T>(address));  // NOLINT(bugprone-signed-char-misuse): an I8 is a number
      }
    });
  return value;
}
void einblas_poke_integer(int64_t address, int32_t dtype, int64_t value) {
  if (!is_dtype(dtype)) return;
  visit(static_cast<DType>(dtype), [&](auto of) {
    using T = typename decltype(of)::Type;
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Bool>) *at<T>(address) = element_of<T>(value);
  });
}
void einblas_copy(int32_t dtype, int32_t axes, const int64_t* lengths, int64_t from, const int64_t* from_strides,
                  int64_t to, const int64_t* to_strides) {
  if (!is_dtype(dtype)) return;
  copy_elements(static_cast<DType>(dtype), axes, lengths, at<const char>(from), from_strides, at<char>(to), to_strides);
}

int64_t einblas_convert(int32_t from_type, int32_t to_type, int32_t conjugated, int32_t axes, const int64_t* lengths,
                        int64_t from, const int64_t* from_strides, int64_t to, const int64_t* to_strides,
                        int32_t threads) {
  constexpr int64_t refused = -2;
  if (!is_dtype(from_type) || !is_dtype(to_type) || axes < 0) return refused;
  const ConvertSide source{static_cast<DType>(from_type), at<char>(from), from_strides};
  const ConvertSide target{static_cast<DType>(to_type), at<char>(to), to_strides};
  if (convert_row(source.dtype, target.dtype, conjugated != 0) == nullptr || einblas_init() != EINBLAS_OK)
    return refused;
  return convert_elements(source, target, conjugated != 0, axes, lengths, threads_of(threads));
}

}  // extern "C"
