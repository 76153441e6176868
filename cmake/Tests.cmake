# GoogleTest tests, run once per ISA that this machine has, and the guard on what ISA objects export.
include(GoogleTestSource)

file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS cpp/test/*.cpp)
list(FILTER test_sources EXCLUDE REGEX "(workers|large|openblas_open)_test|support/openblas")
add_executable(einblas_test ${test_sources})
# Tensors of more elements than an int counts; one of them takes 9 GB.
add_executable(einblas_large_test cpp/test/step/large_test.cpp cpp/test/support/main_test.cpp)
# OpenBLAS before it is open: nothing closes it.
add_executable(einblas_openblas_test cpp/test/runtime/openblas_open_test.cpp)
foreach(program einblas_test einblas_large_test einblas_openblas_test)
  target_include_directories(${program} PRIVATE cpp/test cpp/src)
  target_compile_options(${program} PRIVATE ${EINBLAS_WARNINGS})
  target_link_libraries(${program} PRIVATE einblas_all einblas_openblas GTest::gtest)
endforeach()
if(WIN32)  # libraries are looked for beside the program
  file(GLOB dlls "${EINBLAS_OPENBLAS_DIR}/*.dll")
  list(FILTER dlls EXCLUDE REGEX "jniopenblas")
  add_custom_command(TARGET einblas_test POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${dlls} $<TARGET_FILE_DIR:einblas_test>)
endif()

# The C surface against plain loops, in memory allocated to the byte: a few seconds here, for longer as cpp/fuzz/fuzz.cpp says.
if(UNIX)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS cpp/fuzz/*.cpp)
  add_executable(einblas_fuzz ${fuzz_sources})
  target_include_directories(einblas_fuzz PRIVATE cpp/test)
  target_compile_options(einblas_fuzz PRIVATE ${EINBLAS_WARNINGS})
  target_link_libraries(einblas_fuzz PRIVATE einblas_all einblas_openblas)
endif()

# The pool and the other back ends, without a kernel: what runs tasks has a program of its own, which sets limits and forks.
add_executable(einblas_workers_test cpp/test/runtime/workers_test.cpp
  cpp/src/runtime/threads.cpp cpp/src/runtime/threads_openmp.cpp cpp/src/runtime/pool.cpp)
target_include_directories(einblas_workers_test PRIVATE cpp/src cpp/include)
target_compile_options(einblas_workers_test PRIVATE ${EINBLAS_WARNINGS} ${EINBLAS_COUNTED})
target_link_libraries(einblas_workers_test PRIVATE GTest::gtest einblas_threads)
add_test(NAME workers COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_workers_test> --gtest_brief=1)
set_tests_properties(workers PROPERTIES TIMEOUT 600)

add_test(NAME openblas_open COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_openblas_test> --gtest_brief=1)
set_tests_properties(openblas_open PROPERTIES TIMEOUT 600)

add_test(NAME rooms COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/check_rooms.cmake)

# Which ISAs this machine runs is known when the tests run: run_isa.cmake skips the others.
set(EINBLAS_TEST_TIMEOUT 1200)
if(CMAKE_CROSSCOMPILING OR EINBLAS_SANITIZE)
  set(EINBLAS_TEST_TIMEOUT 3600)  # emulated: 6 minutes alone on a core; sanitizers take five times as long
endif()
# COST: the longest first. One program at a time takes 9 GB.
# Sanitizers watch all tests on the widest ISA. On the others they leave out what repeats a case at another size or number of
# threads: two fifths of the time, and no kernel.
set(sets ${EINBLAS_ISAS})
list(FILTER sets EXCLUDE REGEX "^avx512.")
list(GET sets -1 widest)
set(repeats "*Large*:*SameBits*:*PastTheCaches*:LongSums.*:Gemm.SeveralAxes*")
foreach(isa ${EINBLAS_ISAS})
  if(isa MATCHES "^avx512.")  # adds a kernel to those of avx512
    add_test(NAME kernels_${isa} COMMAND $<TARGET_FILE:einblas_test> --gtest_brief=1)
    set(filter "Dots.*:Choose.*")
    if(NOT EINBLAS_SANITIZE)
      string(APPEND filter ":Convert.*")
    endif()
    set_tests_properties(kernels_${isa} PROPERTIES ENVIRONMENT "EINBLAS_ISA=${isa};GTEST_FILTER=${filter}" SKIP_RETURN_CODE 77 TIMEOUT ${EINBLAS_TEST_TIMEOUT})
    if(NOT EINBLAS_SANITIZE)
      add_test(NAME exports_${isa} COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=$<TARGET_OBJECTS:einblas_${isa}>"
        -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/check_exports.cmake)
    endif()
    continue()
  endif()
  add_test(NAME kernels_${isa} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_test> --gtest_brief=1)
  add_test(NAME large_${isa} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_large_test> --gtest_brief=1)
  set_tests_properties(kernels_${isa} large_${isa} PROPERTIES ENVIRONMENT "EINBLAS_ISA=${isa}" SKIP_RETURN_CODE 77 TIMEOUT ${EINBLAS_TEST_TIMEOUT} COST 100)
  set_tests_properties(large_${isa} PROPERTIES RESOURCE_LOCK memory COST 50)
  if(EINBLAS_SANITIZE AND NOT isa STREQUAL widest)
    set_tests_properties(kernels_${isa} PROPERTIES ENVIRONMENT "EINBLAS_ISA=${isa};GTEST_FILTER=-${repeats}")
  endif()
  if(TARGET einblas_fuzz)
    add_test(NAME fuzz_${isa} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_fuzz>)
    add_test(NAME invariance_${isa} COMMAND ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:einblas_fuzz>)
    set_tests_properties(fuzz_${isa} PROPERTIES ENVIRONMENT "EINBLAS_ISA=${isa}" SKIP_RETURN_CODE 77 TIMEOUT ${EINBLAS_TEST_TIMEOUT})
    set_tests_properties(invariance_${isa} PROPERTIES ENVIRONMENT "EINBLAS_ISA=${isa};EINBLAS_FUZZ_PART=invariant;EINBLAS_FUZZ_CASES=2000" SKIP_RETURN_CODE 77 TIMEOUT ${EINBLAS_TEST_TIMEOUT})
  endif()
  if(EINBLAS_SANITIZE)  # the sanitizers add symbols of their own
    continue()
  endif()
  add_test(NAME exports_${isa} COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} "-DOBJECTS=$<TARGET_OBJECTS:einblas_${isa}>"
    -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/check_exports.cmake)
endforeach()
