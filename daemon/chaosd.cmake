add_executable(chaosd chaosd.c)
target_compile_definitions(chaosd PRIVATE CHAOS_VERSION="${PROJECT_VERSION}")
target_link_libraries(chaosd PRIVATE
  chaos::options chaos_ctl chaos_core chaos_keyval chaos_hv_xen chaos_hostnet_linux chaos_seal
  chaos_util)
install(TARGETS chaosd DESTINATION ${CMAKE_INSTALL_SBINDIR})
