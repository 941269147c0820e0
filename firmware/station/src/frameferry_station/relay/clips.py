"""Segments on their way to the cloud: each becomes a clip with a number of its own, which stays on the disk until the
cloud has proved that it holds it.

    clips/to-do/<relay>/<segment>       a finished segment of which no clip was made yet: where it lies
    clips/<lane>/<number>-<device>.mp4  a clip, and beside it the JSON that makes it one
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frameferry_station import ffmpeg
from frameferry_station.backoff import Backoff, Uniform
from frameferry_station.captures import Seq
from frameferry_station.clock import Clock, from_text, to_text
from frameferry_station.delivery import Proved, Unproved
from frameferry_station.documents import JsonFile
from frameferry_station.errors import (
    Busy,
    Conflict,
    CredentialRefused,
    DigestRefused,
    ForeignAnswer,
    NoAnswer,
    ReceiptInvalid,
    Refusal,
    StateDamaged,
    Trouble,
)
from frameferry_station.files import TEMPORARY, Files, write_durably
from frameferry_station.lanes.singles import FileBody, Single, Singles
from frameferry_station.loops import repeat
from frameferry_station.packs import CaptureRecord
from frameferry_station.photos import PhotoRefused, Photos, SourceName
from frameferry_station.relay.clip_files import NoClip, make_clip
from frameferry_station.relay.relay import Start
from frameferry_station.rotation import Rotation
from frameferry_station.sinks.taker import Waiting

TRIES = 3
"""Of a clip that the cloud refuses; then it rests until the program is started again."""
REFUSED_CREDENTIAL_S = 3600.0
"""Of a clip whose source is not, or no longer, this device of the cloud."""
RENAMED_WITHIN_S = 60.0
"""A segment is announced before it has its name."""
STALLED_S = 20.0
"""By no more may a segment have taken longer than its video lasts: a relay gives a stream up that stands still."""

_TO_DO = "to-do"
_MAKING = "making.mp4"
_LOOK_S = 1.0
_PIECE_BYTES = 2**20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clip:
    """`segment` says of which it was made."""

    single: Single
    path: Path
    size_bytes: int
    sha256: str
    segment: str
    tries: int = 0
    rests_until_s: float = -math.inf


@dataclass(frozen=True)
class ClipCounts:
    """`waiting` and its bytes are of now, the rest since the program started. Nothing secret is in `last_error`."""

    waiting: int
    waiting_bytes: int
    delivered: int
    evicted: int
    last_error: str | None
    stuck: int = 0
    """Of those that wait: they do not get through while others do, and are tried again now and then."""


class Clips:
    """`run` has a thread of its own. Thread-safe. `make_room` is told the bytes of a clip before it is made; also a
    Holder of the disk budget. Raises OSError where the folder is of no use."""

    def __init__(
        self,
        folder: Path,
        singles: Singles,
        photos: Photos,
        start: Start,
        *,
        files: Files,
        clock: Clock,
        uniform: Uniform,
        make_room: Callable[[int], None],
    ) -> None:
        self._folder = folder
        self._singles = singles
        self._photos = photos
        self._start = start
        self._files = files
        self._clock = clock
        self._make_room = make_room
        self._backoff = Backoff(uniform)
        self._unforeseen = Backoff(uniform)
        self._rotation: Rotation[Clip] = Rotation(clock, lambda clip: clip.path)
        self._stuck = 0
        self._rests_until_s = -math.inf
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._delivered = self._evicted = 0
        self._last_error: str | None = None
        files.make_folder(folder / _TO_DO)
        files.remove(folder / _MAKING)
        self._clips = [clip for lane in sorted(files.folders(folder)) if lane != _TO_DO for clip in self._found(lane)]

    def announce(self, relay: SourceName, segment: Path) -> None:
        """A finished segment will lie there at once. Raises OSError."""
        self._files.make_folder(self._folder / _TO_DO / relay)
        write_durably(self._files, self._folder / _TO_DO / relay / segment.name, (str(segment).encode(),))
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        repeat(self.guarded_step, self._wake, self._clock, stop.is_set, look_s=_LOOK_S)

    def guarded_step(self) -> float:
        """As `step`; gives seconds until the next. What nobody foresaw is logged once, and tried ever more seldom."""
        try:
            self.step()
        except Exception as error:
            if not self._unforeseen.is_failing:
                _log.exception("clips stumbled, and go on")
            self._last_error = type(error).__name__
            return max(_LOOK_S, self._unforeseen.failed())
        self._unforeseen.succeeded()
        return _LOOK_S

    def step(self) -> None:
        """Makes a clip of each segment that waits for it, and sends the oldest that can be sent."""
        for relay in sorted(self._files.folders(self._folder / _TO_DO)):
            for name in sorted(self._files.sizes(self._folder / _TO_DO / relay)):
                if not name.endswith(TEMPORARY):  # it is being announced
                    with suppress(OSError):
                        self._make(SourceName(relay), self._folder / _TO_DO / relay / name)
        self._send()

    def counts(self) -> ClipCounts:
        with self._lock:
            size_bytes = sum(clip.size_bytes for clip in self._clips)
            waiting = len(self._clips), size_bytes
            return ClipCounts(*waiting, self._delivered, self._evicted, self._last_error, self._stuck)

    def oldest(self) -> Waiting | None:
        with self._lock:
            clip = next(iter(self._clips), None)
        if clip is None:
            return None
        try:
            written_at_s = self._files.facts(clip.path).written_at_s
        except OSError:
            written_at_s = 0.0
        return Waiting(clip.single.lane, clip.path.name, clip.size_bytes, written_at_s)

    def give_up_oldest(self, offered: Waiting | None = None) -> int | None:
        with self._lock:
            clip = next(iter(self._clips), None)
        if offered and (clip is None or (offered.lane, offered.name) != (clip.single.lane, clip.path.name)):
            return None
        if clip is None:
            return 0
        # Told first: a gap that is none after all is put right when the clip is seen, one that nobody tells of never.
        self._singles.evicted(clip.single)
        self._drop(clip)
        self._evicted += 1
        return clip.size_bytes

    def forget(self, sources: Collection[SourceName], is_forgotten: Callable[[CaptureRecord], bool]) -> int:
        """Clips that began in that time. Raises OSError."""
        with self._lock:
            clips = [clip for clip in self._clips if clip.single.lane in sources]
        gone = [clip for clip in clips if is_forgotten(clip.single.record)]
        for clip in gone:
            self._drop(clip)
        return len(gone)

    def _make(self, relay: SourceName, marker: Path) -> None:
        """Raises OSError."""
        segment = Path(self._files.read(marker, 0, 4096).decode(errors="replace"))
        try:
            written_at_s = segment.stat().st_mtime
        except (FileNotFoundError, ValueError):  # a path with a zero in it is none
            if self._clock.utc().timestamp() - self._files.facts(marker).written_at_s > RENAMED_WITHIN_S:
                self._files.remove(marker)
                self._failed(relay, f"{marker.name}: it was gone before it was made one")
            return
        if not any(clip.segment == _identity(segment, written_at_s) for clip in self._clips):
            try:
                self._keep(relay, segment, written_at_s)
            except ffmpeg.NotStarted as error:
                self._failed(relay, f"{error}")
                return
            except (NoClip, PhotoRefused) as error:
                self._failed(relay, f"{segment.name}: {error}")
        self._files.remove(marker)
        # Before the clip can be delivered, and forgotten: the segment would become another one.
        self._files.sync_folder(marker.parent)

    def _keep(self, relay: SourceName, segment: Path, written_at_s: float) -> None:
        making = self._folder / _MAKING
        try:
            # It is copied: with the poster it becomes little larger.
            self._make_room(segment.stat().st_size)
            lasts_s = make_clip(self._start, segment, making)
            size_bytes = making.stat().st_size
            began_ago_s = _lasted_s(segment, written_at_s, lasts_s) + self._age_s(written_at_s)
            single = self._singles.number(relay, began_ago_s)
            path = self._folder / single.lane / f"{single.seq:016d}-{single.device_id[:8]}.mp4"
            self._files.make_folder(path.parent)
            clip = Clip(single, path, size_bytes, _sha256(making), _identity(segment, written_at_s))
            self._files.sync(making)
            self._files.replace(making, path)
            self._saved_or_removed(clip)
        finally:
            self._files.remove(making)
        with self._lock:
            self._clips.append(clip)

    def _saved_or_removed(self, clip: Clip) -> None:
        """What has no document is no clip, and nobody would give it up for want of space."""
        try:
            self._save(clip)
        except OSError:
            self._files.remove(clip.path)
            raise

    def _age_s(self, written_at_s: float) -> float:
        return max(0.0, self._clock.utc().timestamp() - written_at_s)

    def _send(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s < self._rests_until_s:
            return
        with self._lock:
            self._rotation.keep_only({clip.path for clip in self._clips})
            waiting = [clip for clip in self._clips if clip.rests_until_s <= now_s]
        clip = self._rotation.next(clip for clip in waiting if self._singles.dated(clip.single) is not None)
        dated = self._singles.dated(clip.single) if clip else None
        if clip and dated:
            self._send_one(self._changed(clip, single=dated) if dated != clip.single else clip)
        self._stuck = len(self._rotation.stuck)

    def _send_one(self, clip: Clip) -> None:
        lane, now_s = clip.single.lane, self._clock.monotonic_s()
        try:
            self._try(clip)
        except CredentialRefused as error:
            self._rests(clip, f"the cloud refuses its credential ({error.code})", REFUSED_CREDENTIAL_S)
        except (Refusal, DigestRefused) as error:
            self._failed(lane, f"{clip.path.name}: {error}")
            rests = math.inf if clip.tries + 1 >= TRIES else now_s + self._backoff.failed(error.retry_after_s)
            self._changed(clip, tries=clip.tries + 1, rests_until_s=rests)
        except (NoAnswer, ForeignAnswer, Busy) as trouble:
            self._last_error = trouble.reason
            if self._rotation.failed(clip) is not None and not trouble.retry_after_s:
                return
            self._rests_until_s = now_s + self._backoff.failed(trouble.retry_after_s)
        except Trouble as trouble:
            # Not of the way to the cloud, but of its source: other clips go.
            self._rests(clip, trouble.reason, REFUSED_CREDENTIAL_S)
        except ReceiptInvalid as error:
            self._rests(clip, f"{clip.path.name}: {error}", self._backoff.failed())
        except OSError as error:
            # The card does not give it back.
            self._rests(clip, f"{clip.path.name}: {error.strerror}", self._backoff.failed())

    def _try(self, clip: Clip) -> None:
        try:
            body = FileBody(clip.path, clip.size_bytes, clip.sha256, self._files)
            self._settled(clip, self._singles.deliver(clip.single, body))
        except Conflict as conflict:
            self._changed(clip, single=self._singles.renumbered(clip.single, conflict.next_seq))

    def _rests(self, clip: Clip, reason: str, wait_s: float) -> None:
        self._failed(clip.single.lane, reason)
        self._changed(clip, rests_until_s=self._clock.monotonic_s() + wait_s)

    def _settled(self, clip: Clip, outcome: Proved | Unproved) -> None:
        if isinstance(outcome, Unproved):
            self._last_error = outcome.reason
            self._changed(clip, rests_until_s=self._clock.monotonic_s() + self._backoff.failed())
            return
        self._backoff.succeeded()
        self._rotation.taken(clip)
        self._drop(clip)
        self._delivered += 1
        self._last_error = None
        self._wake.set()

    def _failed(self, source: SourceName, reason: str) -> None:
        if reason != self._last_error:
            self._photos.tell(source, "error", f"a clip: {reason}"[:200])
        self._last_error = reason

    def _changed(self, clip: Clip, **others: Any) -> Clip:
        """Durable, as far as the next run wants to know it."""
        changed = replace(clip, **others)
        with self._lock:
            self._clips = [changed if one.path == clip.path else one for one in self._clips]
        if changed.single != clip.single:
            self._save(changed)
        return changed

    def _drop(self, clip: Clip) -> None:
        with self._lock:
            self._clips = [one for one in self._clips if one.path != clip.path]
        self._files.remove(clip.path.with_suffix(".json"))
        self._files.remove(clip.path)

    def _save(self, clip: Clip) -> None:
        single = clip.single
        content = {
            **vars(single),
            "captured_at": to_text(single.captured_at) if single.captured_at else None,
            **{"size_bytes": clip.size_bytes, "sha256": clip.sha256, "segment": clip.segment},
        }
        JsonFile(clip.path.with_suffix(".json"), self._files).save(content)

    def _found(self, lane: str) -> list[Clip]:
        """What has no document, or none that can be read, is no clip: it was being made, or it has gone."""
        found = []
        for name in sorted(self._files.sizes(self._folder / lane)):
            path = self._folder / lane / name
            if path.suffix == ".mp4" and (clip := self._loaded(path)):
                found.append(clip)
            elif path.suffix != ".json" or not path.with_suffix(".mp4").exists():
                self._files.remove(path)
        return found

    def _loaded(self, path: Path) -> Clip | None:
        try:
            stored = JsonFile(path.with_suffix(".json"), self._files).load()
            if stored is None:
                return None
            at = stored["captured_at"]
            single = Single(
                SourceName(stored["lane"]),
                stored["device_id"],
                Seq(stored["seq"]),
                stored["boot_id"],
                stored["uptime_ms"],
                from_text(at) if at else None,
                stored["ntp_synced"],
            )
            return Clip(single, path, stored["size_bytes"], stored["sha256"], stored["segment"])
        except (StateDamaged, KeyError, ValueError):
            return None


def _identity(segment: Path, written_at_s: float) -> str:
    """A clock that was set back gives a name again."""
    return f"{segment} {written_at_s}"


def _lasted_s(segment: Path, written_at_s: float, lasts_s: float) -> float:
    """From when it began, by its name, to its last write; where the clock was set between the two, as long as its video
    lasts."""
    with suppress(ValueError):
        began = datetime.strptime(segment.name[:20], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
        by_clock_s = written_at_s - began.timestamp()
        if abs(by_clock_s - lasts_s) <= STALLED_S:
            return max(0.0, by_clock_s)
    return lasts_s


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
