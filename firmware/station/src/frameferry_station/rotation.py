"""Which of those that wait is tried next, and whose fault it is where one does not get through.

Where one fails again although another got through in between, the fault is its own: it is stuck, and goes to the back.
Where none gets through, it is the destination that fails: nobody is blamed, and the order stays. To tell the two apart,
now and then another one is tried in the place of the first. That costs no request: how long to wait between two of
them is for the caller to say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from frameferry_station.clock import Clock

T = TypeVar("T")

FAILURES_BEFORE_ANOTHER = 3
"""Of the first: a link loses a request now and then, and the oldest is to come first."""
STUCK_FIRST_S = 10.0
STUCK_LONGEST_S = 6 * 3600.0
"""One that is stuck waits so long, doubling from try to try."""
STUCK_EVERY_S = 600.0
"""While they go on failing, no more than one of all that are stuck is tried in this time."""
KNOWN_AFTER = 3
"""Times that it failed although others got through: before, it may have been chance."""
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass
class _Trial:
    """`taken_before` is how many had got through when this one failed last. `times_stuck` counts the times that others
    had since."""

    taken_before: int
    not_before_s: float = -math.inf
    times_stuck: int = 0


class Rotation(Generic[T]):
    """`name` tells those that wait from each other. In memory: after a restart all begin anew. Not thread-safe."""

    def __init__(self, clock: Clock, name: Callable[[T], Hashable]) -> None:
        self._clock = clock
        self._name = name
        self._trials: dict[Hashable, _Trial] = {}
        self._taken = 0
        self.failed_in_a_row = 0
        """Since one got through."""
        self._tried: set[Hashable] = set()
        self._others_tried = 0
        self._was_answer = False
        self._stuck_wait_s = 0.0
        self._stuck_not_before_s = -math.inf

    @property
    def stuck(self) -> frozenset[Hashable]:
        """Names of those that surely are."""
        return frozenset(name for name, trial in self._trials.items() if trial.times_stuck >= KNOWN_AFTER)

    def next(self, waiting: Iterable[T]) -> T | None:
        """What is to be tried of these, which are in the order in which they are wanted. None while all rest."""
        now_s = self._clock.monotonic_s()
        if self._may_try_stuck(now_s) or self._is_turn_of_another:
            waiting = list(waiting)
            if not self.failed_in_a_row and (stuck := self._stuck_longest(waiting, now_s)) is not None:
                return stuck
            if self._is_turn_of_another and (other := self._another(waiting, now_s)) is not None:
                return other
        fresh = next((item for item in waiting if self._is_fresh(item, now_s)), None)
        if fresh is None and isinstance(waiting, list):
            return self._stuck_longest(waiting, now_s)
        return fresh

    def due_in_s(self, waiting: Iterable[T]) -> float:
        """Seconds until one of these may be tried; infinite where there is none."""
        now_s = self._clock.monotonic_s()
        return min((max(0.0, self._due_at_s(item) - now_s) for item in waiting), default=math.inf)

    def is_stuck(self, item: T) -> bool:
        """It has gone to the back; it may have been by chance."""
        trial = self._trials.get(self._name(item))
        return trial is not None and trial.times_stuck > 0

    def taken(self, item: T) -> None:
        """It got through. If it was stuck, all others that are may be tried at once."""
        trial = self._trials.pop(self._name(item), None)
        if trial is not None and trial.times_stuck:
            self._stuck_wait_s, self._stuck_not_before_s = 0.0, -math.inf
            for other in self._trials.values():
                other.not_before_s = -math.inf if other.times_stuck else other.not_before_s
        self._taken += 1
        self._tried.clear()
        self.failed_in_a_row = self._others_tried = 0

    def failed(self, item: T, *, is_answer: bool = False, rests_s: float | None = None) -> float | None:
        """Seconds that it rests where it is to blame; None where it may as well be the destination.

        `is_answer`: the destination said no, so that the next try is with another one. With `rests_s` it rests for so
        long in any case, and is not stuck: the caller has a rule of its own for it.
        """
        now_s = self._clock.monotonic_s()
        trial = self._trials.setdefault(self._name(item), _Trial(self._taken))
        is_to_blame = self._taken > trial.taken_before
        trial.taken_before = self._taken
        if rests_s is not None or not is_to_blame:
            self.failed_in_a_row += 1
            self._tried.add(self._name(item))
            self._was_answer = is_answer
        if rests_s is not None:
            trial.not_before_s = now_s + rests_s
        elif is_to_blame or trial.times_stuck:
            rests_s = self._stuck_again(trial, now_s)
        return rests_s if is_to_blame else None

    def rest(self, item: T, seconds: float) -> None:
        """Not for what the destination did."""
        trial = self._trials.setdefault(self._name(item), _Trial(self._taken))
        trial.not_before_s = self._clock.monotonic_s() + seconds

    def drop(self, item: T) -> None:
        """It does not wait any more, though it did not get through."""
        self._trials.pop(self._name(item), None)

    def keep_only(self, names: Collection[Hashable]) -> None:
        """No others wait."""
        self._trials = {name: trial for name, trial in self._trials.items() if name in names}

    @property
    def _is_turn_of_another(self) -> bool:
        """Where some surely are stuck, the next one that fails is probably so too: all turns are others'."""
        if not self.failed_in_a_row:
            return False
        is_selective = bool(self.stuck)
        before = 1 if is_selective or self._was_answer else FAILURES_BEFORE_ANOTHER
        over = self.failed_in_a_row - before
        return over >= 0 and (is_selective or over % 2 == 0)

    def _stuck_again(self, trial: _Trial, now_s: float) -> float:
        if trial.times_stuck:
            self._stuck_wait_s = min(STUCK_EVERY_S, max(STUCK_FIRST_S, 2 * self._stuck_wait_s))
            self._stuck_not_before_s = now_s + self._stuck_wait_s
        rests_s = min(STUCK_LONGEST_S, STUCK_FIRST_S * 2.0 ** min(trial.times_stuck, 32))
        trial.times_stuck += 1
        trial.not_before_s = now_s + rests_s
        return rests_s

    def _another(self, waiting: list[T], now_s: float) -> T | None:
        """One that has not failed in this row: the newest, then one from anywhere, and so on."""
        untried = [item for item in waiting if self._is_fresh(item, now_s) and self._name(item) not in self._tried]
        if not untried:
            return None
        is_newest, number = self._others_tried % 2 == 0, self._others_tried
        self._others_tried += 1
        return untried[-1] if is_newest else untried[int(number * _GOLDEN % 1.0 * len(untried))]

    def _is_fresh(self, item: T, now_s: float) -> bool:
        trial = self._trials.get(self._name(item))
        return trial is None or (not trial.times_stuck and trial.not_before_s <= now_s)

    def _may_try_stuck(self, now_s: float) -> bool:
        return now_s >= self._stuck_not_before_s and any(
            trial.times_stuck and trial.not_before_s <= now_s for trial in self._trials.values()
        )

    def _stuck_longest(self, waiting: list[T], now_s: float) -> T | None:
        due = [item for item in waiting if self.is_stuck(item) and self._due_at_s(item) <= now_s]
        return min(due, key=lambda item: self._trials[self._name(item)].not_before_s, default=None)

    def _due_at_s(self, item: T) -> float:
        trial = self._trials.get(self._name(item))
        if trial is None:
            return -math.inf
        return max(trial.not_before_s, self._stuck_not_before_s) if trial.times_stuck else trial.not_before_s
