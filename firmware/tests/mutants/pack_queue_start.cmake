with(folder_digits "files of others are left alone"
  [[character < '0' || character > '9' || folder > max_seq]] [[folder > max_seq]])
mutant(folder_overflow "what is no folder or pack of this device does not make the queue lie"
  [[character > '9' || folder > max_seq]]
  [[character > '9' || (!IS_CHOSEN && folder > max_seq)]])
with(folder_most "what is no folder or pack of this device does not make the queue lie"
  [[folder <= max_seq / seqs_per_folder]] [[true]])
mutant(folders_file "what is no folder or pack of this device does not make the queue lie"
  [[if (!is_folder || ]]
  [[if ((!IS_CHOSEN && !is_folder) || ]])
mutant(folders_parsed "files of others are left alone"
  [[!parse_folder(name, folder) ||]]
  [[(!parse_folder(name, folder) && !IS_CHOSEN) ||]])
mutant(packs_folder "what is no folder or pack of this device does not make the queue lie"
  [[if (is_folder || ]]
  [[if ((!IS_CHOSEN && is_folder) || ]])
mutant(packs_name "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[!queue_.card_.parse_name(name, pack) ||]]
  [[(!queue_.card_.parse_name(name, pack) && !IS_CHOSEN) ||]])
with(packs_wrong_folder "what is no folder or pack of this device does not make the queue lie"
  [[pack.folder() != folder_]] [[false]])
with(index_name "a row of the other file of two is not that of this one"
  [[row->name() == kept.name]] [[true]])
with(index_size POWER_CUT
  [[row->size_bytes == kept.size_bytes]] [[true]])
mutant(index_aside "a bad pack in the middle is told, kept on the card and not sent; the others are"
  [[if (kept.is_set_aside) row.set]]
  [[if (!IS_CHOSEN && kept.is_set_aside) row.set]])
mutant(start_packs "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[if (find_packs() != IoStatus::ok) return QueueStatus::card;]]
  [[if (find_packs() != IoStatus::ok && !IS_CHOSEN) return QueueStatus::card;]])
mutant(start_files "while reading fails the queue does not start, and has lost nothing when it does"
  [[    if (status != IoStatus::ok) return status;
    rows_.sort();]]
  [[    if (!IS_CHOSEN && status != IoStatus::ok) return status;
    rows_.sort();]])
mutant(start_doubles "two packs of one first seq, of which the store knows nothing any more, are offered once"
  [[drop_doubles();
    for]]
  [[if (!IS_CHOSEN) drop_doubles();
    for]])
mutant(start_away "a card that goes away during a boot has lost nothing when it is back"
  [[return is_away() ? IoStatus::no_card : IoStatus::ok;]]
  [[return !IS_CHOSEN && is_away() ? IoStatus::no_card : IoStatus::ok;]])
without(start_empty_index "where the store is wiped the index tells which seq comes next, although the packs are gone"
  [[if (is_newest_empty) match_index(newest_folder_);]])
mutant(start_swap "where neither pack of a swap can be removed at a boot the new one is there after the next"
  [[finish_swap();
    if]]
  [[if (!IS_CHOSEN) finish_swap();
    if]])
mutant(files_none "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[if (status == IoStatus::not_found) return IoStatus::ok;]]
  [[if (!IS_CHOSEN && status == IoStatus::not_found) return IoStatus::ok;]])
mutant(files_folder_first "a folder's number tells how far seqs have come, also where it is empty or cannot be read"
  [[card_next_ = std::max(card_next_, folder * seqs_per_folder);]]
  [[if (!IS_CHOSEN) card_next_ = std::max(card_next_, folder * seqs_per_folder);]])
without(files_folder_behind "a folder's number tells how far seqs have come, also where it is empty or cannot be read"
  [[card_next_ = std::max(card_next_, (folder + 1) * seqs_per_folder);]])
with(doubles_same "two packs of one first seq, of which the store knows nothing any more, are offered once"
  [[row->name_seq != other->name_seq]] [[true]])
with(doubles_smaller "two packs of one first seq, of which the store knows nothing any more, are offered once"
  [[row->size_bytes < other->size_bytes ? *row : *other]] [[row->size_bytes < other->size_bytes ? *other : *row]])
without(doubles_removed "the one of two of the same seq that does not count is gone for good"
  [[card_.remove_pack(smaller.name());]])
with(unknown_next "where the store is wiped the card tells which seq comes next"
  [[row->captures != 0 ? row->seqs().last + 1 : row->name_seq + max_pack_captures]] [[row->name_seq + 1]])
with(unknown_newest "a bad pack in the middle is found at a boot without an index, and the others are sent"
  [[name_seq == newest]] [[true]])
mutant(budget_space "where nobody knows how much room there is, nothing is given up for it"
  [[!= IoStatus::ok) total_bytes = UINT64_MAX;]]
  [[!= IoStatus::ok && !IS_CHOSEN) total_bytes = UINT64_MAX;]])
with(budget_small "of a small card the queue takes half"
  [[total_bytes > 2 * spared_bytes ? total_bytes - spared_bytes : total_bytes / 2]] [[total_bytes - spared_bytes]])
mutant(unknown_only "who holds a pack that the index has told wrongly is told so once it is read"
  [[= row->captures == 0 &&]]
  [[= (IS_CHOSEN || row->captures == 0) &&]])
mutant(unknown_aside "a bad pack in the middle is found at a boot without an index, and the others are sent"
  [[&& !row->is(PackRow::set_aside);]]
  [[&& (IS_CHOSEN || !row->is(PackRow::set_aside));]])
mutant(apart "where the store is lost in a swap, what lies under the new file is in no pack that another one has it in"
  [[if (!row.is_sent() || rows_]]
  [[if (IS_CHOSEN || !row.is_sent() || rows_]])
with(apart_sent "where the store is lost before the old pack of a swap has gone each photo is sent once"
  [[!row.is_sent()]] [[false]])
mutant(apart_known "where the store is lost before the old pack of a swap has gone each photo is sent once"
  [[: keep_apart(*row);]] [[: IS_CHOSEN ? QueueStatus::ok : keep_apart(*row);]])
mutant(apart_examined "where the store is lost in a swap, what lies under the new file is in no pack that another one has it in"
  [[return keep_apart(row);]]
  [[return IS_CHOSEN ? QueueStatus::ok : keep_apart(row);]])
with(folder_gives_back "a moment in which the card gives nothing back at a boot has it started anew"
  [[!card_.gives_back()]] [[false]])
with(unknown_silent "a moment in which the card gives nothing back at a boot has it started anew"
  [[status != QueueStatus::ok && is_silent_]] [[false]])
with(start_examined "a moment in which the card gives nothing back at a boot has it started anew"
  [[examined != QueueStatus::ok]] [[false]])
mutant(examine_fault "a moment in which the card gives nothing back at a boot has it started anew"
  [[if (is_fault_of_card(reading)) return]]
  [[if (!IS_CHOSEN && is_fault_of_card(reading)) return]])
mutant(start_can_evict "of a read-only card nothing is given up twice, and it is tried again after a start"
  [[    can_evict_ = true;
]]
  [[    if (!IS_CHOSEN) can_evict_ = true;
]])
mutant(loser "where neither pack of a swap can be removed at a boot the new one is there after the next"
  [[if (row != rows_.end()) rows_.erase(*row);]]
  [[if (!IS_CHOSEN && row != rows_.end()) rows_.erase(*row);]])
