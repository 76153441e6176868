// Bench: the workbench for kernel engineers. Runs catalogue cases without Java, beside the machine's limits measured in
// the same run, and compares with a saved earlier run.
#include <getopt.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "catalogue.hpp"
#include "einblas.h"
#include "saved.hpp"

namespace einblas_bench {
namespace {

const char* const kUsage =
    "usage: einblas_bench [options] [NAME-REGEX...]\n"
    "  -l, --list             list the cases\n"
    "  -t, --threads 1,2      thread counts (default 1 and all)\n"
    "  -d, --dtype f32,f64    element types (default both)\n"
    "  -i, --isa NAME         base, avx2, avx512, neon (default the best)\n"
    "  -k, --kernel NAME      force a kernel; cases it cannot run are left out\n"
    "  -f, --fresh            allocate the result in every run (from the pool)\n"
    "  -n, --samples N        samples per case (default 11)\n"
    "  -s, --save FILE        save the figures\n"
    "  -a, --against FILE     compare with saved figures\n"
    "  -c, --catalogue FILE   the catalogue (default the project's)\n"
    "  -v, --verbose          print each kernel's description\n";

struct Options {
  std::vector<int> threads;
  std::vector<int> dtypes{EINBLAS_F32, EINBLAS_F64};
  std::string kernel, save, against, catalogue = EINBLAS_CATALOGUE;
  std::vector<std::regex> names;
  int samples = 11;
  bool list = false, fresh = false, verbose = false;
};

double now_ns() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int number(const std::string& text, const char* what) {
  char* end = nullptr;
  const long v = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || v < 1 || v > 1024)
    throw std::runtime_error(std::string(what) + " wants a number from 1 to 1024, not '" + text + "'");
  return static_cast<int>(v);
}

int dtype(const std::string& text) {
  if (text == "f32") return EINBLAS_F32;
  if (text == "f64") return EINBLAS_F64;
  throw std::runtime_error("--dtype wants f32 or f64, not '" + text + "'");
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string s; std::getline(in, s, ',');) parts.push_back(s);
  return parts;
}

// The machine's limits, measured on first use, per thread count.
class Limits {
 public:
  double peak(int dtype, int threads) {
    double& p = peaks_[{dtype, threads}];
    if (p == 0) p = einblas_measure_peak(dtype, threads);
    return p;
  }
  // Seconds that moving so many bytes must take, at the bandwidth of the cache level that holds them.
  double seconds(int64_t read, int64_t written, int threads) {
    const double total = static_cast<double>(read + written);
    if (static_cast<double>(written) > 0.9 * total)
      return total / std::max(rate(1, read + written, threads), rate(2, read + written, threads));
    if (static_cast<double>(written) < 0.1 * total) return total / rate(0, read + written, threads);
    return total / rate(3, read + written, threads);
  }

 private:
  double rate(int what, int64_t bytes, int threads) {
    // Levels: L1, L2, L3, DRAM, as seen by each thread; a size in the middle of each.
    const int64_t per_thread = bytes / threads;
    int64_t size = int64_t{400} << 20;
    if (per_thread <= 40 << 10) {
      size = int64_t{24} * 1024 * threads;
    } else if (per_thread <= 900 << 10) {
      size = int64_t{400} * 1024 * threads;
    } else if (bytes <= 24 << 20) {
      size = int64_t{12} << 20;
    }
    double& r = rates_[{what * 1000 + threads, size}];
    if (r == 0) r = einblas_measure_bandwidth(what, size, threads);
    return r;
  }
  std::map<std::pair<int, int>, double> peaks_;
  std::map<std::pair<int, int64_t>, double> rates_;
};

class Block {
 public:
  explicit Block(int64_t bytes) : bytes_(bytes), address_(einblas_alloc(bytes)) {}
  ~Block() { einblas_free(address_, bytes_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  int64_t address() const { return address_; }

 private:
  int64_t bytes_, address_;
};

class Bench {
 public:
  Bench(const Options& options, Run before) : options_(options), before_(std::move(before)) {}

  void run(const Case& c, int dtype, int threads) {
    const int64_t size = dtype == EINBLAS_F32 ? 4 : 8;
    std::vector<std::unique_ptr<Block>> blocks;
    int64_t x[3] = {0, 0, 0};
    for (size_t t = 0; t < c.operands.size(); ++t) {
      const int64_t n = c.elements(c.operands[t]);
      blocks.push_back(std::make_unique<Block>(n * size));
      x[t] = blocks.back()->address();
      if (x[t] == 0) return skip(c, "memory is short");
      for (int64_t i = 0; i < n; ++i) einblas_poke(x[t] + i * size, dtype, static_cast<double>(i % 17) * 0.125 - 1);
    }
    const int64_t out_bytes = c.elements(c.output) * size;
    const Block out(out_bytes);
    if (out.address() == 0) return skip(c, "memory is short");
    int64_t step = 0;
    const auto lengths = c.axis_lengths(), strides = c.axis_strides();
    const int32_t status = einblas_step_create(
        dtype, static_cast<int32_t>(c.operands.size()), static_cast<int32_t>(c.axes.size()),
        static_cast<int32_t>(c.output.size()), lengths.data(), strides.data(), options_.kernel.c_str(), &step);
    if (status == EINBLAS_NOT_APPLICABLE) return skip(c, "kernel " + options_.kernel + " does not apply");
    if (status != EINBLAS_OK) return skip(c, "status " + std::to_string(status));
    auto once = [&] {
      if (!options_.fresh) return einblas_step_run(step, x[0], x[1], x[2], out.address(), 1, 0, threads);
      const Block result(out_bytes);
      return einblas_step_run(step, x[0], x[1], x[2], result.address(), 1, 0, threads);
    };
    report(c, dtype, threads, step, measure(once));
    einblas_step_destroy(step);
  }

  const Run& figures() const { return figures_; }

 private:
  void skip(const Case& c, const std::string& why) { std::printf("%-27s left out: %s\n", c.name.c_str(), why.c_str()); }

  template <class F>
  Figure measure(const F& once) const {
    constexpr double kSample = 5e6;  // ns: long against the clock, short against the scheduler
    once();
    double t = now_ns();
    once();
    const int64_t repeat = std::max<int64_t>(1, static_cast<int64_t>(kSample / std::max(now_ns() - t, 20.0)));
    std::vector<double> nanos;
    const double start = now_ns();
    for (int i = 0; i < options_.samples && (i < 5 || now_ns() - start < 4e9); ++i) {
      t = now_ns();
      for (int64_t r = 0; r < repeat; ++r) once();
      nanos.push_back((now_ns() - t) / static_cast<double>(repeat));
    }
    return figure_of(nanos);
  }

  void report(const Case& c, int dtype, int threads, int64_t step, const Figure& f) {
    const char* type = dtype == EINBLAS_F32 ? "f32" : "f64";
    const double flops = static_cast<double>(einblas_step_flops(step));
    const double bytes = static_cast<double>(einblas_step_bytes(step));
    const int64_t written = c.elements(c.output) * (dtype == EINBLAS_F32 ? 4 : 8);
    const double compute_s = flops / limits_.peak(dtype, threads);
    const double memory_s = limits_.seconds(static_cast<int64_t>(bytes) - written, written, threads);
    const bool by_flops = compute_s > memory_s;
    const double bound_ns = std::max(compute_s, memory_s) * 1e9;
    std::ostringstream key;
    key << c.name << ' ' << type << ' ' << threads << ' ' << einblas_isa() << ' ' << options_.kernel
        << (options_.fresh ? " fresh" : "");
    figures_[key.str()] = f;
    const auto old = before_.find(key.str());
    std::printf("%-27s %s %2d %-14s %12.3f us %9.2f %s %5.1f %% of %s  +-%4.1f %%  %s\n", c.name.c_str(), type, threads,
                einblas_step_kernel(step), f.median / 1e3, by_flops ? flops / f.median : bytes / f.median,
                by_flops ? "GFLOP/s" : "GB/s   ", 100 * bound_ns / f.median, by_flops ? "P" : "B",
                100 * f.spread / f.median, old == before_.end() ? "" : verdict(f, old->second).c_str());
    if (options_.verbose) std::printf("    %s\n", einblas_step_description(step));
    std::fflush(stdout);
  }

  const Options options_;
  const Run before_;
  Run figures_;
  Limits limits_;
};

Options parse(int argc, char** argv) {
  static const option longs[] = {
      {"list", 0, nullptr, 'l'},      {"threads", 1, nullptr, 't'}, {"dtype", 1, nullptr, 'd'},
      {"isa", 1, nullptr, 'i'},       {"kernel", 1, nullptr, 'k'},  {"fresh", 0, nullptr, 'f'},
      {"samples", 1, nullptr, 'n'},   {"save", 1, nullptr, 's'},    {"against", 1, nullptr, 'a'},
      {"catalogue", 1, nullptr, 'c'}, {"verbose", 0, nullptr, 'v'}, {nullptr, 0, nullptr, 0}};
  Options o;
  for (int c; (c = getopt_long(argc, argv, "lt:d:i:k:fn:s:a:c:v", longs, nullptr)) != -1;) {
    switch (c) {
      case 'l':
        o.list = true;
        break;
      case 't':
        for (const std::string& t : split(optarg)) o.threads.push_back(number(t, "--threads"));
        break;
      case 'd':
        o.dtypes.clear();
        for (const std::string& d : split(optarg)) o.dtypes.push_back(dtype(d));
        break;
      case 'i':
        setenv("EINBLAS_ISA", optarg, 1);
        break;
      case 'k':
        o.kernel = optarg;
        break;
      case 'f':
        o.fresh = true;
        break;
      case 'n':
        o.samples = number(optarg, "--samples");
        break;
      case 's':
        o.save = optarg;
        break;
      case 'a':
        o.against = optarg;
        break;
      case 'c':
        o.catalogue = optarg;
        break;
      case 'v':
        o.verbose = true;
        break;
      default:
        throw std::runtime_error(kUsage);
    }
  }
  for (int i = optind; i < argc; ++i) o.names.emplace_back(argv[i]);
  return o;
}

bool wanted(const Options& o, const Case& c) {
  if (o.names.empty()) return true;
  return std::any_of(o.names.begin(), o.names.end(),
                     [&](const std::regex& r) { return std::regex_search(c.name, r) || std::regex_match(c.group, r); });
}

int bench(int argc, char** argv) {
  Options o = parse(argc, argv);
  const std::vector<Case> cases = read_catalogue(o.catalogue);
  if (o.list) {
    for (const Case& c : cases) std::printf("%-27s %-9s %s\n", c.name.c_str(), c.group.c_str(), c.equation.c_str());
    return 0;
  }
  if (einblas_init() != EINBLAS_OK)
    throw std::runtime_error(std::string("EINBLAS_ISA names no instruction set of this machine; it has: ") +
                             einblas_isa_supported());
  if (o.threads.empty()) {
    o.threads = {1};
    if (einblas_threads() > 1) o.threads.push_back(einblas_threads());
  }
  std::ostringstream header;
  header << "einblas " << einblas_version() << ", isa " << einblas_isa() << ", OpenBLAS core " << einblas_blas_core()
         << (std::getenv("OPENBLAS_CORETYPE") != nullptr ? " (OPENBLAS_CORETYPE is set!)" : "");
  std::printf("%s\n", header.str().c_str());
  for (int t : o.threads)
    std::printf(
        "%d thread%s: P f32 %.0f, f64 %.0f GFLOP/s; B read %.0f, fill %.0f, non-temporal fill %.0f, copy %.0f GB/s\n",
        t, t == 1 ? "" : "s", einblas_measure_peak(0, t) / 1e9, einblas_measure_peak(1, t) / 1e9,
        einblas_measure_bandwidth(0, 400 << 20, t) / 1e9, einblas_measure_bandwidth(1, 400 << 20, t) / 1e9,
        einblas_measure_bandwidth(2, 400 << 20, t) / 1e9, einblas_measure_bandwidth(3, 400 << 20, t) / 1e9);
  Bench b(o, o.against.empty() ? Run() : load(o.against));
  for (const Case& c : cases) {
    if (!wanted(o, c)) continue;
    for (int type : o.dtypes)
      for (int threads : o.threads) b.run(c, type, threads);
  }
  if (!o.save.empty()) save(o.save, b.figures(), header.str());
  return 0;
}

}  // namespace
}  // namespace einblas_bench

int main(int argc, char** argv) {
  try {
    return einblas_bench::bench(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
