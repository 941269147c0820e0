#include "frameferry/captive_dns.h"

#include <cstring>

namespace frameferry {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 255;
constexpr unsigned type_a = 1;
constexpr unsigned type_any = 255;
constexpr unsigned class_in = 1;

unsigned number_at(Bytes packet, std::size_t at) {
    return static_cast<unsigned>(packet.data[at] << 8U | packet.data[at + 1]);
}

// Where the name ends that begins behind the header; 0 where it is none. A question has no compressed names.
std::size_t end_of_name(Bytes packet) {
    std::size_t at = header_bytes;
    while (at < packet.size && packet.data[at] != 0) {
        if (packet.data[at] > longest_label) return 0;
        at += packet.data[at] + std::size_t{1};
    }
    return at < packet.size && at - header_bytes < longest_name ? at + 1 : 0;
}

bool is_question(Bytes packet) {
    constexpr std::uint8_t response_and_opcode = 0xF8;
    if (packet.size < header_bytes || packet.size > dns_packet_bytes) return false;
    return (packet.data[2] & response_and_opcode) == 0 && number_at(packet, 4) == 1 && number_at(packet, 6) == 0;
}

// Name: the one at 12. Type A, class IN, for ten seconds: the phone is to forget it when it leaves.
constexpr std::array<std::uint8_t, 12> answer_head{0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4};

}  // namespace

std::size_t answer_dns(Bytes query, const Ipv4& address, Room reply) {
    if (!is_question(query)) return 0;
    const std::size_t name_end = end_of_name(query);
    if (name_end == 0 || name_end + 4 > query.size) return 0;
    const std::size_t question_end = name_end + 4;
    const unsigned type = number_at(query, name_end);
    const bool is_ours = number_at(query, name_end + 2) == class_in && (type == type_a || type == type_any);
    const std::size_t size = question_end + (is_ours ? answer_head.size() + address.size() : 0);
    if (size > reply.size) return 0;

    std::memcpy(reply.data, query.data, question_end);
    reply.data[2] = static_cast<std::uint8_t>(0x84U | (query.data[2] & 1U));  // a response, with authority
    reply.data[3] = 0;
    std::memset(reply.data + 6, 0, header_bytes - 6);  // no other records: not those of EDNS either
    reply.data[7] = is_ours ? 1 : 0;
    if (is_ours) {
        std::memcpy(reply.data + question_end, answer_head.data(), answer_head.size());
        std::memcpy(reply.data + question_end + answer_head.size(), address.data(), address.size());
    }
    return size;
}

}  // namespace frameferry
