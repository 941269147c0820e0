"""What every camera that is asked has in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from frameferry_station.device import CameraFailed

REFUSED_S = 600.0
"""Cameras lock an account after a few wrong passwords, for minutes: so it is tried again this seldom."""


class TryLater(CameraFailed):
    """No picture, and to ask again before `retry_after_s` would make it worse: a refused login, no free session."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Frame:
    """What a camera gave; nobody has looked at it yet. `age_s` is how old it is by the camera's own clock, and `stamp`
    what that is reckoned from, where it says so."""

    content: bytes = field(repr=False)
    age_s: float | None = None
    stamp: str | None = None


class Camera(Protocol):
    """`take` is called by one thread; `abort` may come from another at any time."""

    def take(self) -> Frame:
        """A picture of now; it takes at most half a minute. Raises CameraFailed, whose text holds nothing secret."""

    def abort(self) -> None:
        """Makes a `take` under way fail soon, and every later one."""

    def close(self) -> None:
        """After the last `take`: gives back what it holds, in about a second."""
