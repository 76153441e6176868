// Bench: steps of the catalogue and block-sparse cases.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "block_case.hpp"
#include "busy.hpp"
#include "catalogue.hpp"
#include "commands.hpp"
#include "einblas.h"
#include "measuring.hpp"
#include "options.hpp"

namespace einblas_bench {
namespace {

struct Options {
  Common common;
  std::vector<int> busy;
  std::string kernel, catalogue = EINBLAS_CATALOGUE;
  bool fresh = false;
  std::vector<int> packed;
  int room = -1;  // KB of workspaces; none: as much as they like
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), figures_(options.common) {}

  void run(const Case& c, int dtype, int threads) {
    with_step(c, dtype, [&](int64_t step, const auto& once, const Work& work) {
      report(c.name, dtype, threads, einblas_step_kernel(step), work,
             measure(samples(), [&] { return once(threads); }));
      if (options_.common.verbose) std::printf("    %s\n", einblas_step_description(step));
    });
  }

  void run_busy(const Case& c, int dtype, int neighbours) {
    with_step(c, dtype, [&](int64_t, const auto& once, const Work&) {
      busy_.add(c.name, name_of(dtype), neighbours, time_in_turns(seconds(), [&](int threads) { once(threads); }));
    });
  }

  void run(const BlockCase& c, int dtype, int threads) {
    const BlockRun run(c, dtype);
    report(c.name, dtype, threads, "block", {run.flops(), run.bytes_read(), run.bytes_written()},
           measure(samples(), [&] { return run.once(threads); }));
  }

  void run_busy(const BlockCase& c, int dtype, int neighbours) {
    const BlockRun run(c, dtype);
    busy_.add(c.name, name_of(dtype), neighbours, time_in_turns(seconds(), [&](int threads) { run.once(threads); }));
  }

  void save() const { figures_.save(); }
  const BusyReport& busy() const { return busy_; }

 private:
  int samples() const { return options_.common.samples > 0 ? options_.common.samples : 11; }
  double seconds() const { return options_.common.seconds > 0 ? options_.common.seconds : 1.2; }

  void skip(const Case& c, const std::string& why) { std::printf("%-27s left out: %s\n", c.name.c_str(), why.c_str()); }

  struct Work {
    double flops;
    int64_t read, written;  // bytes, each tensor once
  };

  // f(step, once, work) with the case's operands filled; once(threads) runs it.
  template <class F>
  void with_step(const Case& c, int dtype, const F& f) {
    const int64_t size = einblas_dtype_size(dtype);
    std::vector<std::unique_ptr<Block>> blocks;
    int64_t x[3] = {0, 0, 0};
    for (size_t t = 0; t < c.operands.size(); ++t) {
      const int64_t n = c.elements(c.operands[t]);
      blocks.push_back(std::make_unique<Block>(n * size));
      x[t] = blocks.back()->address();
      if (x[t] == 0) return skip(c, "memory is short");
      const int peak = peak_type(dtype);
      const double unit = peak == EINBLAS_F32 || peak == EINBLAS_F64 ? 0.125 : 1;
      for (int64_t i = 0; i < n; ++i)
        for (int part = 0; part < 2; ++part)
          einblas_poke_part(x[t] + i * size, dtype, part, static_cast<double>((i + 5 * part) % 17 - 8) * unit);
    }
    const int64_t out_bytes = c.elements(c.output) * size;
    const Block out(out_bytes);
    if (out.address() == 0) return skip(c, "memory is short");
    int64_t step = 0;
    const auto lengths = c.axis_lengths(), strides = c.axis_strides();
    const int64_t room = options_.room < 0 ? INT64_MAX : int64_t{options_.room} << 10;
    std::vector<int32_t> types(c.operands.size() + 1, dtype);
    types.push_back(einblas_test::sums_of(dtype));
    const int32_t status = einblas_step_create_typed(
        types.data(), 0, static_cast<int32_t>(c.operands.size()), static_cast<int32_t>(c.axes.size()),
        static_cast<int32_t>(c.output.size()), lengths.data(), strides.data(), options_.kernel.c_str(), room, &step);
    if (status == EINBLAS_NOT_APPLICABLE) return skip(c, "kernel " + options_.kernel + " does not apply");
    if (status != EINBLAS_OK) return skip(c, "status " + std::to_string(status));
    std::unique_ptr<Block> copies[2];
    int64_t packed[2] = {0, 0};
    for (int t : options_.packed) {
      const int64_t bytes = einblas_step_packed_bytes(step, t);
      if (bytes == 0) continue;
      copies[t] = std::make_unique<Block>(bytes);
      if (copies[t]->address() == 0) return skip(c, "memory is short");
      if (einblas_step_pack(step, t, x[t], copies[t]->address(), 0) == EINBLAS_OK) packed[t] = copies[t]->address();
    }
    auto once = [&](int threads) {
      while (threads > 1 && einblas_step_memory(step, threads) > room) --threads;
      if (packed[0] != 0 || packed[1] != 0)
        return einblas_step_run_packed(step, x[0], x[1], x[2], out.address(), packed[0], packed[1], 1, 0, threads);
      if (!options_.fresh) return einblas_step_run(step, x[0], x[1], x[2], out.address(), 1, 0, threads);
      const Block result(out_bytes);
      return einblas_step_run(step, x[0], x[1], x[2], result.address(), 1, 0, threads);
    };
    f(step, once, Work{static_cast<double>(einblas_step_flops(step)), einblas_step_bytes(step) - out_bytes, out_bytes});
    einblas_step_destroy(step);
  }

  void report(const std::string& name, int dtype, int threads, const char* kernel, const Work& work, const Figure& f) {
    const double bytes = static_cast<double>(work.read + work.written);
    const double compute_s = work.flops / limits_.peak(peak_type(dtype), threads);
    const double memory_s = limits_.seconds(work.read, work.written, threads);
    const bool by_flops = compute_s > memory_s;
    const double bound_ns = std::max(compute_s, memory_s) * 1e9;
    const std::string verdict = figures_.add(
        name, dtype, threads,
        options_.kernel + (options_.fresh ? " fresh" : "") + (options_.packed.empty() ? "" : " packed"), f);
    std::printf("%-27s %-4s %2d %-14s %12.3f us %9.2f %s %5.1f %% of %s  +-%4.1f %%  %s\n", name.c_str(),
                name_of(dtype), threads, kernel, f.median / 1e3, by_flops ? work.flops / f.median : bytes / f.median,
                by_flops ? "GFLOP/s" : "GB/s   ", 100 * bound_ns / f.median, by_flops ? "P" : "B",
                100 * f.spread / f.median, verdict.c_str());
    std::fflush(stdout);
  }

  const Options options_;
  Figures figures_;
  Limits limits_;
  BusyReport busy_;
};

int bench_busy(const Options& o, const std::vector<Case>& cases, const std::vector<BlockCase>& block_cases) {
  Bench b(o);
  b.busy().header();
  for (int neighbours : o.busy) {
    const Neighbours running(neighbours);
    for (int type : o.common.dtypes) {
      for (const Case& c : cases)
        if (o.common.wanted(c.name, c.group)) b.run_busy(c, type, neighbours);
      for (const BlockCase& c : block_cases)
        if (is_real(type) && o.common.wanted(c.name, "block")) b.run_busy(c, type, neighbours);
    }
  }
  b.busy().footer();
  return 0;
}

void list(const std::vector<Case>& cases, const std::vector<BlockCase>& block_cases) {
  for (const Case& c : cases) std::printf("%-27s %-9s %s\n", c.name.c_str(), c.group.c_str(), c.equation.c_str());
  for (const BlockCase& c : block_cases) {
    std::string sizes;
    for (int64_t n : {c.batch, c.x_blocks, c.y_blocks, c.x_size, c.y_size, c.x_window, c.y_window})
      sizes += (sizes.empty() ? "" : ",") + std::to_string(n);
    std::printf("%-27s %-9s %s\n", c.name.c_str(), "block", sizes.c_str());
  }
}

}  // namespace

int bench_steps(int argc, char** argv, bool steps, bool blocks) {
  Options o;
  o.common.parse("usage: einblas_bench [step|block] [options] [NAME-REGEX...]\n",
                 {{'k', "kernel", "NAME", "force a kernel; cases it cannot run are left out",
                   [&](const std::string& v) { o.kernel = v; }},
                  {'f', "fresh", nullptr, "allocate the result in every run (from the pool)",
                   [&](const std::string&) { o.fresh = true; }},
                  {'p', "packed", "0,1", "operands that are packed before, where the kernel packs them",
                   [&](const std::string& v) {
                     for (const std::string& n : split(v)) o.packed.push_back(std::min(number(n, "--packed", 0), 1));
                   }},
                  {'r', "room", "KB", "workspaces of at most so many KB, and as few threads as have room in them",
                   [&](const std::string& v) { o.room = number(v, "--room", 0); }},
                  {'b', "busy", "1,2,4",
                   "beside so many busy processes: single calls on one thread and on all by the\n"
                   "                         pool and by OpenMP, in turns; 0 is a quiet machine",
                   [&](const std::string& v) {
                     for (const std::string& n : split(v)) o.busy.push_back(number(n, "--busy", 0));
                   }},
                  {'c', "catalogue", "FILE", "the catalogue (default the project's)",
                   [&](const std::string& v) { o.catalogue = v; }}},
                 argc, argv);
  const auto cases = steps ? read_catalogue(o.catalogue) : std::vector<Case>();
  const auto block_cases = blocks ? read_block_cases(EINBLAS_BLOCK_CASES) : std::vector<BlockCase>();
  if (o.common.list) {
    list(cases, block_cases);
    return 0;
  }
  if (!o.busy.empty()) {
    if (einblas_init() != EINBLAS_OK) throw std::runtime_error("EINBLAS_ISA names no instruction set of this machine");
    return bench_busy(o, cases, block_cases);
  }
  o.common.start();
  Bench b(o);
  for (const Case& c : cases) {
    if (!o.common.wanted(c.name, c.group)) continue;
    for (int type : o.common.dtypes)
      for (int threads : o.common.threads) b.run(c, type, threads);
  }
  for (const BlockCase& c : block_cases) {
    if (!o.common.wanted(c.name, "block") || !o.kernel.empty()) continue;
    for (int type : o.common.dtypes) {
      if (!is_real(type)) continue;
      for (int threads : o.common.threads) b.run(c, type, threads);
    }
  }
  b.save();
  return 0;
}

}  // namespace einblas_bench
