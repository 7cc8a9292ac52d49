# Benchmarks are installed, so that they run on a real Xen host too.
add_executable(boot-latency bench/boot_latency.c)
target_link_libraries(boot-latency PRIVATE chaos::options ukvm)
install(TARGETS boot-latency DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/chaos/bench)
