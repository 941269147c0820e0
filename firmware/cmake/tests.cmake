# A test is a file tests/test_*.cpp, and a program of its own.
find_package(doctest REQUIRED)
file(GLOB TEST_FAKES CONFIGURE_DEPENDS tests/fakes/*.cpp)
add_library(ferry_fakes STATIC tests/main.cpp ${TEST_FAKES})
target_include_directories(ferry_fakes PUBLIC tests)
target_compile_definitions(ferry_fakes PUBLIC FERRY_VECTORS="${CMAKE_CURRENT_SOURCE_DIR}/../tests/vectors")
target_compile_definitions(ferry_fakes PUBLIC DOCTEST_CONFIG_SUPER_FAST_ASSERTS)
target_link_libraries(ferry_fakes PUBLIC ferry_host doctest::doctest)
# doctest itself is not what is looked at, and takes longest to compile.
set_property(SOURCE tests/main.cpp APPEND PROPERTY COMPILE_OPTIONS -O0 -fno-sanitize=all)
file(GLOB TESTS CONFIGURE_DEPENDS tests/test_*.cpp)
foreach(TEST_SOURCE ${TESTS})
  get_filename_component(TEST_NAME ${TEST_SOURCE} NAME_WE)
  add_executable(${TEST_NAME} ${TEST_SOURCE})
  target_link_libraries(${TEST_NAME} PRIVATE ferry_fakes)
  target_compile_options(${TEST_NAME} PRIVATE -O0)  # takes less time to compile than it would save
  add_test(NAME ${TEST_NAME} COMMAND ${TEST_NAME})
endforeach()
