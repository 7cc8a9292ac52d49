# Fuzz targets: tests/fuzz/fuzz_NAME.c holds LLVMFuzzerTestOneInput() and its seeds are in
# tests/fuzz/corpus/NAME/. Include it from the test file of the module that owns the parser.
#
#   chaos_fuzz_target(NAME PARSER FILE... [LIBS LIBRARY...])
#
# PARSER: the sources under test, relative to the top of the tree. They are compiled into the
# target itself, so do not name the library that holds them in LIBS.
#
# Ordinary builds replay the corpus (test fuzz-corpus.NAME). With CHAOS_FUZZ there are also
#   fuzz.NAME          30 s of fuzzing, then at least 90 % line coverage of each PARSER file
#   fuzz.NAME.planted  the same built with -DCHAOS_PLANTED_BUG_<NAME>: the bug must be found,
#                      or the fuzzer proves nothing. Put the bug under that macro in PARSER.
include_guard(GLOBAL)

set(CHAOS_FUZZ_DIR ${CMAKE_CURRENT_LIST_DIR})
if(CHAOS_FUZZ)
  find_program(LLVM_PROFDATA NAMES llvm-profdata llvm-profdata-14 REQUIRED)
  find_program(LLVM_COV NAMES llvm-cov llvm-cov-14 REQUIRED)
endif()

function(chaos_fuzz_executable target name)
  cmake_parse_arguments(ARG "" "" "PARSER;LIBS" ${ARGN})
  list(TRANSFORM ARG_PARSER PREPEND ${PROJECT_SOURCE_DIR}/)
  add_executable(${target} ${CHAOS_FUZZ_DIR}/fuzz_${name}.c ${ARG_PARSER})
  target_link_libraries(${target} PRIVATE chaos::options noxs ${ARG_LIBS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/daemon
                                               ${PROJECT_SOURCE_DIR}/tests)
  if(CHAOS_FUZZ)
    target_compile_options(${target} PRIVATE -O1 -fsanitize=fuzzer -fprofile-instr-generate
                                             -fcoverage-mapping)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer -fprofile-instr-generate)
  else()
    target_sources(${target} PRIVATE ${CHAOS_FUZZ_DIR}/replay.c)
  endif()
endfunction()

function(chaos_fuzz_target name)
  cmake_parse_arguments(ARG "" "" "PARSER;LIBS" ${ARGN})
  chaos_fuzz_executable(fuzz_${name} ${name} ${ARGN})
  set(corpus ${CHAOS_FUZZ_DIR}/corpus/${name})
  if(NOT CHAOS_FUZZ)
    add_test(NAME fuzz-corpus.${name} COMMAND fuzz_${name} ${corpus})
    set_tests_properties(fuzz-corpus.${name} PROPERTIES LABELS fuzz-corpus)
    return()
  endif()

  string(TOUPPER ${name} macro)
  chaos_fuzz_executable(fuzz_${name}_planted ${name} ${ARGN})
  target_compile_definitions(fuzz_${name}_planted PRIVATE CHAOS_PLANTED_BUG_${macro})
  list(TRANSFORM ARG_PARSER PREPEND ${PROJECT_SOURCE_DIR}/)
  set(environment LLVM_PROFDATA=${LLVM_PROFDATA} LLVM_COV=${LLVM_COV})
  add_test(NAME fuzz.${name}
           COMMAND ${CHAOS_FUZZ_DIR}/run.sh coverage $<TARGET_FILE:fuzz_${name}> ${corpus}
                   ${ARG_PARSER})
  add_test(NAME fuzz.${name}.planted
           COMMAND ${CHAOS_FUZZ_DIR}/run.sh planted $<TARGET_FILE:fuzz_${name}_planted> ${corpus})
  set_tests_properties(fuzz.${name} fuzz.${name}.planted PROPERTIES
                       LABELS fuzz TIMEOUT 180 ENVIRONMENT "${environment}")
endfunction()
