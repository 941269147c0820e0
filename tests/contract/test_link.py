"""The link over real sockets: what comes through it, what does not, and what it counts. How fast it is, is measured
in bench/; here time is only ever waited for at least, less what the link credits to an end that it served late."""

from __future__ import annotations

import os
import random
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.http_server import Exchange
from infra.local.link.faults import Drop, Fault, Refusal, Server, Stall
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import HOTSPOT, LWIP, LinkProfile, TlsVersion
from tests.contract.link_rig import QUICK, connected, eventually, http_server, link_to, raw_server

BODY = random.Random(1).randbytes(300_000)
CREDIT_S = 0.03
"""Half a round trip of 0.03 s each way."""
WITH_TLS = replace(QUICK, tls="1.2")

SIZES = st.integers(0, 60_000)
FAULTS = st.one_of(
    st.builds(Refusal),
    st.builds(Drop, st.sampled_from(["up", "down"]), SIZES),
    st.builds(Stall, st.sampled_from(["up", "down"]), SIZES, st.floats(0, 0.01)),
)
PACES = st.builds(
    LinkProfile,
    up_bit_s=st.sampled_from([None, 20e6, 1e9]),
    down_bit_s=st.sampled_from([None, 20e6, 1e9]),
    rtt_s=st.sampled_from([0.0, 0.002, 0.01]),
    segment_bytes=st.sampled_from([536, 1460]),
    initial_window_segments=st.integers(1, 10),
    up_send_buffer_bytes=st.sampled_from([None, 5760]),
)


@pytest.fixture(scope="module")
def echoing() -> Iterator[str]:
    with http_server() as url:
        yield url


@settings(max_examples=40)
@given(PACES, st.lists(FAULTS, max_size=3), SIZES, SIZES)
def test_bytes_arrive_intact_and_in_order_under_any_faults(
    profile: LinkProfile, faults: list[Fault], up_bytes: int, down_bytes: int
) -> None:
    sent, answer = BODY[:up_bytes], BODY[-down_bytes:] if down_bytes else b""
    with raw_server(answer) as server, link_to(server.url, profile) as link:
        link.plan.add("s3", *faults)
        got, ended_in_order = b"", False
        with suppress(ConnectionResetError), connected(link.s3_url) as client:
            client.send(sent)
            client.finish()
            got, ended_in_order = client.read_to_the_end()
        refused = any(isinstance(fault, Refusal) for fault in faults)
        cut = dict[str, int]()
        for fault in faults:
            if isinstance(fault, Drop):
                cut[fault.direction] = min(fault.after_bytes, cut.get(fault.direction, 10**9))
        arrived = b"" if refused else server.of_connection(0)

    assert answer.startswith(got)
    assert sent.startswith(arrived)
    if not refused and cut.get("up", 10**9) <= up_bytes and up_bytes:
        assert (len(arrived), got) == (cut["up"], b"")
    elif not refused:
        assert arrived == sent
    if ended_in_order:
        assert got == answer


@pytest.mark.parametrize("after_bytes", [0, 1, 1460, 100_000])
def test_an_upload_is_cut_after_exactly_so_many_bytes(after_bytes: int) -> None:
    with raw_server(b"answer") as server, link_to(server.url) as link:
        link.plan.add("s3", Drop("up", after_bytes))
        with connected(link.s3_url) as client:
            client.send(BODY)
            assert client.read_to_the_end() == (b"", False)
        assert server.of_connection(0) == BODY[:after_bytes]
        assert link.stats().s3.drops == 1


@pytest.mark.parametrize("after_bytes", [0, 1, 100_000])
def test_an_answer_is_cut_after_exactly_so_many_bytes(after_bytes: int) -> None:
    with raw_server(BODY, answers_at_once=True) as server, link_to(server.url) as link:
        link.plan.add("api", Drop("down", after_bytes))
        with connected(link.api_url) as client:
            assert client.read_to_the_end() == (BODY[:after_bytes], False)


def test_a_cut_takes_back_nothing_from_a_device_that_reads_slowly() -> None:
    with raw_server(BODY, answers_at_once=True) as server, link_to(server.url) as link:
        link.plan.add("s3", Drop("down", 250_000))
        with connected(link.s3_url) as client:
            eventually(lambda: link.stats().s3.drops == 1)
            time.sleep(0.05)
            assert client.read_to_the_end() == (BODY[:250_000], False)


def test_a_connection_is_cut_when_its_last_byte_has_come_and_no_answer_gets_back() -> None:
    with raw_server(b"answer") as server, link_to(server.url) as link:
        link.plan.add("s3", Drop("up", len(BODY)))
        with connected(link.s3_url) as client:
            client.send(BODY)
            assert client.read_to_the_end() == (b"", False)
        assert server.of_connection(0) == BODY


def test_a_refused_connection_is_reset_and_the_next_one_is_not(echoing: str) -> None:
    with link_to(echoing) as link:
        link.plan.add("api", Refusal())
        with pytest.raises(ConnectionError), connected(link.api_url) as client:
            client.request(b"x")
        with connected(link.api_url) as client:
            assert client.request(b"x") == b"x"
        assert link.stats().api.drops == 1


def test_a_silent_drop_answers_nobody_until_the_device_gives_up() -> None:
    with raw_server(b"answer") as server, link_to(server.url) as link:
        link.plan.add("s3", Drop("up", 100, silent=True))
        with connected(link.s3_url) as client:
            client.send(BODY[:200])
            client.socket.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.socket.recv(1)
        assert server.of_connection(0) == BODY[:100]


def test_a_stall_delays_what_comes_after_it_and_is_counted(echoing: str) -> None:
    with link_to(echoing) as link:
        link.plan.add("s3", Stall("down", 10, 0.1), Stall("up", 10, 0.1))
        with connected(link.s3_url) as client:
            started_s = time.monotonic()
            assert client.request(BODY) == BODY
            assert time.monotonic() - started_s >= 0.19
        assert link.stats().s3.stalls == 2


def test_faults_are_asked_of_a_source_of_ones_own_for_each_connection(echoing: str) -> None:
    asked: list[Server] = []

    def faults(server: Server) -> list[Fault]:
        asked.append(server)
        return [Refusal()] if server == "s3" else []

    with HotspotLink(QUICK, faults=faults) as link:
        link.forward_to(api_url=echoing, s3_url=echoing)
        with connected(link.api_url) as client:
            assert client.request(b"x") == b"x"
        with pytest.raises(ConnectionError), connected(link.s3_url) as client:
            client.request(b"x")
    assert asked == ["api", "s3"]


def test_before_there_is_a_cloud_connections_are_reset() -> None:
    with HotspotLink(QUICK) as link, pytest.raises(ConnectionError), connected(link.api_url) as client:
        client.request()


def test_a_cloud_that_is_gone_resets_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with (
        link_to(f"http://127.0.0.1:{port}") as link,
        pytest.raises(ConnectionError),
        connected(link.api_url) as client,
    ):
        client.request()


def test_bandwidth_and_round_trips_take_at_least_their_time(echoing: str) -> None:
    profile = replace(QUICK, up_bit_s=20e6, rtt_s=0.03)
    with link_to(echoing, profile) as link:
        started_s = time.monotonic()
        with connected(link.s3_url) as client:
            client.request(b"x")
            assert time.monotonic() - started_s >= 2 * 0.03 - CREDIT_S
            started_s = time.monotonic()
            client.request(BODY)
            assert time.monotonic() - started_s >= profile.wire_bytes(len(BODY)) * 8 / 20e6 + 0.03 - CREDIT_S


def test_a_device_that_does_not_read_holds_the_server_back() -> None:
    answer = BODY * 80
    with (
        raw_server(answer, answers_at_once=True) as server,
        link_to(server.url) as link,
        connected(link.s3_url) as client,
    ):
        time.sleep(0.3)
        assert link.stats().s3.down_wire_bytes < len(answer) / 2
        client.finish()
        assert client.read_to_the_end() == (answer, True)


def test_a_device_that_reads_slowly_loses_nothing() -> None:
    answer = BODY * 20
    with (
        raw_server(answer, answers_at_once=True) as server,
        link_to(server.url) as link,
        connected(link.s3_url) as client,
    ):
        time.sleep(0.05)
        client.finish()
        assert client.read_to_the_end() == (answer, True)


def test_the_end_of_an_answer_comes_through_after_all_of_it() -> None:
    def once(exchange: Exchange) -> None:
        exchange.close_connection = True
        exchange.respond(200, body=BODY)

    with (
        http_server(once) as url,
        link_to(url, WITH_TLS) as link,
        connected(link.s3_url, link.client_context()) as client,
    ):
        assert client.request() == BODY
        assert client.read_to_the_end() == (b"", True)


def test_a_server_that_refuses_an_upload_halfway_is_heard() -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.read(1000)
        exchange.respond(403, body=b"no")

    with (
        http_server(refuse) as url,
        link_to(url, replace(QUICK, up_bit_s=100e6)) as link,
        connected(link.s3_url) as client,
    ):
        assert client.request(BODY * 20) == b"no"
        assert client.read_to_the_end() == (b"", True)


def test_a_connection_that_its_server_has_closed_takes_no_more_requests(echoing: str) -> None:
    with link_to(echoing, replace(QUICK, api_idle_timeout_s=0.3)) as link, connected(link.s3_url) as other:
        with connected(link.api_url) as client:
            assert client.request(b"x") == b"x"
            assert client.read_to_the_end() == (b"", True)
            with pytest.raises(ConnectionError):
                client.request(b"x")
        assert other.request(b"y") == b"y"


def test_a_server_closes_what_is_idle_in_order_and_not_while_it_works() -> None:
    def slow(exchange: Exchange) -> None:
        time.sleep(0.5)
        echo_body = exchange.read(exchange.body_bytes or 0)
        exchange.respond(200, body=echo_body)

    with (
        http_server(slow) as url,
        link_to(url, replace(WITH_TLS, s3_idle_timeout_s=0.3)) as link,
        connected(link.s3_url, link.client_context()) as client,
    ):
        assert client.request(b"x") == b"x"
        assert client.read_to_the_end() == (b"", True)
        assert link.stats().s3.answering_s >= 0.5
        assert link.stats().api.answering_s == 0.0


def test_asleep_nothing_passes_and_after_waking_old_connections_are_reset(echoing: str) -> None:
    with link_to(echoing) as link, connected(link.api_url) as old:
        assert old.request(b"x") == b"x"
        link.sleep()
        link.sleep()
        with connected(link.s3_url) as new:
            new.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            new.socket.settimeout(0.1)
            with pytest.raises(TimeoutError):
                new.socket.recv(1)
            link.wake()
            link.wake()
            new.socket.settimeout(10)
            assert new.socket.recv(8) == b"HTTP/1.1"
        assert old.read_to_the_end() == (b"", False)
        assert link.stats().sleeps == 1


def test_a_hotspot_that_nobody_used_sleeps_and_wakes_late(echoing: str) -> None:
    with link_to(echoing, replace(QUICK, sleeps_after_idle_s=0.3, wakes_in_s=0.15)) as link:
        with connected(link.api_url) as old:
            assert old.request(b"x") == b"x"
            time.sleep(0.4)
            old.send(b"POST / HTTP/1.1\r\n")
            started_s = time.monotonic()
            with connected(link.api_url) as new:
                assert new.request(b"y") == b"y"
            assert time.monotonic() - started_s >= 0.1
            assert old.read_to_the_end() == (b"", False)
        assert link.stats().sleeps == 1


def test_a_change_of_profile_is_felt_by_open_connections(echoing: str) -> None:
    with link_to(echoing) as link, connected(link.s3_url) as client:
        client.request(b"x")
        link.change_profile(replace(QUICK, rtt_s=0.1))
        started_s = time.monotonic()
        client.request(b"x")
        assert time.monotonic() - started_s >= 0.09
        with pytest.raises(ValueError, match="URLs"):
            link.change_profile(HOTSPOT)


def test_requests_connections_and_bytes_are_counted(echoing: str) -> None:
    with link_to(echoing, WITH_TLS) as link:
        with connected(link.s3_url, link.client_context()) as client, connected(link.api_url, link.client_context()):
            for size in (0, 1000, 300_000):
                client.request(BODY[:size])
        counted = link.stats()
        head = len(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert (counted.s3.requests, counted.s3.connections, counted.api.connections) == (3, 1, 1)
        assert counted.s3.up_payload_bytes == 3 * head + 3 + 5 + 301_000
        assert counted.s3.down_payload_bytes > 301_000
        headers = 301_000 / 1460 * 40
        assert 301_000 + headers < counted.s3.up_wire_bytes < (301_000 + headers) * 1.02
        assert counted.most_open == 2
        assert counted.total.connections == 2
        assert counted.total.handshakes == 2
        link.reset_stats()
        assert link.stats().total.up_wire_bytes == 0


def test_what_is_no_http_is_carried_and_not_counted_as_a_request() -> None:
    with raw_server(b"answer") as server, link_to(server.url) as link:
        with connected(link.s3_url) as client:
            client.send(b"\x00\x01 no HTTP\r\n\r\n" * 10)
            client.finish()
            assert client.read_to_the_end() == (b"answer", True)
        assert link.stats().s3.requests == 0


def test_the_link_is_trusted_by_its_own_authority_only(echoing: str) -> None:
    with link_to(echoing, WITH_TLS) as link:
        assert link.api_url.startswith("https://")
        assert link.api_url.endswith("/api")
        trusting = ssl.create_default_context(cafile=str(link.ca_file))
        with httpx.Client(verify=trusting, trust_env=False) as client:
            assert client.post(link.s3_url, content=b"x").content == b"x"
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
            client.post(link.s3_url, content=b"x")
        eventually(lambda: link.stats().s3.handshakes_failed == 1)
        assert link.stats().s3.handshakes_full == 1
        ca_file = link.ca_file
    assert not ca_file.exists()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_resumed_session_is_counted_apart_and_costs_less(echoing: str, version: TlsVersion) -> None:
    profile = replace(QUICK, tls=version, full_handshake_cpu_s=0.2, resumed_handshake_cpu_s=0.01)
    with link_to(echoing, profile) as link:
        context, session, took_s = link.client_context(), None, list[float]()
        for _ in range(3):
            started_s = time.monotonic()
            with connected(link.api_url, context, session) as client:
                assert client.request(BODY[:50_000]) == BODY[:50_000]
                took_s.append(time.monotonic() - started_s)
                assert isinstance(client.socket, ssl.SSLSocket)
                assert client.socket.version() == f"TLSv{version}"
                session = client.socket.session
        assert took_s[0] >= 0.19
        assert (link.stats().api.handshakes_full, link.stats().api.handshakes_resumed) == (1, 2)


def test_a_handshake_that_is_no_handshake_ends_the_connection(echoing: str) -> None:
    with link_to(echoing, WITH_TLS) as link:
        with connected(link.s3_url) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            client.read_to_the_end()
        eventually(lambda: link.stats().s3.handshakes_failed == 1)


def test_damaged_or_cut_tls_reaches_the_server_as_whole_records_only() -> None:
    with raw_server() as server, link_to(server.url, WITH_TLS) as link:
        link.plan.add("s3", Drop("up", 100_000))
        with connected(link.s3_url, link.client_context()) as client:
            client.send(BODY)
            assert client.read_to_the_end()[1] is False
        arrived = server.of_connection(0)
        assert BODY.startswith(arrived)
        assert 100_000 - 16_384 - 2000 < len(arrived) < 100_000


def test_many_connections_at_once_come_through(echoing: str) -> None:
    with link_to(echoing, replace(LWIP, rtt_s=0.002, up_bit_s=50e6, full_handshake_cpu_s=0.0)) as link:
        context = link.client_context()
        with httpx.Client(verify=context, trust_env=False) as client:
            statuses = [client.post(link.s3_url, content=os.urandom(100)).status_code for _ in range(5)]
        assert statuses == [200] * 5


def test_a_link_that_ends_leaves_nothing_open() -> None:
    with raw_server() as server, ExitStack() as stack:
        with link_to(server.url) as link:
            url = link.s3_url
            client = stack.enter_context(connected(url))
            client.send(b"x")
        assert client.read_to_the_end()[0] == b""
        assert server.of_connection(0) in (b"", b"x")
        with pytest.raises(ConnectionRefusedError), connected(url):
            raise AssertionError("somebody answered")


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        HotspotLink(QUICK, s3_port=other.getsockname()[1])
