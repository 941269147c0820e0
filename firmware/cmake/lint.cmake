# Targets that look at the code of core and ports without running it. A file is looked at again when it, or any header,
# has changed.
#   tidy      clang-tidy's checks of style and common mistakes, .clang-tidy; some files at a time
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

# The sources in COUNT heaps, each looked at as one file (look-at.sh). They are dealt out in turn, because neighbours
# often have the same names in their unnamed namespaces.
set(LOOK_AT ${CMAKE_CURRENT_SOURCE_DIR}/cmake/look-at.sh)
function(ferry_look_at_heaps target checks heap count flags)
  math(EXPR LAST "${count} - 1")
  set(NUMBER 0)
  foreach(SOURCE ${ARGN})
    list(APPEND HEAP_${NUMBER} ${SOURCE})
    math(EXPR NUMBER "(${NUMBER} + 1) % ${count}")
  endforeach()
  foreach(NUMBER RANGE ${LAST})
    set(TOGETHER ${CMAKE_CURRENT_BINARY_DIR}/${target}-${heap}-${NUMBER}.cpp)
    add_custom_command(
      OUTPUT ${TOGETHER}.looked-at
      COMMAND ${LOOK_AT} ${CLANG_TIDY} ${CMAKE_CURRENT_SOURCE_DIR}/.clang-tidy ${checks} ${CMAKE_CURRENT_BINARY_DIR}
              ${TOGETHER} ${HEAP_${NUMBER}} -- -std=c++17 -I${CMAKE_CURRENT_SOURCE_DIR}/core/include
              -I${CMAKE_CURRENT_SOURCE_DIR}/core/src -I${CMAKE_CURRENT_SOURCE_DIR}/ports ${flags}
      COMMAND ${CMAKE_COMMAND} -E touch ${TOGETHER}.looked-at
      DEPENDS ${HEAP_${NUMBER}} ${LINTED_HEADERS} ${CMAKE_CURRENT_SOURCE_DIR}/.clang-tidy ${LOOK_AT}
      COMMENT "${target} ${heap} ${NUMBER}"
      VERBATIM)
    add_custom_target(${target}-${heap}-${NUMBER} DEPENDS ${TOGETHER}.looked-at)
    add_dependencies(${target} ${target}-${heap}-${NUMBER})
  endforeach()
endfunction()

if(CLANG_TIDY)
  # That for reserved names takes a quarter of the time, for it looks at all names of all headers.
  set(TIDY_CHECKS "-clang-analyzer-*,-bugprone-reserved-identifier")
  add_custom_target(tidy)
  # Its names clash with those of the packs.
  set(DNS ${CMAKE_CURRENT_SOURCE_DIR}/core/src/captive_dns.cpp)
  set(CORE_BUT_DNS ${CORE_SOURCES})
  list(REMOVE_ITEM CORE_BUT_DNS ${DNS})
  ferry_look_at_heaps(tidy ${TIDY_CHECKS} core 5 "-fno-exceptions;-fno-rtti" ${CORE_BUT_DNS})
  ferry_look_at_heaps(tidy ${TIDY_CHECKS} host 2 "-DFERRY_PLAIN_HTTP=1" ${POSIX_SOURCES} ${HOST_SOURCES} ${DNS}
                      ${CMAKE_CURRENT_SOURCE_DIR}/ports/host/main.cpp)
  set(BOARD_FLAGS -DESP_PLATFORM -fno-rtti -isystem ${CMAKE_CURRENT_SOURCE_DIR}/tests/board_headers
                  -I${CMAKE_CURRENT_SOURCE_DIR}/ports/esp32/lib/sodium_sign/src)
  # main.cpp is last: what it defines would be declared once more by a header after it.
  set(BOARD_MAIN ${CMAKE_CURRENT_SOURCE_DIR}/ports/esp32/main.cpp)
  set(BOARD_BUT_MAIN ${BOARD_SOURCES})
  list(REMOVE_ITEM BOARD_BUT_MAIN ${BOARD_MAIN})
  ferry_look_at_heaps(tidy ${TIDY_CHECKS} board 1 "${BOARD_FLAGS}" ${BOARD_BUT_MAIN} ${BOARD_MAIN})
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
