# libukvm, its configuration files, and the command line.
find_library(XLUTIL xlutil REQUIRED)

chaos_unit_test(config_differential ukvm_private ${XLUTIL})
target_sources(test_config_differential PRIVATE fixture/config_differ.c)

chaos_unit_test(config_keys ukvm_private)
target_compile_definitions(test_config_keys PRIVATE CONFIG_DOC="${PROJECT_SOURCE_DIR}/docs/config.md")
