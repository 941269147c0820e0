#include "fakes/queue_life.h"

#include <algorithm>
#include <sstream>

#include "fakes/pack_check.h"
#include "frameferry/pack_format.h"

using namespace frameferry;

void Ledger::become(SeqRange range, Fate fate) {
    for (auto& [jpeg, photo] : photos) {
        if (range.holds(photo.seq) && photo.fate != Fate::gone) photo.fate = fate;
    }
}

void Ledger::evicted(SeqRange range) {
    if (!power_->is_on) return;
    told_evicted.push_back(range);
    become(range, Fate::unknown);
}

void Ledger::damaged(SeqRange range, const char* /*reason*/) {
    if (power_->is_on) told_damaged.push_back(range);
}

PackLimits QueueLife::small_packs() {
    PackLimits limits;
    limits.captures = 3;
    limits.pack_bytes = 64U << 10U;
    return limits;
}

QueueLife::QueueLife(PackLimits pack_limits, std::uint32_t sectors, std::size_t row_count)
    : card(power, sectors), values(power), ledger(power), entropy(1), limits(pack_limits), rows(row_count) {
    device_id[0] = 0xD0;
    device_id[15] = 0x0D;
}

QueueLife::QueueLife(const QueueLife& before, FakeCard::Landing& landing, std::uint32_t seed)
    : card(before.card, power),
      values(before.values, power),
      ledger(before.ledger, power),
      entropy(seed),
      limits(before.limits),
      rows(before.rows.size()),
      device_id(before.device_id),
      boot_id(before.boot_id + 1),
      taken_(before.taken_) {
    card.lose_power(landing);
}

QueueStatus QueueLife::boot() {
    queue = std::make_unique<PackQueue>(card, values, entropy, mutex, ledger,
                                        QueueMemory{rows.data(), rows.size(), Room(io)}, limits);
    return queue->start(device_id, boot_id);
}

Jpeg QueueLife::jpeg(std::size_t size_bytes) {
    std::mt19937 noise(static_cast<std::uint32_t>(taken_ + 1));
    Jpeg jpeg(std::max<std::size_t>(size_bytes, 8));
    for (std::uint8_t& byte : jpeg) byte = static_cast<std::uint8_t>(noise());
    jpeg[0] = 0xFF;
    jpeg[1] = 0xD8;
    for (int byte = 0; byte < 4; ++byte) jpeg[static_cast<std::size_t>(2 + byte)] = static_cast<std::uint8_t>(taken_ >> 8 * byte);
    return jpeg;
}

QueueStatus QueueLife::put(std::size_t size_bytes) {
    if (!power.is_on) return QueueStatus::card;
    const Jpeg taken = jpeg(size_bytes);
    Photo& photo = ledger.photos[taken];
    photo.captured_at_ms = captured_at_ms(taken_++);
    photo.seq = max_seq;
    Seq seq = 0;
    const CaptureMeta meta{0, taken_ * 30'000, photo.captured_at_ms, true};
    const QueueStatus status = queue->put(meta, {taken.data(), taken.size()}, seq);
    if (!power.is_on || status != QueueStatus::ok) return status;
    if (!ledger.seqs.insert(seq).second) throw std::logic_error("a seq is used twice");
    photo.seq = seq;
    photo.fate = Fate::safe;
    return status;
}

QueueStatus QueueLife::seal() { return queue->seal(); }

std::vector<QueuedPack> QueueLife::packs() {
    std::vector<QueuedPack> packs;
    QueuedPack pack;
    for (Seq next = 0; queue->first_from(next, pack); next = pack.seqs.last + 1) packs.push_back(pack);
    return packs;
}

std::optional<QueuedPack> QueueLife::pack(std::size_t at) {
    const std::vector<QueuedPack> all = packs();
    return power.is_on && at < all.size() ? std::optional(all[at]) : std::nullopt;
}

std::string QueueLife::path_of(const QueuedPack& pack) const {
    // That with the greatest name that is not above its first seq.
    Text<16> first;
    first.append_number(pack.seqs.first, 16);
    const auto name_of = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
    Text<9> tag("-");
    tag.append_hex(Bytes(device_id).first(4));
    std::string best;
    for (const std::string& path : card.paths()) {
        const std::string name = name_of(path);
        if (name.find(tag.c_str()) == std::string::npos) continue;
        if (name.find(".zip") != std::string::npos && name.substr(0, 16) <= first.view() && name > name_of(best)) best = path;
    }
    return best;
}

QueueStatus QueueLife::remove(std::size_t at) {
    const auto chosen = pack(at);
    if (!chosen) return QueueStatus::gone;
    ledger.become(chosen->seqs, Fate::unknown);
    return queue->remove(*chosen);
}

QueueStatus QueueLife::take_out(std::size_t at, std::size_t captures, Seq next_seq) {
    const auto chosen = pack(at);
    if (!chosen) return QueueStatus::gone;
    std::vector<PackQueue::Renumbering> renumberings;
    std::vector<Photo*> taken;
    for (auto& [jpeg, photo] : ledger.photos) {
        if (!chosen->seqs.holds(photo.seq) || photo.fate != Fate::safe) continue;
        taken.push_back(&photo);
    }
    std::sort(taken.begin(), taken.end(), [](const Photo* one, const Photo* other) { return one->seq < other->seq; });
    for (Photo* photo : taken) {
        if (renumberings.size() == captures) {
            photo->fate = Fate::unknown;
            continue;
        }
        photo->least_new_seq = next_seq + renumberings.size();
        renumberings.push_back({photo->seq, *photo->least_new_seq});
    }
    const QueueStatus status = queue->take_out(*chosen, renumberings.data(), renumberings.size());
    if (!power.is_on || status != QueueStatus::ok) return status;
    learn_new_seqs();
    return status;
}

// What was taken out has the new seq and not the old one any more.
void QueueLife::learn_new_seqs() {
    std::map<Jpeg, Seq> on_card;
    for (const QueuedPack& pack : packs()) {
        std::vector<CheckedCapture> captures;
        check_pack(card.content(path_of(pack)), captures);
        for (const CheckedCapture& capture : captures) on_card[capture.jpeg] = capture.seq;
    }
    for (auto& [jpeg, photo] : ledger.photos) {
        if (!photo.least_new_seq) continue;
        const auto found = on_card.find(jpeg);
        const bool is_new = found != on_card.end() && found->second >= *photo.least_new_seq;
        photo.seq = is_new ? found->second : max_seq;
        photo.least_new_seq.reset();
        if (is_new) ledger.seqs.insert(photo.seq);
    }
}

QueueStatus QueueLife::set_aside(std::size_t at) {
    const auto chosen = pack(at);
    if (!chosen) return QueueStatus::gone;
    ledger.become(chosen->seqs, Fate::unknown);
    const QueueStatus status = queue->set_aside(*chosen, "refused");
    if (power.is_on && status == QueueStatus::ok) ledger.become(chosen->seqs, Fate::aside);
    return status;
}

QueueStatus QueueLife::forget(std::size_t first_photo, std::size_t last_photo) {
    if (!power.is_on) return QueueStatus::card;
    const std::int64_t from_ms = captured_at_ms(first_photo);
    const std::int64_t to_ms = captured_at_ms(last_photo) + 1;
    std::vector<Photo*> forgotten;
    for (auto& [jpeg, photo] : ledger.photos) {
        if (photo.captured_at_ms < from_ms || photo.captured_at_ms >= to_ms) continue;
        if (photo.fate != Fate::gone) photo.fate = Fate::unknown;
        forgotten.push_back(&photo);
    }
    std::uint32_t count = 0;
    const QueueStatus status = queue->forget(from_ms, to_ms, count);
    if (!power.is_on || status != QueueStatus::ok) return status;
    for (Photo* photo : forgotten) photo->fate = Fate::gone;
    return status;
}

QueueStatus QueueLife::damage(std::size_t at, std::size_t capture) {
    const auto chosen = pack(at);
    if (!chosen) return QueueStatus::gone;
    Sha256 sha256{};
    std::vector<CheckedCapture> captures;
    const std::string path = path_of(*chosen);
    check_pack(card.content(path), captures);
    const auto photo = ledger.photos.find(captures.at(capture).jpeg);
    if (photo == ledger.photos.end()) return QueueStatus::gone;
    photo->second.fate = Fate::gone;
    ledger.has_damage = true;
    card.spoil(path, static_cast<std::uint32_t>(captures[capture].end - 1));
    queue->distrust(*chosen);
    const QueueStatus status = queue->sha256(*chosen, sha256);
    if (power.is_on && status == QueueStatus::damaged) ledger.has_damage = false;
    return status;
}

QueueStatus QueueLife::raise_next_seq(Seq to) {
    const QueueStatus status = queue->raise_next_seq(to);
    // None below may be given any more.
    if (power.is_on && status == QueueStatus::ok) ledger.seqs.insert(to - 1);
    return status;
}

void QueueLife::change_device(std::uint8_t device) {
    queue.reset();
    device_id[0] = device;
    values.values.clear();
    ledger.photos.clear();
    ledger.seqs.clear();
}

void QueueLife::lay_stale_ground(bool has_higher_seqs) {
    Jpeg image;
    for (const Seq first_seq : {Seq{1}, Seq{500}, Seq{4}, Seq{3}, Seq{700}, Seq{501}}) {
        if (first_seq >= 500 && !has_higher_seqs) continue;
        const bool is_foreign = first_seq == 4 || first_seq == 501;
        PackIdentity identity{device_id, static_cast<std::uint32_t>(first_seq * 7919)};
        if (is_foreign) identity.device_id[1] = 0xF0;
        std::uint32_t at = 0;
        for (Seq seq = first_seq; seq < first_seq + 2; ++seq) {
            const Jpeg photo = jpeg(300 + seq % 7);
            ++taken_;
            if (!is_foreign) ledger.stale.insert(photo);
            const EntryHeader header = describe(identity, seq, {1, 2, 3, false}, {photo.data(), photo.size()}, at);
            HeaderBytes bytes{};
            encode_header(header, bytes);
            Jpeg entry(entry_size_bytes(static_cast<std::uint32_t>(photo.size())));
            std::copy(bytes.begin(), bytes.end(), entry.begin());
            std::copy(photo.begin(), photo.end(), entry.end() - static_cast<std::ptrdiff_t>(photo.size()));
            image.insert(image.end(), entry.begin(), entry.end());
            at = header.entry.end();
        }
    }
    const std::size_t sectors = image.size() / FakeCard::sector_bytes;
    card.lay_ground([&](std::uint32_t number) {
        FakeCard::Sector sector{};
        std::copy_n(image.begin() + static_cast<std::ptrdiff_t>(number % sectors * FakeCard::sector_bytes), sector.size(),
                    sector.begin());
        return sector;
    });
}

// As an upload does: until the queue tells a sha256, and gives all the bytes.
std::string QueueLife::offer(QueuedPack& pack, Jpeg& bytes, int& read_whole) {
    for (int tries = 0; tries < 5; ++tries) {
        Sha256 sha256{};
        const std::uint64_t read_before = card.counts.read_bytes;
        const QueueStatus status = queue->sha256(pack, sha256);
        if (card.counts.read_bytes - read_before >= pack.size_bytes) ++read_whole;
        if (status == QueueStatus::damaged || status == QueueStatus::gone) {
            const Seq last = pack.seqs.last;
            if (!queue->first_from(pack.seqs.first, pack) || pack.seqs.first > last) return "nothing";
            continue;
        }
        if (status != QueueStatus::ok) return "a pack cannot be read";
        bytes.assign(pack.size_bytes, 0);
        for (std::uint32_t at = 0; at < pack.size_bytes; at += 1000) {
            const Room room{bytes.data() + at, std::min<std::size_t>(1000, pack.size_bytes - at)};
            if (queue->read(pack, at, room) != QueueStatus::ok) return "a pack cannot be read";
        }
        std::vector<CheckedCapture> captures;
        const std::string problem = check_pack(bytes, captures);
        const Jpeg seen = sha256_of(bytes);
        const bool is_told = std::equal(seen.begin(), seen.end(), sha256.begin());
        if (problem.empty() && is_told) return "";
        if (!ledger.has_damage) return "garbage is offered: " + (is_told ? problem : "another sha256");
        queue->distrust(pack);
    }
    return "a pack is never offered";
}

std::string QueueLife::check_captures(const Jpeg& bytes, const QueuedPack& pack) {
    std::vector<CheckedCapture> captures;
    check_pack(bytes, captures);
    if (captures.size() != pack.captures || captures.front().seq != pack.seqs.first ||
        captures.back().seq != pack.seqs.last) {
        return "garbage is offered: not the captures that the queue tells of";
    }
    for (const CheckedCapture& capture : captures) {
        if (!std::equal(device_id.begin(), device_id.end(), capture.device_id.begin())) return "garbage is offered: a foreign one";
        if (!offered_seqs_.insert(capture.seq).second) return "a seq is used twice";
        if (!offered_.emplace(capture.jpeg, capture.seq).second) return "a photo is there twice";
        if (ledger.stale.count(capture.jpeg) != 0) continue;
        const auto found = ledger.photos.find(capture.jpeg);
        if (found == ledger.photos.end()) return "garbage is offered: a photo that nobody took";
        const Photo& photo = found->second;
        if (photo.fate == Fate::gone) return "a photo is offered that is forgotten or damaged";
        if (photo.fate == Fate::aside) return "a photo is offered that was set aside";
        const bool is_new = photo.least_new_seq && capture.seq >= *photo.least_new_seq;
        const bool is_unheard = photo.seq == max_seq && photo.fate == Fate::unknown && ledger.seqs.count(capture.seq) == 0;
        if (capture.seq != photo.seq && !is_new && !is_unheard) return "a photo has another seq";
    }
    return "";
}

std::string QueueLife::check_pack_of(const QueuedPack& offered, int& read_whole) {
    QueuedPack pack = offered;
    Jpeg bytes;
    const std::string problem = offer(pack, bytes, read_whole);
    if (problem == "nothing") return "";
    return problem.empty() ? check_captures(bytes, pack) : problem;
}

std::string QueueLife::check_offered(int most_read_whole) {
    offered_.clear();
    offered_seqs_.clear();
    int read_whole = 0;
    QueuedPack pack;
    for (Seq next = 0; queue->first_from(next, pack); next = pack.seqs.last + 1) {
        if (pack.seqs.first < next) return "packs are out of order";
        const std::string problem = check_pack_of(pack, read_whole);
        if (!problem.empty()) return problem;
    }
    for (const auto& [jpeg, photo] : ledger.photos) {
        if (photo.fate == Fate::safe && offered_.count(jpeg) == 0) return "a photo is lost: " + std::to_string(photo.seq);
    }
    if (queue->waiting_captures() != offered_.size()) return "the queue counts other photos than it offers";
    Seq oldest = 0;
    if (queue->oldest_seq(oldest) != !offered_seqs_.empty()) return "the queue does not know whether photos wait";
    if (!offered_seqs_.empty() && oldest != *offered_seqs_.begin()) return "the oldest photo is another one";
    return read_whole > most_read_whole ? "packs are read that the index should tell of" : "";
}

std::string QueueLife::check_next_photo() {
    if (put(600) != QueueStatus::ok) return "no photo can be taken";
    const Seq seq = ledger.photos.at((--taken_, jpeg(600))).seq;
    ++taken_;
    if (!offered_seqs_.empty() && seq <= *offered_seqs_.rbegin()) return "a seq is used twice";
    if (!ledger.seqs.empty() && seq < *ledger.seqs.rbegin()) return "a seq is smaller than one before";
    return seal() == QueueStatus::ok ? "" : "a pack cannot be sealed";
}

bool QueueLife::tells_of_safe_photos(std::size_t told_before) const {
    for (std::size_t at = told_before; at < ledger.told_damaged.size(); ++at) {
        if (ledger.told_damaged[at].last == 0) continue;  // nobody knows which they were
        for (const auto& [jpeg, photo] : ledger.photos) {
            if (photo.fate == Fate::safe && ledger.told_damaged[at].holds(photo.seq)) return true;
        }
    }
    return false;
}

// After a boot nobody is in doubt any more: what is offered is on the card, and what is not does not come back.
void QueueLife::settle() {
    ledger.has_damage = false;
    for (auto& [jpeg, photo] : ledger.photos) {
        photo.least_new_seq.reset();
        const auto offered = offered_.find(jpeg);
        if (offered != offered_.end()) {
            photo.fate = Fate::safe;
            photo.seq = offered->second;
            ledger.seqs.insert(photo.seq);
        } else if (photo.fate == Fate::unknown) {
            photo.fate = Fate::gone;
        }
    }
}

std::string QueueLife::check(int most_read_whole) {
    try {
        const std::size_t told_before = ledger.told_damaged.size();
        if (boot() != QueueStatus::ok) return "the boot fails";
        std::string problem = check_offered(most_read_whole);
        if (problem.empty() && tells_of_safe_photos(told_before)) problem = "a whole photo is told as damaged";
        if (problem.empty()) problem = check_next_photo();
        if (problem.empty()) problem = check_offered(most_read_whole + 1);
        if (problem.empty()) settle();
        return problem;
    } catch (const std::exception& error) {
        return std::string("the queue misuses the card: ") + error.what();
    }
}
