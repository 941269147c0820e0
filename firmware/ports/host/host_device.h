// A device on this machine, from pairing to the end: the core over the host's ports, in two threads as on the board.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "frameferry/device.h"
#include "host/fault_plan.h"
#include "host/faulty_ports.h"
#include "host/file_key_value.h"
#include "host/folder_camera.h"
#include "host/host_clock.h"
#include "host/host_machine.h"
#include "host/options.h"
#include "host/state_folder.h"
#include "host/step_lines.h"
#include "posix/posix_storage.h"
#include "posix/tls_transport.h"

namespace frameferry {

class HostDevice {
public:
    HostDevice(const Options& options, const StateFolder& state, FolderCamera& camera, std::string trusted_pem);

    // Until `stop`, or until there is nothing more to do; once. Gives the exit code.
    int run();
    // From any thread. An upload that is under way ends by itself, or is cut off with the process: either loses nothing.
    void stop() { end(End::stopped); }
    [[nodiscard]] bool has_ended() const { return end_ != End::none; }

private:
    enum class End : std::uint8_t { none, stopped, finished, refused, rebooting };

    // From one boot to the next.
    class Boot;

    void run_once(std::string_view reset_reason);
    void end(End why);
    // True at the end.
    bool rests(std::uint32_t wait_ms);
    // The same, but not any longer than until there is something new for it.
    bool uplink_rests(std::uint32_t wait_ms);
    void tell_uplink();
    void wait_until(std::uint64_t until_ms);

    const Options& options_;
    FolderCamera& camera_;
    std::string trusted_pem_;
    HostClock clock_;
    HostEntropy entropy_;
    StepLines lines_;
    FaultPlan faults_;
    PosixStorage folder_;
    FaultyStorage card_;
    FileKeyValue files_;
    FaultyValues values_;
    TlsTransport network_;
    FaultyTransport transport_;
    FaultyCamera seen_;
    std::atomic<End> end_{End::none};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool has_news_ = false;
};

}  // namespace frameferry
