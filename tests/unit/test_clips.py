"""chalicelib.clips: what the index of a clip tells, and that no bytes can hurt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from chalicelib.clips import MAX_START_BYTES, BadClip, Clip, examine
from tests.clips import TURNED_RIGHT, box, clip, ftyp, moov, mvhd, of_ffmpeg, poster_box, track
from tests.tiny_jpegs import tiny_jpeg

POSTER = tiny_jpeg(1)
MEDIA = box(b"mdat", b"video")
REASONS = {"empty", "not_an_mp4", "no_moov_in_front", "truncated", "undecodable", "no_video_track"}


def boxes(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    kinds = b"trak tkhd mdia hdlr mvhd udta meta ilst covr data".split()
    return st.builds(box, st.sampled_from(kinds), inner)


def examined(mp4: bytes) -> Clip:
    return examine(mp4[:MAX_START_BYTES], len(mp4))


def reason_of(mp4: bytes) -> str:
    with pytest.raises(BadClip) as bad:
        examined(mp4)
    return bad.value.reason


@pytest.mark.parametrize("version", [0, 1])
def test_a_clip_tells_its_size_its_length_and_its_poster(version: int) -> None:
    assert examined(clip(1920, 1080, 60_040, POSTER, version=version)) == Clip(1920, 1080, 60_040, POSTER)


def test_a_clip_without_a_poster_is_one() -> None:
    assert examined(clip()) == Clip(64, 48, 2_500, None)


def test_a_clip_that_is_shown_turned_tells_its_size_upright() -> None:
    turned = examined(clip(640, 480, matrix=TURNED_RIGHT))
    assert (turned.width, turned.height) == (480, 640)


def test_the_video_is_found_behind_the_sound() -> None:
    tracks = track(0, 0, handler=b"soun") + track(64, 48)
    found = examined(ftyp() + moov(mvhd(1_000), tracks) + MEDIA)
    assert (found.width, found.height) == (64, 48)


def test_a_length_is_told_in_ticks_of_any_scale() -> None:
    assert examined(ftyp() + moov(mvhd(90_090, 30_000), track(64, 48)) + MEDIA).duration_ms == 3_003


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(b"", id="no header"),
        pytest.param(mvhd(0), id="zero, as in a file of fragments"),
        pytest.param(mvhd(5, 0), id="ticks of no scale"),
        pytest.param(mvhd(2**32 - 1, 90_000), id="unknown"),
        pytest.param(mvhd(2**32 - 2, 1), id="more than a day"),
        pytest.param(mvhd(2**64 - 1, 1, version=1), id="unknown in 64 bits"),
        pytest.param(box(b"mvhd", bytes(9)), id="cut header"),
    ],
)
def test_a_length_that_is_not_told_is_none(header: bytes) -> None:
    assert examined(ftyp() + moov(header, track(64, 48)) + MEDIA).duration_ms is None


@pytest.mark.parametrize(
    "poster",
    [
        pytest.param(poster_box(POSTER, kind=14), id="said to be a PNG"),
        pytest.param(poster_box(b""), id="empty"),
        pytest.param(box(b"udta", box(b"meta", bytes(4), (2**31).to_bytes(4) + b"ilst")), id="a box beyond its end"),
        pytest.param(box(b"udta", box(b"meta")), id="nothing in it"),
    ],
)
def test_a_poster_that_cannot_be_read_is_none(poster: bytes) -> None:
    assert examined(ftyp() + moov(mvhd(1_000), track(64, 48), poster) + MEDIA) == Clip(64, 48, 1_000, None)


@pytest.mark.parametrize(
    ("mp4", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(POSTER, "not_an_mp4", id="a JPEG"),
        pytest.param(b"<html>captive portal</html>", "not_an_mp4", id="what a portal says"),
        pytest.param(moov() + ftyp() + MEDIA, "not_an_mp4", id="no ftyp in front"),
        pytest.param(ftyp() + MEDIA + moov(mvhd(1), track(64, 48)), "no_moov_in_front", id="index at the end"),
        pytest.param(ftyp(), "no_moov_in_front", id="no index"),
        pytest.param(
            ftyp() + box(b"free", bytes(MAX_START_BYTES)) + moov(track(64, 48)), "no_moov_in_front", id="index far away"
        ),
        pytest.param(
            ftyp() + moov(track(64, 48), box(b"free", bytes(MAX_START_BYTES))), "no_moov_in_front", id="long index"
        ),
        pytest.param(clip()[:-1], "truncated", id="cut in the video"),
        pytest.param(ftyp() + moov(track(64, 48))[:-1], "truncated", id="cut in the index"),
        pytest.param(clip(handler=b"soun"), "no_video_track", id="sound alone"),
        pytest.param(clip(0, 0), "no_video_track", id="video of no size"),
        pytest.param(ftyp() + moov() + MEDIA, "no_video_track", id="empty index"),
        pytest.param(ftyp() + moov((2**31).to_bytes(4) + b"trak") + MEDIA, "undecodable", id="a box beyond its end"),
        pytest.param(ftyp() + moov((7).to_bytes(4) + b"trak") + MEDIA, "undecodable", id="a box less than its header"),
        pytest.param(ftyp() + moov(box(b"free") * 1_025) + MEDIA, "undecodable", id="too many boxes"),
    ],
)
def test_what_is_no_clip_has_a_stable_reason(mp4: bytes, reason: str) -> None:
    assert reason_of(mp4) == reason


def test_a_box_of_64_bits_and_one_to_the_end_are_read() -> None:
    index = mvhd(1_000) + track(64, 48)
    large = (1).to_bytes(4) + b"moov" + (16 + len(index)).to_bytes(8) + index
    assert examined(ftyp() + large + bytes(4) + b"mdatvideo").duration_ms == 1_000


def test_of_a_long_clip_only_the_beginning_is_needed() -> None:
    mp4 = clip(poster=POSTER, media=bytes(MAX_START_BYTES))
    assert examine(mp4[:MAX_START_BYTES], len(mp4)) == examined(clip(poster=POSTER))


@given(st.data())
def test_a_damaged_clip_is_told_or_rejected_for_one_of_the_reasons(data: st.DataObject) -> None:
    mp4 = bytearray(clip(poster=POSTER, version=data.draw(st.integers(0, 1))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mp4) - 1))
        new = data.draw(st.binary(max_size=8))
        kind = data.draw(st.sampled_from(["change", "insert", "cut"]))
        mp4[at : at + (len(new) if kind == "change" else 8 if kind == "cut" else 0)] = new
        if not mp4:
            break
    assert_told_or_rejected(bytes(mp4), data.draw(st.integers(0, 2**64)))


@given(st.recursive(st.binary(max_size=40), lambda inner: st.lists(boxes(inner), max_size=4).map(b"".join)))
def test_any_boxes_are_told_or_rejected_for_one_of_the_reasons(index: bytes) -> None:
    assert_told_or_rejected(ftyp() + moov(index) + MEDIA, None)


def assert_told_or_rejected(mp4: bytes, size_bytes: int | None) -> None:
    try:
        told: Clip | None = examine(mp4, len(mp4) if size_bytes is None else size_bytes)
    except BadClip as bad:
        event(bad.reason)
        told, reason = None, bad.reason
    if told is None:
        assert reason in REASONS
        return
    assert 0 < told.width < 2**16
    assert 0 < told.height < 2**16
    assert told.duration_ms is None or 0 < told.duration_ms <= 86_400_000
    assert told.poster is None or told.poster in mp4


def test_the_clip_that_ffmpeg_writes_is_read(tmp_path: Path) -> None:
    mp4 = of_ffmpeg(tmp_path, POSTER, "-movflags", "+faststart")
    assert examined(mp4) == Clip(128, 96, 1_500, POSTER)


def test_the_clip_that_ffmpeg_writes_by_itself_has_its_index_at_the_end(tmp_path: Path) -> None:
    assert reason_of(of_ffmpeg(tmp_path, POSTER)) == "no_moov_in_front"
