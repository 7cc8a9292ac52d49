# The hypervisor port, its fake, and the image parser.
include(fuzz/fuzz.cmake)

add_library(hv_fake STATIC fixture/hv_fake.c fixture/hv_fake_calls.c fixture/hv_fake_channel.c
                           fixture/hv_fake_host.c fixture/hv_fake_memory.c fixture/fd_kept.c)
target_link_libraries(hv_fake PUBLIC chaos_hv PRIVATE chaos::options)
target_include_directories(hv_fake PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
chaos_unit_test(hv_fake hv_fake)

chaos_unit_test(pvh chaos_hv_xen noxs)
chaos_unit_test(xenstored chaos_hv_xen)

add_library(elf_build STATIC fixture/elf_build.c)
target_link_libraries(elf_build PRIVATE chaos::options)
target_include_directories(elf_build PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
chaos_unit_test(image chaos_image elf_build)

# Writes fuzz/corpus/image/; to be run by hand when the builder learns something new.
add_executable(seed_image EXCLUDE_FROM_ALL fuzz/seed_image.c)
target_link_libraries(seed_image PRIVATE chaos::options elf_build)
chaos_fuzz_target(image
  PARSER daemon/core/image.c daemon/core/image_elf.c daemon/core/image_notes.c)

add_executable(hv_smoke lab/hv_smoke.c)
target_link_libraries(hv_smoke PRIVATE chaos::options chaos_hv_xen noxs)
