# The core that keeps the photos with one sync or one check less, one after the other: for each there is a test that
# fails then. What a power cut or a card of another life can bring about, the power-cut test must see.
#
# A mutant is the real file with one text replaced when CMake runs; a text that is not there any more, or twice, is an
# error. All are in one program, and FERRY_MUTANT, a number, says which of them it is (mutants_main.cpp): without it the
# program is the real core, and passes. tests/mutants has a list for each file:
#   mutant(name test "text" "text instead")   in which IS_CHOSEN is true for this one
#   without(name test "statement")            which is not there
#   with(name test "expression" "instead")    which is another one
# `test` is the name of the test case that sees it, or POWER_CUT: any of test_power_cut.
set(MUTANT_SOURCES card instant kept_values open_pack pack_file pack_format pack_index pack_queue pack_queue_rework
    pack_queue_start pack_rows seq_counter swap_journal)
set(MUTANT_TESTS test_bad_card test_card test_pack_checks test_pack_format test_pack_queue test_passing_faults
    test_power_cut test_queue_checks test_rework_checks test_silent_card test_two_names)
set(MUTANT_COUNT 0)

function(mutant NAME TEST ORIGINAL REPLACEMENT)
  string(FIND "${REAL}" "${ORIGINAL}" FIRST)
  string(FIND "${REAL}" "${ORIGINAL}" LAST REVERSE)
  string(FIND "${MUTATED}" "${ORIGINAL}" STILL)
  if(FIRST EQUAL -1 OR NOT FIRST EQUAL LAST OR STILL EQUAL -1)
    message(FATAL_ERROR "Mutant ${NAME}: ${FILE}.cpp does not have this text exactly once: ${ORIGINAL}")
  endif()
  math(EXPR MUTANT_COUNT "${MUTANT_COUNT} + 1")
  string(REPLACE "IS_CHOSEN" "(ferry_mutant == ${MUTANT_COUNT})" INSTEAD "${REPLACEMENT}")
  string(REPLACE "${ORIGINAL}" "${INSTEAD}" MUTATED "${MUTATED}")
  # A crash is a failure like others, of which doctest tells: ctest is not to see it.
  if("${TEST}" STREQUAL "POWER_CUT")
    set(FILTER --source-file=*test_power_cut.cpp)
    set(SAYS "not held: ")
    set(CPU_S 40)
  else()
    string(REGEX REPLACE "[,;]" "?" FILTER "--test-case=${TEST}")
    set(SAYS "Status: FAILURE!")
    set(CPU_S 3)
  endif()
  add_test(NAME mutant_${FILE}_${NAME}
           COMMAND sh -c "\"$0\" \"$@\" || true" $<TARGET_FILE:mutants> --abort-after=1 ${FILTER})
  set_tests_properties(mutant_${FILE}_${NAME} PROPERTIES ENVIRONMENT "FERRY_MUTANT=${MUTANT_COUNT};FERRY_CPU_S=${CPU_S}"
                       PASS_REGULAR_EXPRESSION "${SAYS}")
  set(MUTANT_COUNT ${MUTANT_COUNT} PARENT_SCOPE)
  set(MUTATED "${MUTATED}" PARENT_SCOPE)
endfunction()

function(without NAME TEST STATEMENT)
  mutant(${NAME} "${TEST}" "${STATEMENT}" "if (!IS_CHOSEN) { ${STATEMENT} }")
  set(MUTANT_COUNT ${MUTANT_COUNT} PARENT_SCOPE)
  set(MUTATED "${MUTATED}" PARENT_SCOPE)
endfunction()

function(with NAME TEST EXPRESSION OTHER)
  mutant(${NAME} "${TEST}" "${EXPRESSION}" "(IS_CHOSEN ? (${OTHER}) : (${EXPRESSION}))")
  set(MUTANT_COUNT ${MUTANT_COUNT} PARENT_SCOPE)
  set(MUTATED "${MUTATED}" PARENT_SCOPE)
endfunction()

set(MUTATED_FILES)
foreach(FILE ${MUTANT_SOURCES})
  set(SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/core/src/${FILE}.cpp)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SOURCE})
  file(READ ${SOURCE} REAL)
  set(MUTATED "${REAL}")
  include(${CMAKE_CURRENT_LIST_DIR}/mutants/${FILE}.cmake OPTIONAL)
  list(APPEND MUTATED_FILES ${CMAKE_CURRENT_BINARY_DIR}/mutants/${FILE}.cpp)
  file(CONFIGURE OUTPUT mutants/${FILE}.cpp CONTENT "extern int ferry_mutant;\n${MUTATED}" @ONLY)
endforeach()
