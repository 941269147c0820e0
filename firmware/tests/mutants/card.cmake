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
