"""What `doctor` looks at on the machine itself: files, disks, clock, ports, programs."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from frameferry_station.program.findings import Finding, note, ok, wrong
from frameferry_station.setting_files import DOTENV, TOML
from frameferry_station.settings import DiskSettings, StationSettings

MOUNTS = Path("/proc/self/mountinfo")
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_GIB = 2**30


def modes(folder: Path, state: Path) -> list[Finding]:
    """Nobody but the station's user reads settings with secrets, and the state."""
    found = [_private(path) for path in (folder / DOTENV, folder / TOML, state) if path.exists()]
    if not state.exists():
        found.append(note(f"{state} is not there yet; the first start makes it"))
    elif not os.access(state, os.W_OK | os.X_OK):
        found.append(wrong(f"{state} belongs to another user", "run this as the station's user"))
    return found


def _private(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return ok(f"{path} is for its owner alone")
    wanted = "700" if path.is_dir() else "600"
    return wrong(f"{path} can be opened by others (mode {mode:03o})", f"chmod {wanted} {path}")


def clock(is_synced: Callable[[], bool]) -> list[Finding]:
    if is_synced():
        return [ok("somebody sets it")]
    return [
        wrong(
            "nobody has set it since the machine was switched on",
            "sudo timedatectl set-ntp true, and let the network pass NTP (UDP 123); photos get their time later",
        )
    ]


def disk(state: Path, limits: DiskSettings, mounts: Path = MOUNTS) -> list[Finding]:
    where = nearest(state)
    usage = shutil.disk_usage(where)
    source, kind = _mount_of(where, mounts)
    found = [ok(f"{usage.free / _GIB:.1f} GiB of {usage.total / _GIB:.1f} GiB are free for {state}")]
    if usage.free < limits.keep_free_bytes:
        found = [
            wrong(
                f"only {usage.free / _GIB:.2f} GiB are free, less than [disk] keep_free: the oldest photos go",
                "delete what is not needed, or take a larger card",
            )
        ]
    if kind in _IN_MEMORY:
        found.append(wrong(f"{where} is memory: photos that wait are lost with the power", "set FRAMEFERRY_STATE"))
    if usage.total < limits.budget_bytes:
        found.append(note("the disk is smaller than [disk] budget: what is free decides, less keep_free"))
    if source.startswith("/dev/mmcblk"):
        found.append(note("photos wait on an SD card, which wears: a USB disk lasts longer (FRAMEFERRY_STATE)"))
    return found


def ports(settings: StationSettings, *, is_running: bool) -> list[Finding]:
    wanted = [("page", settings.page.host, settings.page.port)]
    wanted += [("lan", settings.lan.host, settings.lan.port)] if settings.lan else []
    if is_running:
        return [note("the station runs, and has them")]
    return [_port(*one) for one in wanted]


def _port(table: str, host: str, port: int) -> Finding:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return ok(f"{port} is free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return wrong(f"{port} is taken by another program", f"set another [{table}] port (sudo ss -ltnp)")
        reason = os.strerror(error.errno) if error.errno else f"{error}"
        return wrong(f"{host} port {port}: {reason}", f"correct [{table}] host or port")


def ffmpeg() -> list[Finding]:
    found = shutil.which("ffmpeg")
    return [ok(found)] if found else [wrong("it is not there", "sudo apt install -y ffmpeg")]


def nearest(path: Path) -> Path:
    """The path, or the folder above it that there is."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


def _mount_of(path: Path, mounts: Path) -> tuple[str, str]:
    """Its device and kind of file system (proc(5), mountinfo); empty where that is not known."""
    best, found = -1, ("", "")
    target = path.resolve()
    for line in mounts.read_text("utf-8", "replace").splitlines():
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].encode().decode("unicode_escape"))
        if target.is_relative_to(point) and len(point.parts) >= best:
            kind, source, *_ = after.split()
            best, found = len(point.parts), (source, kind)
    return found
