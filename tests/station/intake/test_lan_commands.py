"""`frameferry-station admit` and the others, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from frameferry_station.program.main import main

from tests.station.intake.lan import CAMERA, MAC, Lan
from tests.station.samples import jpeg


class Typed:
    """A station's folder, and what its command line prints."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        (folder / "station.toml").write_text("[lan]\n")

    def __call__(self, *words: str) -> tuple[int, str]:
        environ = {"STORAGE_BACKEND": "filesystem", "LOCAL_STORAGE_PATH": "photos"}
        code = main(["--folder", str(self.folder), *words], environ)
        printed = self._capsys.readouterr()
        return code, (printed.out + printed.err).strip()


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(tmp_path, capsys)


def test_an_address_is_allowed_and_disallowed(typed: Typed) -> None:
    lan = Lan(typed.folder / "state")

    assert typed("allow", CAMERA) == (
        0,
        f"Photos from {CAMERA} are taken, as lan-192-168-1-7. Give it this address for good.",
    )
    assert lan.ask("/upload", data=jpeg(1)).status_code == 200
    assert typed("devices") == (0, f"{CAMERA}  lan-192-168-1-7  without a credential")

    assert typed("disallow", CAMERA)[0] == 0
    assert lan.ask("/upload", data=jpeg(2)).status_code == 403


def test_a_camera_is_forgotten(typed: Typed) -> None:
    lan = Lan(typed.folder / "state")
    token = lan.admitted()

    assert typed("forget-device", MAC) == (0, f"{MAC} is forgotten. Its photos stay.")
    assert not lan.is_good(token)


def test_new_cameras_are_admitted_by_the_time_of_day(typed: Typed) -> None:
    assert typed("admit", "--minutes", "5") == (0, "New cameras are admitted for 5 minutes: restart them now.")
    assert "New cameras are admitted until" in typed("devices")[1]

    assert typed("admit", "--minutes", "0") == (0, "No new cameras are admitted.")
    assert "admitted until" not in typed("devices")[1]


@pytest.mark.parametrize("words", [("admit",), ("allow", CAMERA)])
def test_a_station_that_does_not_listen_is_told_how_it_would(typed: Typed, words: tuple[str, ...]) -> None:
    (typed.folder / "station.toml").unlink()

    code, printed = typed(*words)

    assert code == 1
    assert "[lan]" in printed


@pytest.mark.parametrize(
    "words", [("allow", "garden"), ("forget-device", "garden"), ("forget-device", MAC), ("admit", "--minutes", "61")]
)
def test_what_cannot_be_done_is_one_plain_line(typed: Typed, words: tuple[str, ...]) -> None:
    code, printed = typed(*words)

    assert code == 1
    assert printed.startswith("frameferry-station: ")
    assert printed.count("\n") == 0
