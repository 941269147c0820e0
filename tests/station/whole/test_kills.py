"""The program is killed at random while three cameras and a sketch bring photos and four sinks fail: what was accepted
is in each sink once, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random

import httpx

from tests.station.cameras import fake_reolink
from tests.station.fake_cloud import CODE
from tests.station.program.processes import (
    call,
    eventually,
    free_port,
    page_url,
    running,
    settings,
    snapshot_camera,
)
from tests.station.whole.bringers import PHOTO_BYTES, Handed, HandingReolink, Runs, Sketch
from tests.station.whole.faulty_sinks import FaultySinks, faulty_sinks
from tests.station.whole.lives import Lives
from tests.station.whole.machine import Machine

SEED = 20_261_121
KILLS = 13
LONGEST_S = 2.0
"""After it is ready; a kill in four comes while it starts."""
LONGEST_START_S = 1.0
REOLINK = """
[[camera]]
name = "garden"
kind = "reolink"
address = "{}"
username = "admin"
password_env = "CAMERA_PASSWORD"
interval_s = 1
"""
SNAPSHOT = """
[[camera]]
name = "{}"
kind = "snapshot"
address = "{}"
interval_s = 1
"""
LAN = """
[lan]
host = "127.0.0.1"
port = {}
upload_from = ["127.0.0.1"]
"""


def test_what_was_accepted_is_in_each_sink_once_however_often_the_program_is_killed(tmp_path: Path) -> None:
    runs, chance, lan_port = Runs(), Random(SEED), free_port()
    garden, gate, yard = cameras = Handed(runs), Handed(runs), Handed(runs)
    with ExitStack() as stack:
        sinks = stack.enter_context(faulty_sinks(tmp_path, SEED))
        toml = (
            LAN.format(lan_port)
            + REOLINK.format(stack.enter_context(fake_reolink.running(HandingReolink(garden, 10**6))))
            + SNAPSHOT.format("gate", stack.enter_context(snapshot_camera(gate.hand, 2 * 10**6, PHOTO_BYTES)))
            + SNAPSHOT.format("yard", stack.enter_context(snapshot_camera(yard.hand, 3 * 10**6, PHOTO_BYTES)))
        )
        settings(tmp_path, sinks.settings | {"CAMERA_PASSWORD": "secret"}, toml)
        assert call(tmp_path, "pair", "station", CODE)[0] == 0

        machine = Machine(tmp_path).variables
        lives = Lives(tmp_path, runs, machine)
        sketch = stack.enter_context(Sketch(lan_port, 4 * 10**6))
        for number in range(KILLS):
            sinks.worsen()
            if number % 4 == 3:
                lives.killed_after(chance.uniform(0.0, LONGEST_START_S))
            else:
                lives.killed_when_ready_for(chance.uniform(0.0, LONGEST_S))
        sinks.mend()
        with running(tmp_path, **machine):
            sketch.stop()
        settings(tmp_path, sinks.settings, LAN.format(lan_port))
        with running(tmp_path, **machine):
            eventually(lambda: is_all_delivered(tmp_path, sinks))
        held = sinks.held()

    accepted = sha256s(sketch.accepted).union(*(sha256s(each.certain) for each in cameras))
    handed = sha256s(sketch.accepted).union(*(sha256s(each.all) for each in cameras))
    assert min(len(sketch.accepted), *(len(each.certain) for each in cameras)) > 0, "or nothing is shown"
    for name, photos in held.items():
        assert not twice(photos), name
        assert accepted <= photos.keys() <= handed, name
        assert photos == held["cloud"], name
    assert "Traceback" not in lives.log.read_text()


def is_all_delivered(folder: Path, sinks: FaultySinks) -> bool:
    """The receipt of the last pack may come with the next sync, a minute later: what the cloud holds is what counts."""
    health = httpx.get(f"{page_url(folder)}/health", timeout=5.0).json()
    waiting = {sink["sink"]: sink["waiting"] for sink in health["sinks"]}
    assert waiting.keys() == {"cloud", "filesystem", "http", "s3"}
    del waiting["cloud"]
    return not any(waiting.values()) and len(sinks.cloud.items) >= len(list(sinks.folder.rglob("*.jpg")))


def sha256s(jpegs: Iterable[bytes]) -> set[str]:
    return {hashlib.sha256(jpeg).hexdigest() for jpeg in jpegs}


def twice(photos: Mapping[str, int]) -> list[str]:
    return [sha256 for sha256, times in Counter(photos).items() if times > 1]
