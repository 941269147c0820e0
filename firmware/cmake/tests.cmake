# A test is a file tests/test_*.cpp. All are in one program, for one link and one precompiled header; ctest starts it
# once for each file.
find_package(doctest REQUIRED)
file(GLOB TEST_FAKES CONFIGURE_DEPENDS tests/fakes/*.cpp)
file(GLOB TESTS CONFIGURE_DEPENDS tests/test_*.cpp)

# doctest itself is not what is looked at, and takes longest to compile.
add_library(ferry_doctest OBJECT tests/main.cpp)
target_compile_options(ferry_doctest PRIVATE -O0)
target_link_libraries(ferry_doctest PRIVATE doctest::doctest)

add_executable(ferry_tests ${TESTS} ${TEST_FAKES})
target_include_directories(ferry_tests PRIVATE tests)
target_compile_definitions(ferry_tests PRIVATE FERRY_VECTORS="${CMAKE_CURRENT_SOURCE_DIR}/../tests/vectors")
target_compile_definitions(ferry_tests PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
target_compile_options(ferry_tests PRIVATE -O0)  # takes less time to compile than it would save
target_link_libraries(ferry_tests PRIVATE ferry_doctest ferry_host doctest::doctest)
target_precompile_headers(ferry_tests PRIVATE <doctest/doctest.h> <algorithm> <array> <atomic> <functional> <map>
                          <memory> <optional> <random> <set> <string> <string_view> <thread> <vector>)
# But for the card whose power is cut at every write, and what checks it then.
foreach(FAKE fake_card pack_check queue_life)
  set_property(SOURCE tests/fakes/${FAKE}.cpp APPEND PROPERTY COMPILE_OPTIONS -O1)
  set_property(SOURCE tests/fakes/${FAKE}.cpp PROPERTY SKIP_PRECOMPILE_HEADERS ON)
endforeach()
foreach(TEST_SOURCE ${TESTS})
  get_filename_component(TEST_NAME ${TEST_SOURCE} NAME_WE)
  add_test(NAME ${TEST_NAME} COMMAND ferry_tests --source-file=*/${TEST_NAME}.cpp)
endforeach()
