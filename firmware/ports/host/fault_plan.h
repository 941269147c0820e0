// What goes wrong on this machine, and when: for the core to be tried out over real files and sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frameferry {

enum class FaultKind : std::uint8_t {
    read_error,   // EIO of a read
    write_error,  // EIO of what changes the card, a sync but not among it
    write_short,  // the first half is written, and then EIO
    sync_error,
    no_space,     // of what takes room
    read_only,    // of what changes the card
    no_card,      // of any call
    value_error,  // a value cannot be kept
    kill,         // the process ends before a change of card or values
    kill_short,   // the first half is written, and then it ends
    refused,      // the next are of a connection, as it is asked for
    no_name,
    connect_stall,
    tls_failed,
    drop_up,  // once so many bytes have gone up
    drop_down,
    stall_up,
    stall_down,
    no_picture,
};

// Occasions of a kind are counted from 1, for each fault on its own.
struct Fault {
    FaultKind kind = FaultKind::read_error;
    std::uint64_t after_bytes = 0;  // of drops and stalls
    std::uint64_t first = 1;
    std::uint64_t last = 1;
    std::uint64_t one_in = 0;  // not 0: by chance, and not by number
};

// FAULT{,FAULT} where FAULT is KIND[:BYTES]@WHEN, and WHEN is N, N..M, N.. or 1/N: docs/firmware-core.md. Nothing where
// it is not that: then `complaint` tells what is wrong with it.
std::optional<std::vector<Fault>> parse_faults(std::string_view spec, std::string& complaint);

// From any thread. The same seed has each fault strike on the same of its occasions.
class FaultPlan {
public:
    // Is told the name of what strikes.
    using Listener = std::function<void(std::string_view name)>;

    // `end_process` does not come back.
    FaultPlan(const std::vector<Fault>& faults, std::uint64_t seed, Listener listener,
              std::function<void()> end_process);

    // There is one more occasion. The fault that strikes on it; null where none does.
    const Fault* strike(FaultKind kind);
    bool strikes(FaultKind kind) { return strike(kind) != nullptr; }
    void end_process() const { end_process_(); }

private:
    struct Counted {
        Fault fault;
        std::uint64_t occasions = 0;
    };
    [[nodiscard]] bool is_due(std::size_t at) const;

    std::vector<Counted> faults_;
    std::uint64_t seed_;
    Listener listener_;
    std::function<void()> end_process_;
    std::mutex mutex_;
};

}  // namespace frameferry
