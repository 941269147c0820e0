"""docs/station-streams.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from frameferry_station import settings
from frameferry_station.ffmpeg import RTSP_WORDS
from frameferry_station.relay import clip_files, outlets, relay, running, segments
from frameferry_station.relay.watch import Patience

DOC = Path(__file__).parents[3] / "docs/station-streams.md"
TIMES = {
    "ffmpeg has for the first picture": Patience().start_s,
    "a stream that stands still is given up after": Patience().stalled_s,
    "after a failure the next try comes at random within 2 s, then 4 s, 8 s, ... at most": relay.LONGEST_WAIT_S,
    "after a refused login": relay.REFUSED_S,
    "failures in a row that are told to the owner": relay.IN_A_ROW,
    "a stream that comes and goes is told of every": relay.TELL_EVERY_S,
    "a stop takes at most": running.STOP_S,
}


def text() -> str:
    return DOC.read_text("utf-8")


def test_the_times_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| (.+?) \| (\d+)(?: s)? \|$", text(), re.MULTILINE))

    assert rows == {what: f"{seconds:.0f}" for what, seconds in TIMES.items()}
    assert relay.FIRST_WAIT_S == 2.0


def test_the_bounds_are_those_of_the_code() -> None:
    flat = " ".join(text().split())

    assert f"segments of at most {outlets.HLS_SEGMENT_S:.0f} s, of which the last {outlets.HLS_SEGMENTS} are" in flat
    assert f"`segment_s` counts from {segments.LEAST_SEGMENT_S:.0f} s on" in flat
    assert f"less than {segments.KEEP_FREE_BYTES // 2**20} MiB of the disk are free" in flat
    assert f"A clip has at most {clip_files.MAX_CLIP_BYTES // 2**20} MiB" in flat


def test_its_settings_can_be_copied(tmp_path: Path) -> None:
    [block] = re.findall(r"```toml\n(.*?)```", text(), re.DOTALL)
    (tmp_path / "station.toml").write_text(block)
    (tmp_path / "station.toml").chmod(0o600)

    loaded = settings.load({"FRAMEFERRY_API_URL": "https://example.net/api"}, tmp_path)
    assert [(one.kind, one.clips_to_cloud) for one in loaded.relays] == [
        ("hls", False),
        ("segments", True),
        ("rtsp", False),
    ]


def test_words_of_the_camera_in_its_table_are_those_of_the_code() -> None:
    said = re.findall(r"^\| `the camera: (.+?)` \|", text(), re.MULTILINE)

    assert said
    assert set(said) <= {words for _, words in RTSP_WORDS}
