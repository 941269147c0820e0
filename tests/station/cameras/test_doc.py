"""docs/station-cameras.md says what the code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from frameferry_station import cameras, ffmpeg
from frameferry_station.backoff import LONGEST_S
from frameferry_station.cameras import camera, connection, gate, polling, reolink, reolink_api, rtsp, running, usb
from frameferry_station.cameras import snapshot_url as snapshot

DOC = Path(__file__).parents[3] / "docs/station-cameras.md"
CODE = Path(cameras.__file__ or "").parent
FAILURES = {
    *("CameraFailed", "NotStarted", "TryLater", "NotAPicture", "NothingNew"),
    *("ForeignAnswer", "NoAnswer", "self._wait"),
}
UNTIL = {
    "a picture from `reolink` or `snapshot` takes at most": max(reolink.WITHIN_S, snapshot.WITHIN_S),
    "a picture from `rtsp` takes at most": rtsp.WITHIN_S,
    "a picture from `usb` takes at most": usb.WITHIN_S,
    "after a failure the next try comes at random within 2 s, then 4 s, 8 s, ... at most": LONGEST_S,
    "after a refused login": camera.REFUSED_S,
    "while no session is free": reolink_api.MAX_SESSIONS_S,
    "a Reolink session is given back before its lease ends by": reolink.MARGIN_S,
    "a camera that comes and goes is told of every": polling.TELL_EVERY_S,
    "a stop takes at most": running.STOP_S,
}


def section(title: str) -> str:
    return DOC.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def words_in_code() -> Iterator[str]:
    """What failures are made with; what is put in is "…"."""
    for path in (*CODE.glob("*.py"), Path(ffmpeg.__file__)):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in FAILURES:
                yield from (text for text in map(template, node.args[:1]) if text)
    yield from connection._WORDS.values()
    yield from (words for _, words in (*ffmpeg.RTSP_WORDS, *usb._WORDS))


def template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        return text if text.strip("…") else ""
    return ""


def test_every_failure_stands_in_the_table_and_nothing_else_does() -> None:
    rows = re.findall(r"^\| `(.*?)` \| .+ \|$", section("What is seen, and what to do"), re.MULTILINE)
    # One that ffmpeg leaves no word about is made behind an "or".
    said = {*words_in_code(), "the stream ended before a picture came", "it gave no picture"}

    assert sorted(rows) == sorted(said)


def test_the_times_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| (.+?) \| (\d+)(?: s)? \|$", section("When"), re.MULTILINE))

    assert rows.pop("failures in a row that are told to the owner") == f"{polling.IN_A_ROW}"
    assert rows == {what: f"{seconds:.0f}" for what, seconds in UNTIL.items()}


def test_the_gates_bounds_are_those_of_the_code() -> None:
    text = " ".join(section("The gate").split())

    assert f"more than {gate.MAX_JPEG_BYTES // 2**20} MiB or {gate.MAX_PIXELS // 10**6} megapixels" in text
    assert f"an edge below {gate.MIN_EDGE_PIXELS} pixels" in text
    assert f"than the interval (and {gate.MIN_STALE_S:.0f} s)" in text
    assert f"lets {usb.WARM_UP_FRAMES} frames go by" in section("Kinds")
