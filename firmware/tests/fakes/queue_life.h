// A queue over a card and a store that lose power, and what the world knows of its photos: what must still be there,
// what may be, and what must not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fakes/fake_card.h"
#include "fakes/fake_values.h"
#include "fakes/memory_ports.h"
#include "frameferry/pack_queue.h"

using Jpeg = std::vector<std::uint8_t>;

enum class Fate {
    safe,     // the queue has said that it is durable
    unknown,  // it may be offered, or not
    aside,    // it is on the card, and not offered
    gone,     // it is not offered
};

struct Photo {
    Fate fate = Fate::unknown;
    frameferry::Seq seq = 0;
    std::optional<frameferry::Seq> least_new_seq;  // it is being taken out: it has either seq
    std::int64_t captured_at_ms = 0;
};

class Ledger final : public frameferry::QueueWatcher {
public:
    explicit Ledger(const Power& power) : power_(&power) {}
    Ledger(const Ledger& other, const Power& power) : Ledger(other) { power_ = &power; }

    void evicted(frameferry::SeqRange seqs) override;
    void damaged(frameferry::SeqRange seqs, const char* reason) override;
    void skipped(frameferry::SeqRange range) override { told_skipped.push_back(range); }
    void silent() override { ++told_silent; }
    void become(frameferry::SeqRange seqs, Fate fate);

    std::map<Jpeg, Photo> photos;
    std::set<Jpeg> stale;                       // what lay on the card before
    std::set<frameferry::Seq> seqs;             // that anybody has heard of
    std::vector<frameferry::SeqRange> told_damaged;
    std::vector<frameferry::SeqRange> told_evicted;
    std::vector<frameferry::SeqRange> told_skipped;
    int told_silent = 0;
    bool has_damage = false;                    // the card has changed bytes, and that has not been put right

private:
    const Power* power_;
};

class QueueLife {
public:
    static constexpr std::size_t io_bytes = 8192;
    static constexpr std::size_t stale_photos = 12;  // that count as taken before, where stale ground is laid

    explicit QueueLife(frameferry::PackLimits limits = small_packs(), std::uint32_t sectors = 4096,
                       std::size_t row_count = 64);
    // The same device after its power was lost.
    QueueLife(const QueueLife& before, FakeCard::Landing& landing, std::uint32_t seed);

    static frameferry::PackLimits small_packs();

    frameferry::QueueStatus boot();
    // Each does nothing once the power is out. What may have become true counts as unknown then.
    frameferry::QueueStatus put(std::size_t size_bytes);
    frameferry::QueueStatus seal();
    frameferry::QueueStatus remove(std::size_t pack);
    frameferry::QueueStatus take_out(std::size_t pack, std::size_t captures, frameferry::Seq next_seq);
    frameferry::QueueStatus set_aside(std::size_t pack);
    frameferry::QueueStatus forget(std::size_t first_photo, std::size_t last_photo);
    // One bit of a capture is another one; the server has found that out, and the pack is asked for again.
    frameferry::QueueStatus damage(std::size_t pack, std::size_t capture);
    frameferry::QueueStatus raise_next_seq(frameferry::Seq to);

    // What is wrong after a boot, and a photo after that; empty where nothing is.
    std::string check(int most_read_whole = 3);
    // What is offered now: all packs by seq.
    std::vector<frameferry::QueuedPack> packs();
    std::optional<frameferry::QueuedPack> pack(std::size_t at);
    std::string path_of(const frameferry::QueuedPack& pack) const;
    // Another device has this card now, and has never had it before: what is on it is none of its own.
    void change_device(std::uint8_t device);
    // Old packs lie on the card's sectors, those of another device too; those of higher seqs as after a format by
    // somebody who wiped the store too.
    void lay_stale_ground(bool has_higher_seqs = true);
    std::size_t photos_taken() const { return taken_; }
    static std::int64_t captured_at_ms(std::size_t photo) { return 1'750'000'000'000 + static_cast<std::int64_t>(photo) * 30'000; }

    Power power;
    FakeCard card;
    FakeValues values;
    Ledger ledger;
    memory_ports::SeededEntropy entropy;
    memory_ports::CheckedMutex mutex;
    frameferry::PackLimits limits;
    std::vector<frameferry::PackRow> rows;
    alignas(64) std::array<std::uint8_t, io_bytes> io{};
    std::unique_ptr<frameferry::PackQueue> queue;
    frameferry::Uuid device_id{};
    std::uint64_t boot_id = 0xB0071;

private:
    Jpeg jpeg(std::size_t size_bytes);
    std::string check_offered(int most_read_whole);
    std::string check_pack_of(const frameferry::QueuedPack& pack, int& read_whole);
    std::string check_captures(const Jpeg& bytes, const frameferry::QueuedPack& pack);
    std::string offer(frameferry::QueuedPack& pack, Jpeg& bytes, int& read_whole);
    std::string check_next_photo();
    void settle();
    void learn_new_seqs();
    bool tells_of_safe_photos(std::size_t told_before) const;

    std::size_t taken_ = 0;
    std::map<Jpeg, frameferry::Seq> offered_;
    std::set<frameferry::Seq> offered_seqs_;
};
