"""A device: one camera with an identity, its settings, and what it last said of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from chalicelib.domain.ids import DeviceId, OwnerId, Seq
from chalicelib.domain.tokens import TokenHash

MONTHS_OF_REQUESTS = 13
"""How long a device's requests are kept count of, the present month included."""
MAX_FORGOTTEN = 50
"""Ranges of a device: each makes its row, which every request writes, a little longer."""


@dataclass(frozen=True)
class DeviceSettings:
    """What the owner wants of a device; `settings_version` on the device counts its changes."""

    interval_s: int = 30
    """Seconds between captures."""
    jpeg_quality: int = 12
    """The camera driver's scale: 4 (best) to 63 (smallest)."""
    resolution: str = "UXGA"
    motion: bool = False
    """Whether the device looks for motion and reports it."""
    upload_policy: str = "oldest_first"
    paused_until: datetime | None = None
    """A pause that ends by itself."""
    paused: bool = False
    """A pause until the owner resumes."""


@dataclass(frozen=True)
class Health:
    """What a heartbeat tells; every field may be unknown."""

    battery_percent: int | None = None
    rssi_dbm: int | None = None
    free_heap_bytes: int | None = None
    largest_free_block_bytes: int | None = None
    sd_free_bytes: int | None = None
    sd_total_bytes: int | None = None
    queue_depth: int | None = None
    uptime_s: int | None = None
    reset_reason: str | None = None
    firmware_version: str | None = None
    temperature_c: float | None = None


@dataclass(frozen=True)
class CardQueue:
    """What waits on a device's card, by its own word."""

    upcoming_seq: Seq
    """The number that its next capture will get."""
    oldest_seq: Seq | None = None
    """None: nothing waits."""


@dataclass(frozen=True)
class Sweep:
    """How far the reconciler has looked through a device's objects, in the order of their keys."""

    began_at: datetime
    full_began_at: datetime
    """When the last sweep began that went through all keys."""
    look_since: datetime | None = None
    """What was stored before was looked at by an earlier sweep; None: nothing was."""
    after_key: str | None = None
    """Where this sweep goes on; None: it came to its end."""
    trying_key: str | None = None
    """The object that is being processed. What a run finds here has ended the run before it."""
    tries: int = 0
    """Of that object."""


@dataclass(frozen=True)
class ForgottenRange:
    """since <= t < until: what was captured then is deleted, and what still comes is purged."""

    since: datetime
    until: datetime
    asked_at: datetime | None = None
    """Set while there may be something left to delete."""


@dataclass(frozen=True)
class Device:
    device_id: DeviceId
    owner_id: OwnerId
    name: str
    created_at: datetime
    rev: int = 0
    """Counts writes by services; a write names the rev that it read."""
    token_hash: TokenHash | None = None
    """None until the first activation, and while revoked."""
    pending_token_hash: TokenHash | None = None
    """The token that a rotation has handed out and that was not used yet."""
    activated_at: datetime | None = None
    last_seen_at: datetime | None = None
    revoked_at: datetime | None = None
    settings: DeviceSettings = field(default_factory=DeviceSettings)
    settings_version: int = 1
    health: Health = field(default_factory=Health)
    health_at: datetime | None = None
    next_seq: Seq = Seq(0)
    """At least one more than any seq that the server allotted to this device itself."""
    oldest_seq: Seq | None = None
    """The smallest seq on its card at its latest sync; None: there was none, or it never told."""
    upcoming_seq: Seq | None = None
    """The number that its next capture would have had at its latest sync; None: it never told."""
    requests: Mapping[str, int] = field(default_factory=dict)
    """How many were granted in each of the latest months, such as "2026-11" in UTC."""
    forgotten: tuple[ForgottenRange, ...] = ()
    """In the order of time, with room between one and the next."""
    sweep: Sweep | None = None
    """The reconciler's latest look through this device's objects."""

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def activated(self, token_hash: TokenHash, at: datetime) -> Device:
        """A new credential; the old one and any pending one end here, a revocation too."""
        return replace(self, token_hash=token_hash, pending_token_hash=None, activated_at=at, revoked_at=None)

    def revoked(self, at: datetime) -> Device:
        """No credential verifies any more. The token hash stays, so that the device can be told why."""
        return replace(self, pending_token_hash=None, revoked_at=self.revoked_at or at)

    def rotated(self) -> Device:
        """The pending token was used: from now on it is the only one."""
        return replace(self, token_hash=self.pending_token_hash, pending_token_hash=None)

    def forgets(self, captured_at: datetime) -> bool:
        return any(each.since <= captured_at < each.until for each in self.forgotten)

    def forgetting(self, since: datetime, until: datetime, at: datetime) -> Device:
        """A range more, as one with those that it touches."""
        apart = [each for each in self.forgotten if each.until < since or until < each.since]
        touched = [each for each in self.forgotten if each not in apart]
        since, until = min([since, *(each.since for each in touched)]), max([until, *(each.until for each in touched)])
        ranges = sorted([*apart, ForgottenRange(since, until, at)], key=lambda each: each.since)
        return replace(self, forgotten=tuple(ranges))

    def forgot(self, done: ForgottenRange) -> Device:
        """Nothing of a range is left, unless more was asked for meanwhile."""
        settled = replace(done, asked_at=None)
        return replace(self, forgotten=tuple(settled if each == done else each for each in self.forgotten))

    def with_settings(self, settings: DeviceSettings) -> Device:
        if settings == self.settings:
            return self
        return replace(self, settings=settings, settings_version=self.settings_version + 1)


def month_of(at: datetime) -> str:
    """In UTC, such as "2026-11"."""
    return f"{at.astimezone(UTC):%Y-%m}"


def months_long_past(now: datetime) -> list[str]:
    """Those whose requests are of no more interest: from more than a year ago back to three years ago."""
    year, month = now.astimezone(UTC).year, now.astimezone(UTC).month
    ended = [divmod(12 * year + month - 1 - ago, 12) for ago in range(MONTHS_OF_REQUESTS, 3 * 12 + 1)]
    return [f"{year:04d}-{month + 1:02d}" for year, month in ended]
