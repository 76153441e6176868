// Libraries that are opened while the process runs.
#pragma once
#include <string>

namespace einblas {

// Null where it cannot be opened: `why` then says what the system says. A file's whole path in UTF-8 finds what it
// needs beside it on Windows, too. Nothing closes it: threads may be inside.
void* open_library(const std::string& file, std::string& why);
// Null where it has no such function.
void* function_of(void* library, const char* name) noexcept;

}  // namespace einblas
