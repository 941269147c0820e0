"""Photos as files: what is there is not overwritten, and a disk that is gone is not replaced by what lies under it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from frameferry_station.documents import JsonFile
from frameferry_station.errors import Refusal, Trouble
from frameferry_station.files import DiskFiles
from frameferry_station.sinks.filesystem import MARKER, FolderDestination, SharedDiskFiles
from frameferry_station.sinks.photo import NotAsConfigured

from tests.station.samples import jpeg
from tests.station.sinks.photos import NAME, UNDATED, photo


class FailingFiles(SharedDiskFiles):
    def __init__(self, code: int) -> None:
        self.code = code

    def sync(self, path: Path) -> None:
        raise OSError(self.code, os.strerror(self.code))


def destination(tmp_path: Path, files: DiskFiles | None = None) -> FolderDestination:
    state = JsonFile(tmp_path / "state" / "target.json", DiskFiles())
    return FolderDestination(tmp_path / "disk" / "photos", state, files or SharedDiskFiles())


def stored(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "disk" / "photos"
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != MARKER}


def test_a_photo_is_a_file_in_the_folder_of_its_day_that_others_may_read(tmp_path: Path) -> None:
    destination(tmp_path).deliver(photo())
    destination(tmp_path).deliver(photo(at=None))

    assert stored(tmp_path) == {NAME: jpeg(12), UNDATED: jpeg(12)}
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "disk/photos" / NAME).stat().st_mode & 0o777 == 0o666 & ~umask


def test_the_same_photo_twice_is_one_file_that_is_not_written_again(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.deliver(photo())
    path = tmp_path / "disk/photos" / NAME
    os.utime(path, (1000, 1000))

    made.deliver(photo())
    destination(tmp_path).deliver(photo())

    assert stored(tmp_path) == {NAME: jpeg(12)}
    assert path.stat().st_mtime == 1000


def test_another_photo_of_the_same_name_is_kept_beside_it_once(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.deliver(photo(12))

    for _ in range(2):
        made.deliver(photo(77))

    second = f"{NAME.removesuffix('.jpg')}-{photo(77).sha256[:12]}.jpg"
    assert stored(tmp_path) == {NAME: jpeg(12), second: jpeg(77)}


def test_a_photo_whose_names_both_have_other_bytes_is_refused_and_holds_up_no_other(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.deliver(photo(77))
    second = tmp_path / "disk/photos" / f"{NAME.removesuffix('.jpg')}-{photo(12).sha256[:12]}.jpg"
    second.write_bytes(jpeg(12)[:100])

    with pytest.raises(Refusal):
        made.deliver(photo(12))


def test_half_a_file_from_before_is_another_photo_and_stays(tmp_path: Path) -> None:
    made = destination(tmp_path)
    path = tmp_path / "disk/photos" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(jpeg(12)[:100])

    made.deliver(photo(12))

    assert len(stored(tmp_path)) == 2
    assert jpeg(12) in stored(tmp_path).values()


def test_a_disk_that_is_gone_is_an_outage_and_nothing_is_written_under_its_mount_point(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.deliver(photo())
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    (tmp_path / "disk" / "photos").mkdir(parents=True)

    for later in (made, destination(tmp_path)):
        with pytest.raises(Trouble, match="is the disk mounted"):
            later.deliver(photo(13, seq=13))
    assert stored(tmp_path) == {}

    (tmp_path / "disk" / "photos").rmdir()
    (tmp_path / "disk").rmdir()
    with pytest.raises(Trouble, match="is the disk mounted"):
        made.deliver(photo(13, seq=13))
    (tmp_path / "unplugged").rename(tmp_path / "disk")
    made.deliver(photo(13, seq=13))
    assert len(stored(tmp_path)) == 2


def test_a_new_disk_is_used_once_it_has_the_marker(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.deliver(photo())
    (tmp_path / "disk").rename(tmp_path / "old")
    (tmp_path / "disk" / "photos").mkdir(parents=True)
    (tmp_path / "disk" / "photos" / MARKER).touch()

    made.deliver(photo(13, seq=13))

    assert list(stored(tmp_path).values()) == [jpeg(13)]


def test_a_disk_that_has_the_marker_of_an_earlier_station_is_missed_too_when_it_is_gone(tmp_path: Path) -> None:
    (tmp_path / "disk" / "photos").mkdir(parents=True)
    (tmp_path / "disk" / "photos" / MARKER).touch()
    destination(tmp_path).deliver(photo())
    (tmp_path / "disk").rename(tmp_path / "unplugged")

    for later in (destination(tmp_path), destination(tmp_path)):
        with pytest.raises(Trouble, match="is the disk mounted"):
            later.deliver(photo(13, seq=13))

    assert stored(tmp_path) == {}


def test_a_day_that_somebody_tidied_away_is_begun_anew(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.deliver(photo())
    shutil.rmtree(tmp_path / "disk" / "photos" / "garden")

    made.deliver(photo(13, seq=13))

    assert list(stored(tmp_path).values()) == [jpeg(13)]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE])
def test_a_full_or_broken_disk_is_an_outage_and_leaves_no_half_file(tmp_path: Path, code: int) -> None:
    destination(tmp_path).deliver(photo(11, seq=11))

    with pytest.raises(Trouble) as caught:
        destination(tmp_path, FailingFiles(code)).deliver(photo())

    assert os.strerror(code) in str(caught.value)
    assert list(stored(tmp_path).values()) == [jpeg(11)]
    destination(tmp_path).deliver(photo())
    assert len(stored(tmp_path)) == 2


def test_a_folder_that_may_not_be_written_is_a_matter_of_settings(tmp_path: Path) -> None:
    destination(tmp_path).deliver(photo(11, seq=11))

    with pytest.raises(NotAsConfigured, match="Read-only file system"):
        destination(tmp_path, FailingFiles(errno.EROFS)).deliver(photo())


def test_a_folder_that_is_a_file_is_a_matter_of_settings(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"")

    with pytest.raises(NotAsConfigured, match="Not a directory"):
        destination(tmp_path).deliver(photo())
