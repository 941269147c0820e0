"""Events that wait to be told to the server, on disk: what was lost must not also be forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from frameferry_station.captures import SeqRange
from frameferry_station.clock import from_text, in_whole_ms, to_text
from frameferry_station.documents import JsonFile
from frameferry_station.errors import StateDamaged
from frameferry_station.files import Files
from frameferry_station.protocol import Event

MAX_EVENTS = 200
_MAX_MESSAGE = 200


@dataclass(frozen=True)
class _Entry:
    event: Event
    may_grow: bool = False
    """An evicted range that was never sent: the next seq may join it. Once sent, the server would take the longer
    range for the one it knows, for a kind and a time name an event."""


class Outbox:
    """Oldest first, at most MAX_EVENTS. Thread-safe.

    An event that cannot be written to a full disk still waits in memory, and is written with the next one or by `keep`.
    """

    def __init__(self, path: Path, files: Files, utc: Callable[[], datetime]) -> None:
        self._file = JsonFile(path, files)
        self._utc = utc
        self._lock = threading.Lock()
        self._is_on_disk = True
        self._entries = self._loaded()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, kind: str, message: str | None = None, seqs: SeqRange | None = None) -> None:
        with self._lock:
            first, last = (seqs.first, seqs.last) if seqs else (None, None)
            event = Event(kind, self._free_time(kind), first, last, message and message[:_MAX_MESSAGE])
            self._entries.append(_Entry(event))
            self._shorten()
            self._save()

    def evicted(self, seqs: SeqRange) -> None:
        """Neighbouring ranges become one event."""
        with self._lock:
            newest = self._entries[-1] if self._entries else None
            if newest and newest.may_grow and newest.event.last_seq == seqs.first - 1:
                self._entries[-1] = replace(newest, event=replace(newest.event, last_seq=seqs.last))
            else:
                event = Event("evicted", self._free_time("evicted"), seqs.first, seqs.last)
                self._entries.append(_Entry(event, may_grow=True))
                self._shorten()
            self._save()

    def first(self, count: int) -> tuple[Event, ...]:
        """The events to send next; from now on they stay as they are."""
        with self._lock:
            self._entries[:count] = [replace(entry, may_grow=False) for entry in self._entries[:count]]
            return tuple(entry.event for entry in self._entries[:count])

    def told(self, events: Collection[Event]) -> None:
        """The server has them, or will never take them."""
        with self._lock:
            self._entries = [entry for entry in self._entries if entry.event not in events]
            self._save()

    def keep(self) -> None:
        """What could not be written before is tried again."""
        with self._lock:
            if not self._is_on_disk:
                self._save()

    def _free_time(self, kind: str) -> datetime:
        """Now, or the next millisecond at which no other event of this kind waits."""
        taken = {entry.event.occurred_at for entry in self._entries if entry.event.kind == kind}
        at = in_whole_ms(self._utc())
        while at in taken:
            at += timedelta(milliseconds=1)
        return at

    def _shorten(self) -> None:
        """Evicted ranges outlive the rest; where there are only those, the two oldest become one that covers both."""
        if len(self._entries) <= MAX_EVENTS:
            return
        other = next((entry for entry in self._entries if entry.event.kind != "evicted"), None)
        if other is not None:
            self._entries.remove(other)
            return
        first, second, *rest = self._entries
        ends = (first.event.first_seq, first.event.last_seq, second.event.first_seq, second.event.last_seq)
        seqs = [seq for seq in ends if seq is not None]
        both = Event("evicted", self._free_time("evicted"), min(seqs), max(seqs))
        self._entries = [_Entry(both), *rest]

    def _save(self) -> None:
        self._is_on_disk = False
        with suppress(OSError):
            self._file.save({"events": [_as_json(entry.event) for entry in self._entries]})
            self._is_on_disk = True

    def _loaded(self) -> list[_Entry]:
        try:
            stored = self._file.load() or {"events": []}
        except StateDamaged:
            return []
        return [_Entry(_from_json(fields)) for fields in stored["events"]]


def _as_json(event: Event) -> dict[str, Any]:
    return vars(event) | {"occurred_at": to_text(event.occurred_at)}


def _from_json(fields: Mapping[str, Any]) -> Event:
    return Event(**{**fields, "occurred_at": from_text(fields["occurred_at"])})
