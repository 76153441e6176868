// Bench: the workbench for kernel engineers, without Java: cases beside the machine's limits measured in the same run,
// compared with a saved earlier run.
#include <cstdio>
#include <cstring>
#include <exception>

#include "commands.hpp"
#include "support/openblas.hpp"

namespace einblas_bench {
namespace {

int steps(int argc, char** argv) { return bench_steps(argc, argv, true, false); }
int blocks(int argc, char** argv) { return bench_steps(argc, argv, false, true); }

struct Command {
  const char *name, *what;
  int (*run)(int argc, char** argv);
};
const Command kCommands[] = {{"step", "the catalogue's steps", steps},
                             {"block", "block-sparse products", blocks},
                             {"csr", "CSR products and building, beside the dense one and MKL's", bench_csr},
                             {"bsr", "BSR products, beside MKL's", bench_bsr},
                             {"kron", "chains of Kronecker factors", bench_kron},
                             {"pool", "what handing a task to a worker takes", bench_pool}};

int run(int argc, char** argv) {
  if (argc > 1) {
    for (const Command& c : kCommands)
      if (std::strcmp(argv[1], c.name) == 0) return c.run(argc - 1, argv + 1);
    if (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0) {
      std::printf("usage: einblas_bench [COMMAND] [options] [NAME-REGEX...]; without a command: step and block\n");
      for (const Command& c : kCommands) std::printf("  %-6s %s\n", c.name, c.what);
      std::printf("einblas_bench COMMAND --help lists a command's options\n");
      return 0;
    }
  }
  return bench_steps(argc, argv, true, true);
}

}  // namespace
}  // namespace einblas_bench

int main(int argc, char** argv) {
  einblas_test::open_openblas();
  try {
    return einblas_bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
