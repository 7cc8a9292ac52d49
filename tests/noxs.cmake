chaos_unit_test(noxs_access noxs)
chaos_unit_test(noxs_page noxs)
target_compile_definitions(test_noxs_page PRIVATE
  NOXS_PAGE_DOC="${PROJECT_SOURCE_DIR}/docs/noxs-page.md")
