# The power-cut test over a core that has one sync or one check less: the test must see each of them. A mutant is the
# real file with one text replaced when CMake runs; a text that is not there any more, or twice, is an error.
set(QUEUE_SOURCES card instant kept_values open_pack pack_file pack_format pack_index pack_queue pack_queue_rework
    pack_queue_start pack_rows seq_counter swap_journal)
list(TRANSFORM QUEUE_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/core/src/)
list(TRANSFORM QUEUE_SOURCES APPEND .cpp)

# Without sanitizers: a mutant is to be found by what the test says, and soon.
add_library(ferry_plain_queue STATIC ${QUEUE_SOURCES})
target_compile_options(ferry_plain_queue PRIVATE -O1)
set(POWER_CUT_SOURCES main test_power_cut fakes/fake_card fakes/pack_check fakes/queue_life)
list(TRANSFORM POWER_CUT_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/tests/)
list(TRANSFORM POWER_CUT_SOURCES APPEND .cpp)
add_library(ferry_plain_power_cut OBJECT ${POWER_CUT_SOURCES})
target_compile_options(ferry_plain_power_cut PRIVATE -O1)
foreach(PLAIN ferry_plain_queue ferry_plain_power_cut)
  target_include_directories(${PLAIN} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/core/include ${CMAKE_CURRENT_SOURCE_DIR}/tests)
  target_link_libraries(${PLAIN} PUBLIC PkgConfig::SODIUM)
endforeach()
target_link_libraries(ferry_plain_power_cut PUBLIC doctest::doctest)

function(ferry_mutant NAME FILE ORIGINAL REPLACEMENT)
  set(SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/core/src/${FILE})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SOURCE})
  file(READ ${SOURCE} TEXT)
  string(FIND "${TEXT}" "${ORIGINAL}" FIRST)
  string(FIND "${TEXT}" "${ORIGINAL}" LAST REVERSE)
  if(FIRST EQUAL -1 OR NOT FIRST EQUAL LAST)
    message(FATAL_ERROR "Mutant ${NAME}: ${FILE} does not have this text exactly once: ${ORIGINAL}")
  endif()
  string(REPLACE "${ORIGINAL}" "${REPLACEMENT}" MUTATED "${TEXT}")
  set(MUTANT_SOURCE ${CMAKE_CURRENT_BINARY_DIR}/mutants/${NAME}/${FILE})
  set(BEFORE "")
  if(EXISTS ${MUTANT_SOURCE})
    file(READ ${MUTANT_SOURCE} BEFORE)
  endif()
  if(NOT "${BEFORE}" STREQUAL "${MUTATED}")
    file(WRITE ${MUTANT_SOURCE} "${MUTATED}")
  endif()
  add_executable(mutant_${NAME} ${MUTANT_SOURCE} $<TARGET_OBJECTS:ferry_plain_power_cut>)
  target_link_libraries(mutant_${NAME} PRIVATE ferry_plain_queue PkgConfig::SODIUM)
  target_compile_options(mutant_${NAME} PRIVATE -w -O1)
  add_test(NAME mutant_${NAME} COMMAND mutant_${NAME} --abort-after=1)
  set_tests_properties(mutant_${NAME} PROPERTIES TIMEOUT 60 PASS_REGULAR_EXPRESSION "not held: ")
endfunction()

# The real core, as the mutants are built: nothing but the one change makes them fail.
add_executable(plain_power_cut $<TARGET_OBJECTS:ferry_plain_power_cut>)
target_link_libraries(plain_power_cut PRIVATE ferry_plain_queue PkgConfig::SODIUM)

ferry_mutant(no_sync_of_a_capture open_pack.cpp
  "    if (status == IoStatus::ok) status = card_.sync(file_);\n" "")
ferry_mutant(no_sync_of_a_seal pack_file.cpp
  "    if (status == IoStatus::ok) status = card.sync(file);\n" "")
ferry_mutant(no_sync_of_the_index pack_index.cpp
  "    if (status == IoStatus::ok) status = card_.sync(file);\n" "")
ferry_mutant(no_sync_before_freed_sectors_are_used card.cpp
  "frees_unsettled_ ? sync(file) : IoStatus::ok" "IoStatus::ok")
ferry_mutant(no_sync_of_a_swap pack_queue_rework.cpp
  "return card_.settle() == IoStatus::ok && journal_.erase();" "return journal_.erase();")
ferry_mutant(no_sync_of_what_is_forgotten pack_queue_rework.cpp
  "return card_.settle() == IoStatus::ok ? worst : QueueStatus::card;" "return worst;")
ferry_mutant(no_journal_before_a_swap pack_queue_rework.cpp
  "    if (!journal_.put({rework.from, rework.to, false})) return QueueStatus::numbers;\n" "")
ferry_mutant(no_journal_of_a_swap pack_queue_rework.cpp
  "if (journal_.put({rework.from, rework.to, true})) return true;" "return true;")
ferry_mutant(no_row_before_a_swap_of_what_is_set_aside pack_queue_rework.cpp
  "        write_row(made, {});\n" "")
ferry_mutant(no_reserved_seqs seq_counter.cpp
  "return next_ < reserved_ || reserve(next_ + block);" "return true;")
ferry_mutant(no_reserve_of_a_raised_seq seq_counter.cpp
  "return to <= reserved_ || reserve(to);" "return true;")
ferry_mutant(no_check_of_a_headers_crc pack_format.cpp
  "    if (LittleEndianReader(bytes.from(crc_at)).u32() != crc32_of(bytes.first(crc_at))) return false;\n" "")
ferry_mutant(no_check_of_the_epoch pack_file.cpp
  "    if (expected.first != nullptr && header.identity.epoch != expected.first->identity.epoch) return false;\n" "")
ferry_mutant(no_check_of_the_seq pack_file.cpp
  "    if (header.entry.seq < expected.least) return false;\n" "")
ferry_mutant(no_check_of_a_scanned_jpegs_crc pack_file.cpp
  "return crc == entry.crc32 ? Reading::whole : Reading::damaged;" "return Reading::whole;")
ferry_mutant(no_check_of_a_read_jpegs_crc pack_file.cpp
  "            if (crc_ != entry.crc32) return false;\n" "")
ferry_mutant(no_check_of_an_index_rows_crc pack_index.cpp
  "    if (LittleEndianReader(bytes.from(crc_at)).u32() != crc32_of(bytes.first(crc_at))) return false;\n" "")
ferry_mutant(no_check_of_a_packs_size pack_queue_start.cpp
  "if (row->size_bytes == kept.size_bytes) take(kept, *row);" "take(kept, *row);")
