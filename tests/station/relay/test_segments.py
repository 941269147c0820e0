"""Files of segments without a stream: what is kept, under which names, and what goes."""

from __future__ import annotations

from pathlib import Path

from frameferry_station.relay.segments import KEEP_FREE_BYTES, WRITING, SegmentFolder

PICTURES = b"\0\0\0\x18ftypisom\0\0\0\x08moov"


def name(second: int) -> str:
    return f"2026-05-04T12-00-{second:02d}Z.mp4"


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.mp4"))


def record(outlet: SegmentFolder, folder: Path, *seconds: int) -> None:
    """As ffmpeg does: the name comes once the file is finished."""
    with outlet.run() as order:
        assert order.folder == folder / WRITING
        for second in seconds:
            (folder / WRITING / name(second)).write_bytes(PICTURES)
            outlet.said(name(second))


def test_the_oldest_go_beyond_the_number_that_is_kept(tmp_path: Path) -> None:
    record(SegmentFolder(tmp_path, 5, 3), tmp_path, 0, 5, 10, 15, 20)

    assert kept(tmp_path) == [name(10), name(15), name(20)]


def test_a_clock_that_was_set_back_does_not_make_new_segments_the_oldest(tmp_path: Path) -> None:
    record(SegmentFolder(tmp_path, 5, 3), tmp_path, 40, 45, 50)
    record(SegmentFolder(tmp_path, 5, 3), tmp_path, 0, 5)

    assert kept(tmp_path) == [name(0), name(5), name(50)]


def test_segments_of_the_same_second_are_both_kept_and_go_in_their_order(tmp_path: Path) -> None:
    announced: list[str] = []
    record(SegmentFolder(tmp_path, 5, 9, announce=announced.append), tmp_path, 0, 0)
    second = name(0).replace("Z", "Z-2")
    assert announced == [name(0), second]

    record(SegmentFolder(tmp_path, 5, 2), tmp_path, 5)
    assert kept(tmp_path) == sorted([second, name(5)])


def test_the_segment_of_a_power_cut_is_kept_if_there_are_pictures_in_it(tmp_path: Path) -> None:
    (tmp_path / WRITING).mkdir()
    (tmp_path / WRITING / name(0)).write_bytes(PICTURES)
    (tmp_path / WRITING / name(5)).write_bytes(b"")
    announced: list[str] = []

    record(SegmentFolder(tmp_path, 5, 9, announce=announced.append), tmp_path)

    assert kept(tmp_path) == announced == [name(0)]
    assert list((tmp_path / WRITING).iterdir()) == []


def test_the_oldest_go_before_the_disk_is_full(tmp_path: Path) -> None:
    free = iter([KEEP_FREE_BYTES] * 3 + [KEEP_FREE_BYTES - 1, KEEP_FREE_BYTES])
    outlet = SegmentFolder(tmp_path, 5, 9, free_bytes=lambda _: next(free, KEEP_FREE_BYTES))
    record(outlet, tmp_path, 0, 5, 10, 15)

    assert kept(tmp_path) == [name(5), name(10), name(15)]


def test_nothing_but_a_segments_name_is_listened_to_and_no_other_file_goes(tmp_path: Path) -> None:
    mine = [tmp_path / "holiday.mp4", tmp_path / "notes.txt"]
    for path in mine:
        path.write_bytes(PICTURES)
    outlet = SegmentFolder(tmp_path, 5, 1)
    with outlet.run():
        for line in ("../holiday.mp4", "holiday.mp4", "/etc/passwd", "", name(0)):
            outlet.said(line)
    record(outlet, tmp_path, 5, 10)

    assert kept(tmp_path) == [name(10), "holiday.mp4"]
    assert all(path.exists() for path in mine)
