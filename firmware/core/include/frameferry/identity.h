// Who the device is to one server: its credential, kept, and not on the card.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/activation.h"
#include "frameferry/bytes.h"
#include "frameferry/captures.h"
#include "frameferry/ports.h"
#include "frameferry/receipts.h"

namespace frameferry {

// A pairing code as it is meant: case, blanks and dashes do not matter, and O, I, L are 0, 1, 1. Empty where it cannot
// be one.
using PairingCode = Text<32>;
[[nodiscard]] PairingCode pairing_code_of(std::string_view typed);

struct Identity {
    DeviceIdText device_id;
    Uuid device_uuid{};
    DeviceToken token;
    DeviceToken pending_token;  // of a rotation, until its first use has succeeded
    ReceiptKeys receipt_keys;
    Seq next_seq = 0;  // of the activation: no capture gets a seq below
};

// The identity belongs to the thread that talks to the API; codes may come from any, and `numbering` may go to any.
class IdentityStore {
public:
    IdentityStore(KeyValue& values, Entropy& entropy, Mutex& mutex)
        : values_(values), entropy_(entropy), mutex_(mutex) {}

    // What cannot be read is none: then the device must be paired again.
    void load();
    [[nodiscard]] bool is_paired() const { return is_paired_; }
    [[nodiscard]] const Identity& identity() const { return identity_; }
    struct Numbering {
        Uuid device_uuid{};
        Seq next_seq = 0;  // of the activation
    };
    [[nodiscard]] Numbering numbering();

    // Keeps the code and a nonce before they are first used; the same code gets the same nonce. False where it is no
    // code, or cannot be kept: then it is not to be used, because a lost answer would strand the device.
    bool begin(std::string_view typed_code);
    // This code has made the identity: it is of no more use.
    [[nodiscard]] bool was_paired_by(std::string_view typed_code) const;
    struct Begun {
        PairingCode code;  // empty: no activation is under way
        Text<32> nonce;
    };
    [[nodiscard]] Begun begun();
    // The code is of no use: wrong, used or expired.
    void give_up(std::string_view code);
    // False where it cannot be kept: ask again, the answer is the same for ten minutes.
    bool complete(const Activation& activation, std::string_view code);

    // A rotation's token, before it is used: the server ends the old one at its first use.
    bool keep_pending(const DeviceToken& token);
    // The server took the pending one, or it took the old one and the pending one is void. One is left from now on.
    void accepted(bool was_pending);
    // In force even if they cannot be kept.
    void keep_receipt_keys(const ReceiptKeys& keys);

private:
    bool keep();
    void load_identity();
    void load_begun();
    bool keep_begun();
    void drop_begun(std::string_view code);

    KeyValue& values_;
    Entropy& entropy_;
    Mutex& mutex_;  // of what is begun, and of changes of the identity
    Identity identity_;
    std::array<std::uint8_t, 8> pairing_{};  // of the hash of the code that made it, so that it is not used again
    bool is_paired_ = false;
    Begun begun_;
};

}  // namespace frameferry
