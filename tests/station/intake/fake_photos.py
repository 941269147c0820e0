"""`photos.Photos` in memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from frameferry_station.captures import Seq
from frameferry_station.photos import (
    Accepted,
    NotAPhoto,
    PhotoRefused,
    PhotoTooLarge,
    SourceName,
    SourcePaused,
)

MOST_BYTES = 2 * 2**20


class FakePhotos:
    """Keeps what it accepts, in `kept`; refuses all with `refuses` where that is set."""

    def __init__(self) -> None:
        self.kept: list[tuple[SourceName, bytes]] = []
        self.told: list[tuple[SourceName, str, str | None]] = []
        self.paused: dict[SourceName, SourcePaused] = {}
        self.intervals: dict[SourceName, float] = {}
        self.refuses: PhotoRefused | None = None
        self.brought = 0
        """How many were brought so far, whatever became of them."""
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self._acts: dict[SourceName, Callable[[], None]] = {}
        self._seqs: dict[tuple[SourceName, bytes], Seq] = {}
        self._lock = threading.Lock()

    def accept(self, source: SourceName, jpeg: bytes) -> Accepted:
        self.brought += 1
        self.may_go_on.wait(10)
        if self.refuses is not None:
            raise self.refuses
        if source in self.paused:
            raise self.paused[source]
        if len(jpeg) > MOST_BYTES:
            raise PhotoTooLarge(f"more than {MOST_BYTES} bytes")
        if not (jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9")):
            raise NotAPhoto("this is no whole JPEG")
        with self._lock:
            name = (source, hashlib.sha256(jpeg).digest())
            if name in self._seqs:
                return Accepted(self._seqs[name], is_duplicate=True)
            self.kept.append((source, jpeg))
            return Accepted(self._seqs.setdefault(name, Seq(len(self._seqs))))

    def pause_of(self, source: SourceName) -> SourcePaused | None:
        return self.paused.get(source)

    def interval_s(self, source: SourceName) -> float | None:
        return self.intervals.get(source)

    def tell(self, source: SourceName, kind: str, message: str | None = None) -> None:
        assert message is None or len(message) <= 200
        self.told.append((source, kind, message))

    def tell_over(self, source: SourceName, message: str) -> None:
        self.told.append((source, "over", message))

    def on_capture_now(self, source: SourceName, act: Callable[[], None]) -> None:
        self._acts[source] = act

    def want_photo(self, source: SourceName) -> None:
        """The owner wants one now."""
        self._acts[source]()
