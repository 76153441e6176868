// Memory of the system: /proc/meminfo, and the files of cgroups v1 and v2 from the process's own group upwards.
#include "runtime/system_memory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <unistd.h>
#endif

namespace einblas {
namespace {

int64_t physical_memory() {
#if defined(_WIN32)
  MEMORYSTATUSEX s;
  s.dwLength = sizeof s;
  return GlobalMemoryStatusEx(&s) ? static_cast<int64_t>(s.ullTotalPhys) : int64_t{4} << 30;
#else
  const int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? pages * page : int64_t{4} << 30;
#endif
}

// The number at the start of a small file, or behind a key at the start of one of its lines; -1 where there is none
// (cgroup v2 says "max" for no limit).
int64_t number_in(const std::string& path, const char* key) noexcept {
  std::FILE* f = std::fopen(path.c_str(), "r");
  if (f == nullptr) return -1;
  char line[256];
  int64_t value = -1;
  while (std::fgets(line, sizeof line, f) != nullptr) {
    const char* at = line;
    if (key != nullptr) {
      if (std::strncmp(line, key, std::strlen(key)) != 0) continue;
      at = line + std::strlen(key);
    }
    char* end = nullptr;
    const long long v = std::strtoll(at, &end, 10);
    if (end != at) value = v;
    break;
  }
  std::fclose(f);
  return value;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::FILE* f = std::fopen(path.c_str(), "r");
  if (f == nullptr) return lines;
  std::string line;
  for (int c; (c = std::fgetc(f)) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    lines.push_back(line);
    line.clear();
  }
  std::fclose(f);
  if (!line.empty()) lines.push_back(line);
  return lines;
}

// mountinfo writes a space, tab, newline or backslash of a path as three octal digits.
std::string unescaped(const std::string& text) {
  const auto octal = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '7'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool has_word(const std::string& list, const std::string& word) {
  std::stringstream words(list);
  for (std::string w; std::getline(words, w, ',');)
    if (w == word) return true;
  return false;
}

struct Mount {
  std::string root, point, type, options;
};

// A line of mountinfo: id, parent, device, root, mount point, options, optional fields, -, type, source, options.
bool parse(const std::string& line, Mount& mount) {
  std::stringstream words(line);
  std::string word;
  for (int i = 0; words >> word; ++i) {
    if (i == 3) mount.root = unescaped(word);
    if (i == 4) mount.point = unescaped(word);
    if (i > 5 && word == "-") {
      std::string source;
      return static_cast<bool>(words >> mount.type >> source >> mount.options);
    }
  }
  return false;
}

}  // namespace

SystemMemory::SystemMemory(std::string root) : root_(std::move(root)), physical_(physical_memory()) {
  find_cgroups();
  for (Level& level : levels_) level.before = usage_of(level);
  most_free_ = machine_free();
}

// The group's folder under the mount, and all above it.
void SystemMemory::add_levels(const std::string& mount, const std::string& mount_root, const std::string& group,
                              bool v2) {
  std::string below;
  if (mount_root == "/") {
    below = group == "/" ? "" : group;
  } else if (group.compare(0, mount_root.size() + 1, mount_root + "/") == 0) {
    below = group.substr(mount_root.size());
  }
  if (below.find("/..") != std::string::npos) below.clear();  // outside what the process sees: the mount is all it has
  for (;;) {
    std::string folder = root_ + mount;
    folder.append(below).append("/");
    levels_.push_back(
        v2 ? Level{folder + "memory.max", folder + "memory.current", folder + "memory.stat", "inactive_file ", 0}
           : Level{folder + "memory.limit_in_bytes", folder + "memory.usage_in_bytes", folder + "memory.stat",
                   "total_inactive_file ", 0});
    if (below.empty()) return;
    below.erase(below.rfind('/'));
  }
}

void SystemMemory::find_cgroups() {
#if defined(__linux__)
  std::string v1, v2;
  for (const std::string& line : lines_of(root_ + "/proc/self/cgroup")) {
    const size_t first = line.find(':'), second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) v2 = line.substr(second + 1);
    if (has_word(controllers, "memory")) v1 = line.substr(second + 1);
  }
  for (const std::string& line : lines_of(root_ + "/proc/self/mountinfo")) {
    Mount m;
    if (!parse(line, m)) continue;
    if (m.type == "cgroup2" && !v2.empty()) add_levels(m.point, m.root, v2, true);
    if (m.type == "cgroup" && has_word(m.options, "memory") && !v1.empty()) add_levels(m.point, m.root, v1, false);
  }
#endif
}

int64_t SystemMemory::machine_free() const noexcept {
#if defined(_WIN32)
  MEMORYSTATUSEX s;
  s.dwLength = sizeof s;
  return GlobalMemoryStatusEx(&s) ? static_cast<int64_t>(s.ullAvailPhys) : physical_;
#else
  const int64_t kilobytes = number_in(root_ + "/proc/meminfo", "MemAvailable:");
  return kilobytes < 0 ? physical_ : kilobytes * 1024;
#endif
}

// A limit at or beyond the machine's memory is none: v1 writes nearly 2^63.
int64_t SystemMemory::limit_of(const Level& level) const noexcept {
  const int64_t limit = number_in(level.limit, nullptr);
  return limit < 0 || limit >= physical_ ? -1 : limit;
}

// Without what the kernel drops before it refuses memory.
int64_t SystemMemory::usage_of(const Level& level) noexcept {
  const int64_t usage = number_in(level.usage, nullptr);
  const int64_t cache = std::max<int64_t>(0, number_in(level.stat, level.cache));
  return std::max<int64_t>(0, usage - cache);
}

SystemMemory::Room SystemMemory::room(int64_t held) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t free = machine_free();
  most_free_ = std::max(most_free_, free);
  Room least{std::max<int64_t>(0, std::min(free, most_free_ - held)), physical_, false};
  for (Level& level : levels_) {
    const int64_t limit = limit_of(level);
    if (limit < 0) continue;
    const int64_t usage = usage_of(level);
    level.before = std::min(level.before, usage);
    const int64_t bytes = std::max<int64_t>(0, limit - std::max(usage, level.before + held));
    if (bytes < least.bytes) least = {bytes, limit, true};
  }
  return least;
}

int64_t SystemMemory::total() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  int64_t least = physical_;
  for (const Level& level : levels_) {
    const int64_t limit = limit_of(level);
    if (limit >= 0) least = std::min(least, limit);
  }
  return least;
}

}  // namespace einblas
