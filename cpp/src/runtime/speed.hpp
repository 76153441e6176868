// Runtime: what one thread does in a nanosecond, by class of work.
//
// Estimates decide how many threads a job is worth (useful_threads) and how much a task takes on; nothing of a result
// depends on them. They are no Tunables: a factor of two moves a border between one thread and two, and the Tunable
// THREAD_NANOS moves all of them at once. One thread of an AVX-512 machine, for reals; integers go by the same.
#pragma once

namespace einblas::speed {

// Floating-point operations in a nanosecond.
constexpr double kGemmFlops = 60;    // packed gemm, lanes, Kronecker chains: F64's rate, about half of F32's
constexpr double kSmallFlops = 100;  // products that lie in a cache
constexpr double kGemvFlops = 20;    // weight blocks from memory, read
constexpr double kOuterFlops = 10;   // weight blocks from memory, read and written
constexpr double kLapackFlops = 8;   // triangular solves
constexpr double kBsrProducts = 30;  // multiplications of BSR products

// Bytes in a nanosecond.
constexpr double kStreamBytes = 30;   // one operand from end to end
constexpr double kBsrBytes = 16;      // stored blocks and the result
constexpr double kPermuteBytes = 10;  // written by a transposition

// A step of any kernel, in a batch: operations or bytes.
constexpr double kStepWork = 20;

// Elements in a nanosecond.
constexpr double kPackElements = 4;       // copied as they lie
constexpr double kTransposeElements = 2;  // copied across their unit stride
constexpr double kIndexElements = 2;      // indices copied and checked

// Nanoseconds.
constexpr double kEntryNanos = 1;     // an entry of a sparse matrix that is looked at, or a product of two
constexpr double kAddNanos = 2;       // an entry that is added to, or moved to, a place of its own
constexpr double kDealNanos = 4;      // an entry that is dealt out to its row
constexpr double kSortNanos = 20;     // an entry of a row that is sorted
constexpr double kVectorNanos = 0.5;  // a vector step of a CSR product
constexpr double kLoopNanos = 2;      // a point of plain loops

}  // namespace einblas::speed
