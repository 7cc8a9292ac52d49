# The data plane and the host network port.
add_library(io_rig STATIC fixture/io_front.c fixture/loop_fake.c)
target_include_directories(io_rig PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(io_rig PUBLIC chaos_io chaos::options)

foreach(name console io_guest io_guest_vif io_server io_throttle netback sandbox vswitch)
  chaos_unit_test(${name} io_rig)
endforeach()
target_compile_definitions(test_sandbox PRIVATE IOD_PATH="$<TARGET_FILE:chaos-iod>")
add_dependencies(test_sandbox chaos-iod)
chaos_unit_test(hostnet chaos_hostnet_linux PkgConfig::LIBNFTABLES)

include(fuzz/fuzz.cmake)
chaos_fuzz_target(ring_console PARSER daemon/io/console_ring.c)
chaos_fuzz_target(ring_net_tx PARSER daemon/io/net_tx_ring.c)
chaos_fuzz_target(ring_net_rx PARSER daemon/io/net_rx_ring.c)
chaos_fuzz_target(frame PARSER daemon/io/frame.c)
chaos_fuzz_target(io_packet PARSER daemon/io/io_packet.c daemon/io/io_attach.c LIBS chaos_util)

pkg_check_modules(XENCTRL REQUIRED IMPORTED_TARGET xencontrol)
add_executable(answer_cost lab/answer_cost.c)
target_link_libraries(answer_cost PRIVATE chaos::options PkgConfig::XENCTRL)
set_target_properties(answer_cost PROPERTIES C_EXTENSIONS ON) # Xen's headers need them
