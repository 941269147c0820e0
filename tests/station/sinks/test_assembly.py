"""The sinks of the settings, side by side: one that is dead or slow is nobody else's trouble."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from frameferry_station import boot
from frameferry_station.captures import CaptureMeta
from frameferry_station.clock import SystemClock
from frameferry_station.errors import NoAnswer
from frameferry_station.http import Answer, Content, Sender
from frameferry_station.queue import PackLimits, PackQueue
from frameferry_station.settings import CloudSink, FilesystemSink, HttpSink, S3Sink, Sink
from frameferry_station.sinks.assembly import workers
from frameferry_station.sinks.links import LinkedDiskFiles
from frameferry_station.sinks.taker import Taker
from frameferry_station.sinks.worker import SinkWorker

from tests.station.packs_on_card import BOOT_ID, Told
from tests.station.samples import DEVICE_ID, START, jpeg
from tests.station.sinks.rig import GARDEN, as_named

S3 = S3Sink("bucket", "eu-central-1", "AKIAEXAMPLE", "secret")


class Dead:
    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        raise NoAnswer("nobody is there")


@dataclass
class Stuck:
    """Answers once it is let go."""

    free: threading.Event = field(default_factory=threading.Event)

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        self.free.wait(10)
        return Answer(200, {}, b"")


@dataclass
class Threads:
    """Workers on threads of their own until the end of the test."""

    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, made: list[SinkWorker]) -> None:
        for worker in made:
            thread = threading.Thread(target=worker.run, args=[self.stop])
            thread.start()
            self.threads.append(thread)


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads()
    yield made
    made.stop.set()
    for thread in made.threads:
        thread.join(5)
        assert not thread.is_alive()


def built(tmp_path: Path, sinks: list[Sink], connect: Callable[[], Sender] = Dead) -> list[SinkWorker]:
    clock = SystemClock()
    return workers(
        sinks,
        tmp_path / "sinks",
        boot=boot.begin(clock, random.Random(1).randbytes),
        clock_is_synced=lambda: True,
        uniform=random.Random(1).uniform,
        tell=lambda lane, kind, message: None,
        connect=connect,
    )


def handed_over(tmp_path: Path, made: list[SinkWorker], numbers: range) -> PackQueue:
    folder = tmp_path / "lanes" / "garden"
    queue = PackQueue(
        folder / "queue",
        folder / "seq.json",
        device_id=DEVICE_ID,
        boot_id=BOOT_ID,
        budget_bytes=10**9,
        watcher=Told(),
        entropy=random.Random(1).randbytes,
        files=LinkedDiskFiles(),
        limits=PackLimits(captures=3),
    )
    for number in numbers:
        queue.put(jpeg(number), CaptureMeta(START + timedelta(minutes=number), True))
    queue.seal()
    for pack in queue.packs():
        for worker in made:
            worker.take(GARDEN, folder / "queue" / pack.name, pack)
    return queue


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_each_sink_but_the_cloud_has_a_worker_and_a_folder_of_its_name(tmp_path: Path) -> None:
    sinks: list[Sink] = [CloudSink("https://c/api"), FilesystemSink(tmp_path / "p"), S3, HttpSink("http://h/")]

    made: Sequence[Taker] = built(tmp_path, sinks)

    assert [taker.name for taker in made] == ["filesystem", "s3", "http"]
    assert {path.name for path in (tmp_path / "sinks").iterdir()} == {"filesystem", "s3", "http"}


def test_a_dead_and_a_stuck_sink_hold_up_neither_the_folder_nor_the_lane(tmp_path: Path, threads: Threads) -> None:
    stuck = Stuck()
    senders: Iterator[Sender] = iter([stuck, Dead()])
    photos = tmp_path / "photos"
    made = built(tmp_path, [FilesystemSink(photos), S3, HttpSink("http://h/")], connect=lambda: next(senders))
    threads.start(made)

    queue = handed_over(tmp_path, made, range(6))

    folder, s3, http = made
    wait_for(lambda: folder.counts().waiting == 0)
    found = {path.relative_to(photos).as_posix(): path.read_bytes() for path in photos.rglob("*.jpg")}
    assert found == as_named(range(6))
    wait_for(lambda: http.counts().last_error == "nobody is there")
    assert (s3.counts().waiting, http.counts().waiting) == (6, 6)
    for pack in queue.packs():
        queue.remove(pack)
    stuck.free.set()
    wait_for(lambda: s3.counts().waiting == 0)
    assert s3.counts().delivered == 6
    assert http.counts().waiting_bytes > 0, "its links are its own"


def test_a_bug_in_a_sink_ends_no_worker(tmp_path: Path, threads: Threads) -> None:
    class Broken(Dead):
        def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
            raise ZeroDivisionError

    made = built(tmp_path, [HttpSink("http://h/")], connect=Broken)
    threads.start(made)
    handed_over(tmp_path, made, range(3))

    wait_for(lambda: made[0].counts().last_error == "ZeroDivisionError")
    assert threads.threads[0].is_alive()
    assert made[0].counts().waiting == 3
