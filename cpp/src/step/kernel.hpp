// Middle-end: what every kernel driver gives to choose.cpp.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

#include "step/problem.hpp"

namespace einblas {

// One run of a step. Addresses are of the element where the normalised walk starts (offsets already added);
// alpha already holds the problem's multiplier and is not 0. threads >= 1.
struct Call {
  const char* x[kMaxOperands];
  char* c;
  double alpha, beta;
  int threads;
  // Of an operand what KernelPlan::pack wrote, or null.
  const char* packed[2] = {nullptr, nullptr};
};

// A step with its tiles and task split decided. Immutable: many threads run it at once.
class KernelPlan {
 public:
  virtual ~KernelPlan() = default;
  // Returns a status code. Must not throw. Never reads C when beta is 0.
  virtual int32_t run(const Call& call) const noexcept = 0;
  // For people: tiles, what is packed or copied and why.
  virtual std::string describe() const = 0;
  // Bytes of workspace that one run takes per thread, at most.
  virtual int64_t workspace_bytes() const { return 0; }
  // Bytes that all threads of a run share.
  virtual int64_t shared_bytes() const { return 0; }
  // Bytes of operand t (0 or 1) as this plan's tiles read it, for runs with the same elements in it; 0 where such a
  // copy would spare a run nothing.
  virtual int64_t packed_bytes(int /*t*/) const { return 0; }
  // Writes that copy; x as in a Call. Returns a status code. Must not throw.
  virtual int32_t pack(int /*t*/, const char* /*x*/, char* /*packed*/, int /*threads*/) const noexcept { return 0; }
};

// Bytes that a run with so many threads takes at most.
int64_t memory_of(const KernelPlan& plan, int64_t threads);

// Why a kernel is asked: the list has come to it, or it was named (forced), and then it need not be a good choice.
enum class Asked { InTurn, ByName };

// A kernel in the ordered list of choose.cpp.
struct KernelEntry {
  const char* name;
  // A plan; null where it cannot run the problem or, in turn, where it should not. Throws NoOpenBlas where that is to
  // be opened first.
  std::unique_ptr<KernelPlan> (*plan)(const Problem&, Asked);
  bool any_type = false;  // else it is asked of plain problems alone
};

// alpha or beta of a Call as a number of the elements' type; of integers, which they are then, modulo theirs.
template <class T>
T factor(double x) {
  if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<int64_t>(x));
  return static_cast<T>(x);
}

// Plan<T> for the type of the problem's elements.
template <template <class> class Plan>
std::unique_ptr<KernelPlan> make_typed(const Problem& p) {
  return visit_computed(p.dtype, [&](auto of) -> std::unique_ptr<KernelPlan> {
    return std::make_unique<Plan<typename decltype(of)::Type>>(p);
  });
}

// The ordered list (choose.cpp).
struct KernelList {
  const KernelEntry* const* entries;
  int count;
};
KernelList kernels();
// The name that chooses by rules which do not depend on the outer axes' lengths (Problem::invariant).
extern const char* const kInvariant;
// A kernel and its plan; both null where there is none.
struct Choice {
  const KernelEntry* entry = nullptr;
  std::unique_ptr<KernelPlan> plan;
};
// The first that gives a plan in turn, or the forced one; none when the name is unknown or it does not apply. Of an
// invariant problem the fastest of those that add up alike. Its blocks are made smaller until its memory is at most
// `bytes`, or as small as they come.
Choice choose(const Problem& p, const char* forced, int64_t bytes = INT64_MAX);

}  // namespace einblas
