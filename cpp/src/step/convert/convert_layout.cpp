// Conversion: forms of the operands, and how they lie in scratch.
//
// A product of complex numbers is one of reals with a further summed axis s and a further axis c of the result: C[c] =
// sum over s of A[s] B[s, c], where A and C are pairs of parts where they lie, and B has (re, im) and (-im, re). B is
// the operand that has C's fastest axis: c stands beside it. Where both have it (a batch at unit stride), both are
// taken apart: (re, re), (-im, im) beside (re, im), (im, re). A real factor has no axis s.
#include "step/convert/convert_layout.hpp"

#include <algorithm>
#include <cstdlib>

namespace einblas {
namespace {

constexpr size_t kNone = SIZE_MAX - 2;

}  // namespace

ConvertLayout::ConvertLayout(const Problem& p, bool whole)
    : operands(p.operands), real(real_of(p.dtype)), axes(p.outer), outer(p.outer.size()) {
  axes.insert(axes.end(), p.reduced.begin(), p.reduced.end());
  for (int t = 0; t < operands; ++t) {
    operand[t].moved = whole || p.type(t) != p.dtype || p.conjugates(t);
    operand[t].parts = parts(p.type(t));
    operand[t].size = size_of(p.type(t));
  }
  out.moved = whole || p.epilogue.wanted || p.type(kOut) != p.dtype;
  out.parts = parts(p.type(kOut));
  out.size = size_of(p.type(kOut));
  if (is_complex(p.dtype)) choose_forms(p, whole);
  order_axes();
}

// The output's fastest axis.
size_t ConvertLayout::fastest() const { return outer == 0 ? kNone : outer - 1; }

void ConvertLayout::choose_forms(const Problem& p, bool whole) {
  c = out.c = true;
  if (operands == 1) {
    operand[0].c = true;  // a real one becomes complex on the way
    return;
  }
  const bool complex0 = is_complex(p.type(0)), complex1 = is_complex(p.type(1));
  const size_t fast = fastest();
  const bool in0 = fast != kNone && has(0, fast), in1 = fast != kNone && has(1, fast);
  if (complex0 != complex1) return one_complex(p, complex0 ? 0 : 1, whole);
  if (!complex0) return one_complex(p, in1 && !in0 ? 1 : 0, whole);
  s = true;
  for (ConvertTensor& t : operand) t.s = true;
  if (in0 && in1 && !p.invariant) {
    operand[0].form = Form::Twice;
    operand[1].form = Form::Swapped;
    for (ConvertTensor& t : operand) t.c = t.moved = true;
    return;
  }
  // A vector beside a matrix is what is taken apart: it is read again and again.
  const bool own0 = has_own_axis(0), own1 = has_own_axis(1);
  const int better = own0 != own1 ? (own0 ? 1 : 0) : in0 ? 0 : 1;
  ConvertTensor& full = operand[p.invariant ? 1 : better];  // which one it is decides the order of additions
  full.form = Form::Full;
  full.c = full.moved = true;
}

bool ConvertLayout::has_own_axis(int t) const {
  for (size_t a = 0; a < outer; ++a)
    if (has(t, a) && !has(1 - t, a)) return true;
  return false;
}

// Operand x is complex, or becomes so on the way; the other one is real.
void ConvertLayout::one_complex(const Problem& p, int x, bool whole) {
  const size_t fast = fastest();
  ConvertTensor& y = operand[1 - x];
  y.moved = whole || p.type(1 - x) != real;
  operand[x].c = true;
  if (fast == kNone || !has(1 - x, fast)) return;
  if (has(x, fast)) {  // each real number beside both parts
    y.form = Form::Pair;
    y.c = y.moved = true;
    return;
  }
  // Planes of parts, so that the result's fastest axis stays it.
  operand[x].form = Form::Apart;
  operand[x].moved = out.moved = true;
}

void ConvertLayout::order_axes() {
  const size_t fast = fastest();
  bool planes = false;
  for (int t = 0; t < operands; ++t) {
    ConvertTensor& x = operand[t];
    planes |= x.form == Form::Apart;
    std::vector<size_t> own;
    for (size_t a = 0; a < axes.size(); ++a)
      if (has(t, a)) own.push_back(a);
    if (x.form != Form::Full)  // as it lies
      std::stable_sort(own.begin(), own.end(),
                       [&](size_t a, size_t b) { return std::abs(axes[a].stride[t]) > std::abs(axes[b].stride[t]); });
    switch (x.form) {
      case Form::Plain:
        x.order = own;
        if (x.s) x.order.push_back(kS);
        if (x.c) x.order.push_back(kC);
        break;
      case Form::Apart:
        x.order = {kC};
        x.order.insert(x.order.end(), own.begin(), own.end());
        break;
      case Form::Pair:
      case Form::Twice:
      case Form::Swapped:
        for (size_t a : own)
          if (a != fast) x.order.push_back(a);
        if (x.s) x.order.push_back(kS);
        x.order.push_back(fast);
        x.order.push_back(kC);
        break;
      case Form::Full: {
        // Batch, then what is summed, then its own axes in the order of the output. No own axes: a row for each part.
        const auto mine = [&](size_t a) { return a < outer && !has(1 - t, a); };
        const bool dots = std::none_of(own.begin(), own.end(), mine);
        for (size_t a : own)
          if (a < outer && !mine(a)) x.order.push_back(a);
        if (dots) x.order.push_back(kC);
        for (size_t a : own)
          if (a >= outer) x.order.push_back(a);
        x.order.push_back(kS);
        for (size_t a : own)
          if (mine(a)) x.order.push_back(a);
        if (!dots) x.order.push_back(kC);
        break;
      }
    }
  }
  if (planes) out.order.push_back(kC);
  for (size_t a = 0; a < outer; ++a) out.order.push_back(a);
  if (c && !planes) out.order.push_back(kC);
}

ConvertStrides ConvertLayout::strides(int t, const std::vector<int64_t>& lengths) const {
  const ConvertTensor& x = tensor(t);
  ConvertStrides out_strides;
  out_strides.axis.assign(axes.size(), 0);
  if (!x.moved) {
    for (size_t a = 0; a < axes.size(); ++a) out_strides.axis[a] = axes[a].stride[t] * x.parts;
    out_strides.s = x.s ? 1 : 0;
    out_strides.c = x.c ? 1 : 0;
    return out_strides;
  }
  int64_t stride = 1;
  for (size_t i = x.order.size(); i-- > 0;) {
    const size_t a = x.order[i];
    if (a == kS || a == kC) {
      (a == kS ? out_strides.s : out_strides.c) = stride;
      stride *= 2;
    } else {
      out_strides.axis[a] = stride;
      stride *= lengths[a];
    }
  }
  out_strides.size = stride;
  return out_strides;
}

}  // namespace einblas
