// Receipts (docs/protocol.md): the server's signed word, and the only ground for deleting a capture.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "frameferry/bytes.h"
#include "frameferry/captures.h"

namespace frameferry {

using DeviceIdText = Text<36>;
using ObjectKey = Text<143>;

struct ReceiptKey {
    Text<16> id;
    PublicKey key{};
};

// The stack's public keys.
class ReceiptKeys {
public:
    static constexpr std::size_t max_count = 4;

    // False where there is no room, or the id is too long, or it is no key of 32 bytes in base64: then a receipt under
    // it counts for nothing, which keeps its captures on the card. A known id gets the new key.
    bool add(std::string_view id, std::string_view key_base64);
    bool add(std::string_view id, const PublicKey& key);
    void clear() { count_ = 0; }

    [[nodiscard]] const ReceiptKey* find(std::string_view id) const;
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] const ReceiptKey& operator[](std::size_t at) const { return keys_[at]; }

private:
    std::array<ReceiptKey, max_count> keys_{};
    std::size_t count_ = 0;
};

enum class ReceiptState : std::uint8_t {
    unknown,
    held,
    deleted,
};
[[nodiscard]] ReceiptState receipt_state(std::string_view word);

// What it is said to be for is always the device's own: key, size and sha256 of the file that it has.
struct Receipt {
    ReceiptState state = ReceiptState::unknown;
    std::string_view key_id;
    std::string_view object_key;
    std::uint64_t size_bytes = 0;
    Sha256 sha256{};
    std::string_view signature_base64;
};

enum class ReceiptVerdict : std::uint8_t {
    valid,
    unknown_state,
    other_object,  // its key is not under `devices/<device_id>/`
    unknown_key,   // ask for the keys, then for the receipt again
    bad_signature,
};

[[nodiscard]] ReceiptVerdict verify(const ReceiptKeys& keys, std::string_view device_id, const Receipt& receipt);

// The key of a pack without `devices/<device_id>/`.
[[nodiscard]] Text<63> pack_key_tail(SeqRange seqs, const Sha256& sha256);
[[nodiscard]] ObjectKey object_key(std::string_view device_id, std::string_view tail);

}  // namespace frameferry
