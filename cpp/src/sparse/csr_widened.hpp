// CSR products of elements that no micro-kernel takes: 16-bit floats and complex numbers.
#pragma once
#include "sparse/csr.hpp"

namespace einblas {

// As csr_multiply and csr_sampled have it. Assumes is_multiplied, and not is_float.
int32_t csr_multiply_widened(const Csr& a, const CsrMultiply& call) noexcept;
int32_t csr_sampled_widened(const Csr& a, const CsrSample& call) noexcept;

// Bytes of a product's dense operand that a panel may have (CSR_PANEL_BYTES), and of a sampled product's second one
// that are copied at once (CSR_SAMPLED_PACKED).
int64_t csr_panel_limit() noexcept;
int64_t csr_sampled_limit() noexcept;

}  // namespace einblas
