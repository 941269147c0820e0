// A device on a machine in memory, before the fake cloud: one run from a boot to a reset.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fakes/fake_cloud.h"
#include "fakes/memory_ports.h"
#include "fakes/memory_storage.h"
#include "frameferry/device.h"

namespace device_run {

// Each picture is another one.
class PictureCamera final : public frameferry::Camera {
public:
    bool grab(frameferry::Frame& frame) override {
        if (while_grabbing) while_grabbing();
        if (is_dead) return false;
        picture_ = "\xFF\xD8 picture " + std::to_string(++taken) + std::string(picture_bytes, 'x') + "\xFF\xD9";
        if (is_torn) picture_.pop_back();
        frame.jpeg = frameferry::Bytes(std::string_view(picture_));
        return true;
    }
    void release() override {}
    void configure(frameferry::Resolution resolution, std::uint8_t jpeg_quality) override {
        last_resolution = resolution;
        last_quality = jpeg_quality;
    }
    [[nodiscard]] const std::string& last() const { return picture_; }

    bool is_dead = false;
    bool is_torn = false;
    std::function<void()> while_grabbing;
    int taken = 0;
    std::size_t picture_bytes = 200;
    frameferry::Resolution last_resolution = frameferry::Resolution::qvga;
    std::uint8_t last_quality = 0;

private:
    std::string picture_;
};

class QuietHealth final : public frameferry::HealthSource {
public:
    void measure(frameferry::Health& health) override { health.battery_percent = 83; }
};

class CountingActions final : public frameferry::Actions {
public:
    void reboot() override { ++reboots; }
    bool open_portal() override { return ++portals, has_portal; }
    int reboots = 0;
    int portals = 0;
    bool has_portal = true;
};

// What outlives a reset, and the world around.
struct World {
    World() : cloud(clock), network(clock, cloud) { watch_removals(); }

    // A pack may leave the card only once the cloud has given a receipt for its bytes.
    void watch_removals() {
        storage.before_remove = [this](const std::string& path, const memory_ports::MemoryStorage::Content& bytes) {
            if (path.find(".zip") == std::string::npos || is_eviction_allowed) return;
            const std::string pack(bytes.begin(), bytes.end());
            if (cloud.receipted.count(pack) == 0) removed_unproved.push_back(path);
        };
    }

    memory_ports::ManualClock clock;
    memory_ports::MemoryStorage storage;
    memory_ports::MemoryValues values;
    fake_cloud::Cloud cloud;
    fake_cloud::Network network;
    PictureCamera camera;
    QuietHealth health;
    CountingActions actions;
    frameferry::TaskWatch watch;
    bool is_eviction_allowed = false;
    std::vector<std::string> removed_unproved;
    std::uint32_t boots = 0;
};

class Run {
public:
    using Room = frameferry::DeviceRoom<64, 20>;

    explicit Run(World& world, frameferry::DeviceConfig config = {}) : world_(world), entropy_(++world.boots) {
        if (config.api_url.empty()) config.api_url = "https://api.test/api";
        if (config.firmware_version.empty()) config.firmware_version = "test/1";
        world.storage.forget_handles();
        world.network.close();
        device = std::make_unique<frameferry::Device>(
            frameferry::DevicePorts{world.clock, entropy_, world.storage, world.values, world.network, world.camera,
                                    world.health, world.actions, nullptr, nullptr, &world.watch},
            frameferry::DeviceMutexes{mutexes_[0], mutexes_[1], mutexes_[2], mutexes_[3], mutexes_[4]}, room_->memory(),
            config);
        started = device->start();
    }

    // Steps of both tasks until the time has passed, or nothing is left to be sent.
    void go_on(std::uint64_t for_ms, bool captures = true) {
        const std::uint64_t until_ms = world_.clock.now_ms + for_ms;
        while (world_.clock.now_ms < until_ms && !device->has_ended()) {
            std::uint64_t wait_ms = 1'000;
            if (captures) wait_ms = std::min<std::uint64_t>(wait_ms, device->capture_step());
            const std::uint32_t uplink_ms = device->uplink_step();
            wait_ms = std::min<std::uint64_t>(wait_ms, uplink_ms);
            world_.clock.now_ms += wait_ms;
        }
    }
    void take(int photos) {
        for (; photos != 0; --photos) {
            frameferry::Seq seq = 0;
            frameferry::Frame frame;
            world_.camera.grab(frame);
            const frameferry::CaptureMeta meta{device->boot_id(), world_.clock.now_ms, 0, false};
            const auto status = device->queue().put(meta, frame.jpeg, seq);
            if (status != frameferry::QueueStatus::ok) throw std::runtime_error("a photo was not queued");
        }
    }
    // True where the queue was drained within the time.
    bool drain(std::uint64_t within_ms = 7'200'000) {
        const std::uint64_t until_ms = world_.clock.now_ms + within_ms;
        while (!device->is_drained() && world_.clock.now_ms < until_ms && !device->has_ended()) {
            const std::uint32_t wait_ms = device->uplink_step();
            world_.clock.now_ms += std::min<std::uint32_t>(wait_ms, 60'000);
        }
        return device->is_drained();
    }
    bool pair() {
        if (!device->pairing_code("7zk3m-q9v1a")) return false;
        for (int steps = 0; steps < 100 && !device->is_paired(); ++steps) {
            world_.clock.now_ms += std::min<std::uint32_t>(device->uplink_step(), 60'000);
        }
        return device->is_paired();
    }

    memory_ports::CheckedMutex& capture_mutex() { return mutexes_[1]; }

    frameferry::StartStatus started{};
    std::unique_ptr<frameferry::Device> device;

private:
    World& world_;
    memory_ports::SeededEntropy entropy_;
    std::array<memory_ports::CheckedMutex, 5> mutexes_;
    std::unique_ptr<Room> room_ = std::make_unique<Room>();
};

}  // namespace device_run
