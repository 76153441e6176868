// Front door: the extern "C" surface of maps.
#include "map/map.hpp"

#include "api/boundary.hpp"
#include "layout/walk.hpp"
#include "map/lines.hpp"

using namespace einblas;

namespace {

bool valid(int axes, const int64_t* lengths) {
  if (axes < 0 || axes > static_cast<int>(kMaxWalkAxes)) return false;
  for (int a = 0; a < axes; ++a)
    if (lengths[a] < 0) return false;
  return true;
}
bool valid_types(const int32_t* types, int count) {
  for (int t = 0; t < count; ++t)
    if (!is_dtype(types[t])) return false;
  return true;
}
bool computes(int32_t code) {
  if (!is_dtype(code)) return false;
  const DType t = static_cast<DType>(code);
  return is_computed(t) || is_complex(t);
}
// A tensor that can be read in a type.
MapTensor tensor(int32_t type, int64_t address, const int64_t* strides, bool conjugated = false) {
  return {static_cast<DType>(type), at<char>(address), strides, conjugated};
}
bool reads(const MapTensor& t, DType compute) { return convert_row(t.dtype, compute, t.conjugated) != nullptr; }
bool writes(const MapTensor& t, DType compute) {
  return convert_row(is_complex(t.dtype) ? compute : real_of(compute), t.dtype, false) != nullptr;
}

}  // namespace

extern "C" {

int32_t einblas_map(int32_t what, int32_t compute, const int32_t* types, int32_t conjugated, int32_t axes,
                    const int64_t* lengths, const int64_t* strides, int64_t x0, int64_t x1, int64_t x2, int64_t out,
                    const double* scalars, int32_t threads) {
  return guard_initialised([&]() -> int32_t {
    if (what < 0 || what >= kMaps || !computes(compute) || !valid(axes, lengths)) return EINBLAS_INVALID_ARGUMENT;
    MapCall call;
    call.what = static_cast<Map>(what);
    call.compute = static_cast<DType>(compute);
    const int operands = arity_of(call.what);
    if (!valid_types(types, operands + 1)) return EINBLAS_INVALID_ARGUMENT;
    const int64_t addresses[kMaxOperands] = {x0, x1, x2};
    for (int t = 0; t < operands && t < kMaxOperands; ++t) {
      call.x[t] = tensor(types[t], addresses[t], strides + t * axes, (conjugated >> t & 1) != 0);
      if (!reads(call.x[t], call.compute)) return EINBLAS_INVALID_ARGUMENT;
    }
    call.out = tensor(types[operands], out, strides + operands * axes);
    if (!writes(call.out, call.compute)) return EINBLAS_INVALID_ARGUMENT;
    for (int i = 0; i < 3; ++i) call.scalars[i] = scalars[i];
    call.axes = axes;
    call.lengths = lengths;
    call.threads = threads_of(threads);
    return run_map(call);
  });
}

int32_t einblas_map_reduce(int32_t what, int32_t compute, const int32_t* types, int32_t axes, int32_t outer_axes,
                           const int64_t* lengths, int64_t x, const int64_t* x_strides, int64_t out,
                           const int64_t* out_strides, int32_t threads) {
  return guard_initialised([&]() -> int32_t {
    if (what < 0 || what > static_cast<int32_t>(Reduction::LogSumExp) || !is_computed_code(compute) ||
        !valid(axes, lengths) || outer_axes < 0 || outer_axes > axes || !valid_types(types, 2))
      return EINBLAS_INVALID_ARGUMENT;
    ReduceCall call;
    call.what = static_cast<Reduction>(what);
    call.compute = static_cast<DType>(compute);
    call.axes = axes;
    call.outer = outer_axes;
    call.lengths = lengths;
    call.x = tensor(types[0], x, x_strides);
    call.out = tensor(types[1], out, out_strides);
    call.threads = threads_of(threads);
    if (!reads(call.x, call.compute) || is_complex(call.out.dtype)) return EINBLAS_INVALID_ARGUMENT;
    return run_reduction(call);
  });
}

int32_t einblas_map_rows(int32_t what, int32_t compute, const int32_t* types, int32_t conjugated, int32_t axes,
                         const int64_t* lengths, const int64_t* addresses, const int64_t* strides, double scalar,
                         int32_t threads) {
  return guard_initialised([&]() -> int32_t {
    if (what < 0 || what > static_cast<int32_t>(RowFunction::ArgLeast) || !computes(compute) || !valid(axes, lengths) ||
        axes < 1 || !valid_types(types, 5))
      return EINBLAS_INVALID_ARGUMENT;
    RowCall call;
    call.what = static_cast<RowFunction>(what);
    call.compute = static_cast<DType>(compute);
    call.scalar = scalar;
    call.axes = axes;
    call.lengths = lengths;
    for (int t = 0; t < 2; ++t)
      call.x[t] = tensor(types[t], addresses[t], strides + t * axes, (conjugated >> t & 1) != 0);
    call.weight = tensor(types[2], addresses[2], strides + 3 * axes);
    call.bias = tensor(types[3], addresses[3], strides + 3 * axes + 1);
    call.out = tensor(types[4], addresses[4], strides + 2 * axes);
    call.threads = threads_of(threads);
    for (const MapTensor* t : {&call.x[0], &call.x[1], &call.weight, &call.bias})
      if (t->at != nullptr && !reads(*t, call.compute)) return EINBLAS_INVALID_ARGUMENT;
    if (is_complex(call.compute) != is_complex(call.out.dtype)) return EINBLAS_INVALID_ARGUMENT;
    return run_rows(call);
  });
}

int32_t einblas_map_move(int32_t add, const int32_t* types, int32_t conjugated, int32_t axes, int32_t axis,
                         const int64_t* lengths, const int64_t* indices, int64_t x, const int64_t* x_strides,
                         int64_t out, const int64_t* out_strides, int32_t threads) {
  return guard_initialised([&]() -> int32_t {
    if (!valid(axes, lengths) || axis < 0 || axis >= axes || !valid_types(types, 2) ||
        (add == 0 && types[0] != types[1]))
      return EINBLAS_INVALID_ARGUMENT;
    TakeCall call;
    call.axes = axes;
    call.axis = axis;
    call.lengths = lengths;
    call.indices = indices;
    call.x = tensor(types[0], x, x_strides, (conjugated & 1) != 0);
    call.out = tensor(types[1], out, out_strides);
    call.dtype = call.x.dtype;
    call.threads = threads_of(threads);
    return add != 0 ? run_scatter_add(call) : run_take(call);
  });
}

int32_t einblas_map_close(const int32_t* types, int32_t conjugated, int32_t axes, const int64_t* lengths, int64_t a,
                          const int64_t* a_strides, int64_t b, const int64_t* b_strides, double relative,
                          double absolute, int32_t nan, int32_t* close, int32_t threads) {
  return guard_initialised([&]() -> int32_t {
    if (!valid(axes, lengths) || !valid_types(types, 2)) return EINBLAS_INVALID_ARGUMENT;
    CloseCall call;
    call.axes = axes;
    call.lengths = lengths;
    call.a = tensor(types[0], a, a_strides, (conjugated & 1) != 0);
    call.b = tensor(types[1], b, b_strides, (conjugated & 2) != 0);
    call.relative = relative;
    call.absolute = absolute;
    call.nan = nan != 0;
    call.threads = threads_of(threads);
    bool all = false;
    const int32_t status = run_close(call, &all);
    *close = all ? 1 : 0;
    return status;
  });
}

int32_t einblas_map_series(int32_t what, int32_t dtype, int64_t n, int64_t out, double first, double second,
                           int64_t seed, int32_t threads) {
  return guard_initialised([&]() -> int32_t {
    if (what < 0 || what > static_cast<int32_t>(Series::Normal) || !is_dtype(dtype)) return EINBLAS_INVALID_ARGUMENT;
    return run_series(static_cast<Series>(what), static_cast<DType>(dtype), n, at<char>(out), first, second, seed,
                      threads_of(threads));
  });
}

}  // extern "C"
