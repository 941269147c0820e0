#include "frameferry/wifi_joiner.h"

namespace frameferry {

WifiJoiner::Step WifiJoiner::step(std::uint64_t now_ms, std::size_t networks, Link link) {
    if (state_ == State::joining) return look_at_join(now_ms, networks, link);
    if (state_ == State::joined) {
        if (link.has_address) return {};
        rounds_.lost(now_ms);
        state_ = State::waiting;
    }
    return next(now_ms, networks);
}

WifiJoiner::Step WifiJoiner::look_at_join(std::uint64_t now_ms, std::size_t networks, Link link) {
    if (link.has_address) {
        rounds_.joined(network_);
        state_ = State::joined;
        return {};
    }
    if (!link.has_failed && now_ms < joins_until_ms_) return {};
    rounds_.failed(now_ms, networks);
    state_ = State::waiting;
    return {Step::What::leave, 0, 0};
}

WifiJoiner::Step WifiJoiner::next(std::uint64_t now_ms, std::size_t networks) {
    const WifiRounds::Step round = rounds_.next(now_ms, networks);
    if (!round.is_join) return {Step::What::nothing, 0, round.wait_ms};
    network_ = round.network;
    joins_until_ms_ = now_ms + WifiRounds::join_within_ms;
    state_ = State::joining;
    return {Step::What::join, network_, 0};
}

}  // namespace frameferry
