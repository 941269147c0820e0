"""The command line of the station."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from frameferry_station import __version__, settings
from frameferry_station.errors import StationError
from frameferry_station.files import held_alone
from frameferry_station.photos import source_name
from frameferry_station.program import control_socket, doctor, install, lan_commands
from frameferry_station.program.sources_table import as_table
from frameferry_station.program.supervision import ServiceManager, log_to_stderr
from frameferry_station.settings import SettingsError, StationSettings

OK, FAILED = 0, 1

_log = logging.getLogger(__name__)


def console() -> None:
    """The entry point of the package."""
    code = main(sys.argv[1:], settings.of_this_process())
    # A thread may still wait for the network, and is not waited for.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Gives the exit code: 0 for done, 1 for failed with a plain line on stderr; argparse ends a wrong usage with 2.

    Call it from the main thread.
    """
    options = _parser().parse_args(arguments)
    act: Callable[[argparse.Namespace, StationSettings, Mapping[str, str]], None] | None = options.act
    try:
        if act is None:
            # Settings that are wrong, or not there yet, do not keep it from its work.
            code: int = options.alone(options, environ)
            return code
        act(options, settings.load(environ, options.folder), environ)
    except SettingsError as error:
        for problem in error.problems:
            _complain(problem)
        return FAILED
    except (StationError, OSError, ValueError) as error:
        _complain(_plain(error))
        return FAILED
    return OK


def _run(_: argparse.Namespace, station_settings: StationSettings, environ: Mapping[str, str]) -> None:
    from frameferry_station.program.assembly import Station

    service = settings.service(environ)
    log_to_stderr(service)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    manager = ServiceManager(service)
    # A handler may run between any two instructions: it only leaves a byte.
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with held_alone(station_settings.state):
        station = Station(station_settings)
        try:
            station.start(manager.alive)
            manager.ready()
            _log.info("frameferry-station %s runs with its state in %s", __version__, station_settings.state)
            for row in station.operator.sources():
                if row["error"]:
                    _log.warning("%s: %s", row["source"], row["error"])
            woken.recv(1)
            _log.info("frameferry-station ends")
        finally:
            manager.stopping()
            station.stop()


def _sources(_: argparse.Namespace, station_settings: StationSettings, __: Mapping[str, str]) -> None:
    print(as_table(_asked(station_settings, {"do": "sources"})))


def _pair(options: argparse.Namespace, station_settings: StationSettings, _: Mapping[str, str]) -> None:
    print(_asked(station_settings, {"do": "pair", "source": options.source, "code": options.code}))


def _pause(options: argparse.Namespace, station_settings: StationSettings, _: Mapping[str, str]) -> None:
    print(_asked(station_settings, {"do": "pause", "source": options.source, "minutes": options.minutes}))


def _resume(options: argparse.Namespace, station_settings: StationSettings, _: Mapping[str, str]) -> None:
    print(_asked(station_settings, {"do": "resume", "source": options.source}))


def _asked(station_settings: StationSettings, question: Mapping[str, Any]) -> Any:
    """By the station that runs; where none does, by its parts here."""
    try:
        return control_socket.ask(station_settings.state, question)
    except control_socket.NotRunning:
        from frameferry_station.program.assembly import Station

        with held_alone(station_settings.state):
            return Station(station_settings).operator.answer(question)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="frameferry-station",
        description="Brings photos of cameras that cannot speak the device protocol into their owner's cloud.",
    )
    parser.add_argument("--version", action="version", version=f"frameferry-station {__version__}")
    parser.add_argument(
        "--folder", type=Path, default=Path(), metavar="DIR", help="where .env and station.toml lie (this folder)"
    )
    parser.set_defaults(act=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="bring photos until told to stop")
    run.set_defaults(act=_run)
    sources = commands.add_parser("sources", help="where photos come from, and what waits")
    sources.set_defaults(act=_sources)
    pair = commands.add_parser("pair", help="make a source a device of its own, by a code of the console")
    pair.add_argument("source", type=_source, metavar="SOURCE", help="`station` for all that are not paired themselves")
    pair.add_argument("code", metavar="CODE", help="the pairing code")
    pair.set_defaults(act=_pair)
    pause = commands.add_parser("pause", help="take no photos of a source: the privacy lock")
    pause.add_argument("source", type=_source, metavar="SOURCE")
    pause.add_argument("minutes", type=int, nargs="?", metavar="MINUTES", help="without them, until `resume`")
    pause.set_defaults(act=_pause)
    resume = commands.add_parser("resume", help="take photos of a source again")
    resume.add_argument("source", type=_source, metavar="SOURCE")
    resume.set_defaults(act=_resume)
    lan_commands.add_to(commands)
    doctor.add_to(commands)
    install.add_to(commands)
    return parser


def _source(text: str) -> str:
    try:
        return source_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}") from None


def _plain(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _complain(text: str) -> None:
    print(f"frameferry-station: {text}", file=sys.stderr)


if __name__ == "__main__":
    console()
