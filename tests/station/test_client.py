"""The device API as the client speaks it: typed answers, typed errors, and a connection that may die at any time."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from frameferry_station.captures import Seq
from frameferry_station.client import DeviceClient, activate
from frameferry_station.errors import (
    ApiError,
    Busy,
    Conflict,
    CredentialRefused,
    ForeignAnswer,
    NoAnswer,
    Refusal,
    Trouble,
)
from frameferry_station.files import DiskFiles
from frameferry_station.http import MAX_ANSWER_BYTES, Answer, Connection
from frameferry_station.identity import IdentityStore
from frameferry_station.protocol import Event, Health, Malformed, decoded
from frameferry_station.sync_protocol import (
    Ack,
    ClockSample,
    Held,
    NamedPack,
    Place,
    SyncAnswer,
    SyncRequest,
    answer_to,
)

from tests.station.fake_cloud import CODE, KEYS, PORTAL, CutBefore, FakeCloud, Fault, LoseReply, Reply, api_error
from tests.station.fake_network import DirectSender, Network
from tests.station.rig import Rig
from tests.station.samples import DEVICE_ID, START

COMMAND_ID = "01KDD2G0EG000G40R40M30E209"
ANSWER = {"server_time": "2026-05-04T12:00:00Z", "settings_version": 3}
SHA256 = "ab" * 32
PACK = NamedPack(Seq(3), Seq(5), 1234, SHA256)
UPLOADS = {
    "origin": "https://s3.test",
    "host": "s3.test",
    "port": 443,
    "path_prefix": "/devices/d/",
    "query": "A=1&Sig=",
    "expires_at": "2026-05-04T13:00:00Z",
}


class OneToken:
    def __init__(self, token: str = "devtok_current") -> None:
        self._token = token

    def tokens(self) -> tuple[str, ...]:
        return (self._token,)

    def accepted(self, token: str) -> None:
        """There is only one."""


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = Connection(response_s=1.0)
    yield connection
    connection.close()


@pytest.fixture
def client(cloud: FakeCloud, network: Network, connection: Connection) -> DeviceClient:
    return DeviceClient(cloud.api_url, connection, OneToken())


def parsed(request: SyncRequest, answer: Mapping[str, object], *, is_tls: bool = True) -> SyncAnswer:
    return answer_to(request, is_tls=is_tls)(decoded(json.dumps({**ANSWER, **answer}).encode()))


@contextmanager
def raw_server(*answers: bytes, hold_open: bool = False, drip: bytes = b"") -> Iterator[str]:
    """Accepts a connection for each answer, reads once, sends those bytes and closes (or leaves open until the end).

    `drip` follows again and again until the client has had enough.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[socket.socket] = []

    def serve() -> None:
        for answer in answers:
            accepted, _ = listener.accept()
            opened.append(accepted)
            accepted.recv(65536)
            with suppress(OSError):
                accepted.sendall(answer)
                while drip:
                    accepted.sendall(drip)
                    time.sleep(0.01)
            if not hold_open:
                accepted.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    finally:
        for accepted in opened:
            accepted.close()
        listener.close()
        thread.join(1)


def test_activation_gives_identity_settings_and_receipt_keys(cloud: FakeCloud) -> None:
    cloud.next_seq = 12

    activation = activate(cloud.api_url, DirectSender(cloud), code=CODE, nonce="n" * 32, firmware_version="1")

    assert (activation.device_id, activation.device_token) == (DEVICE_ID, "devtok_current")
    assert activation.next_seq == 12
    assert activation.receipt_keys == KEYS.public_keys()
    assert activation.settings.interval_s == 30
    assert "devtok" not in repr(activation)


@pytest.mark.parametrize("fault", [LoseReply(), CutBefore(), PORTAL, api_error(503, "unavailable")])
def test_an_activation_whose_reply_was_lost_ends_in_the_same_identity(
    cloud: FakeCloud, tmp_path: Path, fault: Fault
) -> None:
    cloud.script("activate", fault)
    with pytest.raises(Trouble):
        Rig(cloud, tmp_path)

    rig = Rig(cloud, tmp_path)

    assert rig.state.identity.identity is not None
    assert rig.state.identity.identity.device_id == DEVICE_ID
    assert len(set(cloud.nonces)) == 1


def test_the_nonce_is_on_disk_before_it_is_used_and_another_code_gets_another(tmp_path: Path) -> None:
    numbers = iter(range(256))
    first = IdentityStore(tmp_path, DiskFiles())
    nonce = first.begin("CODE1", lambda size: bytes([next(numbers)] * size))

    again = IdentityStore(tmp_path, DiskFiles())

    assert again.begun_code() == "CODE1"
    assert again.begin("CODE1", lambda size: bytes([next(numbers)] * size)) == nonce
    assert again.begin("CODE2", lambda size: bytes([next(numbers)] * size)) != nonce


def test_the_credential_is_readable_by_its_user_only_and_not_beside_the_photos(rig: Rig) -> None:
    rig.put(0)

    [path] = [path for path in rig.folder.rglob("*") if path.is_file() and b"devtok_" in path.read_bytes()]

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.relative_to(rig.folder).parts[0] == "identity"


def test_a_damaged_identity_asks_for_pairing(rig: Rig) -> None:
    (rig.folder / "identity" / "identity.json").write_bytes(b"crc32 deadbeef\n{}")

    assert IdentityStore(rig.folder / "identity", DiskFiles()).identity is None


def test_a_sync_of_everything_arrives_as_it_was_meant(rig: Rig) -> None:
    rig.cloud.command(COMMAND_ID, "pause", duration_s=60)
    rig.cloud.change_settings(interval_s=7)
    request = SyncRequest(
        health=Health(queue_depth=3, uptime_s=60, firmware_version="1"),
        clock=ClockSample("00000000000000b1", 61_000, Seq(6), Seq(3)),
        objects=[PACK, replace(PACK, is_sent=True)],
        events=[Event("evicted", START, 1, 2, "caf\u00e9")],
        acks=[Ack(COMMAND_ID, "failed", "no"), Ack("01KDD2G0EG000G40R40M30E20A", "done")],
        settings_version=1,
        receipt_key_ids=["k0"],
    )

    answer = rig.client.sync(request)

    [told] = rig.cloud.syncs
    assert told.health is not None
    assert told.clock is not None
    assert (told.health.queue_depth, told.clock.oldest_seq, told.clock.boot_id) == (3, 3, "00000000000000b1")
    assert [(offer.first_seq, offer.last_seq, offer.sent) for offer in told.objects] == [(3, 5, False), (3, 5, True)]
    assert rig.cloud.events[(START, "evicted")].message == "caf\u00e9"
    assert (answer.events, answer.acks) == (("accepted",), ("failed", "not_found"))
    assert (answer.settings_version, answer.settings and answer.settings.interval_s) == (3, 7)
    assert answer.receipt_keys == KEYS.public_keys()
    place, nothing = answer.objects
    assert isinstance(place, Place)
    assert place.url.startswith(f"{rig.cloud.base_url}/s3/captures/devices/{DEVICE_ID}/packs/")
    assert place.lifetime_s == pytest.approx(3600, abs=2)
    assert nothing is None


def test_an_empty_sync_says_nothing_and_gets_little(rig: Rig) -> None:
    assert SyncRequest().as_json() == {}

    answer = rig.client.sync(SyncRequest(settings_version=1, receipt_key_ids=["k1"]))

    assert (answer.settings, answer.receipt_keys, answer.objects, answer.commands) == (None, None, (), ())


def test_a_receipt_and_its_exceptions_are_taken_from_a_sync() -> None:
    receipt = {"state": "held", "key_id": "k1", "signature": "s"}
    told = {"objects": [{"receipt": receipt, "except": [{"seq": 4, "next_seq": 9}], "new": "field"}]}

    assert parsed(SyncRequest(objects=[PACK]), told).objects == (Held("held", "k1", "s", None, {Seq(4): 9}),)


def test_a_place_is_put_together_of_what_all_share_and_its_own() -> None:
    told = {"uploads": UPLOADS, "objects": [{"tail": "packs/x.zip", "signature": "ff"}]}

    assert parsed(SyncRequest(objects=[PACK]), told).objects == (
        Place("https://s3.test/devices/d/packs/x.zip?A=1&Sig=ff", 3600.0),
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"objects": []},
        {"objects": [{}, {}]},
        {"objects": ["x"]},
        {"objects": [{"tail": "x", "signature": "y"}]},
        {"objects": [{"tail": "x"}], "uploads": UPLOADS},
        {"objects": [{}], "uploads": UPLOADS | {"expires_at": None}},
        {"objects": [{}], "uploads": UPLOADS | {"origin": "http://s3.test"}},
        {"objects": [{"receipt": {"state": "held"}}]},
        {"objects": [{"receipt": {"state": "held", "key_id": "k", "signature": "s"}, "except": [{"seq": 4}]}]},
        {
            "objects": [
                {
                    "receipt": {"state": "held", "key_id": "k", "signature": "s"},
                    "except": [{"seq": 4, "next_seq": 2**53 - 1}],
                }
            ]
        },
        {"objects": [{}], "events": ["accepted"]},
        {"objects": [{}], "acks": [3]},
        {"objects": [{}], "server_time": "soon"},
        {"objects": [{}], "commands": [{"command_id": "c"}]},
    ],
    ids=lambda told: json.dumps(told)[:60],
)
def test_a_sync_answer_that_is_not_one_is_malformed(told: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        parsed(SyncRequest(objects=[PACK]), told)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (api_error(400, "invalid_body"), Refusal),
        (api_error(404, "not_found"), Refusal),
        (api_error(409, "command_finished"), Refusal),
        (api_error(401, "invalid_credential"), CredentialRefused),
        (api_error(403, "device_revoked"), CredentialRefused),
        (api_error(403, "foreign_object_key"), Refusal),
        (api_error(429, "rate_limited"), Busy),
        (api_error(500, "internal"), Busy),
        (Reply(409, b'{"error": {"code": "conflict"}, "next_seq": 7}'), Conflict),
        (Reply(401, b"<html>log in to the hotspot</html>"), ForeignAnswer),
        (Reply(413, b"too large"), ForeignAnswer),
        (Reply(500, b"Internal Server Error"), ForeignAnswer),
        (Reply(504, b'{"message": "Endpoint request timed out"}'), ForeignAnswer),
        (Reply(200, b'{"status": "ok"}'), ForeignAnswer),
        (Reply(200, b"[]"), ForeignAnswer),
        (Reply(200, b"[" * 100_000), ForeignAnswer),
        (Reply(200, b"\xff\xfe"), ForeignAnswer),
        (Reply(204), ForeignAnswer),
        (Reply(301, b"", {"Location": "https://elsewhere.invalid/"}), ForeignAnswer),
        (PORTAL, ForeignAnswer),
    ],
)
def test_each_error_answer_has_one_meaning(
    cloud: FakeCloud, client: DeviceClient, answer: Reply, error: type[Exception]
) -> None:
    cloud.script("sync", answer)

    with pytest.raises(error) as caught:
        client.sync(SyncRequest())

    assert type(caught.value) is error
    if isinstance(caught.value, ApiError):
        assert caught.value.status == answer.status
        assert caught.value.code in answer.body.decode()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "Mon, 04 May 2026 12:01:30 GMT", "date": "Mon, 04 May 2026 12:00:00 GMT"}, 90.0),
        ({"retry-after": "Mon, 04 May 2026 11:00:00 GMT", "date": "Mon, 04 May 2026 12:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_against_the_answer_s_own(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert Answer(503, headers, b"").retry_after_s == seconds


def test_a_kept_alive_connection_that_died_unused_costs_no_error(
    cloud: FakeCloud, network: Network, client: DeviceClient
) -> None:
    client.sync(SyncRequest())
    cloud.script("sync", CutBefore())

    client.sync(SyncRequest())

    assert network.connections == 2
    assert len(cloud.syncs) == 2


def test_a_new_connection_that_dies_is_an_error_at_once(cloud: FakeCloud, client: DeviceClient) -> None:
    cloud.script("sync", CutBefore())

    with pytest.raises(NoAnswer):
        client.sync(SyncRequest())

    assert cloud.requests == ["sync"]


def test_a_connection_that_dies_twice_is_an_error(cloud: FakeCloud, client: DeviceClient) -> None:
    client.sync(SyncRequest())
    cloud.script("sync", CutBefore(), CutBefore())

    with pytest.raises(NoAnswer):
        client.sync(SyncRequest())


def test_nobody_there_is_no_answer(connection: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(NoAnswer):
        DeviceClient(f"http://127.0.0.1:{port}/api", connection, OneToken()).sync(SyncRequest())


@pytest.mark.parametrize("url", ["http://", "ftp://host/api", "not a url", "http://[::1/api"])
def test_an_address_that_is_none_is_no_answer(connection: Connection, url: str) -> None:
    with pytest.raises(NoAnswer):
        DeviceClient(url, connection, OneToken()).sync(SyncRequest())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_half_an_answer_is_none(connection: Connection, answer: bytes) -> None:
    with raw_server(answer) as url, pytest.raises(NoAnswer):
        DeviceClient(url, connection, OneToken()).sync(SyncRequest())


def test_an_answer_that_does_not_come_ends_at_the_deadline() -> None:
    connection = Connection(response_s=0.1)
    with raw_server(b"HTTP/1.1 200 OK\r\n", hold_open=True) as url, pytest.raises(NoAnswer):
        DeviceClient(url, connection, OneToken()).sync(SyncRequest())
    connection.close()


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    connection = Connection(response_s=0.1)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with raw_server(head, drip=b" ") as url, pytest.raises(ForeignAnswer, match="200 that is not"):
        DeviceClient(url, connection, OneToken()).sync(SyncRequest())
    connection.close()


def test_an_endless_answer_fills_no_memory(connection: Connection) -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_ANSWER_BYTES + 70_000)
    with raw_server(endless, hold_open=True) as url, pytest.raises(ForeignAnswer):
        DeviceClient(url, connection, OneToken()).sync(SyncRequest())


@pytest.mark.parametrize(
    ("body", "drip"),
    [(b"x" * (MAX_ANSWER_BYTES + 70_000), b""), (b"", b" "), (b"", b"")],
    ids=["more than is read", "drop by drop", "never"],
)
def test_whoever_wants_no_more_than_a_status_has_it_though_the_body_has_no_end(body: bytes, drip: bytes) -> None:
    connection = Connection(response_s=0.3)
    with raw_server(b"HTTP/1.1 200 OK\r\n\r\n" + body, hold_open=True, drip=drip) as url:
        answer = connection.send("POST", url, {}, b"photo")
    connection.close()

    assert answer.status == 200
    assert len(answer.body) <= MAX_ANSWER_BYTES


def test_neither_tokens_nor_signatures_are_logged_or_told(
    cloud: FakeCloud, network: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rig = Rig(cloud, tmp_path, network.connection)
    rig.put(0)
    rig.cloud.script("put", CutBefore())
    rig.cloud.script("sync", LoseReply(), PORTAL)

    rig.work()

    assert len(rig.queue) == 0
    told = caplog.text + "".join(str(step.as_json()) for step in rig.steps)
    assert "devtok_" not in told
    assert "X-Amz-Signature" not in told
    assert not any(signature in told for signature in cloud.urls)
