"""What the services ask of the stores. Every store, real or fake, is held to this by the same tests.

A write that finds its condition broken raises `Changed` with what stands there now, so that a
service can decide again without a read; a store that is busy raises `Unavailable`. A write whose answer
was lost may be sent again by the SDK and then find its own outcome: `Changed` carries that, too. Instants
are kept to the millisecond. A cursor that no page gave raises `InvalidParameter`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.storage import AtOnce as AtOnce
from chalicelib.domain.storage import Changed as Changed
from chalicelib.domain.storage import Content as Content
from chalicelib.domain.storage import Download as Download
from chalicelib.domain.storage import Fetched as Fetched
from chalicelib.domain.storage import Page as Page
from chalicelib.domain.storage import PutWanted as PutWanted
from chalicelib.domain.storage import UploadBatch as UploadBatch
from chalicelib.domain.storage import UploadTarget as UploadTarget

if TYPE_CHECKING:  # a cold start imports of the domain what its own request needs
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from chalicelib.domain.clock_samples import ClockSample
    from chalicelib.domain.conflicts import Conflict
    from chalicelib.domain.device import CardQueue, Device, Health, Sweep
    from chalicelib.domain.health import HealthSample
    from chalicelib.domain.ids import DeviceId, OwnerId, Seq
    from chalicelib.domain.inbox import Command, Event
    from chalicelib.domain.item import Item, StoredObject
    from chalicelib.domain.pairing import Pairing
    from chalicelib.domain.rates import Granted, Rate, Refused
    from chalicelib.domain.reported import DeviceState, EvictedRange, SkippedRange, StateKind
    from chalicelib.domain.timeline import RowTotals, TimelineRow


class DeviceStore(Protocol):
    def create(self, device: Device) -> None:
        """Written as it is. Condition: no device has this id. Raises Changed."""

    def get(self, device_id: DeviceId) -> Device | None:
        """Strongly consistent."""

    def glance(self, device_id: DeviceId) -> Device | None:
        """Eventually consistent, at half the price; None is strongly consistent."""

    def of_owner(self, owner_id: OwnerId) -> list[Device]:
        """All devices of an owner, by id; eventually consistent."""

    def page_of_owner(self, owner_id: OwnerId, limit: int, cursor: str | None) -> Page[Device]:
        """The same, some at a time. A page may be short before the end."""

    def all_ids(self) -> Iterable[DeviceId]:
        """Every device there is, page by page; for the reconciler."""

    def save(self, device: Device) -> Device:
        """Replace what services own: all but `last_seen_at`, health, seqs, requests and the sweep.

        Condition: `rev` is the stored one. Gives the device as it stands now, with its new rev; raises Changed.
        """

    def touch(self, device_id: DeviceId, now: datetime, rate: Rate) -> Granted | Refused:
        """Count one request against the device's rate and in its month, and note that it was seen. Condition: the
        bucket as read.

        A refused request changes nothing. Raises Changed where there is no such device.
        """

    def report_health(
        self, device_id: DeviceId, health: Health | None, at: datetime, queue: CardQueue | None = None
    ) -> None:
        """Keep what a device told of itself at `at`, of which either may be left out, in one write.

        Condition: the device is there, and health, if it is told, is newer than what is known; else nothing happens.
        """

    def allot_seq(self, device_id: DeviceId, at_least: Seq) -> Seq:
        """Take a seq that no other call gets: the stored `next_seq` or `at_least`, whichever is larger.

        Raises Changed where there is no such device.
        """

    def note_sweep(self, device_id: DeviceId, sweep: Sweep) -> None:
        """Keep how far the reconciler has looked, and forget the requests of months more than a year ago.

        Condition: the device is there, else nothing happens.
        """


class ItemStore(Protocol):
    def get(self, device_id: DeviceId, seq: Seq) -> Item | None:
        """Strongly consistent."""

    def get_many(self, keys: Sequence[tuple[DeviceId, Seq]]) -> list[Item]:
        """Those that exist, in no order, for any number of keys; strongly consistent."""

    def range(self, device_id: DeviceId, first: Seq, last: Seq) -> list[Item]:
        """Those with first <= seq <= last, by seq; strongly consistent."""

    def put(self, item: Item) -> Item:
        """Write the item whole. Condition: `rev` is the stored one, or 0 and nothing is stored.

        Gives the item with its new rev; raises Changed.
        """

    def last_seq(self, device_id: DeviceId) -> Seq | None:
        """The largest seq that is taken; strongly consistent."""

    def pending(self, before: datetime, limit: int) -> list[tuple[DeviceId, Seq]]:
        """Items that have waited since before `before`, longest first; eventually consistent."""


class TimelineStore(Protocol):
    def put(self, row: TimelineRow) -> None:
        """Unconditional: a row is derived from its items and can be written again."""

    def replace(self, row: TimelineRow) -> bool:
        """Condition: a row stands at this position; False, with nothing written, where none does."""

    def delete(self, owner_id: OwnerId, position: str) -> None:
        """Deleting what is not there is no error."""

    def newest(
        self,
        owner_id: OwnerId,
        *,
        device_id: DeviceId | None,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[TimelineRow]:
        """Rows newest first with since <= captured_to < until. A page may be short before the end.

        The cursor is the position of the last row looked at. Strongly consistent.
        """

    def totals(self, owner_id: OwnerId, since: datetime, until: datetime) -> Iterable[RowTotals]:
        """Of each row with since <= captured_to < until, in no order, at half the work; strongly consistent."""

    def last_before(self, owner_id: OwnerId, device_id: DeviceId, at: datetime) -> TimelineRow | None:
        """The device's row with the largest captured_to < at, if it is among the nearest 20,000 of its owner; strongly
        consistent.
        """

    def first_after(self, owner_id: OwnerId, device_id: DeviceId, at: datetime) -> TimelineRow | None:
        """The device's row with the smallest captured_to >= at, likewise."""


class PairingStore(Protocol):
    def create(self, pairing: Pairing) -> None:
        """Condition: the key is free. Raises Changed."""

    def get(self, pairing_key: str) -> Pairing | None:
        """Strongly consistent; may still give one that has expired."""

    def use(self, pairing: Pairing) -> None:
        """Mark as used, as `pairing` says. Condition: not used before. Raises Changed."""


class RateStore(Protocol):
    def take(self, bucket: str, rate: Rate, now: datetime) -> Granted | Refused:
        """Count one request against a bucket. Condition: the bucket as read. Forgotten when long full."""


class InboxStore(Protocol):
    def add_command(self, command: Command) -> None:
        """Condition: the id is free. Raises Changed."""

    def get_command(self, device_id: DeviceId, command_id: str) -> Command | None:
        """Strongly consistent."""

    def save_command(self, command: Command, was: Command) -> None:
        """Condition: the status is still that of `was`. Raises Changed."""

    def commands(self, device_id: DeviceId, limit: int, cursor: str | None) -> Page[Command]:
        """Newest first, in whatever status."""

    def open_commands(self, device_id: DeviceId, limit: int) -> list[Command]:
        """Oldest first, those without a final status; strongly consistent."""

    def add_event(self, event: Event) -> bool:
        """Condition: the id is free; False where it is not (the event was told before)."""

    def events(self, device_id: DeviceId, limit: int, cursor: str | None) -> Page[Event]:
        """Newest first by `occurred_at`."""

    def events_between(self, device_id: DeviceId, since: datetime, until: datetime) -> list[Event]:
        """Those with since <= occurred_at < until, oldest first, at most 100; strongly consistent."""

    def remember_upload(self, device_id: DeviceId, sha256: str, seq: Seq) -> Seq:
        """Bind a sha256 to a seq once and for all. Gives the seq that it is bound to, now or from before."""

    def recall_upload(self, device_id: DeviceId, sha256: str) -> Seq | None:
        """The seq that `remember_upload` bound; strongly consistent."""


class HealthStore(Protocol):
    def keep(self, device_id: DeviceId, sample: HealthSample) -> None:
        """Of a quarter of an hour one sample is kept, the latest that came, for HEALTH_LIFETIME at least."""

    def newest(
        self, device_id: DeviceId, *, since: datetime, until: datetime, limit: int, cursor: str | None
    ) -> Page[HealthSample]:
        """Those with since <= reported_at < until, newest first; strongly consistent."""


class ClockStore(Protocol):
    def note(self, device_id: DeviceId, sample: ClockSample) -> None:
        """Keep the first and the last sample of each boot, in uptime, for 400 days after the last.

        In whatever order samples are told, and however often, the same two are kept.
        """

    def samples(self, device_id: DeviceId) -> list[ClockSample]:
        """Of each boot the first and the last, or the one there is, in no order; strongly consistent."""


class ReportedRanges(Protocol):
    """What a device told of photos that there are not, for good."""

    def add_evicted(self, device_id: DeviceId, first: Seq, last: Seq, at: datetime) -> None:
        """Condition: this very range was not told before; else the first word on it stays."""

    def evicted(self, device_id: DeviceId, first: Seq, last: Seq) -> list[EvictedRange]:
        """Those that reach into first..last, in the order of their last seq; strongly consistent.

        Ranges may overlap, as those do that a device tells again after a power cut. One that lies around many
        others may be left out.
        """

    def add_skipped(self, device_id: DeviceId, first: Seq, last: Seq, at: datetime) -> None:
        """As `add_evicted`, apart from those."""

    def skipped(self, device_id: DeviceId, first: Seq, last: Seq) -> list[SkippedRange]:
        """As `evicted`."""

    def add_state(self, device_id: DeviceId, at: datetime, kind: StateKind) -> None:
        """Unconditional: telling it again is telling it once."""

    def states(self, device_id: DeviceId, since: datetime, until: datetime) -> list[DeviceState]:
        """Those with since <= at < until, oldest first, after the last pause or resume before `since`, if there is
        one; strongly consistent.
        """


class ConflictStore(Protocol):
    def keep(self, conflict: Conflict) -> None:
        """For good. Unconditional: of one object and seq the latest word counts."""

    def of_device(self, device_id: DeviceId) -> Iterable[Conflict]:
        """All of them, in no order; strongly consistent."""

    def drop(self, conflict: Conflict) -> None:
        """Of its object and seq. Dropping what is not there is no error."""


class CaptureObjects(Protocol):
    """The captures bucket."""

    def head(self, key: str, version_id: str | None = None) -> StoredObject | None:
        """With the sha256 that S3 itself verified at upload, if the upload named one."""

    def head_many(self, places: Sequence[tuple[str, str | None]]) -> list[StoredObject | None]:
        """What `head` tells of each key and version, in their order, several at a time."""

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        """What `head` tells, and the bytes, in one request."""

    def fetch_start(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        """What `head` tells, and the first `at_most_bytes` bytes, or all that there are."""

    def put(self, key: str, body: bytes, content_type: str, sha256: str) -> bool:
        """Create with If-None-Match and the checksum; False where the key exists already."""

    def replace(
        self, key: str, body: bytes, content_type: str, sha256: str, *, if_match: str, was: StoredObject
    ) -> bool:
        """Write a pack anew. Condition: the current version has the ETag `if_match`; False where it is another one
        or gone. When it came, and what it hashed to when it was sealed, stays as `was` says, whose sha256 is known.
        """

    def move_version(self, key: str, version_id: str, to_key: str) -> None:
        """Copy one version to another key, then delete that version. Repeating it is harmless."""

    def delete_version(self, key: str, version_id: str) -> None:
        """This version and no other, gone for good; an older one becomes current again."""

    def delete_old_versions(self, key: str) -> None:
        """Every version and delete marker of exactly this key but the current one, gone for good."""

    def delete_all_versions(self, key: str) -> None:
        """Every version and delete marker of exactly this key, gone for good."""

    def list_versions(self, prefix: str, start_after: str | None, limit: int) -> list[StoredObject]:
        """Every version of every object, in key order after the key `start_after`, without checksums.

        Versions that lie under a newer one count: each may be the only copy of a photo.
        """


class DerivedObjects(Protocol):
    """The derived bucket: what can be made again from the captures."""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Overwrites: the same capture always gives the same bytes."""

    def create(self, key: str, body: bytes, content_type: str) -> bool:
        """Condition: the key is free; False where it is not."""

    def read(self, key: str) -> Content | None:
        """The current version."""

    def replace(self, key: str, body: bytes, content_type: str, *, if_match: str) -> bool:
        """Condition: the current version has this ETag; False where it is another one or gone."""

    def delete_old_versions(self, key: str) -> None: ...

    def delete_all_versions(self, key: str) -> None: ...


class UploadSigner(Protocol):
    def put(self, key: str, *, content_type: str, size_bytes: int | None, sha256: str | None) -> UploadTarget:
        """A PUT that creates and never overwrites, bound to all that is named.

        Where neither size nor sha256 is named, the client may send Content-Type alone: the condition is
        offered in `headers`, and not signed.
        """

    def put_many(self, key_prefix: str, wanted: Sequence[PutWanted]) -> UploadBatch:
        """What `put` gives where all is told, of many keys with the same start, and for longer."""


class DownloadSigner(Protocol):
    def get(self, key: str, *, version_id: str | None = None, filename: str | None = None) -> Download: ...


class ProcessingStores(Protocol):
    """Of all that drives objects and items to their end: processing and the reconciler."""

    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def timeline(self) -> TimelineStore: ...
    @property
    def captures(self) -> CaptureObjects: ...
    @property
    def derived(self) -> DerivedObjects: ...
    @property
    def inbox(self) -> InboxStore: ...
    @property
    def clocks(self) -> ClockStore: ...
    @property
    def conflicts(self) -> ConflictStore: ...
