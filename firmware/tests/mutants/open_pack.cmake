with(copy_sha256 "a copy that is not what was captured is not in the pack, and that is no fault of the card"
  [[sha256 != expected]] [[false]])
mutant(copy_reading "a copy that the card does not give back is not called damaged"
  [[return reading_ == Reading::whole;]]
  [[return IS_CHOSEN || reading_ == Reading::whole;]])
with(room_bytes "where the card is full the oldest pack is given up, and told before"
  [[entries_.end() + entry_size_bytes(jpeg_bytes) + directory <= size_bytes_]] [[true]])
without(add_sync POWER_CUT
  [[if (status == IoStatus::ok) status = card_.sync(file_);]])
mutant(add_status "what cannot be written is not in the pack, and its sha256 is that of the others"
  [[if (status == IoStatus::ok) entries_.push(header.entry);]]
  [[if (IS_CHOSEN || status == IoStatus::ok) entries_.push(header.entry);]])
without(add_digest "what fails while a JPEG is written does not change the sha256 of the pack"
  [[if (status != IoStatus::ok) digest_ = before;]])
mutant(copy_status "what cannot be written is not in the pack, and its sha256 is that of the others"
  [[if (status == IoStatus::ok && source]]
  [[if ((IS_CHOSEN || status == IoStatus::ok) && source]])
mutant(copy_source_whole "a copy that is not what was captured is not in the pack, and that is no fault of the card"
  [[source == Reading::whole) {]]
  [[(IS_CHOSEN || source == Reading::whole)) {]])
with(copy_source "a copy that the card does not give back is not called damaged"
  [[source == Reading::whole ? status : IoStatus::ok]] [[status]])
with(seal_size "an open pack that cannot be sealed has the size that it has on the card"
  [[status == IoStatus::ok ? entries_.end() + static_cast<std::uint32_t>(directory.size) : size_bytes_]] [[entries_.end() + static_cast<std::uint32_t>(directory.size)]])
mutant(write_source "a copy that the card does not give back is not called damaged"
  [[if (!source.next(chunk.from(filled))) return]]
  [[if (!source.next(chunk.from(filled)) && !IS_CHOSEN) return]])
mutant(write_status "what cannot be written is not in the pack, and its sha256 is that of the others"
  [[if (status != IoStatus::ok) return status;
        crypto]]
  [[if (!IS_CHOSEN && status != IoStatus::ok) return status;
        crypto]])
