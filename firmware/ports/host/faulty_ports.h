// The machine's interfaces with faults between them and the core: each hands on what its plan does not spoil.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

#include "frameferry/ports.h"
#include "host/fault_plan.h"

namespace frameferry {

class FaultyStorage final : public Storage {
public:
    FaultyStorage(Storage& storage, FaultPlan& plan) : storage_(storage), plan_(plan) {}

    IoStatus open(std::string_view path, File& file) override;
    IoStatus create(std::string_view path, File& file) override;
    void close(File file) override;
    IoStatus size(File file, std::uint32_t& size_bytes) override;
    IoStatus pread(File file, std::uint32_t at, Room room, std::size_t& read_bytes) override;
    IoStatus pwrite(File file, std::uint32_t at, Bytes bytes) override;
    IoStatus sync(File file) override;
    IoStatus grow(File file, std::uint32_t size_bytes) override;
    IoStatus trim(File file, std::uint32_t size_bytes) override;
    IoStatus remove(std::string_view path) override;
    IoStatus make_folder(std::string_view path) override;
    IoStatus list(std::string_view folder, Visitor& visitor) override;
    IoStatus space(std::uint64_t& total_bytes, std::uint64_t& free_bytes) override;

private:
    [[nodiscard]] IoStatus before_call(File file);
    [[nodiscard]] IoStatus before_change(File file);
    [[nodiscard]] IoStatus before_write(File file, bool takes_room);
    [[nodiscard]] IoStatus failed(File file);

    Storage& storage_;
    FaultPlan& plan_;
    std::set<File> failed_;  // as with FatFs nothing works with such a file until it is opened again
};

class FaultyValues final : public KeyValue {
public:
    FaultyValues(KeyValue& values, FaultPlan& plan) : values_(values), plan_(plan) {}

    Found get(std::string_view key, Room room, std::size_t& size) override { return values_.get(key, room, size); }
    bool put(std::string_view key, Bytes value) override { return may_change() && values_.put(key, value); }
    bool erase(std::string_view key) override { return may_change() && values_.erase(key); }

private:
    bool may_change();

    KeyValue& values_;
    FaultPlan& plan_;
};

class FaultyTransport final : public Transport {
public:
    // Waits until Clock::monotonic_ms is there.
    using Wait = std::function<void(std::uint64_t until_ms)>;

    FaultyTransport(Transport& transport, FaultPlan& plan, Wait wait)
        : transport_(transport), plan_(plan), wait_(std::move(wait)) {}

    NetResult connect(const Endpoint& endpoint, std::uint64_t deadline_ms) override;
    NetResult write(Bytes bytes, std::uint64_t deadline_ms) override;
    NetResult read(Room room, std::uint64_t deadline_ms) override;
    void close() override { transport_.close(); }

private:
    // Bytes of one direction until it ends; beyond any number where it does not.
    struct Course {
        std::uint64_t until_drop = UINT64_MAX;
        std::uint64_t until_stall = UINT64_MAX;

        [[nodiscard]] std::size_t allowed(std::size_t size) const;
        void moved(std::size_t bytes);
    };
    [[nodiscard]] Course course(FaultKind drop, FaultKind stall);
    // What is to be said where nothing may be moved any more.
    NetResult ended(const Course& course, std::uint64_t deadline_ms);

    Transport& transport_;
    FaultPlan& plan_;
    Wait wait_;
    Course up_;
    Course down_;
    bool is_dropped_ = false;
};

class FaultyCamera final : public Camera {
public:
    FaultyCamera(Camera& camera, FaultPlan& plan) : camera_(camera), plan_(plan) {}

    bool grab(Frame& frame) override { return !plan_.strikes(FaultKind::no_picture) && camera_.grab(frame); }
    void release() override { camera_.release(); }
    void configure(Resolution resolution, std::uint8_t jpeg_quality) override {
        camera_.configure(resolution, jpeg_quality);
    }

private:
    Camera& camera_;
    FaultPlan& plan_;
};

}  // namespace frameferry
