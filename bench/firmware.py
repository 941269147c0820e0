"""What the firmware's core takes: memory and stack, bytes, requests and handshakes of a session, a day's backlog over
the hotspot of bench/drain.py, and a card that was away from any network for 30 days.

It is the program for this machine, built as quick as can be, with the TLS of the board. The photos are on its card
before the link is there. A drain is scaled to a day as in bench/drain_packs.py.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.devices import LOG, pair
from bench.drain import DAY_PHOTOS, PHOTO_BYTES, floor_s, photo_bytes
from bench.firmware_stack import BUILD, ENTRIES, LARGEST_FRAME_BYTES, CallGraph
from bench.measure import REPORT, Row
from infra.local.cloud import LocalCloud
from infra.local.firmware_camera import build, program
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import HOTSPOT
from infra.local.link.traffic import Traffic

PHOTOS, CAPTURES = 200, 20
CARD_PHOTOS = 86_400
_PATIENCE_S = 300.0


def rows() -> list[Row]:
    LOG.parent.mkdir(exist_ok=True)
    device = program()
    with LOG.open("a", encoding="utf-8") as log, redirect_stdout(log):
        drained = _drained(device)
    return [*_memory_rows(), *_drain_rows(drained), *_card_rows()]


@dataclass(frozen=True)
class Drained:
    """Times are in seconds since the program was started with a full card."""

    uploaded_s: list[float]
    ended_s: float
    packed_bytes: int
    traffic: Traffic

    @property
    def day_s(self) -> float:
        others_s = (self.uploaded_s[-1] - self.uploaded_s[0]) / (PHOTOS - CAPTURES) * (DAY_PHOTOS - CAPTURES)
        return self.uploaded_s[0] + others_s + self.ended_s - self.uploaded_s[-1]


def _drained(device: Path) -> Drained:
    with (
        HotspotLink(HOTSPOT, host="localhost") as link,
        LocalCloud(devices_s3_url=link.s3_url) as cloud,
        tempfile.TemporaryDirectory() as folder,
    ):
        link.forward_to(api_url=cloud.api_url, s3_url=cloud.s3_url)
        photos = Path(folder) / "photos"
        photos.mkdir()
        for number in range(PHOTOS):
            (photos / f"{number:04}.jpg").write_bytes(photo_bytes(number))
        command = [str(device), "--api", link.api_url, "--ca", str(link.ca_file), "--photos", str(photos)]
        command += ["--state", f"{folder}/state", "--pack-captures", str(CAPTURES)]
        _run([*command, "--code", pair(cloud).pairing_code, "--count", "0"])
        link.sleep()
        _fill(command)
        link.wake()
        link.reset_stats()
        began_s = time.monotonic()
        steps = [(at_s - began_s, step) for at_s, step in _steps([*command, "--count", "0"])]
        traffic = link.stats().total
        cloud.settle(_PATIENCE_S)
    uploaded_s = [at_s for at_s, step in steps if step["event"] == "uploaded"]
    ended_s = max(at_s for at_s, step in steps if step["event"] == "confirmed")
    assert len(uploaded_s) == PHOTOS // CAPTURES, "the queue did not drain"
    return Drained(uploaded_s, ended_s, PHOTOS * PHOTO_BYTES, traffic)


def _run(command: list[str]) -> None:
    for _ in _steps(command):
        pass


def _steps(command: list[str]) -> list[tuple[float, dict[str, Any]]]:
    """What it said until its end, and when."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        said = [(time.monotonic(), json.loads(line)) for line in process.stdout]
        assert process.wait(_PATIENCE_S) == 0
    return said


def _fill(command: list[str]) -> None:
    """All photos are captured where there is no network, and then the power goes."""
    options = ["--count", str(PHOTOS), "--interval", "0.001"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        captured = 0
        while captured < PHOTOS:
            captured += json.loads(process.stdout.readline())["event"] == "captured"
        process.kill()


def _memory_rows() -> list[Row]:
    told = subprocess.run([build("device", "ferry_bench_memory")], capture_output=True, text=True, check=True)
    memory = json.loads(told.stdout)
    graph = CallGraph(BUILD)
    path = max((graph.deepest(entry) for entry in ENTRIES), key=lambda path: path.total_bytes)
    frame = graph.frames()[0]
    static_kb = (memory["device_bytes"] + memory["room_bytes"]) / 1024
    is_small = frame.frame_bytes <= LARGEST_FRAME_BYTES
    return [
        Row("firmware's core: memory, all of it static", static_kb, "KB", REPORT, True, peer="no heap"),
        Row(f"the same: rows of {memory['packs']} packs", memory["rows_bytes"] / 1024, "KB", REPORT, True),
        Row("the same: deepest stack", path.total_bytes, "bytes", REPORT, True, peer=path.names[0]),
        Row(
            "the same: largest frame",
            frame.frame_bytes,
            "bytes",
            f"<= {LARGEST_FRAME_BYTES}",
            is_small,
            peer=frame.name,
        ),
    ]


def _drain_rows(drained: Drained) -> list[Row]:
    floor, traffic = floor_s(DAY_PHOTOS), drained.traffic
    ratio = drained.day_s / floor
    sent = traffic.up_wire_bytes / drained.packed_bytes
    session = f"a session that drains {PHOTOS} photos"
    return [
        Row(
            f"drain of {DAY_PHOTOS} x {PHOTO_BYTES // 1000} KB by the firmware (scaled from {PHOTOS} photos)",
            ratio,
            "x floor",
            "<= 1.1",
            ratio <= 1.1,
            peer=f"{drained.day_s:.0f} s",
            floor=f"{floor:.0f} s on the wire",
        ),
        Row("the same: bytes sent, on the wire, a byte of photo", sent, "bytes", "<= 1.1", sent <= 1.1, floor="1"),
        Row(f"requests of {session}", traffic.requests, "requests", REPORT, True),
        Row(
            "the same: full TLS handshakes", traffic.handshakes_full, "handshakes", "<= 2", traffic.handshakes_full <= 2
        ),
        Row("the same: resumed TLS handshakes", traffic.handshakes_resumed, "handshakes", REPORT, True),
    ]


def _card_rows() -> list[Row]:
    told = subprocess.run([build("device", "ferry_bench_card")], capture_output=True, text=True, check=True)
    card = json.loads(told.stdout)
    assert card["photos"] == CARD_PHOTOS
    boot, scan, full = card["boot"], card["boot_without_index"], card["append_full"]
    how = f"boot with {CARD_PHOTOS} photos on the card"
    return [
        Row(f"{how}: read", boot["read_bytes"] / 1024, "KB", REPORT, True, peer=f"{boot['cpu_ms']:.0f} ms of CPU"),
        Row(f"{how}: files opened", boot["opens"], "files", REPORT, True),
        Row(f"{how}, indexes lost: read", scan["read_bytes"] / 2**20, "MB", REPORT, True),
        Row("append with the card full: writes", full["writes"], "of 8 KB", REPORT, True),
        Row("the same: syncs", full["syncs"], "syncs", "<= 1", full["syncs"] <= 1),
    ]
