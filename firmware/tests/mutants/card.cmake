without(card_name_length "only what this device can have named so is a pack of its own"
  [[if (text.size() < seq_digits) return false;]])
without(card_name_digits "only what this device can have named so is a pack of its own"
  [[if (character < '0' || character > '9') return false;]])
with(card_name_seq "only what this device can have named so is a pack of its own"
  [[seq > max_seq]] [[false]])
with(card_name_device "files of others are left alone"
  [[text.substr(seq_digits, tag.size()) != tag.view()]] [[false]])
with(card_name_suffix "only what this device can have named so is a pack of its own"
  [[name.is_second || suffix == first_suffix]] [[true]])
with(card_grow_sync POWER_CUT
  [[frees_unsettled_ ? sync(file) : IoStatus::ok]] [[IoStatus::ok]])
with(card_reader_name "without a card no photo is taken and no seq is used up, and all is well once it is there"
  [[!(reader_name_ == name)]] [[false]])
mutant(card_remove_frees POWER_CUT
  [[    frees_unsettled_ = true;
    return status;
}

IoStatus Card::remove_pack]]
  [[    if (!IS_CHOSEN) frees_unsettled_ = true;
    return status;
}

IoStatus Card::remove_pack]])
without(card_remove_open "a pack of which nothing is to be taken out just goes"
  [[if (reader_name_ == name) close_reader();]])
without(card_reader_broken "a scan tells of the first sector that the card does not give back"
  [[if (status != IoStatus::ok && file == reader_) close_reader();]])
mutant(card_settle_sync POWER_CUT
  [[status = sync(file);
    close(file);
    return status;]]
  [[status = IS_CHOSEN ? status : sync(file);
    close(file);
    return status;]])
mutant(card_trim_frees "what was freed is synced before another file grows over it"
  [[    frees_unsettled_ = true;
    return noted_of(file, storage_.trim]]
  [[    if (!IS_CHOSEN) frees_unsettled_ = true;
    return noted_of(file, storage_.trim]])
mutant(card_folder_frees "what was freed is synced before another file grows over it"
  [[IoStatus::ok) frees_unsettled_ = true;]]
  [[IoStatus::ok && !IS_CHOSEN) frees_unsettled_ = true;]])
with(card_folder_removed "what was freed is synced before another file grows over it"
  [[storage_.remove(folder_path(folder)) == IoStatus::ok]] [[(storage_.remove(folder_path(folder)), true)]])
mutant(card_sync_settles "what was freed is synced before another file grows over it"
  [[if (status == IoStatus::ok) frees_unsettled_ = false;]]
  [[if (IS_CHOSEN || status == IoStatus::ok) frees_unsettled_ = false;]])
mutant(card_create_status "where the card fails while captures are taken out the pack is as it was"
  [[    if (status != IoStatus::ok) return status;
    status = grow]]
  [[    if (!IS_CHOSEN && status != IoStatus::ok) return status;
    status = grow]])
mutant(card_create_grown "a card full of other things takes no photo, and takes them again when there is room"
  [[    if (status == IoStatus::ok) return status;
    close(file);]]
  [[    if (IS_CHOSEN || status == IoStatus::ok) return status;
    close(file);]])
mutant(card_create_remove "a file that cannot be as large as it is to be is not there where it is new, and is not left open"
  [[    remove(path);
]]
  [[    if (!IS_CHOSEN) remove(path);
]])
mutant(card_create_noted "a card full of other things takes no photo, and takes them again when there is room"
  [[return noted(status);
}

IoStatus Card::open_grown]]
  [[return IS_CHOSEN ? status : noted(status);
}

IoStatus Card::open_grown]])
mutant(card_grown_new "where the card is full the oldest pack is given up, and told before"
  [[if (status == IoStatus::not_found) return create]]
  [[if (!IS_CHOSEN && status == IoStatus::not_found) return create]])
mutant(card_grown_opened "an index that cannot be read or written costs reading, and nothing else"
  [[if (status == IoStatus::ok) status = noted(storage_.size]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = noted(storage_.size]])
mutant(card_grown_size "an index that cannot be read or written costs reading, and nothing else"
  [[if (status == IoStatus::ok && size_now < size_bytes)]]
  [[if ((IS_CHOSEN || status == IoStatus::ok) && size_now < size_bytes)]])
with(card_grown_less "a file that cannot be as large as it is to be is not there where it is new, and is not left open"
  [[size_now < size_bytes]] [[true]])
mutant(card_grown_close "a file that cannot be as large as it is to be is not there where it is new, and is not left open"
  [[    if (status != IoStatus::ok) close(file);
    return status;]]
  [[    if (!IS_CHOSEN && status != IoStatus::ok) close(file);
    return status;]])
mutant(card_grow_synced "what was freed is synced before another file grows over it"
  [[return status == IoStatus::ok ? noted_of(file, storage_.grow]]
  [[return IS_CHOSEN || status == IoStatus::ok ? noted_of(file, storage_.grow]])
mutant(card_reader_opened "a card that is pulled out and put back has all that it had"
  [[        if (status != IoStatus::ok) return status;
        reader_name_]]
  [[        if (!IS_CHOSEN && status != IoStatus::ok) return status;
        reader_name_]])
with(card_reader_open "a card that is pulled out and put back has all that it had"
  [[reader_ == Storage::none]] [[false]])
without(card_remove_none "what was freed is synced before another file grows over it"
  [[if (status == IoStatus::not_found) return IoStatus::ok;]])
without(card_settle_settled "what was freed is synced before another file grows over it"
  [[if (!frees_unsettled_) return IoStatus::ok;]])
mutant(card_settle_opened "a card that fails once while a pack is written anew has the old one or the new one"
  [[settle_path, 0, file);
    if (status == IoStatus::ok)]]
  [[settle_path, 0, file);
    if (IS_CHOSEN || status == IoStatus::ok)]])
without(card_back_full "a full card gives back what is on it"
  [[if (status == IoStatus::no_space) return true;]])
mutant(card_back_write "while the card gives nothing back no pack is set aside, and all go up when it does again"
  [[if (status == IoStatus::ok) status = pwrite(file, 0, bytes);]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = pwrite(file, 0, bytes);]])
mutant(card_back_sync "while the card gives nothing back no pack is set aside, and all go up when it does again"
  [[if (status == IoStatus::ok) status = sync(file);
    close(file);
    if]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = sync(file);
    close(file);
    if]])
mutant(card_back_open "a card gives back what can be written, opened anew and read"
  [[if (status == IoStatus::ok) status = open(settle_path, file);]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = open(settle_path, file);]])
mutant(card_back_read "while the card gives nothing back no pack is set aside, and all go up when it does again"
  [[if (status == IoStatus::ok) status = pread(file, 0, bytes, read_bytes);]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = pread(file, 0, bytes, read_bytes);]])
mutant(card_folders "what is not there is no fault of the card, and without the first folder none is made in it"
  [[return status == IoStatus::ok ? noted(storage_.make_folder(folder]]
  [[return IS_CHOSEN || status == IoStatus::ok ? noted(storage_.make_folder(folder]])
with(card_noted "what is not there is no fault of the card, and without the first folder none is made in it"
  [[status == IoStatus::not_found ? IoStatus::ok : status]] [[status]])
