with(seq_reserved "seqs that are reserved are used where the store cannot be read at a second start"
  [[std::max(reserved_, stored)]] [[stored]])
mutant(seq_next POWER_CUT
  [[next_ = std::max({next_, stored, card_next});]]
  [[next_ = IS_CHOSEN ? std::max({next_, card_next}) : std::max({next_, stored, card_next});]])
without(seq_last "the last seq there is is given once"
  [[if (next_ > max_seq) return false;]])
with(seq_block POWER_CUT
  [[next_ < reserved_ || reserve(next_ + block)]] [[true]])
without(raise_below "seqs do not go back, and are never more than there are"
  [[if (to <= next_) return true;]])
with(raise_reserve POWER_CUT
  [[to <= reserved_ || reserve(to)]] [[true]])
mutant(reserve_kept "where seqs cannot be kept no photo is taken, and those on the card go up"
  [[.put(values_, key)) return false;]]
  [[.put(values_, key) && !IS_CHOSEN) return false;]])
