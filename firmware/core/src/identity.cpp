#include "frameferry/identity.h"

#include <sodium.h>

#include "frameferry/kept_values.h"
#include "frameferry/lock.h"

namespace frameferry {
namespace {

constexpr std::string_view identity_key = "identity";
constexpr std::string_view begun_key = "pairing";
constexpr std::uint8_t identity_format = 1;
constexpr std::uint8_t begun_format = 1;

using IdentityRecord = std::array<std::uint8_t, 640>;
using BegunRecord = std::array<std::uint8_t, 80>;

std::array<std::uint8_t, 8> fingerprint(std::string_view code) {
    Sha256 hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const std::uint8_t*>(code.data()), code.size());
    std::array<std::uint8_t, 8> first{};
    std::memcpy(first.data(), hash.data(), first.size());
    return first;
}

char as_meant(char character) {
    const char upper = character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
    if (upper == 'O') return '0';
    return upper == 'I' || upper == 'L' ? '1' : upper;
}

}  // namespace

PairingCode pairing_code_of(std::string_view typed) {
    PairingCode code;
    for (const char character : typed) {
        if (character == ' ' || character == '-') continue;
        const char meant = as_meant(character);
        const bool is_of_a_code = (meant >= '0' && meant <= '9') || (meant >= 'A' && meant <= 'Z');
        if (!is_of_a_code) return {};
        code.append(meant);
    }
    return code.fits() ? code : PairingCode{};
}

void IdentityStore::load() {
    load_identity();
    load_begun();
}

void IdentityStore::load_identity() {
    IdentityRecord record{};
    RecordReader reader(record);
    if (reader.get(values_, identity_key, identity_format) != KeyValue::Found::value) return;
    identity_.device_id.append(reader.text());
    identity_.token.append(reader.text());
    identity_.pending_token.append(reader.text());
    identity_.next_seq = reader.number();
    reader.bytes(pairing_);
    for (std::uint64_t left = reader.number(1); left != 0 && reader.is_whole(); --left) {
        PublicKey key{};
        const std::string_view id = reader.text();
        if (reader.bytes(key)) identity_.receipt_keys.add(id, key);
    }
    is_paired_ = reader.is_whole() && !identity_.token.empty() &&
                 parse_uuid(identity_.device_id, identity_.device_uuid);
    if (!is_paired_) identity_ = {};
    sodium_memzero(record.data(), record.size());
}

void IdentityStore::load_begun() {
    const Lock lock(mutex_);
    BegunRecord record{};
    RecordReader reader(record);
    if (reader.get(values_, begun_key, begun_format) != KeyValue::Found::value) return;
    Begun begun{PairingCode(reader.text()), Text<32>(reader.text())};
    if (!reader.is_whole()) return;
    if (is_paired_ && fingerprint(begun.code) == pairing_) {
        values_.erase(begun_key);  // it has done its work, and the power went before it was erased
        return;
    }
    begun_ = begun;
}

bool IdentityStore::begin(std::string_view typed_code) {
    const PairingCode code = pairing_code_of(typed_code);
    const Lock lock(mutex_);
    if (code.empty()) return false;
    if (code == begun_.code.view()) return true;
    const Begun before = begun_;
    std::array<std::uint8_t, 16> random{};
    entropy_.fill(random);
    begun_ = {code, Text<32>()};
    begun_.nonce.append_hex(random);
    if (keep_begun()) return true;
    begun_ = before;
    return false;
}

bool IdentityStore::was_paired_by(std::string_view typed_code) const {
    return is_paired_ && fingerprint(pairing_code_of(typed_code)) == pairing_;
}

bool IdentityStore::keep_begun() {
    BegunRecord record{};
    RecordWriter writer(record, begun_format);
    return writer.text(begun_.code).text(begun_.nonce).put(values_, begun_key);
}

IdentityStore::Begun IdentityStore::begun() {
    const Lock lock(mutex_);
    return begun_;
}

void IdentityStore::give_up(std::string_view code) {
    const Lock lock(mutex_);
    drop_begun(code);
}

void IdentityStore::drop_begun(std::string_view code) {
    if (begun_.code != code) return;  // another one was typed meanwhile
    begun_ = {};
    values_.erase(begun_key);
}

bool IdentityStore::complete(const Activation& activation, std::string_view code) {
    const Lock lock(mutex_);
    const Identity before = identity_;
    const auto pairing_before = pairing_;
    identity_ = {};
    identity_.device_id = activation.device_id;
    identity_.device_uuid = activation.device_uuid;
    identity_.token = activation.device_token;
    identity_.receipt_keys = activation.receipt_keys;
    identity_.next_seq = activation.next_seq;
    pairing_ = fingerprint(code);
    if (!keep()) {
        identity_ = before;
        pairing_ = pairing_before;
        return false;
    }
    is_paired_ = true;
    drop_begun(code);
    return true;
}

IdentityStore::Numbering IdentityStore::numbering() {
    const Lock lock(mutex_);
    return {identity_.device_uuid, identity_.next_seq};
}

bool IdentityStore::keep_pending(const DeviceToken& token) {
    const Lock lock(mutex_);
    if (!is_paired_ || token == identity_.token.view()) return is_paired_;
    identity_.pending_token = token;
    if (keep()) return true;
    identity_.pending_token.clear();
    return false;
}

void IdentityStore::accepted(bool was_pending) {
    const Lock lock(mutex_);
    if (identity_.pending_token.empty()) return;
    if (was_pending) identity_.token = identity_.pending_token;
    identity_.pending_token.clear();
    // Not kept, both are tried again after the next start.
    keep();
}

void IdentityStore::keep_receipt_keys(const ReceiptKeys& keys) {
    const Lock lock(mutex_);
    if (!is_paired_ || keys.count() == 0) return;
    identity_.receipt_keys = keys;
    keep();
}

bool IdentityStore::keep() {
    IdentityRecord record{};
    RecordWriter writer(record, identity_format);
    writer.text(identity_.device_id).text(identity_.token).text(identity_.pending_token);
    writer.number(identity_.next_seq).bytes(pairing_).number(identity_.receipt_keys.count(), 1);
    for (std::size_t at = 0; at < identity_.receipt_keys.count(); ++at) {
        writer.text(identity_.receipt_keys[at].id).bytes(identity_.receipt_keys[at].key);
    }
    const bool is_kept = writer.put(values_, identity_key);
    sodium_memzero(record.data(), record.size());
    return is_kept;
}

}  // namespace frameferry
