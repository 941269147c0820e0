"""The disk is full while no sink answers: photos go on being taken, the oldest go, and the cloud is told which."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.station.fake_cloud import CODE, CutBefore, FakeCloud, Fault
from tests.station.fake_network import running as network_of
from tests.station.lanes.photographs import photograph
from tests.station.program.processes import call, eventually, free_port, page_url, running, settings
from tests.station.sinks import http_server
from tests.station.sinks.http_server import Plan, PostServer
from tests.station.sinks.photos import Sent
from tests.station.whole.machine import Machine

MIB = 2**20
BUDGET_BYTES = 64 * MIB
"""The least that the settings take."""
COMMENT_BYTES = 60_000
TWICE_THE_BUDGET = 550
TOML = """
[disk]
budget = "64 MiB"
keep_free = "0 B"
[lan]
host = "127.0.0.1"
port = {}
upload_from = ["127.0.0.1"]
"""


class AbsentCloud(FakeCloud):
    """Nobody is there while `is_gone`."""

    is_gone = False

    def take_fault(self, route: str) -> Fault | None:
        return CutBefore() if self.is_gone else super().take_fault(route)


class AbsentPosts(PostServer):
    is_gone = False

    def answer(self, request: Sent) -> Plan:
        return "cut before" if self.is_gone else super().answer(request)


def large_photograph(number: int) -> bytes:
    """About 200 KiB: one comment after the other."""
    jpeg = photograph(number, COMMENT_BYTES)
    comment = jpeg[2 : 2 + COMMENT_BYTES + 4]
    return jpeg[:2] + comment * 3 + jpeg[2:]


class Sketch:
    """Posts each photo once."""

    def __init__(self, port: int) -> None:
        self.accepted: dict[int, bytes] = {}
        """By seq."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20.0)
        self._number = 0

    def post(self) -> int:
        """Gives the status."""
        self._number += 1
        jpeg = large_photograph(self._number)
        self._connection.request("POST", "/upload", jpeg, {"Content-Type": "image/jpeg"})
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        if answer.status == 200:
            self.accepted[body["seq"]] = jpeg
        return answer.status

    def close(self) -> None:
        self._connection.close()


@contextmanager
def sketch_at(port: int) -> Iterator[Sketch]:
    sketch = Sketch(port)
    try:
        yield sketch
    finally:
        sketch.close()


@dataclass
class Rig:
    """A station whose sinks come and go, on a disk that others fill."""

    folder: Path
    machine: Machine
    cloud: AbsentCloud
    posts: AbsentPosts
    sketch: Sketch

    @contextmanager
    def running(self) -> Iterator[None]:
        with running(self.folder, **self.machine.variables):
            yield

    def sinks_are_gone(self, is_gone: bool) -> None:
        self.cloud.is_gone = self.posts.is_gone = is_gone

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{page_url(self.folder)}/health", timeout=5.0).json()
        return found

    def drained(self) -> None:
        """A run in which both sinks get what they can."""
        self.sinks_are_gone(False)
        newest = max(self.sketch.accepted)
        with self.running():
            eventually(lambda: newest in self.cloud.items and "evicted" in self.told())
            eventually(lambda: not any(sink["waiting"] for sink in self.health()["sinks"] if sink["sink"] == "http"))

    def told(self) -> set[str]:
        return {event.kind for event in self.cloud.events.values()}

    def gaps(self) -> set[int]:
        events = [event for event in self.cloud.events.values() if event.kind == "evicted"]
        return {seq for event in events for seq in range(event.first_seq or 0, (event.last_seq or 0) + 1)}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Paired, and without its sinks."""
    cloud, posts, lan_port = AbsentCloud(), AbsentPosts(), free_port()
    with network_of(cloud), http_server.running(posts), sketch_at(lan_port) as sketch:
        sinks = {"STORAGE_BACKEND": "cloud,http", "FRAMEFERRY_API_URL": cloud.api_url, "HTTP_UPLOAD_URL": posts.url}
        settings(tmp_path, sinks, TOML.format(lan_port))
        rig = Rig(tmp_path, Machine(tmp_path), cloud, posts, sketch)
        assert call(tmp_path, "pair", "station", CODE)[0] == 0
        rig.sinks_are_gone(True)
        yield rig


def test_a_full_budget_costs_the_oldest_photos_and_the_cloud_is_told_which(rig: Rig) -> None:
    with rig.running():
        assert {rig.sketch.post() for _ in range(TWICE_THE_BUDGET)} == {200}
        used_bytes = used(rig.folder / "state")
    rig.drained()

    accepted, held = rig.sketch.accepted, rig.cloud.items
    assert BUDGET_BYTES // 2 < used_bytes <= BUDGET_BYTES + MIB
    assert sorted([*held, *rig.gaps()]) == sorted(accepted), "each photo is there, or told of as given up"
    assert max(rig.gaps()) < min(held), "the oldest went"
    assert [held[seq].sha256 for seq in sorted(held)] == [sha256_of(accepted[seq]) for seq in sorted(held)]
    assert sorted(rig.posts.taken.values()) == sorted(accepted[seq] for seq in held)


def test_a_disk_that_others_fill_refuses_photos_in_words_and_takes_them_again_once_there_is_space(rig: Rig) -> None:
    with rig.running():
        assert {rig.sketch.post() for _ in range(60)} == {200}
        rig.machine.disk_is_full(True)
        refused = {rig.sketch.post() for _ in range(5)}
        health = rig.health()
        rig.machine.disk_is_full(False)
        again = {rig.sketch.post() for _ in range(30)}
        eventually(lambda: "evicted" in (rig.folder / "state/lanes/station/events.json").read_text())
    rig.drained()

    assert refused == {507}
    assert health["status"] != "healthy"
    assert any("the disk is full" in reason for reason in health["reasons"])
    assert again == {200}
    assert not rig.gaps() & rig.cloud.items.keys(), "what was told of as given up is not there"
    assert sorted([*rig.cloud.items, *rig.gaps()]) == sorted(rig.sketch.accepted)
    assert rig.posts.taken


def used(folder: Path) -> int:
    """A file with several names counts once."""
    found = {path.stat().st_ino: path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()}
    return sum(found.values())


def sha256_of(jpeg: bytes) -> str:
    return hashlib.sha256(jpeg).hexdigest()
