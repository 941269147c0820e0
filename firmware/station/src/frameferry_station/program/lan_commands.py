"""The command line's part about sketches on the LAN. It asks no running station: see `intake.orders`."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frameferry_station.clock import SystemClock
from frameferry_station.errors import StationError
from frameferry_station.files import DiskFiles
from frameferry_station.gateway import codes
from frameferry_station.intake import command_line
from frameferry_station.settings import StationSettings


def add_to(commands: Any) -> None:
    """`commands` are argparse's subparsers; each gets an `act` like those of `program.main`."""
    admit = commands.add_parser("admit", help="let new cameras of the LAN register, for a while")
    admit.add_argument(
        "--minutes",
        type=int,
        default=command_line.DEFAULT_MINUTES,
        metavar="N",
        help=f"{command_line.DEFAULT_MINUTES}; at most {command_line.MOST_MINUTES}, and 0 to end it",
    )
    admit.set_defaults(act=_admit)
    devices = commands.add_parser("devices", help="which cameras of the LAN may send photos")
    devices.set_defaults(act=_devices)
    forget = commands.add_parser("forget-device", help="let a camera of the LAN send no more photos")
    forget.add_argument("mac", metavar="MAC", help="as `devices` shows it")
    forget.set_defaults(act=_forget_device)
    allow = commands.add_parser("allow", help="take photos of an address that sends no credential")
    allow.add_argument("address", metavar="ADDRESS")
    allow.set_defaults(act=_allow)
    disallow = commands.add_parser("disallow", help="take them no more")
    disallow.add_argument("address", metavar="ADDRESS")
    disallow.set_defaults(act=_disallow)
    lan_code = commands.add_parser("lan-code", help="a pairing code for a camera with Frameferry's own firmware")
    lan_code.add_argument("name", metavar="NAME", help="its photos will be those of the source lan-NAME")
    lan_code.set_defaults(act=_lan_code)
    forget_camera = commands.add_parser("forget-camera", help="let a camera that `lan-code` paired send no more photos")
    forget_camera.add_argument("name", metavar="NAME", help="as it was given to `lan-code`")
    forget_camera.set_defaults(act=_forget_camera)


def _admit(options: argparse.Namespace, settings: StationSettings, _: Mapping[str, str]) -> None:
    print(command_line.admit(_listening(settings), DiskFiles(), SystemClock(), minutes=options.minutes))


def _devices(_: argparse.Namespace, settings: StationSettings, __: Mapping[str, str]) -> None:
    print(command_line.devices(settings.state, DiskFiles(), SystemClock()))


def _forget_device(options: argparse.Namespace, settings: StationSettings, _: Mapping[str, str]) -> None:
    print(command_line.forget_device(settings.state, DiskFiles(), options.mac))


def _allow(options: argparse.Namespace, settings: StationSettings, _: Mapping[str, str]) -> None:
    print(command_line.allow(_listening(settings), DiskFiles(), options.address))


def _disallow(options: argparse.Namespace, settings: StationSettings, _: Mapping[str, str]) -> None:
    print(command_line.disallow(settings.state, DiskFiles(), options.address))


def _lan_code(options: argparse.Namespace, settings: StationSettings, _: Mapping[str, str]) -> None:
    print(codes.lan_code(_listening(settings), DiskFiles(), SystemClock(), secrets.token_bytes, name=options.name))


def _forget_camera(options: argparse.Namespace, settings: StationSettings, _: Mapping[str, str]) -> None:
    print(codes.forget_camera(settings.state, DiskFiles(), name=options.name))


def _listening(settings: StationSettings) -> Path:
    if settings.lan is None:
        raise StationError("the station does not listen to the LAN: put a [lan] table into station.toml")
    return settings.state
