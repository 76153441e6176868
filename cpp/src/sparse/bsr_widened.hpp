// BSR products of elements that no micro-kernel takes: 16-bit floats and complex numbers.
#pragma once
#include "sparse/bsr.hpp"

namespace einblas {

// As bsr_product and bsr_sampled have it. Assumes is_multiplied, and not is_float. May throw bad_alloc.
int32_t bsr_product_widened(const Bsr& matrix, const BsrProduct& call);
int32_t bsr_sampled_widened(const Bsr& matrix, const BsrSampled& call);

}  // namespace einblas
