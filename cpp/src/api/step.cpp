// Front door: the extern "C" surface. Checks handles and numbers, catches everything, returns status codes.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "einblas.h"
#include "layout/elements.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/machine.hpp"
#include "runtime/memory.hpp"
#include "runtime/openblas.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"
#include "step/kernel.hpp"

namespace einblas {
namespace {

constexpr int32_t kMaxThreads = kMostThreads;
constexpr double kBatchPieceNanos = 10000;  // some hundred times what handing out a task takes

struct Step {
  Problem problem;
  const KernelEntry* entry = nullptr;
  bool ones = false;                  // a sum of one operand, run as its product with a 1
  std::unique_ptr<KernelPlan> plan;   // null when a length is 0
  std::unique_ptr<KernelPlan> scale;  // C = beta * C, for alpha = 0 and empty sums
  std::string description;
  int64_t flops = 0, bytes = 0;
  int64_t byte_offset[4] = {0, 0, 0, 0};
};

// The same output with no operand: C = alpha * 1 + beta * C, run with alpha = 0.
Problem scaling(const Problem& p) {
  Problem s;
  s.dtype = p.dtype;
  s.outer = p.outer;
  for (Axis& a : s.outer) a.stride[0] = a.stride[1] = a.stride[2] = 0;
  return s;
}

void count(Step& s) {
  const Problem& p = s.problem;
  if (p.empty_output) return;
  const int64_t outputs = p.outer_elements();
  const int64_t sums = p.empty_sum ? 0 : p.reduced_elements();
  const int64_t work = p.operands <= 1 ? (sums > 1 ? sums : 0) : sums * p.operands - (sums == 1 ? 1 : 0);
  s.flops = outputs * work;
  int64_t elements = outputs;
  for (int t = 0; t < p.operands; ++t) {
    int64_t n = 1;
    for (const Axes* axes : {&p.outer, &p.reduced})
      for (const Axis& a : *axes)
        if (a.stride[t] != 0) n *= a.length;
    elements += n;
  }
  s.bytes = elements * size_of(p.dtype);
}

int32_t make_step(DType dtype, int operands, int axes, int outer_axes, const int64_t* lengths, const int64_t* strides,
                  const char* kernel, Step& s) {
  bool empty = false;  // an empty output may have any strides
  for (int a = 0; a < axes; ++a) {
    if (lengths[a] < 0) return EINBLAS_INVALID_ARGUMENT;
    empty |= a < outer_axes && lengths[a] == 0;
  }
  for (int a = 0; a < outer_axes; ++a)
    if (!empty && lengths[a] > 1 && strides[operands * axes + a] == 0) return EINBLAS_INVALID_ARGUMENT;
  if (kernel == nullptr || *kernel == '\0') kernel = std::getenv("EINBLAS_KERNEL");
  const bool invariant = kernel != nullptr && std::strcmp(kernel, kInvariant) == 0;
  s.problem = normalise(dtype, operands, axes, outer_axes, lengths, strides, invariant);
  const Problem& p = s.problem;
  count(s);
  s.ones = invariant && p.operands == 1 && !p.reduced.empty();
  if (s.ones) {
    s.problem.operands = 2;
    group(s.problem);
  }
  for (int t = 0; t < 4; ++t) s.byte_offset[t] = p.offset[t] * size_of(dtype);
  if (p.empty_output) {
    s.description = "nothing to do: the output is empty";
    return EINBLAS_OK;
  }
  const Problem scaled = scaling(p);
  s.scale = choose(scaled, nullptr)->make(scaled);
  if (p.empty_sum) {
    s.description = "empty sum: beta * C";
    return EINBLAS_OK;
  }
  s.entry = choose(p, kernel);
  if (s.entry == nullptr) return EINBLAS_NOT_APPLICABLE;
  s.plan = s.entry->make(p);
  s.description = s.plan->describe();
  return EINBLAS_OK;
}

template <class T>
const char* one() {
  static const T value = 1;
  return reinterpret_cast<const char*>(&value);
}

int32_t run_step(const Step& s, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta,
                 int32_t threads) {
  if (s.problem.empty_output) return EINBLAS_OK;
  if (threads <= 0) threads = process_threads();
  auto at = [&](int64_t address, int t) { return reinterpret_cast<char*>(address + s.byte_offset[t]); };
  if (s.plan == nullptr || alpha == 0) {
    if (beta == 1) return EINBLAS_OK;
    return s.scale->run({{nullptr, nullptr, nullptr}, at(c, kOut), 0.0, beta, threads});
  }
  const char* second = !s.ones ? at(x1, 1) : s.problem.dtype == DType::F32 ? one<float>() : one<double>();
  return s.plan->run({{at(x0, 0), second, at(x2, 2)}, at(c, kOut), alpha * s.problem.multiplier, beta, threads});
}

std::string kernel_names() {
  std::string names;
  const KernelList list = kernels();
  for (int i = 0; i < list.count; ++i) {
    if (i > 0) names += ' ';
    names += list.entries[i]->name;
  }
  return names;
}

const Step* step_of(int64_t handle) { return reinterpret_cast<const Step*>(handle); }

bool is_dtype(int32_t v) { return v == EINBLAS_F32 || v == EINBLAS_F64; }

}  // namespace
}  // namespace einblas

using namespace einblas;

extern "C" {

int32_t einblas_init(void) {
  int32_t status = dispatch_init();
  if (status == EINBLAS_OK) status = init_threads();
  if (status == EINBLAS_OK) {
    static std::once_flag once;
    std::call_once(once, [] {
      blas_single_threaded();
      load_tuning();
    });
  }
  return status;
}

const char* einblas_version(void) { return EINBLAS_VERSION; }
const char* einblas_isa(void) { return isa_name(); }
const char* einblas_isa_compiled(void) { return isas_compiled(); }
const char* einblas_isa_supported(void) { return isas_supported(); }
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
  if (threads < 1 || threads > kMaxThreads) return EINBLAS_INVALID_ARGUMENT;
  set_process_threads(threads);
  return EINBLAS_OK;
}
void einblas_set_processors(int32_t processors) { set_processors(processors); }
const char* einblas_threads_from(void) { return process_threads_from(); }
const char* einblas_threading(void) { return threading_name(); }
int32_t einblas_workers(void) { return pool_workers(); }

double einblas_measure_peak(int32_t dtype, int32_t threads) {
  if (!is_dtype(dtype) || threads < 1 || threads > kMaxThreads || einblas_init() != EINBLAS_OK) return 0;
  return measure_peak(static_cast<DType>(dtype), threads);
}
double einblas_measure_bandwidth(int32_t what, int64_t bytes, int32_t threads) {
  if (what < 0 || what > 3 || bytes <= 0 || threads < 1 || threads > kMaxThreads || einblas_init() != EINBLAS_OK)
    return 0;
  return measure_bandwidth(static_cast<Traffic>(what), bytes, threads);
}

int64_t einblas_alloc(int64_t bytes) { return reinterpret_cast<int64_t>(allocate(bytes)); }
void einblas_free(int64_t address, int64_t bytes) { release(reinterpret_cast<void*>(address), bytes); }
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

double einblas_peek(int64_t address, int32_t dtype) {
  switch (dtype) {
    case EINBLAS_F32:
      return static_cast<double>(*reinterpret_cast<const float*>(address));
    case EINBLAS_F64:
      return *reinterpret_cast<const double*>(address);
    default:
      return static_cast<double>(einblas_peek_integer(address, dtype));
  }
}
void einblas_poke(int64_t address, int32_t dtype, double value) {
  switch (dtype) {
    case EINBLAS_F32:
      *reinterpret_cast<float*>(address) = static_cast<float>(value);
      return;
    case EINBLAS_F64:
      *reinterpret_cast<double*>(address) = value;
      return;
    default:
      einblas_poke_integer(address, dtype, static_cast<int64_t>(value));
  }
}
int64_t einblas_peek_integer(int64_t address, int32_t dtype) {
  return dtype == EINBLAS_I32 ? *reinterpret_cast<const int32_t*>(address) : *reinterpret_cast<const int64_t*>(address);
}
void einblas_poke_integer(int64_t address, int32_t dtype, int64_t value) {
  if (dtype == EINBLAS_I32) {
    *reinterpret_cast<int32_t*>(address) = static_cast<int32_t>(value);
  } else {
    *reinterpret_cast<int64_t*>(address) = value;
  }
}
void einblas_copy(int32_t dtype, int32_t axes, const int64_t* lengths, int64_t from, const int64_t* from_strides,
                  int64_t to, const int64_t* to_strides) {
  copy_elements(dtype == EINBLAS_F32 || dtype == EINBLAS_I32 ? 4 : 8, axes, lengths,
                reinterpret_cast<const char*>(from), from_strides, reinterpret_cast<char*>(to), to_strides);
}

int32_t einblas_step_create(int32_t dtype, int32_t operands, int32_t axes, int32_t outer_axes, const int64_t* lengths,
                            const int64_t* strides, const char* kernel, int64_t* step) {
  if (!is_dtype(dtype) || operands < 0 || operands > kMaxOperands || axes < 0 || outer_axes < 0 || outer_axes > axes ||
      step == nullptr || (axes > 0 && (lengths == nullptr || strides == nullptr)))
    return EINBLAS_INVALID_ARGUMENT;
  *step = 0;
  const int32_t ready = einblas_init();
  if (ready != EINBLAS_OK) return ready;
  try {
    auto made = std::make_unique<Step>();
    const int32_t status =
        make_step(static_cast<DType>(dtype), operands, axes, outer_axes, lengths, strides, kernel, *made);
    if (status == EINBLAS_OK) *step = reinterpret_cast<int64_t>(made.release());
    return status;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (...) {
    return EINBLAS_INTERNAL;
  }
}

void einblas_step_destroy(int64_t step) { delete step_of(step); }

int32_t einblas_step_run(int64_t step, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta,
                         int32_t threads) {
  if (step == 0) return EINBLAS_INVALID_ARGUMENT;
  return run_step(*step_of(step), x0, x1, x2, c, alpha, beta, threads);
}

int32_t einblas_batch_run(int32_t steps, const int64_t* handles, const int64_t* places, int64_t sets, int32_t slots,
                          const int64_t* addresses, int64_t workspace_bytes, double alpha, double beta,
                          int32_t threads) {
  if (steps < 1 || sets < 0 || slots < 1 || workspace_bytes < 0) return EINBLAS_INVALID_ARGUMENT;
  if (threads <= 0) threads = process_threads();
  double nanos = 0;
  for (int32_t s = 0; s < steps; ++s) {
    if (handles[s] == 0) return EINBLAS_INVALID_ARGUMENT;
    const Step& step = *step_of(handles[s]);
    nanos += static_cast<double>(step.flops) / 20 + static_cast<double>(step.bytes) / 20;
  }
  // Sets by the piece: handing them out one by one costs more than a small one takes.
  const int64_t piece = std::max<int64_t>(1, static_cast<int64_t>(kBatchPieceNanos / (nanos + 20)));
  const int64_t pieces = (sets + piece - 1) / piece;
  const int workers = useful_threads(threads, pieces, nanos * static_cast<double>(sets));
  const Workspace workspace(workspace_bytes, workers);
  if (!workspace.ok()) return EINBLAS_OUT_OF_MEMORY;
  std::atomic<int32_t> status{EINBLAS_OK};
  std::mutex noted;
  Shortage short_of;
  auto run_set = [&](int64_t set, int worker) {
    const int64_t* own = addresses + set * slots;
    auto at = [&](int64_t place) -> int64_t {
      if (place == INT64_MIN) return 0;
      return place >= 0 ? own[place] : reinterpret_cast<int64_t>(workspace.of(worker)) + (-1 - place);
    };
    for (int32_t s = 0; s < steps; ++s) {
      const int64_t* p = places + 4 * s;
      const bool last = s == steps - 1;
      const int32_t got = run_step(*step_of(handles[s]), at(p[0]), at(p[1]), at(p[2]), at(p[3]), last ? alpha : 1,
                                   last ? beta : 0, workers > 1 ? 1 : threads);
      if (got != EINBLAS_OK) {
        status.store(got, std::memory_order_relaxed);
        const std::lock_guard<std::mutex> lock(noted);
        short_of = shortage();  // of this thread, for the caller's
        return;
      }
    }
  };
  parallel_tasks(pieces, workers, [&](int64_t p, int worker) {
    for (int64_t set = p * piece; set < std::min(sets, (p + 1) * piece); ++set) run_set(set, worker);
  });
  if (status.load() == EINBLAS_OUT_OF_MEMORY) shortage() = short_of;
  return status.load();
}

const char* einblas_step_kernel(int64_t step) {
  const KernelEntry* e = step_of(step)->entry;
  return e == nullptr ? "none" : e->name;
}
const char* einblas_step_description(int64_t step) { return step_of(step)->description.c_str(); }
int64_t einblas_step_flops(int64_t step) { return step_of(step)->flops; }
int64_t einblas_step_bytes(int64_t step) { return step_of(step)->bytes; }
int64_t einblas_step_workspace(int64_t step) {
  const KernelPlan* p = step_of(step)->plan.get();
  return p == nullptr ? 0 : p->workspace_bytes();
}
int64_t einblas_step_memory(int64_t step, int32_t threads) {
  const KernelPlan* p = step_of(step)->plan.get();
  if (p == nullptr) return 0;
  const int64_t part = (p->workspace_bytes() + kAlignment - 1) / kAlignment * kAlignment;
  const int64_t shared = (p->shared_bytes() + kAlignment - 1) / kAlignment * kAlignment;
  return part * threads + shared;
}
const char* einblas_kernels(void) {
  static const std::string* names = new std::string(kernel_names());
  return names->c_str();
}

}  // extern "C"
