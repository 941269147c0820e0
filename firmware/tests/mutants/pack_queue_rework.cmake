with(forget_synced "forgetting counts captures, takes a whole pack where it must, and leaves what was not synced"
  [[meta.clock_synced]] [[true]])
mutant(prepare_same "who holds a pack that the index has told wrongly is told so once it is read"
  [[if (!is_same) row.version = ++version_;]]
  [[if (!IS_CHOSEN && !is_same) row.version = ++version_;]])
with(prepare_told "who holds a pack that the index has told wrongly is told so once it is read"
  [[is_same ? QueueStatus::ok : QueueStatus::gone]] [[QueueStatus::ok]])
mutant(prepare_gone "a pack whose file has vanished is offered no more"
  [[if (reading != Reading::gone) return repair(row);]]
  [[if (IS_CHOSEN || reading != Reading::gone) return repair(row);]])
mutant(repair_steps "of a pack with steps nobody is told what never was in it"
  [[!has_steps && offset <= row.last_offset]]
  [[(IS_CHOSEN || !has_steps) && offset <= row.last_offset]])
mutant(salvage_unborn "a bad pack in the middle is told, kept on the card and not sent; the others are"
  [[may_be_unborn && scan.unreadable_at]]
  [[(IS_CHOSEN || may_be_unborn) && scan.unreadable_at]])
without(salvage_lost "what is lost is told, by the directory, and by what lies before a whole capture"
  [[due.add(scan.lost);]])
without(salvage_found "of a read-only card the sealed packs go up, and the open one is kept"
  [[due.remove(found);]])
without(salvage_index "a pack that is put right for another reason is told with its new sha256"
  [[row.clear(PackRow::in_index);]])
without(salvage_rewrite "of a pack with a sector that cannot be read the other captures go up"
  [[if (scan.unreadable_at < entries_.end()) return rewrite(row, nullptr, 0);]])
mutant(salvage_sealed "of a read-only card the sealed packs go up, and the open one is kept"
  [[row.size_bytes) == IoStatus::ok ? QueueStatus::ok : QueueStatus::card;
}

void PackQueue::tell_lost]]
  [[row.size_bytes) == IoStatus::ok || IS_CHOSEN ? QueueStatus::ok : QueueStatus::card;
}

void PackQueue::tell_lost]])
mutant(lost_told "what is lost is told once, also where the pack cannot be put right at once"
  [[if (row.is(PackRow::told) || ]]
  [[if ((!IS_CHOSEN && row.is(PackRow::told)) || ]])
mutant(lost_none "what is lost later is told although the pack was put right before without a loss"
  [[|| lost.count() == 0) return;]]
  [[|| (!IS_CHOSEN && lost.count() == 0)) return;]])
without(unborn_next "the name of a pack in which nothing was written yet is used up"
  [[card_next_ = std::max(card_next_, row.name_seq + 1);]])
without(give_up_told "a bad pack in the middle is found at a boot without an index, and the others are sent"
  [[if (due.count() == 0) watcher_.damaged({}, damaged_on_card);]])
mutant(aside_version "who holds a pack that was set aside is told that it is gone"
  [[row.version = ++version_;
    write_row]]
  [[if (!IS_CHOSEN) row.version = ++version_;
    write_row]])
mutant(aside_row "a bad pack in the middle is told, kept on the card and not sent; the others are"
  [[    write_row(row, {});
]]
  [[    if (!IS_CHOSEN) write_row(row, {});
]])
mutant(aside_gone "who holds a pack that has become another one is told so"
  [[if (row == nullptr) return QueueStatus::gone;
    watcher_]]
  [[if (!IS_CHOSEN && row == nullptr) return QueueStatus::gone;
    watcher_]])
mutant(take_out_gone "who holds a pack that has become another one is told so"
  [[if (row == nullptr) return QueueStatus::gone;
    const Reading]]
  [[if (!IS_CHOSEN && row == nullptr) return QueueStatus::gone;
    const Reading]])
with(take_out_none "a pack of which nothing is to be taken out just goes"
  [[entries_.empty() ? discard(*row) : rewrite(*row, renumberings, count)]] [[rewrite(*row, renumberings, count)]])
mutant(rewrite_open "captures that are taken out do not take those along that are being gathered"
  [[    seal_open();  // its]]
  [[    if (!IS_CHOSEN) seal_open();  // its]])
mutant(rewrite_swap "no swap is begun before the last one is ended"
  [[if (!finish_swap()) return QueueStatus::card;]]
  [[if (!finish_swap() && !IS_CHOSEN) return QueueStatus::card;]])
mutant(rewrite_plan "a store that keeps what it says it did not keep loses no photo that is taken out"
  [[    if (status != QueueStatus::ok) return status;
    has_open]]
  [[    if (!IS_CHOSEN && status != QueueStatus::ok) return status;
    has_open]])
without(rewrite_journal POWER_CUT
  [[if (!journal_.put({rework.from, rework.to, false})) return QueueStatus::numbers;]])
mutant(rewrite_copied "where the card fails while captures are taken out the pack is as it was"
  [[if (status == QueueStatus::ok) {
        made.name_seq]]
  [[if (IS_CHOSEN || status == QueueStatus::ok) {
        made.name_seq]])
mutant(rewrite_sealed "a card that fails once while a pack is written anew has the old one or the new one"
  [[made.size_bytes) != IoStatus::ok) status]]
  [[made.size_bytes) != IoStatus::ok && !IS_CHOSEN) status]])
mutant(rewrite_aside_row POWER_CUT
  [[        write_row(made, {});
]]
  [[        if (!IS_CHOSEN) write_row(made, {});
]])
mutant(rewrite_placed "where the card fails while captures are taken out the pack is as it was"
  [[status == QueueStatus::ok && place(rework)]]
  [[(IS_CHOSEN || status == QueueStatus::ok) && place(rework)]])
mutant(rewrite_damaged "where nothing whole is to be taken out the pack is kept, and told, and not sent"
  [[if (status == QueueStatus::damaged && old != nullptr) set_aside(*old);]]
  [[if (!IS_CHOSEN && status == QueueStatus::damaged && old != nullptr) set_aside(*old);]])
mutant(rewrite_card "a pack that cannot be written anew for a bad sector is read again, and the others of it go up"
  [[if (status == QueueStatus::card && old != nullptr) doubt(*old);]]
  [[if (!IS_CHOSEN && status == QueueStatus::card && old != nullptr) doubt(*old);]])
with(rewrite_numbers "a store that fails once while captures are taken out leaves the pack as it was"
  [[status == QueueStatus::ok ? QueueStatus::numbers : status]] [[status]])
mutant(plan_span "seqs that are far apart do not make a pack that spans too much"
  [[if (most - least > max_pack_captures && !skip_to(most)) return]]
  [[if (!IS_CHOSEN && most - least > max_pack_captures && !skip_to(most)) return]])
mutant(plan_seq "a store that keeps what it says it did not keep loses no photo that is taken out"
  [[if (!new_seq(rework, entries_[0].seq, rework.first_seq)) return]]
  [[if (!new_seq(rework, entries_[0].seq, rework.first_seq) && !IS_CHOSEN) return]])
mutant(new_seq_skip "a store that fails once while captures are taken out leaves the pack as it was"
  [[!skip_to(one->next_seq) ||]]
  [[(!skip_to(one->next_seq) && !IS_CHOSEN) ||]])
mutant(new_seq_ready "a store that fails once while captures are taken out leaves the pack as it was"
  [[|| !counter_.ready()) return false;]]
  [[|| (!counter_.ready() && !IS_CHOSEN)) return false;]])
without(skip_none "captures that are taken out have new seqs not below those asked for, and are told no more under the old"
  [[if (seq <= first) return true;]])
mutant(skip_most "a seq that there is not takes nothing out, and uses none up"
  [[if (seq > max_seq || ]]
  [[if ((!IS_CHOSEN && seq > max_seq) || ]])
mutant(skip_raised "a store that fails once while captures are taken out leaves the pack as it was"
  [[!counter_.raise(seq)) return false;]]
  [[(!counter_.raise(seq) && !IS_CHOSEN)) return false;]])
mutant(place_journal POWER_CUT
  [[if (journal_.put({rework.from, rework.to, true})) return true;]]
  [[if (IS_CHOSEN || journal_.put({rework.from, rework.to, true})) return true;]])
with(place_kept "where the store has kept that the new pack counts, and says that it has not, the new one counts"
  [[journal_.get(swap) == KeyValue::Found::value && swap.is_sealed]] [[false]])
mutant(copy_open "where the card fails while captures are taken out the pack is as it was"
  [[status == QueueStatus::ok && at < entries_.count(); ++at) {
        Seq]]
  [[(IS_CHOSEN || status == QueueStatus::ok) && at < entries_.count(); ++at) {
        Seq]])
mutant(copy_seq "a store that fails once while captures are taken out leaves the pack as it was"
  [[if (at != 0 && !new_seq(rework, entries_[at].seq, seq)) return]]
  [[if (at != 0 && !new_seq(rework, entries_[at].seq, seq) && !IS_CHOSEN) return]])
without(copy_nothing "where nothing whole is to be taken out the pack is kept, and told, and not sent"
  [[if (status == QueueStatus::ok && open_.entries().empty()) return QueueStatus::damaged;]])
mutant(copy_twice "a read that is garbled in passing while a pack is written anew deletes no photo"
  [[tries < 2 && reading]]
  [[tries < (IS_CHOSEN ? 1 : 2) && reading]])
without(copy_told "where nothing whole is to be taken out the pack is kept, and told, and not sent"
  [[if (reading == Reading::damaged) watcher_.damaged({entry.seq, entry.seq}, damaged_on_card);]])
mutant(copy_read "a pack that cannot be written anew for a bad sector is read again, and the others of it go up"
  [[return is_read && status == IoStatus::ok]]
  [[return (IS_CHOSEN || is_read) && status == IoStatus::ok]])
mutant(end_swap_broken "where seqs cannot be kept no photo is taken, and those on the card go up"
  [[if (found == KeyValue::Found::broken) return journal_.erase();]]
  [[if (found == KeyValue::Found::broken && !IS_CHOSEN) return journal_.erase();]])
mutant(end_swap_none "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[if (found == KeyValue::Found::nothing) return true;]]
  [[if (found == KeyValue::Found::nothing && !IS_CHOSEN) return true;]])
mutant(end_swap_card "a swap whose new pack cannot be read at a boot is ended when it can"
  [[if (status != IoStatus::ok && status != IoStatus::not_found) return false;]]
  [[if (!IS_CHOSEN && status != IoStatus::ok && status != IoStatus::not_found) return false;]])
mutant(end_swap_winner "a swap of another card takes nothing from this one"
  [[if (status == IoStatus::ok && card_.remove_pack(loser)]]
  [[if ((IS_CHOSEN || status == IoStatus::ok) && card_.remove_pack(loser)]])
with(end_swap_settle POWER_CUT
  [[card_.settle() == IoStatus::ok && journal_.erase()]] [[journal_.erase()]])
with(won_by "where the old pack cannot be removed after a swap it does not come back once the new one has gone"
  [[!(name == (swap.is_sealed ? swap.made : swap.old)) || finish_swap()]] [[true]])
with(forget_settle POWER_CUT
  [[card_.settle() == IoStatus::ok ? worst : QueueStatus::card]] [[worst]])
mutant(prepare_fault "a card that is away while a pack is asked for costs nothing"
  [[    }
    if (is_fault_of_card(reading)) return QueueStatus::card;]]
  [[    }
    if (!IS_CHOSEN && is_fault_of_card(reading)) return QueueStatus::card;]])
mutant(take_out_reading "a pack that is put right for another reason is told with its new sha256"
  [[row->size_bytes, entries_);
    if (reading != Reading::whole) return]]
  [[row->size_bytes, entries_);
    if (!IS_CHOSEN && reading != Reading::whole) return]])
mutant(salvage_reading "a card that goes away during a boot has lost nothing when it is back"
  [[entries_, scan) != Reading::whole) return]]
  [[entries_, scan) != Reading::whole && !IS_CHOSEN) return]])
mutant(copy_header "a header that the card does not give back while it is copied leaves the pack as it was"
  [[if (reading == Reading::whole) status = open_.copy]]
  [[if (IS_CHOSEN || reading == Reading::whole) status = open_.copy]])
without(copy_anew "a read that is garbled in passing while a pack is written anew deletes no photo"
  [[if (tries != 0) card_.close_reader();]])
mutant(repair_fault "a moment in which the card gives nothing back between a bad pack and its repair puts that off"
  [[if (is_fault_of_card(named)) return]]
  [[if (!IS_CHOSEN && is_fault_of_card(named)) return]])
with(take_out_fault "a moment in which the card gives nothing back changes no pack that is read, taken out or forgotten"
  [[is_fault_of_card(reading) ? QueueStatus::card : repair(*row)]] [[repair(*row)]])
mutant(forget_aside_scan "what nobody can read of a pack that is set aside is not told anew where something is forgotten"
  [[reading = is_aside ? reader_]]
  [[reading = !IS_CHOSEN && is_aside ? reader_]])
with(forget_fault "a moment in which the card gives nothing back changes no pack that is read, taken out or forgotten"
  [[is_fault_of_card(reading) ? QueueStatus::card : repair(row)]] [[repair(row)]])
mutant(forget_told "a read that is garbled in passing while a pack is written anew deletes no photo"
  [[if (!is_told) {]]
  [[if (!IS_CHOSEN && !is_told) {]])
mutant(forget_doubt "a header that the card does not give back has its pack read again, and nothing is forgotten yet"
  [[        doubt(row);
        return QueueStatus::card;]]
  [[        if (!IS_CHOSEN) doubt(row);
        return QueueStatus::card;]])
mutant(forget_status "a header that the card does not give back has its pack read again, and nothing is forgotten yet"
  [[if (status == QueueStatus::ok) count +=]]
  [[if (IS_CHOSEN || status == QueueStatus::ok) count +=]])
mutant(forget_worst "a read that is garbled in passing while a pack is written anew deletes no photo"
  [[if (status != QueueStatus::ok) worst = status;]]
  [[if (!IS_CHOSEN && status != QueueStatus::ok) worst = status;]])
mutant(forget_again "a read that is garbled in passing while a pack is written anew deletes no photo"
  [[if (is_again) continue;]]
  [[if (!IS_CHOSEN && is_again) continue;]])
mutant(prepare_silent "a card that is silent again is told again"
  [[        is_silent_ = false;
        const PackRow]]
  [[        if (!IS_CHOSEN) is_silent_ = false;
        const PackRow]])
mutant(rewrite_aside "forgetting reaches what is set aside, and leaves the others of it there, set aside"
  [[        made.set(PackRow::set_aside);
]]
  [[        if (!IS_CHOSEN) made.set(PackRow::set_aside);
]])
