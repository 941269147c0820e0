"""docs/station.md can be followed with copy and paste."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from frameferry_station import settings
from frameferry_station.page.health import STALE_INTERVALS, STALE_S, HealthCheck
from frameferry_station.page.machine_health import Machine
from frameferry_station.page.metrics import StationCollector
from frameferry_station.program import main

from tests.station.page.fake_report import FakeClips, FakeReport, FakeStream, FakeStreams, counts, news
from tests.station.samples import START, FakeTime

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "station.md").read_text("utf-8")
UNIT = (Path(main.__file__).parent / "frameferry-station.service").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    found = []
    for words in lines:
        at = next((at for at, word in enumerate(words) if word.rpartition("/")[2] == "frameferry-station"), None)
        if at is not None and words[at - 1] not in ("-u", "--now", "restart", "venv"):
            found.append(words[at + 1 :])
    return found


def machine(folder: Path) -> Machine:
    (folder / "thermal_zone0").mkdir()
    (folder / "thermal_zone0/temp").write_text("40000")
    return Machine(FakeTime(), 0.0, lambda: True, folder)


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_each_command_is_one_that_there_is(command: list[str]) -> None:
    assert main._parser().parse_args(command)


def test_there_are_commands_to_check() -> None:
    told = {command[0] for command in commands()}
    assert told >= {"install", "doctor", "pair", "sources", "pause", "resume", "admit"}


def test_the_settings_of_the_second_step_are_taken(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(blocks("ini")[0])
    (tmp_path / "station.toml").write_text(blocks("toml")[0])
    (tmp_path / "station.toml").chmod(0o600)

    loaded = settings.load({}, tmp_path)

    assert [camera.name for camera in loaded.cameras] == ["garden"]
    assert loaded.page.password
    assert f"StateDirectory={loaded.state.name}" in UNIT


def test_photos_as_files_are_where_the_service_may_write(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(blocks("ini")[0] + blocks("ini")[1])
    (tmp_path / "station.toml").write_text(blocks("toml")[0])
    (tmp_path / "station.toml").chmod(0o600)

    [_, files] = settings.load({}, tmp_path).sinks

    assert isinstance(files, settings.FilesystemSink)
    assert re.search(rf"^ReadWritePaths=.*-/{files.folder.parts[1]}\b", UNIT, re.MULTILINE)


def test_the_table_of_health_has_its_fields(tmp_path: Path) -> None:
    table = TEXT.split("curl http://localhost:8080/health", 1)[1].split("\n\n", 2)[1]
    told = [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    health = HealthCheck(FakeReport(), machine(tmp_path), dict).look()

    assert set(told) == set(health.document)
    assert f"for {STALE_S / 60:.0f} minutes" in TEXT
    assert STALE_INTERVALS == 3


def test_the_table_of_metrics_has_their_names(tmp_path: Path) -> None:
    told = re.findall(r"^\| `(frameferry_station_\w+)` \|(?: `(\w+)`)? \|", TEXT, re.MULTILINE)
    report = FakeReport([news(last_at=START)], [counts(oldest_at=START)])
    streams = FakeStreams([FakeStream()], FakeClips())
    families = StationCollector(report, machine(tmp_path), streams).collect()

    found = {(sample.name, *sample.labels) for family in families for sample in family.samples}
    assert {(name, label) if label else (name,) for name, label in told} == found


@pytest.mark.parametrize("number", ["RestartSec=10", "WatchdogSec=120", "MemoryMax=400M"])
def test_what_is_told_of_the_service_is_in_the_unit(number: str) -> None:
    assert f"\n{number}\n" in UNIT
