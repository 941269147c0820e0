"""What the command line asks of a station's lanes, whether it runs or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from frameferry_station.clock import Clock, to_text
from frameferry_station.errors import PackGone, Refusal, StationError, Trouble
from frameferry_station.lanes.lane import Lane
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.lanes.pairing import Pairing
from frameferry_station.packs import PackDamaged
from frameferry_station.photos import STATION, SourceName, source_name

MOST_MINUTES = 60 * 24 * 366
_NOT_PAIRED = "not paired: frameferry-station pair {} CODE"


class Operator:
    """`configured` are sources that the settings name, from which nothing may have come yet; `streams` are the names of
    streams that are passed on, which give no photos but can be paused."""

    def __init__(
        self,
        lanes: Lanes,
        pairing: Pairing,
        configured: Sequence[SourceName],
        streams: Sequence[SourceName],
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._pairing = pairing
        self._configured = configured
        self._streams = streams
        self._clock = clock

    def answer(self, question: Mapping[str, Any]) -> Any:
        """Raises StationError, OSError and ValueError, with a text for the owner."""
        match question:
            case {"do": "sources"}:
                return self.sources()
            case {"do": "pair", "source": str(source), "code": str(code)}:
                return self.pair(source_name(source), code)
            case {"do": "pause", "source": str(source), "minutes": int() | None as minutes}:
                return self.pause(source_name(source), minutes)
            case {"do": "resume", "source": str(source)}:
                return self.resume(source_name(source))
        raise ValueError("this station knows no such command")

    def sources(self) -> list[dict[str, Any]]:
        """By name: source, lane, device_id, waiting, last_at, paused, error, refused (why the cloud takes nothing)."""
        news = {each.source: each for each in self._lanes.sources()}
        rows = []
        for source in sorted(self._known()):
            lane, known = self._lanes.lane_of(source), news.get(source)
            paused = self._lanes.pause_of(source)
            refused = lane.refused_because if lane else None
            unpaired = _NOT_PAIRED.format(source) if self._lanes.is_unpaired(source) else None
            last_at = (known and known.last_at) or (_last_at(lane) if lane and lane.name == source else None)
            rows.append(
                {
                    "source": source,
                    "lane": lane.name if lane else None,
                    "device_id": lane.device_id if lane and lane.is_paired else None,
                    "waiting": lane.waiting if lane else 0,
                    "last_at": to_text(last_at) if last_at else None,
                    "paused": f"{paused}" if paused else None,
                    "error": unpaired or (known and known.error) or refused,
                    "refused": refused,
                }
            )
        return rows

    def pair(self, source: SourceName, code: str) -> str:
        try:
            device_id = self._pairing.pair(source, code)
        except Refusal as refusal:
            if refusal.code == "pairing_code_invalid":
                raise StationError("the cloud does not know this code: make a new one in the console") from None
            raise StationError(f"the cloud refused: {refusal.reason}") from None
        except Trouble as trouble:
            raise StationError(f"the cloud gave no answer ({trouble.reason}): try the same code again") from None
        return f"{source} is paired as {device_id}"

    def pause(self, source: SourceName, minutes: int | None) -> str:
        self._check(source)
        if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
            raise ValueError(f"a pause has 1 to {MOST_MINUTES} minutes, or no end")
        until = self._clock.utc() + timedelta(minutes=minutes) if minutes else None
        self._lanes.local_pauses.pause(source, until)
        return f"{source} is {self._lanes.local_pauses.of(source)}"

    def resume(self, source: SourceName) -> str:
        self._check(source)
        was_paused = self._lanes.local_pauses.of(source)
        self._lanes.local_pauses.resume(source)
        if with_all := self._lanes.local_pauses.of(source):
            return f"{source} is {with_all}, as the whole station is: frameferry-station resume {STATION}"
        if still := self._lanes.pause_of(source):
            return f"{source} is {still} by its owner in the console"
        return f"{source} is no longer paused" if was_paused else f"{source} was not paused"

    def _known(self) -> set[SourceName]:
        # A pairing that failed leaves an empty lane.
        lanes = {lane.name for lane in self._lanes.all() if lane.is_paired or len(lane.queue)}
        return {*lanes, *self._configured, *(news.source for news in self._lanes.sources())}

    def _check(self, source: SourceName) -> None:
        """A privacy lock that names nobody would lock nothing."""
        known = {*self._known(), *self._streams}
        if source not in known and source != STATION:
            raise StationError(f"there is no source {source}; there are: {', '.join(sorted(known)) or 'none yet'}")


def _last_at(lane: Lane) -> datetime | None:
    for pack in lane.queue.packs()[-1:]:
        with suppress(PackGone, PackDamaged):
            return lane.queue.entries(pack)[-1].record.captured_at
    return None
