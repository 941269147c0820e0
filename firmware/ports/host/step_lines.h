// The steps of a device on standard output, a JSON object a line, in the words of the station's simulated camera; its
// log on standard error.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string_view>

#include "frameferry/identity.h"
#include "frameferry/json_writer.h"
#include "frameferry/log_ring.h"
#include "frameferry/watcher.h"

namespace frameferry {

// From any thread.
class StepLines final : public DeviceWatcher, public LogRing::Listener {
public:
    void activated(const Identity& identity);
    void resumed(const Identity& identity);
    void not_paired();
    void rebooting();
    void sealed(const QueuedPack& pack);
    // One was put between the core and this machine.
    void fault(std::string_view name);

    void captured(Seq seq, std::size_t size_bytes) override;
    void capture_failed(std::string_view reason) override;
    void pause_changed(bool is_paused) override;
    void evicted(SeqRange seqs) override;
    void damaged(SeqRange seqs, std::string_view reason) override;
    void uploaded(const QueuedPack& pack) override;
    void confirmed(const QueuedPack& pack, bool is_deleted) override;
    void deferred(const QueuedPack& pack, std::string_view reason, std::uint32_t wait_ms) override;
    void waiting(std::string_view reason, std::uint32_t wait_ms) override;
    void refused(std::string_view code) override;

    void logged(std::string_view line) override;

    [[nodiscard]] bool was_refused() const { return was_refused_; }
    // Nobody reads the lines any more.
    [[nodiscard]] bool is_unheard() const { return is_unheard_; }

private:
    void say(std::string_view event, const std::function<void(JsonWriter&)>& write_rest);

    std::mutex mutex_;
    std::atomic<bool> was_refused_{false};
    std::atomic<bool> is_unheard_{false};
};

}  // namespace frameferry
