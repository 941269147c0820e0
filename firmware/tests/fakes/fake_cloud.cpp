#include "fakes/fake_cloud.h"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "frameferry/instant.h"

namespace fake_cloud {
namespace {

using frameferry::to_rfc3339;

std::string hex(const unsigned char* bytes, std::size_t size) {
    std::string text(size * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes, size);
    text.pop_back();
    return text;
}

std::array<unsigned char, 32> sha256(const std::string& content) {
    std::array<unsigned char, 32> hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(content.data()), content.size());
    return hash;
}

std::string sha256_hex(const std::string& content) { return hex(sha256(content).data(), 32); }

std::string base64(const unsigned char* bytes, std::size_t size) {
    std::string text(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes, size, sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();
    return text;
}

std::uint32_t number_at(const Content& pack, std::size_t at, unsigned bytes) {
    std::uint32_t number = 0;
    for (unsigned byte = bytes; byte != 0; --byte) {
        number = number << 8U | static_cast<unsigned char>(pack.at(at + byte - 1));
    }
    return number;
}

std::string padded(std::uint64_t seq) {
    const std::string digits = std::to_string(seq);
    return std::string(16 - digits.size(), '0') + digits;
}

void require(bool is_right, const std::string& otherwise) {
    if (!is_right) throw std::logic_error("a device sent what it must not: " + otherwise);
}

const std::set<std::string> sync_fields{"health", "clock", "objects", "events", "acks", "settings_version",
                                        "receipt_key_ids"};

// A word for each element of a list of the request.
std::string repeated_word(const std::string& name, const std::string& word, const JsonTree& body) {
    if (!body.has(name)) return "";
    std::string words;
    for (std::size_t left = body.at(name).elements.size(); left != 0; --left) {
        words += (words.empty() ? "\"" : ",\"") + word + "\"";
    }
    return ",\"" + name + "\":[" + words + "]";
}

}  // namespace

Answer error(int status, const std::string& code) {
    return {status, R"({"error":{"code":")" + code + R"(","message":"no","request_id":"r"}})",
            {{"Content-Type", "application/json"}}};
}

Answer s3_error(int status, const std::string& code) {
    return {status, "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>no</Message></Error>",
            {{"Content-Type", "application/xml"}}};
}

std::map<std::uint64_t, Content> captures_of(const Content& pack) {
    std::map<std::uint64_t, Content> captures;
    for (std::size_t at = 0; at + 30 <= pack.size() && pack.compare(at, 4, "PK\x03\x04") == 0;) {
        const std::uint32_t size = number_at(pack, at + 18, 4);
        const std::size_t data = at + 30 + number_at(pack, at + 26, 2) + number_at(pack, at + 28, 2);
        captures[std::stoull(pack.substr(at + 30, 16))] = pack.substr(data, size);
        at = data + size;
        require(at % 512 == 0, "an entry that does not end at a sector");
    }
    return captures;
}

Cloud::Cloud(memory_ports::ManualClock& clock) : clock_(clock) {
    if (sodium_init() < 0) throw std::runtime_error("no libsodium");
    const std::array<unsigned char, 32> seed{42};
    crypto_sign_seed_keypair(public_key_.data(), secret_key_.data(), seed.data());
}

std::int64_t Cloud::now_ms() const { return utc_at_zero_ms + static_cast<std::int64_t>(clock_.now_ms); }

Answer Cloud::answer(const Request& request) {
    if (request.host == upload_host) return put(request);
    require(request.method == "POST", "no POST");
    require(request.header("content-type") == "application/json", "no JSON");
    for (const std::string& word : refused_words) {
        if (request.body.find(word) != std::string::npos) return error(400, "invalid_body");
    }
    if (request.target == "/api/devices/activate") return activate(request);
    if (std::optional<Answer> refused = checked_token(request)) return *refused;
    if (request.target == "/api/devices/sync") return sync(request);
    require(request.target == "/api/devices/token", "no such route: " + request.target);
    return rotate();
}

std::string Cloud::keys() const {
    const std::string key = base64(public_key_.data(), public_key_.size());
    return R"({")" + std::string(has_new_keys ? "r2" : "r1") + R"(":")" + key + R"("})";
}

Answer Cloud::activate(const Request& request) {
    const JsonTree body = parse_json(request.body);
    const std::string code = body.at("pairing_code").text;
    if (code != pairing_code) return error(400, "pairing_code_invalid");
    const std::string nonce = body.at("nonce").text;
    require(nonce.size() >= 16, "a short nonce");
    if (nonces_.count(code) != 0 && nonces_[code] != nonce) return error(400, "pairing_code_invalid");
    nonces_[code] = nonce;
    ++activations;
    is_revoked = false;
    return {200, R"({"device_id":")" + std::string(device_id) + R"(","device_token":")" + valid_token +
                     R"(","settings":)" + settings + R"(,"settings_version":)" + std::to_string(settings_version) +
                     R"(,"next_seq":)" + std::to_string(next_seq) + R"(,"server_time":")" +
                     to_rfc3339(now_ms()).c_str() + R"(","receipt_keys":)" + keys() + "}",
            {{"Content-Type", "application/json"}}};
}

std::optional<Answer> Cloud::checked_token(const Request& request) {
    if (is_revoked) return error(403, "device_revoked");
    const std::string token = request.header("x-device-token");
    if (!pending_token.empty() && token == pending_token) {
        valid_token = pending_token;
        pending_token.clear();
    }
    if (token != valid_token) return error(401, "invalid_credential");
    return {};
}

Answer Cloud::rotate() {
    if (pending_token.empty()) pending_token = valid_token + "_next";
    return {200, R"({"device_token":")" + pending_token + R"("})", {{"Content-Type", "application/json"}}};
}

Answer Cloud::sync(const Request& request) {
    const JsonTree body = parse_json(request.body);
    for (const auto& [name, value] : body.fields) require(sync_fields.count(name) == 1, "a field " + name);
    syncs.push_back(body);
    keep_events(body);
    keep_acks(body);
    ++batches_;
    bool has_places = false;
    std::string objects_text;
    std::size_t unsent = 0;
    if (body.has("objects")) {
        for (const JsonTree& object : body.at("objects").elements) {
            unsent += object.has("sent") ? 0 : 1;
            objects_text += (objects_text.empty() ? "" : ",") + object_answer(object, has_places);
        }
        require(body.at("objects").elements.size() <= 100 && unsent <= 50, "too many objects");
    }
    std::string text = R"({"server_time":")" + std::string(to_rfc3339(now_ms()).c_str()) + R"(","settings_version":)" +
                       std::to_string(settings_version);
    const std::string version = std::to_string(settings_version);
    const bool knows_settings = body.has("settings_version") && body.at("settings_version").text == version;
    if (!knows_settings) text += R"(,"settings":)" + settings;
    const std::string key_id = has_new_keys ? "r2" : "r1";
    if (body.has("receipt_key_ids") && body.at("receipt_key_ids").elements.at(0).text != key_id) {
        text += R"(,"receipt_keys":)" + keys();
    }
    text += command_list();
    text += repeated_word("events", "accepted", body) + repeated_word("acks", "done", body);
    if (has_places) {
        text += R"(,"uploads":{"origin":")" + upload_scheme + "://" + upload_host + R"(","host":")" + upload_host +
                R"(","port":)" + (upload_scheme == "https" ? "443" : "80") + R"(,"path_prefix":"/devices/)" +
                device_id + R"(/","query":"batch=)" + std::to_string(batches_) +
                R"(&X-Amz-Signature=","expires_at":")" + to_rfc3339(now_ms() + std::int64_t{place_lifetime_s} * 1000).c_str() + R"("})";
    }
    if (!objects_text.empty()) text += R"(,"objects":[)" + objects_text + "]";
    return {200, text + "}", {{"Content-Type", "application/json"}}};
}

std::string Cloud::object_answer(const JsonTree& object, bool& has_places) {
    const std::string hash = object.at("sha256").text;
    const std::string tail = "packs/" + padded(object.at("first_seq").number()) + "-" +
                             padded(object.at("last_seq").number()) + "-" + hash.substr(0, 12) + ".zip";
    const std::string key = "devices/" + std::string(device_id) + "/" + tail;
    const auto held = objects.find(key);
    if (held != objects.end()) {
        require(sha256_hex(held->second) == hash, "another sha256 under the same key");
        receipted.insert(held->second);
        const std::string except = exceptions(held->second);
        return R"({"receipt":)" + receipt(key, object) + (except.empty() ? "" : R"(,"except":[)" + except + "]") + "}";
    }
    if (object.has("sent") && !offers_again) return "{}";
    has_places = true;
    places_[key] = {hash, object.at("size_bytes").number(), now_ms() + std::int64_t{place_lifetime_s} * 1000,
                    std::to_string(batches_)};
    return R"({"tail":")" + tail + R"(","signature":")" + sha256_hex(key + std::to_string(batches_)) + R"("})";
}

std::string Cloud::exceptions(const Content& pack) {
    std::string text;
    for (const auto& [seq, jpeg] : captures_of(pack)) {
        if (held_otherwise.count(seq) == 0 && !holds_all_otherwise) {
            photos.emplace(seq, jpeg);
            continue;
        }
        photos.erase(seq);
        text += (text.empty() ? "" : ",") + std::string(R"({"seq":)") + std::to_string(seq) + R"(,"next_seq":)" +
                std::to_string(free_seq_++) + "}";
    }
    return text;
}

std::string Cloud::receipt(const std::string& key, const JsonTree& object) {
    const std::string key_id = has_new_keys ? "r2" : "r1";
    const std::string message = "frameferry-receipt-v1\nheld\n" + key_id + "\n" + device_id + "\n" + key + "\n" +
                                object.at("size_bytes").text + "\n" + object.at("sha256").text;
    std::array<unsigned char, 64> signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(message.data()),
                         message.size(), secret_key_.data());
    if (signs_badly) signature[0] ^= 1U;
    return R"({"state":"held","key_id":")" + key_id + R"(","signature":")" + base64(signature.data(), 64) + R"("})";
}

void Cloud::keep_events(const JsonTree& body) {
    if (!body.has("events")) return;
    for (const JsonTree& event : body.at("events").elements) {
        require(event.has("occurred_at"), "an event without a time");
        events[event.at("kind").text + " " + event.at("occurred_at").text] = event;
    }
}

void Cloud::keep_acks(const JsonTree& body) {
    if (!body.has("acks")) return;
    for (const JsonTree& ack : body.at("acks").elements) {
        const std::string id = ack.at("command_id").text;
        acks[id] = ack.has("status") ? ack.at("status").text : "done";
        if (ack.has("detail")) details[id] = ack.at("detail").text;
        const auto is_it = [&](const Command& command) { return command.id == id; };
        commands.erase(std::remove_if(commands.begin(), commands.end(), is_it), commands.end());
    }
}

std::string Cloud::command_list() const {
    std::string text;
    for (const Command& command : commands) {
        text += (text.empty() ? "" : ",") + std::string(R"({"command_id":")") + command.id + R"(","kind":")" +
                command.kind + R"(","status":"delivered","created_at":")" +
                to_rfc3339(command.created_at_ms != 0 ? command.created_at_ms : now_ms()).c_str() +
                R"(","expires_at":"2099-01-01T00:00:00.000Z")" +
                (command.arguments.empty() ? "" : R"(,"arguments":)" + command.arguments) + "}";
    }
    return text.empty() ? "" : R"(,"commands":[)" + text + "]";
}

Answer Cloud::put(const Request& request) {
    ++puts;
    require(request.method == "PUT", "no PUT");
    const std::size_t question = request.target.find('?');
    const std::string key = request.target.substr(1, question - 1);
    const auto place = places_.find(key);
    require(place != places_.end(), "an object that nobody asked for: " + key);
    const std::string query = request.target.substr(question + 1);
    const std::string& batch = place->second.batch;
    const std::string wanted = "batch=" + batch + "&X-Amz-Signature=" + sha256_hex(key + batch);
    if (query != wanted || now_ms() >= place->second.ends_at_ms) return s3_error(403, "AccessDenied");
    require(request.header("content-type") == "application/zip", "Content-Type");
    require(request.header("if-none-match") == "*", "If-None-Match");
    require(request.header("content-length") == std::to_string(place->second.size_bytes), "Content-Length");
    const auto hash = sha256(request.body);
    std::array<unsigned char, 32> named{};
    sodium_hex2bin(named.data(), named.size(), place->second.sha256_hex.data(), 64, nullptr, nullptr, nullptr);
    require(request.header("x-amz-checksum-sha256") == base64(named.data(), named.size()), "x-amz-checksum-sha256");
    if (hash != named) return s3_error(400, "BadDigest");
    if (objects.count(key) != 0) return s3_error(412, "PreconditionFailed");
    if (keeps_nothing) return {};
    objects[key] = request.body;
    for (const auto& [seq, jpeg] : captures_of(request.body)) {
        if (photos.count(seq) != 0 && photos[seq] != jpeg) doubled.push_back("seq " + std::to_string(seq));
        photos[seq] = jpeg;
    }
    return {};
}

Network::NetResult Network::connect(const frameferry::Endpoint& endpoint, std::uint64_t) {
    had_two_at_once = had_two_at_once || is_open_;
    const NetStatus status = on_connect ? on_connect(endpoint) : NetStatus::again;
    clock_.now_ms += 50;
    if (status != NetStatus::again) return NetResult::dead(status);
    ++connections;
    is_open_ = true;
    is_dead_ = is_closed_by_server_ = is_stalled_ = false;
    host_ = endpoint.host;
    received_.clear();
    readable_.clear();
    marks.push_back(moved_bytes);
    return {};
}

std::size_t Network::allowed(std::size_t size, bool& is_cut) {
    const std::uint64_t left = cut_at_byte > moved_bytes ? cut_at_byte - moved_bytes : 0;
    is_cut = left < size;
    return static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
}

Network::NetResult Network::cut(std::uint64_t deadline_ms) {
    cut_at_byte = cut_every_bytes != 0 ? moved_bytes + cut_every_bytes : UINT64_MAX;
    if (cut_as == NetStatus::again) {
        is_stalled_ = true;
        clock_.now_ms = std::max(clock_.now_ms, deadline_ms);
        return {};
    }
    is_dead_ = true;
    return NetResult::dead(cut_as);
}

Network::NetResult Network::write(frameferry::Bytes bytes, std::uint64_t deadline_ms) {
    if (!is_open_ || is_dead_) return NetResult::dead(NetStatus::reset);
    if (is_stalled_) return clock_.now_ms = std::max(clock_.now_ms, deadline_ms), NetResult{};
    if (is_closed_by_server_) return NetResult::of(bytes.size);  // the kernel takes it; the reset comes later
    bool is_cut = false;
    const std::size_t size = allowed(bytes.size, is_cut);
    if (size == 0) return cut(deadline_ms);
    moved_bytes += size;
    received_ += bytes.first(size).text();
    take_requests();
    return NetResult::of(size);
}

Network::NetResult Network::read(frameferry::Room room, std::uint64_t deadline_ms) {
    if (!is_open_ || is_dead_) return NetResult::dead(NetStatus::reset);
    if (readable_.empty() || is_stalled_) {
        if (is_closed_by_server_) return NetResult::dead(NetStatus::closed);
        clock_.now_ms = std::max(clock_.now_ms, deadline_ms);
        return {};
    }
    bool is_cut = false;
    const std::size_t size = allowed(std::min(room.size, readable_.size()), is_cut);
    if (size == 0) return cut(deadline_ms);
    std::copy_n(readable_.begin(), size, room.data);
    readable_.erase(0, size);
    moved_bytes += size;
    return NetResult::of(size);
}

void Network::take_requests() {
    const std::size_t head = received_.find("\r\n\r\n");
    if (head == std::string::npos) return;
    Request request;
    request.host = host_;
    std::size_t at = received_.find("\r\n");
    const std::string line = received_.substr(0, at);
    request.method = line.substr(0, line.find(' '));
    request.target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    while (at < head) {
        const std::size_t end = received_.find("\r\n", at + 2);
        const std::string field = received_.substr(at + 2, end - at - 2);
        std::string name = field.substr(0, field.find(':'));
        for (char& character : name) character = static_cast<char>(std::tolower(character));
        request.headers[name] = field.substr(field.find(": ") + 2);
        at = end;
    }
    const std::size_t length = std::stoul("0" + request.header("content-length"));
    if (received_.size() < head + 4 + length) return;
    marks.push_back(moved_bytes - length);
    marks.push_back(moved_bytes);
    request.body = received_.substr(head + 4, length);
    received_.erase(0, head + 4 + length);
    requests.push_back(request);
    std::optional<Answer> other = instead ? instead(request) : std::nullopt;
    say(other ? *other : cloud_.answer(request));
}

void Network::say(const Answer& answer) {
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Said\r\nDate: Fri, 26 Dec 2025 10:15:31 GMT\r\n";
    for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
    text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
    marks.push_back(moved_bytes + text.size());
    readable_ += text + answer.body;
    marks.push_back(moved_bytes + text.size() + answer.body.size());
    is_closed_by_server_ = closes_after_each_answer;
}

}  // namespace fake_cloud
