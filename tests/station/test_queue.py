"""The queue in packs: order, numbers, budget, damage, and when a pack is full."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from frameferry_station.captures import CaptureMeta, Seq, SeqRange
from frameferry_station.errors import PackGone, StateInUse
from frameferry_station.files import DiskFiles, held_alone
from frameferry_station.packs import CaptureRecord
from frameferry_station.queue import PackLimits, PackQueue

from tests.station.packs_on_card import (
    ASIDE,
    COUNTER,
    FOLDER,
    Told,
    all_captures,
    in_packs,
    opened,
    put,
    read_as_the_cloud_does,
    records,
)
from tests.station.samples import META, START, jpeg
from tests.station.simulated_disk import SimulatedDisk


def ranges(queue: PackQueue) -> list[tuple[int, int]]:
    return [(pack.first_seq, pack.last_seq) for pack in queue.packs()]


def test_a_full_pack_is_sealed_and_is_a_zip_of_its_photos_as_they_were(tmp_path: Path) -> None:
    queue = opened(DiskFiles(), folder=tmp_path / "queue")
    photos = [jpeg(number, 70_000 + 997 * number) for number in range(3)]
    for number, photo in enumerate(photos):
        queue.put(photo, CaptureMeta(START + timedelta(seconds=30 * number), True, 1000 * number))

    [pack] = queue.packs()
    body = b"".join(queue.chunks(pack))

    assert (tmp_path / "queue" / pack.name).read_bytes() == body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == photos
    assert read_as_the_cloud_does(pack, body) == dict(enumerate(photos))


def test_a_capture_s_record_tells_boot_uptime_and_time() -> None:
    queue = opened(SimulatedDisk(), boot_id="00ff00ff00ff00ff")
    at = datetime(2026, 5, 4, 3, 2, 1, 987_000, UTC)
    queue.put(jpeg(0), CaptureMeta(at, True, 61_001))
    queue.put(jpeg(1), CaptureMeta(None, False, 62_002))

    assert records(queue) == [
        CaptureRecord(Seq(0), "00ff00ff00ff00ff", 61_001, at, True),
        CaptureRecord(Seq(1), "00ff00ff00ff00ff", 62_002, None, False),
    ]


def test_few_captures_become_a_pack_when_they_are_wanted_so() -> None:
    queue = opened(SimulatedDisk())
    put(queue, 0, 1)
    assert queue.packs() == []

    queue.seal()
    queue.seal()

    assert ranges(queue) == [(0, 1)]
    assert put(queue, 2) == [2]
    assert (len(queue), queue.oldest_seq, queue.next_seq) == (3, 0, 3)


def test_a_pack_that_has_no_room_for_the_next_photo_is_sealed_before_it() -> None:
    queue = opened(SimulatedDisk(), limits=PackLimits(captures=50, size_bytes=10_000))
    for number in range(3):
        queue.put(jpeg(number, 4000), META)

    assert ranges(queue) == [(0, 1)]
    assert all(pack.size_bytes <= 10_000 for pack in queue.packs())


def test_one_photo_larger_than_the_limit_is_a_pack_of_its_own() -> None:
    queue = opened(SimulatedDisk(), limits=PackLimits(captures=50, size_bytes=10_000))

    queue.put(jpeg(0, 20_000), META)
    queue.put(jpeg(1, 500), META)

    assert all_captures(queue) == {0: jpeg(0, 20_000), 1: jpeg(1, 500)}
    assert ranges(queue) == [(0, 0), (1, 1)]


def test_a_pack_file_is_grown_once_and_trimmed_when_it_is_sealed() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, 0)
    [node] = disk.names.values()
    grown = len(node.content)

    put(queue, 1)
    assert len(node.content) == grown
    put(queue, 2)

    [pack] = queue.packs()
    assert len(node.content) == pack.size_bytes < grown


@pytest.mark.parametrize("photo", [b"", b"x" * (32 * 2**20 + 1)], ids=["empty", "too large"])
def test_what_no_pack_holds_is_refused_and_costs_nothing_else(photo: bytes) -> None:
    queue = opened(SimulatedDisk())
    put(queue, 0)

    for _ in range(2):
        with pytest.raises(ValueError, match="a pack holds no photo"):
            queue.put(photo, META)
        queue.seal()

    put(queue, 1)
    assert list(all_captures(queue).values()) == [jpeg(0), jpeg(1)]


def test_seqs_rise_by_one_and_go_on_after_a_restart_of_an_empty_queue() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    assert put(queue, 0, 1, 2) == [0, 1, 2]
    queue.remove(queue.packs()[0])
    assert disk.sizes(FOLDER) == {}

    assert put(opened(disk), 3) == [3]


def test_an_empty_queue_with_a_lost_counter_is_put_right_by_the_server() -> None:
    queue = opened(SimulatedDisk())

    queue.raise_next_seq(41)

    assert put(queue, 0) == [41]


def test_a_damaged_counter_does_not_stop_the_camera() -> None:
    disk = SimulatedDisk()
    opened(disk).raise_next_seq(7)
    disk.names[COUNTER].content = b"crc32 00000000\n{"

    assert put(opened(disk), 0) == [0]


def test_captures_of_two_boots_are_never_in_one_pack() -> None:
    disk = SimulatedDisk()
    put(opened(disk), 0)

    queue = opened(disk, boot_id="00000000000000b2")
    put(queue, 1)

    assert all_captures(queue) == {0: jpeg(0), 1: jpeg(1)}
    assert ranges(queue) == [(0, 0), (1, 1)]


def test_the_same_captures_after_a_restart_are_the_same_object() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, 0, 1)
    as_it_was = disk.copy()
    queue.seal()

    again = opened(as_it_was)

    assert [again.prepared(pack) for pack in again.packs()] == queue.packs()


def test_a_start_reads_directories_and_no_photos() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    for number in range(30):
        queue.put(jpeg(number, 20_000), META)
    disk.bytes_read = 0

    opened(disk)

    assert disk.bytes_read < 10 * 20_000


def test_forgotten_captures_leave_every_pack_also_the_open_one() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, *range(8))

    count = queue.forget(lambda record: 2 <= record.seq <= 6)

    assert count == 5
    assert in_packs(queue) == in_packs(opened(disk)) == {0: jpeg(0), 1: jpeg(1), 7: jpeg(7)}
    assert not any(jpeg(number) in node.content for number in range(2, 7) for node in disk.names.values())
    assert put(queue, 8) == [8]


def test_forgotten_captures_leave_what_was_set_aside_too() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, *range(6))
    for pack in queue.packs():
        queue.set_aside(pack, "bad")

    queue.forget(lambda record: record.seq == 4)

    assert [name for name in disk.sizes(ASIDE) if name.endswith(".zip")] == ["0000000000000000-5f0c7a52.zip"]


def test_forgetting_the_newest_captures_gives_their_seqs_to_none() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, 0, 1, 2)

    queue.forget(lambda record: record.seq > 0)

    assert put(opened(disk), 3) == [3]


def test_a_pack_set_aside_is_kept_with_its_reason_and_its_seqs_stay_taken() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2)
    [pack] = queue.packs()

    queue.set_aside(pack, "refused: because")

    assert queue.packs() == []
    assert told.damages == [("set aside, refused: because", SeqRange(Seq(0), Seq(2)))]
    assert jpeg(0) in disk.names[ASIDE / pack.name].content
    assert disk.names[ASIDE / f"{pack.name}.reason"].content == b"refused: because"
    assert put(opened(disk), 3) == [3]


def test_over_budget_the_oldest_pack_goes_and_is_told_before() -> None:
    disk = SimulatedDisk()
    was_there: list[bool] = []
    told = Told(lambda seqs: was_there.append(any(jpeg(seqs.first) in node.content for node in disk.names.values())))
    queue = opened(disk, told, budget_bytes=20_000)
    put(queue, *range(30))

    kept = all_captures(queue)

    assert was_there == [True] * len(told.evictions)
    assert [seqs.first for seqs in told.evictions] == list(range(0, min(kept), 3))
    assert sorted(kept) == list(range(min(kept), 30))
    assert queue.size_bytes == sum(disk.sizes(FOLDER).values())
    assert 10_000 < queue.size_bytes <= 20_000


def test_what_is_set_aside_is_given_up_before_what_can_be_sent() -> None:
    told = Told()
    queue = opened(SimulatedDisk(), told, budget_bytes=20_000)
    put(queue, *range(6))
    queue.set_aside(queue.packs()[1], "bad")

    put(queue, *range(6, 24))

    assert told.evictions[0] == SeqRange(Seq(3), Seq(5))


def test_a_full_disk_costs_the_oldest_pack() -> None:
    told = Told()
    queue = opened(SimulatedDisk(capacity_bytes=9_000), told)

    put(queue, *range(20))

    kept = all_captures(queue)
    assert max(kept) == 19
    assert len(kept) + sum(seqs.last - seqs.first + 1 for seqs in told.evictions) == 20


def test_a_disk_with_room_for_one_photo_takes_that() -> None:
    queue = opened(SimulatedDisk(capacity_bytes=1500))

    put(queue, 0)

    assert all_captures(queue) == {0: jpeg(0)}


def test_a_disk_that_others_filled_is_an_error_and_leaves_no_rest() -> None:
    disk = SimulatedDisk(capacity_bytes=10)
    queue = opened(disk)

    with pytest.raises(OSError, match="the disk is full"):
        put(queue, 0)

    assert not disk.names
    assert len(queue) == 0


def test_a_pack_that_a_full_disk_does_not_let_go_is_not_told_of_as_gone() -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, *range(3))
    disk.capacity_bytes = 0

    for _ in range(2):
        with pytest.raises(OSError, match="space"):
            put(queue, 3)

    disk.capacity_bytes = None
    put(queue, 4)
    kept, gone = all_captures(queue), [seq for seqs in told.evictions for seq in range(seqs.first, seqs.last + 1)]
    assert not kept.keys() & set(gone)
    assert sorted([*kept, *gone]) == list(range(4))


@pytest.mark.parametrize("works_for", range(7))
def test_an_error_of_the_card_costs_the_photo_at_most(works_for: int) -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    kept = {queue.put(jpeg(0), META): jpeg(0)}
    disk.failing = works_for
    for number in range(1, 6):
        with suppress(OSError):
            kept[queue.put(jpeg(number), META)] = jpeg(number)
    disk.failing = None

    kept |= {queue.put(jpeg(number), META): jpeg(number) for number in range(6, 9)}

    all_captures(queue)  # what could not be sealed is found damaged, and is whole the next time
    found = in_packs(queue)
    assert kept.items() <= found.items()
    assert set(found.values()) <= {jpeg(number) for number in range(9)}, "what was not acknowledged is a photo too"
    assert in_packs(opened(disk)) == found


def test_after_an_error_of_the_card_nothing_more_goes_into_that_file() -> None:
    disk = SimulatedDisk()
    queue = opened(disk)
    put(queue, 0)
    disk.failing = 1
    with pytest.raises(OSError, match="does not answer"):
        put(queue, 1)
    disk.failing = None

    put(queue, 2)

    queue.seal()
    assert [pack.seqs for pack in queue.packs()] == [(SeqRange(Seq(0), Seq(0)),), (SeqRange(Seq(2), Seq(2)),)]


@pytest.mark.parametrize("works_for", range(12))
@pytest.mark.parametrize("deed", ["take out", "forget"])
def test_an_error_of_the_card_while_a_pack_is_written_anew_loses_and_doubles_nothing(deed: str, works_for: int) -> None:
    disk, told = SimulatedDisk(), Told()
    queue = opened(disk, told)
    put(queue, 0, 1, 2, 3)
    disk.failing = works_for
    with suppress(OSError):
        if deed == "take out":
            queue.take_out(queue.packs()[0], {Seq(1): 4, Seq(2): 5})
        else:
            queue.forget(lambda record: record.seq == 0)
    disk.failing = None

    all_captures(queue)
    found = in_packs(queue)

    assert sorted(found.values()) in (sorted(map(jpeg, range(4))), sorted(map(jpeg, range(1, 4))))
    assert told.damages == []
    assert in_packs(opened(disk)) == found


def test_a_file_that_somebody_deleted_is_gone_and_no_more() -> None:
    disk = SimulatedDisk()
    put(opened(disk), 0, 1, 2)
    queue = opened(disk)
    [pack] = queue.packs()
    disk.remove(FOLDER / pack.name)

    with pytest.raises(PackGone):
        queue.prepared(pack)
    assert queue.packs() == []


def test_a_pack_that_is_written_anew_while_it_is_sent_is_not_mixed_up() -> None:
    queue = opened(SimulatedDisk())
    for number in range(3):
        queue.put(jpeg(number, 100_000), META)
    [pack] = queue.packs()
    chunks = queue.chunks(pack)
    next(chunks)

    queue.forget(lambda record: record.seq == 0)

    with pytest.raises(PackGone):
        next(chunks)


def test_two_processes_never_share_a_state_folder(tmp_path: Path) -> None:
    with held_alone(tmp_path), pytest.raises(StateInUse), held_alone(tmp_path):
        pass


def test_a_real_disk_grows_writes_and_trims(tmp_path: Path) -> None:
    files, path = DiskFiles(), tmp_path / "file"

    files.create(path, 1000)
    files.write_at(path, 10, (b"ab", b"cd"))
    files.trim(path, 13)
    files.sync(path)

    assert path.read_bytes() == bytes(10) + b"abc"
    assert path.stat().st_mode & 0o777 == 0o600
