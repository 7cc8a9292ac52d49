# How guest code is built. Nothing of the host's flags applies: guests are freestanding, static, at
# fixed addresses, without SSE, sanitizers or stack protector.
set(UKG_DIR ${CMAKE_CURRENT_LIST_DIR})
set(UKG_INSTALL_DIR ${CMAKE_INSTALL_DATADIR}/chaos/guests)

add_library(ukg_options INTERFACE)
target_compile_options(ukg_options INTERFACE
  -ffreestanding -fno-pie -fno-pic -mno-red-zone -mcmodel=small -fno-stack-protector
  -fno-sanitize=all -fcf-protection=none -fno-asynchronous-unwind-tables -fno-strict-aliasing
  -fno-common -ffunction-sections -fdata-sections -O2
  $<$<COMPILE_LANGUAGE:C>:-mgeneral-regs-only -Wall -Wextra -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef>)
if(CHAOS_WERROR)
  target_compile_options(ukg_options INTERFACE -Werror)
endif()
target_compile_definitions(ukg_options INTERFACE
  __XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__)
target_include_directories(ukg_options INTERFACE ${UKG_DIR}/include)

# ukg_objects(NAME SOURCES...): an object library of guest code.
function(ukg_objects name)
  add_library(${name} OBJECT ${ARGN})
  target_link_libraries(${name} PUBLIC ukg_options)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
endfunction()

# ukg_guest(NAME SOURCES... [LIBS object libraries...] [NOTES objects] [OUTPUT file name]
# [TO subdirectory]): a guest image, stripped, installed in the guests' directory. NAME is the target
# and, without OUTPUT, the file. What it was before it was stripped is beside it as FILE.debug, for gdb.
function(ukg_guest name)
  cmake_parse_arguments(arg "" "TO;NOTES;OUTPUT" "LIBS" ${ARGN})
  if(NOT arg_NOTES)
    set(arg_NOTES ukg_notes)
  endif()
  if(NOT arg_OUTPUT)
    set(arg_OUTPUT ${name})
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ukg_options ukg_kernel ${arg_NOTES} ${arg_LIBS})
  set_target_properties(${name} PROPERTIES
    OUTPUT_NAME ${arg_OUTPUT}
    POSITION_INDEPENDENT_CODE OFF
    LINK_DEPENDS ${UKG_LDSCRIPT})
  target_link_options(${name} PRIVATE
    -nostdlib -static -fno-sanitize=all -Wl,-T,${UKG_LDSCRIPT} -Wl,--build-id=none
    -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${name}> $<TARGET_FILE:${name}>.debug
    COMMAND ${CMAKE_STRIP} --strip-all $<TARGET_FILE:${name}>
    BYPRODUCTS ${CMAKE_CURRENT_BINARY_DIR}/${arg_OUTPUT}.debug)
  add_dependencies(${name} ukg_ldscript)
  install(PROGRAMS $<TARGET_FILE:${name}> DESTINATION ${UKG_INSTALL_DIR}/${arg_TO})
endfunction()
