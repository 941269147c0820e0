// Sees what a device does, step by step: for a program that tells it, a test or a bench. A board needs none.
#pragma once

#include <cstdint>
#include <string_view>

#include "frameferry/captures.h"
#include "frameferry/pack_queue.h"

namespace frameferry {

// Is called from the thread that takes the step, and must not call the device.
class DeviceWatcher {
public:
    virtual ~DeviceWatcher() = default;

    // Safe on the card.
    virtual void captured(Seq seq, std::size_t size_bytes) { (void)seq, (void)size_bytes; }
    virtual void capture_failed(std::string_view reason) { (void)reason; }
    virtual void pause_changed(bool is_paused) { (void)is_paused; }
    virtual void evicted(SeqRange seqs) { (void)seqs; }
    // Cannot be sent any more; both 0 where nobody knows which they were.
    virtual void damaged(SeqRange seqs, std::string_view reason) { (void)seqs, (void)reason; }

    // S3 says that it has the bytes, which is no proof.
    virtual void uploaded(const QueuedPack& pack) { (void)pack; }
    // A verified receipt came, and the pack has left the queue.
    virtual void confirmed(const QueuedPack& pack, bool is_deleted) { (void)pack, (void)is_deleted; }
    // It stays, and is tried again after so long.
    virtual void deferred(const QueuedPack& pack, std::string_view reason, std::uint32_t wait_ms) {
        (void)pack, (void)reason, (void)wait_ms;
    }
    virtual void waiting(std::string_view reason, std::uint32_t wait_ms) { (void)reason, (void)wait_ms; }
    // The credential, or a pairing code.
    virtual void refused(std::string_view code) { (void)code; }
};

}  // namespace frameferry
