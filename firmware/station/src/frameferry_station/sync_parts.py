"""What one sync says, and finding out which part of it the server refuses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from frameferry_station.drain import Asked
from frameferry_station.errors import Busy, Refusal
from frameferry_station.protocol import Event, Health
from frameferry_station.sync_protocol import Ack, ClockSample

_PASSING_STATUSES = frozenset({429, 503})


@dataclass(frozen=True)
class Parts:
    health: Health | None = None
    clock: ClockSample | None = None
    acks: tuple[Ack, ...] = ()
    events: tuple[Event, ...] = ()
    asked: tuple[Asked, ...] = ()

    def each(self) -> Iterator[Parts]:
        """Alone."""
        if self.health or self.clock:
            yield Parts(self.health, self.clock)
        yield from (Parts(acks=(ack,)) for ack in self.acks)
        yield from (Parts(events=(event,)) for event in self.events)
        yield from (Parts(asked=(asked,)) for asked in self.asked)


class Suspects:
    """One thing that the server does not take must not hold up the rest: then each is said alone, after nothing at all.

    A refusal is about what was said. An internal error may be, if it comes twice.
    """

    def __init__(self) -> None:
        self._waiting: deque[Parts] = deque()
        self._errors_in_a_row = 0

    def next(self) -> Parts | None:
        """What is to be said alone now; None where all may be said at once."""
        return self._waiting[0] if self._waiting else None

    def succeeded(self) -> None:
        self._errors_in_a_row = 0
        if self._waiting:
            self._waiting.popleft()

    def failed(self, parts: Parts, error: Refusal | Busy) -> Parts | None:
        """What is to blame, if that is known now."""
        if isinstance(error, Busy) and error.status in _PASSING_STATUSES:
            return None
        self._errors_in_a_row += 1
        if not self._waiting:
            if isinstance(error, Refusal) or self._errors_in_a_row > 1:
                self._waiting.extend([Parts(), *parts.each()])
            return None
        if parts == Parts():
            # Not even an empty sync is taken: it is none of them.
            self._waiting.clear()
            return None
        return self._waiting.popleft()
