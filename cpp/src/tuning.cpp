// Tuning: the list of tunable numbers, and their values from the environment and the user's tuning file.
#include "tuning.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "dispatch.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>
#endif

namespace einblas {
namespace {

Tunable* first = nullptr;  // constant-initialised: the Tunables of other files add themselves before main

std::vector<Tunable*>& sorted() {
  static std::vector<Tunable*> all = [] {
    std::vector<Tunable*> list;
    for (Tunable* t = first; t != nullptr; t = t->next()) list.push_back(t);
    std::sort(list.begin(), list.end(), [](Tunable* a, Tunable* b) { return std::strcmp(a->name(), b->name()) < 0; });
    return list;
  }();
  return all;
}

Tunable* find(const std::string& name) {
  for (Tunable* t : sorted())
    if (name == t->name()) return t;
  return nullptr;
}

// A whole decimal number, or false.
bool parse(const std::string& text, int64_t* value) {
  errno = 0;
  char* end = nullptr;
  const long long v = std::strtoll(text.c_str(), &end, 10);
  *value = v;
  return !text.empty() && *end == '\0' && errno == 0;
}

std::string read_processor_name() {
#if defined(__x86_64__) || defined(_M_X64)
  unsigned r[12] = {};
  bool known = true;
  for (unsigned i = 0; i < 3 && known; ++i)
    known = __get_cpuid(0x80000002U + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]) != 0;
  if (known) {
    char text[sizeof r + 1] = {};
    std::memcpy(text, r, sizeof r);
    const std::string name(text);
    const size_t from = name.find_first_not_of(' ');
    if (from != std::string::npos) return name.substr(from, name.find_last_not_of(' ') - from + 1);
  }
#else
  std::ifstream info("/proc/cpuinfo");
  std::string line, name;
  while (std::getline(info, line)) {  // Arm's: implementer and part number stand for a name
    const size_t colon = line.find(": ");
    const bool wanted = line.compare(0, 15, "CPU implementer") == 0 || line.compare(0, 8, "CPU part") == 0;
    if (wanted && colon != std::string::npos) name += (name.empty() ? "" : " ") + line.substr(colon + 2);
    if (line.compare(0, 8, "CPU part") == 0) return name;
  }
#endif
  return "unknown";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string find_file() {
  if (std::getenv("EINBLAS_TUNING") != nullptr) return environment("EINBLAS_TUNING");
#if defined(_WIN32)
  const std::string folder = environment("APPDATA");
#else
  const std::string home = environment("HOME");
  std::string folder = environment("XDG_CONFIG_HOME");
  if (folder.empty() && !home.empty()) folder = home + "/.config";
#endif
  return folder.empty() ? "" : folder + "/einblas/tuning";
}

std::string made_for_another(const std::string& what, const std::string& theirs, const char* ours) {
  return "not taken: made for the " + what + " '" + theirs + "', this one is '" + ours + "'";
}

// Applies the file's lines; what was done with them.
std::string take(std::istream& in) {
  std::string line, refused;
  int64_t taken = 0;
  int number = 0;
  while (std::getline(in, line)) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.find(' ');
    const std::string name = line.substr(0, blank), text = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (name == "isa" || name == "processor") {
      const char* ours = name == "isa" ? isa_name() : processor_name();
      if (text != ours) return made_for_another(name, text, ours);
      continue;
    }
    Tunable* tunable = find(name);
    int64_t value = 0;
    if (tunable != nullptr && parse(text, &value) && tunable->set(value)) {
      ++taken;
    } else {
      refused += (refused.empty() ? "; not understood: line " : ", line ") + std::to_string(number);
    }
  }
  return std::to_string(taken) + " values taken" + refused;
}

struct Loaded {
  std::string file, report;
};

Loaded load() {
  Loaded loaded;
  loaded.file = find_file();
  if (loaded.file.empty()) {
    loaded.report = "no file";
  } else {
    std::ifstream in(loaded.file);
    loaded.report = in ? take(in) : "no such file: measured defaults";
  }
  for (Tunable* t : sorted()) {
    const std::string variable = std::string("EINBLAS_") + t->name(), text = environment(variable.c_str());
    int64_t value = 0;
    if (text.empty()) continue;
    const bool good = parse(text, &value) && t->set(value);
    loaded.report += "; " + variable +
                     (good ? " taken"
                           : " refused: a number from " + std::to_string(t->least()) + " to " +
                                 std::to_string(t->most()) + " is needed");
  }
  return loaded;
}

const Loaded& loaded() {
  static const Loaded l = load();
  return l;
}

}  // namespace

Tunable::Tunable(const char* name, int64_t value, int64_t least, int64_t most, const char* meaning) noexcept
    : name_(name), meaning_(meaning), initial_(value), least_(least), most_(most), value_(value), next_(first) {
  first = this;
}

bool Tunable::set(int64_t value) noexcept {
  if (value < least_ || value > most_) return false;
  value_.store(value, std::memory_order_relaxed);
  return true;
}

Tunable stream_from{"STREAM_FROM", 16 << 20, 1 << 16, int64_t{1} << 40,
                    "bytes of a result from which on it is written past the caches"};

int32_t tunable_count() noexcept { return static_cast<int32_t>(sorted().size()); }
Tunable* tunable_at(int32_t index) noexcept {
  return index < 0 || index >= tunable_count() ? nullptr : sorted()[static_cast<size_t>(index)];
}
void load_tuning() noexcept { loaded(); }
const char* tuning_file() noexcept { return loaded().file.c_str(); }
const char* tuning_report() noexcept { return loaded().report.c_str(); }
const char* processor_name() noexcept {
  static const std::string name = read_processor_name();
  return name.c_str();
}

}  // namespace einblas
