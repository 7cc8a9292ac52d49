# The page of benchmarks shows what was recorded.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME golden.benchmarks
           COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/bench/report.py --check
                   ${PROJECT_SOURCE_DIR})
  add_test(NAME golden.benchmarks_must_fail
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bench/report_must_fail.sh
                   ${PROJECT_SOURCE_DIR} ${Python3_EXECUTABLE})
  set_tests_properties(golden.benchmarks golden.benchmarks_must_fail PROPERTIES LABELS golden)
endif()

# Benchmarks are installed, so that they run on a real Xen host too.
set(BENCH_DIR ${CMAKE_INSTALL_PREFIX}/lib/chaos/bench)
pkg_check_modules(BENCH_XEN REQUIRED IMPORTED_TARGET xencontrol xenforeignmemory)

add_library(bench_common STATIC bench/bench.c bench/census.c bench/cpu_time.c bench/daemons.c bench/guests.c bench/trace.c)
target_include_directories(bench_common PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/bench)
target_link_libraries(bench_common
  PUBLIC ukvm PRIVATE chaos::options PkgConfig::BENCH_XEN PkgConfig::JANSSON)
set_target_properties(bench_common PROPERTIES C_EXTENSIONS ON) # Xen's headers need them

foreach(name boot_latency churn density pad_image recovery soak xl_breakdown)
  string(REPLACE _ - program ${name})
  add_executable(${program} bench/${name}.c)
  target_link_libraries(${program} PRIVATE chaos::options bench_common)
  install(TARGETS ${program} DESTINATION ${BENCH_DIR})
endforeach()

# What chaos is measured against is linked as chaos is.
add_executable(only-connect bench/only_connect.c)
target_link_libraries(only-connect PRIVATE chaos::options)
if(CHAOS_STATIC_CLI AND CHAOS_HAVE_STATIC_JANSSON AND NOT CHAOS_SANITIZE)
  target_link_libraries(only-connect PRIVATE ukvm_static)
  target_link_options(only-connect PRIVATE -static-pie
    $<$<BOOL:${CHAOS_HAVE_PACKED_RELOCS}>:-Wl,-z,pack-relative-relocs>)
else()
  target_link_libraries(only-connect PRIVATE ukvm)
endif()
# The least that a process can be: it has no use for sanitizers either.
add_executable(bench-true bench/true.c)
set_target_properties(bench-true PROPERTIES OUTPUT_NAME true
                      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/bench)
target_link_options(bench-true PRIVATE -static)
install(TARGETS only-connect bench-true DESTINATION ${BENCH_DIR})

# Preloaded into a program that has no sanitizer.
if(NOT CHAOS_SANITIZE)
  add_library(xl-profile MODULE bench/xl_profile.c)
  target_link_libraries(xl-profile PRIVATE chaos::options)
  set_target_properties(xl-profile PROPERTIES PREFIX "")
  install(TARGETS xl-profile DESTINATION ${BENCH_DIR})
endif()
