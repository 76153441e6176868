// Bench: the one option parser, and the options that all subcommands have.
#pragma once
#include <functional>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "einblas.h"
#include "saved.hpp"
#include "support/dtype.hpp"

namespace einblas_bench {

struct Option {
  char letter;
  const char* name;
  const char* value;  // what the help calls its value; null: it has none
  const char* help;
  std::function<void(const std::string&)> take;
};

// Takes `-x VALUE`, `--name VALUE` and `--name=VALUE` anywhere, and gives what is no option. Throws std::runtime_error
// for what it does not know, with the help.
std::vector<std::string> parse(const std::string& usage, const std::vector<Option>& options, int argc, char** argv);

// Throw std::runtime_error, naming the option.
int number(const std::string& text, const char* what, int least = 1);
double positive(const std::string& text, const char* what);
int dtype(const std::string& text);  // f32, bf16 and so on, in any case
std::vector<std::string> split(const std::string& text);

const char* name_of(int dtype);
// The type whose multiply-adds products of such elements are.
int peak_type(int dtype);
// Whether all products are computed in it; steps are in integers too.
inline bool is_real(int dtype) { return dtype == EINBLAS_F32 || dtype == EINBLAS_F64; }

// The code of a type.
template <class T>
constexpr int32_t code_of() {
  return einblas_test::dtype<T>();
}
// f(T{}) for the type of a code: the types that all products are computed in.
template <class F>
void visit(int dtype, const F& f) {
  if (dtype == EINBLAS_F32) return f(float{});
  if (dtype == EINBLAS_F64) return f(double{});
  throw std::runtime_error("this command wants f32 or f64");
}

// What all subcommands can be told.
struct Common {
  std::vector<int> threads, dtypes;
  std::vector<std::regex> names;  // none: all cases
  std::string save, against, mkl;
  int samples = 0;     // 0: the subcommand's own
  double seconds = 0;  // the same
  bool list = false, verbose = false;

  // The subcommand's options are asked before these.
  void parse(const std::string& usage, std::vector<Option> own, int argc, char** argv);
  bool wanted(const std::string& name, const std::string& group = "") const;
  // Starts the library, fills in the threads and prints the machine's limits. Throws std::runtime_error.
  void start();
};

// The figures of a run: compared with saved ones as they come, saved at the end.
class Figures {
 public:
  explicit Figures(const Common& common);
  // The verdict, or nothing where the key was not in the saved run. The key gets the isa.
  std::string add(const std::string& name, int dtype, int threads, const std::string& more, const Figure& figure);
  void save() const;

 private:
  const std::string path_;
  Run before_, now_;
};

}  // namespace einblas_bench
