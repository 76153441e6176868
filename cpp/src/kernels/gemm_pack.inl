// Packing kernels of the gemm: from tensors of any strides into panels.
//
// Both write to[(j / panel_width) * panel_stride + p * stride + j % panel_width] for lane j and row p; what a lane and
// a row are is the driver's business (columns and depth of B; rows and depth of A, either way round).

// Panels of lanes that follow each other end to end: row by row, as they lie in memory, and rows to come are asked for.
// NV: vectors of a panel. Of OpenBLAS's speed, one thread, panel by panel and so: 16 x 2048 x 2048 F32 1.1, 1.3, F64 0.77,
// 0.90; 16 x 3000 x 1000 F32 1.3, 1.6, F64 0.86, 1.02.
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
// vectors.
template <class T>
static void pack_runs(T* EINBLAS_RESTRICT to, int64_t panel_width, int64_t panel_stride, int64_t stride,
                      int64_t lane_count, int64_t count, const T* from, const int64_t* lane_offset,
                      const int64_t* offset) {
  constexpr int w = lanes<T>::value;
  constexpr int64_t kRows = 16;  // rows of a pass: few enough pages, enough reuse of the run search
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

// to[lane + i + u * lane_step, row + u * row_step] = from[lane_offset[i] + u], i < lane_count, u < units: the source
// has its unit stride along u, so squares of lanes x lanes are transposed in registers. Short runs far apart are more
// than the hardware's prefetcher follows: unless `ahead` is null the same lanes from there on are asked for, or, if it
// is `from`, the next ones.
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
        for (int r = 0; r < in; ++r) __builtin_prefetch(ahead + lane_offset[i0 + r] + u0);
      } else if (ahead != nullptr) {
        for (int r = 0; r < in && i0 + w + r < lane_count; ++r) __builtin_prefetch(from + lane_offset[i0 + w + r] + u0);
      }
      if (in == w && un == w) {
#pragma GCC unroll 16
        for (int r = 0; r < w; ++r) v[r] = load(from + lane_offset[i0 + r] + u0);
      } else {
        for (int r = 0; r < w; ++r) v[r] = r < in ? load_n(from + lane_offset[i0 + r] + u0, un) : vec<T>{};
      }
      transpose_square<T>(v);
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
      for (int r = 0; r < un; ++r) {
        const int64_t j = lane + i0 + (u0 + r) * lane_step, in_panel = j % panel_width;
        T* out = to + (j / panel_width) * panel_stride + in_panel + (row + (u0 + r) * row_step) * stride;
        if (in_panel + in <= panel_width) {
          store_n(out, v[r], in);
        } else {
          T t[w];
          memcpy(t, &v[r], sizeof t);
          for (int i = 0; i < in; ++i) {
            const int64_t at = j + i;
            to[(at / panel_width) * panel_stride + at % panel_width + (row + (u0 + r) * row_step) * stride] = t[i];
          }
        }
      }
    }
  }
}
