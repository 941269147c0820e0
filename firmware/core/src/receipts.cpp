#include "frameferry/receipts.h"

#include <sodium.h>

namespace frameferry {

namespace {

constexpr std::string_view context = "frameferry-receipt-v1";
constexpr std::string_view held_word = "held";
constexpr std::string_view deleted_word = "deleted";

using Message = Text<383>;

// Exactly so many bytes.
bool decode_base64(std::string_view text, Room bytes) {
    std::size_t size = 0;
    return sodium_base642bin(bytes.data, bytes.size, text.data(), text.size(), nullptr, &size, nullptr,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == bytes.size;
}

Message signed_message(std::string_view device_id, const Receipt& receipt) {
    Message message(context);
    message.append('\n').append(receipt.state == ReceiptState::held ? held_word : deleted_word);
    message.append('\n').append(receipt.key_id).append('\n').append(device_id).append('\n').append(receipt.object_key);
    return message.append('\n').append_number(receipt.size_bytes).append('\n').append_hex(receipt.sha256);
}

bool is_under(std::string_view device_id, std::string_view object_key) {
    const Text<63> prefix = Text<63>("devices/").append(device_id).append('/');
    return !device_id.empty() && prefix.fits() && object_key.substr(0, prefix.size()) == prefix.view();
}

}  // namespace

bool ReceiptKeys::add(std::string_view id, std::string_view key_base64) {
    PublicKey key{};
    return decode_base64(key_base64, key) && add(id, key);
}

bool ReceiptKeys::add(std::string_view id, const PublicKey& key) {
    const Text<16> own_id(id);
    if (id.empty() || !own_id.fits()) return false;
    std::size_t at = 0;
    while (at < count_ && keys_[at].id != id) ++at;
    if (at == max_count) return false;
    keys_[at] = {own_id, key};
    if (at == count_) ++count_;
    return true;
}

const ReceiptKey* ReceiptKeys::find(std::string_view id) const {
    for (std::size_t at = 0; at < count_; ++at) {
        if (keys_[at].id == id) return &keys_[at];
    }
    return nullptr;
}

ReceiptState receipt_state(std::string_view word) {
    if (word == held_word) return ReceiptState::held;
    return word == deleted_word ? ReceiptState::deleted : ReceiptState::unknown;
}

ReceiptVerdict verify(const ReceiptKeys& keys, std::string_view device_id, const Receipt& receipt) {
    if (receipt.state == ReceiptState::unknown) return ReceiptVerdict::unknown_state;
    if (!is_under(device_id, receipt.object_key)) return ReceiptVerdict::other_object;
    const ReceiptKey* key = keys.find(receipt.key_id);
    if (key == nullptr) return ReceiptVerdict::unknown_key;
    const Message message = signed_message(device_id, receipt);
    Signature signature{};
    if (!message.fits() || !decode_base64(receipt.signature_base64, signature)) return ReceiptVerdict::bad_signature;
    const Bytes signed_bytes(message.view());
    const bool is_good =
        crypto_sign_verify_detached(signature.data(), signed_bytes.data, signed_bytes.size, key->key.data()) == 0;
    return is_good ? ReceiptVerdict::valid : ReceiptVerdict::bad_signature;
}

Text<63> pack_key_tail(SeqRange seqs, const Sha256& sha256) {
    Text<63> tail("packs/");
    tail.append_number(seqs.first, 16).append('-').append_number(seqs.last, 16).append('-');
    return tail.append_hex(Bytes(sha256).first(6)).append(".zip");
}

ObjectKey object_key(std::string_view device_id, std::string_view tail) {
    return ObjectKey("devices/").append(device_id).append('/').append(tail);
}

}  // namespace frameferry
