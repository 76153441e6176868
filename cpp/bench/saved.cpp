// Bench: saved runs as tab-separated text, and the noise-aware comparison.
#include "saved.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace einblas_bench {

void save(const std::string& path, const Run& run, const std::string& header) {
  const std::string part = path + ".part";
  {
    std::ofstream out(part);
    out << "# " << header << "\n# key\tmedian_ns\tspread_ns\n";
    out.precision(9);
    for (const auto& entry : run)
      out << entry.first << '\t' << entry.second.median << '\t' << entry.second.spread << '\n';
    out.flush();
    if (!out) throw std::runtime_error("cannot write " + part);
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) throw std::runtime_error("cannot move " + part + " to " + path);
}

Run load(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  Run run;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string key;
    Figure f;
    if (!std::getline(fields, key, '\t') || !(fields >> f.median >> f.spread))
      throw std::runtime_error(path + ": not a saved run: " + line);
    run[key] = f;
  }
  return run;
}

Figure figure_of(std::vector<double> nanos) {
  std::sort(nanos.begin(), nanos.end());
  const size_t n = nanos.size();
  return {nanos[n / 2], (nanos[(3 * n) / 4] - nanos[n / 4]) / 2};
}

std::string verdict(const Figure& now, const Figure& before) {
  const double difference = now.median - before.median;
  const double noise = 3 * std::max(now.spread, before.spread);
  if (std::fabs(difference) <= std::max(noise, 0.03 * before.median)) return "same";
  char text[32];
  if (difference < 0) {
    std::snprintf(text, sizeof text, "faster %.2fx", before.median / now.median);
  } else {
    std::snprintf(text, sizeof text, "SLOWER %.2fx", now.median / before.median);
  }
  return text;
}

}  // namespace einblas_bench
