// Test support: steps over tensors of any types against a scalar model, in guarded memory, any layout.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "support/dtype.hpp"
#include "support/step_case.hpp"

namespace einblas_test {

struct TypedCase {
  Equation equation;
  std::vector<int32_t> types;  // of each operand, of the output, in which sums are added up
  int32_t conjugated = 0;
  // Reals are small whole numbers, so that every sum is exact and the result right to the bit; else any in [-1, 1].
  bool exact = true;
};

struct TypedOutcome {
  int32_t status = 0;
  std::string kernel, description;
  std::string error;         // empty when right
  std::vector<char> result;  // the output's memory
};

// Integers and truth values are any bytes, and right to the bit. Reals and the parts of complex numbers are right to
// the bit when exact; else when |got - want| <= 2 eps (K + 4) sum of |terms| + eps of the output's type * |want|. What
// of the output's memory is no element must be untouched. With beta = 0 the output starts as NaN.
TypedOutcome run_typed(const TypedCase& c, const Variant& v);

std::string to_string(const TypedCase& c, const Variant& v);

bool is_complex_type(int32_t type);
bool is_integer_type(int32_t type);  // of numbers, not BOOL

}  // namespace einblas_test
