// The tuning file: any bytes, any kind of file: taken, or left with a reason; never waited for, never half understood.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "einblas.h"
#include "runtime/tuning.hpp"
#include "support/random.hpp"

#if !defined(_WIN32)
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace {

using einblas::take_tuning;
using einblas::take_tuning_file;
using einblas::tunable_at;
using einblas::tunable_count;
using einblas_test::Random;

// All numbers as they were, when it goes out of scope.
class Restored {
 public:
  Restored() {
    for (int32_t i = 0; i < tunable_count(); ++i) values_.push_back(*tunable_at(i));
  }
  ~Restored() {
    for (int32_t i = 0; i < tunable_count(); ++i) tunable_at(i)->set(values_[i]);
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;
  bool changed() const {
    for (int32_t i = 0; i < tunable_count(); ++i)
      if (*tunable_at(i) != values_[i]) return true;
    return false;
  }

 private:
  std::vector<int64_t> values_;
};

int64_t rows() {
  for (int32_t i = 0; i < tunable_count(); ++i)
    if (std::string("GEMM_ROWS") == tunable_at(i)->name()) return *tunable_at(i);
  return -1;
}

std::string isa_line() { return std::string("isa ") + einblas_isa() + "\n"; }

TEST(TuningFile, LinesCountOnlyOnTheMachineThatTheFileIsFor) {
  const std::string line = "GEMM_ROWS 200\n", other = "isa other\n", processor = "processor another\n";
  for (const std::string& text :
       std::vector<std::string>{line + other, other + line, line + processor, isa_line() + line + other,
                                isa_line() + processor + line, line + "isa\n", line + "isa \n"}) {
    const Restored before;
    EXPECT_EQ(take_tuning(text).compare(0, 24, "not taken: made for the "), 0) << text;
    EXPECT_FALSE(before.changed()) << text;
  }
  for (const std::string& text :
       std::vector<std::string>{line, line + isa_line(), isa_line() + line, isa_line() + line + isa_line(),
                                "\xef\xbb\xbf" + isa_line() + "\r\n" + "GEMM_ROWS 200\r\n", "#\n\nGEMM_ROWS 200"}) {
    const Restored before;
    EXPECT_EQ(take_tuning(text), "1 values taken") << text;
    EXPECT_EQ(rows(), 200) << text;
  }
}

TEST(TuningFile, WhatIsNotUnderstoodIsNamedAndLeft) {
  const int64_t initial = rows();
  for (const char* line : {"GEMM_ROWS", "GEMM_ROWS ", "GEMM_ROWS  200", "GEMM_ROWS +200", "GEMM_ROWS 2e2",
                           "GEMM_ROWS 200 ", "GEMM_ROWS\t200", "GEMM_ROWS 0x40", "GEMM_ROWS 99999999999999999999",
                           "GEMM_ROWS 9223372036854775807", "GEMM_ROWS -200", "GEMM_ROWS -", "gemm_rows 200",
                           " GEMM_ROWS 200", "GEMM_ROWS \xff", "\xc3\x28", "NOTHING 1", "ISA x"}) {
    const Restored before;
    EXPECT_EQ(take_tuning(line), "0 values taken; not understood: line 1") << line;
    EXPECT_EQ(rows(), initial) << line;
  }
  const Restored before;
  EXPECT_EQ(take_tuning(std::string("GEMM_ROWS 20\0"
                                    "0",
                                    14)),
            "0 values taken; not understood: line 1");
  EXPECT_EQ(take_tuning("GEMM_ROWS 200\nGEMM_ROWS 300\n"), "1 values taken; not understood: line 2");
  EXPECT_EQ(rows(), 200) << "the first of two counts";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "x\n";
  EXPECT_EQ(
      take_tuning(many),
      "0 values taken; not understood: line 1, line 2, line 3, line 4, line 5, line 6, line 7, line 8, line 9, line "
      "10 and 990 more");
}

TEST(TuningFile, ReportsAreShortAndPrintable) {
  const std::string report = take_tuning("isa " + std::string(5000, '\x1b') + "\n");
  EXPECT_LT(report.size(), 200U);
  EXPECT_EQ(report.find('\x1b'), std::string::npos);
}

// Valid files with bytes changed, lines doubled, cut and moved: whatever is taken is within bounds. A hundred files of
// each seed; one seed alone: --gtest_filter=*MutatedTuningFile*/17.
class MutatedTuningFile : public testing::TestWithParam<uint32_t> {};

std::string mutated(std::string text, Random& random) {
  for (int64_t change = random.upto(6); change > 0; --change) {
    const int64_t length = static_cast<int64_t>(text.size()) + 1;
    const size_t at = static_cast<size_t>(random.below(length)), size = static_cast<size_t>(random.below(40));
    switch (random.below(5)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, size);
        break;
      case 2:
        text.insert(at, text.substr(static_cast<size_t>(random.below(length)), size));
        break;
      case 3:
        text.insert(at, std::to_string(static_cast<int64_t>(random.real() * 9e18)));
        break;
      default:
        text.resize(at);
        break;
    }
  }
  return text;
}

TEST_P(MutatedTuningFile, IsTakenWithinBoundsOrLeft) {
  const Restored before;
  std::string valid = isa_line();
  for (int32_t i = 0; i < tunable_count(); ++i)
    valid += std::string(tunable_at(i)->name()) + " " + std::to_string(tunable_at(i)->initial()) + "\n";
  Random random(GetParam());
  for (int file = 0; file < 100; ++file) {
    const std::string text = mutated(valid, random), report = take_tuning(text);
    ASSERT_LT(report.size(), 400U) << text;
    for (int32_t i = 0; i < tunable_count(); ++i) {
      const einblas::Tunable& t = *tunable_at(i);
      ASSERT_TRUE(t >= t.least() && t <= t.most()) << t.name() << " by\n" << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MutatedTuningFile, testing::Range(uint32_t{1}, uint32_t{201}));

#if !defined(_WIN32)
TEST(TuningFile, OnlyARegularFileOfFewBytesIsRead) {
  char folder[] = "/tmp/einblas-tuning-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string name = std::string(folder) + "/tuning", link = std::string(folder) + "/link";
  const auto write = [&](const std::string& text, int64_t size) {
    std::FILE* file = std::fopen(name.c_str(), "wb");
    ASSERT_NE(file, nullptr);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
    if (size > 0) {
      ASSERT_EQ(truncate(name.c_str(), size), 0);
    }
  };
  const Restored before;
  EXPECT_EQ(take_tuning_file(name), "no such file: measured defaults");
  EXPECT_EQ(take_tuning_file(folder), "not taken: it is no regular file");
  EXPECT_EQ(take_tuning_file("/dev/zero"), "not taken: it is no regular file");
  EXPECT_EQ(take_tuning_file("/dev/null"), "not taken: it is no regular file");
  EXPECT_EQ(take_tuning_file(name + "/below"), "no such file: measured defaults");
  EXPECT_EQ(take_tuning_file(name + std::string(5000, 'x')).compare(0, 11, "not taken: "), 0);
  ASSERT_EQ(mkfifo(name.c_str(), 0600), 0);
  EXPECT_EQ(take_tuning_file(name), "not taken: it is no regular file");
  ASSERT_EQ(unlink(name.c_str()), 0);
  ASSERT_EQ(symlink(name.c_str(), name.c_str()), 0);  // to itself
  EXPECT_EQ(take_tuning_file(name).compare(0, 11, "not taken: "), 0);
  ASSERT_EQ(unlink(name.c_str()), 0);
  write("GEMM_ROWS 200\n", int64_t{3} << 30);  // sparse
  EXPECT_EQ(take_tuning_file(name), "not taken: it is longer than 65536 bytes");
  EXPECT_FALSE(before.changed());
  write("GEMM_ROWS 200\n", 0);
  ASSERT_EQ(symlink(name.c_str(), link.c_str()), 0);
  EXPECT_EQ(take_tuning_file(link), "1 values taken");
  EXPECT_EQ(rows(), 200);
  unlink(link.c_str());
  unlink(name.c_str());
  rmdir(folder);
}
#endif

}  // namespace
