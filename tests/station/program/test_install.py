"""The service: what is written, who may read it, and how much it may do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from frameferry_station import settings
from frameferry_station.errors import StationError
from frameferry_station.program.install import check_seen
from frameferry_station.program.main import main
from frameferry_station.settings import SettingsError

MOST_EXPOSED = 2.5
"""Of systemd-analyze, from 0 for shut off to 10."""


def installed(root: Path) -> int:
    return main(["install", "--root", str(root)], {})


def unit_of(root: Path) -> Path:
    return root / "etc/systemd/system/frameferry-station.service"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_settings_are_for_the_stations_user_alone_and_the_rest_is_for_all(tmp_path: Path) -> None:
    assert installed(tmp_path) == 0

    assert mode(tmp_path / "etc/frameferry-station") == 0o700
    assert mode(tmp_path / "etc/frameferry-station/.env") == 0o600
    assert mode(tmp_path / "etc/frameferry-station/station.toml") == 0o600
    assert mode(tmp_path / "etc/systemd/system/frameferry-station.service") == 0o644
    assert mode(tmp_path / "usr/local/bin/frameferry-station") == 0o755


def test_the_state_is_there_before_the_first_start_for_pairing_comes_before_it(tmp_path: Path) -> None:
    installed(tmp_path)

    [unit_state] = re.findall(r"^StateDirectory=(.+)$", unit_of(tmp_path).read_text(), re.MULTILINE)
    made = (tmp_path / "etc/tmpfiles.d/frameferry-station.conf").read_text().splitlines()
    assert f"d /var/lib/{unit_state} 0700 frameferry frameferry -" in made


def test_the_settings_are_given_to_the_stations_user_also_those_of_an_image(tmp_path: Path) -> None:
    installed(tmp_path)

    given = (tmp_path / "etc/tmpfiles.d/frameferry-station.conf").read_text().splitlines()
    assert "Z /etc/frameferry-station ~0700 frameferry frameferry -" in given


def test_what_comes_next_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    installed(tmp_path)

    out = capsys.readouterr().out
    assert "sudo nano /etc/frameferry-station/.env" in out
    assert "sudo systemctl enable --now frameferry-station" in out


def test_settings_that_are_there_stay_and_a_new_unit_is_taken(tmp_path: Path) -> None:
    installed(tmp_path)
    own = tmp_path / "etc/frameferry-station/.env"
    own.write_text("FRAMEFERRY_API_URL=https://mine/api\n")
    unit = tmp_path / "etc/systemd/system/frameferry-station.service"
    unit.write_text("[Service]\n")

    assert installed(tmp_path) == 0

    assert own.read_text() == "FRAMEFERRY_API_URL=https://mine/api\n"
    assert "WatchdogSec=" in unit.read_text()


def test_a_dry_run_prints_all_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--dry-run", "--root", str(tmp_path)], {}) == 0

    out = capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert "# /etc/frameferry-station/.env (mode 0600, unless it is there)" in out
    assert "[Service]" in out


def test_the_settings_as_installed_want_only_the_cloud(tmp_path: Path) -> None:
    installed(tmp_path)
    folder = tmp_path / "etc/frameferry-station"
    with pytest.raises(SettingsError, match="FRAMEFERRY_API_URL"):
        settings.load({}, folder)

    text = (folder / ".env").read_text()
    text = text.replace("FRAMEFERRY_API_URL=", "FRAMEFERRY_API_URL=https://cloud/api")
    (folder / ".env").write_text(text)
    assert settings.load({}, folder).cameras == ()

    (folder / ".env").write_text(text.replace("GARDEN_PASSWORD=", "GARDEN_PASSWORD=open sesame"))
    toml = (folder / "station.toml").read_text()
    camera = re.sub(r"^#(?=\[\[camera|name|kind|address|username|password_env)", "", toml, flags=re.MULTILINE)
    (folder / "station.toml").write_text(camera)

    loaded = settings.load({}, folder)
    assert loaded.state == Path("/var/lib/frameferry-station")
    assert [(camera.name, camera.kind, camera.password) for camera in loaded.cameras] == [
        ("garden", "reolink", "open sesame")
    ]


def test_the_commands_wrapper_runs_as_the_stations_user_with_its_settings(tmp_path: Path) -> None:
    installed(tmp_path)

    wrapper = (tmp_path / "usr/local/bin/frameferry-station").read_text()
    assert wrapper.startswith("#!/bin/sh\n")
    assert re.search(
        r'^exec runuser -u frameferry -- /.+ --folder /etc/frameferry-station "\$@"$',
        wrapper,
        re.MULTILINE,
    )


def test_a_program_that_the_service_could_not_see_is_refused() -> None:
    with pytest.raises(StationError, match="install the program in /opt"):
        check_seen(["/tmp/venv/bin/frameferry-station"])
    check_seen(["/opt/frameferry-station/bin/frameferry-station"])


def test_the_unit_is_one_that_systemd_takes_and_lets_do_little(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "this test needs Debian's systemd"
    installed(tmp_path)
    unit = tmp_path / "etc/systemd/system/frameferry-station.service"
    unit.write_text(re.sub(r"^ExecStart=.*", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE))

    verified = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    scored = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(unit)], capture_output=True, text=True, check=False
    )

    assert "frameferry-station.service" not in verified.stderr, verified.stderr
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", scored.stdout)
    assert found, scored.stderr
    assert float(found[1]) <= MOST_EXPOSED
