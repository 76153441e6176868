// Test support: runs a step written as an equation against a naive reference, in guarded memory, any layout.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/tunable.hpp"

namespace einblas_test {

// "bmk,bnk->bmn" and the length of each label. Labels of a tensor stand in its storage order, slowest first; a label
// repeated in an operand is its diagonal; no operand: "->ab".
struct Equation {
  std::string text;
  std::map<char, int64_t> lengths;
};

struct Variant {
  int64_t pad = 0;        // elements added to the storage of every dimension: nothing folds, rows are misaligned
  bool negative = false;  // every other dimension of each tensor runs backwards
  bool spread = false;    // the fastest dimension has stride 2
  bool at_end = true;     // the tensors end (else begin) at a guard page
  double alpha = 1, beta = 0;
  int threads = 1;
  int64_t room = INT64_MAX;      // bytes for workspaces
  const char* kernel = nullptr;  // forced kernel
  bool packed = false;           // with packed copies of the operands that the step packs
  uint32_t seed = 1;
};

struct Outcome {
  int32_t status = 0;
  std::string kernel;               // that ran
  std::string description;          // of the plan
  bool packed[2] = {false, false};  // whether an operand was packed before
  std::string error;                // empty when right
  int64_t memory = 0;               // bytes of a run on one thread
};

// Runs the equation for T in {float, double, int32_t, int64_t}. Reals are random in [-1, 1]; an element is right when
// |got - want| <= 2 eps (K + 4) (|alpha| sum |terms| + |beta C|). Integers are random bits, right to the bit modulo
// 2^n; their factors are doubled until they are whole. Elements of the output's storage outside the view must be
// untouched. With beta = 0 the output starts as NaN, of integers as random bits.
template <class T>
Outcome run(const Equation& equation, const Variant& variant);

// The step's kernel and description; nothing is run.
template <class T>
Outcome planned(const Equation& equation, const Variant& variant);

// The output's bits, to compare thread counts.
template <class T>
std::vector<T> result(const Equation& equation, const Variant& variant);

std::string to_string(const Equation& equation, const Variant& variant);

// Fails the test unless the equation is right for F32, F64 and, in one case of two, an integer: the case itself picks.
// A kernel: that one runs it, or refuses integers as openblas does.
void expect_right(const Equation& equation, Variant variant, const char* kernel = nullptr);

struct Lengths {
  char label;
  int64_t least, most;
};

// One random case of a seed: an equation of the texts, lengths, a usual variant with gaps and threads, and the kernel.
void expect_random_right(uint32_t seed, const std::vector<const char*>& texts, const std::vector<Lengths>& lengths,
                         const char* kernel);

// The usual variants: plain, padded, negative, spread, alpha/beta, three threads.
std::vector<Variant> usual_variants();

}  // namespace einblas_test
