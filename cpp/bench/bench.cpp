// Bench: the workbench for kernel engineers. Runs catalogue cases without Java, beside the machine's limits measured in
// the same run, and compares with a saved earlier run.
#include <getopt.h>

#include <algorithm>
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

#include "block_case.hpp"
#include "busy.hpp"
#include "catalogue.hpp"
#include "einblas.h"
#include "measuring.hpp"
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
    "  -b, --busy 1,2,4       beside so many busy processes: single calls on one thread and on all by the pool and by\n"
    "                         OpenMP, in turns; 0 is a quiet machine\n"
    "  -w, --seconds S        with --busy: seconds for each way of running a case (default 1.2)\n"
    "  -c, --catalogue FILE   the catalogue (default the project's)\n"
    "  -v, --verbose          print each kernel's description\n";

struct Options {
  std::vector<int> threads, busy;
  std::vector<int> dtypes{EINBLAS_F32, EINBLAS_F64};
  std::string kernel, save, against, catalogue = EINBLAS_CATALOGUE;
  std::vector<std::regex> names;
  int samples = 11;
  double seconds = 1.2;
  bool list = false, fresh = false, verbose = false;
};

int number(const std::string& text, const char* what, int least = 1) {
  char* end = nullptr;
  const long v = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || v < least || v > 1024)
    throw std::runtime_error(std::string(what) + " wants a number from " + std::to_string(least) + " to 1024, not '" +
                             text + "'");
  return static_cast<int>(v);
}

double positive(const std::string& text, const char* what) {
  char* end = nullptr;
  const double v = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(v > 0 && v < 1e6))
    throw std::runtime_error(std::string(what) + " wants a number above 0, not '" + text + "'");
  return v;
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

class Bench {
 public:
  Bench(const Options& options, Run before) : options_(options), before_(std::move(before)) {}

  void run(const Case& c, int dtype, int threads) {
    with_step(c, dtype, [&](int64_t step, const auto& once, const Work& work) {
      report(c.name, dtype, threads, einblas_step_kernel(step), work,
             measure(options_.samples, [&] { return once(threads); }));
      if (options_.verbose) std::printf("    %s\n", einblas_step_description(step));
    });
  }

  void run_busy(const Case& c, int dtype, int neighbours) {
    with_step(c, dtype, [&](int64_t, const auto& once, const Work&) {
      busy_.add(c.name, dtype == EINBLAS_F32 ? "f32" : "f64", neighbours,
                time_in_turns(options_.seconds, [&](int threads) { once(threads); }));
    });
  }

  void run(const BlockCase& c, int dtype, int threads) {
    const BlockRun run(c, dtype);
    report(c.name, dtype, threads, "block", {run.flops(), run.bytes_read(), run.bytes_written()},
           measure(options_.samples, [&] { return run.once(threads); }));
  }

  void run_busy(const BlockCase& c, int dtype, int neighbours) {
    const BlockRun run(c, dtype);
    busy_.add(c.name, dtype == EINBLAS_F32 ? "f32" : "f64", neighbours,
              time_in_turns(options_.seconds, [&](int threads) { run.once(threads); }));
  }

  const Run& figures() const { return figures_; }
  const BusyReport& busy() const { return busy_; }

 private:
  void skip(const Case& c, const std::string& why) { std::printf("%-27s left out: %s\n", c.name.c_str(), why.c_str()); }

  struct Work {
    double flops;
    int64_t read, written;  // bytes, each tensor once
  };

  // f(step, once, work) with the case's operands filled; once(threads) runs it.
  template <class F>
  void with_step(const Case& c, int dtype, const F& f) {
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
    auto once = [&](int threads) {
      if (!options_.fresh) return einblas_step_run(step, x[0], x[1], x[2], out.address(), 1, 0, threads);
      const Block result(out_bytes);
      return einblas_step_run(step, x[0], x[1], x[2], result.address(), 1, 0, threads);
    };
    f(step, once, Work{static_cast<double>(einblas_step_flops(step)), einblas_step_bytes(step) - out_bytes, out_bytes});
    einblas_step_destroy(step);
  }

  void report(const std::string& name, int dtype, int threads, const char* kernel, const Work& work, const Figure& f) {
    const char* type = dtype == EINBLAS_F32 ? "f32" : "f64";
    const double bytes = static_cast<double>(work.read + work.written);
    const double compute_s = work.flops / limits_.peak(dtype, threads);
    const double memory_s = limits_.seconds(work.read, work.written, threads);
    const bool by_flops = compute_s > memory_s;
    const double bound_ns = std::max(compute_s, memory_s) * 1e9;
    std::ostringstream key;
    key << name << ' ' << type << ' ' << threads << ' ' << einblas_isa() << ' ' << options_.kernel
        << (options_.fresh ? " fresh" : "");
    figures_[key.str()] = f;
    const auto old = before_.find(key.str());
    std::printf("%-27s %s %2d %-14s %12.3f us %9.2f %s %5.1f %% of %s  +-%4.1f %%  %s\n", name.c_str(), type, threads,
                kernel, f.median / 1e3, by_flops ? work.flops / f.median : bytes / f.median,
                by_flops ? "GFLOP/s" : "GB/s   ", 100 * bound_ns / f.median, by_flops ? "P" : "B",
                100 * f.spread / f.median, old == before_.end() ? "" : verdict(f, old->second).c_str());
    std::fflush(stdout);
  }

  const Options options_;
  const Run before_;
  Run figures_;
  Limits limits_;
  BusyReport busy_;
};

Options parse(int argc, char** argv) {
  static const option longs[] = {
      {"list", 0, nullptr, 'l'},      {"threads", 1, nullptr, 't'}, {"dtype", 1, nullptr, 'd'},
      {"isa", 1, nullptr, 'i'},       {"kernel", 1, nullptr, 'k'},  {"fresh", 0, nullptr, 'f'},
      {"samples", 1, nullptr, 'n'},   {"save", 1, nullptr, 's'},    {"against", 1, nullptr, 'a'},
      {"catalogue", 1, nullptr, 'c'}, {"verbose", 0, nullptr, 'v'}, {"busy", 1, nullptr, 'b'},
      {"seconds", 1, nullptr, 'w'},   {nullptr, 0, nullptr, 0}};
  Options o;
  for (int c; (c = getopt_long(argc, argv, "lt:d:i:k:fn:s:a:c:vb:w:", longs, nullptr)) != -1;) {
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
#if defined(_WIN32)
        _putenv_s("EINBLAS_ISA", optarg);
#else
        setenv("EINBLAS_ISA", optarg, 1);
#endif
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
      case 'b':
        for (const std::string& n : split(optarg)) o.busy.push_back(number(n, "--busy", 0));
        break;
      case 'w':
        o.seconds = positive(optarg, "--seconds");
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

bool wanted(const Options& o, const std::string& name, const std::string& group) {
  if (o.names.empty()) return true;
  return std::any_of(o.names.begin(), o.names.end(),
                     [&](const std::regex& r) { return std::regex_search(name, r) || std::regex_match(group, r); });
}

int bench_busy(const Options& o, const std::vector<Case>& cases, const std::vector<BlockCase>& block_cases) {
  Bench b(o, Run());
  b.busy().header();
  for (int neighbours : o.busy) {
    const Neighbours running(neighbours);
    for (int type : o.dtypes) {
      for (const Case& c : cases)
        if (wanted(o, c.name, c.group)) b.run_busy(c, type, neighbours);
      for (const BlockCase& c : block_cases)
        if (wanted(o, c.name, "block")) b.run_busy(c, type, neighbours);
    }
  }
  b.busy().footer();
  return 0;
}

int bench(int argc, char** argv) {
  Options o = parse(argc, argv);
  const std::vector<Case> cases = read_catalogue(o.catalogue);
  const std::vector<BlockCase> block_cases = read_block_cases(EINBLAS_BLOCK_CASES);
  if (o.list) {
    for (const Case& c : cases) std::printf("%-27s %-9s %s\n", c.name.c_str(), c.group.c_str(), c.equation.c_str());
    for (const BlockCase& c : block_cases)
      std::printf(
          "%-27s %-9s %lld,%lld,%lld,%lld,%lld,%lld,%lld\n", c.name.c_str(), "block", static_cast<long long>(c.batch),
          static_cast<long long>(c.x_blocks), static_cast<long long>(c.y_blocks), static_cast<long long>(c.x_size),
          static_cast<long long>(c.y_size), static_cast<long long>(c.x_window), static_cast<long long>(c.y_window));
    return 0;
  }
  if (einblas_init() != EINBLAS_OK)
    throw std::runtime_error(std::string("EINBLAS_ISA names no instruction set of this machine; it has: ") +
                             einblas_isa_supported());
  if (!o.busy.empty()) return bench_busy(o, cases, block_cases);
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
    if (!wanted(o, c.name, c.group)) continue;
    for (int type : o.dtypes)
      for (int threads : o.threads) b.run(c, type, threads);
  }
  for (const BlockCase& c : block_cases) {
    if (!wanted(o, c.name, "block") || !o.kernel.empty()) continue;
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
