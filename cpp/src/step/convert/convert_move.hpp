// Conversion: a piece of a tensor into scratch, and sums out of it.
#pragma once
#include <cstdint>
#include <vector>

#include "step/convert/convert_layout.hpp"

namespace einblas {

struct MoveDim {
  int64_t length, out, in;  // strides outside, in elements, and in scratch, in real numbers
  int64_t bias;             // of the output: stride of what is added to it
  int64_t period;           // it begins anew after so many elements; 0: never
};

// The axes of a piece that a tensor has, those folded that both sides walk as one; the last are its rows.
std::vector<MoveDim> move_dims(const ConvertLayout& l, int t, const std::vector<int64_t>& lengths,
                               const ConvertStrides& scratch);

// An operand into scratch.
class MoveIn {
 public:
  MoveIn() = default;
  MoveIn(const Problem& p, const ConvertLayout& l, int t);
  void run(const std::vector<MoveDim>& dims, const ConvertStrides& scratch, const char* from, char* to,
           int threads) const;

 private:
  ConvertRow row_ = nullptr;
  FormRow form_ = nullptr;
  int64_t from_size_ = 0, to_size_ = 0;  // bytes of an element, and of a real number in scratch
  int64_t parts_ = 1;                    // real numbers of an element that row_ writes
};

// Sums into the output: C = alpha * sums + beta * C, and its epilogue, rounded once.
class MoveOut {
 public:
  MoveOut() = default;
  MoveOut(const Problem& p, const ConvertLayout& l);
  void run(const std::vector<MoveDim>& dims, const ConvertStrides& scratch, const char* from, char* to,
           const char* bias, double alpha, double beta, int threads) const;

 private:
  template <class R>
  void rows(const MoveDim& row, const char* from, char* to, int64_t c, double alpha, double beta) const;
  template <class R>
  class Added;
  template <class R>
  void finish(const MoveDim& row, const R* x, char* to, const char* bias, double alpha, double beta) const;

  DType real_ = DType::F32;
  Epilogue epilogue_;
  ConvertRow narrow_ = nullptr, widen_ = nullptr, widen_bias_ = nullptr;
  int64_t size_ = 0, real_size_ = 0;  // bytes of a part outside and in scratch
  int64_t bias_size_ = 0;
  bool same_out_ = false, same_bias_ = false;  // of the type of the sums
  int64_t parts_ = 1;
};

}  // namespace einblas
