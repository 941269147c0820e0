// Draining the queue: which packs are asked for, which is put next, and what becomes of one that does not get through.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frameferry/backoff.h"
#include "frameferry/log_ring.h"
#include "frameferry/outbox.h"
#include "frameferry/pack_put.h"
#include "frameferry/pack_queue.h"
#include "frameferry/receipts.h"
#include "frameferry/sync.h"
#include "frameferry/wall_clock.h"
#include "frameferry/watcher.h"
#include "frameferry/ways.h"

namespace frameferry {

constexpr unsigned refusals_before_aside = 3;
constexpr std::uint32_t refused_wait_ms = 1'800'000;  // between them: three tries over an hour
constexpr unsigned server_errors_in_a_row = 3;        // of S3 for one pack, after which the next one is tried first
constexpr std::uint32_t never_ms = UINT32_MAX;

// One thread: that which talks to the network.
class Drain {
public:
    Drain(PackQueue& queue, Outbox& outbox, LogRing& log, WallClock& clock, Entropy& entropy, DeviceWatcher& watcher,
          Ways ways)
        : queue_(queue), outbox_(outbox), log_(log), clock_(clock), entropy_(entropy), watcher_(watcher), ways_(ways) {}

    // Before each of the following: what is in the queue now.
    void look(bool newest_first);

    // Until a sync is wanted for the sake of packs. It costs two handshakes, so places are asked for when there are
    // none left, and receipts with them; at once only for more than one pack, or in a hurry.
    [[nodiscard]] std::uint32_t sync_due_in_ms(bool hurry);
    // Until something can be put; `never_ms` where nothing has a place.
    [[nodiscard]] std::uint32_t put_due_in_ms();
    // Nothing waits that could be sent now: what lies in the open pack may go up at once.
    [[nodiscard]] bool is_idle();
    [[nodiscard]] bool waits_for_receipts();
    // Packs are on their way.
    [[nodiscard]] bool is_busy();
    [[nodiscard]] bool is_failing() const { return puts_.is_failing() || refused_urls_.is_failing(); }

    // The packs of the next sync: those that wait for receipts, then those that want a place, which may be read first.
    // `ways` gets which they are.
    std::size_t to_ask(NamedPack* named, std::uint16_t* ways, std::size_t room);
    // The pack of one of them alone. False where it is not what it was.
    bool to_ask_alone(std::uint16_t way, SeqRange seqs, NamedPack& named);
    [[nodiscard]] SeqRange seqs_of(std::uint16_t way) { return ways_[way].pack.seqs; }
    // What a sync that was begun at `asked_at_ms` said of them.
    void answered(const std::uint16_t* ways, const SyncAnswer& answer, std::string_view device_id,
                  const ReceiptKeys& keys, std::uint64_t asked_at_ms);
    // A sync in which this pack was all was refused, or ended in an error of the server.
    void refused_alone(std::uint16_t way, bool is_servers_error, std::string_view code);

    // The pack that is to be put now; null where none is. Its place is in `places`.
    [[nodiscard]] Way* next_put();
    [[nodiscard]] const UploadPlaces& places() const { return places_; }
    void put_ended(Way& way, const PutResult& result);

    // They were another device's.
    void forget_ways();
    void stop_resting() { puts_.stop_resting(), refused_urls_.stop_resting(); }

    // For the bench and the log.
    [[nodiscard]] std::uint32_t packs_put() const { return packs_put_; }
    [[nodiscard]] std::uint32_t packs_confirmed() const { return packs_confirmed_; }

private:
    [[nodiscard]] std::uint32_t rests_for_ms();
    // Whether places are to be asked for now.
    [[nodiscard]] bool wants_places();
    [[nodiscard]] bool prepare(Way& way, NamedPack& named);
    static void name(const Way& way, NamedPack& named);
    void answered_one(Way& way, const ObjectAnswer& object, const SyncAnswer& answer, std::string_view device_id,
                      const ReceiptKeys& keys, std::uint64_t place_ends_at_ms);
    void place(Way& way, const ObjectAnswer& object, std::uint64_t ends_at_ms);
    void held(Way& way, const ObjectAnswer& object, const SyncAnswer& answer, std::string_view device_id,
              const ReceiptKeys& keys);
    void take_out(Way& way, List<SyncAnswer::Exception> exceptions);
    void confirmed(Way& way, bool is_deleted);
    void unproved(Way& way, const char* reason, bool is_to_be_told);
    void refused(Way& way, std::string_view code);
    void defer(Way& way, std::uint32_t wait_ms, std::string_view reason);
    void urls_refused(Way& way, const PutResult& result);
    void troubled(Way& way, const PutResult& result);
    void void_all_places();

    PackQueue& queue_;
    Outbox& outbox_;
    LogRing& log_;
    WallClock& clock_;
    Entropy& entropy_;
    DeviceWatcher& watcher_;
    Ways ways_;
    UploadPlaces places_;
    Lane puts_;
    Lane refused_urls_;
    Backoff conflicts_{10'000, 3'600'000};
    std::uint64_t no_conflict_before_ms_ = 0;
    unsigned urls_refused_in_a_row_ = 0;
    bool was_skewed_ = false;
    std::uint32_t packs_put_ = 0;
    std::uint32_t packs_confirmed_ = 0;
    bool newest_first_ = false;
};

}  // namespace frameferry
