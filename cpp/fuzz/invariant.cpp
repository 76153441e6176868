// Fuzzer: batch invariance. A step made with EINBLAS_INVARIANT gives an element the same bits whatever else is computed
// beside it: a part of the output alone, from the same memory or from copies that lie otherwise, with other tiles,
// thresholds and threads.
#include "steps.hpp"

namespace einblas_fuzz {
namespace {

const char* kernel() {
  const char* other = std::getenv("EINBLAS_FUZZ_KERNEL");  // to see what holds without the promise: "" or a name
  return other == nullptr ? EINBLAS_INVARIANT : other;
}

int64_t random_length(Random& random, int64_t most) {
  return random.one_in(3) ? random.in(1, most) : random.in(1, std::min<int64_t>(most, 12));
}

// A sum, mostly of two operands: rows, columns, batch and depth of any number of axes.
Shape random_sum(Random& random) {
  Shape s;
  s.operands = random.one_in(5) ? (random.one_in(4) ? 3 : 1) : 2;
  s.outer = static_cast<int>(random.in(0, 4));
  const int summed = random.one_in(12) ? 0 : static_cast<int>(random.in(1, random.one_in(3) ? 3 : 1));
  s.axes = s.outer + summed;
  s.has.assign(static_cast<size_t>(s.operands), {});
  int64_t left = random.one_in(8) ? 400000 : 20000;
  for (int a = 0; a < s.axes; ++a) {
    const int64_t most = a < s.outer ? 60 : summed > 1 ? 40 : random.one_in(6) ? 3000 : 400;
    s.lengths.push_back(std::min(random_length(random, most), std::max<int64_t>(left, 1)));
    left /= s.lengths.back();
    const int64_t role = a < s.outer ? random.below(3) : (random.one_in(12) ? random.below(3) : 2);  // m, n, both
    for (int t = 0; t < s.operands; ++t) s.has[static_cast<size_t>(t)].push_back(role == 2 || role == t || t == 2);
  }
  return s;
}

struct Range {
  int64_t from, count;
};

// Of each outer axis all, one index or some; of summed axes all.
std::vector<Range> random_part(Random& random, const Shape& s) {
  std::vector<Range> part;
  for (int a = 0; a < s.axes; ++a) {
    const int64_t n = s.lengths[static_cast<size_t>(a)];
    const int64_t kind = a < s.outer ? random.below(4) : 0;
    if (kind < 2) {
      part.push_back({0, n});
    } else if (kind == 2) {
      part.push_back({random.below(n), 1});
    } else {
      const int64_t from = random.below(n);
      part.push_back({from, random.in(1, n - from)});
    }
  }
  return part;
}

template <class T>
class Part {
 public:
  Part(const Step<T>& whole, std::vector<Range> ranges) : whole_(whole), ranges_(std::move(ranges)) {
    for (const Range& r : ranges_) lengths_.push_back(r.count);
  }

  // From the same memory.
  void in_place(Random& random, double alpha, double beta) const {
    Block<T> c(whole_.c->memory.count());
    std::memcpy(c.data(), whole_.c->before.data(), whole_.c->before.size() * sizeof(T));
    int64_t at[3] = {0, 0, 0};
    for (size_t t = 0; t < whole_.x.size(); ++t)
      at[t] = whole_.x[t]->memory.address() + first(t, whole_.x[t]->layout.first) * size();
    const size_t out = whole_.x.size();
    run(random, whole_.strides, at, c.address() + first(out, whole_.c->layout.first) * size(), alpha, beta);
    compare([&](const std::vector<int64_t>& index) { return c[place_in(out, whole_.c->layout.first, index)]; });
  }

  // From copies, whose axes lie in another order, with gaps and backwards.
  void copied(Random& random, double alpha, double beta) const {
    const size_t axes = lengths_.size();
    std::vector<int64_t> strides;
    std::vector<std::unique_ptr<Tensor<T>>> copies;
    for (size_t t = 0; t <= whole_.x.size(); ++t) {
      const bool out = t == whole_.x.size();
      Lengths own;
      std::vector<bool> has;
      for (size_t a = 0; a < axes; ++a) {
        has.push_back(out ? a < static_cast<size_t>(whole_.shape.outer) : bool{whole_.shape.has[t][a]});
        own.push_back(has[a] ? lengths_[a] : 1);
      }
      copies.push_back(std::make_unique<Tensor<T>>(random, random_layout(random, own, true)));
      Tensor<T>& to = *copies.back();
      const T* from = out ? whole_.c->before.data() : whole_.x[t]->memory.data();
      const int64_t start = out ? whole_.c->layout.first : whole_.x[t]->layout.first;
      walk([&](const std::vector<int64_t>& index) { to.memory[at(to, own, index)] = from[place_in(t, start, index)]; });
      for (size_t a = 0; a < axes; ++a) strides.push_back(has[a] ? to.stride(a) : 0);
    }
    int64_t addresses[3] = {0, 0, 0};
    for (size_t t = 0; t < whole_.x.size(); ++t) addresses[t] = copies[t]->address();
    run(random, strides, addresses, copies.back()->address(), alpha, beta);
    Lengths own = lengths_;
    for (size_t a = static_cast<size_t>(whole_.shape.outer); a < axes; ++a) own[a] = 1;
    compare([&](const std::vector<int64_t>& index) { return copies.back()->memory[at(*copies.back(), own, index)]; });
  }

 private:
  static constexpr int64_t size() { return static_cast<int64_t>(sizeof(T)); }

  static int64_t at(const Tensor<T>& t, const Lengths& own, const std::vector<int64_t>& index) {
    int64_t i = t.layout.first;
    for (size_t a = 0; a < index.size(); ++a)
      if (own[a] > 1) i += index[a] * t.layout.strides[a];
    return i;
  }
  int64_t stride(size_t tensor, size_t axis) const { return whole_.strides[tensor * lengths_.size() + axis]; }
  int64_t first(size_t tensor, int64_t start) const {
    for (size_t a = 0; a < lengths_.size(); ++a) start += ranges_[a].from * stride(tensor, a);
    return start;
  }
  // Of an index of the part.
  int64_t place_in(size_t tensor, int64_t start, const std::vector<int64_t>& index) const {
    int64_t i = first(tensor, start);
    for (size_t a = 0; a < index.size(); ++a) i += index[a] * stride(tensor, a);
    return i;
  }

  template <class F>
  void walk(const F& f, size_t axes = SIZE_MAX) const {
    axes = std::min(axes, lengths_.size());
    std::vector<int64_t> index(lengths_.size(), 0);
    for (;;) {
      f(index);
      size_t a = axes;
      while (a > 0 && ++index[a - 1] == lengths_[a - 1]) index[--a] = 0;
      if (a == 0) return;
    }
  }

  void run(Random& random, const std::vector<int64_t>& strides, const int64_t* x, int64_t c, double alpha,
           double beta) const {
    const Tuned tuned(random);
    int64_t step = 0;
    want_status(counted(einblas_step_create(dtype<T>(), whole_.shape.operands, whole_.shape.axes, whole_.shape.outer,
                                            lengths_.data(), strides.data(), kernel(), &step)),
                EINBLAS_OK, "einblas_step_create");
    used_ = std::string(einblas_step_kernel(step)) + " (" + einblas_step_description(step) + ")";
    const int32_t status = counted(einblas_step_run(step, x[0], x[1], x[2], c, alpha, beta, random.threads()));
    einblas_step_destroy(step);
    want_status(status, EINBLAS_OK, "einblas_step_run");
  }

  template <class F>
  void compare(const F& got) const {
    walk(
        [&](const std::vector<int64_t>& index) {
          const T want = whole_.c->memory[place_in(whole_.x.size(), whole_.c->layout.first, index)], alone = got(index);
          if (std::memcmp(&want, &alone, sizeof(T)) != 0)
            fail("an element is ", want, " among others, ", alone, " in a part, by ",
                 einblas_step_kernel(whole_.handle), " (", einblas_step_description(whole_.handle), ") and ", used_);
        },
        static_cast<size_t>(whole_.shape.outer));
  }

  const Step<T>& whole_;
  const std::vector<Range> ranges_;
  Lengths lengths_;
  mutable std::string used_;
};

}  // namespace

template <class T>
void fuzz_invariant(Random& random) {
  const Shape shape = random_sum(random);
  Step<T> whole(random, shape, false);
  static const std::vector<double> alphas = {1, 1, -1, 1.7}, betas = {0, 0, 1, 0.3};
  const double alpha = random.of(alphas), beta = random.of(betas);
  want_status(whole.create(kernel()), EINBLAS_OK, "einblas_step_create");
  want_status(counted(whole.run(alpha, beta, random.threads())), EINBLAS_OK, "einblas_step_run");
  for (int i = 0; i < 3; ++i) {
    const Part<T> part(whole, random_part(random, shape));
    part.in_place(random, alpha, beta);
    part.copied(random, alpha, beta);
  }
}

template void fuzz_invariant<float>(Random&);
template void fuzz_invariant<double>(Random&);

}  // namespace einblas_fuzz
