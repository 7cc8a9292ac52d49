add_executable(chaos-iod iod.c)
target_link_libraries(chaos-iod PRIVATE chaos_io)
install(TARGETS chaos-iod DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(FILES chaos.sysusers DESTINATION lib/sysusers.d RENAME chaos.conf)
