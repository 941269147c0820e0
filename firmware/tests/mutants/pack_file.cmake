without(jpeg_crc_read POWER_CUT
  [[if (crc_ != entry.crc32) return false;]])
mutant(end_pack_write_status "of a read-only card the sealed packs go up, and the open one is kept"
  [[if (status == IoStatus::ok) status = card.trim(]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = card.trim(]])
without(end_pack_sync POWER_CUT
  [[if (status == IoStatus::ok) status = card.sync(file);]])
with(read_short "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[read_bytes == room.size ? Reading::whole : Reading::damaged]] [[Reading::whole]])
with(read_not_found "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[status == IoStatus::not_found]] [[false]])
with(read_no_card "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[status == IoStatus::no_card]] [[false]])
mutant(read_open_status "a card that is pulled out and put back has all that it had"
  [[if (status == IoStatus::ok) status = card_.pread(]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = card_.pread(]])
mutant(read_status "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[if (status == IoStatus::ok) return]]
  [[if (IS_CHOSEN || status == IoStatus::ok) return]])
mutant(directory_reading "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[    if (reading != Reading::whole) return reading;
    if (!parse_end]]
  [[    if (!IS_CHOSEN && reading != Reading::whole) return reading;
    if (!parse_end]])
without(directory_end "a file that does not end as a pack does is none"
  [[if (!parse_end(last, size_bytes, end)) return Reading::damaged;]])
mutant(named_reading "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[    if (reading != Reading::whole) return reading;
    Seq least]]
  [[    if (!IS_CHOSEN && reading != Reading::whole) return reading;
    Seq least]])
with(named_name "a directory that names what is no capture, or one twice, is not believed"
  [[!central_seq(central, seq)]] [[(central_seq(central, seq), false)]])
with(named_order "a directory that names what is no capture, or one twice, is not believed"
  [[seq < least]] [[false]])
with(named_span "an entry whose seq is too far from the name is another pack's"
  [[!seqs.add(seq - name.seq)]] [[(seqs.add(seq - name.seq), false)]])
mutant(header_reading "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[if (reading != Reading::whole) return reading;
    return parse_header]]
  [[if (!IS_CHOSEN && reading != Reading::whole) return reading;
    return parse_header]])
with(header_parsed "a read that is garbled in passing while a pack is written anew deletes no photo"
  [[parse_header(bytes, at, header) ? Reading::whole : Reading::damaged]] [[parse_header(bytes, at, header), Reading::whole]])
with(entries_first_reading "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[reading == Reading::whole && index < end.captures]] [[index < end.captures]])
mutant(entries_header_reading "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[if (reading != Reading::whole) break;
        if (found]]
  [[if (!IS_CHOSEN && reading != Reading::whole) break;
        if (found]])
with(entries_over_each_other "entries that lie over each other are no pack"
  [[found.entry.header_offset < entries.end()]] [[false]])
mutant(entries_belong "a golden pack with a fault is not whole, and its whole captures are found by a scan"
  [[!belongs(found, expected)) return Reading::damaged]]
  [[(!IS_CHOSEN && !belongs(found, expected))) return Reading::damaged]])
mutant(entries_reading "of a read-only card the sealed packs go up, and the open one is kept"
  [[    if (reading != Reading::whole) return reading;
    for (]]
  [[    if (!IS_CHOSEN && reading != Reading::whole) return reading;
    for (]])
with(entries_directory "a directory that names what is no capture, or one twice, is not believed"
  [[std::memcmp(io_.data + index * central_bytes, central.data(), central_bytes) != 0]] [[false]])
with(entries_end "a pack with something between its entries and its directory is none"
  [[entries.end() == end.start ? Reading::whole : Reading::damaged]] [[Reading::whole]])
mutant(sha_entries_reading "of a read-only card the sealed packs go up, and the open one is kept"
  [[    if (reading != Reading::whole) return reading;
    crypto]]
  [[    if (!IS_CHOSEN && reading != Reading::whole) return reading;
    crypto]])
mutant(sha_reading "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[if (reading != Reading::whole) return reading;
        if (!check.pass]]
  [[if (!IS_CHOSEN && reading != Reading::whole) return reading;
        if (!check.pass]])
without(belongs_device POWER_CUT
  [[if (header.identity.device_id != card_.device_id()) return false;]])
without(belongs_epoch POWER_CUT
  [[if (expected.first != nullptr && header.identity.epoch != expected.first->identity.epoch) return false;]])
without(belongs_least POWER_CUT
  [[if (!expected.seqs.holds(header.entry.seq)) return false;]])
without(belongs_span "an entry whose seq is too far from the name is another pack's"
  [[if (header.entry.seq >= expected.name.seq + PackSeqs::span) return false;]])
with(belongs_limit "an entry that goes on behind the end of the file is none"
  [[header.entry.end() <= expected.limit]] [[true]])
without(window_told "a scan tells of the first sector that the card does not give back"
  [[if (reading != Reading::whole) scan.unreadable_at = std::min(scan.unreadable_at, at + window_bytes_);]])
without(jpeg_told "a scan tells of a JPEG that the card did not give back, although it does later"
  [[if (reading != Reading::whole) scan.unreadable_at = std::min(scan.unreadable_at, at);]])
with(jpeg_crc_scanned POWER_CUT
  [[crc == entry.crc32 ? Reading::whole : Reading::damaged]] [[Reading::whole]])
with(scan_largest "a scan finds no more captures than a pack can have, and looks no farther than it can be long"
  [[std::min(size_bytes, max_pack_bytes)]] [[size_bytes]])
with(scan_full "a scan finds no more captures than a pack can have, and looks no farther than it can be long"
  [[!entries.is_full()]] [[true]])
mutant(scan_belongs "where the card is full the oldest pack is given up, and told before"
  [[|| !belongs(found, expected)) continue]]
  [[|| (!IS_CHOSEN && !belongs(found, expected))) continue]])
with(scan_lost "what lies in a hole before a whole capture is told as lost"
  [[has_hole && seq < found.entry.seq]] [[false]])
mutant(seal_reader_status "a pack that cannot be sealed where it lies stays as it is"
  [[    if (status != IoStatus::ok) return status;
    const Bytes directory]]
  [[    if (!IS_CHOSEN && status != IoStatus::ok) return status;
    const Bytes directory]])
without(seal_grow "a pack that cannot be sealed where it lies stays as it is"
  [[if (sealed_bytes > size_bytes) status = card_.grow(file, sealed_bytes);]])
mutant(seal_grow_status "a pack that cannot be sealed where it lies stays as it is"
  [[if (status == IoStatus::ok) status = end_pack]]
  [[if (IS_CHOSEN || status == IoStatus::ok) status = end_pack]])
mutant(seal_status "a pack that cannot be sealed where it lies stays as it is"
  [[if (status == IoStatus::ok) size_bytes = sealed_bytes;]]
  [[if (IS_CHOSEN || status == IoStatus::ok) size_bytes = sealed_bytes;]])
with(read_witness "a part that the card does not give back for a while is not left out of the new pack"
  [[witness_.is_card_readable() ? read_once(name, at, room) : Reading::silent]] [[reading]])
without(scan_of_card "what the card does not give back is not called damaged, and what is not there is not unreadable"
  [[if (is_of_card(looked)) return looked;]])
without(read_again "a read that fails in passing costs nothing, not even of the one pack of a read-only card"
  [[if (reading == Reading::unreadable) reading = read_once(name, at, room);]])
with(window_of_card "a scan ends where the card is silent, be it for a moment, and calls nothing lost"
  [[window_bytes_ == 0 || is_of_card(reading)]] [[window_bytes_ == 0]])
without(jpeg_of_card "a scan ends where the card is silent, be it for a moment, and calls nothing lost"
  [[if (is_of_card(jpeg)) return jpeg;]])
