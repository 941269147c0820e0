"""docs/station-settings.md says what the loader knows."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from frameferry_station.setting_names import ENVIRONMENT, TABLES, Known
from frameferry_station.settings import CameraSettings, DiskSettings, LanSettings, PageSettings, RelaySettings

DOC = Path(__file__).parents[2] / "docs" / "station-settings.md"


def rows(section: str) -> dict[str, str]:
    """Name and default of each row under this heading of the document."""
    text = DOC.read_text()
    body = text.partition(f"\n{section}\n")[2]
    body = re.split(r"\n#+ ", body)[0]
    return dict(re.findall(r"^\| `(\w+)` \|.*\| (?:`([^`]*)`)? ?\|$", body, re.MULTILINE))


def as_documented(known: dict[str, Known]) -> dict[str, str]:
    return {name: setting.default or "" for name, setting in known.items()}


def test_the_document_lists_exactly_what_is_known_with_its_default() -> None:
    assert rows("## Variables") == as_documented(dict(ENVIRONMENT))
    for label, known in TABLES.items():
        assert rows(f"### {label or 'Top'}") == as_documented(dict(known)), label


@pytest.mark.parametrize(
    ("label", "made"),
    [("[lan]", LanSettings()), ("[page]", PageSettings()), ("[disk]", DiskSettings())],
)
def test_the_defaults_that_are_documented_are_those_that_count(label: str, made: object) -> None:
    names = {"max_photo": "max_photo_bytes", "budget": "budget_bytes", "keep_free": "keep_free_bytes"}
    for name, known in TABLES[label].items():
        expected = known.kind.parse(known.default) if known.default else None
        assert getattr(made, names.get(name, name)) in (expected, ()), name


@pytest.mark.parametrize(("label", "made"), [("[[camera]]", CameraSettings), ("[[relay]]", RelaySettings)])
def test_the_defaults_of_tables_in_lists_count_too(label: str, made: type) -> None:
    defaults = {field.name: field.default for field in fields(made)}
    for name, known in TABLES[label].items():
        if known.default:
            assert defaults[name] == known.kind.parse(known.default), name
