"""One camera that is asked for pictures, from its turn to `Photos.accept`."""

from __future__ import annotations

import logging
import threading
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from frameferry_station.backoff import Uniform
from frameferry_station.cameras.camera import Camera, TryLater
from frameferry_station.cameras.gate import Gate, NothingNew
from frameferry_station.cameras.turns import Turns
from frameferry_station.clock import Clock
from frameferry_station.device import CameraFailed
from frameferry_station.photos import PhotoRefused, Photos, SourceName, SourcePaused

DEFAULT_INTERVAL_S = 30.0
PAUSED_LOOK_S = 1.0
IN_A_ROW = 3
"""So many failures are trouble that the owner is told of; one or two are weather. A refused login is told at once."""
TELL_EVERY_S = 600.0
"""A camera that comes and goes is told of no more often."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CameraStatus:
    """For the page. `error` is why the latest try gave no photo, None where it gave one; `failures` counts those in a
    row. Nothing secret in it."""

    source: SourceName
    kind: str
    last_at: datetime | None
    error: str | None
    failures: int
    is_paused: bool


class Poller:
    """`step` is called by one thread, again after the seconds that it gives, or when `wake` is set."""

    def __init__(
        self,
        source: SourceName,
        kind: str,
        camera: Camera,
        photos: Photos,
        *,
        interval_s: float | None,
        clock: Clock,
        uniform: Uniform,
    ) -> None:
        self.wake = threading.Event()
        self._source = source
        self._kind = kind
        self._camera = camera
        self._photos = photos
        self._own_interval_s = interval_s
        self._clock = clock
        self._gate = Gate()
        self._turns = Turns(source, self._interval_s(), clock=clock, uniform=uniform)
        self._is_wanted = threading.Event()
        self._trouble = _Trouble(source, photos, clock)
        self._status = CameraStatus(source, kind, None, None, 0, is_paused=False)
        photos.on_capture_now(source, self.capture_now)

    @property
    def status(self) -> CameraStatus:
        return self._status

    def capture_now(self) -> None:
        """From any thread: a picture out of turn."""
        self._is_wanted.set()
        self.wake.set()

    def step(self) -> float:
        """Take a picture if one is due. Gives seconds until the next is."""
        is_wanted = self._is_wanted.is_set()
        self._is_wanted.clear()
        if self._photos.pause_of(self._source) is not None:
            self._paused()
            return PAUSED_LOOK_S
        wait_s = self._turns.due_in_s(self._interval_s(), is_wanted=is_wanted)
        if wait_s == 0.0:
            self._take()
            wait_s = self._turns.due_in_s(self._interval_s(), is_wanted=False)
        return wait_s

    def abort(self) -> None:
        """From any thread: whatever it waits for, it shall not."""
        self._camera.abort()
        self.wake.set()

    def close(self) -> None:
        self._camera.close()

    def _take(self) -> None:
        try:
            self._kept()
        except SourcePaused:
            self._paused()
        except PhotoRefused as refused:
            # The lane tells of it, and asking the camera again at once changes nothing.
            self._turns.asked()
            self._note(f"{refused}")
        except NothingNew as nothing:
            self._turns.asked()
            self._had(f"{nothing}", is_certain=False)
        except Exception as failure:
            words = f"{failure}" if isinstance(failure, CameraFailed) else unforeseen(failure)
            at_least_s = failure.retry_after_s if isinstance(failure, TryLater) else 0.0
            self._turns.failed(at_least_s)
            self._had(words, is_certain=at_least_s > 0)
        else:
            self._turns.asked()
            self._note(None)
            self._trouble.over()

    def _kept(self) -> None:
        jpeg = self._gate.pass_on(self._camera.take(), self._interval_s())
        if self._photos.accept(self._source, jpeg).is_duplicate:
            raise NothingNew("it gives a picture that it gave before")

    def _had(self, error: str, *, is_certain: bool) -> None:
        self._note(error)
        self._trouble.had(error, self._status.failures, is_certain=is_certain)

    def _note(self, error: str | None) -> None:
        failures = self._status.failures + 1 if error else 0
        last_at = self._status.last_at if error else self._clock.utc()
        self._status = CameraStatus(self._source, self._kind, last_at, error, failures, is_paused=False)

    def _paused(self) -> None:
        self._turns.paused()
        old = self._status
        if not old.is_paused:
            self._status = CameraStatus(self._source, self._kind, old.last_at, None, 0, is_paused=True)

    def _interval_s(self) -> float:
        return self._own_interval_s or self._photos.interval_s(self._source) or DEFAULT_INTERVAL_S


def unforeseen(error: Exception) -> str:
    """Where it happened, but not its text, which may hold an address with a password."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"an error in the station: {type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"


class _Trouble:
    """Told to the owner once, however long it lasts, and once when it is over; in the journal whenever it changes."""

    def __init__(self, source: SourceName, photos: Photos, clock: Clock) -> None:
        self._source = source
        self._photos = photos
        self._clock = clock
        self._logged: str | None = None
        self._is_told = False
        self._told_at_s: float | None = None

    def had(self, error: str, failures: int, *, is_certain: bool) -> None:
        if error != self._logged:
            _log.info("camera %s: no photo: %s", self._source, error)
            self._logged = error
        if not self._is_told and (is_certain or failures >= IN_A_ROW) and self._may_tell():
            self._is_told = True
            self._told_at_s = self._clock.monotonic_s()
            self._photos.tell(self._source, "error", f"no photo from {self._source}: {error}")

    def over(self) -> None:
        if self._logged is not None:
            _log.info("camera %s: photos again", self._source)
        self._logged = None
        if self._is_told:
            self._is_told = False
            self._photos.tell_over(self._source, f"photos from {self._source} again")

    def _may_tell(self) -> bool:
        return self._told_at_s is None or self._clock.monotonic_s() - self._told_at_s >= TELL_EVERY_S
