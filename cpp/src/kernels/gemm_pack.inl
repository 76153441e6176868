// Packing kernels of the gemm: from tensors of any strides into panels.
//
// Both write to[(j / panel_width) * panel_stride + p * stride + j % panel_width] for lane j and row p; what a lane and
// a row are is the driver's business (columns and depth of B; rows and depth of A, either way round).

// Panels of lanes that follow each other end to end: row by row, as they lie in memory, and rows to come are asked for.
// NV: vectors of a panel. Of OpenBLAS's speed, one thread, panel by panel and so: 16 x 2048 x 2048 F32 1.1, 1.3, F64
// 0.77, 0.90; 16 x 3000 x 1000 F32 1.3, 1.6, F64 0.86, 1.02.
template <class T, int NV>
static void pack_rows(T* EINBLAS_RESTRICT to, int64_t panel_stride, int64_t stride, int64_t panels, int64_t count,
                      const T* from, const int64_t* offset) {
  constexpr int w = lanes<T>::value;
  constexpr int64_t kAhead = 4;  // rows
  for (int64_t p = 0; p < count; ++p) {
    const T* x = from + offset[p];
    const T* next = from + offset[p + kAhead < count ? p + kAhead : p];
    T* out = to + p * stride;
    for (int64_t j = 0; j < panels; ++j, out += panel_stride, x += NV * w, next += NV * w) {
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) __builtin_prefetch(next + v * w);
      vec<T> row[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) row[v] = load(x + v * w);
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) store(out + v * w, row[v]);
    }
  }
}

// to[j, p] = from[lane_offset[j] + offset[p]], j < lanes, p < count. Runs of lanes that follow each other are copied as
// vectors. Runs shorter than a line of the cache are too short for the hardware's prefetcher: the next pass is asked
// for. 32 matrices of 512 x 512 F32 in panels of 12 lanes, 4.8 ms without and 1.8 with; in panels of 6, 5.5 and 2.4.
template <class T>
static void pack_runs(T* EINBLAS_RESTRICT to, int64_t panel_width, int64_t panel_stride, int64_t stride,
                      int64_t lane_count, int64_t count, const T* from, const int64_t* lane_offset,
                      const int64_t* offset) {
  constexpr int w = lanes<T>::value;
  constexpr int64_t kRows = 16;  // rows of a pass: few enough pages, enough reuse of the run search
  constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T));
  const int64_t whole = lane_count / panel_width;
  if (whole > 0 && (panel_width == 2 * w || panel_width == 3 * w)) {
    int64_t breaks = 0;
    for (int64_t j = 1; j < lane_count; ++j) breaks += lane_offset[j] != lane_offset[j - 1] + 1;
    if (breaks == 0) {
      if (panel_width == 2 * w) {
        pack_rows<T, 2>(to, panel_stride, stride, whole, count, from + lane_offset[0], offset);
      } else {
        pack_rows<T, 3>(to, panel_stride, stride, whole, count, from + lane_offset[0], offset);
      }
      if (whole * panel_width == lane_count) return;
      to += whole * panel_stride;
      lane_offset += whole * panel_width;
      lane_count -= whole * panel_width;
    }
  }
  for (int64_t p0 = 0; p0 < count; p0 += kRows) {
    const int64_t pn = p0 + kRows < count ? p0 + kRows : count;
    for (int64_t j = 0; j < lane_count;) {
      const int64_t in_panel = j % panel_width;
      int64_t most = panel_width - in_panel < lane_count - j ? panel_width - in_panel : lane_count - j, run = 1;
      while (run < most && lane_offset[j + run] == lane_offset[j] + run) ++run;
      T* out = to + (j / panel_width) * panel_stride + in_panel;
      const T* source = from + lane_offset[j];
      if (run == 1) {
        for (int64_t p = p0; p < pn; ++p) out[p * stride] = source[offset[p]];
      } else {
        for (int64_t p = p0; p < pn; ++p) {
          const T* x = source + offset[p];
          if (run <= kLine) __builtin_prefetch(source + offset[p + kRows < count ? p + kRows : p]);
          T* o = out + p * stride;
          int64_t i = 0;
          for (; i + w <= run; i += w) store(o + i, load(x + i));
          if (i < run) store_n(o + i, load_n(x + i, static_cast<int>(run - i)), static_cast<int>(run - i));
        }
      }
      j += run;
    }
  }
}

// Lanes of x and y by turns in each 16 bytes: pieces of P lanes of their lower halves, or of their upper ones.
template <class V, int G, int P, int UP, int... L>
EINBLAS_INLINE V zip_lanes(V x, V y, lane_list<L...>) {
  constexpr int w = sizeof...(L);
  return __builtin_shufflevector(x, y,
                                 (L / G * G + UP * G / 2 + L % G / (2 * P) * P + L % P + (L % (2 * P) < P ? 0 : w))...);
}
// Pieces of 16 bytes of four vectors, or of two, transposed.
template <class V>
EINBLAS_INLINE void transpose_pieces([[maybe_unused]] V* a, [[maybe_unused]] V* b, [[maybe_unused]] V* c,
                                     [[maybe_unused]] V* d) {
#if EINBLAS_VBYTES == 64 && defined(__AVX512F__)
  const __m512 x = (__m512)*a, y = (__m512)*b, z = (__m512)*c, t = (__m512)*d;
  const __m512 p = _mm512_maskz_shuffle_f32x4(0xffff, x, y, 0x44), q = _mm512_maskz_shuffle_f32x4(0xffff, x, y, 0xee),
               r = _mm512_maskz_shuffle_f32x4(0xffff, z, t, 0x44), u = _mm512_maskz_shuffle_f32x4(0xffff, z, t, 0xee);
  *a = (V)_mm512_maskz_shuffle_f32x4(0xffff, p, r, 0x88);
  *b = (V)_mm512_maskz_shuffle_f32x4(0xffff, p, r, 0xdd);
  *c = (V)_mm512_maskz_shuffle_f32x4(0xffff, q, u, 0x88);
  *d = (V)_mm512_maskz_shuffle_f32x4(0xffff, q, u, 0xdd);
#endif
}
template <class V, int UP, int... L>
EINBLAS_INLINE V pick_half(V x, V y, lane_list<L...>) {
  constexpr int w = sizeof...(L), half = w / 2;
  return __builtin_shufflevector(x, y, (L % half + UP * half + (L < half ? 0 : w))...);
}

// Transposes N x N lanes by shuffles within 16 bytes and of 16 bytes: no indices in registers. G: lanes of 16 bytes.
template <class V, int N, int G>
EINBLAS_INLINE void transpose_lanes(V* v) {
  const typename lane_count<N>::type all;
#pragma GCC unroll 16
  for (int r = 0; r < N; r += G) {
    if constexpr (G == 4) {
      const V a = zip_lanes<V, G, 1, 0>(v[r], v[r + 1], all), b = zip_lanes<V, G, 1, 1>(v[r], v[r + 1], all),
              c = zip_lanes<V, G, 1, 0>(v[r + 2], v[r + 3], all), d = zip_lanes<V, G, 1, 1>(v[r + 2], v[r + 3], all);
      v[r] = zip_lanes<V, G, 2, 0>(a, c, all);
      v[r + 1] = zip_lanes<V, G, 2, 1>(a, c, all);
      v[r + 2] = zip_lanes<V, G, 2, 0>(b, d, all);
      v[r + 3] = zip_lanes<V, G, 2, 1>(b, d, all);
    } else {
      const V a = zip_lanes<V, G, 1, 0>(v[r], v[r + 1], all);
      v[r + 1] = zip_lanes<V, G, 1, 1>(v[r], v[r + 1], all);
      v[r] = a;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < G; ++r) {
    if constexpr (N == 2 * G) {
      const V a = pick_half<V, 0>(v[r], v[r + G], all);
      v[r + G] = pick_half<V, 1>(v[r], v[r + G], all);
      v[r] = a;
    } else if constexpr (N == 4 * G) {
      transpose_pieces(&v[r], &v[r + G], &v[r + 2 * G], &v[r + 3 * G]);
    }
  }
}

// to[lane + i + u * lane_step, row + u * row_step] = from[lane_offset[i] + u], i < lane_count, u < units: the source
// has its unit stride along u, so squares of lanes x lanes are transposed in registers. Short runs far apart are more
// than the hardware's prefetcher follows: unless `ahead` is null the same lanes from there on are asked for, or, if it
// is `from`, the next ones; into L2, as lines that far apart share sets of L1. abkc,kj->cbja with axes of 72, the time
// to pack: F32 29 ms into L1, 16 into L2; cabk,kj->cjba 16, 8.
template <class T>
static void pack_transposed(T* EINBLAS_RESTRICT to, int64_t panel_width, int64_t panel_stride, int64_t stride,
                            int64_t lane, int64_t lane_count, int64_t row, int64_t units, int64_t lane_step,
                            int64_t row_step, const T* from, const int64_t* lane_offset, const T* ahead) {
  constexpr int w = lanes<T>::value;
  for (int64_t i0 = 0; i0 < lane_count; i0 += w) {
    const int in = lane_count - i0 < w ? static_cast<int>(lane_count - i0) : w;
    for (int64_t u0 = 0; u0 < units; u0 += w) {
      const int un = units - u0 < w ? static_cast<int>(units - u0) : w;
      vec<T> v[w];
      if (ahead != nullptr && ahead != from) {
        for (int r = 0; r < in; ++r) __builtin_prefetch(ahead + lane_offset[i0 + r] + u0, 0, 2);
      } else if (ahead != nullptr) {
        for (int r = 0; r < in && i0 + w + r < lane_count; ++r)
          __builtin_prefetch(from + lane_offset[i0 + w + r] + u0, 0, 2);
      }
      if (in == w && un == w) {
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) v[r] = load(from + lane_offset[i0 + r] + u0);
      } else {
        for (int r = 0; r < w; ++r) v[r] = r < in ? load_n(from + lane_offset[i0 + r] + u0, un) : vec<T>{};
      }
      transpose_lanes<vec<T>, w, 16 / static_cast<int>(sizeof(T))>(v);
      if (lane_step == 0) {
        const int64_t j = lane + i0, in_panel = j % panel_width;
        T* out = to + (j / panel_width) * panel_stride + in_panel + (row + u0 * row_step) * stride;
        const int64_t down = row_step * stride;
        if (in == w && un == w && in_panel + w <= panel_width) {
#pragma GCC unroll 16
          for (int r = 0; r < w; ++r) store(out + r * down, v[r]);
          continue;
        }
        if (in_panel + in <= panel_width) {
          for (int r = 0; r < un; ++r) store_n(out + r * down, v[r], in);
          continue;
        }
      }
      // Panel and place of a vector, without a division for each.
      const int64_t first = lane + i0 + u0 * lane_step, panels = lane_step / panel_width,
                    places = lane_step - panels * panel_width;
      int64_t panel = first / panel_width, in_panel = first - panel * panel_width;
      T* line = to + (row + u0 * row_step) * stride;
      for (int r = 0; r < un; ++r, line += row_step * stride) {
        T* out = line + panel * panel_stride + in_panel;
        const int64_t at_panel = panel, at_place = in_panel;
        panel += panels;
        in_panel += places;
        if (in_panel >= panel_width) {
          in_panel -= panel_width;
          ++panel;
        }
        if (at_place + w <= panel_width && in == w) {
          store(out, v[r]);
          continue;
        }
        if (at_place + in <= panel_width) {
          store_n(out, v[r], in);
        } else if (at_place + in <= 2 * panel_width) {
          const int split = static_cast<int>(panel_width - at_place);
          store_lanes(out, v[r], 0, split);
          store_lanes(line + (at_panel + 1) * panel_stride - split, v[r], split, in);
        } else {
          T t[w];
          memcpy(t, &v[r], sizeof t);
          int64_t p = at_panel, place = at_place;
          for (int i = 0; i < in; ++i) {
            line[p * panel_stride + place] = t[i];
            if (++place < panel_width) continue;
            place = 0;
            ++p;
          }
        }
      }
    }
  }
}
