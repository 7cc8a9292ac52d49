# The hypervisor port, its fake, and the image parser.
add_library(hv_fake STATIC fixture/hv_fake.c fixture/hv_fake_calls.c fixture/hv_fake_channel.c
                           fixture/hv_fake_memory.c)
target_link_libraries(hv_fake PUBLIC chaos_hv PRIVATE chaos::options)
target_include_directories(hv_fake PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
chaos_unit_test(hv_fake hv_fake)

add_executable(hv_smoke lab/hv_smoke.c)
target_link_libraries(hv_smoke PRIVATE chaos::options chaos_hv_xen noxs)
