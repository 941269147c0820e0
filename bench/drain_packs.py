"""How long a day's backlog takes over a phone's hotspot in packs of 20, by the station's own device: its queue on disk,
one sync for many packs, one connection to the API and one to S3. The link and the floor are those of bench/drain.py.

The photos are on the card before the link is there. A run of `PHOTOS` is scaled to a day: the time up to the end of the
first pack counts once, and the rest as often as it takes.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

from frameferry_station import boot
from frameferry_station.captures import CaptureMeta
from frameferry_station.client import DeviceClient, activate
from frameferry_station.clock import SystemClock
from frameferry_station.device import Device, End
from frameferry_station.http import Connection
from frameferry_station.queue import PackLimits, PackQueue
from frameferry_station.state import StateFolder
from frameferry_station.steps import Confirmed, Sealed, Step, Uploaded
from frameferry_station.uplink import Uplink

from bench.devices import LOG, pair
from bench.drain import DAY_PHOTOS, PHOTO_BYTES, floor_s, photo_bytes
from bench.measure import REPORT, Row
from infra.local.cloud import LocalCloud
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import HOTSPOT
from tests.tiny_jpegs import tiny_jpeg

PHOTOS, CAPTURES = 200, 20
SINGLES = 60
MOST_CONTROL_BYTES = 200
_BEGIN = datetime(2026, 5, 4, tzinfo=UTC)
_PATIENCE_S = 300.0


def rows() -> list[Row]:
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log, redirect_stdout(log):
        return [
            *_over_the_hotspot(PHOTOS, CAPTURES, f"packs of {CAPTURES}", 1.1),
            *_over_the_hotspot(SINGLES, 1, "one an object, kept alive", 2.0),
            _requests_of_a_day(),
        ]


def _over_the_hotspot(photos: int, captures: int, how: str, target: float) -> list[Row]:
    with (
        HotspotLink(HOTSPOT) as link,
        LocalCloud(devices_s3_url=link.s3_url) as cloud,
        tempfile.TemporaryDirectory() as folder,
    ):
        link.forward_to(api_url=cloud.api_url, s3_url=cloud.s3_url)
        run = _Run(Path(folder), cloud, [photo_bytes(number) for number in range(photos)], captures, link)
        link.reset_stats()
        run.drain()
        traffic = link.stats().total
    first_s, others_s = run.uploaded_s[0], run.uploaded_s[-1] - run.uploaded_s[0]
    day_s = first_s + others_s / (photos - captures) * (DAY_PHOTOS - captures) + run.ended_s - run.uploaded_s[-1]
    floor = floor_s(DAY_PHOTOS)
    what = f"{DAY_PHOTOS} x {PHOTO_BYTES // 1000} KB, {how} (scaled from {photos} photos)"
    control = (traffic.up_payload_bytes - run.packed_bytes + traffic.down_payload_bytes) / photos
    return [
        Row(
            f"drain of {what}",
            day_s / floor,
            "x floor",
            f"<= {target}",
            day_s / floor <= target,
            peer=f"{day_s:.0f} s",
            floor=f"{floor:.0f} s on the wire",
        ),
        Row("the same: TLS handshakes", traffic.handshakes, "handshakes", "<= 5", traffic.handshakes <= 5),
        _control_row(control, captures),
        Row("the same: what a pack adds", run.packed_bytes / photos - PHOTO_BYTES, "bytes a photo", REPORT, True),
    ]


def _control_row(control: float, captures: int) -> Row:
    """Heads and bodies of HTTP, both ways, without what is in the PUTs."""
    has_target = captures > 1
    ok = not has_target or control <= MOST_CONTROL_BYTES
    target = f"<= {MOST_CONTROL_BYTES}" if has_target else REPORT
    return Row("the same: control, both ways", control, "bytes a photo", target, ok)


def _requests_of_a_day() -> Row:
    """Counted, with photos so small that nobody waits for them."""
    with LocalCloud() as cloud, tempfile.TemporaryDirectory() as folder:
        run = _Run(Path(folder), cloud, [tiny_jpeg(number) for number in range(DAY_PHOTOS)], CAPTURES, None)
        cloud.stats.reset()
        run.drain()
        kinds = cloud.stats.snapshot()["requests"]
        cloud.settle(_PATIENCE_S)
    count = sum(kinds[kind]["count"] for kind in kinds if kind.startswith("api:") or kind == "s3:PUT presigned")
    return Row(f"requests for {DAY_PHOTOS} photos in packs of {CAPTURES}", count, "requests", "<= 150", count <= 150)


class _Run:
    """One device with a full card. Times are in seconds since it came into reach of the link."""

    def __init__(
        self, folder: Path, cloud: LocalCloud, photos: list[bytes], captures: int, link: HotspotLink | None
    ) -> None:
        self.uploaded_s: list[float] = []
        self.ended_s = 0.0
        self.packed_bytes = 0
        self._stop = threading.Event()
        clock = SystemClock()
        paired = pair(cloud)
        state = StateFolder(folder, utc=clock.utc, observe=self._observe)
        nonce = state.identity.begin(paired.pairing_code, secrets.token_bytes)
        given = activate(cloud.api_url, Connection(), code=paired.pairing_code, nonce=nonce, firmware_version="bench")
        state.settings.change(given.settings, given.settings_version)
        identity = state.identity.complete(given, paired.pairing_code)
        began = boot.begin(clock, secrets.token_bytes)
        limits = PackLimits(captures=captures)
        queue = state.queue(
            identity.device_id, began.boot_id, budget_bytes=10**9, limits=limits, entropy=secrets.token_bytes
        )
        _fill(queue, photos)
        trusted = link.client_context() if link else None
        api_url = link.api_url if link else cloud.api_url
        uplink = Uplink(
            state,
            queue,
            DeviceClient(api_url, Connection(trusted=trusted), state.identity),
            Connection(trusted=trusted),
            boot=began,
            uniform=_half,
            observe=self._observe,
            space=lambda: (10**9, 10**10),
            reset_reason="power_on",
        )
        self._device = Device(uplink, _NoMorePictures())

    def drain(self) -> None:
        self._began_s = time.monotonic()
        limit = threading.Timer(_PATIENCE_S, self._stop.set)
        limit.start()
        end = self._device.run(self._stop)
        limit.cancel()
        assert end is End.FINISHED, "the queue did not drain"

    def _observe(self, step: Step) -> None:
        if isinstance(step, Sealed):
            self.packed_bytes += step.size_bytes
        elif isinstance(step, Uploaded):
            self.uploaded_s.append(time.monotonic() - self._began_s)
        elif isinstance(step, Confirmed):
            self.ended_s = time.monotonic() - self._began_s


class _NoMorePictures:
    def take(self, at: datetime) -> None:
        return None


def _half(low: float, high: float) -> float:
    return (low + high) / 2


def _fill(queue: PackQueue, photos: list[bytes]) -> None:
    for number, photo in enumerate(photos):
        taken_at = _BEGIN + number * timedelta(seconds=30)
        queue.put(photo, CaptureMeta(taken_at, ntp_synced=True, uptime_ms=number * 30_000))
    queue.seal()
