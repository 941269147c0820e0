"""Faults that the local cloud can be told to make: refusals, cuts, slowness, and S3 events gone astray.

Each fault has a count and stops by itself when that is used up. The body of `POST /_local/faults`
is one `FaultPlan` as JSON.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated

import msgspec

_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]
_Status = Annotated[int, msgspec.Meta(ge=400, le=599)]
_Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,64}$")]


class FaultsInvalid(Exception):
    """A fault plan has wrong fields; the text says which."""


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a plan."""


class Refuse(_Form, frozen=True):
    """Answer the next `count` requests, of one method or of any, with an S3 error."""

    count: _Count
    status: _Status = 503
    code: _Code = "SlowDown"
    method: str | None = None


class CutBody(_Form, frozen=True):
    """Drop the next `count` uploads after `at_byte` bytes of their body; nothing is stored."""

    count: _Count
    at_byte: Annotated[int, msgspec.Meta(ge=0)] = 0


class CutAnswer(_Form, frozen=True):
    """Carry out the next `count` requests and drop the connection before the answer."""

    count: _Count


class Slow(_Form, frozen=True):
    """Wait before each of the next `count` requests."""

    count: _Count
    seconds: _Seconds


class Delay(_Form, frozen=True):
    """Deliver the next `count` events late."""

    count: _Count
    seconds: _Seconds


class EventFaults(_Form, frozen=True):
    """What becomes of the next S3 events; each number is how many events."""

    duplicate: _Count = 0
    delay: Delay | None = None
    drop: _Count = 0
    reorder: _Count = 0


class FaultPlan(_Form, frozen=True):
    """All faults that are left. A field that is not given leaves that fault as it was."""

    refuse: Refuse | None = None
    cut_body: CutBody | None = None
    cut_answer: CutAnswer | None = None
    slow: Slow | None = None
    events: EventFaults | None = None


@dataclass(frozen=True)
class EventFault:
    """How one S3 event is delivered.

    `copies` is 0 for an event that is lost, 2 for a duplicate; `delay_s` is waited before each
    delivery; `reorder` holds the event back until the next one has been delivered.
    """

    copies: int = 1
    delay_s: float = 0.0
    reorder: bool = False


class Faults:
    """The faults that are left, shared by the S3 front and the event dispatch. Thread-safe."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self._lock = threading.Lock()
        self._plan = plan or FaultPlan()

    def left(self) -> FaultPlan:
        with self._lock:
            return self._plan

    def add(self, plan: FaultPlan) -> None:
        """Set the faults that the plan gives; the others stay."""
        with self._lock:
            given = {name: getattr(plan, name) for name in plan.__struct_fields__}
            self._plan = msgspec.structs.replace(self._plan, **{k: v for k, v in given.items() if v is not None})

    def add_json(self, body: bytes) -> None:
        """`add` what a JSON body says. Raises FaultsInvalid."""
        try:
            self.add(msgspec.json.decode(body, type=FaultPlan))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FaultsInvalid(str(error)) from None

    def clear(self) -> None:
        with self._lock:
            self._plan = FaultPlan()

    def take_refuse(self, method: str) -> Refuse | None:
        with self._lock:
            fault = self._plan.refuse
            if fault is None or fault.method not in (None, method):
                return None
            return self._take("refuse", fault)

    def take_cut_body(self) -> CutBody | None:
        with self._lock:
            return self._take("cut_body", self._plan.cut_body)

    def take_cut_answer(self) -> CutAnswer | None:
        with self._lock:
            return self._take("cut_answer", self._plan.cut_answer)

    def take_slow(self) -> Slow | None:
        with self._lock:
            return self._take("slow", self._plan.slow)

    def take_event_fault(self) -> EventFault:
        """The fate of one event. A lost event uses up no other fault; the others may meet in one event."""
        with self._lock:
            events = self._plan.events or EventFaults()
            if events.drop:
                self._keep_events(msgspec.structs.replace(events, drop=events.drop - 1))
                return EventFault(copies=0)
            delay = events.delay if events.delay and events.delay.count else None
            self._keep_events(
                EventFaults(
                    duplicate=max(0, events.duplicate - 1),
                    delay=_one_less(delay) if delay else None,
                    reorder=max(0, events.reorder - 1),
                )
            )
            return EventFault(
                copies=2 if events.duplicate else 1,
                delay_s=delay.seconds if delay else 0.0,
                reorder=bool(events.reorder),
            )

    def _keep_events(self, events: EventFaults) -> None:
        self._plan = msgspec.structs.replace(self._plan, events=None if events == EventFaults() else events)

    def _take[F: (Refuse, CutBody, CutAnswer, Slow)](self, name: str, fault: F | None) -> F | None:
        if fault is None or not fault.count:
            return None
        self._plan = msgspec.structs.replace(self._plan, **{name: _one_less(fault)})
        return fault


def _one_less[F: (Refuse, CutBody, CutAnswer, Slow, Delay)](fault: F) -> F | None:
    return msgspec.structs.replace(fault, count=fault.count - 1) if fault.count > 1 else None
