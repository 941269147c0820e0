"""Segments as clips in a cloud, through its real routes' fake, and what becomes of them on the way."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from frameferry_station import ffmpeg
from frameferry_station.documents import JsonFile
from frameferry_station.files import DiskFiles
from frameferry_station.lanes.singles import UNDATED_AFTER_S
from frameferry_station.photos import STATION
from frameferry_station.relay.clip_files import MAX_CLIP_BYTES, NoClip, make_clip
from frameferry_station.settings import DiskSettings
from PIL import Image

from chalicelib import clips as cloud_clips
from tests.station.fake_cloud import PORTAL, FakeCloud, Reply, api_error
from tests.station.lanes.stations import GARDEN, Station
from tests.station.relay.clip_bench import Bench, FullForDocuments
from tests.station.relay.rig import probed
from tests.station.samples import START


def start(arguments: Sequence[str], *, folder: Path | None) -> subprocess.Popen[bytes]:
    return ffmpeg.started(arguments, folder=folder)


@pytest.fixture
def bench(tmp_path: Path, segment: Path, cloud: FakeCloud) -> Bench:
    return Bench(tmp_path, segment, cloud)


def test_a_clip_is_the_segment_with_its_index_in_front_and_its_first_picture_as_cover(
    segment: Path, tmp_path: Path
) -> None:
    made = tmp_path / "clip.mp4"
    make_clip(start, segment, made)

    found = cloud_clips.examine(made.read_bytes()[: 2 * 2**20], made.stat().st_size)
    assert (found.width, found.height) == (320, 240)
    assert found.poster is not None
    assert found.duration_ms == 3000
    assert Image.open(BytesIO(found.poster)).size == (320, 240)
    assert [stream["codec_name"] for stream in probed(made)["streams"]] == ["h264", "mjpeg"]
    assert probed(made)["packets"] == probed(segment)["packets"] == 15
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_segment_that_a_power_cut_left_becomes_a_clip_of_what_is_whole(segment: Path, tmp_path: Path) -> None:
    cut, made = tmp_path / "cut.mp4", tmp_path / "clip.mp4"
    cut.write_bytes(segment.read_bytes()[: segment.stat().st_size * 2 // 3])
    make_clip(start, cut, made)

    assert 5 <= probed(made)["packets"] < 15
    assert cloud_clips.examine(made.read_bytes(), made.stat().st_size).poster


def test_what_is_no_video_or_too_large_is_no_clip(tmp_path: Path) -> None:
    nonsense, large = tmp_path / "nonsense.mp4", tmp_path / "large.mp4"
    nonsense.write_bytes(b"moov" * 100)
    with large.open("wb") as file:
        file.truncate(MAX_CLIP_BYTES + 1)

    for path, why in ((nonsense, "no clip of it"), (large, "segment_s smaller")):
        with pytest.raises(NoClip, match=why):
            make_clip(start, path, tmp_path / "clip.mp4")


def test_a_segment_arrives_once_with_its_time_and_leaves_the_disk(bench: Bench) -> None:
    bench.record()
    bench.clips.step()

    [asked] = bench.cloud.ingested
    assert (asked.seq, asked.captured_at, asked.ntp_synced) == (0, START, True)
    assert bench.cloud.items[0].object_key.endswith("2026-05-04T12-00-00Z_000000.mp4")
    assert bench.clips.counts().delivered == 1
    assert bench.files() == []
    assert len(bench.room) == 1


def test_photos_and_clips_of_a_source_share_its_numbers(bench: Bench) -> None:
    assert bench.station.accept(0) == [0]
    bench.record()
    bench.clips.step()
    assert bench.station.accept(1) == [2]
    bench.station.work()

    assert sorted(bench.cloud.items) == [0, 1, 2]


def test_clips_wait_on_the_disk_for_a_cloud_that_is_away_and_go_once_after_a_restart(bench: Bench) -> None:
    bench.cloud.script("upload-url", *[PORTAL] * 3)
    for second in (0, 5):
        bench.record(second)
        bench.clips.step()
    assert bench.clips.counts().waiting == 2
    assert bench.cloud.items == {}

    again = bench.opened()
    for _ in range(10):
        again.step()
        bench.station.time.advance(300.0)
    assert sorted(bench.cloud.items) == [0, 1]
    assert [asked.seq for asked in bench.cloud.ingested] == [0, 1]
    assert bench.files() == []


def test_a_segment_whose_clip_is_kept_is_not_made_one_again(bench: Bench) -> None:
    """The power went between the clip and the end of its order."""
    bench.cloud.script("upload-url", PORTAL)
    segment = bench.record()
    bench.clips.step()
    bench.clips.announce(GARDEN, segment)

    again = bench.opened()
    again.step()
    assert again.counts().waiting + again.counts().delivered == 1


def test_another_segment_that_a_clock_which_was_set_back_gave_the_same_name_is_another_clip(bench: Bench) -> None:
    bench.cloud.script("upload-url", PORTAL)
    bench.record()
    bench.clips.step()
    again = bench.record()
    at_s = START.timestamp() + 3.5
    os.utime(again, (at_s, at_s))
    bench.clips.step()

    assert bench.clips.counts().waiting == 2


def test_what_was_being_made_when_the_power_went_is_made_anew(bench: Bench) -> None:
    bench.record()
    lane = bench.folder / "clips" / STATION
    lane.mkdir(parents=True)
    (lane / "0000000000000000-5f0c7a52.mp4").write_bytes(b"half")
    (lane / "0000000000000007-5f0c7a52.json").write_text("no document")
    (bench.folder / "clips/making.mp4").write_bytes(b"half")

    again = bench.opened()
    again.step()
    assert again.counts().delivered == 1
    assert bench.files() == []


def test_a_clip_waits_for_a_clock_and_is_dated_before_it_goes(bench: Bench) -> None:
    bench.synced = False
    bench.record()
    bench.clips.step()
    assert bench.cloud.requests.count("upload-url") == 0

    bench.station.time.advance(60.0)
    bench.synced = True
    bench.clips.step()
    assert [asked.captured_at for asked in bench.cloud.ingested] == [START]


@pytest.mark.parametrize("name", ["2026-05-01T07-30-00Z.mp4", "2026-05-04T15-00-00Z.mp4"])
def test_a_clip_in_which_the_clock_was_set_has_the_time_by_the_clock_that_is_right(bench: Bench, name: str) -> None:
    bench.record(name=name)
    bench.clips.step()

    [asked] = bench.cloud.ingested
    assert asked.captured_at is not None
    assert abs((asked.captured_at - START).total_seconds()) < 1.0


def test_a_clip_that_no_clock_was_ever_set_for_goes_undated(bench: Bench) -> None:
    bench.synced = False
    bench.record()
    bench.clips.step()
    bench.station.time.advance(UNDATED_AFTER_S)
    bench.clips.step()

    assert [(asked.captured_at, asked.ntp_synced) for asked in bench.cloud.ingested] == [(None, False)]


def test_a_number_that_the_cloud_holds_with_other_bytes_is_changed(bench: Bench) -> None:
    bench.cloud.hold(0, b"other")
    bench.record()
    for _ in range(3):
        bench.clips.step()

    assert sorted(bench.cloud.items) == [0, 1]
    assert bench.files() == []


def test_a_refused_clip_holds_up_no_other_and_is_told_of_and_stays(bench: Bench) -> None:
    bench.cloud.script("upload-url", *[api_error(400, "content_type_not_allowed")] * 3)
    bench.record(0)
    for _ in range(4):
        bench.clips.step()
        bench.station.time.advance(300.0)
    bench.record(5)
    bench.clips.step()

    assert sorted(bench.cloud.items) == [1]
    assert bench.clips.counts().waiting == 1
    assert any("content_type_not_allowed" in f"{message}" for _, _, message in bench.photos.told)


def test_a_clip_of_a_device_that_its_source_was_before_holds_up_no_other_and_stays(bench: Bench) -> None:
    bench.cloud.script("upload-url", PORTAL)
    bench.record(0)
    bench.clips.step()
    [path] = (bench.folder / "clips").rglob("*.json")
    document = JsonFile(path, DiskFiles())
    document.save({**(document.load() or {}), "device_id": "0e2b3c4d-6f1e-4a0f-9d51-2f6f3a1c9b11"})

    again = bench.opened()
    again.step()
    bench.record(5)
    again.step()

    assert sorted(bench.cloud.items) == [1]
    assert again.counts().waiting == 1
    assert "its source is another device now" in f"{bench.photos.told}"


def test_a_clip_that_the_card_gives_back_with_other_bytes_holds_up_no_other(bench: Bench) -> None:
    bench.cloud.script("upload-url", PORTAL)
    bench.record(0)
    bench.clips.step()
    [path] = (bench.folder / "clips").rglob("*.mp4")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for _ in range(4):
        bench.station.time.advance(300.0)
        bench.clips.step()

    bench.record(5)
    bench.clips.step()

    assert sorted(bench.cloud.items) == [1]
    assert bench.clips.counts().waiting == 1


def test_a_receipt_that_proves_nothing_deletes_nothing(bench: Bench) -> None:
    bench.cloud.script("ingest", Reply(200, b'{"status": "queued", "item_id": "i"}'))
    bench.record()
    bench.clips.step()

    assert bench.clips.counts().waiting == 1
    assert len(bench.files()) == 2


def test_the_oldest_clip_goes_for_want_of_space_and_is_told_as_evicted(bench: Bench) -> None:
    bench.cloud.script("upload-url", PORTAL)
    bench.record(0)
    bench.record(5)
    bench.clips.step()
    oldest = bench.clips.oldest()
    assert oldest is not None
    assert oldest.name.startswith("0000000000000000-")

    assert bench.clips.give_up_oldest() == oldest.size_bytes
    assert bench.clips.counts().waiting == 1
    assert bench.clips.counts().evicted == 1
    bench.clips.give_up_oldest()
    assert bench.clips.oldest() is None
    assert bench.clips.give_up_oldest() == 0
    assert bench.files() == []

    bench.station.work()
    evicted = [event for event in bench.cloud.events.values() if event.kind == "evicted"]
    assert [(event.first_seq, event.last_seq) for event in evicted] == [(0, 1)]


def test_clips_go_by_the_budget_that_lanes_and_sinks_go_by(bench: Bench) -> None:
    bench.cloud.script("upload-url", PORTAL)
    bench.record()
    bench.clips.step()
    lanes = Station(cloud=bench.cloud, sinks=(), budget=DiskSettings(10**6, 0)).lanes
    lanes.also_held_by(bench.clips)

    lanes.make_room(10**6 // 2)
    assert bench.clips.counts().waiting == 1
    lanes.make_room(10**6 + 1)
    assert bench.clips.counts().waiting == 0


def test_a_segment_that_is_no_clip_or_has_gone_is_given_up(bench: Bench) -> None:
    bench.record(0).write_bytes(b"")
    bench.record(5).unlink()
    bench.clips.step()
    assert "no clip of it" in f"{bench.photos.told}"

    bench.station.time.advance(120.0)
    bench.clips.step()
    assert bench.files() == []
    assert "2026-05-04T12-00-05Z.mp4: it was gone" in f"{bench.photos.told}"


def test_a_segment_that_is_being_announced_is_not_looked_for_yet(bench: Bench) -> None:
    being_written = bench.folder / "clips/to-do" / GARDEN / "2026-05-04T12-00-00Z.mp4.tmp"
    being_written.parent.mkdir()
    being_written.touch()
    bench.clips.step()

    assert bench.photos.told == []
    assert being_written.exists()


def test_a_clip_whose_document_the_disk_does_not_take_leaves_nothing_behind_and_is_made_again(bench: Bench) -> None:
    bench.disk = disk = FullForDocuments()
    bench.clips = bench.opened()
    segment = bench.record()
    bench.clips.step()
    assert bench.files() == [segment.name], "the announcement"

    disk.is_full = False
    bench.clips.step()
    assert bench.clips.counts().delivered == 1
    assert bench.files() == []


def test_without_ffmpeg_segments_wait(bench: Bench) -> None:
    bench.program = "no-such-program"
    bench.record()
    bench.clips.step()
    bench.program = "ffmpeg"
    bench.clips.step()

    assert bench.clips.counts().delivered == 1


def test_a_source_that_is_not_paired_gives_no_clip(tmp_path: Path, segment: Path, cloud: FakeCloud) -> None:
    bench = Bench(tmp_path, segment, cloud)
    bench.station = Station(cloud=cloud, sinks=())
    bench.clips = bench.opened()
    bench.record()
    bench.clips.step()

    assert "frameferry-station pair garden CODE" in f"{bench.photos.told}"
    assert bench.files() == []


def test_its_thread_ends_when_it_is_told_to(bench: Bench) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=bench.clips.run, args=(stop,))
    thread.start()
    bench.record()
    stop.set()
    thread.join(30.0)
    assert not thread.is_alive()
