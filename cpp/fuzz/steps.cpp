// Fuzzer: steps of 0 to 3 operands and batches of them, against loops over doubles.
#include "steps.hpp"

namespace einblas_fuzz {
namespace {

constexpr int64_t kMostTerms = 30000;  // products of a case: some 0.1 ms of plain loops

Shape random_shape(Random& random) {
  Shape s;
  s.operands = static_cast<int>(std::vector<int64_t>{0, 1, 1, 2, 2, 2, 2, 2, 3}[static_cast<size_t>(random.below(9))]);
  s.axes = static_cast<int>(random.in(0, 6));
  s.outer = static_cast<int>(random.in(0, s.axes));
  int64_t terms = 1;
  for (int a = 0; a < s.axes; ++a) {
    const int64_t n = random.length(random.one_in(6) ? 700 : 70);
    s.lengths.push_back(std::min(n, std::max<int64_t>(1, kMostTerms / terms)));
    terms *= std::max<int64_t>(1, s.lengths.back());
  }
  for (int t = 0; t < s.operands; ++t) {
    std::vector<bool> has;
    for (int a = 0; a < s.axes; ++a) has.push_back(!random.one_in(3));
    s.has.push_back(has);
  }
  return s;
}

const char* random_kernel(Random& random) {
  static const std::vector<const char*> names = {"permute", "product",    "reduce",       "lanes", "gemm_small",
                                                 "ttm",     "gemm_items", "openblas",     "gemm",  "dots",
                                                 "convert", "loops",      "none of these"};
  return random.one_in(2) ? random.of(names) : nullptr;
}

template <class T>
void one_step(Random& random) {
  Step<T> step(random, random_shape(random));
  const double alpha = random.factor_of<T>(), beta = random.factor_of<T>();
  if (beta == 0) step.c->fill(std::numeric_limits<T>::quiet_NaN());
  const char* kernel = random_kernel(random);
  const int32_t made = step.create(kernel);
  if (kernel != nullptr && made == EINBLAS_NOT_APPLICABLE) return;
  want_status(made, EINBLAS_OK, "einblas_step_create");
  if (einblas_step_kernel(step.handle) == nullptr || einblas_step_description(step.handle) == nullptr ||
      einblas_step_flops(step.handle) < 0 || einblas_step_bytes(step.handle) < 0 ||
      einblas_step_workspace(step.handle) > einblas_step_memory(step.handle, 1))
    fail("what a step says of itself");
  run_checked<T>(
      random, *step.c, [&](int32_t threads) { return step.run(alpha, beta, threads, random.one_in(3)); },
      "einblas_step_run");
  Expected<T> expected(*step.c);
  step.expect(expected, alpha, beta);
  try {
    expected.check();
  } catch (const Failure& f) {
    fail(einblas_step_kernel(step.handle), ", ", einblas_step_description(step.handle), ": ", f.what());
  }
  for (const auto& t : step.x) t->unchanged("an operand");
}

// Sets of tensors of one shape: a step into the workspace, then a copy out of it, or the step alone.
template <class T>
void one_batch(Random& random) {
  const Shape shape = random_shape(random);
  const uint64_t seed = static_cast<uint64_t>(random.below(1 << 30));
  const int64_t sets = random.in(0, 6);
  const bool two = random.one_in(2);
  std::vector<std::unique_ptr<Step<T>>> all;
  for (int64_t s = 0; s < std::max<int64_t>(sets, 1); ++s) {
    Random same(seed);  // the same layouts, so one step fits them all
    all.push_back(std::make_unique<Step<T>>(same, shape));
    for (auto& t : all.back()->x) {
      for (int64_t i = 0; i < t->memory.count(); ++i) t->memory[i] = random.value_of<T>();
      t->keep();
    }
  }
  Step<T>& first = *all[0];
  const double alpha = random.factor_of<T>(), beta = random.factor_of<T>();
  const Lengths out(shape.lengths.begin(), shape.lengths.begin() + shape.outer);
  // The intermediate lies in C order.
  std::vector<int64_t> dense(static_cast<size_t>(shape.outer), 1);
  int64_t elements = 1;
  for (size_t a = out.size(); a-- > 0; elements *= std::max<int64_t>(out[a], 1)) dense[a] = elements;
  std::vector<int64_t> into = first.strides, copy = dense;
  for (int a = 0; a < shape.outer; ++a)
    into[static_cast<size_t>(shape.operands * shape.axes + a)] = dense[static_cast<size_t>(a)];
  copy.insert(copy.end(), first.c->layout.strides.begin(), first.c->layout.strides.end());
  int64_t handles[2] = {0, 0};
  want_status(counted(einblas_step_create(dtype<T>(), shape.operands, shape.axes, shape.outer, shape.lengths.data(),
                                          two ? into.data() : first.strides.data(), nullptr, &handles[0])),
              EINBLAS_OK, "einblas_step_create");
  want_status(counted(einblas_step_create(dtype<T>(), 1, shape.outer, shape.outer, out.data(), copy.data(), nullptr,
                                          &handles[1])),
              EINBLAS_OK, "einblas_step_create");
  const std::unique_ptr<int64_t, void (*)(int64_t*)> destroys(handles, [](int64_t* h) {
    einblas_step_destroy(h[0]);
    einblas_step_destroy(h[1]);
  });
  std::vector<int64_t> places;
  for (int t = 0; t < 3; ++t) places.push_back(t < shape.operands ? t : INT64_MIN);
  places.push_back(two ? -1 : 3);
  for (int64_t p : {int64_t{-1}, INT64_MIN, INT64_MIN, int64_t{3}}) places.push_back(p);
  Block<int64_t> addresses(sets * 4);
  for (int64_t s = 0; s < sets; ++s) {
    const Step<T>& step = *all[static_cast<size_t>(s)];
    for (size_t t = 0; t < 3; ++t)
      addresses[4 * s + static_cast<int64_t>(t)] = t < step.x.size() ? step.x[t]->address() : 0;
    addresses[4 * s + 3] = step.c->address();
  }
  want_status(
      counted(einblas_batch_run(two ? 2 : 1, handles, places.data(), sets, 4, addresses.data(),
                                two ? elements * static_cast<int64_t>(sizeof(T)) : 0, alpha, beta, random.threads())),
      EINBLAS_OK, "einblas_batch_run");
  for (int64_t s = 0; s < sets; ++s) {
    const Step<T>& step = *all[static_cast<size_t>(s)];
    Expected<T> expected(*step.c);
    step.expect(expected, alpha, beta);
    expected.check();
    for (const auto& t : step.x) t->unchanged("an operand of a set");
  }
}

}  // namespace

void fuzz_step(Random& random) {
  static const std::vector<void (*)(Random&)> types = {one_step<float>, one_step<double>, one_step<int32_t>,
                                                       one_step<int64_t>};
  random.of(types)(random);
}
void fuzz_batch(Random& random) {
  static const std::vector<void (*)(Random&)> types = {one_batch<float>, one_batch<double>, one_batch<int32_t>,
                                                       one_batch<int64_t>};
  random.of(types)(random);
}

}  // namespace einblas_fuzz
