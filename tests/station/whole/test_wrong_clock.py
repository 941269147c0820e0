"""A machine without a clock of its own starts in 1970 and learns the time later: every photo has its true time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib.domain.capture_time import CaptureTime, Confidence
from chalicelib.domain.clock_samples import BootTime, ClockSample
from chalicelib.domain.ids import Seq
from chalicelib.services.capture_times import Told, time_of
from chalicelib.wire import object_keys, sync
from chalicelib.wire.packs import PackedCapture, read_pack
from tests.station.fake_cloud import CODE, FakeCloud, Reply
from tests.station.fake_network import running as network_of
from tests.station.program.processes import call, eventually, running, settings, snapshot_camera
from tests.station.whole.bringers import Handed, Runs
from tests.station.whole.machine import Machine

NEVER_SET = datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)
CAMERA = '[[camera]]\nname = "garden"\nkind = "snapshot"\naddress = "{}"\ninterval_s = 1\n'


class TimedHanded(Handed):
    """Also when."""

    def __init__(self) -> None:
        super().__init__(Runs())
        self.at: dict[str, datetime] = {}

    def hand(self, jpeg: bytes) -> bytes:
        self.at[hashlib.sha256(jpeg).hexdigest()] = datetime.now(UTC)
        return super().hand(jpeg)


class TimedCloud(FakeCloud):
    """It keeps the clock samples of all syncs, as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[ClockSample] = []

    def _sync(self, asked: sync.SyncRequest) -> Reply:
        if asked.clock:
            told = asked.clock
            self.samples.append(ClockSample(told.boot_id, told.uptime_ms, Seq(told.next_seq), datetime.now(UTC)))
        return super()._sync(asked)

    def times(self) -> dict[str, CaptureTime]:
        """When each photo was taken, by its sha256, as the cloud finds it."""
        return {capture.sha256: self._time_of(capture) for capture in self._packed()}

    def _packed(self) -> Iterator[PackedCapture]:
        for key, body in self.objects.items():
            named = object_keys.parse_pack(key)
            assert named is not None
            yield from read_pack(body, named).captures

    def _time_of(self, capture: PackedCapture) -> CaptureTime:
        synced_at = capture.captured_at if capture.clock_synced else None
        boot = BootTime(capture.boot_id, capture.uptime_ms)
        told = Told(synced_at, boot, None if capture.clock_synced else capture.captured_at)
        return time_of(told, capture.seq, datetime.now(UTC), lambda: self.samples)


def test_photos_taken_before_the_clock_was_set_have_their_time_in_the_cloud_and_in_the_folder(tmp_path: Path) -> None:
    cloud, handed, machine = TimedCloud(), TimedHanded(), Machine(tmp_path)
    machine.clock_is_not_set(NEVER_SET)
    with network_of(cloud), snapshot_camera(handed.hand) as url:
        settings(
            tmp_path,
            {
                "STORAGE_BACKEND": "cloud,filesystem",
                "FRAMEFERRY_API_URL": cloud.api_url,
                "LOCAL_STORAGE_PATH": "photos",
            },
            CAMERA.format(url),
        )
        with running(tmp_path, **machine.variables):
            assert call(tmp_path, "pair", "station", CODE)[0] == 0
            eventually(lambda: len(cloud.items) >= 3)
            without_clock = set(cloud.times())
            assert not (tmp_path / "photos").exists(), "a photo was filed before anybody knew its day"
            machine.clock_is_set()
            eventually(lambda: len(cloud.items) >= len(without_clock) + 2)
        with running(tmp_path, **machine.variables):
            eventually(lambda: len(filed(tmp_path / "photos")) >= len(cloud.items))

    found, in_folder = cloud.times(), filed(tmp_path / "photos")
    assert {found[sha256].confidence for sha256 in without_clock} == {Confidence.SOLVED}
    assert Confidence.NTP in {each.confidence for each in found.values()}
    for sha256, time_found in found.items():
        assert abs(time_found.at - handed.at[sha256]) < A_SECOND
        assert -A_SECOND < in_folder[sha256] - handed.at[sha256] < A_SECOND


def filed(folder: Path) -> dict[str, datetime]:
    """By sha256, the second that a file's name tells; the folder is that day's."""
    found = {}
    for path in folder.rglob("*.jpg"):
        at = datetime.strptime(path.name.split("_")[0], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
        assert path.parent == folder / "station" / f"{at:%Y/%m/%d}"
        found[hashlib.sha256(path.read_bytes()).hexdigest()] = at
    return found
