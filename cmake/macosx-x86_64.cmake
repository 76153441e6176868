# Toolchain: macOS on x86-64, cross-built by zig (zig-macos.cmake).
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(EINBLAS_ZIG_TARGET x86_64-macos.11.0)
include(${CMAKE_CURRENT_LIST_DIR}/zig-macos.cmake)
