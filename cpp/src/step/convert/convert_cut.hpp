// Conversion: pieces in which a step is worked on.
#pragma once
#include <cstdint>
#include <vector>

#include "step/convert/convert_layout.hpp"

namespace einblas {

// Lengths of the axes in a piece. By the problem alone. whole_sums: summed axes are not cut.
std::vector<int64_t> cut_pieces(const ConvertLayout& l, bool whole_sums, int shrinks);

}  // namespace einblas
