# The image parser on its own: core uses it, tests and fuzzing do without the rest of core.
add_library(chaos_image STATIC
  ${CMAKE_CURRENT_LIST_DIR}/image.c
  ${CMAKE_CURRENT_LIST_DIR}/image_elf.c
  ${CMAKE_CURRENT_LIST_DIR}/image_notes.c
)
target_link_libraries(chaos_image PUBLIC chaos_hv PRIVATE chaos::options noxs)
