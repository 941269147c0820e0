"""`frameferry-station install`: the station as a service of systemd, with a user and settings of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from frameferry_station.errors import StationError

USER = "frameferry"
SETTINGS = "/etc/frameferry-station"
STATE = "/var/lib/frameferry-station"
UNIT = "/etc/systemd/system/frameferry-station.service"
SYSUSERS = "/etc/sysusers.d/frameferry-station.conf"
TMPFILES = "/etc/tmpfiles.d/frameferry-station.conf"
COMMAND = "/usr/local/bin/frameferry-station"

_HIDDEN_FROM_THE_SERVICE = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - nothing is put there
_ENV = f"""\
# Where photos go. All names: docs/station-settings.md
FRAMEFERRY_STATE={STATE}
# The URL of your cloud, which ends with /api:
FRAMEFERRY_API_URL=
# The password of the camera in station.toml:
GARDEN_PASSWORD=
"""
_TOML = """\
# The cameras, the page, the disk. All names: docs/station-settings.md
# Take the # away from what you want, and restart the service.

#[[camera]]
#name = "garden"
#kind = "reolink"
#address = "192.168.1.20"
#username = "admin"
#password_env = "GARDEN_PASSWORD"

# The page is for a browser on this machine until it has a password:
#[page]
#password = ""

# With this, sketches on the network can send their photos:
#[lan]
"""
# The state, for a station is paired before its first start; and whose the settings are, also on an image, whose first
# boot makes the user. ~ takes the bit to execute away from files.
_OWNED = f"""\
d {STATE} 0700 {USER} {USER} -
Z {SETTINGS} ~0700 {USER} {USER} -
"""
_NEXT = f"""\
The service is set up, and does not run yet. Next:
  1. sudo nano {SETTINGS}/.env           your cloud's URL, the camera's password
  2. sudo nano {SETTINGS}/station.toml   your cameras
  3. sudo frameferry-station pair station CODE      with a pairing code of the console
  4. sudo frameferry-station doctor                 says what is still wrong
  5. sudo systemctl enable --now frameferry-station
  6. sudo frameferry-station sources                shows what comes"""


@dataclass(frozen=True)
class PlannedFile:
    """`path` as the service sees it. One that is `kept` is the owner's once it is there."""

    path: str
    text: str
    mode: int
    kept: bool = False
    is_users: bool = False
    """The station's user is its owner, not root."""


def add_to(commands: Any) -> None:
    """To the subcommands of an argparse parser."""
    parser = commands.add_parser("install", help="set up the service (systemd), its user and its settings; as root")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be written")
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="write below DIR and run nothing: for an image"
    )
    parser.set_defaults(alone=_install)


def planned(program: Sequence[str]) -> list[PlannedFile]:
    """Everything that is written. `program` is the command line of the station."""
    unit = (files("frameferry_station.program") / "frameferry-station.service").read_text("utf-8")
    command = " ".join(program)
    return [
        PlannedFile(SYSUSERS, f'u {USER} - "Frameferry station" {STATE}\nm {USER} video\n', 0o644),
        PlannedFile(f"{SETTINGS}/.env", _ENV, 0o600, kept=True, is_users=True),
        PlannedFile(f"{SETTINGS}/station.toml", _TOML, 0o600, kept=True, is_users=True),
        PlannedFile(TMPFILES, _OWNED, 0o644),
        PlannedFile(UNIT, unit.replace("@COMMAND@", command), 0o644),
        PlannedFile(
            COMMAND,
            "#!/bin/sh\n# The station's commands, as its user and with its settings.\n"
            f'exec runuser -u {USER} -- {command} --folder {SETTINGS} "$@"\n',
            0o755,
        ),
    ]


def check_seen(program: Sequence[str]) -> None:
    """Raises StationError where a service, which sees no home folder, could not start this program."""
    if program[0].startswith(tuple(f"{folder}/" for folder in _HIDDEN_FROM_THE_SERVICE)):
        raise StationError(f"{program[0]} lies where the service cannot see it: install the program in /opt")


def _install(options: argparse.Namespace, _: Mapping[str, str]) -> int:
    if options.dry_run:
        for file in planned(_program()):
            print(f"# {file.path} (mode {file.mode:04o}{', unless it is there' if file.kept else ''})\n{file.text}")
        return 0
    is_this_machine = options.root == Path("/")
    if is_this_machine and os.geteuid() != 0:
        raise StationError("it writes to /etc: run it with sudo, or see what it would write with --dry-run")
    program = _program()
    if is_this_machine:
        check_seen(program)
    for file in planned(program):
        _write(options.root, file)
        if file.path == SYSUSERS and is_this_machine:
            _run("systemd-sysusers", SYSUSERS)
        if file.path == TMPFILES and is_this_machine:
            _run("systemd-tmpfiles", "--create", TMPFILES)
    if is_this_machine:
        _run("systemctl", "daemon-reload")
    print(_NEXT)
    return 0


def _program() -> list[str]:
    """How the program that runs is started again."""
    script = Path(sys.prefix, "bin", "frameferry-station")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "frameferry_station.program.main"]


def _write(root: Path, file: PlannedFile) -> None:
    path = root / file.path.lstrip("/")
    if file.kept and path.exists():
        print(f"{file.path} is there and stays as it is")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.is_users:
        path.parent.chmod(0o700)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with open(descriptor, "w", encoding="utf-8") as content:
        os.fchmod(descriptor, file.mode)
        content.write(file.text)
        content.flush()
        os.fsync(descriptor)
    temporary.replace(path)
    print(f"{file.path} is written")


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        raise StationError(f"{command[0]} does not run here: this machine wants systemd") from None
    if done.returncode:
        raise StationError(f"{' '.join(command)} failed: {done.stderr.strip()[:300]}")
