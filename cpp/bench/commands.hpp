// Bench: the subcommands; each takes main's arguments without its own name.
#pragma once

namespace einblas_bench {

int bench_steps(int argc, char** argv, bool steps, bool blocks);
int bench_csr(int argc, char** argv);
int bench_bsr(int argc, char** argv);
int bench_kron(int argc, char** argv);
int bench_pool(int argc, char** argv);

}  // namespace einblas_bench
