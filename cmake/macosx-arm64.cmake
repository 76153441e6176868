# Toolchain: macOS on arm64, cross-built by zig (zig-macos.cmake).
set(CMAKE_SYSTEM_PROCESSOR arm64)
set(EINBLAS_ZIG_TARGET aarch64-macos.11.0)
include(${CMAKE_CURRENT_LIST_DIR}/zig-macos.cmake)
