"""How a command reaches the station that runs: a socket in its state folder that only its user can open.

One JSON object asks, one answers, each a line: `{"do": "pause", "source": "garden"}` -> `{"said": ...}` or
`{"failed": "..."}`.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from frameferry_station.errors import StationError

NAME = "control"
MAX_QUESTION_BYTES = 4096
MAX_ANSWER_BYTES = 2**20
ASKED_WITHIN_S = 5.0
ANSWERED_WITHIN_S = 120.0
"""A pairing waits for the network."""
_MOST_AT_ONCE = 4
_LOOK_S = 0.5

Answerer = Callable[[Mapping[str, Any]], Any]
"""Gives what is said, as JSON. Raises StationError, OSError or ValueError with a text for the owner."""

_log = logging.getLogger(__name__)


class NotRunning(StationError):
    """Nobody answers: the station does not run."""


class CommandRefused(StationError):
    """The station that runs has carried nothing out; the text says why."""


class ControlSocket:
    """Open from `start` to `stop`. The state folder is held by this process alone: an old socket in it is nobody's."""

    def __init__(self, state: Path, answer: Answerer) -> None:
        self._state = state
        self._answer = answer
        self._slots = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Raises OSError."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        # On Linux the file gets the mode of the socket: at no moment can others open it.
        os.fchmod(listening.fileno(), 0o600)
        with suppress(FileNotFoundError):
            (self._state / NAME).unlink()
        with _short_name(self._state) as address:
            listening.bind(address)
        listening.listen(_MOST_AT_ONCE)
        listening.settimeout(_LOOK_S)
        self._socket = listening
        threading.Thread(target=self._serve, args=(listening,), name="control", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        with suppress(FileNotFoundError):
            (self._state / NAME).unlink()

    def _serve(self, listening: socket.socket) -> None:
        with listening:
            while not self._stopping.is_set():
                try:
                    asking, _ = listening.accept()
                except TimeoutError:
                    continue
                except OSError as error:
                    _log.error("a command did not get through: %s", error.strerror)
                    self._stopping.wait(_LOOK_S)
                    continue
                if self._slots.acquire(blocking=False):
                    threading.Thread(target=self._serve_one, args=(asking,), daemon=True).start()
                else:
                    asking.close()

    def _serve_one(self, asking: socket.socket) -> None:
        try:
            with asking, suppress(OSError):
                asking.settimeout(ASKED_WITHIN_S)
                asking.sendall(json.dumps(self._answered(_line(asking, MAX_QUESTION_BYTES))).encode() + b"\n")
        finally:
            self._slots.release()

    def _answered(self, line: bytes) -> dict[str, Any]:
        try:
            question = json.loads(line)
            if not isinstance(question, dict):
                raise ValueError("no question")
            return {"said": self._answer(question)}
        except (StationError, OSError, ValueError) as error:
            return {"failed": _plain(error)}
        except Exception:
            _log.exception("a command failed")
            return {"failed": "the station failed; its log says how"}


def ask(state: Path, question: Mapping[str, Any], within_s: float = ANSWERED_WITHIN_S) -> Any:
    """What the station that runs says. Raises NotRunning, CommandRefused, OSError; TimeoutError where it says nothing.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as asking:
        asking.settimeout(within_s)
        try:
            with _short_name(state) as address:
                asking.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning("the station does not run") from None
        except PermissionError:
            raise CommandRefused(f"{state} belongs to another user: run this as the station's user") from None
        asking.sendall(json.dumps(question).encode() + b"\n")
        line = _line(asking, MAX_ANSWER_BYTES)
    try:
        answer = json.loads(line)
    except ValueError:
        raise CommandRefused("the station was too busy to answer: try again") from None
    if "failed" in answer:
        raise CommandRefused(str(answer["failed"]))
    return answer["said"]


def _line(asking: socket.socket, max_bytes: int) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n") and len(received) <= max_bytes:
        chunk = asking.recv(65536)
        if not chunk:
            break
        received += chunk
    return bytes(received[: max_bytes + 1])


def _plain(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


@contextmanager
def _short_name(state: Path) -> Iterator[str]:
    """An address of a socket has 108 bytes, whatever the length of the folder's path."""
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)
