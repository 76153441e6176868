// The pool: jobs in a fixed number of places, workers that join one, take its tasks and leave, and how they are made.
//
// A caller puts its job into a free place, takes tasks until none is left, closes the job (nobody joins any more) and
// waits for the workers that are inside, each of which has a task in hand. A worker joins by one compare-and-swap on
// the place's state, which holds a generation: it cannot join another job than the one it looked at. Places are never
// freed, and a worker touches what is the caller's only between joining and leaving.
#include "runtime/pool.hpp"

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <initializer_list>

#include "runtime/parking.hpp"
#include "runtime/threads.hpp"
#include "runtime/tuning.hpp"

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace einblas {

// Measured on two cores of a virtual machine (docs/busy.md): a call right after another starts 0.2 us after it was made
// with a worker that spins, 5 to 40 with one that sleeps.
Tunable pool_spin{"POOL_SPIN", 30000, 0, 10000000, "nanoseconds that a worker without work waits before it sleeps"};
Tunable pool_wait{"POOL_WAIT", 20000, 0, 10000000,
                  "nanoseconds that a caller waits for the last task of a worker before it sleeps"};
Tunable pool_keep{"POOL_KEEP", 30, 1, 1000000, "seconds after which a worker without work ends"};

PoolHooks pool_hooks;

#if !defined(__linux__)
Parking parking;
#endif

namespace {

constexpr int kPlaces = 64;
constexpr int kMostWorkers = 1023;
constexpr int kWakes = 2;  // how many each wakes: a tree, so that no one thread wakes all
constexpr size_t kStack = size_t{1} << 20;
constexpr int kSleepers = 16;           // workers whom callers place before they wake them
constexpr int64_t kRetry = 1000000000;  // ns until a thread is tried again that could not be made

// A place's state: a generation (high half), workers inside, and these bits.
constexpr uint64_t kOpen = 1, kWaiting = 2, kInside = 256, kGeneration = uint64_t{1} << 32;
constexpr int64_t inside(uint64_t state) { return static_cast<int64_t>(state % kGeneration / kInside); }

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what workers change is not beside what they read
struct alignas(64) Place {
  std::atomic<uint64_t> state{0};
  std::atomic<int64_t> tasks{0};
  std::atomic<int> most{0};        // workers inside at a time
  std::atomic<int> limit{0};       // running threads of all jobs up to which one may join
  std::atomic<int> wakes{0};       // workers that are still to be woken
  std::atomic<int> processor{-1};  // where the caller ran when it put the job here
  TaskBody body = nullptr;
  const void* f = nullptr;
  alignas(64) std::atomic<int64_t> next{0};
  alignas(64) std::atomic<uint32_t> left{0};  // changes when the last worker has left a caller that sleeps
  std::atomic<uint64_t> numbers[(kMostWorkers + 63) / 64] = {};  // bit w: worker number w + 1 is somebody's
};

// What callers know of a worker, so that they can place it while it sleeps.
struct Sleeper {
  std::atomic<int> thread{0};  // in the system's numbers, while the worker lives; kPlaced while a caller places it
  std::atomic<int> off{-1};    // the processor that it keeps off
  std::atomic<bool> asleep{false};
};
constexpr int kPlaced = -1;

// No destructors: workers run while the process ends.
struct Pool {
  alignas(64) std::atomic<uint64_t> taken{0};  // bit p: place p has a job
  alignas(64) std::atomic<uint32_t> news{0};   // changes when there may be something to join
  std::atomic<int> sleeping{0}, spinning{0};
  alignas(64) std::atomic<int> running{0};  // threads inside jobs
  alignas(64) std::atomic<int> workers{0}, wanted{0};
  std::atomic<bool> making{false};
  std::atomic<int64_t> not_before{0};
  Sleeper sleepers[kSleepers];
  Place places[kPlaces];
};
Pool pool;

int64_t now() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Calls done() until it is true or the time is over; whether it became true.
template <class F>
bool spin(int64_t nanos, const F& done) noexcept {
  constexpr int kLooks = 16;  // the clock takes as long as some pauses
  if (done()) return true;
  if (nanos == 0) return false;
  const int64_t end = now() + nanos;
  do {
    for (int i = 0; i < kLooks; ++i) {
      pause();
      if (done()) return true;
    }
  } while (now() < end);
  return false;
}

void wake(int count) noexcept {
  if (count > 0) unpark(pool.news, count);
}

// The lowest number that nobody has. There is one: a worker takes it after it was let in, and gives it back before it
// leaves.
int take_number(Place& p) noexcept {
  const int most = p.most.load(std::memory_order_relaxed);
  for (int w = 0;; w = w + 64 < most ? w + 64 : 0) {
    std::atomic<uint64_t>& word = p.numbers[w / 64];
    for (uint64_t used = word.load(std::memory_order_relaxed); ~used != 0;) {
      const int bit = __builtin_ctzll(~used);
      if (w + bit >= most) break;
      const uint64_t before = word.fetch_or(uint64_t{1} << bit, std::memory_order_acquire);
      if ((before >> bit & 1) == 0) return w + bit + 1;
      used = before;
    }
  }
}

// Joins the place's job, if it has room and tasks and not too many threads run; the worker's number, or 0.
int join(Place& p) noexcept {
  uint64_t state = p.state.load(std::memory_order_acquire);
  for (;;) {
    if ((state & kOpen) == 0 || inside(state) >= p.most.load(std::memory_order_relaxed) ||
        p.next.load(std::memory_order_relaxed) >= p.tasks.load(std::memory_order_relaxed))
      return 0;
    const int limit = p.limit.load(std::memory_order_relaxed);
    if (pool.running.load(std::memory_order_relaxed) >= limit) return 0;
    if (pool.running.fetch_add(1, std::memory_order_relaxed) < limit &&
        p.state.compare_exchange_strong(state, state + kInside, std::memory_order_acq_rel, std::memory_order_acquire))
      return take_number(p);
    pool.running.fetch_sub(1, std::memory_order_relaxed);
    state = p.state.load(std::memory_order_acquire);
  }
}

void leave(Place& p, int number) noexcept {
  p.numbers[(number - 1) / 64].fetch_and(~(uint64_t{1} << ((number - 1) % 64)), std::memory_order_release);
  pool.running.fetch_sub(1, std::memory_order_relaxed);
  const uint64_t before = p.state.fetch_sub(kInside, std::memory_order_acq_rel);
  if (inside(before) == 1 && (before & kWaiting) != 0) {  // the caller may be gone already: `left` is not its own
    p.left.fetch_add(1, std::memory_order_release);
    unpark(p.left, 1);
  }
}

// The next job with fewer than `fewer` workers inside that `number` is given for: the one with the fewest, looking from
// place `from`.
Place* join_one(int from, int64_t fewer, int* number) noexcept {
  const uint64_t taken = pool.taken.load(std::memory_order_acquire);
  if (taken == 0) return nullptr;
  for (int tries = 0; tries < 2; ++tries) {
    Place* best = nullptr;
    int64_t least = fewer;
    for (int i = 0; i < kPlaces; ++i) {
      const int at = (from + i) % kPlaces;
      if ((taken >> at & 1) == 0) continue;
      Place& p = pool.places[at];
      const uint64_t state = p.state.load(std::memory_order_acquire);
      if ((state & kOpen) == 0 || inside(state) >= least || inside(state) >= p.most.load(std::memory_order_relaxed) ||
          p.next.load(std::memory_order_relaxed) >= p.tasks.load(std::memory_order_relaxed))
        continue;
      best = &p;
      least = inside(state);
      if (least == 0) break;
    }
    if (best == nullptr) return nullptr;
    *number = join(*best);
    if (*number != 0) return best;
  }
  return nullptr;
}

bool make_workers(int most) noexcept;

int processor() noexcept {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Keeps a worker (0: the one that asks) off a caller's processor: Linux likes to wake a thread where its waker runs,
// and where both are busy the worker would only take turns with the caller. Other processors of the process stay open
// to it; the thread that made it may have been bound.
void stay_off(int thread, int caller) noexcept {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(getpid(), sizeof set, &set) != 0) return;
  if (caller >= 0 && caller < CPU_SETSIZE && CPU_COUNT(&set) > 1) CPU_CLR(static_cast<size_t>(caller), &set);
  sched_setaffinity(thread, sizeof set, &set);
#else
  (void)thread;
  (void)caller;
#endif
}

// Makes this worker known to callers; null where there is no room or no need.
Sleeper* enter() noexcept {
#if defined(__linux__)
  const int thread = static_cast<int>(syscall(SYS_gettid));
  for (Sleeper& s : pool.sleepers) {
    int nobody = 0;
    if (!s.thread.compare_exchange_strong(nobody, kPlaced, std::memory_order_acq_rel)) continue;
    s.off.store(-1, std::memory_order_relaxed);
    s.asleep.store(false, std::memory_order_relaxed);
    s.thread.store(thread, std::memory_order_release);
    return &s;
  }
#endif
  return nullptr;
}

// Before the worker ends, whose number may then be another thread's: waits for a caller that just places it.
void retire(Sleeper* s) noexcept {
#if defined(__linux__)
  if (s == nullptr) return;
  const int thread = static_cast<int>(syscall(SYS_gettid));
  for (int own = thread; !s->thread.compare_exchange_weak(own, 0, std::memory_order_acq_rel); own = thread)
    sched_yield();
#else
  (void)s;
#endif
}

// Keeps the workers that sleep off the processor of the caller that is about to wake some. One that kept off another
// processor may have none left but this caller's, and behind the caller it would wait for a turn there.
void place_sleepers(int caller) noexcept {
  if (caller < 0) return;
  for (Sleeper& s : pool.sleepers) {
    if (!s.asleep.load(std::memory_order_relaxed) || s.off.load(std::memory_order_relaxed) == caller) continue;
    int thread = s.thread.load(std::memory_order_relaxed);
    if (thread <= 0 || !s.thread.compare_exchange_strong(thread, kPlaced, std::memory_order_acq_rel)) continue;
    stay_off(thread, caller);
    s.off.store(caller, std::memory_order_relaxed);
    s.thread.store(thread, std::memory_order_release);
  }
}

// Tasks of one job after the other, as long as there are jobs to join; whether there was one.
bool work(Sleeper* self) noexcept {
  int number = 0, from = 0;
  if (auto* hook = pool_hooks.before_join.load(std::memory_order_relaxed)) hook();
  Place* p = join_one(from, INT64_MAX, &number);
  if (p == nullptr) return false;
  while (p != nullptr) {
    const int wakes = p->wakes.load(std::memory_order_relaxed);
    if (wakes > 0 && pool.sleeping.load(std::memory_order_relaxed) > 0) {
      p->wakes.fetch_sub(kWakes, std::memory_order_relaxed);
      wake(wakes < kWakes ? wakes : kWakes);
    }
    const int64_t tasks = p->tasks.load(std::memory_order_relaxed);
    const int limit = p->limit.load(std::memory_order_relaxed), caller = p->processor.load(std::memory_order_relaxed);
    if (caller >= 0 && caller == processor()) {
      stay_off(0, caller);
      if (self != nullptr) self->off.store(caller, std::memory_order_relaxed);
    }
    uint32_t news = pool.news.load(std::memory_order_relaxed);
    Place* next = nullptr;
    int next_number = 0;
    for (;;) {
      const int64_t t = p->next.fetch_add(1, std::memory_order_relaxed);
      if (t >= tasks) break;
      p->body(p->f, t, number);
      if (pool.running.load(std::memory_order_relaxed) > limit) break;  // callers have come, which do their own work
      if (pool.news.load(std::memory_order_relaxed) == news) continue;
      news = pool.news.load(std::memory_order_relaxed);
      const int64_t here = inside(p->state.load(std::memory_order_relaxed));
      if (here < 2) continue;
      // A job with two workers fewer: this one's room there and here is counted once more while it changes.
      pool.running.fetch_sub(1, std::memory_order_relaxed);
      next = join_one(0, here - 1, &next_number);
      pool.running.fetch_add(1, std::memory_order_relaxed);
      if (next != nullptr) break;
    }
    leave(*p, number);
    p = next;
    number = next_number;
    if (p == nullptr) p = join_one(from = (from + 1) % kPlaces, INT64_MAX, &number);
  }
  return true;
}

void* worker_main(void* index) noexcept {
  char name[16];
  std::snprintf(name, sizeof name, "einblas-%d", static_cast<int>(reinterpret_cast<intptr_t>(index)));
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name);
#endif
  stay_off(0, -1);
  Sleeper* const self = enter();
  make_workers(kWakes);
  int64_t budget = pool_spin;
  for (;;) {
    const uint32_t news = pool.news.load(std::memory_order_seq_cst);
    if (work(self)) {
      budget = pool_spin;
      continue;
    }
    // What is left of the budget, which only work fills again: jobs that have no room keep nobody awake.
    if (budget > 0) {
      const int64_t from = now();
      pool.spinning.fetch_add(1, std::memory_order_relaxed);
      const bool changed = spin(budget, [news] { return pool.news.load(std::memory_order_relaxed) != news; });
      pool.spinning.fetch_sub(1, std::memory_order_seq_cst);
      budget = changed ? budget - (now() - from) : 0;
      if (changed) continue;
    }
    if (self != nullptr) self->asleep.store(true, std::memory_order_relaxed);
    pool.sleeping.fetch_add(1, std::memory_order_seq_cst);
    const int64_t keep = int64_t{pool_keep} * 1000000000, from = now();
    park(pool.news, news, keep);
    pool.sleeping.fetch_sub(1, std::memory_order_seq_cst);
    if (self != nullptr) self->asleep.store(false, std::memory_order_relaxed);
    if (pool.news.load(std::memory_order_relaxed) == news && now() - from >= keep) break;
  }
  retire(self);
  pool.workers.fetch_sub(1, std::memory_order_relaxed);
  return nullptr;
}

#if !defined(_WIN32)
// In the child of a fork there is no worker, and no other caller.
void after_fork() noexcept {
  pool.taken = 0;
  pool.sleeping = pool.spinning = pool.running = pool.workers = pool.wanted = 0;
  pool.making = false;
  for (Sleeper& s : pool.sleepers) s.thread = 0;
  for (Place& p : pool.places) {
    p.state = p.state.load() / kGeneration * kGeneration;
    for (auto& word : p.numbers) word = 0;
  }
}
#endif

// Starts one thread, which handles no signals of the process.
bool start_worker(int index) noexcept {
  if (pool_hooks.no_threads.load(std::memory_order_relaxed)) return false;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
#if !defined(_WIN32)
  static std::atomic<bool> registered{false};
  if (!registered.exchange(true)) pthread_atfork(nullptr, nullptr, after_fork);
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) sigdelset(&blocked, own);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
#endif
  pthread_t thread;
  const bool made =
      pthread_create(&thread, &attributes, worker_main, reinterpret_cast<void*>(static_cast<intptr_t>(index))) == 0;
#if !defined(_WIN32)
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
  pthread_attr_destroy(&attributes);
  return made;
}

// Makes workers until there are as many as are wanted, `most` at most; the new ones make the rest. Whether it made
// some.
bool make_workers(int most) noexcept {
  bool made = false;
  while (most-- > 0 && pool.workers.load(std::memory_order_relaxed) < pool.wanted.load(std::memory_order_relaxed)) {
    if (pool.not_before.load(std::memory_order_relaxed) != 0 && now() < pool.not_before.load(std::memory_order_relaxed))
      break;
    if (pool.making.exchange(true, std::memory_order_acquire)) break;
    const int index = pool.workers.fetch_add(1, std::memory_order_relaxed) + 1;
    const bool good = start_worker(index);
    if (!good) {
      pool.workers.fetch_sub(1, std::memory_order_relaxed);
      most = 0;
    }
    pool.not_before.store(good ? 0 : now() + kRetry, std::memory_order_relaxed);
    made |= good;
    pool.making.store(false, std::memory_order_release);
  }
  return made;
}

// Makes sure that there are workers for `more` helpers; wakes sleeping ones for those that no spinning one will be.
void call_workers(Place& p, int more, int room) noexcept {
  if (pool.workers.load(std::memory_order_relaxed) < more) {
    int wanted = pool.wanted.load(std::memory_order_relaxed);
    while (wanted < more && !pool.wanted.compare_exchange_weak(wanted, more, std::memory_order_relaxed)) {
    }
    make_workers(kWakes);
  }
  int wakes = (more < room ? more : room) - pool.spinning.load(std::memory_order_seq_cst);
  const int sleeping = pool.sleeping.load(std::memory_order_seq_cst);
  if (wakes > sleeping) wakes = sleeping;
  if (wakes <= 0) return;
  if (wakes > kWakes) p.wakes.store(wakes - kWakes, std::memory_order_relaxed);
  place_sleepers(p.processor.load(std::memory_order_relaxed));
  wake(wakes < kWakes ? wakes : kWakes);
}

Place* take_place(uint64_t* bit) noexcept {
  uint64_t taken = pool.taken.load(std::memory_order_relaxed);
  while (~taken != 0) {
    const int at = __builtin_ctzll(~taken);
    *bit = uint64_t{1} << at;
    taken = pool.taken.fetch_or(*bit, std::memory_order_acq_rel);
    if ((taken & *bit) == 0) return &pool.places[at];
  }
  return nullptr;
}

// Closes the job and waits for the workers that are inside.
void close(Place& p) noexcept {
  uint64_t state = p.state.fetch_and(~kOpen, std::memory_order_acq_rel);
  if (inside(state) == 0) return;
  if (spin(pool_wait, [&p] { return inside(p.state.load(std::memory_order_acquire)) == 0; })) return;
  for (;;) {
    const uint32_t left = p.left.load(std::memory_order_acquire);
    if (inside(p.state.fetch_or(kWaiting, std::memory_order_acq_rel)) == 0) return;
    park(p.left, left, 0);
  }
}

}  // namespace

int pool_workers() noexcept { return pool.workers.load(std::memory_order_relaxed); }

void pool_run(int64_t tasks, int threads, TaskBody body, const void* f) noexcept {
  const int process = process_threads(), limit = threads > process ? threads : process;
  pool.running.fetch_add(1, std::memory_order_relaxed);
  uint64_t bit = 0;
  Place* p = take_place(&bit);
  if (p == nullptr) {  // more jobs than places
    for (int64_t t = 0; t < tasks; ++t) body(f, t, 0);
    pool.running.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  p->body = body;
  p->f = f;
  p->tasks.store(tasks, std::memory_order_relaxed);
  p->most.store(threads - 1, std::memory_order_relaxed);
  p->limit.store(limit, std::memory_order_relaxed);
  p->wakes.store(0, std::memory_order_relaxed);
  p->processor.store(processor(), std::memory_order_relaxed);
  p->next.store(0, std::memory_order_relaxed);
  const uint64_t generation = p->state.load(std::memory_order_acquire) / kGeneration + 1;
  p->state.store(generation * kGeneration + kOpen, std::memory_order_seq_cst);
  // Either this caller sees the room that another one leaves, or that one sees this job (below).
  const int room = limit - pool.running.load(std::memory_order_seq_cst);
  pool.news.fetch_add(1, std::memory_order_seq_cst);
  if (room > 0) call_workers(*p, threads - 1, room);
  for (int64_t t = p->next.fetch_add(1, std::memory_order_relaxed); t < tasks;
       t = p->next.fetch_add(1, std::memory_order_relaxed))
    body(f, t, 0);
  close(*p);
  pool.taken.fetch_and(~bit, std::memory_order_acq_rel);
  const int running = pool.running.fetch_sub(1, std::memory_order_seq_cst) - 1;
  if (running < process && pool.taken.load(std::memory_order_seq_cst) != 0) {  // somebody's job may have had no room
    pool.news.fetch_add(1, std::memory_order_seq_cst);
    if (pool.spinning.load(std::memory_order_seq_cst) == 0 && pool.sleeping.load(std::memory_order_seq_cst) > 0)
      wake(1);
  }
}

}  // namespace einblas
