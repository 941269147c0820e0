#include "host/host_device.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace frameferry {
namespace {

constexpr std::size_t most_packs = 20'000;
constexpr std::uint32_t longest_rest_ms = 1'000;
constexpr int exit_code_of_a_kill = 137;  // as a shell tells that of SIGKILL
constexpr std::string_view firmware_version = "frameferry-device/0.1.0";

// A step may be taken sooner than it asked for.
std::chrono::milliseconds at_most(std::uint32_t wait_ms) {
    return std::chrono::milliseconds(std::min(wait_ms, longest_rest_ms));
}

class NoPortal final : public Actions {
public:
    void reboot() override {}  // `has_ended` says it
    bool open_portal() override { return false; }
};

class NothingToMeasure final : public HealthSource {
public:
    void measure(Health&) override {}
};

}  // namespace

class HostDevice::Boot {
public:
    Boot(HostDevice& host, std::string_view reset_reason)
        : host_(host),
          device_({host.clock_, host.entropy_, host.card_, host.values_, host.transport_, host.seen_, nothing_,
                   no_portal_, &host.lines_, &host.lines_},
                  {queue_mutex_, capture_mutex_, state_mutex_, values_mutex_, log_mutex_}, room_.memory(),
                  config(host.options_, reset_reason)) {}

    void run() {
        if (!begin()) return;
        std::thread capturing([this] { capture(); });
        upload();
        capturing.join();
    }

private:
    static DeviceConfig config(const Options& options, std::string_view reset_reason) {
        DeviceConfig config;
        config.api_url = options.api_url;
        config.firmware_version = firmware_version;
        config.reset_reason = reset_reason;
        config.allow_plain_http = FERRY_PLAIN_HTTP != 0;
        config.limits.captures = options.pack_captures;
        config.limits.budget_bytes = options.budget_bytes;
        config.interval_ms = options.interval_ms;
        config.always_newest_first = options.newest_first;
        return config;
    }

    bool begin() {
        const StartStatus status = device_.start();
        if (status == StartStatus::no_api) {
            host_.lines_.refused("no_api");
            host_.end(End::refused);
            return false;
        }
        const std::string& code = host_.options_.code;
        const bool is_new_code = !code.empty() && !device_.identity().was_paired_by(code);
        if (is_new_code && !device_.pairing_code(code)) {
            host_.lines_.refused("pairing_code_invalid");
            host_.end(End::refused);
            return false;
        }
        tell_identity();
        look_at_packs(false);
        return true;
    }

    // With a new code, not before the code has made it.
    void tell_identity() {
        const std::string& code = host_.options_.code;
        const IdentityStore& store = device_.identity();
        if (is_told_ || !device_.is_paired() || !(code.empty() || store.was_paired_by(code))) return;
        is_told_ = true;
        if (code.empty()) return host_.lines_.resumed(store.identity());
        host_.lines_.activated(store.identity());
    }

    void capture() {
        while (!host_.camera_.is_finished()) {
            const std::uint32_t wait_ms = device_.capture_step();
            look_at_packs(true);
            if (host_.options_.sends_at_once) device_.send_now();
            host_.tell_uplink();
            if (host_.rests(wait_ms)) return;
        }
        has_no_more_ = true;
        device_.send_now();
        host_.tell_uplink();
    }

    void upload() {
        for (;;) {
            const std::uint32_t wait_ms = device_.uplink_step();
            look_at_packs(true);
            tell_identity();
            if (host_.lines_.was_refused()) return host_.end(End::refused);
            if (device_.has_ended()) {
                host_.lines_.rebooting();
                return host_.end(End::rebooting);
            }
            if (device_.link_state() == LinkState::unpaired) {
                host_.lines_.not_paired();
                return host_.end(End::refused);
            }
            if (has_no_more_ && device_.is_drained()) return host_.end(End::finished);
            if (has_no_more_ && wait_ms != 0) device_.send_now();  // a failure has ended the hurry
            if (host_.lines_.is_unheard()) return host_.end(End::stopped);
            if (host_.uplink_rests(wait_ms)) return;
        }
    }

    // What is sealed by one thread may be sealed by the other.
    void look_at_packs(bool is_to_be_told) {
        const std::lock_guard lock(packs_mutex_);
        QueuedPack pack;
        while (device_.is_paired() && device_.queue().first_from(unseen_from_, pack)) {
            unseen_from_ = pack.seqs.last + 1;
            if (is_to_be_told) host_.lines_.sealed(pack);
        }
    }

    HostDevice& host_;
    NothingToMeasure nothing_;
    NoPortal no_portal_;
    HostMutex queue_mutex_;
    HostMutex capture_mutex_;
    HostMutex state_mutex_;
    HostMutex values_mutex_;
    HostMutex log_mutex_;
    DeviceRoom<most_packs> room_;
    Device device_;
    std::mutex packs_mutex_;
    Seq unseen_from_ = 0;
    bool is_told_ = false;
    std::atomic<bool> has_no_more_{false};
};

HostDevice::HostDevice(const Options& options, const StateFolder& state, FolderCamera& camera, std::string trusted_pem)
    : options_(options),
      camera_(camera),
      trusted_pem_(std::move(trusted_pem)),
      clock_(options.has_no_clock ? HostClock::Start::never_set : HostClock::Start::set),
      faults_(options.faults, options.fault_seed, [this](std::string_view name) { lines_.fault(name); },
              [] { std::_Exit(exit_code_of_a_kill); }),
      folder_(state.card(), read_disk_space),
      card_(folder_, faults_),
      files_(state.values()),
      values_(files_, faults_),
      network_(clock_, entropy_, trusted_pem_.c_str()),
      transport_(network_, faults_, [this](std::uint64_t until_ms) { wait_until(until_ms); }),
      seen_(camera, faults_) {}

int HostDevice::run() {
    run_once("power_on");
    while (end_ == End::rebooting) {
        end_ = End::none;
        run_once("reboot command");
    }
    return end_ == End::refused ? 1 : 0;
}

void HostDevice::run_once(std::string_view reset_reason) { std::make_unique<Boot>(*this, reset_reason)->run(); }

void HostDevice::end(End why) {
    End none = End::none;
    End rebooting = End::rebooting;
    // A stop must not get lost between two boots.
    if (!end_.compare_exchange_strong(none, why) && why == End::stopped) {
        end_.compare_exchange_strong(rebooting, why);
    }
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
}

void HostDevice::tell_uplink() {
    const std::lock_guard lock(mutex_);
    has_news_ = true;
    changed_.notify_all();
}

void HostDevice::wait_until(std::uint64_t until_ms) {
    const std::uint64_t now_ms = clock_.monotonic_ms();
    if (until_ms > now_ms) std::this_thread::sleep_for(std::chrono::milliseconds(until_ms - now_ms));
}

bool HostDevice::rests(std::uint32_t wait_ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most(wait_ms), [&] { return has_ended(); });
}

bool HostDevice::uplink_rests(std::uint32_t wait_ms) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most(wait_ms), [&] { return has_news_ || has_ended(); });
    has_news_ = false;
    return has_ended();
}

}  // namespace frameferry
