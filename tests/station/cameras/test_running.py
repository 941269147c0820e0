"""Cameras together, each in its thread, over real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from frameferry_station.cameras.running import STOP_S, Cameras, World, pollers, start
from frameferry_station.photos import Accepted, SourceName
from frameferry_station.settings import CameraSettings

from tests.station.cameras.fake_photos import FakePhotos
from tests.station.cameras.fake_reolink import FakeReolink, running, until


def settings(name: str, address: str) -> CameraSettings:
    return CameraSettings(SourceName(name), "reolink", address, "admin", "secret", interval_s=1.0)


class Rig:
    """Fake cameras and the station's. `uniform` is 0: every retry is at once."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.photos = FakePhotos()
        self.world = World(folder, uniform=lambda low, high: low)
        self.fakes: dict[str, FakeReolink] = {}
        self._stack = stack
        self._running: list[Cameras] = []

    def camera(self, name: str) -> CameraSettings:
        self.fakes[name] = FakeReolink()
        return settings(name, self._stack.enter_context(running(self.fakes[name])))

    def start(self, *cameras: CameraSettings) -> Cameras:
        self._running.append(start(cameras, self.photos, self.world))
        return self._running[-1]

    def count(self, name: str) -> int:
        return sum(source == name for source, _ in self.photos.accepted)

    def stop(self) -> None:
        for cameras in self._running:
            cameras.stop()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        rig = Rig(tmp_path / "cameras", stack)
        yield rig
        rig.stop()


def wish_until(rig: Rig, name: str, condition: Callable[[], bool]) -> bool:
    """As an impatient owner."""

    def wished() -> bool:
        rig.photos.wishes[name]()
        time.sleep(0.01)
        return condition()

    return until(wished)


def test_photos_come_from_every_camera_and_a_stop_logs_all_of_them_out(rig: Rig) -> None:
    cameras = rig.start(rig.camera("garden"), rig.camera("door"))
    assert wish_until(rig, "garden", lambda: rig.count("garden") >= 3)
    assert wish_until(rig, "door", lambda: rig.count("door") >= 3)
    assert [status.error for status in cameras.statuses()] == [None, None]

    began_s = time.monotonic()
    assert cameras.stop()

    assert time.monotonic() - began_s < STOP_S + 1
    assert [fake.sessions for fake in rig.fakes.values()] == [{}, {}]


def test_a_hanging_camera_stops_neither_another_nor_the_program(rig: Rig) -> None:
    cameras = rig.start(rig.camera("garden"), rig.camera("door"))
    rig.fakes["garden"].fault = "silent"
    assert wish_until(rig, "garden", lambda: rig.fakes["garden"].fault is None)

    assert wish_until(rig, "door", lambda: rig.count("door") >= 3)
    assert rig.count("garden") == 0

    began_s = time.monotonic()
    assert cameras.stop()
    assert time.monotonic() - began_s < STOP_S + 1
    assert rig.fakes["garden"].sessions == {}


def test_a_disk_that_hangs_does_not_hold_the_stop(rig: Rig) -> None:
    let_go = threading.Event()

    class HangingPhotos(FakePhotos):
        def accept(self, source: SourceName, jpeg: bytes) -> Accepted:
            let_go.wait()
            return super().accept(source, jpeg)

    rig.photos = HangingPhotos()
    cameras = rig.start(rig.camera("garden"))
    assert wish_until(rig, "garden", lambda: rig.fakes["garden"].pictures > 0)

    began_s = time.monotonic()
    assert not cameras.stop(within_s=0.3)
    assert time.monotonic() - began_s < 3.0
    let_go.set()
    assert cameras.stop()


def test_trouble_with_what_takes_the_photos_ends_no_thread(rig: Rig) -> None:
    failures = iter([OSError("the disk is gone"), RuntimeError("nobody foresaw it")])

    class TroubledPhotos(FakePhotos):
        def interval_s(self, source: SourceName) -> float | None:
            if threading.current_thread().name.startswith("camera") and (failure := next(failures, None)):
                raise failure
            return None

    rig.photos = TroubledPhotos()
    rig.start(replace(rig.camera("garden"), interval_s=None))

    assert wish_until(rig, "garden", lambda: rig.count("garden") >= 1)


def test_a_camera_that_cannot_be_is_named_with_the_reason(rig: Rig) -> None:
    good = CameraSettings(SourceName("roof"), "snapshot", "http://camera/x.jpg", "u", "very-secret")
    for wrong in (
        replace(good, address="camera/x.jpg"),
        replace(good, address="ftp://camera/x.jpg"),
        replace(good, kind="rtsp"),
        replace(good, kind="reolink", address="two words"),
    ):
        with pytest.raises(ValueError, match=r"^camera roof: ") as caught:
            pollers([wrong], rig.photos, rig.world)
        assert "very-secret" not in f"{caught.value}"


def test_every_kind_of_camera_is_made_and_shows_its_kind(rig: Rig) -> None:
    found = pollers(
        [
            CameraSettings(SourceName("a"), "reolink", "192.168.1.20"),
            CameraSettings(SourceName("b"), "snapshot", "https://camera/x.jpg", verify_tls=True),
            CameraSettings(SourceName("c"), "rtsp", "rtsp://camera/live"),
            CameraSettings(SourceName("d"), "usb", "/dev/video0"),
        ],
        rig.photos,
        rig.world,
    )

    assert [(poller.status.source, poller.status.kind) for poller in found] == [
        ("a", "reolink"), ("b", "snapshot"), ("c", "rtsp"), ("d", "usb")
    ]  # fmt: skip
    assert sorted(rig.photos.wishes) == ["a", "b", "c", "d"]
    for poller in found:
        poller.close()
