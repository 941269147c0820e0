"""Who brings photos to a whole station: a camera and a sketch, with what each of them knows of its own."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from itertools import count

from tests.station.cameras.fake_reolink import FakeReolink
from tests.station.lanes.photographs import photograph

PHOTO_BYTES = 3000
_LIMIT_S = 5.0
_RETRY_S = 0.1
_LAST_S = 20.0


@dataclass
class Runs:
    """Which run of the station asks; None while one dies or starts."""

    number: int | None = None


@dataclass
class Handed:
    """What a camera has handed out, by the run of the station that asked; None where that is not sure.

    A camera is asked for a picture only after the one before it was accepted: where a run asked again, what it was
    given before is the station's to deliver.
    """

    runs: Runs
    jpegs: list[tuple[bytes, int | None]] = field(default_factory=list)
    certain: set[bytes] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hand(self, jpeg: bytes) -> bytes:
        run = self.runs.number
        with self.lock:
            if self.jpegs and run is not None and self.jpegs[-1][1] == run:
                self.certain.add(self.jpegs[-1][0])
            self.jpegs.append((jpeg, run))
        return jpeg

    @property
    def all(self) -> set[bytes]:
        return {jpeg for jpeg, _ in self.jpegs}


class HandingReolink(FakeReolink):
    """Each Snap another picture, numbered from `first` on."""

    def __init__(self, handed: Handed, first: int) -> None:
        super().__init__(max_sessions=100)
        self._handed = handed
        self._first = first

    def answer(self, query: dict[str, str], body: bytes) -> tuple[str, bytes]:
        pictures = self.pictures
        kind, content = super().answer(query, body)
        if self.pictures > pictures:
            content = self._handed.hand(photograph(self._first + self.pictures, PHOTO_BYTES))
        return kind, content


class Sketch:
    """Posts one JPEG after the other to `/upload`, each until it gets a 200, as a sketch with a card would."""

    def __init__(self, port: int, first: int, pause_s: float = 0.1) -> None:
        self.accepted: list[bytes] = []
        self.tries = 0
        self._port = port
        self._numbers = count(first)
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Sketch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def stop(self) -> None:
        """The photo under way is taken to its 200."""
        self._stop.set()
        self._thread.join(_LAST_S)
        assert not self._thread.is_alive(), "its photo is not taken"

    def _work(self) -> None:
        while not self._stop.is_set():
            jpeg = photograph(next(self._numbers), PHOTO_BYTES)
            while not self._is_taken(jpeg):
                time.sleep(_RETRY_S)
            self.accepted.append(jpeg)
            self._stop.wait(self._pause_s)

    def _is_taken(self, jpeg: bytes) -> bool:
        self.tries += 1
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_LIMIT_S)
        try:
            connection.request("POST", "/upload", jpeg, {"Content-Type": "image/jpeg"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
