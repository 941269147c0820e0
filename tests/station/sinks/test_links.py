"""Packs in the folders of sinks, on a real file system and on one without links."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random

import pytest
from frameferry_station.captures import Seq
from frameferry_station.files import TEMPORARY
from frameferry_station.pack_folder import QueuedPack
from frameferry_station.queue import PackQueue
from frameferry_station.sinks.links import LinkedDiskFiles
from frameferry_station.sinks.shelf import Shelf

from tests.station.packs_on_card import Told, put
from tests.station.samples import DEVICE_ID, jpeg
from tests.station.sinks.rig import GARDEN


class NoLinks(LinkedDiskFiles):
    """FAT, or another disk than the lane's."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.did: list[str] = []

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.did.append(f"synced {path.name}")

    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        self.did.append(f"named {target.name}")

    def hard_link(self, source: Path, target: Path) -> None:
        raise OSError(self.code, os.strerror(self.code))


def a_pack(folder: Path) -> tuple[Path, QueuedPack]:
    queue = PackQueue(
        folder / "queue",
        folder / "seq.json",
        device_id=DEVICE_ID,
        boot_id="00000000000000b1",
        budget_bytes=10**9,
        watcher=Told(),
        entropy=Random(1).randbytes,
        files=LinkedDiskFiles(),
    )
    put(queue, 0, 1)
    queue.seal()
    (pack,) = queue.packs()
    return folder / "queue" / pack.name, pack


def shelf(folder: Path, files: LinkedDiskFiles) -> Shelf:
    return Shelf(folder / "sinks" / "s3", files, lambda lane, message: None)


def photos_on(shelf: Shelf) -> list[bytes]:
    found = []
    for pack, seqs in shelf.waiting():
        file, entries = shelf.file(pack), shelf.entries(pack)
        assert file is not None
        found += [file.jpeg(entries[seq]) for seq in seqs]
    return found


def test_a_pack_is_one_file_under_two_names(tmp_path: Path) -> None:
    path, pack = a_pack(tmp_path)
    made = shelf(tmp_path, LinkedDiskFiles())

    made.take(GARDEN, path, pack)

    linked = tmp_path / "sinks" / "s3" / GARDEN / pack.name
    assert linked.samefile(path)
    assert photos_on(made) == [jpeg(0), jpeg(1)]
    assert made.give_up_oldest() == 0
    assert path.exists()


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP])
def test_where_there_are_no_links_the_sink_gets_a_copy_of_the_same_age(tmp_path: Path, code: int) -> None:
    path, pack = a_pack(tmp_path)
    os.utime(path, (1_000_000, 1_000_000))
    files = NoLinks(code)
    made = shelf(tmp_path, files)

    made.take(GARDEN, path, pack)

    assert files.did == [f"synced {pack.name}.tmp", f"named {pack.name}"]
    oldest = made.oldest()
    assert oldest is not None
    assert (oldest.name, oldest.since_s, oldest.size_bytes) == (pack.name, 1_000_000.0, path.stat().st_size)
    path.unlink()
    assert photos_on(made) == [jpeg(0), jpeg(1)]
    assert photos_on(shelf(tmp_path, NoLinks(code))) == [jpeg(0), jpeg(1)]
    assert made.give_up_oldest() == pack.size_bytes


def test_other_errors_of_the_disk_come_through_and_nothing_is_taken(tmp_path: Path) -> None:
    path, pack = a_pack(tmp_path)
    made = shelf(tmp_path, NoLinks(errno.EIO))

    with pytest.raises(OSError, match="Input/output"):
        made.take(GARDEN, path, pack)
    with pytest.raises(FileNotFoundError):
        shelf(tmp_path, LinkedDiskFiles()).take(GARDEN, path.with_name(pack.name + "x"), pack)

    assert (made.taken_up_to(GARDEN), list(made.waiting())) == (None, [])


def test_half_a_copy_is_cleared_away_and_made_again(tmp_path: Path) -> None:
    path, pack = a_pack(tmp_path)
    left = tmp_path / "sinks" / "s3" / GARDEN / (pack.name + TEMPORARY)
    left.parent.mkdir(parents=True)
    left.write_bytes(path.read_bytes()[:100])
    orphan = left.with_name("0000000000000077-5f0c7a52.zip.taken")
    orphan.write_bytes(b"")

    made = shelf(tmp_path, NoLinks(errno.EPERM))
    assert not left.exists()
    assert not orphan.exists()
    made.take(GARDEN, path, pack)

    assert photos_on(made) == [jpeg(0), jpeg(1)]


def test_records_of_progress_that_are_not_whole_count_for_nothing(tmp_path: Path) -> None:
    path, pack = a_pack(tmp_path)
    made = shelf(tmp_path, LinkedDiskFiles())
    made.take(GARDEN, path, pack)
    ((held, _),) = list(made.waiting())
    made.took(held, Seq(0))
    record = tmp_path / "sinks" / "s3" / GARDEN / (pack.name + ".taken")
    whole = record.read_bytes()

    for damaged in (whole[:-1], bytes(len(whole)), whole.replace(b"0 ", b"1 ", 1), b"\xff" * 60):
        record.write_bytes(damaged)
        assert photos_on(shelf(tmp_path, LinkedDiskFiles())) == [jpeg(0), jpeg(1)], damaged

    record.write_bytes(b"\0" * len(whole) + whole)
    again = shelf(tmp_path, LinkedDiskFiles())
    assert photos_on(again) == [jpeg(1)]
    ((held, _),) = list(again.waiting())
    again.took(held, Seq(1))
    assert list(tmp_path.glob("sinks/s3/garden/*.zip*")) == []
