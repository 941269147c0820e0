// frameferry-device: the firmware's core as a program of this machine.
#include <sodium.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <thread>

#include "host/host_device.h"

namespace {

constexpr long look_ns = 50'000'000;
constexpr int grace_looks = 20;  // what an upload under way may still take after a stop

volatile std::sig_atomic_t is_asked_to_stop = 0;

void note_signal(int) { is_asked_to_stop = 1; }

void listen_to_signals() {
    struct sigaction noted {};
    noted.sa_handler = note_signal;
    ::sigaction(SIGINT, &noted, nullptr);
    ::sigaction(SIGTERM, &noted, nullptr);
    (void)std::signal(SIGPIPE, SIG_IGN);
}

void look_again_later() {
    const std::timespec moment{0, look_ns};
    ::nanosleep(&moment, nullptr);
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Signals only leave a note: the device works in threads of its own, so that a stop waits for no network.
int run_until_stopped(frameferry::HostDevice& device) {
    std::atomic<int> code{-1};
    std::thread working([&] { code = device.run(); });
    while (code < 0 && is_asked_to_stop == 0) look_again_later();
    device.stop();
    for (int look = 0; code < 0 && look < grace_looks; ++look) look_again_later();
    if (code < 0) std::_Exit(0);
    working.join();
    return code;
}

}  // namespace

int main(int count, char** words) {
    const std::optional<frameferry::Options> options = frameferry::parse_options(count, words);
    if (!options) return 2;
    if (options->wants_help) {
        frameferry::print_help();
        return 0;
    }
    frameferry::FolderCamera camera(options->photo_folder, options->count);
    if (!camera.has_pictures()) {
        std::fprintf(stderr, "frameferry-device: there is no JPEG in %s\n", options->photo_folder.c_str());
        return 2;
    }
    frameferry::StateFolder state(options->state_folder);
    if (!state.hold() || sodium_init() < 0) return 1;
    listen_to_signals();
    frameferry::HostDevice device(*options, state, camera, content_of(options->ca_file));
    return run_until_stopped(device);
}
