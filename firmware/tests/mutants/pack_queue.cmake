with(put_empty "what is no photo of a pack is not taken"
  [[jpeg.empty()]] [[false]])
with(put_large "what is no photo of a pack is not taken"
  [[jpeg.size > max_jpeg_bytes]] [[false]])
without(put_started "before it has started the queue takes nothing"
  [[if (!is_started_) return QueueStatus::card;]])
with(put_room "where the card is full the oldest pack is given up, and told before"
  [[open_.has_room_for(jpeg_bytes)]] [[true]])
with(put_span "a pack spans less than 1000 seqs"
  [[counter_.next() - open_.name().seq < max_pack_span]] [[true]])
mutant(put_numbers "where seqs cannot be kept no photo is taken, and those on the card go up"
  [[if (!counter_.ready()) return QueueStatus::numbers;]]
  [[if (!counter_.ready() && !IS_CHOSEN) return QueueStatus::numbers;]])
without(put_begin_status "a card full of other things takes no photo, and takes them again when there is room"
  [[if (status != QueueStatus::ok) return status;]])
mutant(put_add_status "a card that is pulled out and put back has all that it had"
  [[if (open_.add(seq, of_this_boot, jpeg) != IoStatus::ok) {]]
  [[if (open_.add(seq, of_this_boot, jpeg) != IoStatus::ok && !IS_CHOSEN) {]])
mutant(put_add_seal "while writing fails no photo is taken, and what was there goes up later"
  [[        seal_open();
        card_.note(failure);]]
  [[        if (!IS_CHOSEN) seal_open();
        card_.note(failure);]])
without(put_full "a card that is pulled out and put back has all that it had"
  [[if (open_.entries().count() >= limits_.captures) seal_open();]])
with(most_captures "a pack has 100 captures at the most, whatever the limit is"
  [[std::clamp<std::uint16_t>(limits_.captures, 1, max_pack_captures)]] [[limits_.captures]])
with(most_pack_bytes "a pack has 64 MiB at the most, whatever the limit is"
  [[std::min(limits_.pack_bytes, max_pack_bytes)]] [[limits_.pack_bytes]])
mutant(begin_rows "where the memory has no row for another pack the oldest is given up"
  [[while (rows_.is_full() || ]]
  [[while ((!IS_CHOSEN && rows_.is_full()) || ]])
with(begin_budget "what is set aside is given up first, then the oldest"
  [[rows_.size_bytes() + wanted > budget_bytes_]] [[false]])
mutant(begin_no_rows "where there is no row left and nothing can go no photo is taken"
  [[return rows_.is_full() ? QueueStatus::no_room]]
  [[return !IS_CHOSEN && rows_.is_full() ? QueueStatus::no_room]])
mutant(grow_folder "where no folder can be made no photo is taken, and that is the card's fault"
  [[if (card_.make_folder_of(name) != IoStatus::ok) return QueueStatus::card;]]
  [[if (card_.make_folder_of(name) != IoStatus::ok && !IS_CHOSEN) return QueueStatus::card;]])
mutant(grow_evicts "a card full of other things takes no photo, and takes them again when there is room"
  [[if (status != IoStatus::no_space) return]]
  [[if (IS_CHOSEN || status != IoStatus::no_space) return]])
without(enter_older "a pack that is given up and cannot be removed is told once"
  [[if (folder <= newest_folder_) return;]])
with(enter_left "the index of a folder stays as long as a pack is in it"
  [[!rows_.has_folder(newest_folder_)]] [[true]])
mutant(seal_empty "a card that fails once while photos are taken costs those that it did not take"
  [[if (open_.entries().empty()) {]]
  [[if (!IS_CHOSEN && open_.entries().empty()) {]])
mutant(seal_kept "while the sync of a capture fails it is not queued, and not twice afterwards"
  [[if (status == IoStatus::ok) keep(sealed, sha256);]]
  [[if (IS_CHOSEN || status == IoStatus::ok) keep(sealed, sha256);]])
with(row_other_slot "where the card is full the oldest pack is given up, and told before"
  [[other->slot < PackIndex::slots]] [[true]])
mutant(row_written "a row that could not be written is not read, whatever lies there"
  [[row.slot, kept) == IoStatus::ok) row.set]]
  [[row.slot, kept) == IoStatus::ok || IS_CHOSEN) row.set]])
with(evict_can "of a read-only card nothing is given up twice, and it is tried again after a start"
  [[can_evict_ ? rows_.first_to_go(spared) : nullptr]] [[rows_.first_to_go(spared)]])
with(evict_told_once "a pack that is given up and cannot be removed is told once"
  [[!row->is(PackRow::given_up)]] [[true]])
without(evict_read_only "of a read-only card nothing is given up twice, and it is tried again after a start"
  [[can_evict_ = card_.status() != IoStatus::read_only;]])
with(discard_swap "where the old pack cannot be removed after a swap it does not come back once the new one has gone"
  [[!finish_swap_won_by(row.name())]] [[false]])
mutant(discard_status "a card that is pulled out and put back has all that it had"
  [[card_.remove_pack(row.name()) != IoStatus::ok) return]]
  [[(card_.remove_pack(row.name()) != IoStatus::ok && !IS_CHOSEN)) return]])
mutant(discard_newest "where the store is wiped the index tells which seq comes next, although the packs are gone"
  [[if (folder != newest_folder_ && ]]
  [[if ((IS_CHOSEN || folder != newest_folder_) && ]])
with(discard_left "the index of a folder stays as long as a pack is in it"
  [[!rows_.has_folder(folder)]] [[true]])
without(current_first "nothing is done to a pack that is gone, not even where no other is left"
  [[if (row == rows_.begin()) return nullptr;]])
with(current_version "a card that is pulled out and put back has all that it had"
  [[row->version == pack.version]] [[true]])
mutant(sha_gone "a card that is pulled out and put back has all that it had"
  [[if (row == nullptr) return QueueStatus::gone;
    if (row->version]]
  [[if (!IS_CHOSEN && row == nullptr) return QueueStatus::gone;
    if (row->version]])
with(sha_known "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[row->version == known_version_]] [[known_version_ != 0]])
with(sha_in_index "of a pack with a sector that cannot be read the other captures go up"
  [[row->is(PackRow::in_index)]] [[true]])
with(sha_index_read "an index that is gone under the queue costs reading, and nothing else"
  [[index_.read(row->name().folder(), row->slot, kept)]] [[(index_.read(row->name().folder(), row->slot, kept), true)]])
mutant(distrust_gone "who holds a pack that the index has told wrongly is told so once it is read"
  [[if (row != nullptr) doubt(*row);]]
  [[if (IS_CHOSEN || row != nullptr) doubt(*row);]])
mutant(doubt_index "of a pack with a sector that cannot be read the other captures go up"
  [[    row.clear(PackRow::in_index);
    if (known]]
  [[    if (!IS_CHOSEN) row.clear(PackRow::in_index);
    if (known]])
without(doubt_known "the pack that was sealed last is read again too where it is distrusted"
  [[if (known_version_ == row.version) known_version_ = 0;]])
mutant(read_gone "who holds a pack that has become another one is told so"
  [[if (row == nullptr || at >]]
  [[if ((!IS_CHOSEN && row == nullptr) || at >]])
with(read_at "a read past a pack's end says that the pack is another one"
  [[at > row->size_bytes]] [[false]])
with(read_size "who holds a pack that has become another one is told so"
  [[room.size > row->size_bytes - at]] [[false]])
mutant(read_whole "a card that is pulled out and put back has all that it had"
  [[if (reading == Reading::whole) return QueueStatus::ok;]]
  [[if (IS_CHOSEN || reading == Reading::whole) return QueueStatus::ok;]])
mutant(remove_gone "another queue's seqs and packs stay as they are where the same card is started twice"
  [[return row == nullptr ? QueueStatus::gone : discard(*row);]]
  [[return !IS_CHOSEN && row == nullptr ? QueueStatus::gone : discard(*row);]])
mutant(raise_most "the last seq there is is given once"
  [[return to <= max_seq && counter_]]
  [[return (IS_CHOSEN || to <= max_seq) && counter_]])
mutant(read_doubt "a sector that cannot be read while it is sent makes the pack another one"
  [[    doubt(*row);
    return is_fault_of_card]]
  [[    if (!IS_CHOSEN) doubt(*row);
    return is_fault_of_card]])
with(read_fault "a card that is pulled out and put back has all that it had"
  [[is_fault_of_card(reading) ? QueueStatus::card : QueueStatus::damaged]] [[QueueStatus::damaged]])
with(readable_another "of a read-only card a pack is bad where another one can be read"
  [[!can_read_a_pack()]] [[true]])
with(readable_written "the only pack cannot be read, and is set aside where what is written now can be"
  [[!card_.gives_back()]] [[true]])
with(readable_told "while the card gives nothing back no pack is set aside, and all go up when it does again"
  [[is_silent_ && !was_silent]] [[is_silent_]])
mutant(another_reader "while the card gives nothing back no pack is set aside, and all go up when it does again"
  [[card_.reader(row->name(), file) != IoStatus::ok) continue;]]
  [[(card_.reader(row->name(), file) != IoStatus::ok && !IS_CHOSEN)) continue;]])
mutant(another_read "reads that fail for a while, whenever and for however long, damage no pack"
  [[if (card_.pread(file, 0, bytes, read_bytes) == IoStatus::ok) return true;]]
  [[if (card_.pread(file, 0, bytes, read_bytes) == IoStatus::ok || IS_CHOSEN) return true;]])
