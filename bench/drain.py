"""How long a day's backlog takes over a phone's hotspot: 2,880 photos of 80 KB at 5 Mbit/s and 80 ms.

The link is `infra.local.link` with the profile HOTSPOT: TCP's slow start, and TLS 1.2 with 1.25 s of a camera's
computing for a full handshake. API and S3 behind it are the local cloud's; the time that they take is in every figure
but the link's own, and it is more than AWS's where this machine is busy, for it decodes the photos meanwhile.

Each flow sends a few photos, and the row says how many. Its day is the time of its first step, which opens the
connections too, and as many of the others as the rest of the day has. The floor is the time that the photos' own bytes
take in full TCP segments, and one round trip; nothing that sends them one after the other is quicker.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from frameferry_station import objects
from frameferry_station.captures import Capture, CaptureMeta, Seq
from frameferry_station.client import DeviceClient
from frameferry_station.http import Answer, Connection, Content, Sender

from bench.devices import LOG, activate, pair
from bench.measure import REPORT, Row
from infra.local.cloud import LocalCloud
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import HOTSPOT
from infra.local.link.traffic import Traffic
from tests.pictures import camera_scene, encoded

DAY_PHOTOS = 2880
PHOTO_BYTES = 80_000
STREAM_BYTES = 2_000_000
SETTLE_S = 60.0
_BEGIN = datetime(2026, 5, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Drained:
    """What some photos took: the first step of so many of them, the others, and all on the link."""

    first_photos: int
    first_s: float
    other_photos: int
    others_s: float
    traffic: Traffic

    @property
    def photos(self) -> int:
        return self.first_photos + self.other_photos

    @property
    def day_s(self) -> float:
        return self.first_s + self.others_s / self.other_photos * (DAY_PHOTOS - self.first_photos)

    @property
    def answering_day_s(self) -> float:
        """What of a day the local cloud takes to answer."""
        return self.traffic.answering_s / self.photos * DAY_PHOTOS


Flow = Callable[["Device", list[Capture]], Iterator[int]]
"""Sends the photos, and gives after each step how many have been sent since the one before."""


def rows() -> list[Row]:
    with _cloud_behind_hotspot() as behind:
        naive = behind.drained(_three_connections_a_photo, 4)
        singles = behind.drained(_three_requests_a_photo, 30)
    return [
        _link_row(),
        *_flow_rows("singles, three requests each, kept alive", singles, naive),
    ]


def floor_s(photos: int) -> float:
    assert HOTSPOT.up_bit_s
    return HOTSPOT.wire_bytes(photos * PHOTO_BYTES) * 8 / HOTSPOT.up_bit_s + HOTSPOT.rtt_s


def _flow_rows(name: str, flow: Drained, naive: Drained, target: float | None = None) -> list[Row]:
    floor = floor_s(DAY_PHOTOS)
    ratio = flow.day_s / floor
    day = f"{flow.day_s:.0f} s, the local cloud's {flow.answering_day_s:.0f} s in it"
    peer = f"naive flow: {naive.day_s:.0f} s, {naive.day_s / floor:.3g} x (from {naive.photos} photos)"
    return [
        Row(
            f"drain of {DAY_PHOTOS} x {PHOTO_BYTES // 1000} KB, {name} (scaled from {flow.photos} photos)",
            ratio,
            "x floor",
            REPORT if target is None else f"<= {target}",
            target is None or ratio <= target,
            peer=f"{day}; {peer}",
            floor=f"{floor:.0f} s on the wire",
        ),
        Row(
            f"the same: TLS handshakes for {flow.photos} photos",
            flow.traffic.handshakes,
            "handshakes",
            REPORT,
            True,
            peer=f"naive flow: {naive.traffic.handshakes / naive.photos:.3g} a photo",
        ),
    ]


class _BehindHotspot:
    """A local cloud that devices reach through a hotspot."""

    def __init__(self, link: HotspotLink, cloud: LocalCloud) -> None:
        self._link = link
        self._cloud = cloud

    def drained(self, flow: Flow, count: int) -> Drained:
        """By a device that has just been activated, past the link."""
        token = activate(self._cloud, pair(self._cloud))
        photos = _photos(count)
        device = Device(self._link.api_url, token, self._link.client_context())
        self._link.reset_stats()
        at_s = [time.monotonic()]
        sent = []
        for step in flow(device, photos):
            at_s.append(time.monotonic())
            sent.append(step)
        assert sum(sent) == count
        traffic = self._link.stats().total
        self._cloud.settle(SETTLE_S)
        return Drained(sent[0], at_s[1] - at_s[0], count - sent[0], at_s[-1] - at_s[1], traffic)


@contextmanager
def _cloud_behind_hotspot() -> Iterator[_BehindHotspot]:
    LOG.parent.mkdir(exist_ok=True)
    with (
        LOG.open("a", encoding="utf-8") as log,
        redirect_stdout(log),
        HotspotLink(HOTSPOT) as link,
        LocalCloud(devices_s3_url=link.s3_url) as cloud,
    ):
        link.forward_to(api_url=cloud.api_url, s3_url=cloud.s3_url)
        yield _BehindHotspot(link, cloud)


@dataclass(frozen=True)
class Device:
    """What a device knows when it begins to drain. It has the station's client and its connections."""

    api_url: str
    token: str
    trusted: ssl.SSLContext

    def connection(self) -> Connection:
        return Connection(trusted=self.trusted)

    def client(self, sender: Sender) -> DeviceClient:
        return DeviceClient(self.api_url, sender, self)

    def tokens(self) -> tuple[str, ...]:
        return (self.token,)

    def accepted(self, token: str) -> None:
        """There is no other one to forget."""


def _three_requests_a_photo(device: Device, photos: list[Capture]) -> Iterator[int]:
    with closing(device.connection()) as api, closing(device.connection()) as storage:
        yield from _sent_singly(device.client(api), storage, photos)


def _three_connections_a_photo(device: Device, photos: list[Capture]) -> Iterator[int]:
    yield from _sent_singly(device.client(_ConnectionEach(device)), _ConnectionEach(device), photos)


def _sent_singly(client: DeviceClient, storage: Sender, photos: list[Capture]) -> Iterator[int]:
    for photo in photos:
        target = client.upload_url(photo)
        objects.put(storage, target, photo)
        client.ingest(photo, target.object_key, ntp_synced=True)
        yield 1


@dataclass(frozen=True)
class _ConnectionEach:
    """A Sender that makes a connection for every request, as sketches do."""

    device: Device

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        with closing(self.device.connection()) as connection:
            return connection.send(method, url, headers, content)


@dataclass(frozen=True)
class _Bytes:
    """A capture's Body in memory."""

    data: bytes

    def chunks(self) -> Iterator[bytes]:
        yield self.data


def _photos(count: int) -> list[Capture]:
    return [_photo(Seq(seq), photo_bytes(seq)) for seq in range(1, count + 1)]


def photo_bytes(number: int) -> bytes:
    """A good JPEG of PHOTO_BYTES, another one for each number."""
    return _padded(_scene(), number)


@cache
def _scene() -> bytes:
    return encoded(camera_scene(), quality=30, subsampling="4:2:2")


def _photo(seq: Seq, jpeg: bytes) -> Capture:
    meta = CaptureMeta(_BEGIN + timedelta(seconds=30 * seq), ntp_synced=True)
    return Capture(seq, meta, len(jpeg), hashlib.sha256(jpeg).hexdigest(), _Bytes(jpeg))


def _padded(jpeg: bytes, number: int) -> bytes:
    """Of PHOTO_BYTES, by a comment behind the first marker that makes it another photo for each number."""
    comment = number.to_bytes(4, "big").ljust(PHOTO_BYTES - len(jpeg) - 4, b".")
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _link_row() -> Row:
    """What the link itself adds to its own arithmetic."""
    profile = replace(HOTSPOT, tls=None, initial_window_segments=1000)
    assert profile.up_bit_s
    # A round trip for TCP's handshake, and one for the last byte and the answer.
    expected_s = profile.wire_bytes(STREAM_BYTES) * 8 / profile.up_bit_s + 2 * profile.rtt_s
    with HotspotLink(profile) as link, _sink() as url:
        link.forward_to(api_url=url, s3_url=url)
        started_s, started_cpu_s = time.monotonic(), time.process_time()
        with socket.create_connection(("127.0.0.1", int(link.s3_url.rpartition(":")[2]))) as stream:
            stream.sendall(bytes(STREAM_BYTES))
            stream.shutdown(socket.SHUT_WR)
            stream.recv(1)
        took_s, cpu_s = time.monotonic() - started_s, time.process_time() - started_cpu_s
    return Row(
        f"the link: one stream of {STREAM_BYTES / 1e6:.0f} MB",
        took_s / expected_s,
        "x its arithmetic",
        REPORT,
        True,
        peer=f"{took_s:.3f} s, {cpu_s / took_s:.0%} of a core",
        floor=f"{expected_s:.3f} s",
    )


@contextmanager
def _sink() -> Iterator[str]:
    """The URL of a server that reads to the end of one connection and says one byte."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_swallow, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def _swallow(listening: socket.socket) -> None:
    with suppress(OSError), listening.accept()[0] as connection:
        while connection.recv(1 << 20):
            pass
        connection.sendall(b".")
