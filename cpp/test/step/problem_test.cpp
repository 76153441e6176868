// Normalisation of steps as a table: what is dropped, flipped, sorted, folded and grouped.
#include "step/problem.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace einblas {
namespace {

using Numbers = std::vector<int64_t>;

struct Case {
  const char* what;
  int operands, outer_axes;
  Numbers lengths;               // outer axes first
  std::vector<Numbers> strides;  // operand by operand, then the output's along the outer axes
  std::string outer, reduced;    // length(stride of each operand, of the output)
  Numbers offsets;               // of operands 0 to 2 and the output; empty: all 0
  double multiplier = 1;
  bool invariant = false;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

Problem normal(int operands, int outer_axes, const Numbers& lengths, const std::vector<Numbers>& strides,
               bool invariant) {
  Numbers all;
  for (const Numbers& s : strides) all.insert(all.end(), s.begin(), s.end());
  return normalise(DType::F32, operands, static_cast<int>(lengths.size()), outer_axes, lengths.data(), all.data(),
                   invariant);
}

class Normalise : public testing::TestWithParam<Case> {};

TEST_P(Normalise, GivesTheAxesOfTheTable) {
  const Case& c = GetParam();
  const Problem p = normal(c.operands, c.outer_axes, c.lengths, c.strides, c.invariant);
  EXPECT_EQ(describe_axes(p.outer, c.operands), c.outer);
  EXPECT_EQ(describe_axes(p.reduced, c.operands), c.reduced);
  EXPECT_EQ(p.multiplier, c.multiplier);
  for (size_t t = 0; t < 4; ++t) EXPECT_EQ(p.offset[t], c.offsets.empty() ? 0 : c.offsets[t]) << "tensor " << t;
  EXPECT_FALSE(p.empty_output);
  EXPECT_FALSE(p.empty_sum);
}

const Case kCases[] = {
    {"no axis", 1, 0, {}, {{}, {}}, "-", "-", {}},
    {"a copy is one axis", 1, 2, {4, 5}, {{5, 1}, {5, 1}}, "20(1,1)", "-", {}},
    {"axes of length 1 go, whatever their strides", 1, 3, {4, 1, 5}, {{5, 77, 1}, {5, -99, 1}}, "20(1,1)", "-", {}},
    {"padded rows of one tensor keep two axes", 1, 2, {4, 5}, {{8, 1}, {5, 1}}, "4(8,5) 5(1,1)", "-", {}},
    {"three axes fold where all tensors allow it",
     1,
     3,
     {2, 3, 4},
     {{24, 4, 1}, {12, 4, 1}},
     "2(24,12) 12(1,1)",
     "-",
     {}},
    {"outer axes are sorted by the output's strides", 1, 2, {3, 4}, {{4, 1}, {1, 3}}, "4(1,3) 3(4,1)", "-", {}},
    {"sorted axes fold too", 1, 2, {3, 4}, {{1, 3}, {1, 3}}, "12(1,1)", "-", {}},
    {"the output's axis that runs backwards is turned", 1, 1, {4}, {{1}, {-1}}, "4(-1,1)", "-", {3, 0, 0, -3}},
    {"both backwards are a copy", 1, 2, {4, 5}, {{-5, -1}, {-5, -1}}, "20(1,1)", "-", {-19, 0, 0, -19}},
    {"an operand backwards stays so", 1, 1, {4}, {{-2}, {1}}, "4(-2,1)", "-", {}},
    {"a broadcast is a stride of 0", 1, 2, {4, 5}, {{0, 1}, {5, 1}}, "4(0,5) 5(1,1)", "-", {}},
    {"repeated broadcasts are one", 1, 2, {4, 5}, {{0, 0}, {5, 1}}, "20(0,1)", "-", {}},
    {"summed axes are sorted and folded", 1, 0, {3, 4}, {{1, 3}, {}}, "-", "12(1,0)", {}},
    {"a summed axis that runs backwards is turned", 1, 0, {4}, {{-1}, {}}, "-", "4(1,0)", {-3, 0, 0, 0}},
    {"the first operand says which way", 2, 0, {4}, {{-1}, {1}, {}}, "-", "4(1,-1,0)", {-3, 3, 0, 0}},
    {"the second, where the first has no such axis", 2, 0, {4}, {{0}, {-1}, {}}, "-", "4(0,1,0)", {0, -3, 0, 0}},
    {"a summed axis that no operand has is a factor", 1, 0, {4, 6, 2}, {{1, 0, 0}, {}}, "-", "4(1,0)", {}, 12},
    {"rows summed", 1, 1, {3, 4}, {{4, 1}, {1}}, "3(4,1)", "4(1,0)", {}},
    {"three operands", 3, 1, {5}, {{1}, {0}, {2}, {1}}, "5(1,0,2,1)", "-", {}},
    {"invariant: summed axes in the caller's order", 1, 0, {3, 4}, {{1, 3}, {}}, "-", "3(1,0) 4(3,0)", {}, 1, true},
    {"invariant: neighbours that follow each other fold", 1, 0, {3, 4}, {{4, 1}, {}}, "-", "12(1,0)", {}, 1, true},
    {"invariant: in the caller's direction", 1, 0, {4}, {{-1}, {}}, "-", "4(-1,0)", {}, 1, true},
    {"invariant: sums of three fold nothing",
     3,
     0,
     {3, 4},
     {{4, 1}, {4, 1}, {4, 1}, {}},
     "-",
     "3(4,4,4,0) 4(1,1,1,0)",
     {},
     1,
     true},
};

INSTANTIATE_TEST_SUITE_P(Table, Normalise, testing::ValuesIn(kCases));

struct Groups {
  const char* what;
  int outer_axes;
  Numbers lengths;
  std::vector<Numbers> strides;
  std::string batch, m, n, k;
  bool invariant = false;
};

void PrintTo(const Groups& g, std::ostream* out) { *out << g.what; }

class Group : public testing::TestWithParam<Groups> {};

TEST_P(Group, SaysWhichOperandHasAnAxis) {
  const Groups& g = GetParam();
  const Problem p = normal(2, g.outer_axes, g.lengths, g.strides, g.invariant);
  EXPECT_EQ(describe_axes(p.batch, 2), g.batch);
  EXPECT_EQ(describe_axes(p.m, 2), g.m);
  EXPECT_EQ(describe_axes(p.n, 2), g.n);
  EXPECT_EQ(describe_axes(p.k, 2), g.k);
}

const Groups kGroups[] = {
    {"a product of matrices", 2, {2, 4, 3}, {{3, 0, 1}, {0, 1, 4}, {4, 1}}, "-", "2(3,0,4)", "4(0,1,1)", "3(1,4,0)"},
    {"of many",
     3,
     {5, 2, 4, 3},
     {{6, 3, 0, 1}, {12, 0, 1, 4}, {8, 4, 1}},
     "5(6,12,8)",
     "2(3,0,4)",
     "4(0,1,1)",
     "3(1,4,0)"},
    {"the same matrix for all is more rows",
     3,
     {5, 2, 4, 3},
     {{6, 3, 0, 1}, {0, 0, 1, 4}, {8, 4, 1}},
     "-",
     "10(3,0,4)",
     "4(0,1,1)",
     "3(1,4,0)"},
    {"elementwise", 1, {6}, {{1}, {1}, {1}}, "6(1,1,1)", "-", "-", "-"},
    {"an axis that neither has is a row", 2, {5, 6}, {{0, 1}, {0, 1}, {6, 1}}, "6(1,1,1)", "5(0,0,6)", "-", "-"},
    {"what one operand alone has is summed with the rest",
     0,
     {3, 4},
     {{1, 0}, {0, 1}, {}},
     "-",
     "-",
     "-",
     "3(1,0,0) 4(0,1,0)"},
    {"invariant: a dot has a row and a column", 0, {3}, {{1}, {1}, {}}, "-", "1(0,0,0)", "1(0,0,0)", "3(1,1,0)", true},
    {"invariant: nothing summed needs none", 1, {6}, {{1}, {1}, {1}}, "6(1,1,1)", "-", "-", "-", true},
};

INSTANTIATE_TEST_SUITE_P(Table, Group, testing::ValuesIn(kGroups));

TEST(Problem, LengthsOfZero) {
  const Problem output = normal(1, 1, {0, 3}, {{3, 1}, {1}}, false);
  EXPECT_TRUE(output.empty_output);
  EXPECT_FALSE(output.empty_sum);
  const Problem sum = normal(1, 1, {3, 0}, {{1, 1}, {1}}, false);
  EXPECT_FALSE(sum.empty_output);
  EXPECT_TRUE(sum.empty_sum);
  EXPECT_EQ(describe_axes(sum.outer, 1), "3(1,1)") << "what beta scales";
  const Problem both = normal(1, 1, {0, 0}, {{1, 1}, {1}}, false);
  EXPECT_TRUE(both.empty_output && both.empty_sum);
}

TEST(Problem, BlocksOfAnInvariantSum) {
  EXPECT_EQ(invariant_depth(1), 1);
  EXPECT_EQ(invariant_depth(128), 128);
  EXPECT_EQ(invariant_depth(129), 65);
  EXPECT_EQ(invariant_depth(256), 128);
  EXPECT_EQ(invariant_depth(257), 86);
  for (int64_t depth = 1; depth < 2000; ++depth) {
    const int64_t block = invariant_depth(depth), blocks = (depth + block - 1) / block;
    EXPECT_LE(block, 128);
    EXPECT_EQ(blocks, (depth + 127) / 128) << "no more blocks than needed, of " << depth;
  }
}

TEST(Problem, ElementsAreTheProductOfTheLengths) {
  EXPECT_EQ(elements({}), 1);
  EXPECT_EQ(elements({{3, {1, 0, 0, 1}}, {4, {3, 0, 0, 3}}}), 12);
}

}  // namespace
}  // namespace einblas
