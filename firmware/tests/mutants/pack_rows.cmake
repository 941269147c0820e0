with(is_sent_aside "a bad pack in the middle is told, kept on the card and not sent; the others are"
  [[!is(set_aside)]] [[true]])
with(left_before "where the store is lost in a swap, what lies under the new file is in no pack that another one has it in"
  [[std::max(left.first, other->seqs().last + 1)]] [[left.first]])
without(left_before_sent "two more names on the sectors of a pack have nothing sent twice"
  [[if (!other->is_sent()) continue;]])
with(left_behind_sent "where the store is lost before the old pack of a swap has gone each photo is sent once"
  [[next->is(PackRow::set_aside)]] [[false]])
without(left_behind "a name on the sectors of another pack costs no photo but those, and has none sent twice or as garbage"
  [[if (next != end()) left.last = next->seqs().first - 1;]])
