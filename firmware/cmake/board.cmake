# The board's port, compiled against declarations of what it uses: a change of the core cannot break it unseen.
file(GLOB BOARD_SOURCES CONFIGURE_DEPENDS ports/esp32/*.cpp)
add_library(ferry_board OBJECT ${BOARD_SOURCES})
target_compile_options(ferry_board PRIVATE -O0)  # it is never run
target_compile_definitions(ferry_board PRIVATE ESP_PLATFORM)
target_compile_options(ferry_board PRIVATE -fno-rtti)
target_include_directories(ferry_board SYSTEM PRIVATE tests/board_headers)
target_include_directories(ferry_board PRIVATE ports/esp32/lib/sodium_sign/src)
target_link_libraries(ferry_board PRIVATE ferry_posix)
