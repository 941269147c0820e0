"""What is shown of the streams that the station passes on, and of their clips."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from frameferry_station.clock import to_text

_SHOULD_RUN: Final = frozenset({"starting", "resting"})


class Stream(Protocol):
    """`state` is `starting`, `running`, `resting` (it failed, and is tried again), `paused` or `stopped`; `since` is
    when it began to run, where it does. `starts` count since the program started. `error` is why it failed the last
    time; nothing secret is in it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def starts(self) -> int: ...
    @property
    def error(self) -> str | None: ...


class Clips(Protocol):
    """On their way to the cloud: what waits now, and what became of others since the program started. Nothing secret is
    in `last_error`."""

    @property
    def waiting(self) -> int: ...
    @property
    def waiting_bytes(self) -> int: ...
    @property
    def delivered(self) -> int: ...
    @property
    def evicted(self) -> int: ...
    @property
    def last_error(self) -> str | None: ...
    @property
    def stuck(self) -> int: ...


class StreamReport(Protocol):
    """Thread-safe."""

    def statuses(self) -> Sequence[Stream]: ...

    def clips(self) -> Clips | None:
        """None where none go to the cloud."""


class NoStreams:
    """Of a station without relays."""

    def statuses(self) -> Sequence[Stream]:
        return ()

    def clips(self) -> Clips | None:
        return None


def is_failing(stream: Stream) -> bool:
    """It does not run though it should, and not for the first time."""
    return stream.state in _SHOULD_RUN and stream.error is not None


def restarts(stream: Stream) -> int:
    return max(0, stream.starts - 1)


def trouble(streams: Sequence[Stream], clips: Clips | None) -> list[str]:
    """In words for the owner."""
    found = [f"no stream from {stream.name}: {stream.error}" for stream in streams if is_failing(stream)]
    if clips and clips.last_error:
        found.append(f"{_clips(clips.waiting)} waiting: {clips.last_error}")
    if clips and clips.stuck:
        found.append(f"{_clips(clips.stuck)} not taken while others are, tried again now and then")
    if clips and clips.evicted:
        found.append(f"{_clips(clips.evicted)} given up: the disk is too small")
    return found


def stream_as_json(stream: Stream) -> dict[str, Any]:
    return {
        "name": stream.name,
        "kind": stream.kind,
        "state": stream.state,
        "since": to_text(stream.since) if stream.since else None,
        "restarts": restarts(stream),
        "error": stream.error,
    }


def clips_as_json(clips: Clips) -> dict[str, Any]:
    return {
        "waiting": clips.waiting,
        "waiting_bytes": clips.waiting_bytes,
        "delivered": clips.delivered,
        "evicted": clips.evicted,
        "last_error": clips.last_error,
        "stuck": clips.stuck,
    }


def _clips(count: int) -> str:
    return "1 clip" if count == 1 else f"{count} clips"
