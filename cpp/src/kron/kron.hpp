// Kronecker products: what api/kron.cpp gives the driver.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "layout/dtype.hpp"
#include "sparse/csr.hpp"

namespace einblas {

// An axis that no factor acts on: of the operand and the result, strides in elements.
struct KronOuter {
  int64_t length, x, c;
};

// An axis that a factor acts on: length k in the operand and q in the result; element (i, j) of the factor at
// i * fk + j * fq.
struct KronAxis {
  int64_t k, q, x, c, fk, fq;
};

struct KronCall {
  const char* x;
  const int64_t* factors;  // their addresses
  char* c;
  double alpha, beta;
  int threads;
};

// C[o, j1, .., jn] = alpha * sum over i of X[o, i1, .., in] * F1[i1, j1] * .. * Fn[in, jn] + beta * C[..].
class KronPlan {
 public:
  virtual ~KronPlan() = default;
  virtual int32_t run(const KronCall& call) const noexcept = 0;
  virtual std::string describe() const = 0;
  virtual int64_t workspace_bytes() const = 0;
};

// Null when neither the last axis of the factors nor an outer one has unit stride in both X and C. Lengths are at least
// 1; factors in the order of the operand's strides, the largest first.
std::unique_ptr<KronPlan> make_kron_plan(DType dtype, std::vector<KronOuter> outer, std::vector<KronAxis> axes);

// The order of least work: of two factors, exchanging them shows that the one with the smaller weight goes first:
// growth of the tensor over work for each of its elements.
inline double kron_weight(double k, double q, double work) { return (q / k - 1) / work; }

// A CSR matrix applied along one axis of X, whose strides there and in C are given.
struct KronAlong {
  const char* x;
  int64_t x_stride;
  char* c;
  int64_t c_stride;
  double alpha, beta;
  int threads;
  Conjugated conjugated = {};  // A, X
};

// In types that are multiplied: C[o, r] = alpha * sum over c of A[r, c] * X[o, c] + beta * C[o, r]; lengths at least 1.
// Same bits for any number of threads.
int32_t kron_csr(const Csr& a, const KronAlong& call, std::vector<KronOuter> outer);

}  // namespace einblas
