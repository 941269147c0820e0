#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "frameferry/captive_dns.h"

using frameferry::answer_dns;
using frameferry::Bytes;
using frameferry::Ipv4;
using frameferry::Room;
using Packet = std::vector<std::uint8_t>;

namespace {

constexpr Ipv4 portal{192, 168, 4, 1};

Packet question(const std::vector<std::string>& labels, unsigned type, unsigned dns_class = 1) {
    Packet packet{0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
    for (const std::string& label : labels) {
        packet.push_back(static_cast<std::uint8_t>(label.size()));
        packet.insert(packet.end(), label.begin(), label.end());
    }
    packet.push_back(0);
    for (const unsigned number : {type, dns_class}) {
        packet.push_back(static_cast<std::uint8_t>(number >> 8U));
        packet.push_back(static_cast<std::uint8_t>(number & 255U));
    }
    return packet;
}

Packet answer(const Packet& query, std::size_t room_bytes = frameferry::dns_packet_bytes) {
    Packet reply(room_bytes);
    reply.resize(answer_dns(Bytes(query.data(), query.size()), portal, Room(reply.data(), reply.size())));
    return reply;
}

}  // namespace

TEST_CASE("every name is the portal") {
    const Packet asked = question({"captive", "apple", "com"}, 1);
    const Packet told = answer(asked);
    REQUIRE(told.size() == asked.size() + 16);
    CHECK(Packet(told.begin(), told.begin() + 12) == Packet{0x12, 0x34, 0x85, 0, 0, 1, 0, 1, 0, 0, 0, 0});
    CHECK(Packet(told.begin() + 12, told.begin() + static_cast<std::ptrdiff_t>(asked.size())) ==
          Packet(asked.begin() + 12, asked.end()));
    CHECK(Packet(told.end() - 16, told.end()) ==
          Packet{0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 192, 168, 4, 1});
}

TEST_CASE("who asks for IPv6 or for HTTPS is told at once that there is none") {
    for (const unsigned type : {28U, 65U, 15U}) {
        const Packet asked = question({"example", "com"}, type);
        const Packet told = answer(asked);
        REQUIRE(told.size() == asked.size());
        CHECK((told[3] & 15) == 0);
        CHECK(told[7] == 0);
    }
}

TEST_CASE("the records of EDNS behind a question are left out of the answer") {
    Packet asked = question({"example", "com"}, 1);
    const std::size_t question_bytes = asked.size();
    asked[11] = 1;
    asked.insert(asked.end(), {0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0});
    const Packet told = answer(asked);
    CHECK(told.size() == question_bytes + 16);
    CHECK(told[11] == 0);
}

TEST_CASE("what is no question is dropped") {
    const Packet good = question({"example", "com"}, 1);
    for (std::size_t size = 0; size < good.size(); ++size) {
        CHECK(answer(Packet(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))).empty());
    }
    Packet response = good;
    response[2] |= 0x80;
    CHECK(answer(response).empty());
    Packet status = good;
    status[2] |= 0x10;
    CHECK(answer(status).empty());
    Packet two_questions = good;
    two_questions[5] = 2;
    CHECK(answer(two_questions).empty());
    Packet compressed = good;
    compressed[12] = 0xC0;
    CHECK(answer(compressed).empty());
    CHECK(answer(Packet(600, 1)).empty());
}

TEST_CASE("another class gets no address") {
    CHECK(answer(question({"version", "bind"}, 1, 3))[7] == 0);
}

TEST_CASE("an answer that does not fit its room is none") {
    const Packet asked = question({"example", "com"}, 1);
    CHECK(answer(asked, asked.size() + 15).empty());
    CHECK(answer(asked, asked.size() + 16).size() == asked.size() + 16);
}

TEST_CASE("a name longer than 255 bytes is none") {
    const std::string label(63, 'a');
    CHECK(answer(question({label, label, label, std::string(61, 'a')}, 1)).size() > 255);
    CHECK(answer(question({label, label, label, label}, 1)).empty());
}

TEST_CASE("no packet of random bytes makes it read or write beyond") {
    std::mt19937 random(11);
    for (int round = 0; round < 20'000; ++round) {
        Packet packet = question({"example", "com"}, 1);
        packet.resize(random() % 64);
        for (int change = 0; change < 4 && !packet.empty(); ++change) {
            packet[random() % packet.size()] = static_cast<std::uint8_t>(random());
        }
        CHECK(answer(packet).size() <= packet.size() + 16);
    }
}
