# Targets that look at the code of core and ports without running it. A file is looked at again when it, or any header,
# has changed.
#   tidy      clang-tidy's checks of style and common mistakes, .clang-tidy
#   analyze   clang's static analyzer, which takes ten times as long, and names that are reserved
#   cppcheck  another pair of eyes
find_program(CLANG_TIDY clang-tidy)
find_program(CPPCHECK cppcheck)
set(LINTED ${CORE_SOURCES} ${POSIX_SOURCES} ${HOST_SOURCES} ${BOARD_SOURCES}
           ${CMAKE_CURRENT_SOURCE_DIR}/ports/host/main.cpp)
file(GLOB_RECURSE LINTED_HEADERS CONFIGURE_DEPENDS core/*.h ports/*.h)

function(ferry_look_at_each target checks)
  set(STAMPS)
  foreach(SOURCE ${LINTED})
    file(RELATIVE_PATH NAME ${CMAKE_CURRENT_SOURCE_DIR} ${SOURCE})
    set(STAMP ${CMAKE_CURRENT_BINARY_DIR}/${target}/${NAME}.looked-at)
    get_filename_component(FOLDER ${STAMP} DIRECTORY)
    file(MAKE_DIRECTORY ${FOLDER})
    # Its stderr only counts what it does not tell. clang's -Wconversion means signs as well, GCC's does not.
    add_custom_command(
      OUTPUT ${STAMP}
      COMMAND sh -c "$0 \"$@\" 2>/dev/null" ${CLANG_TIDY} --quiet --checks=${checks} --extra-arg=-Wno-sign-conversion
              -p ${CMAKE_CURRENT_BINARY_DIR} ${SOURCE}
      COMMAND ${CMAKE_COMMAND} -E touch ${STAMP}
      DEPENDS ${SOURCE} ${LINTED_HEADERS} ${CMAKE_CURRENT_SOURCE_DIR}/.clang-tidy
      COMMENT "${target} ${NAME}"
      VERBATIM)
    list(APPEND STAMPS ${STAMP})
  endforeach()
  add_custom_target(${target} DEPENDS ${STAMPS})
endfunction()

if(CLANG_TIDY)
  # That for reserved names takes a quarter of the time, for it looks at all names of all headers.
  ferry_look_at_each(tidy "-clang-analyzer-*,-bugprone-reserved-identifier")
  ferry_look_at_each(
    analyze "-*,clang-analyzer-*,-clang-analyzer-optin.performance.Padding,bugprone-reserved-identifier")
endif()

if(CPPCHECK)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/cppcheck)
  # passedByValue: a view is two words, and is given by value on purpose. compareBoolExpressionWithInt: it takes the
  # comparison after a `?:` for one with the condition.
  add_custom_target(
    cppcheck
    COMMAND
      ${CPPCHECK} --quiet -j2 --language=c++ --std=c++17 --enable=warning,performance,portability --inline-suppr
      --suppress=passedByValue --suppress=compareBoolExpressionWithInt --error-exitcode=1
      --cppcheck-build-dir=${CMAKE_CURRENT_BINARY_DIR}/cppcheck -DFERRY_PLAIN_HTTP=1 -I core/include -I ports core/src
      ports/posix ports/host ports/esp32
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "cppcheck"
    VERBATIM)
endif()
