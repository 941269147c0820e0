"""docs/station-lan.md says what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from frameferry_station.intake import bodies, command_line, commands, connections, registry, service
from frameferry_station.intake.app import create_app
from frameferry_station.intake.refusals import STATUSES

from tests.station.intake.lan import SOURCE, Lan

TEXT = (Path(__file__).parents[3] / "docs" / "station-lan.md").read_text("utf-8")


def chapter(title: str) -> str:
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_table_of_routes_is_that_of_the_app(lan: Lan) -> None:
    rules = create_app(lan.intake, max_body_bytes=1).url_map.iter_rules()
    of_the_app = {f"{method} {rule.rule}" for rule in rules for method in (rule.methods or set()) & {"GET", "POST"}}

    assert set(re.findall(r"^\| `((?:GET|POST) /[^`]*)` \|", chapter("The routes"), re.MULTILINE)) == of_the_app


def test_the_table_of_refusals_is_that_of_the_intake() -> None:
    told = {code: int(status) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", TEXT, re.MULTILINE)}

    assert told == STATUSES


@pytest.mark.parametrize(
    "told",
    [
        f"| a JSON body | {bodies.MOST_BYTES} bytes, nested {bodies.DEEPEST} deep |",
        f"| the headers of a request | {connections.MOST_HEADER_BYTES} bytes |",
        f"last byte | {connections.REQUEST_S:g} s, and no silence longer than {connections.SILENCE_S:g} s |",
        f"| connections of one address | {connections.MOST_CONNECTIONS_OF_ONE_ADDRESS} |",
        f"| connections together | {connections.MOST_CONNECTIONS} |",
        f"as many bytes as {connections.BODIES_UNDER_WAY} of the largest",
        f"{registry.MOST_DEVICES} MACs are registered",
        f"once in {service.MOTION_EVERY_S:g} s for each camera",
        f"dropped after {commands.KEPT_S / 60:g} minutes",
        f"register for {command_line.DEFAULT_MINUTES} minutes; `--minutes 0` ends it, {command_line.MOST_MINUTES} is",
    ],
)
def test_each_bound_is_the_one_that_holds(told: str) -> None:
    assert told in TEXT.replace("\n", " ")


def test_the_answer_of_the_commands_is_as_shown(lan: Lan) -> None:
    token = lan.admitted()
    lan.photos.want_photo(SOURCE)
    lan.photos.intervals[SOURCE] = 30.0
    example = re.search(r"^```json\n(.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)
    assert example
    shown = json.loads(example[1])

    answer = lan.ask("/api/commands", method="GET", token=token).get_json()

    assert len(answer["commands"][0].pop("id")) == len(shown["commands"][0].pop("id"))
    assert answer == shown
