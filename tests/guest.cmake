# The guest side: the parts that are pure computation, and what the images are held to.
set(GUESTS ${PROJECT_SOURCE_DIR}/guests)

# Guest sources for the host, where tests run.
add_library(ukg_pure STATIC
  ${GUESTS}/kernel/console_ring.c ${GUESTS}/kernel/format.c ${GUESTS}/kernel/heap.c
  ${GUESTS}/kernel/memmap.c ${GUESTS}/kernel/net_ring.c
  ${GUESTS}/apps/daytime/rfc3339.c ${GUESTS}/tests/client/address.c)
target_include_directories(ukg_pure PUBLIC
  ${GUESTS}/include ${GUESTS}/kernel ${GUESTS}/apps/daytime ${GUESTS}/tests/client)
target_compile_definitions(ukg_pure PUBLIC
  __XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__)
target_link_libraries(ukg_pure PRIVATE chaos::options)

foreach(name address clock console_ring format heap memmap net_ring rfc3339)
  chaos_unit_test(ukg_${name} ukg_pure)
endforeach()

if(TARGET noop)
  # chaos_guest_image(NAME MAX_BYTES): the image stays small and what loaders expect.
  function(chaos_guest_image name max_bytes)
    add_test(NAME lint.guest_${name} COMMAND ${GUESTS}/check_image.sh $<TARGET_FILE:${name}> ${max_bytes})
    set_tests_properties(lint.guest_${name} PROPERTIES LABELS lint)
  endfunction()
  chaos_guest_image(noop 40960)
  chaos_guest_image(daytime 307200)

  # The check must be able to fail: on the size, and on the notes.
  add_test(NAME lint.guest_size_must_fail
    COMMAND ${GUESTS}/check_image.sh $<TARGET_FILE:noop> 1000)
  add_test(NAME lint.guest_notes_must_fail
    COMMAND ${GUESTS}/check_image.sh $<TARGET_FILE:guest_abi2> 40960)
  set_tests_properties(lint.guest_size_must_fail lint.guest_notes_must_fail PROPERTIES
    LABELS lint WILL_FAIL TRUE)
endif()
