"""What passing a stream on costs the machine: `python -m bench.relay`, about three minutes.

CPU time of each ffmpeg, and of the station's own process for all three of them, in seconds a minute of stream; of the
clips, in seconds a minute of stream that becomes clips. The camera is GStreamer's server with a generated stream, which
is not counted. What is published logs in there, so that it goes through the station, too.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from frameferry_station import ffmpeg
from frameferry_station.photos import SourceName
from frameferry_station.relay.clip_files import make_clip
from frameferry_station.relay.running import World, start
from frameferry_station.settings import RelayKind, RelaySettings

from tests.station.cameras.fake_photos import FakePhotos
from tests.station.relay.rig import probed, until
from tests.station.rtsp_server import RtspServer

WINDOW_S = 45.0
STREAMS = ((320, 240, 5, "ball"), (640, 360, 15, "snow"))
"""Width, height, pictures a second, and what is seen: snow is of as many bytes as a large picture of a camera."""
KINDS: tuple[RelayKind, ...] = ("segments", "hls", "rtsp")
SEGMENT_S = 15.0
PASSWORD = "bench"  # noqa: S105


def main() -> None:
    print(f"{'stream':14} {'what':22} {'CPU s/min':>10} {'MB/min':>8}")
    for width, height, fps, pattern in STREAMS:
        stream = f"{width}x{height}, {fps}/s"
        for what, cpu_s, megabytes in measured(width, height, fps, pattern):
            shown = f"{megabytes:8.2f}" if megabytes is not None else ""
            print(f"{stream:14} {what:22} {cpu_s:10.2f} {shown}", flush=True)


def measured(width: int, height: int, fps: int, pattern: str) -> list[tuple[str, float, float | None]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with RtspServer(
            user="admin",
            password=PASSWORD,
            pattern=pattern,
            width=width,
            height=height,
            fps=fps,
            record=folder / "recorded",
        ) as camera:
            url, target = (one.replace("://", f"://admin:{PASSWORD}@") for one in (camera.url, camera.record_url))
            world = World(folder / "state")
            settings = [
                RelaySettings(SourceName(kind), kind, url, target if kind == "rtsp" else f"{folder}/{kind}", SEGMENT_S)
                for kind in KINDS
            ]
            relays = start(settings, FakePhotos(), world)
            try:
                assert until(lambda: all(status.state == "running" for status in relays.statuses()), 120.0)
                pids = [world_pid(folder, kind) for kind in KINDS]
                before = [cpu_s(pid) for pid in pids]
                own_s = time.process_time()
                threading.Event().wait(WINDOW_S)
                spent = [(cpu_s(pid) - was) * 60 / WINDOW_S for pid, was in zip(pids, before, strict=True)]
                own_s = (time.process_time() - own_s) * 60 / WINDOW_S
                assert pids == [world_pid(folder, kind) for kind in KINDS]
            finally:
                relays.stop(10.0)
        segments = sorted((folder / "segments").glob("*.mp4"))
        lasts_s = sum(probed(path)["duration_s"] for path in segments)
        megabytes = sum(path.stat().st_size for path in segments) / 1e6 * 60 / lasts_s
        clips_s = clip_cost_s(segments[1]) * 60 / SEGMENT_S
        return [
            *((kind, cost_s, megabytes if kind != "rtsp" else None) for kind, cost_s in zip(KINDS, spent, strict=True)),
            ("the station, all three", own_s, None),
            ("clips", clips_s, None),
        ]


def world_pid(folder: Path, kind: str) -> int:
    return int(json.loads((folder / "state/relays" / f"{kind}.json").read_text())["pid"])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def clip_cost_s(segment: Path) -> float:
    def started(arguments: Sequence[str], *, folder: Path | None) -> subprocess.Popen[bytes]:
        return ffmpeg.started(arguments, folder=folder)

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    make_clip(started, segment, segment.with_name("clip.bin"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
