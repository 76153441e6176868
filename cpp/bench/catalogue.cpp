// Bench: the catalogue's parser.
#include "catalogue.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace einblas_bench {
namespace {

Case parse_line(const std::string& line) {
  Case c;
  std::istringstream in(line);
  in >> c.name >> c.group >> c.equation;
  for (std::string token; in >> token;) {
    if (token.size() < 3 || token[1] != '=') throw std::runtime_error("not LABEL=LENGTH: " + token);
    c.lengths[token[0]] = std::stoll(token.substr(2));
  }
  const size_t arrow = c.equation.find("->");
  if (arrow == std::string::npos) throw std::runtime_error("no -> in the equation");
  std::istringstream left(c.equation.substr(0, arrow));
  for (std::string s; std::getline(left, s, ',');) c.operands.push_back(s);
  c.output = c.equation.substr(arrow + 2);
  c.axes = c.output;
  for (const std::string& o : c.operands)
    for (char l : o)
      if (c.axes.find(l) == std::string::npos) c.axes += l;
  for (char l : c.axes)
    if (c.lengths.count(l) == 0) throw std::runtime_error(std::string("no length for label ") + l);
  return c;
}

}  // namespace

int64_t Case::elements(const std::string& labels) const {
  int64_t n = 1;
  for (char l : labels) n *= lengths.at(l);
  return n;
}

std::vector<int64_t> Case::axis_lengths() const {
  std::vector<int64_t> v;
  for (char l : axes) v.push_back(lengths.at(l));
  return v;
}

std::vector<int64_t> Case::axis_strides() const {
  std::vector<int64_t> all;
  std::vector<std::string> tensors = operands;
  tensors.push_back(output);
  for (const std::string& t : tensors) {
    for (char axis : axes) {
      int64_t stride = 1, sum = 0;
      for (size_t d = t.size(); d-- > 0; stride *= lengths.at(t[d]))
        if (t[d] == axis) sum += stride;
      all.push_back(sum);
    }
  }
  return all;
}

std::vector<Case> read_catalogue(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read the catalogue " + path);
  std::vector<Case> cases;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    try {
      cases.push_back(parse_line(line));
    } catch (const std::exception& e) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + e.what());
    }
  }
  return cases;
}

}  // namespace einblas_bench
