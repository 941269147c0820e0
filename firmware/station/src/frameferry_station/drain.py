"""Draining the queue: which capture is tried next, and what becomes of one that does not get through."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from frameferry_station.backoff import LONGEST_S, Backoff, Uniform
from frameferry_station.captures import Capture, Seq, SeqRange
from frameferry_station.clock import Clock
from frameferry_station.delivery import Proved, Unproved
from frameferry_station.errors import (
    Busy,
    CaptureDamaged,
    CaptureGone,
    Conflict,
    CredentialRefused,
    ReceiptInvalid,
    Refusal,
    Trouble,
)
from frameferry_station.outbox import Outbox
from frameferry_station.queue import DiskQueue
from frameferry_station.steps import Confirmed, Deferred, Observer, Poisoned, Renumbered, Waiting

REFUSALS_BEFORE_POISON = 3
REFUSED_WAIT_S = 1800.0
"""Between them: three tries over an hour."""
UNPROVED_FIRST_S = 10.0
UNPROVED_LONGEST_S = 3600.0
BUSY_IN_A_ROW = 3
"""Server errors for one capture after which the next one is tried: it may be this one that the server trips over."""

Deliver = Callable[[Capture], Proved | Unproved]


@dataclass
class _Patience:
    """What one capture has been through since the start."""

    unproved: Backoff
    not_before_s: float = 0.0
    refusals: int = 0
    busy: int = 0
    conflicts: int = 0
    receipt_reported: bool = field(default=False)


class Drain:
    """Oldest first, one capture a step. Not thread-safe: one thread uploads."""

    def __init__(
        self,
        queue: DiskQueue,
        deliver: Deliver,
        outbox: Outbox,
        *,
        clock: Clock,
        uniform: Uniform,
        observe: Observer,
    ) -> None:
        self._queue = queue
        self._deliver = deliver
        self._outbox = outbox
        self._clock = clock
        self._uniform = uniform
        self._observe = observe
        self._backoff = Backoff(uniform)
        self._ready_at_s = -math.inf
        self._patience: dict[Seq, _Patience] = {}

    def step(self, *, newest_first: bool = False) -> float:
        """Try one capture that is due. Gives seconds until the next try, infinite where none waits.

        Raises CredentialRefused.
        """
        now_s = self._clock.monotonic_s()
        if now_s < self._ready_at_s:
            return self._ready_at_s - now_s
        seqs = self._queue.pending()
        due = (seq for seq in (reversed(seqs) if newest_first else seqs) if self._due_at_s(seq) <= now_s)
        seq = next(due, None)
        if seq is None:
            return min((self._due_at_s(seq) for seq in seqs), default=math.inf) - now_s
        try:
            self._try(seq)
        except OSError as error:
            self._wait(Trouble(f"disk: {error.strerror}"))
        return max(0.0, self._ready_at_s - self._clock.monotonic_s())

    def _try(self, seq: Seq) -> None:
        try:
            result = self._deliver(self._queue.capture(seq))
        except CredentialRefused:
            raise
        except Conflict as conflict:
            self._renumber(seq, conflict)
        except Refusal as refusal:
            self._refused(seq, refusal)
        except ReceiptInvalid as error:
            self._unproved(seq, f"receipt refused: {error}", report=True)
        except Trouble as trouble:
            self._troubled(seq, trouble)
            return
        except CaptureDamaged as error:
            self._poison(seq, f"damaged: {error}")
        except CaptureGone:
            self._patience.pop(seq, None)
        else:
            self._delivered(seq, result)
        self._backoff.succeeded()

    def _delivered(self, seq: Seq, result: Proved | Unproved) -> None:
        if isinstance(result, Unproved):
            self._unproved(seq, result.reason, report=False)
            return
        self._queue.remove(seq)
        self._patience.pop(seq, None)
        self._observe(Confirmed(seq, result.status))

    def _renumber(self, old: Seq, conflict: Conflict) -> None:
        new = Seq(max(conflict.next_seq, self._queue.next_seq))
        patience = self._patience_with(old)
        try:
            self._queue.renumber(old, new)
        except (CaptureGone, ValueError) as error:
            self._unproved(old, f"conflict: {error}", report=False)
            return
        self._patience[new] = self._patience.pop(old)
        self._observe(Renumbered(old, new))
        if patience.conflicts:
            patience.not_before_s = self._clock.monotonic_s() + patience.unproved.failed()
        patience.conflicts += 1

    def _refused(self, seq: Seq, refusal: Refusal) -> None:
        patience = self._patience_with(seq)
        patience.refusals += 1
        if patience.refusals >= REFUSALS_BEFORE_POISON:
            self._poison(seq, f"refused: {refusal}")
            return
        patience.not_before_s = self._clock.monotonic_s() + REFUSED_WAIT_S
        self._observe(Deferred(seq, f"refused: {refusal}", REFUSED_WAIT_S))

    def _poison(self, seq: Seq, reason: str) -> None:
        self._outbox.add("error", f"capture set aside: {reason}", SeqRange(seq, seq))
        self._queue.poison(seq, reason)
        self._patience.pop(seq, None)
        self._observe(Poisoned(seq, reason))

    def _unproved(self, seq: Seq, reason: str, *, report: bool) -> None:
        patience = self._patience_with(seq)
        if report and not patience.receipt_reported:
            patience.receipt_reported = True
            self._outbox.add("error", reason, SeqRange(seq, seq))
        wait_s = patience.unproved.failed()
        patience.not_before_s = self._clock.monotonic_s() + wait_s
        self._observe(Deferred(seq, reason, round(wait_s, 3)))

    def _troubled(self, seq: Seq, trouble: Trouble) -> None:
        self._wait(trouble)
        if isinstance(trouble, Busy):
            patience = self._patience_with(seq)
            patience.busy += 1
            if patience.busy % BUSY_IN_A_ROW == 0:
                patience.not_before_s = self._ready_at_s + LONGEST_S

    def _wait(self, trouble: Trouble) -> None:
        wait_s = self._backoff.failed(trouble.retry_after_s)
        self._ready_at_s = self._clock.monotonic_s() + wait_s
        self._observe(Waiting(trouble.reason, round(wait_s, 3)))

    def _due_at_s(self, seq: Seq) -> float:
        patience = self._patience.get(seq)
        return patience.not_before_s if patience else -math.inf

    def _patience_with(self, seq: Seq) -> _Patience:
        fresh = _Patience(Backoff(self._uniform, UNPROVED_FIRST_S, UNPROVED_LONGEST_S))
        return self._patience.setdefault(seq, fresh)
