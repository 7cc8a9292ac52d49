# Gates on the source itself. Each has a case that must fail.
function(chaos_lint_test name label)
  add_test(NAME ${label}.${name} COMMAND ${ARGN})
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} SKIP_RETURN_CODE 77)
endfunction()

set(LINT_DIR ${CMAKE_CURRENT_SOURCE_DIR}/lint)
chaos_lint_test(layers lint ${LINT_DIR}/layers.sh ${PROJECT_SOURCE_DIR})
chaos_lint_test(layers_must_fail lint ${LINT_DIR}/layers_must_fail.sh)
chaos_lint_test(format lint ${LINT_DIR}/format.sh ${PROJECT_SOURCE_DIR})
chaos_lint_test(format_must_fail lint ${LINT_DIR}/format_must_fail.sh ${PROJECT_SOURCE_DIR})
chaos_lint_test(clang_tidy tidy ${LINT_DIR}/tidy.sh ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
chaos_lint_test(clang_tidy_must_fail tidy ${LINT_DIR}/tidy_must_fail.sh ${PROJECT_SOURCE_DIR})
