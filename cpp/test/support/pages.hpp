// Test support: whole pages from the system, of which some can be made inaccessible.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#if !defined(NOMINMAX)
#define NOMINMAX
#endif
#include <windows.h>
#undef far  // of 16-bit days; tests use the words as names
#undef near
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace einblas_test {

#if defined(_WIN32)
inline int64_t page_size() {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return static_cast<int64_t>(info.dwPageSize);
}
// Zeroed memory of which only touched pages are taken, or null.
inline void* map_pages(size_t bytes) { return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE); }
inline void unmap_pages(void* at, size_t) { VirtualFree(at, 0, MEM_RELEASE); }
inline bool forbid_pages(void* at, size_t bytes) {
  DWORD before = 0;
  return VirtualProtect(at, bytes, PAGE_NOACCESS, &before) != 0;
}
#else
inline int64_t page_size() { return sysconf(_SC_PAGESIZE); }
// Zeroed memory of which only touched pages are taken, or null.
inline void* map_pages(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at == MAP_FAILED ? nullptr : at;
}
inline void unmap_pages(void* at, size_t bytes) { munmap(at, bytes); }
inline bool forbid_pages(void* at, size_t bytes) { return mprotect(at, bytes, PROT_NONE) == 0; }
#endif

}  // namespace einblas_test
