// Tuning: the list of tunable numbers, and their values from the environment and the user's tuning file.
#include "runtime/tuning.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "runtime/dispatch.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>
#endif
#include <sys/stat.h>
#if !defined(_WIN32)
#include <fcntl.h>
#include <unistd.h>
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

// A whole decimal number that fits, digits and perhaps a sign alone; or false.
bool parse(const std::string& text, int64_t* value) {
  const size_t sign = text.compare(0, 1, "-") == 0 ? 1 : 0;
  if (text.size() == sign || text.find_first_not_of("0123456789", sign) != std::string::npos) return false;
  errno = 0;
  *value = std::strtoll(text.c_str(), nullptr, 10);
  return errno == 0;
}

// Bytes of a file or variable as they can be shown: the first 60, what is not ASCII as '?'.
std::string shown(const std::string& text) {
  std::string s = text.substr(0, 60);
  for (char& c : s)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > s.size() ? s + "..." : s;
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
  return "not taken: made for the " + what + " '" + shown(theirs) + "', this one is '" + ours + "'";
}

struct Line {
  int number;
  std::string name, text;
};

// `name text` of every line that is not empty and no comment; endings of Windows and a byte order mark are left out.
std::vector<Line> lines_of(const std::string& text) {
  std::vector<Line> lines;
  int number = 0;
  size_t from = text.compare(0, 3, "\xef\xbb\xbf") == 0 ? 3 : 0;
  while (from < text.size()) {
    const size_t end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    from = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.find(' ');
    lines.push_back({number, line.substr(0, blank), blank == std::string::npos ? "" : line.substr(blank + 1)});
  }
  return lines;
}

constexpr size_t kMostBytes = 64 << 10;  // of a tuning file; one that names every number has some 2 KB
constexpr int kMostNamed = 10;           // lines that are not understood

// The file's text, or false and why. Only a regular file is read, and of it no more than kMostBytes: a FIFO would be
// waited for.
bool read(const std::string& file, std::string* text, std::string* why) {
#if defined(_WIN32)
  struct _stat64 status;
  if (_stat64(file.c_str(), &status) != 0) {
    *why = errno == ENOENT ? "no such file: measured defaults" : std::string("not taken: ") + std::strerror(errno);
    return false;
  }
  const bool regular = (status.st_mode & _S_IFREG) != 0;
  std::FILE* in = regular ? std::fopen(file.c_str(), "rb") : nullptr;
#else
  const int descriptor = open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    *why = errno == ENOENT ? "no such file: measured defaults" : std::string("not taken: ") + std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    return false;
  }
  const bool regular = S_ISREG(status.st_mode);
  std::FILE* in = regular ? fdopen(descriptor, "rb") : nullptr;
  if (in == nullptr) close(descriptor);
#endif
  if (in == nullptr) {
    *why = regular ? "not taken: it cannot be read" : "not taken: it is no regular file";
    return false;
  }
  text->resize(kMostBytes + 1);
  text->resize(std::fread(&(*text)[0], 1, text->size(), in));
  const bool failed = std::ferror(in) != 0;
  std::fclose(in);
  if (failed)
    *why = "not taken: it cannot be read";
  else if (text->size() > kMostBytes)
    *why = "not taken: it is longer than " + std::to_string(kMostBytes) + " bytes";
  else
    return true;
  return false;
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
    loaded.report = take_tuning_file(loaded.file);
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

std::string take_tuning(const std::string& text) {
  const std::vector<Line> lines = lines_of(text);
  for (const Line& line : lines) {  // all of them first: none may count before the machine is known
    const bool isa = line.name == "isa";
    if (!isa && line.name != "processor") continue;
    const char* ours = isa ? isa_name() : processor_name();
    if (line.text != ours) return made_for_another(line.name, line.text, ours);
  }
  std::set<Tunable*> taken;
  std::string refused;
  int left = 0;
  for (const Line& line : lines) {
    if (line.name == "isa" || line.name == "processor") continue;
    Tunable* tunable = find(line.name);
    int64_t value = 0;
    if (tunable != nullptr && taken.count(tunable) == 0 && parse(line.text, &value) && tunable->set(value)) {
      taken.insert(tunable);
    } else if (++left <= kMostNamed) {
      refused += (refused.empty() ? "; not understood: line " : ", line ") + std::to_string(line.number);
    }
  }
  if (left > kMostNamed) refused += " and " + std::to_string(left - kMostNamed) + " more";
  return std::to_string(taken.size()) + " values taken" + refused;
}

std::string take_tuning_file(const std::string& file) {
  std::string text, why;
  return read(file, &text, &why) ? take_tuning(text) : why;
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
