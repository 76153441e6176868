// Front door: the extern "C" surface of steps and of batches of them.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "api/boundary.hpp"
#include "layout/arithmetic.hpp"
#include "map/map.hpp"
#include "runtime/speed.hpp"
#include "step/kernel.hpp"
#include "step/whole.hpp"

namespace einblas {
namespace {

constexpr double kBatchPieceNanos = 10000;  // some hundred times what handing out a task takes

// An epilogue in a pass of its own over the output: where nothing is summed, and where no kernel finishes its sums.
struct Finish {
  std::vector<int64_t> lengths, out, bias;  // of the outer axes as the caller has them
  DType bias_type = DType::F32;
  bool always = false;  // the plan does not do it
};

struct Step {
  Problem problem;
  Finish finish;
  const KernelEntry* entry = nullptr;
  bool ones = false;                  // a sum of one operand, run as its product with a 1
  std::unique_ptr<KernelPlan> plan;   // null when a length is 0
  std::unique_ptr<KernelPlan> scale;  // C = beta * C, for alpha = 0 and empty sums
  std::string description;
  int64_t flops = 0, bytes = 0;
  int64_t byte_offset[4] = {0, 0, 0, 0};
};

// The same output with no operand: C = alpha * 1 + beta * C, run with alpha = 0. Complex numbers are pairs of reals
// then.
Problem scaling(const Problem& p) {
  Problem s;
  const DType type = p.type(kOut);
  s.dtype = compute_of(type);
  s.outer = p.outer;
  for (Axis& a : s.outer) a.stride[0] = a.stride[1] = a.stride[2] = 0;
  if (is_complex(type)) {
    s.dtype = real_of(type);
    for (Axis& a : s.outer) a.stride[kOut] *= 2;
    s.outer.push_back({2, {0, 0, 0, 1}});
  } else if (s.dtype != type) {
    s.mixed = true;
    s.held[kOut] = type;
  }
  return s;
}

// What the tensors hold. A step takes operands whose type goes into the one in which sums are added up, and an output
// of that kind.
struct Types {
  const int32_t* codes;  // of each operand, of the output, in which sums are added up
  int32_t conjugated;
  int operands;

  DType of(int t) const { return static_cast<DType>(codes[t == kOut ? operands : t]); }
  DType sums() const { return static_cast<DType>(codes[operands + 1]); }
  bool allowed() const {
    for (int i = 0; i < operands + 2; ++i)
      if (!is_dtype(codes[i])) return false;
    if (compute_of(sums()) != sums()) return false;
    for (int t = 0; t < operands; ++t)
      if (!goes_into(of(t), sums())) return false;
    return rounds_into(sums(), of(kOut));
  }
  void put(Problem& p) const {
    p.held[kOut] = of(kOut);
    p.mixed = of(kOut) != sums();
    for (int t = 0; t < operands; ++t) {
      p.held[t] = of(t);
      if (is_complex(of(t))) p.conjugated |= conjugated & 1 << t;
      p.mixed = p.mixed || of(t) != sums();
    }
    p.mixed = p.mixed || p.conjugated != 0;
    for (int t = operands; t < kMaxOperands; ++t) p.held[t] = sums();
  }
};

void count(Step& s) {
  const Problem& p = s.problem;
  if (p.empty_output) return;
  const int64_t outputs = p.outer_elements();
  const int64_t sums = p.empty_sum ? 0 : p.reduced_elements();
  // On real numbers: a product of two complex ones has 6, of a complex and a real one 2, a sum of two 2.
  int64_t product = 0;
  bool complex = false;
  for (int t = 0; t < p.operands; ++t) {
    const bool other = is_complex(p.type(t));
    product += t == 0 ? 0 : complex && other ? 6 : complex || other ? 2 : 1;
    complex |= other;
  }
  s.flops = outputs * (sums * product + (sums > 1 ? sums * (complex ? 2 : 1) : 0));
  s.bytes = outputs * size_of(p.type(kOut));
  for (int t = 0; t < p.operands; ++t) {
    int64_t n = size_of(p.type(t));
    for (const Axes* axes : {&p.outer, &p.reduced})
      for (const Axis& a : *axes)
        if (a.stride[t] != 0) n *= a.length;
    s.bytes += n;
  }
}

// The plan of a step: of its epilogue too, unless a kernel is forced or none can.
Choice plan_of(Step& s, const char* kernel, int64_t bytes) {
  if (!s.problem.epilogue.wanted) return choose(s.problem, kernel, bytes);
  if (kernel == nullptr || *kernel == '\0') {
    Problem p = s.problem;
    p.mixed = true;
    p.held[kBias] = s.finish.bias_type;
    Choice c = choose(p, nullptr, bytes);
    if (c.plan != nullptr) return c;
  }
  s.finish.always = true;
  Problem p = s.problem;
  p.epilogue = {};
  return choose(p, kernel, bytes);
}

int32_t make_step(const Types& types, int axes, int outer_axes, const int64_t* lengths, const int64_t* strides,
                  const int64_t* bias, const char* kernel, int64_t bytes, Step& s) {
  const int operands = types.operands;
  bool empty = false;  // an empty output may have any strides
  for (int a = 0; a < axes; ++a) {
    if (lengths[a] < 0) return EINBLAS_INVALID_ARGUMENT;
    empty |= a < outer_axes && lengths[a] == 0;
  }
  for (int a = 0; a < outer_axes; ++a)
    if (!empty && lengths[a] > 1 && strides[operands * axes + a] == 0) return EINBLAS_INVALID_ARGUMENT;
  if (kernel == nullptr || *kernel == '\0') kernel = std::getenv("EINBLAS_KERNEL");
  const bool invariant = kernel != nullptr && std::strcmp(kernel, kInvariant) == 0;
  const Epilogue epilogue = s.problem.epilogue;
  s.problem = normalise(types.sums(), operands, axes, outer_axes, lengths, strides, invariant, bias);
  s.problem.epilogue = epilogue;
  types.put(s.problem);
  if (epilogue.wanted) {
    s.finish.lengths.assign(lengths, lengths + outer_axes);
    s.finish.out.assign(strides + operands * axes, strides + operands * axes + outer_axes);
    if (bias != nullptr) s.finish.bias.assign(bias, bias + outer_axes);
  }
  const Problem& p = s.problem;
  count(s);
  s.ones = invariant && p.operands == 1 && !p.reduced.empty() && p.plain();
  if (s.ones) {
    s.problem.operands = 2;
    group(s.problem);
  }
  for (int t = 0; t < 4; ++t) s.byte_offset[t] = p.offset[t] * size_of(p.type(t));
  if (bias != nullptr) s.byte_offset[kBias] = p.offset[kBias] * size_of(s.finish.bias_type);
  if (p.empty_output) {
    s.description = "nothing to do: the output is empty";
    return EINBLAS_OK;
  }
  const Problem scaled = scaling(p);
  s.scale = choose(scaled, nullptr).plan;
  if (p.empty_sum) {
    s.description = "empty sum: beta * C";
    return EINBLAS_OK;
  }
  Choice chosen = plan_of(s, kernel, bytes);
  if (chosen.entry == nullptr) return EINBLAS_NOT_APPLICABLE;
  s.entry = chosen.entry;
  s.plan = std::move(chosen.plan);
  s.description = s.plan->describe();
  return EINBLAS_OK;
}

const char* one(DType dtype) {
  return visit_computed(dtype, [](auto of) {
    static const typename decltype(of)::Type value = 1;
    return reinterpret_cast<const char*>(&value);
  });
}

struct Packed {
  int64_t at[2] = {0, 0};  // addresses of copies that pack wrote; 0 for none
};

// Whether alpha or beta can be a factor of the step: whole for integers, 0 or 1 for truth values.
bool is_factor(const Problem& p, double x) {
  if (p.type(kOut) == DType::BOOL) return x == 0 || x == 1;
  return !is_integer(p.dtype) || is_whole(x);
}

// C = activation(C + bias). Addresses are the caller's.
int32_t finish(const Step& s, int64_t bias, int64_t c, int threads) {
  const Epilogue& e = s.problem.epilogue;
  const DType held = s.problem.type(kOut);
  MapCall call;
  call.compute = s.problem.dtype;
  call.axes = static_cast<int>(s.finish.lengths.size());
  call.lengths = s.finish.lengths.data();
  call.out = call.x[0] = {held, at<char>(c), s.finish.out.data()};
  call.threads = threads;
  return guard([&] {
    int32_t status = EINBLAS_OK;
    if (e.bias) {
      call.what = Map::Add;
      call.x[1] = {s.finish.bias_type, at<char>(bias), s.finish.bias.data()};
      status = run_map(call);
    }
    call.what = e.activation;
    return status != EINBLAS_OK || e.activation == Map::Copy ? status : run_map(call);
  });
}

int32_t run_step(const Step& s, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta,
                 int32_t threads, const Packed& packed = {}) {
  const bool whole = is_integer(s.problem.dtype);
  if (!is_factor(s.problem, alpha) || !is_factor(s.problem, beta)) return EINBLAS_INVALID_ARGUMENT;
  if (s.problem.empty_output) return EINBLAS_OK;
  threads = threads_of(threads);
  auto place = [&](int64_t address, int t) { return reinterpret_cast<char*>(address + s.byte_offset[t]); };
  if (s.plan == nullptr || alpha == 0) {
    const Call call{{nullptr, nullptr, nullptr}, place(c, kOut), 0.0, beta, threads};
    const int32_t status = beta == 1 ? EINBLAS_OK : s.scale->run(call);
    return status == EINBLAS_OK && s.problem.epilogue.wanted ? finish(s, x2, c, threads) : status;
  }
  const char* second = !s.ones ? place(x1, 1) : one(s.problem.dtype);
  Call call{{place(x0, 0), second, place(x2, 2)},
            place(c, kOut),
            whole ? alpha : alpha * s.problem.multiplier,
            beta,
            threads};
  for (int t = 0; t < 2; ++t) call.packed[t] = reinterpret_cast<const char*>(packed.at[t]);
  const int32_t status = whole ? run_whole(*s.plan, call, s.problem.times) : s.plan->run(call);
  return status == EINBLAS_OK && s.finish.always ? finish(s, x2, c, threads) : status;
}

// What may become of a sum.
bool is_activation(Map what) {
  return what == Map::Copy || what == Map::Tanh || what == Map::Sigmoid || what == Map::Relu || what == Map::Gelu;
}

// Bytes of a packed copy of an operand, unless it would be much larger than the operand itself.
int64_t packed_bytes(const Step& s, int32_t operand) {
  constexpr int64_t most = 4;  // times as large: short rows fill a small part of a vector
  const Problem& p = s.problem;
  if (s.plan == nullptr || s.ones || operand < 0 || operand > 1 || operand >= p.operands) return 0;
  int64_t own = size_of(p.type(operand));
  for (const Axes* axes : {&p.outer, &p.reduced})
    for (const Axis& a : *axes)
      if (a.stride[operand] != 0) own *= a.length;
  const int64_t bytes = s.plan->packed_bytes(operand);
  return bytes <= most * own ? bytes : 0;
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

}  // namespace
}  // namespace einblas

using namespace einblas;

extern "C" {

int32_t einblas_step_create(int32_t dtype, int32_t operands, int32_t axes, int32_t outer_axes, const int64_t* lengths,
                            const int64_t* strides, const char* kernel, int64_t* step) {
  const int32_t types[] = {dtype, dtype, dtype, dtype, dtype};
  return einblas_step_create_typed(types, 0, operands, axes, outer_axes, lengths, strides, kernel, INT64_MAX, step);
}

int32_t einblas_step_create_typed(const int32_t* types, int32_t conjugated, int32_t operands, int32_t axes,
                                  int32_t outer_axes, const int64_t* lengths, const int64_t* strides,
                                  const char* kernel, int64_t bytes, int64_t* step) {
  if (types == nullptr || operands < 0 || operands > kMaxOperands || axes < 0 || outer_axes < 0 || outer_axes > axes ||
      bytes < 0 || step == nullptr || (axes > 0 && (lengths == nullptr || strides == nullptr)))
    return EINBLAS_INVALID_ARGUMENT;
  const Types held{types, conjugated, operands};
  if (!held.allowed()) return EINBLAS_INVALID_ARGUMENT;
  *step = 0;
  return guard_initialised([&] {
    auto made = std::make_unique<Step>();
    const int32_t status = make_step(held, axes, outer_axes, lengths, strides, nullptr, kernel, bytes, *made);
    if (status == EINBLAS_OK) *step = handle_of(std::move(made));
    return status;
  });
}

int32_t einblas_step_create_finished(const int32_t* types, int32_t conjugated, int32_t operands, int32_t axes,
                                     int32_t outer_axes, const int64_t* lengths, const int64_t* strides,
                                     int32_t bias_type, const int64_t* bias, int32_t activation, int64_t bytes,
                                     int64_t* step) {
  if (types == nullptr || operands < 0 || operands > kBias || axes < 0 || outer_axes < 0 || outer_axes > axes ||
      bytes < 0 || step == nullptr || (axes > 0 && (lengths == nullptr || strides == nullptr)))
    return EINBLAS_INVALID_ARGUMENT;
  const Types held{types, conjugated, operands};
  const auto what = static_cast<Map>(activation);
  if (!held.allowed() || !is_real(held.of(kOut)) || !is_activation(what)) return EINBLAS_INVALID_ARGUMENT;
  if (bias != nullptr && (!is_dtype(bias_type) || !goes_into(static_cast<DType>(bias_type), held.sums())))
    return EINBLAS_INVALID_ARGUMENT;
  *step = 0;
  return guard_initialised([&] {
    auto made = std::make_unique<Step>();
    made->problem.epilogue = {bias != nullptr || what != Map::Copy, bias != nullptr, what};
    if (bias != nullptr) made->finish.bias_type = static_cast<DType>(bias_type);
    const int32_t status = make_step(held, axes, outer_axes, lengths, strides, bias, nullptr, bytes, *made);
    if (status == EINBLAS_OK) *step = handle_of(std::move(made));
    return status;
  });
}

void einblas_step_destroy(int64_t step) { delete step_of(step); }

int32_t einblas_step_run(int64_t step, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha, double beta,
                         int32_t threads) {
  if (step == 0) return EINBLAS_INVALID_ARGUMENT;
  return run_step(*step_of(step), x0, x1, x2, c, alpha, beta, threads);
}

int64_t einblas_step_packed_bytes(int64_t step, int32_t operand) {
  return step == 0 ? 0 : packed_bytes(*step_of(step), operand);
}

int32_t einblas_step_pack(int64_t step, int32_t operand, int64_t x, int64_t packed, int32_t threads) {
  if (step == 0) return EINBLAS_INVALID_ARGUMENT;
  const Step& s = *step_of(step);
  if (packed_bytes(s, operand) == 0) return EINBLAS_NOT_APPLICABLE;
  if (x == 0 || packed == 0 || packed % kAlignment != 0) return EINBLAS_INVALID_ARGUMENT;
  return s.plan->pack(operand, reinterpret_cast<const char*>(x + s.byte_offset[operand]),
                      reinterpret_cast<char*>(packed), threads_of(threads));
}

int32_t einblas_step_run_packed(int64_t step, int64_t x0, int64_t x1, int64_t x2, int64_t c, int64_t packed0,
                                int64_t packed1, double alpha, double beta, int32_t threads) {
  if (step == 0) return EINBLAS_INVALID_ARGUMENT;
  return run_step(*step_of(step), x0, x1, x2, c, alpha, beta, threads, {{packed0, packed1}});
}

int32_t einblas_batch_run(int32_t steps, const int64_t* handles, const int64_t* places, int64_t sets, int32_t slots,
                          const int64_t* addresses, int64_t workspace_bytes, double alpha, double beta,
                          int32_t threads) {
  if (steps < 1 || sets < 0 || slots < 1 || workspace_bytes < 0) return EINBLAS_INVALID_ARGUMENT;
  threads = threads_of(threads);
  double nanos = 0;
  for (int32_t s = 0; s < steps; ++s) {
    if (handles[s] == 0) return EINBLAS_INVALID_ARGUMENT;
    const Step& step = *step_of(handles[s]);
    nanos += (static_cast<double>(step.flops) + static_cast<double>(step.bytes)) / speed::kStepWork;
  }
  // Sets by the piece: handing them out one by one costs more than a small one takes.
  const int64_t piece = std::max<int64_t>(1, static_cast<int64_t>(kBatchPieceNanos / (nanos + 20)));
  const int64_t pieces = ceil_div(sets, piece);
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
  return memory_of(*p, threads);
}
const char* einblas_kernels(void) {
  static const std::string* names = new std::string(kernel_names());
  return names->c_str();
}

}  // extern "C"
