// Bench: options, and what every subcommand does with them.
#include "options.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "einblas.h"

namespace einblas_bench {
namespace {

std::string help(const std::string& usage, const std::vector<Option>& options) {
  std::string text = usage;
  for (const Option& o : options) {
    std::string left = std::string("  -") + o.letter + ", --" + o.name + (o.value == nullptr ? "" : " ") +
                       (o.value == nullptr ? "" : o.value);
    left.resize(std::max<size_t>(left.size() + 2, 25), ' ');
    text += left + o.help + "\n";
  }
  return text;
}

const Option* find(const std::vector<Option>& options, const std::string& argument) {
  for (const Option& o : options)
    if (argument == std::string("-") + o.letter || argument == std::string("--") + o.name) return &o;
  return nullptr;
}

std::string limits(int threads) {
  std::ostringstream text;
  text.precision(0);
  text << std::fixed << threads << (threads == 1 ? " thread" : " threads") << ": P f32 "
       << einblas_measure_peak(EINBLAS_F32, threads) / 1e9 << ", f64 "
       << einblas_measure_peak(EINBLAS_F64, threads) / 1e9 << " GFLOP/s; B";
  const char* const kinds[] = {" read ", ", fill ", ", non-temporal fill ", ", copy "};
  for (int what = 0; what < 4; ++what)
    text << kinds[what] << einblas_measure_bandwidth(what, int64_t{400} << 20, threads) / 1e9;
  return text.str() + " GB/s";
}

std::string library() {
  const char* core = einblas_blas_core();
  return std::string("einblas ") + einblas_version() + ", isa " + einblas_isa() + ", OpenBLAS core " +
         (core != nullptr ? core : "none") +
         (std::getenv("OPENBLAS_CORETYPE") != nullptr ? " (OPENBLAS_CORETYPE is set!)" : "");
}

void set_isa(const std::string& name) {
#if defined(_WIN32)
  _putenv_s("EINBLAS_ISA", name.c_str());
#else
  setenv("EINBLAS_ISA", name.c_str(), 1);
#endif
}

}  // namespace

std::vector<std::string> parse(const std::string& usage, const std::vector<Option>& options, int argc, char** argv) {
  std::vector<std::string> rest;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.size() < 2 || argument[0] != '-') {
      rest.push_back(argument);
      continue;
    }
    const size_t equals = argument.rfind("--", 0) == 0 ? argument.find('=') : std::string::npos;
    const Option* o = find(options, argument.substr(0, equals));
    if (o == nullptr) throw std::runtime_error(help(usage, options));
    if (o->value == nullptr) {
      if (equals != std::string::npos) throw std::runtime_error("--" + std::string(o->name) + " has no value");
      o->take("");
    } else if (equals != std::string::npos) {
      o->take(argument.substr(equals + 1));
    } else if (i + 1 < argc) {
      o->take(argv[++i]);
    } else {
      throw std::runtime_error("--" + std::string(o->name) + " wants " + o->value);
    }
  }
  return rest;
}

int number(const std::string& text, const char* what, int least) {
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
  std::string known, lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (int code = 0; einblas_dtype_name(code) != nullptr; ++code) {
    if (lower == name_of(code)) return code;
    known += std::string(code == 0 ? "" : ", ") + name_of(code);
  }
  throw std::runtime_error("--dtype wants one of " + known + ", not '" + text + "'");
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string s; std::getline(in, s, ',');) parts.push_back(s);
  return parts;
}

const char* name_of(int dtype) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (int code = 0; einblas_dtype_name(code) != nullptr; ++code) {
      all.emplace_back(einblas_dtype_name(code));
      for (char& c : all.back()) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return all;
  }();
  return names.at(static_cast<size_t>(dtype)).c_str();
}

int peak_type(int dtype) {
  const int sums = einblas_test::sums_of(dtype);
  return sums == EINBLAS_C64 ? EINBLAS_F32 : sums == EINBLAS_C128 ? EINBLAS_F64 : sums;
}

void Common::parse(const std::string& usage, std::vector<Option> own, int argc, char** argv) {
  std::vector<int> types;
  const std::vector<Option> all{
      {'l', "list", nullptr, "list the cases", [&](const std::string&) { list = true; }},
      {'t', "threads", "1,2", "thread counts (default 1 and all)",
       [&](const std::string& v) {
         for (const std::string& t : split(v)) threads.push_back(number(t, "--threads"));
       }},
      {'d', "dtype", "f32,f64",
       "element types; steps take all there are: bf16, f16, i8, .., c128 (default f32 and f64)",
       [&](const std::string& v) {
         for (const std::string& t : split(v)) types.push_back(dtype(t));
       }},
      {'i', "isa", "NAME", "base, avx2, avx512, avx512vnni, avx512bf16, neon (default the best)", set_isa},
      {'n', "samples", "N", "samples per case", [&](const std::string& v) { samples = number(v, "--samples"); }},
      {'w', "seconds", "S", "seconds per case, where a case takes as many samples as fit",
       [&](const std::string& v) { seconds = positive(v, "--seconds"); }},
      {'s', "save", "FILE", "save the figures", [&](const std::string& v) { save = v; }},
      {'a', "against", "FILE", "compare with saved figures", [&](const std::string& v) { against = v; }},
      {'v', "verbose", nullptr, "print what each plan says of itself", [&](const std::string&) { verbose = true; }}};
  own.insert(own.end(), all.begin(), all.end());
  for (const std::string& n : einblas_bench::parse(usage, own, argc, argv)) names.emplace_back(n);
  dtypes = types.empty() ? std::vector<int>{EINBLAS_F32, EINBLAS_F64} : types;
}

bool Common::wanted(const std::string& name, const std::string& group) const {
  if (names.empty()) return true;
  return std::any_of(names.begin(), names.end(), [&](const std::regex& r) {
    return std::regex_search(name, r) || (!group.empty() && std::regex_match(group, r));
  });
}

void Common::start() {
  if (einblas_init() != EINBLAS_OK)
    throw std::runtime_error(std::string("EINBLAS_ISA names no instruction set of this machine; it has: ") +
                             einblas_isa_supported());
  if (threads.empty()) {
    threads = {1};
    if (einblas_threads() > 1) threads.push_back(einblas_threads());
  }
  std::printf("%s\n", library().c_str());
  for (int t : threads) std::printf("%s\n", limits(t).c_str());
  std::fflush(stdout);
}

Figures::Figures(const Common& common) : path_(common.save) {
  if (!common.against.empty()) before_ = load(common.against);
}

std::string Figures::add(const std::string& name, int dtype, int threads, const std::string& more,
                         const Figure& figure) {
  std::ostringstream key;
  key << name << ' ' << name_of(dtype) << ' ' << threads << ' ' << einblas_isa() << ' ' << more;
  now_[key.str()] = figure;
  const auto old = before_.find(key.str());
  return old == before_.end() ? "" : verdict(figure, old->second);
}

void Figures::save() const {
  if (!path_.empty()) einblas_bench::save(path_, now_, library());
}

}  // namespace einblas_bench
