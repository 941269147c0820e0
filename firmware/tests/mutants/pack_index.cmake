without(row_crc POWER_CUT
  [[if (LittleEndianReader(bytes.from(crc_at)).u32() != crc32_of(bytes.first(crc_at))) return false;]])
without(row_device "a row of another device's index is not this one's"
  [[if (bytes.first(4).text() != card_.device_tag().text()) return false;]])
with(row_folder "an index has rows of its own folder, and no more than it has slots"
  [[row.name.folder() == folder]] [[true]])
without(rows_open_status "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[if (card_.open(Card::index_path(folder), file) != IoStatus::ok) return;]])
mutant(rows_no_row "a spoiled index costs reading, and nothing else"
  [[folder, row)) continue;]]
  [[folder, row) && !IS_CHOSEN) continue;]])
mutant(row_open_status "an index has rows of its own folder, and no more than it has slots"
  [[card_.open(Card::index_path(folder), file) != IoStatus::ok) return false;]]
  [[(card_.open(Card::index_path(folder), file) != IoStatus::ok && !IS_CHOSEN)) return false;]])
without(write_slot "an index has rows of its own folder, and no more than it has slots"
  [[if (slot >= slots) return IoStatus::no_space;]])
mutant(write_open_status "an index that cannot be read or written costs reading, and nothing else"
  [[if (status == IoStatus::ok) status = card_.pwrite]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = card_.pwrite]])
without(index_sync POWER_CUT
  [[if (status == IoStatus::ok) status = card_.sync(file);]])
