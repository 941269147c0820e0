"""When bytes cross the link, to the microsecond, on a clock that is only numbers."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.link.bottleneck import Arrival, Bottleneck
from infra.local.link.faults import Drop, FaultPlan, Refusal, Stall, faults_by_chance
from infra.local.link.flow import Flow, Window
from infra.local.link.profile import FLAKY, HOTSPOT, LAN, LWIP, PROFILES, LinkProfile

RTT_S = 0.08
SEGMENT_BYTES = 1460
NO_LIMIT = Window(initial=10**9, limit=10**9)
SLOW_START = Window(initial=10 * SEGMENT_BYTES, limit=10**9)
UNLIMITED = LinkProfile(up_bit_s=None, down_bit_s=None, rtt_s=RTT_S)
ONE_SEGMENT_S = 1500 * 8 / 5e6
"""A full segment and its headers at 5 Mbit/s."""


def of_bandwidth(bit_s: float | None) -> Bottleneck:
    return Bottleneck(bit_s, UNLIMITED)


def added(link: Bottleneck, flow: Flow) -> Flow:
    link.add(flow)
    return flow


def arrivals(link: Bottleneck, until_s: float = 1000.0) -> list[tuple[float, int]]:
    return [(arrival.at_s, arrival.size_bytes) for arrival in link.arrived_until(until_s)]


def near(*expected: tuple[float, int]) -> list[tuple[object, int]]:
    return [(pytest.approx(at_s, abs=1e-6), size) for at_s, size in expected]


def test_window_doubles_in_every_round_trip() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(SLOW_START))

    link.offer(flow, 100 * SEGMENT_BYTES, 0.0)

    segments = [10, 20, 40, 30]
    at_s = [0.5 * RTT_S, 1.5 * RTT_S, 2.5 * RTT_S, 3.5 * RTT_S]
    sent: Counter[float] = Counter()
    for arrived_s, size in arrivals(link):
        sent[round(arrived_s, 6)] += size
    assert sent == {round(at, 6): count * SEGMENT_BYTES for at, count in zip(at_s, segments, strict=True)}


def test_window_grows_to_its_limit_and_no_further() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(Window(1000, 3000)))

    link.offer(flow, 10_000, 0.0)

    assert arrivals(link) == near((0.04, 1000), (0.12, 2000), (0.2, 3000), (0.28, 3000), (0.36, 1000))


@pytest.mark.parametrize(("idle_s", "first_burst"), [(0.9, 40), (1.1, 10)])
def test_window_starts_anew_after_a_second_without_sending(idle_s: float, first_burst: int) -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(replace(SLOW_START, restart_after_idle_s=1.0)))
    link.offer(flow, 30 * SEGMENT_BYTES, 0.0)
    arrivals(link)

    again_s = RTT_S + idle_s  # the last of the first bytes left after one round trip
    link.offer(flow, 40 * SEGMENT_BYTES, again_s)

    [(first_s, first_bytes), *_] = arrivals(link)
    assert first_s == pytest.approx(again_s + RTT_S / 2)
    assert first_bytes == first_burst * SEGMENT_BYTES


def test_window_without_a_restart_stays_open() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(SLOW_START))
    link.offer(flow, 30 * SEGMENT_BYTES, 0.0)
    arrivals(link)

    link.offer(flow, 40 * SEGMENT_BYTES, 900.0)

    assert arrivals(link) == near((900.0 + RTT_S / 2, 40 * SEGMENT_BYTES))


def test_send_buffer_of_lwip_lets_5760_bytes_through_a_round_trip() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(Window(5760, 5760)))

    link.offer(flow, 4 * 5760, 0.0)

    assert arrivals(link) == near(*((RTT_S / 2 + n * RTT_S, 5760) for n in range(4)))


def test_bandwidth_is_shared_by_bytes_and_their_headers() -> None:
    link = of_bandwidth(5e6)
    flow = added(link, Flow(NO_LIMIT))

    link.offer(flow, 3 * SEGMENT_BYTES + 1, 0.0)

    full = [(n * ONE_SEGMENT_S + RTT_S / 2, SEGMENT_BYTES) for n in (1, 2, 3)]
    assert arrivals(link) == near(*full, (3 * ONE_SEGMENT_S + 41 * 8 / 5e6 + RTT_S / 2, 1))


def test_a_fast_link_sends_many_segments_at_once_at_the_same_pace() -> None:
    link = of_bandwidth(100e6)
    flow = added(link, Flow(NO_LIMIT))

    link.offer(flow, 1000 * SEGMENT_BYTES, 0.0)

    arrived = arrivals(link)
    assert arrived[-1][0] == pytest.approx(1000 * 1500 * 8 / 100e6 + RTT_S / 2)
    assert len(arrived) < 200


def test_two_connections_share_the_bottleneck_evenly() -> None:
    link = of_bandwidth(5e6)
    first, second = added(link, Flow(NO_LIMIT)), added(link, Flow(NO_LIMIT))
    link.offer(first, 10**6, 0.0)
    link.offer(second, 10**6, 0.0)

    got: Counter[Flow] = Counter()
    for arrival in link.arrived_until(1.0):
        got[arrival.flow] += arrival.size_bytes
        assert abs(got[first] - got[second]) <= SEGMENT_BYTES

    assert got.total() == pytest.approx((1.0 - RTT_S / 2) / ONE_SEGMENT_S * SEGMENT_BYTES, abs=SEGMENT_BYTES)


def test_a_short_request_waits_for_one_segment_of_an_upload_and_not_for_its_end() -> None:
    link = of_bandwidth(5e6)
    upload, request = added(link, Flow(NO_LIMIT)), added(link, Flow(NO_LIMIT))
    link.offer(upload, 10**6, 0.0)

    link.offer(request, 100, 0.5)

    [arrived] = [arrival for arrival in link.arrived_until(2.0) if arrival.flow is request]
    assert 0.5 < arrived.at_s - RTT_S / 2 <= 0.5 + ONE_SEGMENT_S + 140 * 8 / 5e6


def test_a_flow_alone_gets_what_the_others_leave() -> None:
    link = of_bandwidth(5e6)
    capped, free = added(link, Flow(Window(5760, 5760))), added(link, Flow(NO_LIMIT))
    link.offer(capped, 10**6, 0.0)
    link.offer(free, 10**7, 0.0)

    got: Counter[Flow] = Counter()
    for arrival in link.arrived_until(10.0):
        got[arrival.flow] += arrival.size_bytes

    assert got[capped] / 10 == pytest.approx(5760 / RTT_S, rel=0.1)
    assert got.total() / 10 == pytest.approx(SEGMENT_BYTES / ONE_SEGMENT_S, rel=0.02)


def test_nothing_leaves_before_the_connection_is_there() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(NO_LIMIT, opens_at_s=RTT_S))

    link.offer(flow, 100, 0.01)

    assert arrivals(link) == near((RTT_S * 1.5, 100))


def test_a_sender_that_computes_sends_nothing_meanwhile() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(NO_LIMIT))

    flow.hold_until(1.25)
    link.offer(flow, 100, 0.1)

    assert arrivals(link) == near((1.29, 100))


def test_a_stall_begins_after_its_byte_and_lasts_its_time() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(NO_LIMIT, stalls=[(700, 3.0), (0, 1.0)]))

    link.offer(flow, 1000, 0.0)

    assert arrivals(link) == near((1.04, 700), (4.04, 300))
    assert flow.take_stalled() == 2
    assert flow.take_stalled() == 0


@pytest.mark.parametrize("cut_after", [0, 1, 1460, 1461, 2999])
def test_a_cut_comes_with_its_last_byte_and_nothing_follows(cut_after: int) -> None:
    link = of_bandwidth(5e6)
    flow = added(link, Flow(NO_LIMIT, cut_after=cut_after))

    link.offer(flow, 3000, 0.0)

    arrived = link.arrived_until(1000.0)
    assert sum(arrival.size_bytes for arrival in arrived) == cut_after
    assert [arrival.is_cut for arrival in arrived] == [False] * (len(arrived) - 1) + [True]
    assert link.next_look_s() == math.inf


def test_a_reader_that_is_slow_holds_its_sender_back() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(NO_LIMIT))
    flow.is_blocked = True
    link.offer(flow, 100, 0.0)
    assert (arrivals(link, 1.0), link.next_look_s()) == ([], math.inf)

    flow.is_blocked = False

    assert [size for _, size in arrivals(link, 2.0)] == [100]


def test_asleep_nothing_is_sent_and_what_is_on_its_way_arrives() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(NO_LIMIT))
    link.offer(flow, 100, 0.0)
    link.sleep(0.01)
    link.offer(flow, 200, 0.02)

    assert arrivals(link, 1.0) == near((0.04, 100))
    assert link.next_look_s() == math.inf
    link.wake(2.0)
    assert arrivals(link, 3.0) == near((2.04, 200))


def test_a_connection_that_is_gone_takes_no_bandwidth() -> None:
    link = of_bandwidth(5e6)
    gone, left = added(link, Flow(NO_LIMIT)), added(link, Flow(NO_LIMIT))
    link.offer(gone, 10**6, 0.0)
    link.offer(left, SEGMENT_BYTES, 0.0)

    link.remove(gone)
    link.remove(gone)

    assert [arrival.flow for arrival in link.arrived_until(100.0)] == [gone, left]


def test_a_link_that_changes_its_pace_keeps_the_order() -> None:
    link = of_bandwidth(5e6)
    flow = added(link, Flow(NO_LIMIT))
    link.offer(flow, 1000, 0.0)
    link.arrived_until(0.01)

    link.become(None, replace(UNLIMITED, rtt_s=0.0))
    link.offer(flow, 2000, 0.02)

    assert [size for _, size in arrivals(link)] == [1000, 2000]


def test_an_answer_that_is_late_because_its_request_came_late_counts_from_when_it_should_have_been() -> None:
    link = of_bandwidth(None)
    flow = added(link, Flow(NO_LIMIT))
    link.arrived_until(0.5)

    link.offer(flow, 100, 0.45)

    assert arrivals(link) == near((0.49, 100))


def test_next_look_is_at_the_last_of_the_arrivals_that_are_near_to_the_first() -> None:
    link = of_bandwidth(5e6)
    flow = added(link, Flow(NO_LIMIT))
    assert link.next_look_s() == math.inf
    link.offer(flow, 10 * SEGMENT_BYTES, 1.0)
    assert link.next_look_s() == 1.0
    link.arrived_until(1.03)

    first_s = 1.0 + ONE_SEGMENT_S + RTT_S / 2
    assert link.next_look_s() == pytest.approx(first_s)
    assert link.next_look_s(2.5 * ONE_SEGMENT_S) == pytest.approx(first_s + 2 * ONE_SEGMENT_S)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 20_000), st.floats(0, 0.2)), max_size=30), st.randoms())
def test_who_looks_seldom_sees_the_same_as_who_looks_often(
    offers: list[tuple[int, int, float]], chance: random.Random
) -> None:
    """So a machine that is busy changes when bytes are handed over, and nothing of what comes after."""

    def run(looks: int) -> list[tuple[int, float, int]]:
        link = of_bandwidth(5e6)
        windows = (NO_LIMIT, SLOW_START, Window(5760, 5760, 0.1))
        flows = [added(link, Flow(window, stalls=[(5000, 0.3)])) for window in windows]
        seen: list[Arrival] = []
        now_s = 0.0
        for number, size, later_s in offers:
            for at_s in sorted(chance.uniform(now_s, now_s + later_s) for _ in range(looks)):
                seen += link.arrived_until(at_s)
                link.next_look_s(0.002)
            now_s += later_s
            link.offer(flows[number], size, now_s)
        seen += link.arrived_until(1e6)
        return [(flows.index(arrival.flow), round(arrival.at_s, 9), arrival.size_bytes) for arrival in seen]

    often = run(5)
    assert often == run(0)
    assert sum(size for _, _, size in often) == sum(size for _, size, _ in offers)


def test_wire_bytes_count_the_headers_of_every_segment() -> None:
    assert [HOTSPOT.wire_bytes(size) for size in (0, 1, 1460, 1461)] == [0, 41, 1500, 1541]


def test_profiles_are_what_they_are_called() -> None:
    assert (HOTSPOT.up_bit_s, HOTSPOT.rtt_s, HOTSPOT.full_handshake_cpu_s) == (5e6, 0.08, 1.25)
    assert (LWIP.up_send_buffer_bytes, LWIP.rtt_s) == (5760, HOTSPOT.rtt_s)
    assert LAN.tls is None
    assert FLAKY.connections_per_drop is not None
    assert sorted(PROFILES) == ["flaky", "hotspot", "lan", "lwip"]


def test_planned_faults_come_once_and_in_order_for_each_server() -> None:
    plan = FaultPlan()
    plan.add("s3", Refusal())
    plan.add("s3")
    plan.add("s3", Drop("up", 3), Stall("down", 1, 2.0))

    assert [list(plan(server)) for server in ("api", "s3", "s3", "s3", "s3")] == [
        [],
        [Refusal()],
        [],
        [Drop("up", 3), Stall("down", 1, 2.0)],
        [],
    ]


def test_a_flaky_link_fails_as_often_as_its_profile_says_and_others_never() -> None:
    chance = random.Random(1)
    drawn = [fault for _ in range(4000) for fault in faults_by_chance(FLAKY, chance)]

    drops = [fault for fault in drawn if isinstance(fault, Drop)]
    assert 900 < len(drops) < 1100
    assert 900 < len(drawn) - len(drops) < 1100
    assert {(drop.direction, drop.silent) for drop in drops} == {
        ("up", False),
        ("up", True),
        ("down", False),
        ("down", True),
    }
    assert not any(faults_by_chance(HOTSPOT, chance) for _ in range(100))
