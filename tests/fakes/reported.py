"""Clock samples, health, conflicts and reported ranges in memory, held to the real stores' rules by tests/contract."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.clock import to_text
from chalicelib.domain.clock_samples import BootSamples, ClockSample
from chalicelib.domain.conflicts import Conflict
from chalicelib.domain.health import HealthSample, quarter_of
from chalicelib.domain.ids import DeviceId, Seq
from chalicelib.domain.reported import DeviceState, EvictedRange, SkippedRange, StateKind
from chalicelib.domain.storage import Page
from chalicelib.stores import cursors
from tests.fakes.precision import as_stored


class FakeClocks:
    def __init__(self) -> None:
        self._boots: dict[tuple[DeviceId, str], BootSamples] = {}

    def note(self, device_id: DeviceId, sample: ClockSample) -> None:
        key, kept = (device_id, sample.boot_id), as_stored(sample)
        stored = self._boots.get(key, BootSamples(kept, kept))
        self._boots[key] = stored.with_sample(kept)

    def samples(self, device_id: DeviceId) -> list[ClockSample]:
        boots = [boot for (owner, _), boot in self._boots.items() if owner == device_id]
        return [sample for boot in boots for sample in dict.fromkeys((boot.first, boot.last))]


class FakeHealth:
    def __init__(self) -> None:
        self._samples: dict[tuple[DeviceId, datetime], HealthSample] = {}

    def keep(self, device_id: DeviceId, sample: HealthSample) -> None:
        self._samples[device_id, quarter_of(sample.reported_at)] = as_stored(sample)

    def newest(
        self, device_id: DeviceId, *, since: datetime, until: datetime, limit: int, cursor: str | None
    ) -> Page[HealthSample]:
        start, end = as_stored(since), as_stored(until)
        if cursor is not None:
            end = min(end, cursors.instant(cursor))
        mine = [
            sample
            for (owner, _), sample in sorted(self._samples.items(), key=lambda one: one[0], reverse=True)
            if owner == device_id
        ]
        found = [sample for sample in mine if start <= sample.reported_at < end]
        goes_on = len(found) > limit
        return Page(found[:limit], to_text(quarter_of(found[limit - 1].reported_at)) if goes_on else None)


class FakeConflicts:
    def __init__(self) -> None:
        self._conflicts: dict[tuple[DeviceId, str, Seq], Conflict] = {}

    def keep(self, conflict: Conflict) -> None:
        self._conflicts[conflict.device_id, conflict.object_key, conflict.seq] = as_stored(conflict)

    def of_device(self, device_id: DeviceId) -> list[Conflict]:
        return [conflict for (owner, *_), conflict in sorted(self._conflicts.items()) if owner == device_id]

    def drop(self, conflict: Conflict) -> None:
        self._conflicts.pop((conflict.device_id, conflict.object_key, conflict.seq), None)


class FakeRanges:
    def __init__(self) -> None:
        self._evicted: dict[tuple[DeviceId, Seq, Seq], EvictedRange] = {}
        self._skipped: dict[tuple[DeviceId, Seq, Seq], SkippedRange] = {}
        self._states: set[tuple[DeviceId, DeviceState]] = set()

    def add_evicted(self, device_id: DeviceId, first: Seq, last: Seq, at: datetime) -> None:
        self._evicted.setdefault((device_id, last, first), EvictedRange(first, last, as_stored(at)))

    def evicted(self, device_id: DeviceId, first: Seq, last: Seq) -> list[EvictedRange]:
        mine = [told for (owner, _, _), told in sorted(self._evicted.items()) if owner == device_id]
        return [told for told in mine if told.last_seq >= first and told.first_seq <= last]

    def add_skipped(self, device_id: DeviceId, first: Seq, last: Seq, at: datetime) -> None:
        self._skipped.setdefault((device_id, last, first), SkippedRange(first, last, as_stored(at)))

    def skipped(self, device_id: DeviceId, first: Seq, last: Seq) -> list[SkippedRange]:
        mine = [told for (owner, _, _), told in sorted(self._skipped.items()) if owner == device_id]
        return [told for told in mine if told.last_seq >= first and told.first_seq <= last]

    def add_state(self, device_id: DeviceId, at: datetime, kind: StateKind) -> None:
        self._states.add((device_id, DeviceState(as_stored(at), kind)))

    def states(self, device_id: DeviceId, since: datetime, until: datetime) -> list[DeviceState]:
        mine = sorted(
            (state for owner, state in self._states if owner == device_id), key=lambda state: (state.at, state.kind)
        )
        if since >= until:
            return []
        start, end = as_stored(since), as_stored(until)
        before = [state for state in mine if state.at < start and state.kind is not StateKind.BOOT]
        return [*before[-1:], *(state for state in mine if start <= state.at < end)]
