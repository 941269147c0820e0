"""Clips that never get through while others do, and what nobody foresaw."""

from __future__ import annotations

from pathlib import Path

import pytest
from frameferry_station.files import DiskFiles
from frameferry_station.photos import STATION

from tests.station.fake_cloud import PORTAL, FakeCloud
from tests.station.lanes.stations import GARDEN
from tests.station.relay.clip_bench import Bench


@pytest.fixture
def bench(tmp_path: Path, segment: Path, cloud: FakeCloud) -> Bench:
    return Bench(tmp_path, segment, cloud)


def test_a_clip_at_which_the_connection_always_breaks_holds_up_no_other_and_stays(bench: Bench) -> None:
    bench.breaks_for.add(0)
    for second in (0, 5, 10, 15):
        bench.record(second)
        bench.clips.step()
    for _ in range(60):
        bench.station.time.advance(60.0)
        bench.clips.step()

    assert sorted(bench.cloud.items) == [1, 2, 3]
    assert bench.clips.counts().waiting == 1
    for second in range(20, 50, 5):
        bench.record(second)
        for _ in range(30):
            bench.station.time.advance(60.0)
            bench.clips.step()
    assert bench.clips.counts().stuck == 1

    bench.breaks_for.clear()
    bench.station.time.advance(6 * 3600.0)
    bench.clips.step()
    assert sorted(bench.cloud.items) == list(range(10))
    assert (bench.clips.counts().waiting, bench.clips.counts().stuck) == (0, 0)


def test_what_nobody_foresaw_is_logged_once_and_tried_more_and_more_seldom(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.record()
    bench.is_broken = True

    waits = [bench.clips.guarded_step() for _ in range(12)]

    assert waits[-1] == 300.0
    assert waits == sorted(waits)
    assert caplog.text.count("Traceback") == 1
    assert bench.clips.counts().last_error == "RuntimeError"
    bench.is_broken = False
    bench.clips.guarded_step()
    assert bench.clips.counts().delivered == 1


def test_a_segments_announcement_that_rotted_holds_up_no_other(bench: Bench) -> None:
    bench.record(5)
    for name, content in (("rotten.mp4", b"\xff\xfe"), ("zeros.mp4", bytes(40))):
        (bench.folder / "clips/to-do" / GARDEN / name).write_bytes(content)
    bench.clips.step()
    bench.station.time.advance(1e9)
    bench.clips.step()

    assert sorted(bench.cloud.items) == [0]
    assert bench.files() == []
    assert "rotten.mp4: it was gone" in f"{bench.photos.told}"


class Noting(DiskFiles):
    """Which folders were synced after which removals, and how much the cloud held then."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.notes: list[tuple[str, str, int]] = []
        self._cloud = cloud

    def remove(self, path: Path) -> None:
        super().remove(path)
        self.notes.append(("gone", path.name, len(self._cloud.items)))

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.notes.append(("durable", folder.name, len(self._cloud.items)))


def test_an_announcement_is_durably_gone_before_its_clip_is_sent_or_a_power_cut_would_make_it_twice(
    tmp_path: Path, segment: Path, cloud: FakeCloud
) -> None:
    disk = Noting(cloud)
    bench = Bench(tmp_path, segment, cloud, disk=disk)
    made = bench.record()
    bench.clips.step()

    assert len(cloud.items) == 1
    gone = disk.notes.index(("gone", made.name, 0))
    assert ("durable", GARDEN, 0) in disk.notes[gone:]


def test_a_clip_of_a_time_that_the_owner_forgets_is_not_kept(bench: Bench) -> None:
    bench.cloud.script("upload-url", *[PORTAL] * 2)
    for second in (0, 20):
        bench.record(second)
        bench.clips.step()
    bench.station.lanes.also_held_by(bench.clips)
    bench.cloud.command(
        "01KDD2G0EG000G40R40M30E201", "forget", **{"from": "2026-05-04T11:00:00Z", "to": "2026-05-04T12:00:10Z"}
    )

    bench.station.work(STATION)

    assert bench.clips.counts().waiting == 1
    assert not any("0000000000000000" in name for name in bench.files())
