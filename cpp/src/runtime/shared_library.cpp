// Libraries that are opened while the process runs: dlopen, and LoadLibrary on Windows.
#include "runtime/shared_library.hpp"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace einblas {

#if defined(_WIN32)

void* open_library(const std::string& file, std::string& why) {
  const int bytes = static_cast<int>(file.size());
  std::wstring wide(file.size() + 1, L'\0');
  wide.resize(static_cast<size_t>(
      MultiByteToWideChar(CP_UTF8, 0, file.data(), bytes, wide.data(), static_cast<int>(wide.size()))));
  for (wchar_t& c : wide) c = c == L'/' ? L'\\' : c;
  // What it needs is looked for beside it, which a path alone allows.
  const DWORD beside = wide.find(L'\\') == std::wstring::npos ? 0 : LOAD_WITH_ALTERED_SEARCH_PATH;
  HMODULE library = LoadLibraryExW(wide.c_str(), nullptr, beside);
  if (library == nullptr) why = file + ": Windows error " + std::to_string(GetLastError());
  return reinterpret_cast<void*>(library);
}

void* function_of(void* library, const char* name) noexcept {
  return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}

#else

void* open_library(const std::string& file, std::string& why) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* said = dlerror();
    why = said != nullptr ? said : file + " cannot be opened";
  }
  return library;
}

void* function_of(void* library, const char* name) noexcept { return dlsym(library, name); }

#endif

}  // namespace einblas
