"""What lanes know of their sources and of the cloud since the program started, for the page and the command line."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from frameferry_station.photos import SourceName, SourceNews
from frameferry_station.steps import Confirmed, Deferred, Evicted, Poisoned, Refused, Step, Waiting

MAX_LATEST_BYTES = 24 * 2**20
"""Of all sources' last photos together; they are kept in memory, for a card wears."""

_log = logging.getLogger(__name__)


class News:
    """By source. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: dict[SourceName, SourceNews] = {}

    def all(self) -> list[SourceNews]:
        """By name; `lane` and `paused` are not known here."""
        with self._lock:
            return [self._sources[name] for name in sorted(self._sources)]

    def know(self, source: SourceName) -> None:
        """Though nothing has come from it yet."""
        with self._lock:
            self._change(source)

    def accepted(self, source: SourceName, jpeg: bytes, at: datetime) -> None:
        with self._lock:
            known = self._change(source)
            self._sources[source] = replace(
                known, accepted=known.accepted + 1, last_at=at, error=None, latest_jpeg=jpeg
            )
            self._shed(source)

    def forget_latest(self, sources: Iterable[SourceName]) -> None:
        """Their last pictures are shown no more."""
        with self._lock:
            for source in sources:
                self._sources[source] = replace(self._change(source), latest_jpeg=None)

    def duplicate(self, source: SourceName) -> None:
        with self._lock:
            known = self._change(source)
            self._sources[source] = replace(known, duplicates=known.duplicates + 1)

    def refused(self, source: SourceName, error: str | None) -> None:
        """`error` is None where nothing is wrong with the source."""
        with self._lock:
            known = self._change(source)
            self._sources[source] = replace(known, refused=known.refused + 1, error=error or known.error)

    def failed(self, source: SourceName, error: str) -> None:
        with self._lock:
            self._sources[source] = replace(self._change(source), error=error)

    def recovered(self, source: SourceName) -> None:
        with self._lock:
            self._sources[source] = replace(self._change(source), error=None)

    def _change(self, source: SourceName) -> SourceNews:
        fresh = SourceNews(source, source, accepted=0, duplicates=0, refused=0, last_at=None, paused=None)
        return self._sources.setdefault(source, fresh)

    def _shed(self, newest: SourceName) -> None:
        """The picture that is oldest goes first; the newest stays, however large."""
        held = [news for news in self._sources.values() if news.latest_jpeg and news.source != newest]
        held.sort(key=lambda news: news.last_at.timestamp() if news.last_at else 0.0)
        too_many = sum(len(news.latest_jpeg or b"") for news in self._sources.values()) - MAX_LATEST_BYTES
        for news in held:
            if too_many <= 0:
                return
            too_many -= len(news.latest_jpeg or b"")
            self._sources[news.source] = replace(news, latest_jpeg=None)


@dataclass(frozen=True)
class CloudTotals:
    delivered: int = 0
    failures: int = 0
    evicted: int = 0
    last_error: str | None = None
    deferred_because: str | None = None
    """Why a pack was put off, the last time that one was."""


class CloudCounts:
    """What lanes' steps say of the way to the cloud. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals = CloudTotals()

    @property
    def totals(self) -> CloudTotals:
        return self._totals

    def step(self, lane: SourceName, step: Step) -> None:
        _tell(lane, step)
        with self._lock:
            now = self._totals
            if isinstance(step, Confirmed):
                self._totals = replace(now, delivered=now.delivered + step.captures, last_error=None)
            elif isinstance(step, Waiting | Deferred):
                reason = f"{lane}: {step.reason}"
                deferred = reason if isinstance(step, Deferred) else now.deferred_because
                self._totals = replace(now, failures=now.failures + 1, last_error=reason, deferred_because=deferred)
            elif isinstance(step, Refused):
                self._totals = replace(now, failures=now.failures + 1, last_error=f"{lane}: {step.code}")
            elif isinstance(step, Evicted):
                self._totals = replace(now, evicted=now.evicted + step.last_seq - step.first_seq + 1)


def _tell(lane: SourceName, step: Step) -> None:
    if isinstance(step, Refused):
        _log.error("%s: the cloud refuses its credential (%s): pair it again; photos are kept", lane, step.code)
    elif isinstance(step, Poisoned) and step.first_seq is None:
        _log.warning("%s: %s", lane, step.reason)
    elif isinstance(step, Poisoned):
        _log.warning("%s: photos %s to %s: %s", lane, step.first_seq, step.last_seq, step.reason)
    elif isinstance(step, Evicted):
        _log.warning("%s: photos %s to %s were given up before the cloud had them", lane, step.first_seq, step.last_seq)
    else:
        _log.debug("%s: %s", lane, step.as_json())
