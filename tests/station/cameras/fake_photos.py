"""A Photos that keeps what it is given, and a camera that gives what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

from frameferry_station.cameras.camera import Frame
from frameferry_station.captures import Seq
from frameferry_station.photos import Accepted, PhotoRefused, SourceName, SourcePaused
from PIL import Image

GARDEN = SourceName("garden")


@cache
def jpeg(number: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A good one, another for each number."""
    file = BytesIO()
    Image.new("RGB", size, ((number * 37) % 256, (number * 91) % 256, number % 256)).save(file, "JPEG")
    return file.getvalue()


@dataclass
class FakePhotos:
    """`refusal` is raised instead of taking a photo; `known` are the bytes that lanes remember from before."""

    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    told: list[tuple[str, str, str | None]] = field(default_factory=list)
    paused: SourcePaused | None = None
    interval: float | None = None
    refusal: PhotoRefused | None = None
    known: set[bytes] = field(default_factory=set)
    wishes: dict[str, Callable[[], None]] = field(default_factory=dict)

    def accept(self, source: SourceName, jpeg: bytes) -> Accepted:
        if self.refusal:
            raise self.refusal
        if jpeg in self.known:
            return Accepted(None, is_duplicate=True)
        self.accepted.append((source, jpeg))
        return Accepted(Seq(len(self.accepted) - 1))

    def pause_of(self, source: SourceName) -> SourcePaused | None:
        return self.paused

    def interval_s(self, source: SourceName) -> float | None:
        return self.interval

    def tell(self, source: SourceName, kind: str, message: str | None = None) -> None:
        self.told.append((source, kind, message))

    def tell_over(self, source: SourceName, message: str) -> None:
        self.told.append((source, "over", message))

    def on_capture_now(self, source: SourceName, act: Callable[[], None]) -> None:
        self.wishes[source] = act


class NumberedCamera:
    """Gives jpeg(0), jpeg(1), ... at each `take`, or what `script` gives for the number: a Frame, or an error."""

    def __init__(self, script: Callable[[int], Frame | Exception] | None = None) -> None:
        self.taken = 0
        self.is_aborted = self.is_closed = False
        self._script = script or (lambda number: Frame(jpeg(number)))

    def take(self) -> Frame:
        self.taken += 1
        given = self._script(self.taken - 1)
        if isinstance(given, Exception):
            raise given
        return given

    def abort(self) -> None:
        self.is_aborted = True

    def close(self) -> None:
        self.is_closed = True
