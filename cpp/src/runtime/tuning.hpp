// Drivers: numbers that can be tuned: a measured default, an override by environment variable or by the user's file.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

namespace einblas {

// One number, known by name: `EINBLAS_<name>` in the environment, else the line `<name> <value>` of the tuning file,
// else the default. Made at namespace scope only, in a driver; plans read it when they are made, so that a change
// (set_tunable) holds for plans made later. Never part of the order of additions for a given plan.
class Tunable {
 public:
  Tunable(const char* name, int64_t value, int64_t least, int64_t most, const char* meaning) noexcept;
  Tunable(const Tunable&) = delete;
  Tunable& operator=(const Tunable&) = delete;
  operator int64_t() const noexcept { return value_.load(std::memory_order_relaxed); }

  const char* name() const noexcept { return name_; }
  const char* meaning() const noexcept { return meaning_; }
  int64_t initial() const noexcept { return initial_; }
  int64_t least() const noexcept { return least_; }
  int64_t most() const noexcept { return most_; }
  // False, and nothing changed, outside least..most.
  bool set(int64_t value) noexcept;
  Tunable* next() const noexcept { return next_; }

 private:
  const char *name_, *meaning_;
  int64_t initial_, least_, most_;
  std::atomic<int64_t> value_;
  Tunable* next_;
};

// Results of so many bytes and more are written past the caches. An ordinary store reads its line first. Measured with
// a 32 MB L3: at 16 MB ordinary stores are still 1.3x faster (the result stays in L3), at 32 MB non-temporal ones
// are 1.4x faster, at 1 GB 2x.
extern Tunable stream_from;

// All of them, by name; index out of range gives null.
int32_t tunable_count() noexcept;
Tunable* tunable_at(int32_t index) noexcept;

// Reads the environment and the tuning file; once, before the first plan.
void load_tuning() noexcept;
// The file that is read (it need not exist; empty when none is), and what was taken from it or why not.
const char* tuning_file() noexcept;
const char* tuning_report() noexcept;
// Takes the lines `<name> <value>` of a tuning file, each name once, unless a line `isa` or `processor`, wherever it
// stands, names another machine than this; without such lines the file is for any. What was done, for people.
std::string take_tuning(const std::string& text);
// The same for a file: a regular one of 64 KB at most; else why it was not taken. Never waits.
std::string take_tuning_file(const std::string& file);
// The processor's name as the machine gives it; a tuning file made for another one, or for another ISA, is not taken.
const char* processor_name() noexcept;

}  // namespace einblas
