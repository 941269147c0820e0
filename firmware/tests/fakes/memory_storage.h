// A card in memory that loses nothing: for tests of what is above the queue.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "frameferry/ports.h"

namespace memory_ports {

class MemoryStorage final : public frameferry::Storage {
public:
    using IoStatus = frameferry::IoStatus;
    using Content = std::vector<std::uint8_t>;

    IoStatus open(std::string_view path, File& file) override {
        if (is_away) return IoStatus::no_card;
        if (files.count(std::string(path)) == 0) return IoStatus::not_found;
        return opened(path, file);
    }
    IoStatus create(std::string_view path, File& file) override {
        if (is_away) return IoStatus::no_card;
        files[std::string(path)].clear();
        return opened(path, file);
    }
    void close(File file) override { open_.erase(file); }
    IoStatus size(File file, std::uint32_t& size_bytes) override {
        if (is_away) return IoStatus::no_card;
        size_bytes = static_cast<std::uint32_t>(content(file).size());
        return IoStatus::ok;
    }
    IoStatus pread(File file, std::uint32_t at, frameferry::Room room, std::size_t& read_bytes) override {
        if (before_read) before_read();
        if (is_away) return IoStatus::no_card;
        if (fails_reads) return IoStatus::failed;
        const Content& from = content(file);
        read_bytes = at < from.size() ? std::min<std::size_t>(room.size, from.size() - at) : 0;
        std::copy_n(from.begin() + at, read_bytes, room.data);
        return IoStatus::ok;
    }
    IoStatus pwrite(File file, std::uint32_t at, frameferry::Bytes bytes) override {
        if (is_away) return IoStatus::no_card;
        Content& into = content(file);
        if (at + bytes.size > into.size()) return IoStatus::failed;
        std::copy_n(bytes.data, bytes.size, into.begin() + at);
        return IoStatus::ok;
    }
    IoStatus sync(File) override { return is_away ? IoStatus::no_card : IoStatus::ok; }
    IoStatus grow(File file, std::uint32_t size_bytes) override { return resized(file, size_bytes); }
    IoStatus trim(File file, std::uint32_t size_bytes) override { return resized(file, size_bytes); }
    IoStatus remove(std::string_view path) override {
        if (is_away) return IoStatus::no_card;
        const auto found = files.find(std::string(path));
        if (found == files.end()) return IoStatus::not_found;
        if (before_remove) before_remove(found->first, found->second);
        files.erase(found);
        return IoStatus::ok;
    }
    IoStatus make_folder(std::string_view path) override {
        folders.insert(std::string(path));
        return is_away ? IoStatus::no_card : IoStatus::ok;
    }
    IoStatus list(std::string_view folder, Visitor& visitor) override {
        if (is_away) return IoStatus::no_card;
        const std::string start = std::string(folder) + (folder == "/" ? "" : "/");
        if (folder != "/" && folders.count(std::string(folder)) == 0) return IoStatus::not_found;
        const auto is_in = [&](const std::string& path) {
            return path.size() > start.size() && path.compare(0, start.size(), start) == 0 &&
                   path.find('/', start.size()) == std::string::npos;
        };
        std::vector<std::pair<std::string, std::uint32_t>> found;
        for (const auto& [path, bytes] : files) {
            if (is_in(path)) found.emplace_back(path.substr(start.size()), static_cast<std::uint32_t>(bytes.size()));
        }
        for (const auto& [name, bytes] : found) {
            if (!visitor.found(name, bytes, false)) return IoStatus::ok;
        }
        for (const std::string& path : std::set<std::string>(folders)) {
            if (is_in(path) && !visitor.found(path.substr(start.size()), 0, true)) return IoStatus::ok;
        }
        return IoStatus::ok;
    }
    IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) override {
        std::uint64_t used_bytes = 0;
        for (const auto& [path, bytes] : files) used_bytes += bytes.size();
        total_bytes = card_bytes;
        free_bytes = card_bytes - std::min(card_bytes, used_bytes);
        return is_away ? IoStatus::no_card : IoStatus::ok;
    }

    // After a reset nobody holds a handle.
    void forget_handles() { open_.clear(); }

    std::map<std::string, Content> files;
    std::set<std::string> folders;
    std::uint64_t card_bytes = std::uint64_t{1} << 30U;
    bool is_away = false;
    bool fails_reads = false;
    std::function<void(const std::string& path, const Content& content)> before_remove;
    std::function<void()> before_read;

private:
    IoStatus opened(std::string_view path, File& file) {
        file = next_++;
        open_[file] = std::string(path);
        return IoStatus::ok;
    }
    IoStatus resized(File file, std::uint32_t to_bytes) {
        if (is_away) return IoStatus::no_card;
        content(file).resize(to_bytes);
        return IoStatus::ok;
    }
    Content& content(File file) { return files.at(open_.at(file)); }

    std::map<File, std::string> open_;
    File next_ = 1;
};

}  // namespace memory_ports
