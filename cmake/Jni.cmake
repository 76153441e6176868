# jnieinblas: JavaCPP's generated stubs and every kernel in one library.
# find_package(JNI) asks for AWT and fails on a headless JDK, so jni.h is found by hand.
set(stubs "")
foreach(name jnijavacpp.cpp jnieinblas.cpp)
  # An equal file keeps its time stamp, so an unchanged stub is not compiled again.
  configure_file("${EINBLAS_JNI_DIR}/${name}" "${CMAKE_CURRENT_BINARY_DIR}/jni/${name}" COPYONLY)
  list(APPEND stubs "${CMAKE_CURRENT_BINARY_DIR}/jni/${name}")
endforeach()
add_library(jnieinblas SHARED ${stubs})
target_compile_definitions(jnieinblas PRIVATE EINBLAS_API=)
target_compile_options(jnieinblas PRIVATE -w)  # generated code
if(WIN32)
  target_include_directories(jnieinblas PRIVATE "${EINBLAS_JAVA_HOME}/include"
    "${CMAKE_CURRENT_SOURCE_DIR}/cmake/win32")
  set_target_properties(jnieinblas PROPERTIES PREFIX "")  # the name that JavaCPP looks for
elseif(APPLE)
  # In a cross build it is Linux's JDK: its jni_md.h is the same file of the JDK's sources, for all Unix systems.
  target_include_directories(jnieinblas PRIVATE "${EINBLAS_JAVA_HOME}/include" "${EINBLAS_JAVA_HOME}/include/darwin"
    "${EINBLAS_JAVA_HOME}/include/linux")
else()
  target_include_directories(jnieinblas PRIVATE "${EINBLAS_JAVA_HOME}/include" "${EINBLAS_JAVA_HOME}/include/linux")
endif()
target_link_libraries(jnieinblas PRIVATE einblas_all)
set_target_properties(jnieinblas PROPERTIES BUILD_WITH_INSTALL_RPATH ON)  # of none: it needs the system alone
if(UNIX AND NOT APPLE)
  set(map ${CMAKE_CURRENT_SOURCE_DIR}/cmake/jnieinblas.map)
  # nodelete: a class loader that goes must not unmap code that worker threads are in.
  target_link_options(jnieinblas PRIVATE "-Wl,--version-script=${map}" "-Wl,-z,nodelete")
  set_target_properties(jnieinblas PROPERTIES LINK_DEPENDS ${map})
endif()
install(TARGETS jnieinblas LIBRARY DESTINATION . RUNTIME DESTINATION .)
