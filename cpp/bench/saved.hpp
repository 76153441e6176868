// Bench: saved runs, and the verdict on a new figure against an old one.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace einblas_bench {

// Nanoseconds of one case in one run: median and the spread (half the distance between the quartiles).
struct Figure {
  double median = 0, spread = 0;
};

// Key: case, dtype, threads, isa, kernel forced, fresh.
using Run = std::map<std::string, Figure>;

// Throws std::runtime_error when the file cannot be read or written whole.
void save(const std::string& path, const Run& run, const std::string& header);
Run load(const std::string& path);

Figure figure_of(std::vector<double> nanos);

// "same", "faster 1.08x" or "SLOWER 1.12x". A difference counts when it exceeds 3 % and three times the larger spread:
// on a shared machine smaller ones come and go by themselves.
std::string verdict(const Figure& now, const Figure& before);

}  // namespace einblas_bench
