"""A simulated camera: `python -m frameferry_station.simulated --api URL --state DIR --code CODE`.

It prints one JSON object a line for each step. It ends with 0 when it is told to stop or has sent `--count` pictures,
with 1 when the cloud does not take its pairing code or credential.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frameferry_station import boot
from frameferry_station.backoff import Backoff
from frameferry_station.client import DeviceClient, activate
from frameferry_station.clock import SystemClock
from frameferry_station.device import Device, End, PictureSource
from frameferry_station.errors import Refusal, StateInUse, StationError, Trouble
from frameferry_station.files import held_alone
from frameferry_station.http import Connection
from frameferry_station.identity import Identity
from frameferry_station.packs import MAX_CAPTURES
from frameferry_station.pictures import FirstPictures, FolderPictures
from frameferry_station.queue import PackLimits
from frameferry_station.scene import Scene
from frameferry_station.state import StateFolder
from frameferry_station.steps import Refused, Step, Waiting
from frameferry_station.uplink import FIRMWARE_VERSION, Uplink

_LOOK_S = 0.2
_GRACE_S = 1.0
"""What an upload under way may still take after a stop; cutting it off loses nothing."""


class Lines:
    """Standard output, a JSON object a line, from any thread. A reader that has gone ends the program."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()

    def step(self, step: Step) -> None:
        self.say(step.as_json())

    def say(self, content: dict[str, Any]) -> None:
        with self._lock:
            try:
                print(json.dumps(content), flush=True)
            except BrokenPipeError:
                self._stop.set()


class SimulatedCamera:
    """One camera from pairing to the end."""

    def __init__(self, options: argparse.Namespace, pictures: PictureSource, stop: threading.Event) -> None:
        self._options = options
        self._pictures = pictures
        self._stop = stop
        self._lines = Lines(stop)
        self._clock = SystemClock()
        self._api = Connection()
        self._storage = Connection()

    def run(self) -> int:
        """Gives the exit code."""
        end, reason = End.REBOOT, "power_on"
        while end is End.REBOOT:
            state = StateFolder(self._options.state, utc=self._clock.utc, observe=self._lines.step)
            identity = self._identity(state)
            if identity is None:
                return 0 if self._stop.is_set() else 1
            end, reason = self._device(state, identity, reason).run(self._stop), "reboot command"
        return 1 if end is End.REFUSED else 0

    def _device(self, state: StateFolder, identity: Identity, reset_reason: str) -> Device:
        run = boot.begin(self._clock, secrets.token_bytes)
        queue = state.queue(
            identity.device_id,
            run.boot_id,
            budget_bytes=self._options.budget_mb * 2**20,
            limits=PackLimits(captures=self._options.pack_captures),
            entropy=secrets.token_bytes,
        )
        queue.raise_next_seq(identity.next_seq)
        uplink = Uplink(
            state,
            queue,
            DeviceClient(self._options.api, self._api, state.identity),
            self._storage,
            boot=run,
            uniform=random.uniform,
            observe=self._lines.step,
            space=self._space,
            newest_first=self._options.newest_first,
            reset_reason=reset_reason,
        )
        return Device(uplink, self._pictures, interval_s=self._options.interval)

    def _identity(self, state: StateFolder) -> Identity | None:
        """The one on disk, or a new one for a new code. None where there is none to be had."""
        code = self._options.code or state.identity.begun_code()
        if code is None or state.identity.was_paired_by(code):
            identity = state.identity.identity
        else:
            identity = self._activated(state, code)
        if identity is not None:
            self._say_who(identity)
        elif code is None:
            self._lines.say({"event": "not_paired", "message": "give a pairing code with --code"})
        return identity

    def _activated(self, state: StateFolder, code: str) -> Identity | None:
        nonce = state.identity.begin(code, secrets.token_bytes)
        backoff = Backoff(random.uniform)
        while not self._stop.is_set():
            try:
                activation = activate(
                    self._options.api, self._api, code=code, nonce=nonce, firmware_version=FIRMWARE_VERSION
                )
            except Refusal as refusal:
                self._lines.step(Refused(refusal.code))
                return None
            except Trouble as trouble:
                wait_s = backoff.failed(trouble.retry_after_s)
                self._lines.step(Waiting(trouble.reason, round(wait_s, 3)))
                self._stop.wait(wait_s)
            else:
                state.settings.change(activation.settings, activation.settings_version)
                return state.identity.complete(activation, code)
        return None

    def _say_who(self, identity: Identity) -> None:
        if self._options.code:
            token = identity.pending_token or identity.device_token
            self._lines.say({"event": "activated", "device_id": identity.device_id, "device_token": token})
        else:
            self._lines.say({"event": "resumed", "device_id": identity.device_id})

    def _space(self) -> tuple[int, int]:
        usage = shutil.disk_usage(self._options.state)
        return usage.free, usage.total


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until the end, or until SIGINT or SIGTERM; call it from the main thread."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        pictures: PictureSource = FolderPictures(options.photos) if options.photos else Scene(options.seed)
    except ValueError as error:
        parser.error(f"{error}")
    if options.count is not None:
        pictures = FirstPictures(pictures, options.count)
    try:
        with held_alone(options.state):
            return _until_stopped(options, pictures)
    except (StateInUse, OSError) as error:
        print(f"frameferry-station: {error}", file=sys.stderr)
        return 1


def _until_stopped(options: argparse.Namespace, pictures: PictureSource) -> int:
    # Signal handlers only leave a note: the camera works in a thread of its own, so a stop waits for no network.
    notes: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: notes.append(number))
    stop = threading.Event()
    codes: list[int] = []

    def work() -> None:
        try:
            codes.append(SimulatedCamera(options, pictures, stop).run())
        except (StationError, OSError) as error:
            print(f"frameferry-station: {error}", file=sys.stderr)
            codes.append(1)

    worker = threading.Thread(target=work, name="upload", daemon=True)
    worker.start()
    while worker.is_alive() and not notes:
        worker.join(_LOOK_S)
    stop.set()
    worker.join(_GRACE_S)
    return codes[0] if codes else int(not notes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="frameferry_station.simulated", description="A simulated camera.")
    parser.add_argument("--api", required=True, metavar="URL", help="the API with its stage: https://host/api")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR", help="identity and queue")
    parser.add_argument("--code", help="the owner's pairing code; without it the identity in DIR is used")
    parser.add_argument("--interval", type=_positive(float), metavar="S", help="instead of the owner's setting")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="send the JPEGs of DIR, over and over")
    parser.add_argument("--count", type=_positive(int), metavar="N", help="end when N pictures are confirmed")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which landscape to look at")
    parser.add_argument(
        "--pack-captures",
        type=int,
        default=PackLimits.captures,
        choices=range(1, MAX_CAPTURES + 1),
        metavar="N",
        help=f"photos in a full pack, 1 to {MAX_CAPTURES} ({PackLimits.captures})",
    )
    parser.add_argument("--newest-first", action="store_true", help="whatever the owner set")
    parser.add_argument("--budget-mb", type=_positive(int), default=1024, metavar="MB", help="most that is queued")
    return parser


def _positive(kind: type[int] | type[float]) -> Any:
    def positive(text: str) -> int | float:
        number = kind(text)
        if not number > 0:
            raise ValueError
        return number

    return positive


if __name__ == "__main__":
    code = main()
    # A thread may still wait for the network; it is not waited for, and an interpreter that ends under it complains.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or 0
    os._exit(code)
