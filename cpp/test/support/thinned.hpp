// Test support: fewer of a test's many combinations where a sanitizer makes each several times as slow.
#pragma once

namespace einblas_test {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EINBLAS_SANITIZED 1
#endif
#endif
#if defined(EINBLAS_SANITIZED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kOneIn = 3;
#else
constexpr int kOneIn = 1;
#endif

// Whether a combination is left out: none, or two in three with a sanitizer. To be counted through all loops of a
// test: where the inner ones together have no multiple of three turns, every value of every loop comes, beside others
// of the other loops each time.
constexpr bool left_out(int turn) { return turn % kOneIn != 0; }

}  // namespace einblas_test
