// Fuzzer: layouts, tunables, and the loop over seeds.
//
//   einblas_fuzz                      the seeds that the build runs
//   EINBLAS_FUZZ_SECONDS=600          for so long, from the seed of the clock on
//   EINBLAS_FUZZ_SEED=17              that seed alone; with EINBLAS_FUZZ_SECONDS from it on
//   EINBLAS_FUZZ_CASES=100000         so many seeds, from 1 on
//   EINBLAS_FUZZ_PART=csr             the parts whose names begin so
// A failure prints one line that repeats it, also when a sanitizer or a signal ends the process.
#include "fuzz.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <numeric>

#include "support/openblas.hpp"

namespace einblas_fuzz {

int64_t calls = 0;

void place(Layout& l) {
  int64_t low = 0, high = 0;
  bool empty = false;
  for (size_t a = 0; a < l.lengths.size(); ++a) {
    if (l.lengths[a] == 0) empty = true;
    const int64_t reach = (l.lengths[a] - 1) * l.strides[a];
    (reach < 0 ? low : high) += reach;
  }
  l.first = empty ? 0 : -low;
  l.count = empty ? 0 : high - low + 1;
}

Layout random_layout(Random& random, const Lengths& lengths, bool unique) {
  Layout l;
  l.lengths = lengths;
  l.strides.assign(lengths.size(), 0);
  std::vector<size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (random.one_in(2))
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random.below(static_cast<int64_t>(i)))]);
  const int64_t gaps = random.one_in(3) ? 3 : 0;
  int64_t stride = random.one_in(6) ? random.in(2, 3) : 1;
  for (size_t i = order.size(); i-- > 0;) {
    const size_t a = order[i];
    l.strides[a] = random.one_in(8) ? -stride : stride;
    if (!unique && random.one_in(10)) {
      l.strides[a] = random.in(-2, 2);  // stands still, or overlaps
      continue;
    }
    stride = stride * std::max<int64_t>(lengths[a], 1) + random.in(0, gaps);
  }
  place(l);
  return l;
}

Tuned::Tuned(Random& random) {
  if (!random.one_in(3)) return;
  for (int64_t n = random.in(1, 4); n > 0; --n) {
    const int32_t i = static_cast<int32_t>(random.below(einblas_tunables()));
    const double low = static_cast<double>(einblas_tunable(i, 2)), high = static_cast<double>(einblas_tunable(i, 3));
    // Evenly over the orders of magnitude.
    const double at = std::exp(std::log(low + 1) + (random.unit() + 1) / 2 * (std::log(high + 1) - std::log(low + 1)));
    before_.push_back({i, einblas_tunable(i, 0)});
    einblas_tunable_set(i, static_cast<int64_t>(std::clamp(at - 1, low, high)));
  }
}
Tuned::~Tuned() {
  for (size_t i = before_.size(); i-- > 0;) einblas_tunable_set(before_[i].first, before_[i].second);
}

namespace {

struct Part {
  const char* name;
  int weight;
  void (*run)(Random&);
};
const Part kParts[] = {{"step", 10, fuzz_step},
                       {"batch", 2, fuzz_batch},
                       {"blocks", 3, fuzz_blocks},
                       {"bsr", 4, fuzz_bsr},
                       {"csr", 4, fuzz_csr},
                       {"kron", 3, fuzz_kron},
                       {"lapack", 1, fuzz_lapack},
                       {"elements", 1, fuzz_elements},
                       {"refusals", 1, fuzz_refusals},
                       {"types", 6, fuzz_types},
                       {"maps", 6, fuzz_maps},
                       {"sparse_types", 4, fuzz_sparse_types},
                       {"invariant_f32", 1, fuzz_invariant<float>},
                       {"invariant_f64", 1, fuzz_invariant<double>},
                       {"invariant_blocks_f32", 1, fuzz_invariant_blocks<float>},
                       {"invariant_blocks_f64", 1, fuzz_invariant_blocks<double>}};

// The line that repeats the case in work, ready to be written by a signal's handler.
char repeat_line[512];
const char* program = "einblas_fuzz";

void note(uint64_t seed, const Part& part) {
  std::snprintf(repeat_line, sizeof repeat_line,
                "\nREPEAT: EINBLAS_ISA=%s EINBLAS_FUZZ_PART=%s EINBLAS_FUZZ_SEED=%llu %s\n", einblas_isa(), part.name,
                static_cast<unsigned long long>(seed), program);
}
void tell() {
  if (write(1, repeat_line, std::strlen(repeat_line)) < 0) return;
}
void on_signal(int signal) {
  tell();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// One of the parts whose names begin so; one number is drawn in any case, so that a case is the same with its part
// named.
const Part* part_of(Random& random, const char* only) {
  const auto asked = [&](const Part& p) {
    return only == nullptr || std::strncmp(p.name, only, std::strlen(only)) == 0;
  };
  int64_t all = 0;
  for (const Part& p : kParts) all += asked(p) ? p.weight : 0;
  int64_t at = random.below(std::max<int64_t>(all, 1));
  for (const Part& p : kParts)
    if (asked(p) && (at -= p.weight) < 0) return &p;
  return nullptr;
}

bool run_case(uint64_t seed, const char* only) {
  Random random(seed);
  const Part* part = part_of(random, only);
  note(seed, *part);
  try {
    Tuned tuned(random);
    const int64_t in_use = einblas_memory_in_use();
    part->run(random);
    if (einblas_memory_in_use() != in_use) fail("memory in use is ", einblas_memory_in_use(), ", was ", in_use);
    return true;
  } catch (const std::exception& e) {
    std::printf("FAILED: %s", e.what());
    std::fflush(stdout);
    tell();
    return false;
  }
}

int64_t setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

constexpr int64_t kUsualCases = 800;

int run_all() {
  using Clock = std::chrono::steady_clock;
  const char* only = std::getenv("EINBLAS_FUZZ_PART");
  const int64_t seconds = setting("EINBLAS_FUZZ_SECONDS", 0), one = setting("EINBLAS_FUZZ_SEED", -1);
  const uint64_t first = one >= 0 ? static_cast<uint64_t>(one)
                         : seconds > 0
                             ? static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())
                             : 1;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  Random any(0);
  if (part_of(any, only) == nullptr) {
    std::printf("no part's name begins with %s\n", only);
    return 1;
  }
  const int64_t many = setting("EINBLAS_FUZZ_CASES", one >= 0 ? 1 : kUsualCases);
  int64_t cases = 0, failures = 0;
  const auto more = [&] {
    if (seconds > 0) return Clock::now() < end;
    return cases < many;
  };
  for (; more() && failures < 10; ++cases)
    if (!run_case(first + static_cast<uint64_t>(cases), only)) ++failures;
  std::printf("isa %s: %lld cases from seed %llu, %lld calls of the library, %lld failures\n", einblas_isa(),
              static_cast<long long>(cases), static_cast<unsigned long long>(first), static_cast<long long>(calls),
              static_cast<long long>(failures));
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace einblas_fuzz

// Called by the sanitizers before they end the process.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

int main(int, char** argv) {
  using namespace einblas_fuzz;
  program = argv[0];
  const int32_t status = einblas_init();
  if (status == EINBLAS_UNSUPPORTED_ISA) return 77;
  if (status != EINBLAS_OK) {
    std::printf("einblas_init: status %d\n", status);
    return 1;
  }
  if (einblas_test::open_openblas() != EINBLAS_OK) {
    std::printf("OpenBLAS: %s\n", einblas_openblas_failure());
    return 1;
  }
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(tell);
  } else {
    for (int signal : {SIGSEGV, SIGFPE, SIGABRT, SIGILL}) std::signal(signal, on_signal);
  }
  return run_all();
}
