"""The options of `python -m infra.local`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.link.profile import PROFILES

KINDS = ("simulated", "firmware")
"""Of cameras: the station's device client in Python, or the firmware's core in C++, which is built first."""


@dataclass(frozen=True, slots=True)
class Options:
    cameras: int
    camera: str
    """Of KINDS."""
    photos: Path | None
    api_port: int
    s3_port: int
    host: str
    interval_s: float
    directory: Path
    link: str | None
    """Of PROFILES."""
    station: bool
    """A station with a camera of its own."""
    station_port: int
    """Of the station's page; 0 for a free one."""


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Exits with 2 and a line that names the option where one makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="Frameferry's local cloud.")
    parser.add_argument("--cameras", type=int, default=1, choices=range(21), metavar="N", help="how many, 0 to 20 (1)")
    parser.add_argument("--camera", choices=KINDS, default="simulated", help="what they are (simulated)")
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs for the cameras to send")
    parser.add_argument("--api-port", type=int, default=8000, help="8000")
    parser.add_argument("--s3-port", type=int, default=9000, help="9000")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for a camera on the LAN")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between a camera's photos (5)")
    parser.add_argument("--directory", type=Path, default=Path(".local"), help="where state and logs go (.local)")
    parser.add_argument("--link", choices=sorted(PROFILES), help="the network that the cameras are on (none)")
    parser.add_argument("--station", type=int, default=0, choices=(0, 1), help="1 for a station with an IP camera (0)")
    parser.add_argument("--station-port", type=int, default=8080, help="port of the station's page (8080)")
    given = parser.parse_args(arguments)
    if given.photos and not any(path.suffix.lower() in {".jpg", ".jpeg"} for path in _files(given.photos)):
        parser.error(f"there is no JPEG in {given.photos}")
    ports = ("--api-port", given.api_port), ("--s3-port", given.s3_port), ("--station-port", given.station_port)
    for option, port in ports:
        if port not in range(65_536):
            parser.error(f"{option} is 0 to 65535")
    if given.interval <= 0:
        parser.error("--interval is more than 0")
    return Options(
        cameras=given.cameras,
        camera=given.camera,
        photos=given.photos,
        api_port=given.api_port,
        s3_port=given.s3_port,
        host=given.host,
        interval_s=given.interval,
        directory=given.directory,
        link=given.link,
        station=bool(given.station),
        station_port=given.station_port,
    )


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
