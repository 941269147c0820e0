without(header_length "a pack takes what room there is where a full one's is not to be had"
  [[if (bytes.size < header_bytes) return false;]])
without(header_crc POWER_CUT
  [[if (LittleEndianReader(bytes.from(crc_at)).u32() != crc32_of(bytes.first(crc_at))) return false;]])
without(header_record "a header whose CRC is right is none where this code cannot have written it"
  [[if (LittleEndianReader(bytes.from(record_at)).u32() != record_magic) return false;]])
with(header_no_jpeg "a header whose CRC is right is none where this code cannot have written it"
  [[header.entry.size_bytes == 0]] [[false]])
with(header_large_jpeg "a header whose CRC is right is none where this code cannot have written it"
  [[header.entry.size_bytes > max_jpeg_bytes]] [[false]])
without(header_place "a header whose CRC is right is none where this code cannot have written it"
  [[if (at > max_pack_bytes - entry_size_bytes(header.entry.size_bytes)) return false;]])
without(header_seq "a header whose CRC is right is none where this code cannot have written it"
  [[if (header.entry.seq > max_seq) return false;]])
with(header_start "a header whose CRC is right is none where this code cannot have written it"
  [[std::memcmp(start.data(), bytes.data, record_at) == 0]] [[true]])
without(central_digits "a name in a directory is a capture's or none"
  [[if (digit < '0' || digit > '9') return false;]])
with(central_seq "a name in a directory is a capture's or none"
  [[seq <= max_seq]] [[true]])
with(central_extension "a name in a directory is a capture's or none"
  [[std::memcmp(central.data + central_name_at + 16, ".jpg", 4) == 0]] [[true]])
with(end_none "an end that does not fit its pack is none"
  [[end.captures == 0]] [[false]])
with(end_many "an end that does not fit its pack is none"
  [[end.captures > max_pack_captures]] [[false]])
with(end_start "an end that does not fit its pack is none"
  [[end.start > max_pack_bytes]] [[false]])
with(end_size "an end that does not fit its pack is none"
  [[end.start + directory_size_bytes(end.captures) == pack_bytes]] [[true]])
with(end_bytes "an end that does not fit its pack is none"
  [[expected == bytes]] [[true]])
