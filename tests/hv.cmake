# The hypervisor port, its fake, and the image parser.
add_executable(hv_smoke lab/hv_smoke.c)
target_link_libraries(hv_smoke PRIVATE chaos::options chaos_hv_xen noxs)
