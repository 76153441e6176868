# GoogleTest tests, run once per ISA that this machine has, and the guard on what ISA objects export.
find_package(GTest QUIET)
if(NOT GTest_FOUND OR CMAKE_CROSSCOMPILING)
  if(EXISTS /usr/src/googletest/CMakeLists.txt)
    add_subdirectory(/usr/src/googletest ${CMAKE_CURRENT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL)
  else()
    include(FetchContent)
    FetchContent_Declare(googletest
      URL https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz
      URL_HASH SHA256=81964fe578e9bd7c94dfdb09c8e4d6e6759e19967e397dbea48d1c10e45d0df2)
    set(INSTALL_GTEST OFF)
    FetchContent_MakeAvailable(googletest)
  endif()
  if(NOT TARGET GTest::gtest)
    add_library(GTest::gtest ALIAS gtest)
  endif()
endif()

file(GLOB test_sources CONFIGURE_DEPENDS cpp/test/*.cpp)
add_executable(einblas_test ${test_sources})
target_include_directories(einblas_test PRIVATE cpp/test cpp/src)
target_compile_options(einblas_test PRIVATE ${EINBLAS_WARNINGS})
target_link_libraries(einblas_test PRIVATE einblas_all GTest::gtest)
set_target_properties(einblas_test PROPERTIES BUILD_RPATH "${EINBLAS_OPENBLAS_DIR}")

# Which ISAs this machine runs is known when the tests run: run_isa.cmake skips the others.
# libomp itself is not instrumented: its archer tool tells TSan of barriers, and accesses from inside it do not count.
set(EINBLAS_TEST_ENVIRONMENT "")
if(EINBLAS_SANITIZE MATCHES "thread")
  list(APPEND EINBLAS_TEST_ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1" "OMP_TOOL_LIBRARIES=libarcher.so")
endif()
foreach(isa ${EINBLAS_ISAS})
  add_test(NAME kernels_${isa} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_test> --gtest_brief=1)
  set_tests_properties(kernels_${isa} PROPERTIES ENVIRONMENT "EINBLAS_ISA=${isa};${EINBLAS_TEST_ENVIRONMENT}" SKIP_RETURN_CODE 77 TIMEOUT 600)
  if(EINBLAS_SANITIZE)  # the sanitizers add symbols of their own
    continue()
  endif()
  add_test(NAME exports_${isa} COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=$<TARGET_OBJECTS:einblas_${isa}>"
    -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/check_exports.cmake)
endforeach()
