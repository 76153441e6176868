// Bench: the block-sparse cases, their data and their calls.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "measuring.hpp"

namespace einblas_bench {

struct BlockCase {
  enum class Product { Gemv, Unprepared, Back, Outer };
  std::string name;
  Product product = Product::Gemv;
  int64_t batch = 0, x_blocks = 0, y_blocks = 0, x_size = 0, y_size = 0, x_window = 0, y_window = 0;
};

// Throws std::runtime_error with file and line for a malformed line.
std::vector<BlockCase> read_block_cases(const std::string& path);

// One case in one type: operands in memory, indices drawn with a fixed seed, a prepared pattern.
class BlockRun {
 public:
  // Throws std::runtime_error when memory is short.
  BlockRun(const BlockCase& c, int dtype);
  ~BlockRun();
  BlockRun(const BlockRun&) = delete;
  BlockRun& operator=(const BlockRun&) = delete;
  int32_t once(int threads) const;
  double flops() const;
  // Bytes that must be moved: distinct weight blocks touched, and the other operands, once each.
  int64_t bytes_read() const { return read_; }
  int64_t bytes_written() const { return written_; }

 private:
  int32_t gemv(int64_t pattern, int threads) const;

  const BlockCase case_;
  const int dtype_;
  std::vector<int64_t> x_index_, y_index_;
  int64_t pattern_ = 0, read_ = 0, written_ = 0;
  std::unique_ptr<Block> w_, x_, y_;
};

}  // namespace einblas_bench
