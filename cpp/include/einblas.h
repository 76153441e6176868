/* The whole C surface of einblas: what the Java binding is generated from, and nothing else. */
#ifndef EINBLAS_H
#define EINBLAS_H

#include <stdint.h>

#ifndef EINBLAS_API
#if defined(_WIN32)
#define EINBLAS_API __declspec(dllexport)
#else
#define EINBLAS_API __attribute__((visibility("default")))
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Conventions.
 * - Data pointers and handles travel as int64_t: a raw address costs half of what a wrapped pointer costs across JNI,
 *   and Java has checked it. 0 is the null address.
 * - Lengths and strides count elements, never bytes. Strides may be negative or 0.
 * - Every int32_t-returning function gives a status; no function throws, aborts or prints.
 * - All functions may be called from any thread.
 */

/* Status codes. */
enum {
  EINBLAS_OK = 0,
  EINBLAS_INVALID_ARGUMENT = 1, /* a caller's mistake that Java should have caught */
  EINBLAS_OUT_OF_MEMORY = 2,    /* a block could not be had; nothing was written */
  EINBLAS_UNKNOWN_ISA = 3,      /* EINBLAS_ISA names no instruction set that we know */
  EINBLAS_UNSUPPORTED_ISA = 4,  /* EINBLAS_ISA names one that this machine lacks */
  EINBLAS_NOT_APPLICABLE = 5,   /* the forced kernel cannot run this step */
  EINBLAS_INTERNAL = 6,         /* a defect in einblas */
  EINBLAS_BAD_THREADS = 7,      /* EINBLAS_THREADS is no number from 1 to 1024 */
  EINBLAS_BAD_THREADING = 8,    /* EINBLAS_THREADING names nothing that runs tasks */
  EINBLAS_NO_OPENMP = 9,        /* EINBLAS_THREADING is openmp, and libgomp cannot be loaded */
  EINBLAS_NO_OPENBLAS = 10      /* OpenBLAS is needed and not open: einblas_openblas_open, then the call again */
};

/* Element types. Steps compute with all (einblas_step_create_typed), products with block-sparse, BSR and CSR operands
   with the reals and complex ones, Kronecker chains of dense factors with the first two, LAPACK's parts with these and
   the complex ones; values of CSR matrices may be stored as I32 and I64 too. */
enum {
  EINBLAS_F32 = 0,
  EINBLAS_F64 = 1,
  EINBLAS_I32 = 2,
  EINBLAS_I64 = 3,
  EINBLAS_BF16 = 4, /* the upper half of an F32 */
  EINBLAS_F16 = 5,  /* IEEE 754 binary16 */
  EINBLAS_I8 = 6,
  EINBLAS_U8 = 7,
  EINBLAS_I16 = 8,
  EINBLAS_BOOL = 9, /* a byte: 0, or anything else for true; 1 is written */
  EINBLAS_C64 = 10, /* real and imaginary part, two F32 */
  EINBLAS_C128 = 11 /* two F64 */
};
/* What stands behind a code, for whoever has codes of his own: its name as above, null for no type; bytes, or 0. */
EINBLAS_API const char* einblas_dtype_name(int32_t dtype);
EINBLAS_API int32_t einblas_dtype_size(int32_t dtype);

/* ---- library ---- */

/* Chooses the instruction set (EINBLAS_ISA, else the best one) and reads what is tuned. Idempotent. Any status but OK
 * means that no step can be made. */
EINBLAS_API int32_t einblas_init(void);
EINBLAS_API const char* einblas_version(void);
/* The chosen instruction set: base, avx2, avx512, avx512vnni, avx512bf16 or neon; null before einblas_init succeeds. */
EINBLAS_API const char* einblas_isa(void);
/* Names of the instruction sets compiled in, best first, separated by spaces; the second: those this machine runs. */
EINBLAS_API const char* einblas_isa_compiled(void);
EINBLAS_API const char* einblas_isa_supported(void);
/* OpenBLAS is opened when it is first needed, by who calls the library: LAPACK's functions, a step with the kernel
   openblas by name, and one that tuning gives to it say EINBLAS_NO_OPENBLAS until then, with nothing written. files:
   whole paths in UTF-8, one a line, what OpenBLAS needs first, itself last; version: what its configuration must
   contain. Once it is open this gives EINBLAS_OK and does nothing. EINBLAS_NO_OPENBLAS: einblas_openblas_failure says
   why, on this thread; it may be tried again. From then on steps go to other kernels where it is not named; no file at
   all ("") says that there is none. */
EINBLAS_API int32_t einblas_openblas_open(const char* files, const char* version);
EINBLAS_API const char* einblas_openblas_failure(void);
/* What openblas_get_config() and openblas_get_corename() say of it; null while it is not open. */
EINBLAS_API const char* einblas_blas_config(void);
EINBLAS_API const char* einblas_blas_core(void);
/* Threads per call unless a call says otherwise: 1..1024. The first that there is of: einblas_set_threads,
   EINBLAS_THREADS, the first number of OMP_NUM_THREADS, einblas_set_processors (what the JVM counts), the affinity of
   the process. einblas_threads_from says in words which; einblas_threading, what runs tasks (EINBLAS_THREADING): pool,
   openmp, system. */
EINBLAS_API int32_t einblas_threads(void);
EINBLAS_API int32_t einblas_set_threads(int32_t threads);
EINBLAS_API void einblas_set_processors(int32_t processors);
EINBLAS_API const char* einblas_threads_from(void);
EINBLAS_API const char* einblas_threading(void);
/* Worker threads of the pool that live now. */
EINBLAS_API int32_t einblas_workers(void);
/* Machine limits, measured on each call (some 0.3 s each): the peak of multiply-adds of F32, F64, I32 or I64, each two
   operations, a second; bytes/s. */
EINBLAS_API double einblas_measure_peak(int32_t dtype, int32_t threads);
/* what: 0 read, 1 fill with ordinary stores, 2 with non-temporal ones, 3 copy (bytes read plus written, by the better
   stores). bytes: size of the working set. */
EINBLAS_API double einblas_measure_bandwidth(int32_t what, int64_t bytes, int32_t threads);

/* ---- tuning: measured thresholds and tiles, overridden by EINBLAS_<name> or by a user's file ----
 * A file of lines "<name> <value>" (EINBLAS_TUNING names it; else einblas/tuning in the user's configuration folder) is
 * read once, by einblas_init. It is not taken on another processor or isa than its lines "processor" and "isa" say. */

EINBLAS_API int32_t einblas_tunables(void); /* how many; the functions below take 0..that-1, sorted by name */
EINBLAS_API const char* einblas_tunable_name(int32_t index);
EINBLAS_API const char* einblas_tunable_meaning(int32_t index);
/* what: 0 the value in force, 1 the default, 2 the least and 3 the largest that is taken; -1 for a wrong index. */
EINBLAS_API int64_t einblas_tunable(int32_t index, int32_t what);
/* For steps made from now on. */
EINBLAS_API int32_t einblas_tunable_set(int32_t index, int64_t value);
EINBLAS_API const char* einblas_tuning_file(void);   /* empty when there is no place for one */
EINBLAS_API const char* einblas_tuning_report(void); /* what was taken from it and from the environment */
EINBLAS_API const char* einblas_processor(void);

/* ---- memory: 64-byte aligned blocks, huge pages for large ones, freed blocks pooled ---- */

/* Address of a new block of uninitialised bytes (a valid one for 0 bytes), or 0 when that much is not free. */
EINBLAS_API int64_t einblas_alloc(int64_t bytes);
/* Takes what einblas_alloc gave for that many bytes; 0 is ignored. */
EINBLAS_API void einblas_free(int64_t address, int64_t bytes);
/* Bytes of all blocks given out and not yet freed (pooled ones do not count). */
EINBLAS_API int64_t einblas_memory_in_use(void);
EINBLAS_API int64_t einblas_memory_peak(void);
/* Bytes that einblas_alloc could give now, as far as the system and the limit tell. */
EINBLAS_API int64_t einblas_memory_available(void);
/* Most bytes that may be in use at a time, INT64_MAX for no limit: einblas_alloc and every call that needs memory of
   its own fail beyond it. */
EINBLAS_API int64_t einblas_memory_limit(void);
EINBLAS_API void einblas_set_memory_limit(int64_t bytes);
/* Why this thread last got no memory, told once: what was short (0 nothing to tell, 1 the limit that was set, 2 the
   machine, 3 the container's cgroup, 4 the system, which refused), the bytes that were needed (0 unknown), those that
   were free, and the size of what was short. */
EINBLAS_API void einblas_memory_shortage(int64_t* shortage);
/* The pool of freed blocks: bytes held, limit (0 switches it off), give all back to the system. */
EINBLAS_API int64_t einblas_pool_bytes(void);
EINBLAS_API int64_t einblas_pool_limit(void);
EINBLAS_API void einblas_set_pool_limit(int64_t bytes);
EINBLAS_API void einblas_pool_trim(void);
/* One element, for printing and tests; of a complex type its real part is read, and its imaginary part becomes 0. */
EINBLAS_API double einblas_peek(int64_t address, int32_t dtype);
EINBLAS_API void einblas_poke(int64_t address, int32_t dtype, double value);
/* One part of a complex element: 0 real, 1 imaginary. Of other types part 0 is the element, part 1 reads as 0. */
EINBLAS_API double einblas_peek_part(int64_t address, int32_t dtype, int32_t part);
EINBLAS_API void einblas_poke_part(int64_t address, int32_t dtype, int32_t part, double value);
/* The same for integer types and BOOL, exact beyond 2^53. */
EINBLAS_API int64_t einblas_peek_integer(int64_t address, int32_t dtype);
EINBLAS_API void einblas_poke_integer(int64_t address, int32_t dtype, int64_t value);
/* Copies elements of any type bit by bit; strides in elements; the two share no byte. */
EINBLAS_API void einblas_copy(int32_t dtype, int32_t axes, const int64_t* lengths, int64_t from,
                              const int64_t* from_strides, int64_t to, const int64_t* to_strides);

/* to[i] = from[i] for every index i: any type into any other, but complex into real. To floats: to nearest even. Real
   to integer: toward 0, clipped, NaN is 0. Integer to integer: modulo. To BOOL: whether it is not 0. conjugated 1: of
   complex numbers the conjugates. The two share no byte. Returns -1; or the first index, in C order, whose integer does
   not fit into a narrower one; or -2, and nothing was written: no such types. */
EINBLAS_API int64_t einblas_convert(int32_t from_type, int32_t to_type, int32_t conjugated, int32_t axes,
                                    const int64_t* lengths, int64_t from, const int64_t* from_strides, int64_t to,
                                    const int64_t* to_strides, int32_t threads);

/* ---- maps: what is around products ----
 *
 * Tensors are given by `types`, addresses and strides: those of the operands (axes numbers each), then the output's.
 * `compute` is the type in which a function computes: F32, F64, I32, I64, C64 or C128; operands are converted into it,
 * and its result once into the output's type (integers wrap). conjugated: bit i is set for operand i. The output has
 * each element once; an operand is the output itself or shares no byte with it; the caller has checked that.
 * EINBLAS_INVALID_ARGUMENT, and nothing was written: no such function, no such types, or not in that type.
 */

/* out[i] = f(x0[i], x1[i], x2[i]) with numbers s0, s1, s2 (scalars). A function reads as many operands as it names. */
enum {
  EINBLAS_MAP_COPY = 0,
  EINBLAS_MAP_SCALE = 1,  /* s0 x0 */
  EINBLAS_MAP_SHIFT = 2,  /* s0 x0 + s2 */
  EINBLAS_MAP_AFFINE = 3, /* s0 x0 + s1 x1 + s2 */
  EINBLAS_MAP_ADD = 4,
  EINBLAS_MAP_SUBTRACT = 5,
  EINBLAS_MAP_MULTIPLY = 6,
  EINBLAS_MAP_MULTIPLY_ADD = 7, /* x0 x1 + x2 */
  EINBLAS_MAP_DIVIDE = 8,
  EINBLAS_MAP_ABS = 9, /* of complex numbers a real number */
  EINBLAS_MAP_SIGN = 10,
  EINBLAS_MAP_EXP = 11,
  EINBLAS_MAP_EXP_OF_DIFFERENCE = 12, /* e^(x0 - x1) */
  EINBLAS_MAP_LOG = 13,
  EINBLAS_MAP_SQRT = 14,
  EINBLAS_MAP_TANH = 15,
  EINBLAS_MAP_SIGMOID = 16,
  EINBLAS_MAP_RELU = 17,
  EINBLAS_MAP_GELU = 18,    /* x0 Phi(x0) */
  EINBLAS_MAP_MAXIMUM = 19, /* NaN where one is */
  EINBLAS_MAP_MINIMUM = 20,
  EINBLAS_MAP_EQUAL = 21, /* 1 or 0, so the next ones */
  EINBLAS_MAP_NOT_EQUAL = 22,
  EINBLAS_MAP_LESS = 23,
  EINBLAS_MAP_LESS_EQUAL = 24,
  EINBLAS_MAP_WHERE = 25 /* x1 where x0 is not 0, else x2 */
};
EINBLAS_API int32_t einblas_map(int32_t what, int32_t compute, const int32_t* types, int32_t conjugated, int32_t axes,
                                const int64_t* lengths, const int64_t* strides, int64_t x0, int64_t x1, int64_t x2,
                                int64_t out, const double* scalars, int32_t threads);
/* out[o] over the axes behind the first outer_axes of x: what 0 the largest, 1 the smallest element, 2 the logarithm of
   the sum of e^x. types: of x and out. An empty reduction is EINBLAS_INVALID_ARGUMENT. */
EINBLAS_API int32_t einblas_map_reduce(int32_t what, int32_t compute, const int32_t* types, int32_t axes,
                                       int32_t outer_axes, const int64_t* lengths, int64_t x, const int64_t* x_strides,
                                       int64_t out, const int64_t* out_strides, int32_t threads);
/* Functions of the rows along the last axis. what: 0 softmax of x0; 1 its gradient, x0 the softmax, x1 the gradient of
   it; 2 layer norm (x0 - mean) / sqrt(variance + scalar) * weight + bias; 3 the gradient of x0, x1 that of the result;
   4 sums up to each element; 5 and 6 the first index of the largest and of the smallest, as I64, a row of one.
   types: of x0, x1, weight, bias, out; addresses the same (0 where there is none); strides: of x0, x1, out, then one
   each of weight and bias. */
EINBLAS_API int32_t einblas_map_rows(int32_t what, int32_t compute, const int32_t* types, int32_t conjugated,
                                     int32_t axes, const int64_t* lengths, const int64_t* addresses,
                                     const int64_t* strides, double scalar, int32_t threads);
/* add 0: out[.., k, ..] = x[.., indices[k], ..] along an axis, both of one type; lengths are the output's. add 1:
   out[.., indices[k], ..] += x[.., k, ..], in the order of k, rounded once; lengths are those of x. The caller has
   checked the indices. types: of x and out. */
EINBLAS_API int32_t einblas_map_move(int32_t add, const int32_t* types, int32_t conjugated, int32_t axes, int32_t axis,
                                     const int64_t* lengths, const int64_t* indices, int64_t x,
                                     const int64_t* x_strides, int64_t out, const int64_t* out_strides,
                                     int32_t threads);
/* *close: whether every |a - b| <= absolute + relative |b|, or both are equal, or nan is 1 and both are NaN. */
EINBLAS_API int32_t einblas_map_close(const int32_t* types, int32_t conjugated, int32_t axes, const int64_t* lengths,
                                      int64_t a, const int64_t* a_strides, int64_t b, const int64_t* b_strides,
                                      double relative, double absolute, int32_t nan, int32_t* close, int32_t threads);
/* n elements side by side. what: 0 first + i * second; 1 from first to second, both among them; 2 random ones from
   first up to, but not, second; 3 of mean first and deviation second, by seed and place. No complex types, no BOOL. */
EINBLAS_API int32_t einblas_map_series(int32_t what, int32_t dtype, int64_t n, int64_t out, double first, double second,
                                       int64_t seed, int32_t threads);

/* ---- steps ----
 *
 * A step is one fused loop nest over 0 to 3 operands X0..X2 and an output C:
 *
 *   C[o] = alpha * sum over r of product over i of Xi[o, r]  +  beta * C[o]
 *
 * o runs over the first outer_axes axes, r over the rest. Axis a has lengths[a] and, in operand i, strides[i * axes +
 * a]; the output's strides come last (strides[operands * axes + a]). An operand that lacks an axis has stride 0 there;
 * a repeated label (diagonal) has the sum of its strides. No operand: the product is 1 (fill). beta = 0 never reads C.
 * alpha = 0 never reads an operand. A length of 0 in r makes the sum 0; in o the step does nothing. The output's
 * strides address each element once, and the output shares no byte with an operand; the caller has checked that.
 * Integers: exact modulo 2^32 or 2^64; alpha and beta are integers of at most 2^53, else EINBLAS_INVALID_ARGUMENT.
 */

/* The `kernel` whose steps give an element of the output the same bits whatever is computed beside it: alone, in any
   part of the output, with any strides. Its products are added in the order of the reduced axes as given, in blocks
   whose borders depend on their lengths alone; the machine's instruction set still matters. */
#define EINBLAS_INVARIANT "invariant"

/* Makes a step: folds axes, chooses kernel, tiles and tasks. kernel: null to choose, EINBLAS_INVARIANT, or one to force
   (tests, tuning; else EINBLAS_KERNEL is asked). On OK *step is a handle, immutable, for many threads at once. */
EINBLAS_API int32_t einblas_step_create(int32_t dtype, int32_t operands, int32_t axes, int32_t outer_axes,
                                        const int64_t* lengths, const int64_t* strides, const char* kernel,
                                        int64_t* step);
/* The same with a type for each tensor, and with at most so many bytes of einblas_step_memory on one thread.
   types: of each operand, of the output, then the one in which sums are added up (operands + 2 numbers): F32, F64, I32,
   I64, C64 or C128. Operands: any type whose numbers it holds; I32 and I64 go into F64 and C128. Output: that type, or
   a narrower one of its kind, rounded once to nearest even or wrapped; BOOL, which is whether the sum is not 0, with
   F32. Integers are exact modulo 2^n, and alpha and beta whole, at most 2^53; for BOOL they are 0 or 1. conjugated: bit
   i is set where operand i is conjugated; of real ones it means nothing. bytes: blocks are made smaller, as little as
   will do, and so that some threads have room where that costs little. The bytes decide blocks, and so do bits; threads
   do not. Where none is small enough the step is the smallest there is; einblas_step_memory tells. */
EINBLAS_API int32_t einblas_step_create_typed(const int32_t* types, int32_t conjugated, int32_t operands, int32_t axes,
                                              int32_t outer_axes, const int64_t* lengths, const int64_t* strides,
                                              const char* kernel, int64_t bytes, int64_t* step);
/* The same with an epilogue: C = f(alpha * sum + beta * C + bias), rounded once; before the bias and before f too where
   a kernel is forced, alpha is 0 or nothing is summed. activation: EINBLAS_MAP_COPY for none, _TANH, _SIGMOID, _RELU or
   _GELU. bias: its strides along the outer axes, or null for none; x2 of a run is its address; its type goes into the
   sums', it shares no byte with C. At most two operands. C is of F32, F64, BF16 or F16. */
EINBLAS_API int32_t einblas_step_create_finished(const int32_t* types, int32_t conjugated, int32_t operands,
                                                 int32_t axes, int32_t outer_axes, const int64_t* lengths,
                                                 const int64_t* strides, int32_t bias_type, const int64_t* bias,
                                                 int32_t activation, int64_t bytes, int64_t* step);
EINBLAS_API void einblas_step_destroy(int64_t step);
/* Runs a step on the addresses of element [0,0,...] of each tensor; unused operands are 0.
   threads 0: the process's number. The result has the same bits for any number of threads. */
EINBLAS_API int32_t einblas_step_run(int64_t step, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha,
                                     double beta, int32_t threads);
/* Operands that stay the same from run to run. _packed_bytes: bytes of operand 0 or 1 as the step's tiles read it, 0
   where such a copy would spare a run nothing. _pack writes it, to an address that is a multiple of 64. _run_packed
   runs with such copies; 0 for an operand that has none. An operand with a copy may be read all the same. The result
   has the same bits as without. */
EINBLAS_API int64_t einblas_step_packed_bytes(int64_t step, int32_t operand);
EINBLAS_API int32_t einblas_step_pack(int64_t step, int32_t operand, int64_t x, int64_t packed, int32_t threads);
EINBLAS_API int32_t einblas_step_run_packed(int64_t step, int64_t x0, int64_t x1, int64_t x2, int64_t c,
                                            int64_t packed0, int64_t packed1, double alpha, double beta,
                                            int32_t threads);
/* Its kernel's name, and a text for people: folded shape, tiles, what is packed and why. Valid as long as the step. */
EINBLAS_API const char* einblas_step_kernel(int64_t step);
EINBLAS_API const char* einblas_step_description(int64_t step);
/* Operations of one run on real numbers, 8 for a complex multiply-add; bytes of all tensors counted once; bytes of
   workspace per thread at most. */
EINBLAS_API int64_t einblas_step_flops(int64_t step);
EINBLAS_API int64_t einblas_step_bytes(int64_t step);
EINBLAS_API int64_t einblas_step_workspace(int64_t step);
/* Bytes that a run with so many threads takes at most beside the tensors: workspaces and packed panels. */
EINBLAS_API int64_t einblas_step_memory(int64_t step, int32_t threads);
/* Runs the same steps on many sets of tensors, sets shared out to threads when there is work for them.
   places: for each step X0, X1, X2 and C: the number of an address of the set; -1 - b for byte b of the workspace that
   the set's thread has; INT64_MIN where there is none. addresses: `slots` for each set. alpha and beta are the last
   step's. Other sets may have been written when one cannot get memory. */
EINBLAS_API int32_t einblas_batch_run(int32_t steps, const int64_t* handles, const int64_t* places, int64_t sets,
                                      int32_t slots, const int64_t* addresses, int64_t workspace_bytes, double alpha,
                                      double beta, int32_t threads);
/* Whether a run of a step of integers would wrap: whether alpha * sum + beta * C, as whole numbers, fits into the
   output's type at every element. types (I32 or I64 for sums), axes and strides as for einblas_step_create_typed;
   bytes: what einblas_check_run may take, beyond which it is slower. */
EINBLAS_API int32_t einblas_check_create(const int32_t* types, int32_t operands, int32_t axes, int32_t outer_axes,
                                         const int64_t* lengths, const int64_t* strides, int64_t bytes, int64_t* check);
EINBLAS_API void einblas_check_destroy(int64_t check);
/* Asked before einblas_step_run, with the same tensors: nothing is written. The first element, in C order of the outer
   axes, that does not fit; -1 where all do; -2 - status where that could not be told. The same for any number of
   threads. */
EINBLAS_API int64_t einblas_check_run(int64_t check, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha,
                                      double beta, int32_t threads);
/* The number that an element should be: 8 words of two's complement, the least first. EINBLAS_NOT_APPLICABLE where it
   has more bits. index: of an element that there is. */
EINBLAS_API int32_t einblas_check_value(int64_t check, int64_t x0, int64_t x1, int64_t x2, int64_t c, double alpha,
                                        double beta, int64_t index, int64_t* words);
/* Bytes that a check takes at most beside the tensors. */
EINBLAS_API int64_t einblas_check_memory(int64_t check, int32_t threads);
/* Names of all kernels in the order in which they are tried, separated by spaces. */
EINBLAS_API const char* einblas_kernels(void);

/* ---- block-sparse products (Theano's SparseBlockGemv, SparseBlockOuter, sparse_block_dot) ----
 *
 * A pattern holds two index matrices, x (batch, x_window) and y (batch, y_window); term (b, i, j) uses the weight block
 * (x[b,i], y[b,j]). Its terms are bucketed by block once, for use with many data operands.
 */

/* Copies the indices (C order), checks 0 <= x < x_blocks and 0 <= y < y_blocks; every dimension below 2^31.
   invariant 1: einblas_block_gemv gives the rows of a batch item the same bits whatever items are beside it. */
EINBLAS_API int32_t einblas_pattern_create(int64_t batch, int64_t x_window, int64_t y_window, int64_t x_blocks,
                                           int64_t y_blocks, const int64_t* x, const int64_t* y, int32_t invariant,
                                           int64_t* pattern);
EINBLAS_API void einblas_pattern_destroy(int64_t pattern);
/* alpha = 0 reads no operand, beta = 0 not o.
   o[b,j,:] = beta * o[b,j,:] + bias[y[b,j],:] + alpha * sum_i h[b,i,:] . W[x[b,i], y[b,j], :, :]
   h (batch, x_window, source_size), W (x_blocks, y_blocks, source_size, target_size), o (batch, y_window, target_size),
   bias (y_blocks, target_size) or 0. strides: of h (3), W (4), o (3), bias (2), in elements.
   transposed 1: the roles of x and y change: h (batch, y_window, ..), o (batch, x_window, ..), and W's first axis runs
   over y_blocks, its second over x_blocks, by the strides given (Java passes W with axes 1,0,3,2 where it lies).
   dtype: F32, F64, C64, C128; BF16 and F16, whose sums are kept in F32 and rounded once. conjugated: bit 0 is set where
   h is, bit 1 W, bit 2 bias; of real numbers it means nothing. */
EINBLAS_API int32_t einblas_block_gemv(int64_t pattern, int32_t dtype, int32_t conjugated, int32_t transposed,
                                       int64_t source_size, int64_t target_size, int64_t h, int64_t w, int64_t o,
                                       int64_t bias, const int64_t* strides, double alpha, double beta,
                                       int32_t threads);
/* o[x[b,i], y[b,j], :, :] += alpha * outer(x[b,i,:], y[b,j,:]); repeated blocks accumulate. Types as above.
   strides: of x (3), y (3), o (4). conjugated: bit 0 x, bit 1 y. */
EINBLAS_API int32_t einblas_block_outer(int64_t pattern, int32_t dtype, int32_t conjugated, int64_t x_size,
                                        int64_t y_size, int64_t x, int64_t y, int64_t o, const int64_t* strides,
                                        double alpha, int32_t threads);

/* ---- Kronecker products applied to a tensor ----
 *
 * C[o, j1..jn] = alpha * sum over i1..in of X[o, i1..in] F1[i1, j1] .. Fn[in, jn] + beta * C[o, j1..jn]
 */

/* outer: (length, stride in X, stride in C) of each axis o. axes: (k, q, stride in X, stride in C, strides of the
   factor along i and j) of each factor, in the order of the operand's axes; all lengths at least 1.
   EINBLAS_NOT_APPLICABLE: the unit stride of X and C is not that of one outer axis or of the last factor's. */
EINBLAS_API int32_t einblas_kron_create(int32_t dtype, int32_t outer_axes, const int64_t* outer, int32_t factors,
                                        const int64_t* axes, int64_t* kron);
EINBLAS_API void einblas_kron_destroy(int64_t kron);
/* factors: their addresses. alpha is not 0. C shares no byte with X or a factor. Any threads give the same bits. */
EINBLAS_API int32_t einblas_kron_run(int64_t kron, int64_t x, const int64_t* factors, int64_t c, double alpha,
                                     double beta, int32_t threads);
/* For people: passes, blocks and kernels. Valid as long as the handle. */
EINBLAS_API const char* einblas_kron_description(int64_t kron);
/* Bytes of workspace of a run on one thread. */
EINBLAS_API int64_t einblas_kron_workspace(int64_t kron);
/* The order of factors: the one with the smaller weight goes first. k, q: lengths before and after; work: operations
   for each element, which of a dense factor is q (then this is 1/k - 1/q). */
EINBLAS_API double einblas_kron_weight(double k, double q, double work);
/* A sparse factor along one axis: C[o, r] = alpha * sum over c of A[r, c] X[o, c] + beta * C[o, r]. outer as above.
   A, types and rounding as in einblas_csr_multiply; conjugated: bit 0 A, bit 1 X; x_stride, c_stride: along the axis.
   Rows of X that no entry selects are not read; alpha = 0 reads none. Same bits for any number of threads. */
EINBLAS_API int32_t einblas_kron_csr(int32_t dtype, int32_t conjugated, int64_t rows, int64_t columns, int64_t entries,
                                     int64_t longest_row, int64_t indptr, int64_t indices, int64_t values, int64_t x,
                                     int64_t x_stride, int64_t c, int64_t c_stride, int32_t outer_axes,
                                     const int64_t* outer, double alpha, double beta, int32_t threads);

/* ---- factorisations by OpenBLAS's LAPACK, of a column-major n x n matrix without padding, 1 <= n < 2^31, of F32, F64,
   C64 or C128 ---- */

/* LU with partial pivoting, in place; pivots: n int32. *info: 0, or i where U[i-1, i-1] is exactly 0. */
EINBLAS_API int32_t einblas_lu(int32_t dtype, int64_t n, int64_t a, int64_t pivots, int64_t* info);
/* B (n x right_sides, column-major) becomes A^-1 B. Same bits for any number of threads. */
EINBLAS_API int32_t einblas_lu_solve(int32_t dtype, int64_t n, int64_t right_sides, int64_t lu, int64_t pivots,
                                     int64_t b);
/* Eigenvalues as real and imaginary parts: n F32 of F32 and C64, n F64 of F64 and C128; a is overwritten. symmetric 1:
   symmetric, or Hermitian where it is complex: only the lower triangle is read. *info: 0, or > 0 without convergence.
 */
EINBLAS_API int32_t einblas_eigenvalues(int32_t dtype, int32_t symmetric, int64_t n, int64_t a, int64_t real,
                                        int64_t imaginary, int64_t* info);

/* ---- CSR matrices ----
 *
 * A matrix lies in three arrays that belong to the caller: indptr (rows + 1 int64_t), columns (int32_t, sorted within
 * each row, entries may repeat) and values (of real or complex numbers; of I32 and I64 too where nothing is
 * multiplied). Columns and values have room for EINBLAS_CSR_PADDING more entries, which kernels read and ignore. The
 * functions that make a matrix write such arrays; the others believe them. rows and columns are below 2^31, entries
 * below 2^62. `arrays` are three addresses: indptr, columns, values.
 */
enum { EINBLAS_CSR_PADDING = 64 };

/* Copies, checks and sorts a matrix. sizes: rows, columns, entries. from: addresses of indptr, columns and values, of
   index types I32 or I64. finding (4 numbers): what is wrong (0 nothing; 1 indptr[0] is not 0; 2 indptr falls; 3 the
   last indptr is not the number of entries; 4 a column, 5 a row out of range), the position, the value there, and
   the entries of the longest row. */
EINBLAS_API int32_t einblas_csr_import(int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t indptr_type,
                                       int32_t column_type, const int64_t* arrays, int64_t* finding);
/* The same from triples in any order. from: addresses of rows, columns and values. */
EINBLAS_API int32_t einblas_csr_from_coo(int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t row_type,
                                         int32_t column_type, const int64_t* arrays, int64_t* finding);
/* Elements of a dense matrix with absolute value not at most the threshold: indptr first, then all. sizes: rows,
   columns; strides: 2. */
EINBLAS_API void einblas_csr_count(int32_t dtype, const int64_t* sizes, int64_t dense, const int64_t* strides,
                                   double threshold, int64_t indptr);
EINBLAS_API void einblas_csr_fill(int32_t dtype, const int64_t* sizes, int64_t dense, const int64_t* strides,
                                  double threshold, const int64_t* arrays);
/* Entries of the longest row. */
EINBLAS_API int64_t einblas_csr_longest(int64_t rows, int64_t indptr);
/* sizes: rows, columns, entries. */
EINBLAS_API int32_t einblas_csr_transpose(int32_t dtype, const int64_t* sizes, const int64_t* from, const int64_t* to);
/* indptr and columns of the same entries under another shape. sizes: rows, columns, entries, new rows, new columns. */
EINBLAS_API void einblas_csr_reshape(const int64_t* sizes, const int64_t* from, const int64_t* to);
/* Row-wise Kronecker products: indptr and the number of entries (-1: beyond 2^63), then all. sizes: rows, columns of
   the first, columns of the second. */
EINBLAS_API int64_t einblas_csr_khatri_rao_count(const int64_t* sizes, const int64_t* first, const int64_t* second,
                                                 int64_t indptr);
EINBLAS_API int32_t einblas_csr_khatri_rao(int32_t dtype, const int64_t* sizes, const int64_t* first,
                                           const int64_t* second, const int64_t* arrays);
/* Adds the entries, or their conjugates, to a row-major matrix; those of one place together, rounded once. sizes: rows,
   columns, entries. */
EINBLAS_API void einblas_csr_to_dense(int32_t dtype, const int64_t* sizes, const int64_t* from, int32_t conjugated,
                                      int64_t dense);
/* C = alpha * A . D + beta * C, D (columns, n), C (rows, n), each by its address and its strides; A by its sizes, the
   entries of its longest row and the addresses of its arrays. BF16 and F16 are added up in F32, with alpha and beta,
   and rounded once. conjugated: bit 0 is set where A is conjugated, bit 1 where D is; of reals it means nothing. The
   result has the same bits for any number of threads. */
EINBLAS_API int32_t einblas_csr_multiply(int32_t dtype, int32_t conjugated, int64_t rows, int64_t columns,
                                         int64_t entries, int64_t longest_row, int64_t indptr, int64_t indices,
                                         int64_t values, int64_t n, int64_t d, int64_t d_row, int64_t d_column,
                                         int64_t c, int64_t c_row, int64_t c_column, double alpha, double beta,
                                         int32_t threads);

/* Density of A from which the dense product with so many columns is the faster one on this kind of machine: advice. */
EINBLAS_API double einblas_csr_dense_from(int32_t dtype, int64_t columns);
/* Where a matrix has entries, the product of two dense ones: values[e] = sum over k of X[i, k] Y[k, j] for its entry e
   in row i and column j; X (rows, depth) and Y (depth, columns) by addresses and strides. The matrix's own values are
   not read. conjugated: bit 0 of X, bit 1 of Y. The result has the same bits for any number of threads. */
EINBLAS_API int32_t einblas_csr_sampled(int32_t dtype, int32_t conjugated, int64_t rows, int64_t columns,
                                        int64_t entries, int64_t indptr, int64_t indices, int64_t depth, int64_t x,
                                        int64_t x_row, int64_t x_column, int64_t y, int64_t y_row, int64_t y_column,
                                        int64_t values, int32_t threads);

/* ---- BSR matrices: sparse ones of stored r x c blocks ----
 *
 * A handle knows where blocks are stored: sorted by block row, then by block column, none twice. The values are the
 * caller's: (einblas_bsr_blocks, r, c) in C order, at an address given to each call. Every dimension below 2^31.
 */

/* From SciPy's arrays: indptr (block_rows + 1), indices (given), rising from 0 to given and each within the columns.
   Blocks may come in any order and repeatedly; slots[b] becomes the place of given block b among the stored ones. */
EINBLAS_API int32_t einblas_bsr_create(int64_t block_rows, int64_t block_columns, int64_t r, int64_t c, int64_t given,
                                       const int64_t* indptr, const int64_t* indices, int64_t* slots, int64_t* matrix);
/* Of the blocks of a dense matrix (block_rows * r, block_columns * c) that hold anything but zeros. */
EINBLAS_API int32_t einblas_bsr_of_dense(int32_t dtype, int64_t block_rows, int64_t block_columns, int64_t r, int64_t c,
                                         int64_t dense, const int64_t* strides, int64_t* matrix);
EINBLAS_API void einblas_bsr_destroy(int64_t matrix);
EINBLAS_API int64_t einblas_bsr_blocks(int64_t matrix);
/* Fills indptr (block_rows + 1) and indices (einblas_bsr_blocks). */
EINBLAS_API void einblas_bsr_structure(int64_t matrix, int64_t* indptr, int64_t* indices);
/* blocks[slots[b]] = from[b], repeated ones added up in the order of b and rounded once; from (given, r, c). */
EINBLAS_API int32_t einblas_bsr_gather(int64_t matrix, int32_t dtype, int64_t given, const int64_t* slots, int64_t from,
                                       const int64_t* strides, int64_t blocks);
/* Copies every stored block, or its conjugate, out of (to_dense 0) or into a dense matrix; its other elements are left
   alone. */
EINBLAS_API int32_t einblas_bsr_exchange(int64_t matrix, int32_t dtype, int32_t to_dense, int32_t conjugated,
                                         int64_t blocks, int64_t dense, const int64_t* strides);
/* C = alpha * S X + beta * C, or with S^T; strides of X (2), C (2). C shares no byte with X or the blocks.
   X S is C^T = S^T X^T. conjugated: bit 0 of S, bit 1 of X. */
EINBLAS_API int32_t einblas_bsr_product(int64_t matrix, int32_t dtype, int32_t transposed, int32_t conjugated,
                                        int64_t columns, int64_t blocks, int64_t x, int64_t c, const int64_t* strides,
                                        double alpha, double beta, int32_t threads);
/* blocks = alpha * (A B where blocks are stored) + beta * blocks; A (rows, depth), B (depth, columns); strides of A
   (2), B (2). beta = 0 does not read the blocks. conjugated: bit 0 of A, bit 1 of B. */
EINBLAS_API int32_t einblas_bsr_sampled(int64_t matrix, int32_t dtype, int32_t conjugated, int64_t depth, int64_t a,
                                        int64_t b, int64_t blocks, const int64_t* strides, double alpha, double beta,
                                        int32_t threads);

#ifdef __cplusplus
}
#endif
#endif
