// Reads a pack as the server does, and believes nothing. Shares no code with the core.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct CheckedCapture {
    std::uint64_t seq = 0;
    std::uint32_t epoch = 0;
    std::uint64_t boot_id = 0;
    std::int64_t captured_at_ms = 0;
    std::vector<std::uint8_t> device_id;
    std::vector<std::uint8_t> jpeg;
    std::size_t end = 0;  // of the JPEG in the file
};

// What is wrong with the pack; empty where it is whole.
std::string check_pack(const std::vector<std::uint8_t>& pack, std::vector<CheckedCapture>& captures);
std::vector<std::uint8_t> sha256_of(const std::vector<std::uint8_t>& bytes);
std::uint32_t zip_crc_of(const std::uint8_t* bytes, std::size_t size);
