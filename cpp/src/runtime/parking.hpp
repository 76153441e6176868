// Drivers: sleeping until a number changes. Linux's futex; elsewhere one lock and condition for all.
#pragma once
#include <atomic>
#include <cstdint>
#include <ctime>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#else
#include <pthread.h>
#endif

namespace einblas {

#if defined(__linux__)

// Sleeps while `word` is `seen`, `nanos` at most (0: for ever). May return early.
inline void park(std::atomic<uint32_t>& word, uint32_t seen, int64_t nanos) noexcept {
  struct timespec limit {
    static_cast<time_t>(nanos / 1000000000), static_cast<long>(nanos % 1000000000)
  };
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, nanos > 0 ? &limit : nullptr, nullptr, 0);
}
// Wakes `count` of those that sleep on `word`, which the caller has changed.
inline void unpark(std::atomic<uint32_t>& word, int count) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

#else

// Statically initialised, never destroyed: workers may sleep here while the process ends.
struct Parking {
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
};
extern Parking parking;

inline void park(std::atomic<uint32_t>& word, uint32_t seen, int64_t nanos) noexcept {
  pthread_mutex_lock(&parking.lock);
  if (word.load() == seen) {
    if (nanos > 0) {
      struct timespec until {};
      clock_gettime(CLOCK_REALTIME, &until);
      const int64_t total = until.tv_nsec + nanos;
      until.tv_sec += static_cast<time_t>(total / 1000000000);
      until.tv_nsec = static_cast<long>(total % 1000000000);
      pthread_cond_timedwait(&parking.changed, &parking.lock, &until);
    } else {
      pthread_cond_wait(&parking.changed, &parking.lock);
    }
  }
  pthread_mutex_unlock(&parking.lock);
}
inline void unpark(std::atomic<uint32_t>&, int) noexcept {
  pthread_mutex_lock(&parking.lock);
  pthread_cond_broadcast(&parking.changed);
  pthread_mutex_unlock(&parking.lock);
}

#endif

// A moment of a loop that waits for another thread.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

}  // namespace einblas
