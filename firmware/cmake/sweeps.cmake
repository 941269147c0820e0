# What is run so often that it would take too long under sanitizers: each mutant of the core, the network cut at every
# byte. Nothing of it is built unless the target `sweeps` is asked for.
find_package(doctest QUIET)
if(NOT doctest_FOUND)
  return()
endif()
enable_testing()
add_custom_target(sweeps)
add_dependencies(sweeps ferry_bench_card)

function(ferry_sweep NAME)
  add_executable(${NAME} EXCLUDE_FROM_ALL ${ARGN})
  target_include_directories(${NAME} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/tests)
  target_compile_definitions(${NAME} PRIVATE FERRY_VECTORS="${CMAKE_CURRENT_SOURCE_DIR}/../tests/vectors")
  target_compile_definitions(${NAME} PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
  target_link_libraries(${NAME} PRIVATE ferry_core doctest::doctest)
  add_dependencies(sweeps ${NAME})
endfunction()

include(tests/mutants.cmake)
list(TRANSFORM MUTANT_TESTS REPLACE "(.+)" "tests/\\1.cpp" OUTPUT_VARIABLE MUTANT_TEST_FILES)
ferry_sweep(mutants ${MUTATED_FILES} tests/mutants_main.cpp ${MUTANT_TEST_FILES} tests/fakes/fake_card.cpp
            tests/fakes/fake_cloud.cpp tests/fakes/pack_check.cpp tests/fakes/queue_life.cpp)
target_compile_options(mutants PRIVATE -w -O2)
set_target_properties(mutants PROPERTIES OUTPUT_NAME queue_mutants)  # mutants is the folder of the sources
# It takes less time to compile these than it would save.
set_property(SOURCE tests/mutants_main.cpp ${MUTANT_TEST_FILES} APPEND PROPERTY COMPILE_OPTIONS -O0)
add_test(NAME mutants_none COMMAND mutants)

ferry_sweep(every_byte tests/main.cpp tests/test_device_network.cpp tests/fakes/fake_cloud.cpp)
target_compile_definitions(every_byte PRIVATE FERRY_EVERY_BYTE)
target_compile_options(every_byte PRIVATE -O2)
set_property(SOURCE tests/main.cpp APPEND PROPERTY COMPILE_OPTIONS -O0)
foreach(END reset closed stall)
  add_test(NAME every_byte_${END} COMMAND every_byte --test-case=*${END}*any?byte*)
endforeach()
