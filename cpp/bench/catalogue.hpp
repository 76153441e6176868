// Bench: reads the catalogue of named cases and lays out their operands.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace einblas_bench {

struct Case {
  std::string name, group, equation;
  std::map<char, int64_t> lengths;
  std::vector<std::string> operands;
  std::string output;
  std::string axes;  // output labels, then the summed ones

  int64_t elements(const std::string& labels) const;  // a repeated label counts once per place
  std::vector<int64_t> axis_lengths() const;
  std::vector<int64_t> axis_strides() const;  // as einblas_step_create takes them, C-contiguous tensors
};

// Throws std::runtime_error with file and line for a malformed line.
std::vector<Case> read_catalogue(const std::string& path);

}  // namespace einblas_bench
