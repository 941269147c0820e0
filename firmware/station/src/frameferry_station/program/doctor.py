"""`frameferry-station doctor`: what is wrong with a station, and what to do."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from frameferry_station import machine, settings
from frameferry_station.program import control_socket, machine_checks
from frameferry_station.program.findings import Check, Finding, ok, wrong
from frameferry_station.settings import CloudSink, FilesystemSink, S3Sink, SettingsError, StationSettings

OK, FAILED = 0, 1
RUNNING_S = 10.0
"""In which a station that runs says what it knows."""
DEADLINE_S = 45.0
"""Of all checks together; they look at the same time. A camera may take half a minute."""

_MARKS = {"ok": "ok  ", "note": "note", "wrong": "FIX "}


def add_to(commands: Any) -> None:
    """To the subcommands of an argparse parser."""
    parser = commands.add_parser("doctor", help="look for what is wrong, and say what to do")
    parser.set_defaults(alone=_doctor)


def report(checks: Sequence[Check], say: Callable[[str], None], deadline_s: float = DEADLINE_S) -> int:
    """Says what each check found, in their order. Gives the exit code: 1 where something is wrong."""
    found: list[list[Finding]] = [[] for _ in checks]
    threads = [
        threading.Thread(target=_look, args=(check, found[at]), name=f"check {check.subject}", daemon=True)
        for at, check in enumerate(checks)
    ]
    clock = machine.MachineClock()
    until_s = clock.monotonic_s() + deadline_s
    for thread in threads:
        thread.start()
    is_wrong = False
    for check, thread, findings in zip(checks, threads, found, strict=True):
        thread.join(max(0.0, until_s - clock.monotonic_s()))
        late = [wrong(f"gave no answer within {deadline_s:g} s", "try again; if it stays so, restart it")]
        for finding in late if thread.is_alive() else findings:
            say(f"{_MARKS[finding.level]} {check.subject}: {finding.text}")
            if finding.remedy:
                say(f"       {finding.remedy}")
            is_wrong = is_wrong or finding.level == "wrong"
    return FAILED if is_wrong else OK


def checks_of(folder: Path, station: StationSettings, *, running_s: float = RUNNING_S) -> list[Check]:
    # Cameras, sinks and their connections are loaded here only.
    from frameferry_station.program import network_checks, sink_checks

    rows, silent = _rows_of_running(station.state, running_s)
    is_running = rows is not None
    cameras = list(station.cameras)
    checks = [
        Check("settings", lambda: [ok("they are read"), *machine_checks.modes(folder, station.state)]),
        Check("clock", partial(machine_checks.clock, machine.clock_is_synced)),
        Check("disk", partial(machine_checks.disk, station.state, station.disk)),
        Check("ports", partial(machine_checks.ports, station, is_running=is_running)),
    ]
    if silent:
        checks.append(Check("station", lambda: [silent]))
    if station.relays or any(camera.kind in ("rtsp", "usb") for camera in cameras):
        checks.append(Check("ffmpeg", machine_checks.ffmpeg))
    for sink in station.sinks:
        if isinstance(sink, CloudSink):
            names = [camera.name for camera in cameras]
            checks.append(Check("cloud", partial(network_checks.cloud, sink)))
            checks.append(Check("pairing", partial(network_checks.pairing, station.state, names, rows or ())))
        elif isinstance(sink, FilesystemSink):
            checks.append(Check("photos as files", partial(sink_checks.photo_folder, sink, station.state)))
        elif isinstance(sink, S3Sink):
            checks.append(Check("s3", partial(sink_checks.s3, sink)))
        else:
            checks.append(Check("http", partial(sink_checks.http, sink)))
    for one in cameras:
        checks.append(Check(f"camera {one.name}", partial(network_checks.camera, one, is_running=is_running)))
    return checks


def _doctor(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    try:
        station = settings.load(environ, options.folder)
    except SettingsError as error:
        for problem in error.problems:
            print(f"{_MARKS['wrong']} settings: {problem}")
        print("       all names are in docs/station-settings.md")
        return FAILED
    return report(checks_of(options.folder, station), print)


def _look(check: Check, into: list[Finding]) -> None:
    try:
        into.extend(check.look())
    except Exception as error:
        # Its text may hold an address with a password in it.
        into.append(wrong(f"could not be looked at ({type(error).__name__})", "is this the station's user?"))


def _rows_of_running(state: Path, within_s: float) -> tuple[list[dict[str, Any]] | None, Finding | None]:
    """What the station that runs says of its sources; None where none does. And what is wrong with one that says
    nothing."""
    try:
        return control_socket.ask(state, {"do": "sources"}, within_s), None
    except control_socket.CommandRefused:
        return [], None
    except TimeoutError:
        return [], wrong("it runs, but does not answer", "sudo systemctl restart frameferry-station")
    except (control_socket.NotRunning, OSError):
        return None, None
