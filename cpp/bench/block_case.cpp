// Bench: the block-sparse cases, their data and their calls.
#include "block_case.hpp"

#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace einblas_bench {
namespace {

std::unique_ptr<Block> values(int64_t count, int dtype) {
  const int64_t size = einblas_dtype_size(dtype);
  auto block = std::make_unique<Block>(count * size);
  if (block->address() == 0) throw std::runtime_error("memory is short");
  for (int64_t i = 0; i < count; ++i)
    einblas_poke(block->address() + i * size, dtype, static_cast<double>(i % 17) * 0.125 - 1);
  return block;
}

std::vector<int64_t> indices(std::mt19937& random, int64_t count, int64_t blocks) {
  std::uniform_int_distribution<int64_t> pick(0, blocks - 1);
  std::vector<int64_t> index(static_cast<size_t>(count));
  for (int64_t& i : index) i = pick(random);
  return index;
}

BlockCase::Product product(const std::string& name) {
  if (name == "gemv") return BlockCase::Product::Gemv;
  if (name == "unprepared") return BlockCase::Product::Unprepared;
  if (name == "back") return BlockCase::Product::Back;
  if (name == "outer") return BlockCase::Product::Outer;
  throw std::runtime_error("unknown product '" + name + "'");
}

}  // namespace

std::vector<BlockCase> read_block_cases(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::vector<BlockCase> cases;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    BlockCase c;
    std::string name, rest;
    fields >> c.name >> name >> c.batch >> c.x_blocks >> c.y_blocks >> c.x_size >> c.y_size >> c.x_window >> c.y_window;
    try {
      if (!fields || fields >> rest) throw std::runtime_error("a name, a product and seven sizes are needed");
      c.product = product(name);
    } catch (const std::runtime_error& e) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + e.what());
    }
    cases.push_back(c);
  }
  return cases;
}

BlockRun::BlockRun(const BlockCase& c, int dtype) : case_(c), dtype_(dtype) {
  std::mt19937 random(20261121);
  x_index_ = indices(random, c.batch * c.x_window, c.x_blocks);
  y_index_ = indices(random, c.batch * c.y_window, c.y_blocks);
  w_ = values(c.x_blocks * c.y_blocks * c.x_size * c.y_size, dtype);
  x_ = values(c.batch * c.x_window * c.x_size, dtype);
  y_ = values(c.batch * c.y_window * c.y_size, dtype);
  if (einblas_pattern_create(c.batch, c.x_window, c.y_window, c.x_blocks, c.y_blocks, x_index_.data(), y_index_.data(),
                             0, &pattern_) != EINBLAS_OK)
    throw std::runtime_error("the pattern could not be made");
  std::set<std::pair<int64_t, int64_t>> touched;
  for (int64_t b = 0; b < c.batch; ++b)
    for (int64_t i = 0; i < c.x_window; ++i)
      for (int64_t j = 0; j < c.y_window; ++j)
        touched.emplace(x_index_[static_cast<size_t>(b * c.x_window + i)],
                        y_index_[static_cast<size_t>(b * c.y_window + j)]);
  const int64_t size = einblas_dtype_size(dtype);
  const int64_t blocks = static_cast<int64_t>(touched.size()) * c.x_size * c.y_size * size;
  const int64_t xs = c.batch * c.x_window * c.x_size * size, ys = c.batch * c.y_window * c.y_size * size;
  // Results are added to, so they are read as well.
  read_ = blocks + xs + ys;
  written_ = c.product == BlockCase::Product::Outer ? blocks : c.product == BlockCase::Product::Back ? xs : ys;
}

BlockRun::~BlockRun() { einblas_pattern_destroy(pattern_); }

double BlockRun::flops() const {
  return 2.0 * static_cast<double>(case_.batch * case_.x_window * case_.y_window) *
         static_cast<double>(case_.x_size * case_.y_size);
}

int32_t BlockRun::gemv(int64_t pattern, int threads) const {
  const BlockCase& c = case_;
  const int64_t strides[] = {c.x_window * c.x_size,
                             c.x_size,
                             1,
                             c.y_blocks * c.x_size * c.y_size,
                             c.x_size * c.y_size,
                             c.y_size,
                             1,
                             c.y_window * c.y_size,
                             c.y_size,
                             1,
                             0,
                             0};
  return einblas_block_gemv(pattern, dtype_, 0, 0, c.x_size, c.y_size, x_->address(), w_->address(), y_->address(), 0,
                            strides, 1, 1, threads);
}

int32_t BlockRun::once(int threads) const {
  const BlockCase& c = case_;
  const int64_t row = c.x_size * c.y_size;
  switch (c.product) {
    case BlockCase::Product::Gemv:
      return gemv(pattern_, threads);
    case BlockCase::Product::Unprepared: {
      int64_t pattern = 0;
      int32_t status = einblas_pattern_create(c.batch, c.x_window, c.y_window, c.x_blocks, c.y_blocks, x_index_.data(),
                                              y_index_.data(), 0, &pattern);
      if (status == EINBLAS_OK) status = gemv(pattern, threads);
      einblas_pattern_destroy(pattern);
      return status;
    }
    case BlockCase::Product::Back: {
      const int64_t strides[] = {c.y_window * c.y_size,
                                 c.y_size,
                                 1,
                                 row,
                                 c.y_blocks * row,
                                 1,
                                 c.y_size,
                                 c.x_window * c.x_size,
                                 c.x_size,
                                 1,
                                 0,
                                 0};
      return einblas_block_gemv(pattern_, dtype_, 0, 1, c.y_size, c.x_size, y_->address(), w_->address(), x_->address(),
                                0, strides, 1, 1, threads);
    }
    default: {
      const int64_t strides[] = {
          c.x_window * c.x_size, c.x_size, 1, c.y_window * c.y_size, c.y_size, 1, c.y_blocks * row, row, c.y_size, 1};
      // So small a factor that values stay finite however often the call is repeated.
      return einblas_block_outer(pattern_, dtype_, 0, c.x_size, c.y_size, x_->address(), y_->address(), w_->address(),
                                 strides, 1e-9, threads);
    }
  }
}

}  // namespace einblas_bench
