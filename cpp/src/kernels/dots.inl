// Dot-product instructions: groups of narrow numbers put together for the tiles of gemm.inl, whose step they are.

// to[j] = the pair (rows[0][j], rows[1][j]), j < n; a null row is of 0.
template <class Sum>
static void dots_pairs(Sum* to, const uint16_t* const* rows, int64_t n) {
  for (int64_t j = 0; j < n; j += 16) {
    const __mmask16 mask = static_cast<__mmask16>(n - j < 16 ? (1u << (n - j)) - 1u : 0xffffu);
    const auto numbers = [&](int r) __attribute__((always_inline)) {
      return (vu32)_mm512_maskz_cvtepu16_epi32(mask, _mm256_maskz_loadu_epi16(mask, rows[r] + j));
    };
    vu32 x = numbers(0);
    if (rows[1] != nullptr) x |= numbers(1) << 16;
    _mm512_mask_storeu_epi32(to + j, mask, (__m512i)x);
  }
}

// to[j] = the group of four (rows[0][j], .. rows[3][j]), j < n; a null row is of 0.
static __attribute__((unused)) void dots_fours(uint32_t* to, const uint8_t* const* rows, int64_t n) {
  for (int64_t j = 0; j < n; j += 16) {
    const __mmask16 mask = static_cast<__mmask16>(n - j < 16 ? (1u << (n - j)) - 1u : 0xffffu);
    vu32 x{};
    for (int r = 3; r >= 0; --r) {
      x <<= 8;
      if (rows[r] != nullptr) x |= (vu32)_mm512_maskz_cvtepu8_epi32(mask, _mm_maskz_loadu_epi8(mask, rows[r] + j));
    }
    _mm512_mask_storeu_epi32(to + j, mask, (__m512i)x);
  }
}
